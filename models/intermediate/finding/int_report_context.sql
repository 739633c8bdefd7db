-- What the items around a value say about it: its finding, site, method, tracking UID and so on. Of
-- one role the nearest item counts: below the value itself, then beside it, then further up. What
-- tells findings apart is looked for within their own group only.

with

wanted as (
    select
        value.sop_instance_uid,
        value.path,
        value.group_distance
    from {{ ref('int_report_value') }} as value
    where value.use_reason is null
),

-- What int_report_feature and int_report_site ask for.
context as (
    select * from {{ ref('int_report_item') }}
    where
        role in (
            'finding',
            'finding_modifier',
            'tracking_uid',
            'tracking_identifier',
            'site',
            'laterality',
            'derivation',
            'method',
            'session'
        )
),

-- A coded item that opens a group names its finding by itself.
self_named as (
    select
        item.sop_instance_uid,
        item.path as parent_path,
        'finding' as role,
        item.path,
        item.item_number,
        item.value_scheme,
        item.value_source_code,
        item.value_vocabulary_id,
        item.value_code,
        item.value_meaning,
        item.value_text
    from {{ ref('int_report_item') }} as item
    inner join {{ ref('int_report_group') }} as report_group
        on
            item.sop_instance_uid = report_group.sop_instance_uid
            and item.path = report_group.path
    where item.value_type = 'CODE' and report_group.group_kind = 'finding'
),

stated as (
    select
        sop_instance_uid,
        parent_path,
        role,
        path,
        item_number,
        value_scheme,
        value_source_code,
        value_vocabulary_id,
        value_code,
        value_meaning,
        value_text
    from context
    where value_source_code is not null or value_text is not null
    union all
    select * from self_named
),

-- Of a role the first item of a place counts; the second, if the value itself is the first. A
-- section may have thousands of findings.
first_stated as (
    select
        *,
        row_number() over (
            partition by sop_instance_uid, parent_path, role
            order by item_number
        ) as place
    from stated
),

ranked as (
    select
        wanted.sop_instance_uid,
        wanted.path,
        first_stated.role,
        first_stated.path as context_path,
        first_stated.value_scheme,
        first_stated.value_source_code,
        first_stated.value_vocabulary_id,
        first_stated.value_code,
        first_stated.value_meaning,
        first_stated.value_text,
        row_number() over (
            partition by wanted.sop_instance_uid, wanted.path, first_stated.role
            order by ancestor.distance, first_stated.item_number
        ) as preference
    from wanted
    inner join {{ ref('int_report_ancestor') }} as ancestor
        on
            wanted.sop_instance_uid = ancestor.sop_instance_uid
            and wanted.path = ancestor.path
    inner join first_stated
        on
            ancestor.sop_instance_uid = first_stated.sop_instance_uid
            and ancestor.ancestor_path = first_stated.parent_path
            and wanted.path <> first_stated.path
            and first_stated.place <= 2
    where
        ancestor.distance <= wanted.group_distance
        or first_stated.role not in (
            'finding',
            'finding_modifier',
            'tracking_uid',
            'tracking_identifier',
            'derivation',
            'method',
            'session'
        )
)

select
    sop_instance_uid,
    path,
    role,
    context_path,
    value_scheme,
    value_source_code,
    value_vocabulary_id,
    value_code,
    value_meaning,
    value_text
from ranked
where preference = 1
