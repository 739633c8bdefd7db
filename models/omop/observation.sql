{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='observation_id'
) }}

with

final as (
    select
        registry.observation_id,
        feature.person_id,
        feature.feature_concept_id as observation_concept_id,
        feature.image_date as observation_date,
        feature.image_datetime as observation_datetime,
        case
            when feature.feature_type_role = 'type_standard_algorithm'
                then {{ micdm.cdm_concept('type_standard_algorithm') }}
            else {{ micdm.cdm_concept('type_ehr') }}
        end as observation_type_concept_id,
        feature.value_number as value_as_number,
        {{ micdm.null_of(dbt.type_string()) }} as value_as_string,
        feature.value_as_concept_id,
        {{ micdm.null_of('integer') }} as qualifier_concept_id,
        feature.unit_concept_id,
        {{ micdm.null_of('integer') }} as provider_id,
        feature.visit_occurrence_id,
        {{ micdm.null_of('integer') }} as visit_detail_id,
        substr(feature.concept_scheme || ':' || feature.concept_code, 1, 50)
            as observation_source_value,
        feature.attribute_concept_id as observation_source_concept_id,
        substr(feature.unit_source_code, 1, 50) as unit_source_value,
        {{ micdm.null_of(dbt.type_string()) }} as qualifier_source_value,
        substr(feature.value_source_text, 1, 50) as value_source_value,
        feature.image_occurrence_id as observation_event_id,
        {{ micdm.cdm_concept('field_image_occurrence') }} as obs_event_field_concept_id
    from {{ ref('int_image_finding_feature') }} as feature
    inner join {{ ref('observation_registry') }} as registry
        on {{ micdm.same_feature('feature', 'registry') }}
    where feature.domain = 'observation'
)

select * from final
{{ micdm.site_rows('observation') }}
order by observation_id
