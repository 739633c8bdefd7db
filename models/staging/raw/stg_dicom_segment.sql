-- The segments of segmentations, once per file and run.

select distinct
    run_id,
    file_id,
    segment_number,
    category_scheme,
    category_code,
    category_meaning,
    type_scheme,
    type_code,
    type_meaning,
    type_modifier_scheme,
    type_modifier_code,
    type_modifier_meaning,
    region_scheme,
    region_code,
    region_meaning,
    region_modifier_scheme,
    region_modifier_code,
    region_modifier_meaning,
    algorithm_type,
    algorithm_name,
    algorithm_version,
    algorithm_parameters,
    algorithm_family_scheme,
    algorithm_family_code,
    algorithm_family_meaning,
    algorithm_source,
    tracking_identifier,
    tracking_uid,
    reason_code
from {{ source('raw_dicom', 'dicom_segment') }} as source
where {{ micdm.is_of_affected_file('source') }}
