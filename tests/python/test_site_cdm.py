"""Beside the CDM of a hospital: what is found in it, and that it stays as it is.

Expectations are computed by tests/python/site_cdm.py, which knows nothing of the project's SQL.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import (
    COMMANDS,
    PROJECT,
    ROWS_ONLY,
    DuckDB,
    Postgres,
    Row,
    assert_same_rows,
    run,
    stage,
)
from postgres_server import Server, fresh_database
from site_cdm import (
    ABSENT,
    EXTEND,
    SCHEMA,
    Expected,
    Rows,
    Series,
    Site,
    concepts,
    expected,
    into_duckdb,
    into_postgres,
    linked,
    person,
    procedure,
    random_site,
    source_tables,
    visit,
)

PERSONS = int(os.environ.get("MICDM_TEST_PERSONS", "1000"))


def site_rows(rows: Rows, schema: str = SCHEMA) -> dict[str, Counter[Row]]:
    """Read every table of the hospital."""
    return {
        table: Counter(rows(f"select * from {schema}.{table}"))
        for table in source_tables()
        if table not in ABSENT
    }


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Path]:
    """Make a small hospital and stage its images."""
    folder = tmp_path_factory.mktemp("hospital")
    site = random_site(60)
    stage(site.write_dicom(folder / "dicom"), out=folder / "raw")
    return site, folder / "raw"


@pytest.fixture(scope="module")
def built(hospital: tuple[Site, Path]) -> DuckDB:
    """Build beside it, with all data tests."""
    site, raw = hospital
    database = DuckDB(raw.parent / "micdm.duckdb", raw)
    into_duckdb(site, database.path)
    database.build("build", "--exclude-resource-type", "unit_test", **EXTEND)
    return database


def test_the_made_hospital_has_every_case(hospital: tuple[Site, Path]) -> None:
    wanted = expected(hospital[0]).values()
    assert {one.reason for one in wanted} == {None, "person_not_found", "person_ambiguous"}
    assert {one.person_method for one in wanted} > {
        "person_mapping",
        "person_source_value",
        "other_patient_id",
    }
    assert {one.visit_method for one in wanted} == {
        None,
        "time_in_visit",
        "date_in_visit",
        "accession_mapping",
    }
    assert {one.procedure_method for one in wanted} == {
        None,
        "accession_mapping",
        "same_day",
        "created",
    }
    assert max(len(one.procedures) for one in wanted) > 1
    shared = Counter(one.procedure for one in wanted if one.procedure)
    assert max(shared.values()) > 1


def test_series_are_linked_as_expected(hospital: tuple[Site, Path], built: DuckDB) -> None:
    assert linked(built.rows) == expected(hospital[0])


def test_the_output_is_a_whole_cdm(built: DuckDB) -> None:
    """What we add to has the site's rows and ours; the rest is as it was."""
    output = {name for (name,) in built.rows("select table_name from duckdb_tables()")}
    output |= {name for (name,) in built.rows("select view_name from duckdb_views()")}
    site = site_rows(built.rows)
    ours: dict[str, int] = {}
    for table in source_tables():
        assert table in output
        rows = Counter(built.rows(f"select * from omop.{table}"))
        if table in ABSENT:
            assert not rows
            continue
        assert site[table] <= rows, table
        ours[table] = (rows - site[table]).total()
    assert ours["person"] == 0
    assert ours["visit_occurrence"] == 0
    for table in ("procedure_occurrence", "measurement", "observation_period", "concept"):
        assert ours.pop(table) > 0
    assert ours.pop("fact_relationship") > 0
    assert {table for table, count in ours.items() if count} <= {
        "concept_relationship",
        "vocabulary",
        "domain",
        "concept_class",
        "relationship",
        "concept_ancestor",
    }
    # Nobody has periods of ours and of the site's.
    assert built.rows(
        "select count(*) from omop.observation_period as ours"
        f" join {SCHEMA}.observation_period as theirs using (person_id)"
        " where ours.observation_period_id > 1000000000"
    ) == [(0,)]


def test_clinical_rows_have_the_visit_of_their_series(built: DuckDB) -> None:
    assert built.rows(
        """
        select count(*), count(measurement.visit_occurrence_id) > 0
        from omop.measurement
        join omop.image_occurrence on measurement_event_id = image_occurrence_id
        where measurement.visit_occurrence_id is distinct from image_occurrence.visit_occurrence_id
        """
    ) == [(0, False)]
    visits = built.rows(
        """
        select made.visit_occurrence_id, list(distinct image.visit_occurrence_id)
        from omop.procedure_occurrence as made
        join omop.image_occurrence as image using (procedure_occurrence_id)
        where procedure_occurrence_id > 1000000000
        group by all
        """
    )
    assert any(visit_id for visit_id, _ in visits)
    for visit_id, of_series in visits:
        known = [one for one in of_series if one is not None]
        assert visit_id == (known[0] if len(known) == 1 else None)


