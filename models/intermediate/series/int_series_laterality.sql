-- One row per image series that states a side, from the first source that says one that is known.
-- Instances that disagree within a source give no side; sources that contradict each other are
-- counted, and the first one counts. Where nobody knows what is stated, `laterality_count` is 0.

with

stated as (
    select * from {{ ref('int_laterality_stated') }}
),

by_source as (
    select
        series_instance_uid,
        source_order,
        min({{ micdm.byte_order('laterality_source') }}) as laterality_source,
        min({{ micdm.byte_order('laterality_source_value') }}) as laterality_source_value,
        min({{ micdm.byte_order('laterality') }}) as laterality,
        count(distinct laterality) as laterality_count
    from stated
    group by series_instance_uid, source_order
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by
                case when laterality_count > 0 then 1 else 2 end,
                source_order
        ) as preference
    from by_source
),

side_of_series as (
    select
        series_instance_uid,
        count(distinct laterality) as side_count
    from stated
    -- An unpaired region is on no side, so it contradicts none.
    where laterality <> 'U'
    group by series_instance_uid
)

select
    ranked.series_instance_uid,
    ranked.laterality_source,
    case
        when ranked.laterality_count = 0 then ranked.laterality_source_value
        when ranked.laterality_count = 1 then ranked.laterality
    end as laterality_source_value,
    case when ranked.laterality_count = 1 then ranked.laterality end as laterality,
    ranked.laterality_count,
    coalesce(side_of_series.side_count, 0) as side_count
from ranked
left join side_of_series
    on ranked.series_instance_uid = side_of_series.series_instance_uid
where ranked.preference = 1
