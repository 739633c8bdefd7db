-- Attributes whose values differ within series, by patient: what quality.parameter_variation adds
-- up.

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
        parameter.series_instance_uid,
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
    coalesce(series.patient_id, '') as patient_id,
    counted.path,
    counted.variation as variation_rule,
    count(*) as series_count,
    count(case when counted.does_vary then 1 end) as varying_series_count,
    count(case when counted.does_vary and counted.variation = 'mode' then 1 end)
        as against_rule_series_count,
    cast(max(counted.distinct_value_count) as integer) as most_values,
    cast(sum(counted.left_out_count) as bigint) as values_left_out,
    cast(sum(counted.is_same_quantity) as bigint) as same_quantity_series_count,
    cast(sum(counted.implausible_value_count) as bigint) as implausible_value_count
from counted
inner join {{ ref('int_series') }} as series
    on counted.series_instance_uid = series.series_instance_uid
group by coalesce(series.patient_id, ''), counted.path, counted.variation
