-- Attributes whose values differ within series, by attribute and rule: in how many series, how much
-- the rule left out, and what did not become a row at all. A rule `mode` expects one value: where
-- it varies, it disagrees with its rule.

select
    path,
    variation_rule,
    cast(sum(series_count) as bigint) as series_count,
    cast(sum(varying_series_count) as bigint) as varying_series_count,
    cast(sum(against_rule_series_count) as bigint) as against_rule_series_count,
    max(most_values) as most_values,
    cast(sum(values_left_out) as bigint) as values_left_out,
    cast(sum(same_quantity_series_count) as bigint) as same_quantity_series_count,
    cast(sum(implausible_value_count) as bigint) as implausible_value_count
from {{ ref('ledger_parameter_variation') }}
group by path, variation_rule
having
    max(most_values) > 1
    or sum(same_quantity_series_count) > 0
    or sum(implausible_value_count) > 0
