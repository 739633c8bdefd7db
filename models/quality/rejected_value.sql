-- Header values that could not be used, by attribute and reason: the value is not in the CDM, and
-- this says so. Only values of files that are current count.

select
    path,
    reason_code,
    value_text,
    cast(sum(instance_count) as bigint) as instance_count
from {{ ref('ledger_rejected_value') }}
group by path, reason_code, value_text
