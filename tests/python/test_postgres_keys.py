"""On Postgres: keys after a build, and a swap that readers don't notice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dicom_factory import write_slices
from pipeline import COMMANDS, PROJECT, ROWS_ONLY, DuckDB, Postgres, dbt, run, stage
from postgres_server import Server, fresh_database
from site_cdm import SCHEMA, into_postgres, random_site

SWAP = {"swap_schemas": ["omop", "quality", "phenotypes"]}


def call(database: Postgres, *words: str, **variables: Any) -> str:
    """Run dbt on it."""
    return dbt(
        *words,
        *("--target", "postgres"),
        target=database.target,
        variables=variables,
        **database.server.environment,
    )


def load(database: Postgres, number: int, images: int) -> None:
    """Stage and load so many more series of a person."""
    folder = database.target / f"dicom{number}"
    for series in range(images):
        write_slices(
            folder / str(series),
            1,
            series=10 * number + series,
            PatientID=f"P{number}",
            StudyInstanceUID=f"1.2.3.{number}",
        )
    stage(folder, out=database.raw)
    run(
        [COMMANDS / "micdm", "load", "--from", database.raw],
        **database.server.environment,
    )


def constraints(database: Postgres) -> dict[str, tuple[str, bool]]:
    """Read the keys of the tables in schema omop: name, definition, and whether it holds."""
    found = database.rows(
        "select conname, pg_get_constraintdef(oid), convalidated from pg_constraint"
        " where connamespace = 'omop'::regnamespace and contype in ('p', 'f')"
    )
    return {name: (definition, valid) for name, definition, valid in found}


@pytest.fixture(scope="module")
def built(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Build in the plain way, once for all tests here; each leaves a whole omop behind."""
    folder = tmp_path_factory.mktemp("keys")
    with fresh_database(postgres_server) as server:
        database = Postgres(server, folder / "target", folder / "raw")
        load(database, 1, 2)
        call(database, *ROWS_ONLY)
        yield database


def test_keys_are_those_of_omop(built: Postgres) -> None:
    call(built, "run-operation", "add_constraints")
    found = constraints(built)
    assert all(valid for _, valid in found.values())
    for name, definition in {
        "xpk_person": "PRIMARY KEY (person_id)",
        "xpk_measurement": "PRIMARY KEY (measurement_id)",
        "xpk_concept": "PRIMARY KEY (concept_id)",
        "xpk_image_occurrence": "PRIMARY KEY (image_occurrence_id)",
        "xpk_image_feature": "PRIMARY KEY (image_feature_id)",
        "fpk_measurement_person_id": ("FOREIGN KEY (person_id) REFERENCES omop.person(person_id)"),
        "fpk_measurement_unit_concept_id": (
            "FOREIGN KEY (unit_concept_id) REFERENCES omop.concept(concept_id)"
        ),
        "fpk_concept_domain_id": "FOREIGN KEY (domain_id) REFERENCES omop.domain(domain_id)",
        "fpk_image_feature_image_occurrence_id": (
            "FOREIGN KEY (image_occurrence_id)"
            " REFERENCES omop.image_occurrence(image_occurrence_id)"
        ),
        "fpk_image_occurrence_procedure_occurrence_id": (
            "FOREIGN KEY (procedure_occurrence_id)"
            " REFERENCES omop.procedure_occurrence(procedure_occurrence_id)"
        ),
    }.items():
        assert found[name][0] == definition
    # What points to any table can't be a foreign key.
    assert "fpk_measurement_measurement_event_id" not in found
    indexed = built.rows("select indexname from pg_indexes where schemaname = 'omop'")
    assert {
        ("idx_measurement_person_id",),
        ("idx_measurement_measurement_concept_id",),
        ("idx_measurement_visit_occurrence_id",),
        ("idx_concept_concept_code",),
        ("idx_image_feature_image_occurrence_id",),
    } <= set(indexed)
    assert built.rows(
        "select count(*) > 0 from pg_stats where schemaname = 'omop' and tablename = 'measurement'"
    ) == [(True,)]


