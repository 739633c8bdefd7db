-- What kinds of reports there are, and what became of their numbers and codes: a title without a
-- rule (seed sr_rule) gives no feature, and stands here.

select
    title_scheme,
    title_code,
    min({{ micdm.byte_order('title_meaning') }}) as title_meaning,
    template_id,
    cast(sum(report_count) as bigint) as report_count,
    cast(sum(number_count) as bigint) as number_count,
    cast(sum(code_count) as bigint) as code_count,
    cast(sum(feature_count) as bigint) as feature_count,
    cast(sum(context_count) as bigint) as context_count,
    cast(sum(without_rule_count) as bigint) as without_rule_count,
    sum(without_rule_count) > 0 as has_no_rule
from {{ ref('ledger_report_template') }}
group by title_scheme, title_code, template_id
