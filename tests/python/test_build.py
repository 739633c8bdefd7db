"""The whole job on real files: what comes out, on both engines, and that it stays the same."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from dicom_factory import write_slices
from pipeline import PROJECT, DuckDB, Postgres, Row, assert_same_rows, dbt, stage
from postgres_server import Server, fresh_database

# The sample files have neither birth dates nor ages as a rule.
ACCEPTED = {"unknown_birth_year": 1900}
SAMPLES = ("pydicom", "data_store", "deid_data", "pyskindose")


@pytest.fixture(scope="session")
def samples() -> list[Path]:
    """Real DICOM that packages on PyPI ship."""
    folders = []
    for package in SAMPLES:
        spec = find_spec(package)
        assert spec is not None, f"requirements/samples.txt is not installed: {package}"
        assert spec.submodule_search_locations is not None
        folders.append(Path(next(iter(spec.submodule_search_locations))))
    return folders


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, samples: list[Path]) -> DuckDB:
    """A database built from the samples, all data and unit tests passed."""
    folder = tmp_path_factory.mktemp("duckdb")
    stage(*samples, out=folder / "raw")
    database = DuckDB(folder / "micdm.duckdb", folder / "raw")
    database.build(**ACCEPTED)
    return database


def copy(database: DuckDB, folder: Path) -> DuckDB:
    """Return a copy to change."""
    shutil.copytree(database.raw, folder / "raw")
    shutil.copy(database.path, folder / "micdm.duckdb")
    shutil.copytree(
        database.path.with_suffix(".target"), folder / "micdm.target", dirs_exist_ok=True
    )
    return DuckDB(folder / "micdm.duckdb", folder / "raw")


def snapshot(database: DuckDB) -> dict[str, list[Row]]:
    """Every table that users see: the CDM as it lies, quality tables in some order."""
    return {
        name: database.table(name)
        if name.startswith("omop.")
        else sorted(database.table(name), key=repr)
        for name in database.tables()
    }


def test_real_files_become_rows(built: DuckDB) -> None:
    ((instances, modalities),) = built.rows(
        "select count(*), count(distinct modality_concept_id)"
        " from omop.image_instance join omop.image_occurrence using (image_occurrence_id)"
    )
    assert instances >= 60
    assert modalities >= 6
    # CT_small.dcm, row by row.
    assert built.rows(
        """
        select image_occurrence_date, image_occurrence.anatomic_site_concept_id, concept_name
        from omop.image_occurrence
        join omop.concept on concept_id = modality_concept_id
        where image_series_uid = '1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322'
        """
    ) == [(built.rows("select date '1997-04-30'")[0][0], None, "Computed tomography")]
    parameters = dict(
        built.rows(
            """
            select source_keyword || coalesce(' ' || value_slot, ''), value_as_number
            from omop.image_feature
            join omop.image_feature_detail using (image_feature_id)
            join omop.measurement on measurement_id = image_feature_event_id
            join omop.image_occurrence using (image_occurrence_id)
            where image_series_uid = '1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322'
            and value_order = 0 and value_as_number is not null
            """
        )
    )
    assert parameters["SliceThickness mode"] == 5.0
    assert parameters["KVP mode"] == 120.0
    assert parameters["XRayTubeCurrent min"] == 170.0


def test_units_are_kept(built: DuckDB) -> None:
    units = dict(
        built.rows(
            """
            select distinct source_keyword, concept_code
            from omop.image_feature_detail
            join omop.image_feature using (image_feature_id)
            join omop.measurement on measurement_id = image_feature_event_id
            left join omop.concept on concept_id = unit_concept_id
            where source_keyword in ('SliceThickness', 'KVP', 'RepetitionTime', 'Rows')
            """
        )
    )
    assert units == {"SliceThickness": "mm", "KVP": "kV", "RepetitionTime": "ms", "Rows": None}


def test_nothing_is_lost(built: DuckDB) -> None:
    lines = {
        stage: (rows_in, rows_out, quarantined)
        for _, stage, _, rows_in, rows_out, quarantined in built.table("quality.attrition")
    }
    assert all(rows_in == out + quarantined for rows_in, out, quarantined in lines.values())
    # Each stage starts with what the one before it let through.
    assert lines["instance"][0] == lines["staged_file"][1]
    assert lines["image"][0] == lines["instance"][1]
    assert lines["image_instance"][0] == lines["image"][1]
    assert lines["parameter"][1] == len(built.table("omop.measurement"))


def test_no_person_is_placeholder_unless_accepted(built: DuckDB, tmp_path: Path) -> None:
    strict = copy(built, tmp_path)
    strict.build("run")
    placeholder = (
        "select count(*) from micdm_intermediate.int_person"
        " where year_of_birth_source = 'unknown_birth_year'"
    )
    ((accepted,),) = built.rows(placeholder)
    assert accepted > 0
    assert strict.rows(placeholder) == [(0,)]
    assert len(strict.table("omop.person")) == len(built.table("omop.person")) - accepted
    assert strict.rows(
        "select count(*) > 0 from quality.quarantine where reason_code = 'no_birth_year'"
    ) == [(True,)]


def test_both_engines_give_the_same_rows(
    built: DuckDB, postgres_server: Server, tmp_path: Path
) -> None:
    with fresh_database(postgres_server) as server:
        postgres = Postgres(server, tmp_path / "target", built.raw)
        postgres.build(**ACCEPTED)
        assert_same_rows(built, postgres)
        registry = "micdm_registry.image_occurrence_registry"
        assert sorted(postgres.rows(f"select * from {registry}")) == sorted(built.table(registry))


def test_building_again_changes_nothing(built: DuckDB, tmp_path: Path, samples: list[Path]) -> None:
    before = snapshot(built)
    again = copy(built, tmp_path)
    assert "DICOM instances" in stage(*samples, out=again.raw)
    again.build("run", **ACCEPTED)
    after = snapshot(again)
    # The run itself is one more line to account for: all its files are unchanged.
    runs = "quality.attrition"
    assert [row for row in after.pop(runs) if row[1] != "extract"] == [
        row for row in before.pop(runs) if row[1] != "extract"
    ]
    assert after == before
    again.build("run", "--full-refresh", **ACCEPTED)
    after = snapshot(again)
    after.pop(runs)
    assert after == before


def test_one_more_series_adds_its_rows_only(built: DuckDB, tmp_path: Path) -> None:
    before = snapshot(built)
    more = copy(built, tmp_path)
    folder = tmp_path / "new"
    # Its UID sorts before all others, its person too: a numbering by order would move every id.
    write_slices(folder, 3, series=1, PatientID=" 0", StudyInstanceUID="0.1")
    stage(folder, out=more.raw)
    more.build(**ACCEPTED)
    after = snapshot(more)
    for name in ("image_occurrence", "image_feature", "measurement", "person", "image_instance"):
        old, new = before[f"omop.{name}"], after[f"omop.{name}"]
        assert set(old) < set(new), name
    added = set(after["omop.image_occurrence"]) - set(before["omop.image_occurrence"])
    assert len(added) == 1
    occurrence = added.pop()[0]
    assert occurrence == len(before["omop.image_occurrence"]) + 1

    # A staged run that is deleted and made again gets its old numbers.
    for part in more.raw.glob("*/*.parquet"):
        if part.name.partition("-")[0] > max(run_ids(built)).partition("-")[0]:
            part.unlink()
    more.build("run", **ACCEPTED)
    assert snapshot(more)["omop.image_occurrence"] == before["omop.image_occurrence"]
    stage(folder, out=more.raw)
    more.build("run", **ACCEPTED)
    # What a nightly run adds lies at the end.
    again = snapshot(more)
    assert again.keys() == after.keys()
    for name, rows in again.items():
        assert sorted(map(repr, rows)) == sorted(map(repr, after[name])), name


def run_ids(database: DuckDB) -> list[str]:
    """Return the runs that staged the data."""
    return [run_id for (run_id,) in database.rows("select run_id from raw_dicom.extract_run")]


def test_a_new_attribute_is_one_csv_row(built: DuckDB, tmp_path: Path, samples: list[Path]) -> None:
    project = tmp_path / "project"
    ignored = shutil.ignore_patterns(".*", "data", "target", "logs", "*.duckdb", "dbt_packages")
    shutil.copytree(PROJECT, project, ignore=ignored)
    seed = project / "seeds/mapping/dicom_attribute.csv"
    assert "WindowCenter" not in seed.read_text()
    with seed.open("a") as file:
        file.write(
            "WindowCenter,WindowCenter,00281050,DS,Window Center,,series,feature,number,each,each,,"
            "ALL,DICOM,00281050,,test\n"
        )
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "raw")
    stage(samples[0], out=database.raw, options=["--attributes", str(seed)])
    database.build(project=project, **ACCEPTED)
    ((count, tags),) = database.rows(
        """
        select count(*), count(distinct measurement_source_value)
        from omop.measurement
        join omop.image_feature on image_feature_event_id = measurement_id
        join omop.image_feature_detail using (image_feature_id)
        where source_keyword = 'WindowCenter' and value_as_number is not null
        """
    )
    assert count > 10
    assert tags == 1


def test_every_model_and_column_is_described(built: DuckDB, tmp_path: Path) -> None:
    dbt(
        "docs",
        "generate",
        "--static",
        target=tmp_path,
        variables={"raw_path": str(built.raw)},
        MICDM_DUCKDB=str(built.path),
    )
    assert (tmp_path / "static_index.html").stat().st_size > 100_000
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    catalog = json.loads((tmp_path / "catalog.json").read_text())
    described = {
        **{k: n for k, n in manifest["nodes"].items() if n["resource_type"] in ("model", "seed")},
        **manifest["sources"],
    }
    assert len(described) > 80
    missing = []
    for key, node in described.items():
        if not node["description"].strip():
            missing.append(key)
        found = {**catalog["nodes"], **catalog["sources"]}[key]["columns"]
        texts = {name.lower(): column["description"] for name, column in node["columns"].items()}
        missing += [f"{key}.{name}" for name in found if not texts.get(name.lower(), "").strip()]
    assert missing == []