def test_link_quality_counts_each_series(hospital: tuple[Site, Path], built: DuckDB) -> None:
    wanted = expected(hospital[0])
    months = {series.uid: series.day.replace(day=1) for series in hospital[0].series}
    modalities = {series.uid: series.modality for series in hospital[0].series}
    count: Counter[Row] = Counter()
    for uid, one in wanted.items():
        key = months[uid], modalities[uid]
        count["person", *key, one.person_method or "none"] += 1
        if one.reason is None:
            count["visit", *key, one.visit_method or "none"] += 1
            count["procedure", *key, one.procedure_method] += 1
    found = built.rows(
        "select link, image_month, modality, match_method, series_count, series_share"
        " from quality.link_quality"
    )
    assert {row[:4]: row[4] for row in found} == count
    total: Counter[Row] = Counter()
    for row in found:
        total[row[:3]] += row[5]
    assert all(abs(share - 1) < 1e-9 for share in total.values())


def test_postgres_gives_the_same_rows(
    hospital: tuple[Site, Path], built: DuckDB, postgres_server: Server, tmp_path: Path
) -> None:
    site, raw = hospital
    with fresh_database(postgres_server) as server:
        into_postgres(site, server.url, server.password)
        postgres = Postgres(server, tmp_path / "target", raw)
        before = site_rows(postgres.rows)
        postgres.build(**EXTEND)
        assert site_rows(postgres.rows) == before
        assert linked(postgres.rows) == expected(site)
        assert_same_rows(built, postgres)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Path, dict[str, Expected]]:
    """Make a hospital of as many persons as a small town's, and compute what is to be found."""
    folder = tmp_path_factory.mktemp("large")
    site = random_site(PERSONS, seed=1)
    assert len(site.tables["person"]) >= PERSONS
    stage(site.write_dicom(folder / "dicom"), out=folder / "raw")
    return site, folder / "raw", expected(site)


def test_a_large_hospital_is_linked_as_expected(
    large: tuple[Site, Path, dict[str, Expected]],
) -> None:
    site, raw, wanted = large
    database = DuckDB(raw.parent / "micdm.duckdb", raw)
    into_duckdb(site, database.path)
    before = site_rows(database.rows)
    database.build(*ROWS_ONLY, **EXTEND)
    assert linked(database.rows) == wanted
    assert site_rows(database.rows) == before


def test_a_large_hospital_is_linked_as_expected_on_postgres(
    large: tuple[Site, Path, dict[str, Expected]], postgres_server: Server
) -> None:
    site, raw, wanted = large
    with fresh_database(postgres_server) as server:
        into_postgres(site, server.url, server.password)
        postgres = Postgres(server, raw.parent / "target", raw)
        before = site_rows(postgres.rows)
        postgres.build(*ROWS_ONLY, **EXTEND)
        assert linked(postgres.rows) == wanted
        assert site_rows(postgres.rows) == before


# By hand


DAY = dt.date(2024, 1, 2)


def one_series(uid: str, patient_id: str = "P1", **values: Any) -> Series:
    """Return a CT series of the chest."""
    given = {
        "uid": f"1.2.3.{uid}",
        "study": f"1.2.4.{uid}",
        "patient_id": patient_id,
        "issuer": "",
        "other_ids": (),
        "day": DAY,
        "time": dt.time(10),
        "modality": "CT",
        "place": "CHEST",
        "accession": None,
    }
    return Series(**{**given, **values})


@pytest.fixture
def small(tmp_path: Path) -> tuple[Site, DuckDB]:
    """A person with a visit and a procedure, and two patients with a series each."""
    site = Site()
    concepts(site)
    person(site, 5, "P1")
    visit(site, 7, 5, DAY, DAY)
    procedure(site, 9, 5, DAY, 900003)
    site.series = [one_series("1"), one_series("2", "P2")]
    stage(site.write_dicom(tmp_path / "dicom"), out=tmp_path / "raw")
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "raw")
    into_duckdb(site, database.path)
    return site, database


def execute(database: DuckDB, sql: str) -> None:
    """Change the database, as the site does."""
    with duckdb.connect(str(database.path)) as connection:
        connection.execute(sql)


def test_a_person_that_arrives_releases_its_series(small: tuple[Site, DuckDB]) -> None:
    _, database = small
    only = (*ROWS_ONLY, "--select", "+image_occurrence", "+conflict")
    database.build(*only, **EXTEND)
    images = "select image_series_uid, image_occurrence_id, person_id from omop.image_occurrence"
    assert database.rows(images) == [("1.2.3.1", 1, 5)]
    execute(
        database,
        f"insert into {SCHEMA}.person by name select 6 as person_id, 8507 as gender_concept_id,"
        " 1960 as year_of_birth, 0 as race_concept_id, 0 as ethnicity_concept_id,"
        " 'P2' as person_source_value",
    )
    database.build(*only, **EXTEND)
    assert database.rows(images) == [("1.2.3.1", 1, 5), ("1.2.3.2", 2, 6)]
    # What the header says of P2 is not what the CDM says.
    assert sorted(
        database.rows("select entity, conflict from quality.conflict where grain = 'person'")
    ) == [("P2^^^", "birth_year_differs_from_cdm"), ("P2^^^", "sex_differs_from_cdm")]


