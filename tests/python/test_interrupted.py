"""Killed at any moment and run again: the same rows as without.

Twenty kills by SIGKILL of the whole process group, at random points of what can be seen from
outside (files, lines of output) and a random moment after. The seed is printed; MICDM_TEST_SEED
sets another.
"""

from __future__ import annotations

import os
import queue
import random
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import highdicom as hd
import pydicom
import pytest

from commands import dbt_command, kill, start
from dicom_factory import table, write_slices
from finding_factory import diameter, images, in_segment, report, segmentation, site, write
from finding_factory import tracking as tracked
from micdm.schema import SCHEMAS
from pipeline import COMMANDS, ROWS_ONLY, DuckDB, Postgres, dbt, run, stage
from postgres_server import Server, fresh_database
from site_cdm import Rows

SEED = int(os.environ.get("MICDM_TEST_SEED", "20261124"))
# What is said of runs, and not of images.
OF_RUNS = {"run_id", "source_release_date", "cdm_release_date"}
RUN_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}")
NODES = 255  # about


@pytest.fixture(scope="module")
def chance() -> random.Random:
    print(f"MICDM_TEST_SEED={SEED}")
    return random.Random(SEED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an archive, and results of an algorithm about it."""
    folder = tmp_path_factory.mktemp("interrupted")
    archive = folder / "dicom"
    for series in range(1, 5):
        who = {"PatientID": f"P{series}", "StudyInstanceUID": f"1.2.3.{series}"}
        write_slices(archive / f"s{series}", 60, series=series, **who)
    for number in range(11, 14):
        day = f"202401{number}"
        source = images(number, study=number, StudyDate=day, SeriesDate=day, PatientID="P9")
        mask = segmentation(number, source)
        group = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracked(1),
            referenced_segment=in_segment(mask, 1, source),
            finding_sites=site(),
            measurements=[diameter(float(number))],
        )
        written = report(number, [*source, mask], group, written=f"{day}113000")
        write(archive / str(number), source, mask, written)
    samples = Path(pydicom.__file__).parent / "data"
    shutil.copytree(samples / "charset_files", archive / "charsets")
    for path in sorted((samples / "test_files").glob("*.dcm"))[:30]:
        shutil.copy(path, archive)
    rows = (
        f"{uid},SCT,81827009,f{n},{n % 40},mm,lung ai,1.{n % 7},2024-01-03T09:30:00"
        for n in range(3_000)
        for uid in [images(1 + n % 4, 1)[0].SeriesInstanceUID if n % 5 else "not a uid"]
    )
    (folder / "results.csv").write_text(
        "series_instance_uid,feature_scheme,feature_code,finding_key,value_number,unit,"
        "algorithm_name,algorithm_version,result_datetime\n" + "\n".join(rows)
    )
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> DuckDB:
    """Run all of it undisturbed."""
    stage(folder / "dicom", out=folder / "whole", options=["--workers", "1"])
    run([COMMANDS / "micdm", "load-results", folder / "results.csv", "--out", folder / "whole"])
    database = DuckDB(folder / "whole.duckdb", folder / "whole")
    database.build(*ROWS_ONLY)
    return database


def lines_of(process: Any) -> queue.Queue[str]:
    """Read what a process says as it says it."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    return lines


def killed_when(
    words: list[Any], is_time: Callable[[list[str]], bool], delay: float, **environment: str
) -> bool:
    """Start a command, kill it when it is time; tell whether it was still running."""
    process = start(words, **environment)
    lines, said = lines_of(process), list[str]()
    until = time.monotonic() + 300
    while process.poll() is None and not is_time(said):
        assert time.monotonic() < until, said[-5:]
        time.sleep(0.001)
        while not lines.empty():
            said.append(lines.get())
    time.sleep(delay)
    was_running = process.poll() is None
    kill(process)
    assert was_running or process.returncode == 0, said
    return was_running


def files_in(out: Path) -> int:
    """Count part files, the unfinished ones too."""
    return sum(
        name.endswith((".parquet", ".tmp")) for _, _, names in os.walk(out) for name in names
    )


def rows_of(out: Path) -> dict[str, Counter[str]]:
    """Return the rows of the tables that dbt reads, runs aside; what is there twice counts once."""
    return {
        name: Counter({repr(row) for row in table(out, name, without_run=True)})
        for name in ("dicom_instance", "dicom_rejected", "dicom_header_element", "dicom_sr_item")
    }


@pytest.fixture(scope="module")
def staged(folder: Path, chance: random.Random) -> Path:
    """Stage with five kills and one run that ends, load results with three."""
    out = folder / "killed"
    words = [COMMANDS / "micdm", "stage", folder / "dicom", "--out", out, "--workers", 1]
    hits = 0
    for kills in range(5):
        # The first may come before there is anything.
        more = chance.randint(0, 12) if kills == 0 else chance.randint(1, 7)
        wanted = files_in(out) + more
        hits += killed_when(words, lambda _, n=wanted: files_in(out) >= n, chance.uniform(0, 0.03))
    assert hits >= 3
    stage(folder / "dicom", out=out, options=["--workers", "1"])
    words = [COMMANDS / "micdm", "load-results", folder / "results.csv", "--out", out]
    for _ in range(3):
        wanted = files_in(out) + chance.randint(1, 3)
        hits += killed_when(words, lambda _, n=wanted: files_in(out) >= n, chance.uniform(0, 0.05))
    run(words)
    print(f"{hits} of 8 kills met a running process")
    return out


def test_staging(folder: Path, whole: DuckDB, staged: Path) -> None:
    assert rows_of(staged) == rows_of(whole.raw)
    assert len(rows_of(staged)["dicom_instance"]) > 280
    reasons = Counter(row["exit_reason"] for row in table(staged, "extract_run"))
    assert set(reasons) <= {"running", "completed"}
    assert reasons["running"] >= 2


def comparable(rows: Rows) -> dict[str, list[str]]:
    """Return every table that users see, and the ids given, what is of runs aside."""
    columns: dict[str, list[str]] = {}
    for schema, name, column in rows(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('omop', 'quality', 'phenotypes', 'micdm_registry')"
        " and table_name <> 'running_build' order by 1, 2, ordinal_position"
    ):
        if column not in OF_RUNS:
            columns.setdefault(f"{schema}.{name}", []).append(f'"{column}"')
    # A killed run could not count what it read. Results whose load was killed when they were all
    # there are loaded again, and the account has both.
    where = {
        "quality.attrition": " where stage not in ('extract', 'algorithm_result')",
        "quality.quarantine": " where reason_code <> 'superseded_result'",
    }
    return {
        name: sorted(
            RUN_ID.sub("run", repr(row))
            for row in rows(f"select {', '.join(names)} from {name}{where.get(name, '')}")
        )
        for name, names in columns.items()
    }


def check(found: dict[str, list[str]], wanted: dict[str, list[str]]) -> None:
    assert set(found) == set(wanted)
    for name, rows in wanted.items():
        assert found[name] == rows, name
    assert len(wanted) > 40
    assert len(wanted["omop.image_feature"]) > 100
    assert len(wanted["omop.episode"]) == 4


def build_with_kills(words: list[Any], chance: random.Random, **environment: str) -> None:
    """Kill a build in its first, second, third and fourth quarter."""
    for quarter in range(4):
        wanted = NODES * quarter // 4 + chance.randint(1, NODES // 4 - 10)
        assert killed_when(
            words,
            lambda said, n=wanted: sum(" OK " in line for line in said) >= n,
            chance.uniform(0, 0.3),
            **environment,
        )


def test_builds_on_duckdb(whole: DuckDB, staged: Path, chance: random.Random) -> None:
    database = DuckDB(staged.with_name("killed.duckdb"), staged)
    target = database.path.with_suffix(".target")
    shutil.copytree(whole.path.with_suffix(".target"), target)
    build_with_kills(
        dbt_command(target, *ROWS_ONLY, raw_path=str(staged)),
        chance,
        MICDM_DUCKDB=str(database.path),
    )
    database.build(*ROWS_ONLY)
    check(comparable(database.rows), comparable(whole.rows))


@pytest.fixture(scope="module")
def loaded(postgres_server: Server, staged: Path, chance: random.Random) -> Iterator[Postgres]:
    """Load with four kills and one run that ends."""
    load = [COMMANDS / "micdm", "load", "--from", staged]
    with fresh_database(postgres_server) as server:
        # A part takes a few milliseconds: more, so that the kill comes in the middle.
        slow = "create trigger slow before insert on raw_dicom.{} execute function public.slow()"
        with server.connect() as other:
            other.execute(
                "create function public.slow() returns trigger language plpgsql as"
                " 'begin perform pg_sleep(0.2); return null; end'"
            )
            other.execute("create schema raw_dicom")
            for name in SCHEMAS:
                other.execute(f"create table raw_dicom.{name} ()".encode())
                other.execute(slow.format(name).encode())
            for kills in range(4):
                # The first may come before there is anything.
                wanted = chance.randint(1, 3) if kills else 0
                assert killed_when(
                    load,
                    lambda said, n=wanted: len(said) >= n,
                    chance.uniform(0, 0.3 if kills else 1),
                    **server.environment,
                )
            other.execute("drop function public.slow() cascade")
        run(load, **server.environment)
        yield Postgres(server, staged.with_name("postgres.target"), staged)


def test_loads(staged: Path, loaded: Postgres) -> None:
    for name in SCHEMAS:
        count = loaded.rows(f"select count(*) from raw_dicom.{name}")
        assert count == [(len(table(staged, name)),)], name


def test_builds_on_postgres(whole: DuckDB, loaded: Postgres, chance: random.Random) -> None:
    environment = loaded.server.environment
    shutil.copytree(whole.path.with_suffix(".target"), loaded.target)
    words = dbt_command(loaded.target, *ROWS_ONLY, "--target", "postgres")
    build_with_kills(words, chance, **environment)
    dbt(*ROWS_ONLY, "--target", "postgres", target=loaded.target, **environment)
    check(comparable(loaded.rows), comparable(whole.rows))
    leftovers = loaded.rows(
        "select relname from pg_class"
        " where relname ~ '__dbt_(tmp|backup)' and relkind in ('r', 'v')"
    )
    assert leftovers == []
