-- Everything that did not go on to the next stage, and why: files, instances, series, values. Info
-- rows were set aside by design (an SR is no image); warnings and errors want a look.

with

ledger as (
    select * from {{ ref('ledger_quarantine') }}
),

-- Rows of algorithm results that the loader set aside, of no patient; the message says which.
rejected_result as (
    select
        'load_results' as stage,
        'result' as grain,
        loaded.uri as entity,
        {{ micdm.null_of(dbt.type_string()) }} as container_member,
        rejected.reason_code,
        'row ' || cast(rejected.result_row as {{ dbt.type_string() }})
        || coalesce(': ' || rejected.column_name, '') as message,
        rejected.run_id
    from {{ ref('stg_algorithm_result_rejected') }} as rejected
    inner join {{ ref('stg_algorithm_result_load') }} as loaded
        on
            rejected.run_id = loaded.run_id
            and rejected.file_number = loaded.file_number
),

everything as (
    select
        stage,
        grain,
        entity,
        container_member,
        reason_code,
        message,
        run_id
    from ledger
    union all
    select * from rejected_result
)

select
    everything.stage,
    everything.grain,
    everything.entity,
    everything.container_member,
    everything.reason_code,
    coalesce(reason.severity, 'error') as severity,
    everything.message,
    everything.run_id
from everything
left join {{ ref('reason_code') }} as reason
    on everything.reason_code = reason.reason_code