def test_persons_may_be_created_beside_the_site(small: tuple[Site, DuckDB]) -> None:
    """Ids of ours that the site has fail the build."""
    _, database = small
    options = {"person_policy": "create", "id_offset": {"procedure_occurrence": 8}, **EXTEND}
    wanted = (
        "+image_occurrence",
        "+image_occurrence_detail",
        "+person",
        "+measurement_registry",
        "stg_cdm_measurement",
    )
    database.build(*ROWS_ONLY, "--select", *wanted, **options)
    assert database.rows(
        "select image_series_uid, image.person_id, person_match_method"
        " from omop.image_occurrence as image"
        " join omop.image_occurrence_detail using (image_occurrence_id) order by 1"
    ) == [
        ("1.2.3.1", 5, "person_source_value"),
        ("1.2.3.2", 1_000_000_001, "created"),
    ]
    assert database.rows("select person_id from omop.person") == [(5,), (1_000_000_001,)]
    database.build("test", "--select", "person_registry", **options)
    with pytest.raises(AssertionError, match="clear_of_site_ids_procedure_registry"):
        database.build("test", "--select", "procedure_registry", **options)
    # Nor may the site have one where ours would be, though none of ours is there yet.
    database.build("test", "--select", "measurement_registry", **options)
    execute(
        database,
        f"insert into {SCHEMA}.measurement by name select 1500000000 as measurement_id,"
        " 5 as person_id, 0 as measurement_concept_id, date '2024-01-01' as measurement_date,"
        " 0 as measurement_type_concept_id",
    )
    with pytest.raises(AssertionError, match="clear_of_site_ids_measurement_registry"):
        database.build("test", "--select", "measurement_registry", **options)


def test_the_last_id_of_32_bits_is_the_last(small: tuple[Site, DuckDB]) -> None:
    _, database = small
    with pytest.raises(AssertionError, match="The ids of measurement would pass 2147483647"):
        database.build(
            *ROWS_ONLY,
            "--select",
            "+measurement_registry",
            id_offset={"measurement": 2147483640},
        )


def test_the_cdm_may_be_an_attached_file(small: tuple[Site, DuckDB], tmp_path: Path) -> None:
    """In another file of DuckDB, which the profile attaches: database.schema."""
    _, database = small
    hospital = tmp_path / "hospital_cdm.duckdb"
    database.path.rename(hospital)
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    text = (PROJECT / "profiles.yml.example").read_text(encoding="utf-8")
    place = "      path: \"{{ env_var('MICDM_DUCKDB', 'micdm.duckdb') }}\"\n"
    assert place in text
    attach = f"      attach:\n        - {{path: '{hospital}', alias: cdm, read_only: true}}\n"
    (profiles / "profiles.yml").write_text(text.replace(place, place + attach), encoding="utf-8")
    variables = {
        "raw_path": str(database.raw),
        "cdm_mode": "extend",
        "site_cdm_schema": f"cdm.{SCHEMA}",
        "person_mapping": "cdm.imaging.person_mapping",
    }
    run(
        [
            *(COMMANDS / "dbt", *ROWS_ONLY, "--select", "+image_occurrence", "+omop.site"),
            *(
                "--project-dir",
                PROJECT,
                "--profiles-dir",
                profiles,
                "--vars",
                json.dumps(variables),
            ),
            *("--target-path", tmp_path / "target", "--log-path", tmp_path / "target"),
        ],
        MICDM_DUCKDB=str(database.path),
    )
    assert database.rows("select image_series_uid, person_id from omop.image_occurrence") == [
        ("1.2.3.1", 5)
    ]


@pytest.mark.parametrize(
    ("change", "variables", "sentence"),
    [
        ("drop table hospital.visit_occurrence", {}, "lacks the table visit_occurrence"),
        (
            "alter table hospital.person drop column year_of_birth",
            {},
            "lacks the column person.year_of_birth",
        ),
        ("", {"site_cdm_schema": "hospitl"}, "there is no hospitl"),
        ("", {"site_cdm_schema": None}, "site_cdm_schema must name"),
        ("", {"cdm_mode": "standalone"}, "has a meaning only with cdm_mode extend"),
        ("rename to omop", {"site_cdm_schema": "omop"}, "is the site's"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_nothing_is_built(
    tmp_path: Path, change: str, variables: dict[str, Any], sentence: str
) -> None:
    site = Site(series=[one_series("1")])
    stage(site.write_dicom(tmp_path / "dicom"), out=tmp_path / "raw")
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "raw")
    if "rename" in change:
        # DuckDB has no such statement.
        into_duckdb(site, database.path)
        with duckdb.connect(str(database.path)) as connection:
            connection.execute("create schema omop")
            for table in source_tables():
                if table not in ABSENT:
                    connection.execute(f"create table omop.{table} as from {SCHEMA}.{table}")
            connection.execute(f"drop schema {SCHEMA} cascade")
    else:
        into_duckdb(site, database.path)
        execute(database, change or "select 1")
    tables = "select table_schema, table_name from information_schema.tables order by all"
    before = database.rows(tables)
    with pytest.raises(AssertionError, match=sentence):
        database.build(*ROWS_ONLY, **{**EXTEND, **variables})
    assert database.rows(tables) == before
