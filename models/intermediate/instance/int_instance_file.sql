-- The files as they are now, each once: what happened last to each file, if that was a successful
-- reading. `copy_rank` orders the copies of one SOP instance that say they belong to the same
-- series, study and patient: the latest run first, then the first path in byte order.

with

current_file as (
    select
        run_id,
        file_id
    from {{ ref('stg_dicom_file') }}
    where is_current and event_type = 'staged'
),

-- A path that was given twice to one run was read twice.
reading as (
    select
        instance.*,
        row_number() over (
            partition by instance.uri, instance.container_member
            order by instance.file_id, instance.header_id
        ) as reading_rank
    from {{ ref('stg_dicom_instance') }} as instance
    inner join current_file
        on
            instance.run_id = current_file.run_id
            and instance.file_id = current_file.file_id
)

select
    run_id,
    file_id,
    uri,
    container_member,
    file_size,
    transfer_syntax_uid,
    sop_class_uid,
    sop_instance_uid,
    series_instance_uid,
    study_instance_uid,
    patient_id,
    issuer_of_patient_id,
    accession_number,
    modality,
    study_date,
    study_datetime,
    series_date,
    series_datetime,
    acquisition_date,
    acquisition_datetime,
    content_date,
    content_datetime,
    timezone_offset_from_utc,
    patient_sex,
    patient_birth_date,
    patient_age,
    instance_number,
    number_of_frames,
    header_id,
    read_flags,
    row_number() over (
        partition by
            sop_instance_uid,
            series_instance_uid,
            study_instance_uid,
            patient_id,
            issuer_of_patient_id
        order by
            run_id desc,
            {{ micdm.byte_order('uri') }},
            {{ micdm.byte_order("coalesce(container_member, '')") }}
    ) as copy_rank,
    max(run_id) over (partition by sop_instance_uid) as latest_run_id
from reading
where reading_rank = 1
