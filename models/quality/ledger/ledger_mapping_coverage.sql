-- How far the mappings reach, by patient: what quality.mapping_coverage adds up.

with

series as (
    select
        series.series_instance_uid,
        series.study_instance_uid,
        coalesce(series.patient_id, '') as patient_id,
        coalesce(series.modality, series.modality_source_value, '') as modality,
        series.modality_source_value,
        series.reason_code,
        coalesce(device.manufacturer, '') as manufacturer,
        coalesce(device.manufacturer_status, 'not_stated') as manufacturer_status,
        coalesce(counted.instance_count, 0) as instance_count
    from {{ ref('int_series') }} as series
    left join {{ ref('int_series_device') }} as device
        on series.series_instance_uid = device.series_instance_uid
    left join {{ ref('int_series_content') }} as counted
        on series.series_instance_uid = counted.series_instance_uid
    where
        series.reason_code is null
        or series.reason_code in ('no_modality', 'unknown_modality')
),

image_series as (
    select * from series
    where reason_code is null
),

parameter as (
    select * from {{ ref('int_acquisition_parameter') }}
),

laterality_concept as (
    select * from {{ ref('int_laterality_concept') }}
),

graded as (
    select
        'modality' as field,
        series.series_instance_uid,
        case
            when series.reason_code = 'no_modality' then 'not_stated'
            when coalesce(concept.modality_concept_id, 0) = 0 then 'unmapped'
            else 'mapped'
        end as status
    from series
    left join {{ ref('int_modality_concept') }} as concept
        on series.modality = concept.modality
    union all
    select
        'anatomic_site' as field,
        image_series.series_instance_uid,
        anatomy.anatomic_site_status as status
    from image_series
    inner join {{ ref('int_series_anatomy') }} as anatomy
        on image_series.series_instance_uid = anatomy.series_instance_uid
    union all
    select
        'laterality' as field,
        image_series.series_instance_uid,
        case
            when laterality.series_instance_uid is null then 'not_stated'
            when laterality.laterality_count = 0 then 'unmapped'
            when laterality.laterality is null then 'abstained'
            -- Unpaired is no side.
            when laterality_concept.laterality_concept_id is null then 'not_stated'
            when laterality_concept.laterality_concept_id = 0 then 'unmapped'
            else 'mapped'
        end as status
    from image_series
    left join {{ ref('int_series_laterality') }} as laterality
        on image_series.series_instance_uid = laterality.series_instance_uid
    left join laterality_concept
        on laterality.laterality = laterality_concept.laterality
    union all
    select
        'procedure' as field,
        image_series.series_instance_uid,
        case
            when coalesce(known.procedure_concept_id, imaging.procedure_concept_id, 0) = 0
                then 'unmapped'
            else 'mapped'
        end as status
    from image_series
    left join {{ ref('int_series_procedure') }} as known
        on image_series.series_instance_uid = known.series_instance_uid
    left join {{ ref('int_procedure_concept') }} as imaging
        on
            image_series.study_instance_uid = imaging.study_instance_uid
            and image_series.modality = imaging.modality
    where coalesce(known.procedure_concept_id, imaging.procedure_concept_id) is not null
    union all
    select
        'manufacturer' as field,
        series_instance_uid,
        manufacturer_status as status
    from image_series
    union all
    select
        'measurement' as field,
        series_instance_uid,
        case when measurement_concept_id = 0 then 'unmapped' else 'mapped' end as status
    from parameter
    union all
    select
        'unit' as field,
        series_instance_uid,
        case when unit_concept_id = 0 then 'unmapped' else 'mapped' end as status
    from parameter
    where unit_concept_id is not null
    union all
    select
        'value' as field,
        series_instance_uid,
        case when value_as_concept_id = 0 then 'unmapped' else 'mapped' end as status
    from parameter
    where value_as_concept_id is not null
)

select
    series.patient_id,
    graded.field,
    series.modality,
    series.manufacturer,
    graded.status,
    count(*) as value_count,
    count(distinct graded.series_instance_uid) as series_count,
    cast(sum(series.instance_count) as bigint) as instance_count
from graded
inner join series
    on graded.series_instance_uid = series.series_instance_uid
group by series.patient_id, graded.field, series.modality, series.manufacturer, graded.status
