-- Attributes whose instances disagree within a series, by attribute and rule: how many series, and
-- how many values the rule left out.

with

series_value as (
    select
        series_value.series_instance_uid,
        series_value.path,
        count(*) as value_count
    from {{ ref('int_series_value') }} as series_value
    group by series_value.series_instance_uid, series_value.path
),

parameter as (
    select
        series_instance_uid,
        path,
        variation,
        max(distinct_value_count) as distinct_value_count,
        count(*) as row_count
    from {{ ref('int_series_parameter') }}
    group by series_instance_uid, path, variation
)

select
    parameter.path,
    parameter.variation as variation_rule,
    count(*) as series_count,
    cast(max(parameter.distinct_value_count) as integer) as most_values,
    cast(sum(series_value.value_count - parameter.row_count) as bigint) as values_left_out
from parameter
inner join series_value
    on
        parameter.series_instance_uid = series_value.series_instance_uid
        and parameter.path = series_value.path
where parameter.distinct_value_count > 1
group by parameter.path, parameter.variation
