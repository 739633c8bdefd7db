-- What reports and segmentations refer to, once per file and run.

select distinct
    run_id,
    file_id,
    kind,
    study_instance_uid,
    series_instance_uid,
    sop_class_uid,
    sop_instance_uid,
    instance_count
from {{ source('raw_dicom', 'dicom_reference') }} as source
where {{ micdm.is_of_affected_file('source') }}
