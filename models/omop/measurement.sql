with

parameter as (
    select * from {{ ref('int_acquisition_parameter') }}
),

registry as (
    select * from {{ ref('measurement_registry') }}
),

series as (
    select * from {{ ref('int_image_series') }}
),

final as (
    select
        registry.measurement_id,
        parameter.person_id,
        parameter.measurement_concept_id,
        series.image_date as measurement_date,
        series.image_datetime as measurement_datetime,
        case
            when series.image_datetime is not null
                then substr(cast(series.image_datetime as {{ dbt.type_string() }}), 12, 8)
        end as measurement_time,
        {{ micdm.cdm_concept('type_ehr') }} as measurement_type_concept_id,
        {{ micdm.null_of('integer') }} as operator_concept_id,
        parameter.value_number as value_as_number,
        parameter.value_as_concept_id,
        parameter.unit_concept_id,
        {{ micdm.null_of('double precision') }} as range_low,
        {{ micdm.null_of('double precision') }} as range_high,
        {{ micdm.null_of('integer') }} as provider_id,
        series.visit_occurrence_id,
        {{ micdm.null_of('integer') }} as visit_detail_id,
        parameter.tag as measurement_source_value,
        parameter.attribute_concept_id as measurement_source_concept_id,
        -- As the header has it: before it was brought to another unit; NULL for computed numbers.
        parameter.source_unit_code as unit_source_value,
        parameter.source_unit_concept_id as unit_source_concept_id,
        -- 50 characters is what the CDM holds; the whole text is in image_feature_detail.
        substr(coalesce(parameter.value_text, parameter.value_key), 1, 50) as value_source_value,
        parameter.image_occurrence_id as measurement_event_id,
        {{ micdm.cdm_concept('field_image_occurrence') }} as meas_event_field_concept_id
    from parameter
    inner join registry
        on {{ micdm.same_feature('parameter', 'registry') }}
    inner join series
        on parameter.series_instance_uid = series.series_instance_uid
)

select * from final
{{ micdm.site_rows('measurement') }}
order by measurement_id
