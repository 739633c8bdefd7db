-- One row per image series that states a side: Image Laterality, else the frames', else the series'
-- Laterality. Instances that disagree state both sides: no single laterality, counted.

with

ranked as (
    select
        series_value.series_instance_uid,
        series_value.value_key as laterality,
        series_value.path as laterality_source,
        dense_rank() over (
            partition by series_value.series_instance_uid
            order by case series_value.path when 'ImageLaterality' then 1 else 2 end
        ) as preference
    from {{ ref('int_series_value') }} as series_value
    inner join {{ ref('mapping_dicom_attribute') }} as attribute
        on series_value.path = attribute.path
    where attribute.role = 'laterality'
),

stated as (
    select
        series_instance_uid,
        min(laterality_source) as laterality_source,
        min(laterality) as laterality,
        count(distinct laterality) as laterality_count
    from ranked
    where preference = 1
    group by series_instance_uid
)

select
    series_instance_uid,
    laterality_source,
    case when laterality_count = 1 then laterality end as laterality,
    laterality_count
from stated
