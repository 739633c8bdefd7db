-- Kinds of reports and what became of them, by patient: what quality.report_template adds up.

with

report as (
    select * from {{ ref('int_report') }}
),

value as (
    select
        report_value.sop_instance_uid,
        report_value.value_type,
        report_value.use_reason
    from {{ ref('int_report_value') }} as report_value
),

value_count as (
    select
        sop_instance_uid,
        sum(case when value_type = 'NUM' then 1 else 0 end) as number_count,
        sum(case when value_type = 'CODE' then 1 else 0 end) as code_count,
        sum(case when use_reason = 'report_context' then 1 else 0 end) as context_count,
        sum(case when use_reason = 'report_without_rule' then 1 else 0 end) as without_rule_count
    from value
    group by sop_instance_uid
),

feature_count as (
    select
        sop_instance_uid,
        sum(case when reason_code is null then 1 else 0 end) as feature_count
    from {{ ref('int_finding_feature') }}
    where source = 'report'
    group by sop_instance_uid
)

select
    coalesce(report.patient_id, '') as patient_id,
    report.title_scheme,
    report.title_code,
    min({{ micdm.byte_order('report.title_meaning') }}) as title_meaning,
    report.template_id,
    count(*) as report_count,
    cast(coalesce(sum(value_count.number_count), 0) as bigint) as number_count,
    cast(coalesce(sum(value_count.code_count), 0) as bigint) as code_count,
    cast(coalesce(sum(feature_count.feature_count), 0) as bigint) as feature_count,
    cast(coalesce(sum(value_count.context_count), 0) as bigint) as context_count,
    cast(coalesce(sum(value_count.without_rule_count), 0) as bigint) as without_rule_count
from report
left join value_count
    on report.sop_instance_uid = value_count.sop_instance_uid
left join feature_count
    on report.sop_instance_uid = feature_count.sop_instance_uid
group by
    coalesce(report.patient_id, ''), report.title_scheme, report.title_code, report.template_id
