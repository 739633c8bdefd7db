-- Typed instances as they were read, with date and time of each source joined into a timestamp. A
-- date that no image can have counts as none (quality.rejected_value has it). Of the patients that
-- the last build read: all after a whole build (docs/nightly.md).

with

source as (
    select instance.*
    from {{ source('raw_dicom', 'dicom_instance') }} as instance
    inner join {{ ref('affected_patient') }} as patient
        on coalesce(instance.patient_id, '') = patient.patient_id
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
    -- Never NULL: it is part of the key of a patient, and NULL is equal to nothing.
    coalesce(issuer_of_patient_id, '') as issuer_of_patient_id,
    accession_number,
    modality,
    {{ micdm.plausible_date('study_date') }} as study_date,
    case
        when {{ micdm.is_plausible_date('study_date') }}
            then {{ micdm.date_and_time('study_date', 'study_time') }}
    end as study_datetime,
    {{ micdm.plausible_date('series_date') }} as series_date,
    case
        when {{ micdm.is_plausible_date('series_date') }}
            then {{ micdm.date_and_time('series_date', 'series_time') }}
    end as series_datetime,
    {{ micdm.plausible_date('acquisition_date') }} as acquisition_date,
    case
        when {{ micdm.is_plausible_date('acquisition_date') }}
            then {{ micdm.date_and_time('acquisition_date', 'acquisition_time') }}
    end as acquisition_datetime,
    {{ micdm.plausible_date('content_date') }} as content_date,
    case
        when {{ micdm.is_plausible_date('content_date') }}
            then {{ micdm.date_and_time('content_date', 'content_time') }}
    end as content_datetime,
    timezone_offset_from_utc,
    patient_sex,
    patient_birth_date,
    patient_age,
    instance_number,
    number_of_frames,
    header_id,
    read_flags
from source
