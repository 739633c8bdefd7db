{{ config(
    materialized='incremental', incremental_strategy='affected', unique_key='measurement_id'
) }}

with

registry as (
    select * from {{ ref('measurement_registry') }}
),

series as (
    select * from {{ ref('int_image_series') }}
),

acquisition as (
    select
        registry.measurement_id,
        parameter.person_id,
        parameter.measurement_concept_id,
        series.image_date as measurement_date,
        series.image_datetime as measurement_datetime,
        {{ micdm.cdm_concept('type_ehr') }} as measurement_type_concept_id,
        {{ micdm.null_of('integer') }} as operator_concept_id,
        parameter.value_number as value_as_number,
        parameter.value_as_concept_id,
        parameter.unit_concept_id,
        series.visit_occurrence_id,
        parameter.tag as measurement_source_value,
        parameter.attribute_concept_id as measurement_source_concept_id,
        -- As the header has it: before it was brought to another unit; NULL for computed numbers.
        parameter.source_unit_code as unit_source_value,
        parameter.source_unit_concept_id as unit_source_concept_id,
        coalesce(parameter.value_text, parameter.value_key) as value_source_value,
        parameter.image_occurrence_id as measurement_event_id
    from {{ ref('int_acquisition_parameter') }} as parameter
    inner join registry
        on {{ micdm.same_feature('parameter', 'registry') }}
    inner join series
        on parameter.series_instance_uid = series.series_instance_uid
),

finding as (
    select
        registry.measurement_id,
        feature.person_id,
        feature.feature_concept_id as measurement_concept_id,
        -- The day of the examination, not of the report (Figure 3).
        feature.image_date as measurement_date,
        feature.image_datetime as measurement_datetime,
        case
            when feature.feature_type_role = 'type_standard_algorithm'
                then {{ micdm.cdm_concept('type_standard_algorithm') }}
            else {{ micdm.cdm_concept('type_ehr') }}
        end as measurement_type_concept_id,
        feature.operator_concept_id,
        feature.value_number as value_as_number,
        feature.value_as_concept_id,
        feature.unit_concept_id,
        feature.visit_occurrence_id,
        substr(feature.concept_scheme || ':' || feature.concept_code, 1, 50)
            as measurement_source_value,
        feature.attribute_concept_id as measurement_source_concept_id,
        substr(feature.unit_source_code, 1, 50) as unit_source_value,
        feature.unit_source_concept_id,
        feature.value_source_text as value_source_value,
        feature.image_occurrence_id as measurement_event_id
    from {{ ref('int_image_finding_feature') }} as feature
    inner join registry
        on {{ micdm.same_feature('feature', 'registry') }}
    where feature.domain = 'measurement'
),

everything as (
    select * from acquisition
    union all
    select * from finding
),

final as (
    select
        measurement_id,
        person_id,
        measurement_concept_id,
        measurement_date,
        measurement_datetime,
        case
            when measurement_datetime is not null
                then substr(cast(measurement_datetime as {{ dbt.type_string() }}), 12, 8)
        end as measurement_time,
        measurement_type_concept_id,
        operator_concept_id,
        value_as_number,
        value_as_concept_id,
        unit_concept_id,
        {{ micdm.null_of('double precision') }} as range_low,
        {{ micdm.null_of('double precision') }} as range_high,
        {{ micdm.null_of('integer') }} as provider_id,
        visit_occurrence_id,
        {{ micdm.null_of('integer') }} as visit_detail_id,
        measurement_source_value,
        measurement_source_concept_id,
        unit_source_value,
        unit_source_concept_id,
        -- 50 characters is what the CDM holds; the whole text is in image_feature_detail.
        substr(value_source_value, 1, 50) as value_source_value,
        measurement_event_id,
        {{ micdm.cdm_concept('field_image_occurrence') }} as meas_event_field_concept_id
    from everything
)

select * from final
{{ micdm.site_rows('measurement') }}
order by measurement_id
