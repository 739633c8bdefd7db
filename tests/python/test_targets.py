"""A target that can't be written: one clear sentence, a status, and nothing half-written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from commands import dbt_command, start
from dicom_factory import write_slices
from micdm.schema import SCHEMAS
from pipeline import COMMANDS, ROWS_ONLY, SOME, DuckDB, Postgres, dbt, run, stage
from postgres_server import Server


@contextmanager
def small_disk(place: Path, size: str, owner: str | None = None) -> Iterator[Path]:
    """Mount a disk of so many bytes, which only root may."""
    place.mkdir(parents=True)
    options = f"size={size}" + (f",uid={owner},mode=700" if owner else "")
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def read_only(place: Path, on: bool) -> None:
    option = "remount,ro" if on else "remount,rw"
    subprocess.run(["mount", "-o", option, str(place)], capture_output=True, check=True)


@contextmanager
def small_tablespace(postgres: Server) -> Iterator[Path]:
    """Let all new tables of a database lie on a disk of a megabyte; drop them at the end."""
    with postgres.connect() as connection:
        data = connection.execute("show data_directory").fetchone()
        if data is None or not Path(data[0]).is_dir():
            pytest.skip("the server is not of this machine")
        owner = str(Path(data[0]).stat().st_uid)
        name = postgres.database
        # Where the server's user may go.
        with (
            TemporaryDirectory(prefix="micdm-disk-") as folder,
            small_disk(Path(folder) / "disk", "1m", owner) as disk,
        ):
            Path(folder).chmod(0o711)
            connection.execute(f"create tablespace small location '{disk}'".encode())
            connection.execute(f"alter database {name} set default_tablespace = small".encode())
            yield disk
            for (schema,) in connection.execute(
                "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'"
            ).fetchall():
                connection.execute(f"drop schema {schema} cascade".encode())
            connection.execute(f"alter database {name} reset default_tablespace".encode())
            connection.execute("drop tablespace small")


def fails(words: list[object], **environment: str) -> tuple[int, str]:
    """Run a command that fails; return its status and what it said."""
    process = start(words, **environment)
    said = process.communicate(timeout=600)[0]
    assert process.returncode in (1, 2), said
    return process.returncode, said


def micdm(*words: object, **environment: str) -> str:
    """Run a command that must end with 2 and one sentence; what it did before is told too."""
    status, said = fails([COMMANDS / "micdm", *words], **environment)
    *before, last = said.splitlines(keepends=True)
    assert status == 2, said
    assert last.startswith("micdm: "), said
    assert all(" rows from " in line for line in before), said
    return last


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_slices(tmp_path / "in", 2)
    stage(tmp_path / "in", out=tmp_path / "raw")
    return tmp_path / "raw"


# micdm


def test_a_read_only_disk(tmp_path: Path) -> None:
    write_slices(tmp_path / "in", 2)
    (tmp_path / "r.csv").write_text("x\n1\n")
    with small_disk(tmp_path / "disk", "1m") as disk:
        stage(tmp_path / "in", out=disk / "raw")
        before = sorted(disk.rglob("*"))
        read_only(disk, on=True)
        for out in (disk / "raw", disk / "new"):
            for words in (["stage", tmp_path / "in"], ["load-results", tmp_path / "r.csv"]):
                said = micdm(*words, "--out", out)
                assert said == f"micdm: Can't write to {out}: Read-only file system.\n"
        assert sorted(disk.rglob("*")) == before


def test_a_load_says_what_is_wrong(raw: Path, postgres: Server) -> None:
    environment = postgres.environment
    load = "load", "--from", raw
    said = micdm(*load, **{**environment, "PGPASSWORD": "wrong-secret"})
    assert "password authentication failed" in said
    assert "wrong-secret" not in said
    said = micdm(*load, **environment, PGOPTIONS="-c default_transaction_read_only=on")
    assert "read-only transaction" in said
    said = micdm(*load, **{**environment, "PGDATABASE": "nowhere"})
    assert 'database "nowhere" does not exist' in said
    with postgres.connect() as connection:
        assert connection.execute("select to_regnamespace('raw_dicom')").fetchone() == (None,)
        connection.execute("create schema raw_dicom")
        # Somebody else's table of that name.
        connection.execute("create table raw_dicom.dicom_instance (file_size date)")
    said = micdm(*load, **environment)
    assert "Postgres says: invalid input syntax for type date" in said
    with postgres.connect() as connection:
        query = "select count(*) from raw_dicom.dicom_instance"
        assert connection.execute(query).fetchone() == (0,)


def test_a_load_into_a_full_disk(tmp_path: Path, postgres: Server) -> None:
    out = tmp_path / "raw"
    write_slices(tmp_path / "in", 1_500)
    stage(tmp_path / "in", out=out, options=["--workers", "1"])
    load = "load", "--from", out
    count = "select count(*) from raw_dicom.dicom_instance"
    with small_tablespace(postgres) as disk, postgres.connect() as connection:
        said = micdm(*load, **postgres.environment)
        assert "Postgres says: could not extend file" in said
        assert "No space left on device" in said
        loaded = connection.execute("select sum(rows) from raw_dicom.loaded_part").fetchone()
        rows = [
            connection.execute(f"select count(*) from raw_dicom.{name}".encode()).fetchone()
            for name in SCHEMAS
        ]
        assert loaded == (sum(row[0] for row in rows if row),), "whole parts only"
        assert connection.execute(count).fetchone() != (1_500,)
        subprocess.run(["mount", "-o", "remount,size=99m", str(disk)], check=True)
        run([COMMANDS / "micdm", *load], **postgres.environment)
        assert connection.execute(count).fetchone() == (1_500,)


# dbt


def test_a_build_on_a_small_or_read_only_disk(tmp_path: Path, raw: Path) -> None:
    with small_disk(tmp_path / "disk", "2m") as disk:
        database = DuckDB(disk / "micdm.duckdb", raw)
        target = tmp_path / "target"
        words = dbt_command(target, *ROWS_ONLY, raw_path=str(raw))
        environment = {"MICDM_DUCKDB": str(database.path)}
        status, said = fails(words, **environment)
        assert status == 2, said
        assert "The disk of the database is full: make room, then run the same again." in said
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        dbt(*SOME, target=target, variables={"raw_path": str(raw)}, **environment)
        ids = database.table("micdm_registry.image_occurrence_registry")
        assert len(ids) == 1
        read_only(disk, on=True)
        status, said = fails(words, **environment)
        assert status == 2, said
        assert "IO Error: Cannot open file" in said
        assert database.table("micdm_registry.image_occurrence_registry") == ids


def test_a_build_into_a_full_disk(tmp_path: Path, raw: Path, postgres: Server) -> None:
    database = Postgres(postgres, tmp_path / "target", raw)
    words = *SOME, "--target", "postgres"
    environment = postgres.environment
    run([COMMANDS / "micdm", "load", "--from", raw], **environment)
    with small_tablespace(postgres) as disk:
        status, said = fails(dbt_command(database.target, *words), **environment)
        assert status == 2, said
        assert "The disk of the database is full: make room, then run the same again." in said
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        dbt(*words, target=database.target, **environment)
        assert len(database.rows("select * from micdm_registry.image_occurrence_registry")) == 1


def test_a_build_says_what_is_wrong(tmp_path: Path, raw: Path, postgres: Server) -> None:
    database = Postgres(postgres, tmp_path / "target", raw)
    words = dbt_command(database.target, *SOME, "--target", "postgres")
    environment = postgres.environment

    def refused(sentence: str, **changed: str) -> None:
        status, said = fails(words, **{**environment, **changed})
        assert status == 2, said
        assert sentence in said
        assert "Traceback" not in said
        assert "wrong-secret" not in said

    refused("password authentication failed", PGPASSWORD="wrong-secret")
    refused("read-only transaction", PGOPTIONS="-c default_transaction_read_only=on")
    refused("There is no table raw_dicom.", PGAPPNAME="x")
    run([COMMANDS / "micdm", "load", "--from", raw], **environment)
    database.execute("alter table raw_dicom.dicom_instance drop column modality")
    refused("The table raw_dicom.dicom_instance has no column modality: run `micdm load`")
    found = database.rows(
        "select table_name from information_schema.tables where table_schema ~ '^(omop|micdm)'"
    )
    assert found == [], "nothing is built"
