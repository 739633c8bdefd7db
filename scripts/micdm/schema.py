"""Arrow schemas of the staged tables, the contract with the dbt sources."""

from __future__ import annotations

import pyarrow as pa

TEXT, DATE, MOMENT = pa.string(), pa.date32(), pa.timestamp("us")

_FILE = [
    ("uri", TEXT),
    ("container_member", TEXT),
    ("file_size", pa.int64()),
    ("file_mtime", MOMENT),
]
_ELEMENT = [
    ("tag", TEXT),
    ("keyword", TEXT),
    ("vr", TEXT),
    ("path", TEXT),
    ("item", pa.int32()),
    ("position", pa.int32()),
    ("value_count", pa.int32()),
    ("value_text", TEXT),
    ("value_number", pa.float64()),
    ("value_key", TEXT),
    ("coding_scheme", TEXT),
    ("code_meaning", TEXT),
    ("reason_code", TEXT),
]


def _code(name: str) -> list[tuple[str, pa.DataType]]:
    return [(f"{name}_{part}", TEXT) for part in ("scheme", "code", "meaning")]


DICOM_INSTANCE = pa.schema(
    [
        ("run_id", TEXT),
        ("file_id", TEXT),
        *_FILE,
        ("transfer_syntax_uid", TEXT),
        ("sop_class_uid", TEXT),
        ("sop_instance_uid", TEXT),
        ("series_instance_uid", TEXT),
        ("study_instance_uid", TEXT),
        ("patient_id", TEXT),
        ("issuer_of_patient_id", TEXT),
        ("accession_number", TEXT),
        ("modality", TEXT),
        ("study_date", DATE),
        ("study_time", TEXT),
        ("series_date", DATE),
        ("series_time", TEXT),
        ("acquisition_date", DATE),
        ("acquisition_time", TEXT),
        ("content_date", DATE),
        ("content_time", TEXT),
        ("timezone_offset_from_utc", TEXT),
        ("patient_sex", TEXT),
        ("patient_birth_date", DATE),
        ("patient_age", TEXT),
        ("instance_number", pa.int32()),
        ("number_of_frames", pa.int32()),
        ("header_id", TEXT),
        ("read_flags", TEXT),
    ]
)
DICOM_HEADER_ELEMENT = pa.schema([("run_id", TEXT), ("header_id", TEXT), *_ELEMENT])
DICOM_INSTANCE_ELEMENT = pa.schema([("run_id", TEXT), ("file_id", TEXT), *_ELEMENT])
DICOM_SR_ITEM = pa.schema(
    [
        ("run_id", TEXT),
        ("file_id", TEXT),
        ("path", TEXT),
        ("parent_path", TEXT),
        ("item_number", pa.int32()),
        ("depth", pa.int32()),
        ("relationship_type", TEXT),
        ("value_type", TEXT),
        *_code("concept"),
        *_code("value"),
        ("value_number", pa.float64()),
        ("value_number_text", TEXT),
        *_code("unit"),
        *_code("qualifier"),
        ("value_text", TEXT),
        ("text_length", pa.int32()),
        ("referenced_sop_class_uid", TEXT),
        ("referenced_sop_instance_uid", TEXT),
        ("referenced_frame_numbers", TEXT),
        ("referenced_segment_numbers", TEXT),
        ("referenced_path", TEXT),
        ("graphic_type", TEXT),
        ("referenced_frame_of_reference_uid", TEXT),
        ("template_id", TEXT),
        ("mapping_resource", TEXT),
        ("continuity", TEXT),
        ("observation_datetime", TEXT),
        ("completion_flag", TEXT),
        ("verification_flag", TEXT),
        ("reason_code", TEXT),
    ]
)
DICOM_REFERENCE = pa.schema(
    [
        ("run_id", TEXT),
        ("file_id", TEXT),
        ("kind", TEXT),
        ("study_instance_uid", TEXT),
        ("series_instance_uid", TEXT),
        ("sop_class_uid", TEXT),
        ("sop_instance_uid", TEXT),
        ("instance_count", pa.int32()),
    ]
)
DICOM_SEGMENT = pa.schema(
    [
        ("run_id", TEXT),
        ("file_id", TEXT),
        ("segment_number", pa.int32()),
        *_code("category"),
        *_code("type"),
        *_code("type_modifier"),
        *_code("region"),
        *_code("region_modifier"),
        ("algorithm_type", TEXT),
        ("algorithm_name", TEXT),
        ("algorithm_version", TEXT),
        ("algorithm_parameters", TEXT),
        *_code("algorithm_family"),
        ("algorithm_source", TEXT),
        ("tracking_identifier", TEXT),
        ("tracking_uid", TEXT),
        ("reason_code", TEXT),
    ]
)
DICOM_REJECTED = pa.schema(
    [("run_id", TEXT), ("file_id", TEXT), *_FILE, ("reason_code", TEXT), ("message", TEXT)]
)
EXTRACT_RUN = pa.schema(
    [
        ("run_id", TEXT),
        ("micdm_version", TEXT),
        ("arguments", TEXT),
        ("started_at", MOMENT),
        ("finished_at", MOMENT),
        ("files", pa.int64()),
        ("instances", pa.int64()),
        ("rejected", pa.int64()),
        ("non_dicom", pa.int64()),
        ("unchanged", pa.int64()),
        ("deleted", pa.int64()),
        ("series", pa.int64()),
        ("exit_reason", TEXT),
        ("attribute_list_id", TEXT),
    ]
)

