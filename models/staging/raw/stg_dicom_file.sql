-- One row per file and run that read it: staged, rejected or found gone. What happened last to a
-- file is what counts. `patient_id` is that of the reading, else of any reading of the same file,
-- '' for none. Of the patients that the last build read (docs/nightly.md).

with

instance as (
    select
        instance.*,
        patient.patient_id as affected_patient_id
    from {{ source('raw_dicom', 'dicom_instance') }} as instance
    inner join {{ ref('affected_patient') }} as patient
        on coalesce(instance.patient_id, '') = patient.patient_id
),

rejected as (
    select * from {{ source('raw_dicom', 'dicom_rejected') }}
),

rejected_place as (
    select
        rejected.uri,
        coalesce(rejected.container_member, '') as member,
        max({{ micdm.byte_order('instance.patient_id') }}) as patient_id
    from rejected
    inner join {{ source('raw_dicom', 'dicom_instance') }} as instance
        on
            rejected.uri = instance.uri
            and coalesce(rejected.container_member, '') = coalesce(instance.container_member, '')
    group by rejected.uri, coalesce(rejected.container_member, '')
),

affected_rejected as (
    select
        rejected.*,
        patient.patient_id as affected_patient_id
    from rejected
    left join rejected_place
        on
            rejected.uri = rejected_place.uri
            and coalesce(rejected.container_member, '') = rejected_place.member
    inner join {{ ref('affected_patient') }} as patient
        on coalesce(rejected_place.patient_id, '') = patient.patient_id
),

event as (
    select
        run_id,
        file_id,
        uri,
        container_member,
        'staged' as event_type,
        cast(null as {{ dbt.type_string() }}) as reason_code,
        cast(null as {{ dbt.type_string() }}) as message,
        affected_patient_id as patient_id
    from instance
    union all
    select
        run_id,
        file_id,
        uri,
        container_member,
        case when reason_code = 'file_deleted' then 'deleted' else 'rejected' end as event_type,
        reason_code,
        message,
        affected_patient_id as patient_id
    from affected_rejected
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
    patient_id,
    recency = 1 as is_current
from ranked
