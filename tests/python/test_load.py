"""``micdm load`` against a real Postgres: the tables are what was staged, once each."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql
from typer.testing import CliRunner

from micdm.cli import app
from micdm.load import LoadError, LoadSummary, load
from micdm.schema import SCHEMAS
from postgres_server import Server

FIRST, SECOND = "20261124T000000000000Z-aaaaaa", "20261124T000001000000Z-bbbbbb"

# Text that CSV, COPY or a careless quote would change.
AWKWARD = [
    "",
    " ",
    "\\.",
    "\\N",
    "NULL",
    'say "hi"',
    "it's",
    "a,b;c\td",
    "line\nbreak",
    "carriage\r\nreturn\r",
    "\n\\.\n",
    "\\n\\",
    "Jürgen 山田 🫁 \u2028",
    "'; drop schema raw_dicom cascade; --",
    "x" * 100_000,
    None,
]


@pytest.fixture
def target(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Give an empty database that the PG* variables name, as they do at a site."""
    for name, value in postgres.environment.items():
        monkeypatch.setenv(name, value)
    return postgres


def stage(raw: Path, table: str, run_id: str, rows: list[dict[str, Any]], part: int = 0) -> Path:
    """Write a part file as the extractor does; what a row leaves out is NULL."""
    path = raw / table / f"{run_id}-0-{part}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = SCHEMAS[table]
    full = [{**dict.fromkeys(schema.names), "run_id": run_id, **row} for row in rows]
    pq.write_table(pa.Table.from_pylist(full, schema=schema), path)
    return path


def stage_run(raw: Path, run_id: str, instances: int = 2) -> None:
    """Stage a small whole run: two parts of instances, headers, the run itself."""
    for part in range(2):
        rows = [{"file_id": f"{run_id}-{part}-{n}"} for n in range(instances)]
        stage(raw, "dicom_instance", run_id, rows, part)
    stage(raw, "dicom_header_element", run_id, [{"header_id": "h", "value_number": 1.5}])
    stage(raw, "extract_run", run_id, [{"exit_reason": "completed"}])


def contents(server: Server, schema: str = "raw_dicom") -> dict[str, list[tuple[Any, ...]]]:
    """Read every staged table, and when each part was loaded."""
    query = sql.SQL("select * from {} order by 1, 2, 3")
    with server.connect() as connection:
        return {
            table: connection.execute(query.format(sql.Identifier(schema, table))).fetchall()
            for table in (*SCHEMAS, "loaded_part")
        }