# In the order they are committed: whoever sees an instance finds its header, elements and
# content.
SCHEMAS: dict[str, pa.Schema] = {
    "dicom_header_element": DICOM_HEADER_ELEMENT,
    "dicom_instance_element": DICOM_INSTANCE_ELEMENT,
    "dicom_sr_item": DICOM_SR_ITEM,
    "dicom_reference": DICOM_REFERENCE,
    "dicom_segment": DICOM_SEGMENT,
    "dicom_rejected": DICOM_REJECTED,
    "dicom_instance": DICOM_INSTANCE,
    "extract_run": EXTRACT_RUN,
}

# What `micdm load-results` writes (docs/algorithm-results.md).
_RESULT_ROW = [
    ("run_id", TEXT),
    ("file_number", pa.int32()),
    ("result_row", pa.int64()),
]
ALGORITHM_RESULT = pa.schema(
    [
        *_RESULT_ROW,
        ("series_instance_uid", TEXT),
        ("study_instance_uid", TEXT),
        ("sop_instance_uid", TEXT),
        ("finding_key", TEXT),
        ("lesion_key", TEXT),
        ("tracking_uid", TEXT),
        ("finding_scheme", TEXT),
        ("finding_code", TEXT),
        ("feature_scheme", TEXT),
        ("feature_code", TEXT),
        ("operator", TEXT),
        ("value_number", pa.float64()),
        ("value_number_text", TEXT),
        ("unit", TEXT),
        ("value_scheme", TEXT),
        ("value_code", TEXT),
        ("value_text", TEXT),
        ("site_scheme", TEXT),
        ("site_code", TEXT),
        ("laterality", TEXT),
        ("algorithm_vendor", TEXT),
        ("algorithm_name", TEXT),
        ("algorithm_version", TEXT),
        ("algorithm_parameters", TEXT),
        ("result_datetime", MOMENT),
        ("result_offset", TEXT),
    ]
)
ALGORITHM_RESULT_REJECTED = pa.schema([*_RESULT_ROW, ("column_name", TEXT), ("reason_code", TEXT)])
ALGORITHM_RESULT_LOAD = pa.schema(
    [
        ("run_id", TEXT),
        ("file_number", pa.int32()),
        ("uri", TEXT),
        ("file_size", pa.int64()),
        ("file_digest", TEXT),
        ("micdm_version", TEXT),
        ("loaded_at", MOMENT),
        ("result_rows", pa.int64()),
        ("accepted", pa.int64()),
        ("rejected", pa.int64()),
    ]
)
SCHEMAS |= {
    "algorithm_result": ALGORITHM_RESULT,
    "algorithm_result_rejected": ALGORITHM_RESULT_REJECTED,
    "algorithm_result_load": ALGORITHM_RESULT_LOAD,
}
