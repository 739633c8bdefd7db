{{ config(materialized='table' if var('swap_schemas') else 'view') }}

-- Everything that did not go on to the next stage, and why: files, instances, series, values. Info
-- rows were set aside by design (an SR is no image); warnings and errors want a look.

select
    ledger.stage,
    ledger.grain,
    ledger.entity,
    ledger.container_member,
    ledger.reason_code,
    coalesce(reason.severity, 'error') as severity,
    ledger.message,
    ledger.run_id
from {{ ref('ledger_quarantine') }} as ledger
left join {{ ref('reason_code') }} as reason
    on ledger.reason_code = reason.reason_code
