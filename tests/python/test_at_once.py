"""Two commands at once: the second stops with a sentence, and nothing is written twice."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from commands import dbt_command, kill, start
from dicom_factory import table, write_slices
from pipeline import COMMANDS, SOME, DuckDB, Postgres, dbt, run, stage
from postgres_server import Server, fresh_database

SENTENCE = "let it finish first"
REGISTRY = "micdm_registry.image_occurrence_registry"


def wait_until(is_so: Callable[[], object], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)


# In a staged folder, and into Postgres


def test_two_stagings_of_one_folder(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    write_slices(folder, 300)
    words = [COMMANDS / "micdm", "stage", "-", "--out", out, "--workers", 1]
    # The first waits for its list of files, so that it is at work when the second comes.
    first = start(words)
    wait_until((out / "extract_run" / "empty.parquet").exists, first)
    second = start(words)
    said, _ = second.communicate(timeout=120)
    assert second.returncode == 2, said
    assert said == f"micdm: Another `micdm` is writing to {out}: let it finish first.\n"
    said, _ = first.communicate("\n".join(map(str, folder.iterdir())), timeout=120)
    assert first.returncode == 0, said
    assert len(table(out, "dicom_instance")) == 300
    assert [row["exit_reason"] for row in table(out, "extract_run")] == ["completed"]


def test_two_loads_into_one_schema(tmp_path: Path, postgres: Server) -> None:
    out = tmp_path / "out"
    write_slices(tmp_path / "in", 300)
    stage(tmp_path / "in", out=out, options=["--workers", "1"])
    words = [COMMANDS / "micdm", "load", "--from", out]
    with postgres.connect() as other:
        # The first has to wait for this one, so that it is at work when the second comes.
        other.execute("create schema raw_dicom")
        other.execute("create table raw_dicom.dicom_instance ()")
        other.execute("begin")
        other.execute("lock table raw_dicom.dicom_instance")
        first = start(words, **postgres.environment)
        waiting = "select count(*) from pg_locks where not granted"
        wait_until(lambda: other.execute(waiting).fetchone() != (0,), first)
        second = start(words, **postgres.environment)
        assert second.communicate(timeout=60)[0] == (
            "micdm: Another `micdm load` is writing to schema raw_dicom: let it finish first.\n"
        )
        assert second.returncode == 2
        other.execute("commit")
        said = first.communicate(timeout=60)[0]
        assert first.returncode == 0, said
        loaded = other.execute("select count(*) from raw_dicom.dicom_instance").fetchone()
    assert loaded == (300,)


# Builds


@pytest.fixture(scope="module")
def built(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Build a part, for all tests here."""
    folder = tmp_path_factory.mktemp("at_once")
    write_slices(folder / "in", 2)
    stage(folder / "in", out=folder / "raw")
    with fresh_database(postgres_server) as server:
        database = Postgres(server, folder / "target", folder / "raw")
        run([COMMANDS / "micdm", "load", "--from", database.raw], **server.environment)
        call(database, *SOME)
        yield database


def call(database: Postgres, *words: str, **variables: Any) -> str:
    return dbt(
        *words,
        *("--target", "postgres"),
        target=database.target,
        variables=variables,
        **database.server.environment,
    )


def start_dbt(database: Postgres, name: str, *words: str) -> subprocess.Popen[str]:
    """Start a build with a folder of its own, which has what was parsed before."""
    target = database.target.with_name(name)
    if not target.exists():
        shutil.copytree(database.target, target)
    words = *words, "--target", "postgres"
    return start(dbt_command(target, *words), **database.server.environment)


def state(database: Postgres) -> list[tuple[Any, ...]]:
    """Return what there is, and the ids given."""
    tables = database.rows(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema ~ '^(omop|micdm)' order by 1, 2"
    )
    return [*tables, *database.rows(f"select * from {REGISTRY} order by 1")]


def turn(database: Postgres) -> list[tuple[Any, ...]]:
    return database.rows("select invocation_id from micdm_registry.running_build")


