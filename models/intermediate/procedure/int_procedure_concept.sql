-- Which concept an imaging procedure gets, and by which rule: the code in the headers if it says
-- more than the modality, else modality and region, else the modality alone.

with

imaging as (
    select
        study_instance_uid,
        modality
    from {{ ref('int_procedure') }}
),

code as (
    select * from {{ ref('int_procedure_code') }}
    where is_chosen
),

general as (
    select
        modality,
        procedure_concept_id
    from {{ ref('int_imaging_procedure') }}
    where site_concept_id is null and contrast = ''
),

joined as (
    select
        imaging.study_instance_uid,
        imaging.modality,
        code.code_value,
        code.procedure_source_concept_id,
        modality.dicom_concept_id,
        case
            when code.procedure_concept_id <> modality.standard_concept_id
                then code.procedure_concept_id
        end as code_concept_id,
        region.procedure_concept_id as region_concept_id,
        coalesce(general.procedure_concept_id, modality.standard_concept_id) as modality_concept_id
    from imaging
    inner join {{ ref('int_modality_concept') }} as modality
        on imaging.modality = modality.modality
    left join code
        on
            imaging.study_instance_uid = code.study_instance_uid
            and imaging.modality = code.modality
    left join {{ ref('int_procedure_region') }} as region
        on
            imaging.study_instance_uid = region.study_instance_uid
            and imaging.modality = region.modality
    left join general
        on imaging.modality = general.modality
)

select
    study_instance_uid,
    modality,
    coalesce(code_concept_id, region_concept_id, modality_concept_id) as procedure_concept_id,
    case
        when code_concept_id is not null then 'created_from_code'
        when region_concept_id is not null then 'created_from_region'
        when modality_concept_id <> 0 then 'created_from_modality'
        else 'created'
    end as procedure_match_method,
    -- 50 characters is what the CDM holds; the whole code is in procedure_code_detail.
    substr(coalesce(code_value, modality), 1, 50) as procedure_source_value,
    case
        when code_value is not null then procedure_source_concept_id
        else dicom_concept_id
    end as procedure_source_concept_id
from joined