def run_ids(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(row[0] for row in rows)


def test_second_load_changes_nothing(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    assert load(tmp_path) == LoadSummary(parts=4, rows=6)
    before = contents(target)
    assert load(tmp_path) == LoadSummary(unchanged=4)
    assert contents(target) == before
    assert run_ids(before["dicom_instance"]) == [FIRST] * 4


def test_copied_folder_is_the_same_data(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path / "a", FIRST)
    load(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b", copy_function=shutil.copyfile)
    assert load(tmp_path / "b") == LoadSummary(unchanged=4)


def test_new_run_adds_only(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    load(tmp_path)
    before = contents(target)
    stage_run(tmp_path, SECOND)
    assert load(tmp_path) == LoadSummary(parts=4, rows=6, unchanged=4)
    after = contents(target)
    for table, rows in before.items():
        assert [row for row in after[table] if SECOND not in row] == rows
        assert all(SECOND in row for row in after[table] if row not in rows)


def test_removed_run_disappears(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    load(tmp_path)
    only_first = contents(target)
    stage_run(tmp_path, SECOND)
    load(tmp_path)
    for path in tmp_path.rglob(f"{SECOND}*"):
        path.unlink()
    assert load(tmp_path) == LoadSummary(unchanged=4, deleted_rows=6)
    assert contents(target) == only_first


def test_removed_part_takes_only_its_rows(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    stage_run(tmp_path, SECOND)
    load(tmp_path)
    (tmp_path / "dicom_instance" / f"{SECOND}-0-0.parquet").unlink()
    summary = load(tmp_path)
    assert summary == LoadSummary(parts=1, rows=2, unchanged=6, deleted_rows=4)
    rows = contents(target)["dicom_instance"]
    assert [row[1] for row in rows if row[0] == SECOND] == [f"{SECOND}-1-0", f"{SECOND}-1-1"]
    assert run_ids(rows).count(FIRST) == 4


def test_run_that_went_on_is_replaced(target: Server, tmp_path: Path) -> None:
    stage(tmp_path, "extract_run", FIRST, [{"exit_reason": "running", "files": 0}])
    load(tmp_path)
    stage(tmp_path, "extract_run", FIRST, [{"exit_reason": "completed", "files": 7}])
    assert load(tmp_path) == LoadSummary(parts=1, rows=1, deleted_rows=1)
    (row,) = contents(target)["extract_run"]
    values = dict(zip(SCHEMAS["extract_run"].names, row, strict=True))
    assert (values["exit_reason"], values["files"]) == ("completed", 7)


def test_killed_load_goes_on(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    broken = stage(tmp_path, "dicom_rejected", FIRST, [{"message": "whole"}])
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LoadError, match=r"dicom_rejected.*can't be read as Parquet"):
        load(tmp_path)
    assert not contents(target)["dicom_rejected"]
    broken.write_bytes(whole)
    summary = load(tmp_path)
    assert summary.parts + summary.unchanged == 5
    assert len(contents(target)["dicom_rejected"]) == 1


def test_values_are_exact(target: Server, tmp_path: Path) -> None:
    moment = dt.datetime(2026, 2, 28, 23, 59, 59, 999_999)  # noqa: DTZ001
    numbers = [0.1, -0.0, 1e-300, 123456789.123456789, 2.0**63, float("inf"), None]
    stage(
        tmp_path,
        "dicom_header_element",
        FIRST,
        [
            {"header_id": f"t{n:02}", "value_text": text, "code_meaning": text}
            for n, text in enumerate(AWKWARD)
        ]
        + [{"header_id": f"u{n}", "value_number": number} for n, number in enumerate(numbers)],
    )
    stage(
        tmp_path,
        "dicom_instance",
        FIRST,
        [
            {
                "study_date": dt.date(1, 1, 1),
                "series_date": dt.date(9999, 12, 31),
                "patient_birth_date": dt.date(1900, 2, 28),
                "study_time": "23:59:60.000001",
                "file_mtime": moment,
                "file_size": 2**62,
                "instance_number": -(2**31),
            }
        ],
    )
    load(tmp_path)
    tables = contents(target)
    names = SCHEMAS["dicom_header_element"].names
    elements = [dict(zip(names, row, strict=True)) for row in tables["dicom_header_element"]]
    assert [row["value_text"] for row in elements[: len(AWKWARD)]] == AWKWARD
    assert [row["code_meaning"] for row in elements[: len(AWKWARD)]] == AWKWARD
    assert [repr(row["value_number"]) for row in elements[len(AWKWARD) :]] == list(
        map(repr, numbers)
    )
    (row,) = tables["dicom_instance"]
    instance = dict(zip(SCHEMAS["dicom_instance"].names, row, strict=True))
    assert instance["study_date"] == dt.date(1, 1, 1)
    assert instance["series_date"] == dt.date(9999, 12, 31)
    assert instance["patient_birth_date"] == dt.date(1900, 2, 28)
    assert instance["study_time"] == "23:59:60.000001"
    assert instance["file_mtime"] == moment
    assert (instance["file_size"], instance["instance_number"]) == (2**62, -(2**31))
    assert instance["patient_id"] is None


def test_tables_have_the_staged_columns(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    with target.connect() as connection:
        connection.execute("create schema raw_dicom")
        # A table of an earlier version: the column it lacks is added.
        connection.execute("create table raw_dicom.extract_run (run_id text)")
    load(tmp_path)
    with target.connect() as connection:
        rows = connection.execute(
            "select table_name, array_agg(column_name::text order by ordinal_position) "
            "from information_schema.columns where table_schema = 'raw_dicom' group by 1"
        ).fetchall()
    columns = dict(rows)
    del columns["loaded_part"]
    assert columns == {table: schema.names for table, schema in SCHEMAS.items()}


def test_part_of_an_earlier_version_loads(target: Server, tmp_path: Path) -> None:
    path = tmp_path / "extract_run" / "old.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"run_id": [FIRST], "exit_reason": ["completed"]}), path)
    load(tmp_path)
    (row,) = contents(target)["extract_run"]
    assert (row[0], row[-2]) == (FIRST, "completed")


def test_part_of_a_later_version_is_refused(target: Server, tmp_path: Path) -> None:
    path = tmp_path / "extract_run" / "new.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"run_id": [FIRST], "mood": ["fine"]}), path)
    with pytest.raises(LoadError, match=r"does not know .mood.: it was staged by a newer one"):
        load(tmp_path)


def test_schema_name_is_quoted(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    name = 'Raw "2"; drop'
    load(tmp_path, schema=name)
    assert len(contents(target, name)["dicom_instance"]) == 4


def test_unfinished_files_are_not_read(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    (tmp_path / "dicom_instance" / ".half.parquet").write_bytes(b"PAR1")
    assert load(tmp_path).parts == 4


def test_nothing_staged_wipes_nothing(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path / "raw", FIRST)
    load(tmp_path / "raw")
    before = contents(target)
    with pytest.raises(LoadError, match="There are no staged files under"):
        load(tmp_path / "mistyped")
    assert contents(target) == before


def test_one_load_at_a_time(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    with target.connect() as connection:
        connection.execute("select pg_advisory_lock(hashtext('micdm load'), hashtext('raw_dicom'))")
        with pytest.raises(LoadError, match="Another `micdm load` is writing"):
            load(tmp_path)
    load(tmp_path)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://micdm:hunter2@127.0.0.1:1/x", "Postgres says: .*refused"),
        ("postgresql://micdm:hunter2@127.0.0.1:hunter2/x", "Postgres says: .*port"),
        ("postgresql://micdm:hunter2@[::1", "not an address"),
        ("mysql://micdm:hunter2@localhost/x", "not an address"),
    ],
)
def test_errors_are_sentences_without_the_password(url: str, says: str, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    with pytest.raises(LoadError, match=says) as caught:
        load(tmp_path, url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refused_user_is_a_sentence(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    url = target.url.replace(f"{target.user}@", "nobody_here:wrong-secret@")
    with pytest.raises(LoadError, match=r"Postgres says: .*nobody_here") as caught:
        load(tmp_path, url)
    assert "secret" not in str(caught.value)


def test_read_only_targets_are_a_sentence(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    role = f"reader_{target.database}"
    with target.connect() as connection:
        connection.execute(f"create role {role} login password 'for-a-test'".encode())
    try:
        url = target.url.replace(f"{target.user}@", f"{role}:for-a-test@")
        with pytest.raises(LoadError, match="Postgres says: permission denied for database"):
            load(tmp_path, url)
        with pytest.raises(LoadError, match=r"Postgres says: .*read-only transaction"):
            load(tmp_path, f"{target.url}?options=-c%20default_transaction_read_only%3Don")
        with target.connect() as connection:
            found = connection.execute("select to_regnamespace('raw_dicom')").fetchone()
        assert found == (None,), "nothing half-written"
    finally:
        with target.connect() as connection:
            connection.execute(f"drop role {role}".encode())


def test_a_damaged_part_is_a_sentence_and_leaves_no_rows(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    path = next((tmp_path / "dicom_instance").glob("*-1.parquet"))
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 200 + content[204:])
    done = CliRunner().invoke(app, ["load", "--from", str(tmp_path), "--to", target.url])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
    assert len(contents(target)["dicom_instance"]) == 2
    path.write_bytes(content)
    load(tmp_path)
    assert len(contents(target)["dicom_instance"]) == 4


def test_password_comes_from_the_environment(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    assert load(tmp_path, target.url).parts == 4


def test_nul_is_refused_as_a_sentence(target: Server, tmp_path: Path) -> None:
    stage(tmp_path, "dicom_rejected", FIRST, [{"message": "a\0b"}])
    with pytest.raises(LoadError, match="Postgres says: invalid byte sequence"):
        load(tmp_path)
    with pytest.raises(psycopg.errors.UndefinedTable):
        contents(target, "elsewhere")


def test_command(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    arguments = ["load", "--to", target.url, "--from", str(tmp_path), "--schema", "staged"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0
    assert f"dicom_instance: 2 rows from {FIRST}-0-0.parquet" in first.stdout
    second = CliRunner().invoke(app, arguments)
    assert second.stdout == (
        "Loaded 0 rows of 0 files into staged; 4 files were loaded before; 0 old rows deleted.\n"
    )
    assert len(contents(target, "staged")["dicom_instance"]) == 4


def test_command_says_in_one_line_why_it_could_not_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["load", "--from", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert result.stderr == (
        f"micdm: There are no staged files under {tmp_path / 'none'}: run `micdm stage` first.\n"
    )


def test_empty_part_is_loaded_once(target: Server, tmp_path: Path) -> None:
    stage_run(tmp_path, FIRST)
    stage(tmp_path, "dicom_rejected", FIRST, [])
    assert load(tmp_path).parts == 5
    assert load(tmp_path) == LoadSummary(unchanged=5)
    stage(tmp_path, "dicom_rejected", FIRST, [{"message": "late"}])
    assert load(tmp_path) == LoadSummary(parts=1, rows=1, unchanged=4)
