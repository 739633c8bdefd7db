with

parameter as (
    select * from {{ ref('int_image_feature') }}
),

measurement as (
    select * from {{ ref('measurement_registry') }}
),

anatomy as (
    select * from {{ ref('int_series_anatomy') }}
),

final as (
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
    from parameter
    inner join measurement
        on {{ micdm.same_feature('parameter', 'measurement') }}
    inner join anatomy
        on parameter.series_instance_uid = anatomy.series_instance_uid
)

select * from final
order by image_feature_id
