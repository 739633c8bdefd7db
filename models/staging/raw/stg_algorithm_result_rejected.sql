-- Rows of algorithm results that could not be used, and why; never what they held.

select
    run_id,
    file_number,
    result_row,
    column_name,
    reason_code
from {{ source('raw_dicom', 'algorithm_result_rejected') }}
