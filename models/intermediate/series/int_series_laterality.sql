-- One row per image series that states a side: the modifier of the coded region, else Image
-- Laterality, else the frames', else the series' Laterality, else the word in Body Part Examined
-- (KNEE LT). Instances that disagree within a source give no side; sources that contradict each
-- other are counted, and the first one counts.

with

laterality as (
    select * from {{ ref('mapping_laterality') }}
),

stated as (
    select
        series_value.series_instance_uid,
        series_value.path as laterality_source,
        laterality.laterality,
        case series_value.path
            when 'AnatomicRegionSequence.AnatomicRegionModifierSequence' then 1
            when 'ImageLaterality' then 2
            when 'FrameLaterality' then 3
            else 4
        end as source_order
    from {{ ref('int_series_value') }} as series_value
    inner join {{ ref('mapping_dicom_attribute') }} as attribute
        on series_value.path = attribute.path
    inner join laterality
        on
            series_value.value_key = laterality.laterality
            or (
                series_value.coding_scheme <> ''
                and series_value.value_key in (laterality.concept_code, laterality.srt_code)
            )
    where
        attribute.role = 'laterality'
        or series_value.path = 'AnatomicRegionSequence.AnatomicRegionModifierSequence'
),

worded as (
    select
        series_text.series_instance_uid,
        series_text.path as laterality_source,
        named.laterality,
        5 as source_order
    from {{ ref('int_series_anatomy_text') }} as series_text
    inner join {{ ref('int_anatomy_of_text') }} as named
        on
            series_text.path = named.path
            and series_text.value_text = named.value_text
    where named.path = 'BodyPartExamined' and named.laterality is not null
),

everything as (
    select * from stated
    union all
    select * from worded
),

by_source as (
    select
        series_instance_uid,
        source_order,
        min({{ micdm.byte_order('laterality_source') }}) as laterality_source,
        min({{ micdm.byte_order('laterality') }}) as laterality,
        count(distinct laterality) as laterality_count
    from everything
    group by series_instance_uid, source_order
),

ranked as (
    select
        *,
        row_number() over (
            partition by series_instance_uid
            order by source_order
        ) as preference
    from by_source
),

side_of_series as (
    select
        series_instance_uid,
        count(distinct laterality) as side_count
    from everything
    -- An unpaired region is on no side, so it contradicts none.
    where laterality <> 'U'
    group by series_instance_uid
)

select
    ranked.series_instance_uid,
    ranked.laterality_source,
    case when ranked.laterality_count = 1 then ranked.laterality end as laterality,
    ranked.laterality_count,
    coalesce(side_of_series.side_count, 0) as side_count
from ranked
left join side_of_series
    on ranked.series_instance_uid = side_of_series.series_instance_uid
where ranked.preference = 1
