-- Files of algorithm results, as the loader reported them.

select
    run_id,
    file_number,
    uri,
    file_size,
    file_digest,
    micdm_version,
    loaded_at,
    result_rows,
    accepted,
    rejected
from {{ source('raw_dicom', 'algorithm_result_load') }}