def test_again_nothing_changes(built: Postgres) -> None:
    everything = (
        "select conrelid::regclass::text, conname, oid::text from pg_constraint"
        " where connamespace = 'omop'::regnamespace and contype in ('p', 'f') union all"
        " select indrelid::regclass::text, indexrelid::regclass::text, indexrelid::text"
        " from pg_index order by 1, 2"
    )
    call(built, "run-operation", "add_constraints")
    before = built.rows(everything)
    call(built, "run-operation", "add_constraints")
    assert built.rows(everything) == before


def test_a_build_replaces_tables_that_have_keys(built: Postgres) -> None:
    call(built, "run-operation", "add_constraints")
    before = constraints(built)
    call(built, *ROWS_ONLY, "--full-refresh")
    assert not constraints(built)
    call(built, "run-operation", "add_constraints")
    assert constraints(built) == before


def test_a_nightly_run_leaves_keys_and_rights_of_its_tables(built: Postgres) -> None:
    """Foreign keys aside, of which the tables that are made anew would break some."""
    call(built, "run-operation", "add_constraints")
    before = constraints(built)
    built.execute(
        "create view public.images as select count(*) as n from omop.image_occurrence",
        "drop role if exists micdm_test_reader",
        "create role micdm_test_reader",
        "grant select on omop.image_occurrence to micdm_test_reader",
    )
    [(images,)] = built.rows("select n from public.images")
    load(built, 4, 1)
    call(built, *ROWS_ONLY)
    assert built.rows("select mode from micdm_nightly.build_plan") == [("nightly",)]
    assert built.rows("select n from public.images") == [(images + 1,)]
    assert built.rows(
        "select has_table_privilege('micdm_test_reader', 'omop.image_occurrence', 'select')"
    ) == [(True,)]
    found = constraints(built)
    assert {"xpk_person", "xpk_image_occurrence", "xpk_measurement"} <= set(found)
    assert not [name for name in found if name.startswith("fpk_")]
    call(built, "run-operation", "add_constraints")
    assert constraints(built) == before
    built.execute(
        "drop view public.images", "drop owned by micdm_test_reader", "drop role micdm_test_reader"
    )


def test_rows_that_break_a_key_are_counted(built: Postgres) -> None:
    # Whole: a nightly run would leave the primary keys, which refuse such rows.
    call(built, *ROWS_ONLY, "--full-refresh")
    built.execute(
        "update omop.measurement set person_id = 77 where measurement_id <= 3",
        "insert into omop.image_feature"
        " select * from omop.image_feature where image_feature_id < 3",
    )
    with pytest.raises(AssertionError) as error:
        call(built, "run-operation", "add_constraints")
    said = str(error.value)
    assert (
        "omop.measurement: the foreign key fpk_measurement_person_id does not hold, as 3 rows"
        " have a person_id that is not in omop.person." in said
    )
    assert (
        "omop.image_feature: no primary key xpk_image_feature, as 2 values of image_feature_id"
        " stand in more than one row." in said
    )
    found = constraints(built)
    assert not found["fpk_measurement_person_id"][1]
    assert found["fpk_measurement_unit_concept_id"][1]
    call(built, *ROWS_ONLY, "--full-refresh")
    call(built, "run-operation", "add_constraints")
    assert all(valid for _, valid in constraints(built).values())


