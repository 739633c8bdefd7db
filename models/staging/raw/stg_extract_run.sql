-- Runs of the extractor, as they reported themselves.

select
    run_id,
    micdm_version,
    arguments,
    started_at,
    finished_at,
    files,
    instances,
    rejected,
    non_dicom,
    unchanged,
    deleted,
    series,
    exit_reason,
    attribute_list_id
from {{ source('raw_dicom', 'extract_run') }}
