-- Each item that may be a feature or refer to an image, and every item above it, itself included
-- (distance 0).

with

item as (
    select
        sop_instance_uid,
        path,
        depth
    from {{ ref('int_report_item') }}
    where value_type in ('NUM', 'CODE', 'IMAGE', 'COMPOSITE', 'UIDREF', 'REFERENCE')
),

level as (
    select distinct depth as ancestor_depth
    from {{ ref('int_report_item') }}
)

select
    item.sop_instance_uid,
    item.path,
    {{ micdm.path_prefix('item.path', 'level.ancestor_depth + 1') }} as ancestor_path,
    item.depth - level.ancestor_depth as distance
from item
inner join level
    on item.depth >= level.ancestor_depth
