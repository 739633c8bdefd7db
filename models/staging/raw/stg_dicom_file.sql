-- One row per file and run that read it: staged, rejected or found gone. What happened last to a
-- file is what counts.

with

instance as (
    select * from {{ source('raw_dicom', 'dicom_instance') }}
),

rejected as (
    select * from {{ source('raw_dicom', 'dicom_rejected') }}
),

event as (
    select
        run_id,
        file_id,
        uri,
        container_member,
        'staged' as event_type,
        cast(null as {{ dbt.type_string() }}) as reason_code,
        cast(null as {{ dbt.type_string() }}) as message
    from instance
    union all
    select
        run_id,
        file_id,
        uri,
        container_member,
        case when reason_code = 'file_deleted' then 'deleted' else 'rejected' end as event_type,
        reason_code,
        message
    from rejected
),

ranked as (
    select
        *,
        row_number() over (
            partition by uri, container_member
            order by run_id desc, event_type desc, file_id asc
        ) as recency
    from event
)

select
    run_id,
    file_id,
    uri,
    container_member,
    event_type,
    reason_code,
    message,
    recency = 1 as is_current
from ranked
