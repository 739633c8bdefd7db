with

imaging as (
    select * from {{ ref('int_procedure') }}
),

registry as (
    select * from {{ ref('procedure_registry') }}
),

modality as (
    select * from {{ ref('int_modality_concept') }}
),

final as (
    select
        registry.procedure_occurrence_id,
        imaging.person_id,
        modality.standard_concept_id as procedure_concept_id,
        imaging.procedure_date,
        imaging.procedure_datetime,
        imaging.procedure_end_date,
        {{ micdm.null_of('timestamp') }} as procedure_end_datetime,
        {{ micdm.cdm_concept('type_ehr') }} as procedure_type_concept_id,
        {{ micdm.null_of('integer') }} as modifier_concept_id,
        1 as quantity,
        {{ micdm.null_of('integer') }} as provider_id,
        {{ micdm.null_of('integer') }} as visit_occurrence_id,
        {{ micdm.null_of('integer') }} as visit_detail_id,
        imaging.modality as procedure_source_value,
        modality.dicom_concept_id as procedure_source_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as modifier_source_value
    from imaging
    inner join registry
        on
            imaging.study_instance_uid = registry.study_instance_uid
            and imaging.modality = registry.modality
    inner join modality
        on imaging.modality = modality.modality
)

select * from final
order by procedure_occurrence_id
