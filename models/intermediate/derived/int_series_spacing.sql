-- One row per image series with several parallel images whose header states no Spacing Between
-- Slices: the distance of neighbouring positions along the normal (PS3.3 C.7.6.2). Positions that
-- are (nearly) the same are one: a dynamic series images each several times.

{% set same_normal = 0.001 %}
{% set same_position = 0.01 %}
{% set same_gap = 0.01 %}

with

orientation as (
    select
        of_series.series_instance_uid,
        min(orientation.normal_x) as normal_x,
        min(orientation.normal_y) as normal_y,
        min(orientation.normal_z) as normal_z,
        max(orientation.normal_x) - min(orientation.normal_x) as spread_x,
        max(orientation.normal_y) - min(orientation.normal_y) as spread_y,
        max(orientation.normal_z) - min(orientation.normal_z) as spread_z,
        count(orientation.reason_code) as invalid_count
    from {{ ref('int_series_header') }} as of_series
    inner join {{ ref('int_header_orientation') }} as orientation
        on of_series.header_id = orientation.header_id
    group by of_series.series_instance_uid
),

instance as (
    select * from {{ ref('int_image_instance') }}
),

excluded as (
    select series_instance_uid
    from {{ ref('int_series_value') }}
    where path = 'SpacingBetweenSlices' and value_number <> 0
    union all
    -- Of very many frames only some were read: their distances say nothing.
    select series_instance_uid
    from instance
    where read_flags like '%frames_sampled%'
),

candidate as (
    select
        orientation.series_instance_uid,
        orientation.normal_x,
        orientation.normal_y,
        orientation.normal_z
    from orientation
    where
        orientation.invalid_count = 0
        and orientation.spread_x <= {{ same_normal }}
        and orientation.spread_y <= {{ same_normal }}
        and orientation.spread_z <= {{ same_normal }}
        and not exists (
            select 1 from excluded
            where excluded.series_instance_uid = orientation.series_instance_uid
        )
),

located as (
    select
        candidate.series_instance_uid,
        max(case when element.position = 0 then element.value_number end)
        * max(candidate.normal_x)
        + max(case when element.position = 1 then element.value_number end)
        * max(candidate.normal_y)
        + max(case when element.position = 2 then element.value_number end)
        * max(candidate.normal_z) as distance
    from candidate
    inner join instance
        on candidate.series_instance_uid = instance.series_instance_uid
    inner join {{ ref('stg_dicom_instance_element') }} as element
        on
            instance.run_id = element.run_id
            and instance.file_id = element.file_id
    where element.path = 'ImagePositionPatient' and element.reason_code is null
    group by candidate.series_instance_uid, instance.file_id, element.item
    having count(element.value_number) = 3
),

neighbour as (
    select
        series_instance_uid,
        distance,
        distance - lag(distance) over (
            partition by series_instance_uid
            order by distance
        ) as gap
    from located
),

measured as (
    select
        series_instance_uid,
        count(case when gap > {{ same_position }} then 1 end) as gap_count,
        min(case when gap > {{ same_position }} then gap end) as smallest_gap,
        max(gap) as largest_gap,
        max(distance) - min(distance) as extent
    from neighbour
    group by series_instance_uid
)

select
    series_instance_uid,
    cast(gap_count + 1 as integer) as position_count,
    smallest_gap,
    largest_gap,
    {{ micdm.significant('(extent / gap_count)', digits=5) }} as slice_spacing,
    case
        when
            largest_gap - smallest_gap
            > greatest({{ same_position }}, {{ same_gap }} * smallest_gap)
            then 'unequal_spacing'
    end as reason_code
from measured
where gap_count > 0
