-- Source values that have no concept, by the field they would fill: the worklist of whoever maps a
-- site's values. `work_order` 1 is the value whose mapping would win most series.

with

counted as (
    select
        field,
        source_path,
        source_value,
        status,
        cast(sum(series_count) as bigint) as series_count,
        cast(sum(row_count) as bigint) as row_count
    from {{ ref('ledger_unmapped_value') }}
    group by field, source_path, source_value, status
)

select
    row_number() over (
        order by
            series_count desc,
            row_count desc,
            {{ micdm.byte_order('field') }} asc,
            {{ micdm.byte_order('source_path') }} asc,
            {{ micdm.byte_order('source_value') }} asc,
            {{ micdm.byte_order('status') }} asc
    ) as work_order,
    field,
    source_path,
    source_value,
    status,
    series_count,
    row_count
from counted
order by work_order
