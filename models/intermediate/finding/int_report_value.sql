-- Every number and code of the usable reports (also of items whose value type nobody knows), and
-- what becomes of it: `use_reason` NULL means that it may become a feature. Context (the finding
-- itself, its site, who measured, a modifier of a value) says what the features mean and is none
-- itself; the finding becomes a condition where the site wants it (var findings_as_conditions).

{# Coded items that name the finding of their group; one that opens a group is the finding. #}
{% set is_finding %}
(
    item.value_type = 'CODE'
    and item_group.group_kind = 'finding'
    and (item.role = 'finding' or item_group.group_distance = 0)
)
{% endset %}

with

report as (
    select * from {{ ref('int_report') }}
),

-- Titles that have a rule of their own.
ruled_title as (
    select distinct report_group.sop_instance_uid
    from {{ ref('int_report_group') }} as report_group
),

item as (
    select
        item.*,
        parent.value_type as parent_value_type
    from {{ ref('int_report_item') }} as item
    left join {{ ref('int_report_item') }} as parent
        on
            item.sop_instance_uid = parent.sop_instance_uid
            and item.parent_path = parent.path
    where {{ micdm.is_report_value('item') }}
)

select
    item.sop_instance_uid,
    item.path,
    item.item_number,
    item.value_type,
    item.role,
    item_group.group_path,
    item_group.group_kind,
    item_group.link,
    item_group.modality,
    item_group.group_distance,
    coalesce({{ is_finding }}, false) as is_finding,
    case
        when report.is_replaced then 'superseded_report'
        when item.reason_code is not null then item.reason_code
        {% if var('findings_as_conditions') %}
        when {{ is_finding }} and item.value_source_code is not null then null
        {% endif %}
        -- A finding in a section of a narrative report is an answer by itself.
        when
            item.role is not null
            and item.role <> 'standing'
            and not (item.role = 'finding' and coalesce(item_group.group_kind, '') = 'section')
            then 'report_context'
        when item.value_type = 'CODE' and item_group.group_distance = 0 then 'report_context'
        when
            item.value_type = 'CODE'
            and item.parent_value_type in ('NUM', 'CODE')
            and item.relationship_type = 'HAS CONCEPT MOD'
            then 'report_context'
        -- What is said of a number is not measured: the range that is normal, the mean of others
        -- (PS3.16 TID 310). Only where the number stands among others' is about the person.
        when
            item.parent_value_type = 'NUM'
            and item.relationship_type = 'HAS PROPERTIES'
            and coalesce(item.role, '') <> 'standing'
            then 'report_context'
        when item_group.group_kind = 'none' then 'report_context'
        when item_group.group_kind is null and ruled_title.sop_instance_uid is null
            then 'report_without_rule'
        when item_group.group_kind is null then 'outside_of_groups'
        when item.value_type = 'NUM' and item.value_number is null then 'no_value'
        when item.value_type = 'NUM' and qualifier.code is not null then 'qualified_value'
        when item.value_type = 'CODE' and item.value_source_code is null then 'no_value'
        when item.concept_source_code is null then 'no_concept_name'
    end as use_reason
from item
inner join report
    on item.sop_instance_uid = report.sop_instance_uid
left join {{ ref('mapping_numeric_qualifier') }} as qualifier
    on
        item.qualifier_scheme = qualifier.scheme
        and item.qualifier_code = qualifier.code
left join {{ ref('int_report_item_group') }} as item_group
    on
        item.sop_instance_uid = item_group.sop_instance_uid
        and item.path = item_group.path
left join ruled_title
    on item.sop_instance_uid = ruled_title.sop_instance_uid
