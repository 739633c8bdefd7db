-- The items of a report that open a group by a rule (seed sr_rule): a finding, a dose event, a
-- total, a section, or context. A rule for the report's title counts before one for any title.

with

matched as (
    select
        item.sop_instance_uid,
        item.path,
        item.depth,
        item.item_number,
        item.value_type,
        rule.group_kind,
        rule.link,
        rule.modality,
        row_number() over (
            partition by item.sop_instance_uid, item.path
            order by
                case when rule.is_any_root then 2 else 1 end,
                case when rule.value_type is null then 2 else 1 end,
                {{ micdm.byte_order('rule.group_kind') }}
        ) as preference
    from {{ ref('int_report_item') }} as item
    inner join {{ ref('int_report') }} as report
        on item.sop_instance_uid = report.sop_instance_uid
    inner join {{ ref('int_report_rule') }} as rule
        on
            item.concept_vocabulary_id = rule.group_vocabulary_id
            and item.concept_code = rule.group_code
            and (rule.value_type is null or item.value_type = rule.value_type)
            and (
                rule.is_any_root
                or (
                    report.title_vocabulary_id = rule.root_vocabulary_id
                    and report.title_concept_code = rule.root_code
                )
            )
)

select
    sop_instance_uid,
    path,
    depth,
    item_number,
    value_type,
    group_kind,
    link,
    modality
from matched
where preference = 1
