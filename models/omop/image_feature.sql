{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='image_feature_id'
) }}

with

measurement as (
    select * from {{ ref('measurement_registry') }}
),

observation as (
    select * from {{ ref('observation_registry') }}
),

condition_occurrence as (
    select * from {{ ref('condition_registry') }}
),

anatomy as (
    select * from {{ ref('int_series_anatomy') }}
),

acquisition as (
    select
        parameter.image_feature_id,
        parameter.person_id,
        parameter.image_occurrence_id,
        {{ micdm.cdm_concept('table_measurement') }} as image_feature_event_field_concept_id,
        measurement.measurement_id as image_feature_event_id,
        parameter.measurement_concept_id as image_feature_concept_id,
        {{ micdm.cdm_concept('type_acquisition_parameter') }} as image_feature_type_concept_id,
        -- An acquisition parameter is no finding, and no algorithm made it (Figure 3).
        {{ micdm.null_of('integer') }} as image_finding_concept_id,
        {{ micdm.null_of('integer') }} as image_finding_id,
        anatomy.anatomic_site_concept_id,
        {{ micdm.null_of(dbt.type_string()) }} as alg_system,
        {{ micdm.null_of('timestamp') }} as alg_datetime
    from {{ ref('int_image_feature') }} as parameter
    inner join measurement
        on {{ micdm.same_feature('parameter', 'measurement') }}
    inner join anatomy
        on parameter.series_instance_uid = anatomy.series_instance_uid
),

finding as (
    select
        registry.image_feature_id,
        feature.person_id,
        feature.image_occurrence_id,
        case feature.domain
            when 'measurement' then {{ micdm.cdm_concept('table_measurement') }}
            when 'observation' then {{ micdm.cdm_concept('table_observation') }}
            else {{ micdm.cdm_concept('table_condition_occurrence') }}
        end as image_feature_event_field_concept_id,
        coalesce(
            measurement.measurement_id,
            observation.observation_id,
            condition_occurrence.condition_occurrence_id
        ) as image_feature_event_id,
        feature.feature_concept_id as image_feature_concept_id,
        case feature.feature_type_role
            when 'type_standard_algorithm' then {{ micdm.cdm_concept('type_standard_algorithm') }}
            when 'type_segmentation' then {{ micdm.cdm_concept('type_segmentation') }}
            else {{ micdm.cdm_concept('type_structured_report') }}
        end as image_feature_type_concept_id,
        feature.finding_concept_id as image_finding_concept_id,
        image_finding.image_finding_id,
        feature.anatomic_site_concept_id,
        feature.alg_system,
        feature.alg_datetime
    from {{ ref('int_image_finding_feature') }} as feature
    inner join {{ ref('image_feature_registry') }} as registry
        on {{ micdm.same_feature('feature', 'registry') }}
    left join {{ ref('image_finding_registry') }} as image_finding
        on feature.finding_key = image_finding.finding_key
    left join measurement
        on
            feature.domain = 'measurement'
            and {{ micdm.same_feature('feature', 'measurement') }}
    left join observation
        on
            feature.domain = 'observation'
            and {{ micdm.same_feature('feature', 'observation') }}
    left join condition_occurrence
        on
            feature.domain = 'condition_occurrence'
            and {{ micdm.same_feature('feature', 'condition_occurrence') }}
),

final as (
    select * from acquisition
    union all
    select * from finding
)

select * from final
order by image_feature_id
