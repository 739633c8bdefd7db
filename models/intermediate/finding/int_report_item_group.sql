-- The nearest group that an item is in: the item itself, or one above it.

with

ranked as (
    select
        ancestor.sop_instance_uid,
        ancestor.path,
        report_group.path as group_path,
        report_group.group_kind,
        report_group.link,
        report_group.modality,
        ancestor.distance as group_distance,
        row_number() over (
            partition by ancestor.sop_instance_uid, ancestor.path
            order by ancestor.distance
        ) as preference
    from {{ ref('int_report_ancestor') }} as ancestor
    inner join {{ ref('int_report_group') }} as report_group
        on
            ancestor.sop_instance_uid = report_group.sop_instance_uid
            and ancestor.ancestor_path = report_group.path
)

select
    sop_instance_uid,
    path,
    group_path,
    group_kind,
    link,
    modality,
    group_distance
from ranked
where preference = 1
