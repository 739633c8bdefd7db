{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='condition_occurrence_id'
) }}

with

final as (
    select
        registry.condition_occurrence_id,
        feature.person_id,
        feature.condition_concept_id,
        feature.image_date as condition_start_date,
        feature.image_datetime as condition_start_datetime,
        {{ micdm.null_of('date') }} as condition_end_date,
        {{ micdm.null_of('timestamp') }} as condition_end_datetime,
        case
            when feature.feature_type_role = 'type_standard_algorithm'
                then {{ micdm.cdm_concept('type_standard_algorithm') }}
            else {{ micdm.cdm_concept('type_ehr') }}
        end as condition_type_concept_id,
        {{ micdm.null_of('integer') }} as condition_status_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as stop_reason,
        {{ micdm.null_of('integer') }} as provider_id,
        feature.visit_occurrence_id,
        {{ micdm.null_of('integer') }} as visit_detail_id,
        substr(
            feature.concept_scheme || ':' || feature.concept_code
            || coalesce('=' || feature.value_scheme || ':' || feature.value_code, ''),
            1,
            50
        ) as condition_source_value,
        coalesce(feature.value_own_concept_id, feature.attribute_concept_id)
            as condition_source_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as condition_status_source_value
    from {{ ref('int_image_finding_feature') }} as feature
    inner join {{ ref('condition_registry') }} as registry
        on {{ micdm.same_feature('feature', 'registry') }}
    where feature.domain = 'condition_occurrence'
)

select * from final
{{ micdm.site_rows('condition_occurrence') }}
order by condition_occurrence_id
