"""Read the features of findings, and what is none, from a database that was built."""

from __future__ import annotations

from typing import Any

from dicom_factory import ROOT
from finding_factory import LESION
from pipeline import DuckDB, Postgres

COLUMNS = {
    "document": f"replace(detail.sop_instance_uid, '{ROOT}.', '')",
    "path": "detail.source_path",
    "series": f"replace(occurrence.image_series_uid, '{ROOT}.', '')",
    "origin": "detail.origin",
    "event": "event_table.concept_name",
    "feature": "concept.concept_code",
    "number": "coalesce(measurement.value_as_number, observation.value_as_number)",
    "value": "value.concept_code",
    "value_source": "coalesce(measurement.value_source_value, observation.value_source_value)",
    "unit": "unit.concept_code",
    "unit_source": "measurement.unit_source_value",
    "finding": "finding.concept_code",
    "finding_id": "feature.image_finding_id",
    "site": "site.concept_code",
    "site_source": "detail.anatomic_site_source",
    "laterality": "detail.laterality",
    "alg_system": "feature.alg_system",
    "alg_datetime": "cast(feature.alg_datetime as varchar)",
    "type": "feature_type.concept_code",
    "clinical_type": "clinical_type.concept_code",
    "date": """cast(coalesce(
        measurement.measurement_date,
        observation.observation_date,
        condition_occurrence.condition_start_date
    ) as varchar)""",
    "link": "detail.series_link_method",
    "candidates": "detail.series_candidate_count",
    "derivation": "detail.derivation_code",
    "method": "detail.method_code",
    "order": "detail.value_order",
    "lesion": f"replace(detail.tracking_uid, '{LESION}.', '')",
    "label": "detail.tracking_identifier",
    "condition": "condition.concept_code",
    "id": "feature.image_feature_id",
    "event_id": "feature.image_feature_event_id",
}
FEATURES = f"""
select {", ".join(COLUMNS.values())}
from omop.image_feature as feature
join omop.image_feature_detail as detail using (image_feature_id)
join omop.image_occurrence as occurrence using (image_occurrence_id)
join omop.concept as event_table
    on event_table.concept_id = feature.image_feature_event_field_concept_id
join omop.concept as concept on concept.concept_id = feature.image_feature_concept_id
join omop.concept as feature_type
    on feature_type.concept_id = feature.image_feature_type_concept_id
left join omop.measurement
    on event_table.concept_name = 'measurement'
    and measurement.measurement_id = feature.image_feature_event_id
left join omop.observation
    on event_table.concept_name = 'observation'
    and observation.observation_id = feature.image_feature_event_id
left join omop.condition_occurrence
    on event_table.concept_name = 'condition_occurrence'
    and condition_occurrence.condition_occurrence_id = feature.image_feature_event_id
left join omop.concept as condition
    on condition.concept_id = condition_occurrence.condition_concept_id
left join omop.concept as clinical_type
    on clinical_type.concept_id = coalesce(
        measurement.measurement_type_concept_id,
        observation.observation_type_concept_id,
        condition_occurrence.condition_type_concept_id
    )
left join omop.concept as unit on unit.concept_id = measurement.unit_concept_id
left join omop.concept as value
    on value.concept_id = coalesce(measurement.value_as_concept_id, observation.value_as_concept_id)
left join omop.concept as finding on finding.concept_id = feature.image_finding_concept_id
left join omop.concept as site on site.concept_id = feature.anatomic_site_concept_id
where detail.origin in ('report', 'segmentation', 'algorithm_result')
order by detail.sop_instance_uid, detail.source_path
"""
Feature = dict[str, Any]


def features(database: DuckDB | Postgres, document: str | None = None) -> list[Feature]:
    """Return the features of findings, without what is NULL."""
    named = [dict(zip(COLUMNS, row, strict=True)) for row in database.rows(FEATURES)]
    return [
        {k: v for k, v in row.items() if v is not None}
        for row in named
        if document in (None, row["document"])
    ]


def without(rows: list[Feature], *columns: str) -> list[Feature]:
    """Leave columns out."""
    return [{k: v for k, v in row.items() if k not in columns} for row in rows]


def accounted(database: DuckDB, document: str) -> dict[str, str]:
    """Return what is no feature, and why, by the place in the report."""
    rows = database.rows(
        "select message, reason_code from quality.quarantine"
        f" where stage = 'report_item' and entity = '{ROOT}.{document}'"
    )
    assert len(rows) == len(dict(rows))
    return dict(rows)
