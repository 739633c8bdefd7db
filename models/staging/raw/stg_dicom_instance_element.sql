-- The values that vary from instance to instance, once per file and run.

select distinct
    run_id,
    file_id,
    path,
    item,
    position,
    value_count,
    value_text,
    value_number,
    value_key,
    coding_scheme,
    code_meaning,
    reason_code
from {{ source('raw_dicom', 'dicom_instance_element') }} as source
where {{ micdm.is_of_affected_file('source') }}
