-- How far the mappings reach: of each field that gets a concept, by modality and manufacturer, how
-- many values are mapped, and how many are not and why. A series has one value of most fields, and
-- one per parameter of the last three. `instance_count` weighs each value by the instances of its
-- series. Shares are of the values of that field, modality and manufacturer.

with

counted as (
    select
        field,
        modality,
        manufacturer,
        status,
        cast(sum(value_count) as bigint) as value_count,
        cast(sum(series_count) as bigint) as series_count,
        cast(sum(instance_count) as bigint) as instance_count
    from {{ ref('ledger_mapping_coverage') }}
    group by field, modality, manufacturer, status
),

totalled as (
    select
        *,
        sum(value_count) over (partition by field, modality, manufacturer) as all_values,
        sum(instance_count) over (partition by field, modality, manufacturer) as all_instances
    from counted
)

select
    field,
    modality,
    manufacturer,
    status,
    value_count,
    series_count,
    instance_count,
    cast(value_count as double precision) / cast(all_values as double precision) as value_share,
    case
        when all_instances > 0
            then
                cast(instance_count as double precision)
                / cast(all_instances as double precision)
    end as instance_share
from totalled
