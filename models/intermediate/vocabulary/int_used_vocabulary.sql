-- The vocabularies whose codes our mappings and the images may name. A full download has millions
-- of concepts of others.

with

-- Results of algorithms may name a vocabulary of OMOP instead of a coding scheme of DICOM.
scheme as (
    {% for part in ['finding', 'feature', 'value', 'site'] %}
    select {{ part }}_scheme as vocabulary_id from {{ ref('stg_algorithm_result') }}
    {{ 'union' if not loop.last }}
    {% endfor %}
)

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
union
select vocabulary_id from {{ ref('mapping_finding_condition') }}
union
select vocabulary_id from {{ ref('mapping_finding_at_site') }}
union
select vocabulary_id from {{ ref('mapping_episode_definition') }}
where vocabulary_id is not null
union
select vocabulary_id from {{ ref('mapping_phenotype_concept') }}
union
select scheme.vocabulary_id from scheme
inner join {{ ref('vocabulary') }} as vocabulary
    on scheme.vocabulary_id = vocabulary.vocabulary_id