def test_the_second_build_stops(built: Postgres) -> None:
    before = state(built)
    assert turn(built) == []
    with built.server.connect() as other:
        # A reader of a table that the first has to replace holds it up.
        other.execute("begin")
        other.execute("select * from micdm_mapping.modality")
        first = start_dbt(built, "first", *SOME)
        waiting = "select count(*) from pg_locks where not granted"
        wait_until(lambda: other.execute(waiting).fetchone() != (0,), first)
        (owner,) = turn(built)
        for words in (SOME, ("run-operation", "add_constraints")):
            second = start_dbt(built, "second", *words)
            said = second.communicate(timeout=120)[0]
            assert second.returncode != 0
            assert SENTENCE in said
            assert "Traceback" not in said
            assert turn(built) == [owner]
        other.execute("commit")
    said = first.communicate(timeout=120)[0]
    assert first.returncode == 0, said
    assert turn(built) == []
    assert state(built) == before


def test_a_load_and_a_build_do_not_mix(built: Postgres) -> None:
    before = state(built)
    load = [COMMANDS / "micdm", "load", "--from", built.raw]
    with built.server.connect() as other:
        other.execute("select pg_advisory_lock(hashtext('micdm load'), hashtext('raw_dicom'))")
        build = start_dbt(built, "first", *SOME)
        said = build.communicate(timeout=180)[0]
        assert build.returncode != 0
        assert "A `micdm load` is writing to schema raw_dicom: let it finish first." in said
        assert turn(built) == []
    built.execute("insert into micdm_registry.running_build values ('another')")
    with built.server.connect() as other:
        other.execute(
            "select pg_advisory_lock_shared(hashtext('micdm build'), hashtext('micdm_registry'))"
        )
        stopped = start(load, **built.server.environment)
        assert stopped.communicate(timeout=60)[0] == (
            "micdm: A dbt build is at work in this database: let it finish first.\n"
        )
        assert stopped.returncode == 2
    # That build was killed.
    run(load, **built.server.environment)
    built.execute("delete from micdm_registry.running_build")
    assert state(built) == before


def test_of_two_that_start_together_one_builds(built: Postgres) -> None:
    before = state(built)
    both = [start_dbt(built, name, *SOME) for name in ("first", "second")]
    said = [process.communicate(timeout=180)[0] for process in both]
    codes = [process.returncode for process in both]
    assert codes.count(0) == 1, said
    assert SENTENCE in said[1 - codes.index(0)]
    assert state(built) == before


def test_a_killed_build_does_not_block_the_next(built: Postgres) -> None:
    before = state(built)
    killed = start_dbt(built, "first", *SOME)
    wait_until(lambda: turn(built), killed)
    time.sleep(0.5)
    kill(killed)
    assert len(turn(built)) == 1
    call(built, *SOME)
    assert turn(built) == []
    assert state(built) == before


def test_a_build_whose_turn_was_taken_stops(built: Postgres) -> None:
    """As that of a machine that slept: it must not write among the tables of the other."""
    late = start_dbt(built, "first", *SOME)
    wait_until(lambda: turn(built), late)
    built.execute("update micdm_registry.running_build set invocation_id = 'the other'")
    said = late.communicate(timeout=180)[0]
    assert late.returncode == 1
    assert "Another dbt run has taken over" in said
    assert turn(built) == [("the other",)]
    call(built, *SOME)
    assert turn(built) == []


def test_on_duckdb_the_second_build_stops(tmp_path: Path) -> None:
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "raw")
    with duckdb.connect(str(database.path)):
        second = start(
            dbt_command(tmp_path / "target", "seed", "--select", "modality"),
            MICDM_DUCKDB=str(database.path),
        )
        said = second.communicate(timeout=180)[0]
    assert second.returncode == 2
    # dbt-duckdb lets a traceback follow.
    assert "IO Error: Could not set lock on file" in said
    assert database.rows("select count(*) from duckdb_tables()") == [(0,)]
