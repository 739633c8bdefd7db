-- The image series that the values below an item may have been measured on, by what says so
-- (`level`: the lowest counts):
--   1 item_reference       an image below the value itself
--   1 irradiation_event    the series that states the dose event's UID
--   2 group_reference      an image in the group (of a dose event too: Acquired Image)
--   3 group_reference      an image below another value of the group, or in a finding that the
--                          group's finding is inferred from
--   4 source_series        the UID of a series in the group
--   5 segmentation         the series on which the segmentation in the group was drawn
--   6 evidence             the report's evidence
--   7 study_modality       a series of the study of the modality that the rule says
--   8 segmentation         one that is not staged, and nothing else says
-- `is_own`: of the value alone, not of the group that it opens. A series without UID is a reference
-- to an image that is neither staged nor in the evidence.

with

item_group as (
    select * from {{ ref('int_report_item_group') }}
),

report_group as (
    select * from {{ ref('int_report_group') }}
),

reference as (
    select * from {{ ref('int_report_reference') }}
),

-- The references below each value that may become a feature.
below as (
    select
        reference.*,
        value.path as value_path,
        value.group_distance
    from reference
    inner join {{ ref('int_report_ancestor') }} as ancestor
        on
            reference.sop_instance_uid = ancestor.sop_instance_uid
            and reference.path = ancestor.path
            and ancestor.distance > 0
    inner join {{ ref('int_report_value') }} as value
        on
            ancestor.sop_instance_uid = value.sop_instance_uid
            and ancestor.ancestor_path = value.path
            and value.use_reason is null
),

below_value as (
    select
        sop_instance_uid,
        value_path as scope_path,
        case
            when kind = 'image' then 1
            when series_instance_uid is null then 8
            else 5
        end as level,
        case kind when 'image' then 'item_reference' else 'segmentation' end as method,
        series_instance_uid,
        count(*) as weight
    from below
    group by sop_instance_uid, value_path, kind, series_instance_uid
),

reference_of_value as (
    select distinct
        sop_instance_uid,
        path
    from below
    where group_distance > 0
),

in_group as (
    select
        reference.sop_instance_uid,
        item_group.group_path as scope_path,
        case
            when reference.kind <> 'image' and reference.series_instance_uid is null then 8
            when reference.kind <> 'image' then 5
            when reference_of_value.path is null then 2
            else 3
        end as level,
        case reference.kind when 'image' then 'group_reference' else 'segmentation' end as method,
        reference.series_instance_uid,
        count(*) as weight
    from reference
    inner join item_group
        on
            reference.sop_instance_uid = item_group.sop_instance_uid
            and reference.path = item_group.path
            and (
                item_group.link = 'image'
                -- The image that an event made, where its series is known.
                or (
                    item_group.link = 'irradiation_event'
                    and reference.kind = 'image'
                    and reference.series_instance_uid is not null
                )
            )
    left join reference_of_value
        on
            reference.sop_instance_uid = reference_of_value.sop_instance_uid
            and reference.path = reference_of_value.path
    group by
        reference.sop_instance_uid,
        item_group.group_path,
        reference.kind,
        case
            when reference.kind <> 'image' and reference.series_instance_uid is null then 8
            when reference.kind <> 'image' then 5
            when reference_of_value.path is null then 2
            else 3
        end,
        reference.series_instance_uid
),

-- A finding within another one is what that one was inferred from (PS3.16 TID 4102).
inferred as (
    select
        reference.sop_instance_uid,
        outer_group.path as scope_path,
        3 as level,
        'group_reference' as method,
        reference.series_instance_uid,
        count(*) as weight
    from reference
    inner join item_group
        on
            reference.sop_instance_uid = item_group.sop_instance_uid
            and reference.path = item_group.path
            and item_group.group_kind = 'finding'
    inner join {{ ref('int_report_ancestor') }} as ancestor
        on
            reference.sop_instance_uid = ancestor.sop_instance_uid
            and reference.path = ancestor.path
    inner join report_group as outer_group
        on
            ancestor.sop_instance_uid = outer_group.sop_instance_uid
            and ancestor.ancestor_path = outer_group.path
            and outer_group.group_kind = 'finding'
            and outer_group.link = 'image'
    where
        reference.kind = 'image'
        and outer_group.path <> item_group.group_path
    group by reference.sop_instance_uid, outer_group.path, reference.series_instance_uid
),