def test_readers_see_one_build_or_the_next(built: Postgres) -> None:
    """Tables of both are never mixed, none is missing; rights, views and keys go along."""
    call(built, *ROWS_ONLY)
    built.execute(
        "drop role if exists micdm_test_reader",
        "create role micdm_test_reader",
        "grant usage on schema omop to micdm_test_reader",
        "grant select on omop.image_feature to micdm_test_reader with grant option",
        "grant select (person_id) on omop.person to micdm_test_reader",
        "alter default privileges in schema omop grant select on tables to micdm_test_reader",
        "drop table omop.image_instance",
        "create schema if not exists mine",
        "create table if not exists omop.mine (id int)",
        "create or replace view mine.features with (security_barrier = true) as"
        " select count(*) as n from omop.image_feature",
        "create or replace view mine.twice as select n * 2 as n from mine.features",
        "grant select on mine.features to micdm_test_reader",
    )
    load(built, 2, 3)
    seen: list[tuple[int, ...]] = []
    faults: list[Exception] = []
    stop = threading.Event()

    def poll() -> None:
        try:
            with psycopg.connect(built.server.url, password=built.server.password) as connection:
                while not stop.is_set():
                    counts = [
                        connection.execute(query).fetchone()
                        for query in (
                            b"select count(*) from omop.image_feature",
                            b"select count(*) from omop.measurement",
                            b"select count(*) from quality.quarantine",
                        )
                    ]
                    connection.commit()
                    seen.append(tuple(count[0] for count in counts if count))
                    time.sleep(0.005)
        except psycopg.Error as error:
            faults.append(error)

    readers = [threading.Thread(target=poll) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        call(built, *ROWS_ONLY, **SWAP)
        call(built, "run-operation", "add_constraints", **SWAP)
        before = set(seen)
        call(built, "run-operation", "swap_schemas", **SWAP)
        time.sleep(0.5)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not faults
    assert len(before) == 1
    assert len(set(seen)) == 2
    (old,) = before
    (new,) = set(seen) - before
    assert 0 < old[0] < new[0]
    assert 0 < old[1] < new[1]
    assert "fpk_measurement_person_id" in constraints(built)
    assert built.rows("select n from mine.features") == [(new[0],)]
    assert built.rows("select n from mine.twice") == [(2 * new[0],)]
    assert built.rows("select reloptions from pg_class where relname = 'features'") == [
        (["security_barrier=true"],)
    ]
    assert built.rows("select to_regclass('omop.mine') is not null") == [(True,)]
    assert built.rows(
        "select has_schema_privilege(role, 'omop', 'usage'),"
        " has_table_privilege(role, 'omop.image_feature', 'select with grant option'),"
        " has_table_privilege(role, 'omop.person', 'select'),"
        " has_column_privilege(role, 'omop.person', 'person_id', 'select'),"
        " has_table_privilege(role, 'omop.image_instance', 'select'),"
        " has_table_privilege(role, 'mine.features', 'select')"
        " from (values ('micdm_test_reader')) as reader (role)"
    ) == [(True, True, False, True, True, True)]
    assert (
        built.rows("select nspname from pg_namespace where nspname ~ '_(next|before_swap)$'") == []
    )
    built.execute(
        "drop schema mine cascade",
        "drop table omop.mine",
        "drop owned by micdm_test_reader",
        "drop role micdm_test_reader",
    )


def test_a_killed_build_leaves_the_old_tables(built: Postgres) -> None:
    """And what is not whole is not swapped in."""
    call(built, *ROWS_ONLY)
    state = "select oid::text, relname from pg_class where relnamespace = 'omop'::regnamespace"
    before = sorted(built.rows(state))
    process = subprocess.Popen(
        [
            *(COMMANDS / "dbt", *ROWS_ONLY, "--target", "postgres", "--vars", json.dumps(SWAP)),
            *("--project-dir", PROJECT, "--profiles-dir", built.target),
            *("--target-path", built.target, "--log-path", built.target),
        ],
        env={**os.environ, "DO_NOT_TRACK": "1", **built.server.environment},
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 300
    while not built.rows("select 1 from pg_tables where schemaname = 'omop_next' limit 1"):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert sorted(built.rows(state)) == before
    with pytest.raises(AssertionError, match="omop_next is not there, or its build"):
        call(built, "run-operation", "swap_schemas", **SWAP)
    assert sorted(built.rows(state)) == before
    # What goes on from there is whole, with all tests.
    call(built, "build", **SWAP)
    # Nor does it swap under a transaction that has read, or under what would be lost.
    with built.server.connect() as reader:
        reader.execute("begin")
        reader.execute("select count(*) from omop.image_feature")
        with pytest.raises(AssertionError, match=r"Transactions still read .* process \d+ of"):
            call(*(built, "run-operation", "swap_schemas", "--args", "{wait_seconds: 1}"), **SWAP)
    built.execute("create materialized view public.kept as select * from omop.person")
    with pytest.raises(AssertionError, match=r"materialized view .*kept depends on table"):
        call(built, "run-operation", "swap_schemas", **SWAP)
    assert sorted(built.rows(state)) == before
    built.execute("drop materialized view public.kept")
    call(built, "run-operation", "swap_schemas", **SWAP)
    assert not {row[0] for row in built.rows(state)} & {row[0] for row in before}


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        ((*ROWS_ONLY, "--select", "person"), SWAP, "With swap_schemas all models are built"),
        (("build",), {"swap_schemas": ["omopp"]}, "names omopp, and no model"),
        (("build",), {"swap_schemas": ["micdm_registry"]}, "lasts from build to build"),
        (("run-operation", "swap_schemas"), {}, "swap_schemas names no schema"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    built: Postgres, words: tuple[str, ...], variables: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        call(built, *words, **variables)


def test_beside_a_site_cdm(postgres_server: Server, tmp_path: Path) -> None:
    """Its tables stay, our views on them move, and faults of its rows are told and no more."""
    site = random_site(8)
    stage(site.write_dicom(tmp_path / "dicom"), out=tmp_path / "raw")
    extend = {"cdm_mode": "extend", "site_cdm_schema": SCHEMA}
    with fresh_database(postgres_server) as server:
        into_postgres(site, server.url, server.password)
        database = Postgres(server, tmp_path / "target", tmp_path / "raw")
        database.execute(f"update {SCHEMA}.procedure_occurrence set visit_occurrence_id = 99999")
        load = [COMMANDS / "micdm", "load", "--from", database.raw]
        run(load, **server.environment)
        for _ in range(2):
            call(database, *ROWS_ONLY, **extend, **SWAP)
            said = call(database, "run-operation", "add_constraints", **extend, **SWAP)
            assert "fpk_procedure_occurrence_visit_occurrence_id does not hold" in said
            call(database, "run-operation", "swap_schemas", **extend, **SWAP)
        found = constraints(database)
        assert not found["fpk_procedure_occurrence_visit_occurrence_id"][1]
        assert found["fpk_procedure_occurrence_person_id"][1]
        assert database.rows(
            "select relkind from pg_class where oid = 'omop.drug_exposure'::regclass"
        ) == [("v",)]
        assert database.rows("select count(*) from omop.procedure_occurrence") == database.rows(
            f"select (select count(*) from {SCHEMA}.procedure_occurrence)"
            " + (select count(*) from micdm_registry.procedure_registry)"
        )
        # The site's own schema is never swapped away.
        database.execute("drop schema omop cascade", f"alter schema {SCHEMA} rename to omop")
        with pytest.raises(AssertionError, match="The schema omop is the site's"):
            call(database, *ROWS_ONLY, **{**extend, "site_cdm_schema": "omop"}, **SWAP)


def test_ids_stop_at_the_last_of_32_bits(built: Postgres) -> None:
    """A registry that is full keeps what it has, and the tables stay as they were."""
    registry = "select * from micdm_registry.image_occurrence_registry order by image_occurrence_id"
    before = built.rows(registry)
    built.execute(
        "insert into micdm_registry.image_occurrence_registry values ('1.2.3.99', 2147483647)"
    )
    try:
        load(built, 3, 1)
        with pytest.raises(
            AssertionError, match="The ids of image_occurrence would pass 2147483647"
        ):
            call(built, *ROWS_ONLY)
    finally:
        built.execute(
            "delete from micdm_registry.image_occurrence_registry"
            " where image_occurrence_id = 2147483647"
        )
    assert built.rows(registry) == before


def test_on_duckdb_it_is_another_way(tmp_path: Path) -> None:
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "raw")
    for operation in ("add_constraints", "swap_schemas"):
        said = dbt(
            *("run-operation", operation),
            target=tmp_path / "target",
            MICDM_DUCKDB=str(database.path),
        )
        assert f"{operation}: nothing to do on duckdb" in said
    stage(*write_slices(tmp_path / "dicom", 1), out=database.raw)
    with pytest.raises(AssertionError, match="swap_schemas is for Postgres"):
        database.build(*ROWS_ONLY, **SWAP)
    # The way of docs/postgres.md: in another folder under the same name, which its views know.
    copied = DuckDB(tmp_path / "next" / "micdm.duckdb", database.raw)
    copied.path.parent.mkdir()
    copied.build(*ROWS_ONLY, "--select", "+image_occurrence")
    copied.path.rename(database.path)
    assert database.rows("select count(*) from omop.image_occurrence") == [(1,)]
    assert database.rows("select count(*) from micdm_staging.stg_dicom_instance") == [(1,)]
