-- The staged readings of files of the patients that this build reads.

select
    instance.run_id,
    instance.file_id,
    instance.header_id,
    instance.series_instance_uid,
    instance.study_instance_uid
from {{ source('raw_dicom', 'dicom_instance') }} as instance
inner join {{ ref('affected_patient') }} as patient
    on coalesce(instance.patient_id, '') = patient.patient_id
