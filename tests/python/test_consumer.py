"""The project under integration_tests/: micdm as a package, with the rows and macros of a site."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydicom import Dataset

from dicom_factory import write_slices
from pipeline import COMMANDS, PROJECT, DuckDB, Row, dbt, run, stage
from postgres_server import Server

CONSUMER = PROJECT / "integration_tests"
README = PROJECT / "README.md"
COHORT = """
    select image_series_uid, cohort.local_path, slice_thickness_mm
    from micdm_site.thin_body_ct as cohort
    join omop.image_occurrence using (image_occurrence_id)
    order by 1
"""


@pytest.fixture
def consumer(tmp_path: Path) -> Path:
    """Copy the project, its package installed: the repository stays as it is."""
    project = tmp_path / "consumer"
    shutil.copytree(
        CONSUMER,
        project,
        ignore=shutil.ignore_patterns("dbt_packages", "target", "logs", "*.duckdb*", "*-lock.yml"),
    )
    packages = project / "packages.yml"
    text = packages.read_text(encoding="utf-8")
    assert "local: ..\n" in text
    packages.write_text(text.replace("local: ..", f"local: {PROJECT}"), encoding="utf-8")
    places = ("--project-dir", project, "--profiles-dir", project, "--log-path", tmp_path / "deps")
    shutil.copy(PROJECT / "profiles.yml.example", project / "profiles.yml")
    run([COMMANDS / "dbt", "deps", *places])
    return project


@pytest.fixture
def raw(consumer: Path, tmp_path: Path) -> Path:
    """Four CT series, staged with the attributes of the site."""
    dicom = tmp_path / "dicom"
    for series, values in enumerate(
        (
            {"BodyPartExamined": "PARTIAL BODY", "SliceThickness": "3"},
            {"BodyPartExamined": "PARTIALBODY", "SliceThickness": "5"},
            {"BodyPartExamined": "CHEST", "SliceThickness": "1"},
            {"BodyPartExamined": "WHOLEBODY", "SliceThickness": "2"},
        ),
        start=1,
    ):
        write_slices(
            dicom / f"series{series}",
            2,
            series=series,
            StudyInstanceUID=f"1.2.3.{series}",
            EstimatedDoseSaving=12.5,
            **values,
        )
    own = consumer / "seeds" / "site_dicom_attribute.csv"
    stage(dicom, out=tmp_path / "raw", options=["--attributes", str(own)])
    return tmp_path / "raw"


def variables(tmp_path: Path) -> dict[str, Any]:
    return {"image_mount": str(tmp_path / "dicom")}


def cohort(rows: list[Row]) -> list[Row]:
    """Shorten the UIDs to their last number."""
    return [(uid.rpartition(".")[2], *more) for uid, *more in rows]


EXPECTED = [("1", r"\\nas\pacs\series1", 3.0), ("4", r"\\nas\pacs\series4", 2.0)]


def test_package_serves_a_site(consumer: Path, raw: Path, tmp_path: Path) -> None:
    database = DuckDB(tmp_path / "site.duckdb", raw)
    # Every data and unit test of the package runs as well.
    database.build(project=consumer, **variables(tmp_path))

    assert cohort(database.rows(COHORT)) == EXPECTED
    # The query of the README runs as it stands there.
    (query,) = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert [row[2:] for row in database.rows(query)] == [(3, 120), (1, 120), (2, 120)]
    assert database.rows(
        "select distinct anatomic_site_status from omop.image_occurrence_detail"
    ) == [("mapped",)]
    assert database.rows(
        """
        select value_as_number, unit_source_value, concept_code, count(*)
        from omop.measurement
        left join omop.concept on concept_id = unit_concept_id
        where measurement_source_value = '00189324'
        group by all
        """
    ) == [(12.5, "%", "%", 4)]


def test_the_mapping_guide_does_what_it_says(consumer: Path, tmp_path: Path) -> None:
    guide = (PROJECT / "docs" / "mapping.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"In `([^`]+)`[^\n]*:\n\n```\w+\n(.*?)```", guide, re.DOTALL))
    settings = yaml.safe_load(files.pop("dbt_project.yml"))
    for name, text in files.items():
        (consumer / name).write_text(text, encoding="utf-8")

    def write_series(series: int, body_part: str, manufacturer: str, *code: str) -> None:
        procedure = Dataset()
        procedure.CodeValue, procedure.CodeMeaning = code
        procedure.CodingSchemeDesignator = "99HUBER"
        write_slices(
            tmp_path / "dicom" / str(series),
            1,
            series=series,
            StudyInstanceUID=f"1.2.3.{series}",
            BodyPartExamined=body_part,
            Manufacturer=manufacturer,
            ProcedureCodeSequence=[procedure],
        )

    write_series(1, "FLAPCHECK", "Acme X-Ray Ltd.", "CT1", "CT CHEST")
    write_series(2, "SAUSAGE", "Unknown Ltd.", "CT2", "RESEARCH")
    stage(tmp_path / "dicom", out=tmp_path / "raw")
    database = DuckDB(tmp_path / "site.duckdb", tmp_path / "raw")
    database.build(
        "build",
        "--exclude",
        "resource_type:test",
        "resource_type:unit_test",
        project=consumer,
        image_mount=str(tmp_path / "dicom"),
        **settings["vars"]["micdm"],
    )
    assert database.rows(
        """
        select site.concept_code, detail.manufacturer, done.concept_code, procedure_match_method
        from omop.image_occurrence as image
        join omop.image_occurrence_detail as detail using (image_occurrence_id)
        join omop.procedure_occurrence using (procedure_occurrence_id)
        join omop.concept as done on done.concept_id = procedure_concept_id
        left join omop.concept as site on site.concept_id = image.anatomic_site_concept_id
        order by image_study_uid
        """
    ) == [
        ("76752008", "Acme", "169069000", "created_from_code"),
        ("No matching concept", "Unknown Ltd.", "77477000", "created_from_modality"),
    ]
    # What was mapped is off the list, and the query of the guide runs as it stands there.
    (query,) = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    assert {row[3] for row in database.rows(query)} >= {
        "SAUSAGE",
        "Unknown Ltd.",
        "99HUBER:CT2|RESEARCH",
    }
    assert not {row[3] for row in database.rows(query)} & {
        "FLAPCHECK",
        "Acme X-Ray Ltd.",
        "99HUBER:CT1|CT CHEST",
    }


def test_package_serves_a_site_on_postgres(
    consumer: Path, raw: Path, tmp_path: Path, postgres: Server
) -> None:
    run([COMMANDS / "micdm", "load", "--from", raw], **postgres.environment)
    dbt(
        "build",
        "--target",
        "postgres",
        # Its own tests have passed on Postgres elsewhere.
        "--exclude",
        "package:micdm,resource_type:test",
        "package:micdm,resource_type:unit_test",
        target=tmp_path / "target",
        project=consumer,
        variables=variables(tmp_path),
        **postgres.environment,
    )
    with postgres.connect() as connection:
        assert cohort(connection.execute(COHORT).fetchall()) == EXPECTED


def test_site_rows_have_the_columns_of_ours() -> None:
    """A seed that lacks a column would only fail when it is used."""
    for own, ours in (
        ("site_body_part_synonym", "body_part_synonym"),
        ("site_dicom_attribute", "dicom_attribute"),
    ):
        headers = []
        for path in (
            CONSUMER / "seeds" / f"{own}.csv",
            PROJECT / "seeds" / "mapping" / f"{ours}.csv",
        ):
            with path.open(encoding="utf-8", newline="") as lines:
                headers.append(next(csv.reader(lines)))
        assert headers[0] == headers[1]
