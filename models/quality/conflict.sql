-- Contradictions in the headers that a stated rule resolved: nothing was left out for them, but a
-- researcher should know. Those that could not be resolved are in quarantine.

select
    grain,
    entity,
    conflict,
    resolution
from {{ ref('ledger_conflict') }}
