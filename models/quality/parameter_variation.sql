-- Attributes whose values differ within series, by attribute and rule: in how many series, how much
-- the rule left out, and what did not become a row at all. A rule `mode` expects one value: where
-- it varies, it disagrees with its rule.

with

series_value as (
    select
        series_instance_uid,
        path,
        count(*) as value_count
    from {{ ref('int_series_value') }}
    group by series_instance_uid, path
),

parameter as (
    select
        series_instance_uid,
        path,
        variation,
        max(
            case when coalesce(reason_code, '') <> 'implausible_value' then distinct_value_count end
        ) as distinct_value_count,
        count(*) as row_count,
        max(case when reason_code = 'same_quantity_twice' then 1 else 0 end) as is_same_quantity,
        count(case when reason_code = 'implausible_value' then 1 end) as implausible_value_count
    from {{ ref('int_series_parameter') }}
    group by series_instance_uid, path, variation
),

counted as (
    select
        parameter.path,
        parameter.variation,
        parameter.distinct_value_count,
        parameter.is_same_quantity,
        parameter.implausible_value_count,
        coalesce(parameter.distinct_value_count, 0) > 1 as does_vary,
        case
            -- Every value is in the sum.
            when parameter.variation = 'sum' then 0
            else series_value.value_count - parameter.row_count
        end as left_out_count
    from parameter
    inner join series_value
        on
            parameter.series_instance_uid = series_value.series_instance_uid
            and parameter.path = series_value.path
)

select
    path,
    variation as variation_rule,
    count(*) as series_count,
    count(case when does_vary then 1 end) as varying_series_count,
    count(case when does_vary and variation = 'mode' then 1 end) as against_rule_series_count,
    cast(max(distinct_value_count) as integer) as most_values,
    cast(sum(left_out_count) as bigint) as values_left_out,
    cast(sum(is_same_quantity) as bigint) as same_quantity_series_count,
    cast(sum(implausible_value_count) as bigint) as implausible_value_count
from counted
group by path, variation
having
    max(distinct_value_count) > 1
    or max(is_same_quantity) = 1
    or max(implausible_value_count) > 0