uid_item as (
    select
        item.sop_instance_uid,
        item.role,
        item.value_text as uid,
        item_group.group_path as scope_path,
        item_group.link
    from {{ ref('int_report_item') }} as item
    inner join item_group
        on
            item.sop_instance_uid = item_group.sop_instance_uid
            and item.path = item_group.path
    where
        item.role in ('source_series', 'irradiation_event_uid')
        and item.value_text is not null
),

source_series as (
    select
        sop_instance_uid,
        scope_path,
        4 as level,
        'source_series' as method,
        uid as series_instance_uid,
        count(*) as weight
    from uid_item
    where role = 'source_series' and link = 'image'
    group by sop_instance_uid, scope_path, uid
),

event_of_series as (
    select
        series_instance_uid,
        value_key as event_uid,
        sum(instance_count) as instance_count
    from {{ ref('int_series_value') }}
    where path = 'IrradiationEventUID'
    group by series_instance_uid, value_key
),

event as (
    select
        uid_item.sop_instance_uid,
        uid_item.scope_path,
        1 as level,
        'irradiation_event' as method,
        event_of_series.series_instance_uid,
        cast(max(event_of_series.instance_count) as bigint) as weight
    from uid_item
    inner join event_of_series
        on uid_item.uid = event_of_series.event_uid
    where uid_item.role = 'irradiation_event_uid' and uid_item.link = 'irradiation_event'
    group by uid_item.sop_instance_uid, uid_item.scope_path, event_of_series.series_instance_uid
),

evidence as (
    select
        report.sop_instance_uid,
        report_group.path as scope_path,
        6 as level,
        'evidence' as method,
        coalesce(instance.series_instance_uid, reference.series_instance_uid)
            as series_instance_uid,
        count(*) as weight
    from {{ ref('int_report') }} as report
    inner join report_group
        on
            report.sop_instance_uid = report_group.sop_instance_uid
            and report_group.link = 'image'
    inner join {{ ref('stg_dicom_reference') }} as reference
        on
            report.run_id = reference.run_id
            and report.file_id = reference.file_id
            and reference.kind in ('evidence', 'other_evidence')
    left join {{ ref('int_instance') }} as instance
        on
            reference.sop_instance_uid = instance.sop_instance_uid
            and instance.reason_code is null
    left join {{ ref('mapping_sop_class') }} as sop_class
        on reference.sop_class_uid = sop_class.sop_class_uid
    where coalesce(instance.is_image, sop_class.is_image, false)
    group by
        report.sop_instance_uid,
        report_group.path,
        coalesce(instance.series_instance_uid, reference.series_instance_uid)
),

-- A series that states the UIDs of its dose events belongs to those and to no other.
study_modality as (
    select
        report.sop_instance_uid,
        report_group.path as scope_path,
        7 as level,
        'study_modality' as method,
        series.series_instance_uid,
        identity.image_instance_count as weight
    from {{ ref('int_report') }} as report
    inner join report_group
        on
            report.sop_instance_uid = report_group.sop_instance_uid
            and report_group.link in ('study_modality', 'irradiation_event')
    inner join {{ ref('int_series_candidate') }} as series
        on
            report.study_instance_uid = series.study_instance_uid
            and '|' || report_group.modality || '|' like '%|' || series.modality || '|%'
    inner join {{ ref('int_series_identity') }} as identity
        on series.series_instance_uid = identity.series_instance_uid
    left join event_of_series
        on
            series.series_instance_uid = event_of_series.series_instance_uid
            and report_group.link = 'irradiation_event'
    where
        coalesce(series.reason_code, '') <> 'not_an_image'
        and event_of_series.series_instance_uid is null
)

select
    *,
    true as is_own
from below_value
union all
select
    *,
    false as is_own
from in_group
union all
select
    *,
    false as is_own
from inferred
union all
select
    *,
    false as is_own
from source_series
union all
select
    *,
    false as is_own
from event
union all
select
    *,
    false as is_own
from evidence
union all
select
    *,
    false as is_own
from study_modality
