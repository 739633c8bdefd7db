-- The vocabularies whose codes our mappings and the images may name. A full download has millions
-- of concepts of others.

select vocabulary_id from {{ ref('int_own_concept') }}
union
select vocabulary_id from {{ ref('mapping_coding_scheme') }}
union
select vocabulary_id from {{ ref('mapping_dicom_attribute') }}
where vocabulary_id is not null
union
select vocabulary_id from {{ ref('mapping_value_map') }}
where vocabulary_id is not null
union
select source_vocabulary_id as vocabulary_id from {{ ref('mapping_code_value_map') }}
union
select vocabulary_id from {{ ref('mapping_code_value_map') }}
union
select vocabulary_id from {{ ref('mapping_modality') }}
where vocabulary_id is not null
union
select vocabulary_id from {{ ref('mapping_body_part') }}
where vocabulary_id is not null
union
select vocabulary_id from {{ ref('mapping_laterality') }}
where vocabulary_id is not null
union
select vocabulary_id from {{ ref('mapping_imaging_procedure') }}
union
select vocabulary_id from {{ ref('mapping_procedure_code') }}
union
select vocabulary_id from {{ ref('mapping_derived_parameter') }}
