{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='procedure_occurrence_id'
) }}

with

imaging as (
    select * from {{ ref('int_procedure') }}
),

registry as (
    select * from {{ ref('procedure_registry') }}
),

procedure_concept as (
    select * from {{ ref('int_procedure_concept') }}
),

final as (
    select
        registry.procedure_occurrence_id,
        imaging.person_id,
        procedure_concept.procedure_concept_id,
        imaging.procedure_date,
        imaging.procedure_datetime,
        imaging.procedure_end_date,
        {{ micdm.null_of('timestamp') }} as procedure_end_datetime,
        {{ micdm.cdm_concept('type_ehr') }} as procedure_type_concept_id,
        {{ micdm.null_of('integer') }} as modifier_concept_id,
        1 as quantity,
        {{ micdm.null_of('integer') }} as provider_id,
        imaging.visit_occurrence_id,
        {{ micdm.null_of('integer') }} as visit_detail_id,
        procedure_concept.procedure_source_value,
        procedure_concept.procedure_source_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as modifier_source_value
    from imaging
    inner join registry
        on
            imaging.study_instance_uid = registry.study_instance_uid
            and imaging.modality = registry.modality
    inner join procedure_concept
        on
            imaging.study_instance_uid = procedure_concept.study_instance_uid
            and imaging.modality = procedure_concept.modality
)

select * from final
{{ micdm.site_rows('procedure_occurrence') }}
order by procedure_occurrence_id
