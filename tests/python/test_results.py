"""Results of algorithms: what `micdm load-results` takes, and what becomes of it."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import micdm
from dicom_factory import ROOT, table, write_slices
from micdm.cli import app
from micdm.result_files import WrongFileError, rows_of
from micdm.result_rows import COLUMNS, BadRowError, check_row
from micdm.schema import SCHEMAS
from pipeline import COMMANDS, DuckDB, run, stage

ROOT_FOLDER = Path(__file__).parents[2]
SECRET = "MUSTERMANN"
Values = Mapping[str, Any]


def result(**values: Any) -> dict[str, Any]:
    """Return a good row; keywords replace or (None) remove its values."""
    row = {
        "series_instance_uid": f"{ROOT}.3.1",
        "finding_key": "nodule 1",
        "finding_scheme": "SCT",
        "finding_code": "27925004",
        "feature_scheme": "SCT",
        "feature_code": "81827009",
        "value_number": 8.0,
        "unit": "mm",
        "algorithm_name": "nodule finder",
        "algorithm_version": "2.1",
        "result_datetime": "2024-01-03T09:30:00+01:00",
    }
    return {k: v for k, v in (row | values).items() if v is not None}


def coded(**values: Any) -> dict[str, Any]:
    """Return a good row with a coded value."""
    code = {"value_number": None, "unit": None, "value_scheme": "SCT", "value_code": "255222000"}
    return result(**(code | values))


def write(path: Path, rows: Iterable[Values]) -> Path:
    """Write rows in the format that the name says."""
    rows = list(rows)
    names = sorted({name for row in rows for name in row})
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([{n: r.get(n) for n in names} for r in rows]), path)
        return path
    open_ = gzip.open if path.suffix == ".gz" else open
    with open_(path, "wt", encoding="utf-8", newline="") as stream:
        if ".csv" in path.suffixes:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows(rows)
        else:
            stream.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def load(*files: Path, out: Path, options: Iterable[str] = ()) -> tuple[int, str]:
    """Run the command in this process; return its exit status and all that it said."""
    words = ["load-results", *map(str, files), "--out", str(out), *options]
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.output


def rejected(out: Path) -> list[tuple[int, str | None, str]]:
    """Return row, column and reason of what was set aside."""
    rows = table(out, "algorithm_result_rejected")
    return [(r["result_row"], r["column_name"], r["reason_code"]) for r in rows]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "jsonl", "jsonl.gz", "ndjson", "parquet"])
def test_each_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    rows = [
        result(operator="<", laterality="L", site_scheme="SCT", site_code="39607008"),
        coded(value_text="Solid", algorithm_vendor="ACME", algorithm_parameters='{"threshold":1}'),
    ]
    status, said = load(write(tmp_path / f"r.{suffix}", rows), out=tmp_path / "raw")
    assert status == 0, said
    number, code = table(tmp_path / "raw", "algorithm_result", without_run=True)
    assert number == dict.fromkeys(COLUMNS) | {
        "file_number": 1,
        "result_row": 1,
        **rows[0],
        "value_number_text": number["value_number_text"],
        "result_datetime": dt.datetime(2024, 1, 3, 9, 30),  # noqa: DTZ001 - local as stated
        "result_offset": "+0100",
    }
    assert float(number["value_number_text"]) == 8
    assert (code["result_row"], code["value_code"], code["value_text"]) == (2, "255222000", "Solid")
    assert (code["value_number"], code["unit"]) == (None, None)
    (account,) = table(tmp_path / "raw", "algorithm_result_load")
    assert (account["result_rows"], account["accepted"], account["rejected"]) == (2, 2, 0)
    assert account["uri"] == str(tmp_path / f"r.{suffix}")


BAD_ROWS = [
    (result(series_instance_uid=None), "series_instance_uid", "value_missing"),
    (result(series_instance_uid=" "), "series_instance_uid", "value_missing"),
    (result(series_instance_uid=SECRET), "series_instance_uid", "invalid_uid"),
    (result(study_instance_uid="1.02"), "study_instance_uid", "invalid_uid"),
    (result(tracking_uid="1." * 40 + "1"), "tracking_uid", "invalid_uid"),
    (result(feature_scheme=None), "feature_scheme", "value_missing"),
    (result(algorithm_version=None), "algorithm_version", "value_missing"),
    (result(result_datetime=None), "result_datetime", "value_missing"),
    (result(result_datetime="2024-01-03"), "result_datetime", "invalid_datetime"),
    (result(result_datetime="2024-02-30T10:00"), "result_datetime", "invalid_datetime"),
    (result(result_datetime="2024-01-03T10:00+99:00"), "result_datetime", "invalid_datetime"),
    (result(result_datetime="3.1.2024 10:00"), "result_datetime", "invalid_datetime"),
    (result(result_datetime="2999-01-01T10:00"), "result_datetime", "implausible_date"),
    (result(result_datetime="0001-01-01T00:00+14:00"), "result_datetime", "invalid_datetime"),
    (result(result_datetime="1890-01-01T00:00"), "result_datetime", "implausible_date"),
    (result(value_number="8,5"), "value_number", "not_a_number"),
    (result(value_number=SECRET), "value_number", "not_a_number"),
    (result(value_number="NaN"), "value_number", "not_finite"),
    (result(value_number="0." + "1" * 99), "value_number", "value_too_long"),
    (result(value_number="1e999"), "value_number", "number_out_of_range"),
    (result(operator="!="), "operator", "unknown_operator"),
    (result(laterality="left"), "laterality", "unknown_laterality"),
    (result(finding_key=f"{SECRET}\0"), "finding_key", "value_unreadable"),
    (result(finding_key=SECRET * 30), "finding_key", "value_too_long"),
    (result(finding_scheme=None), "finding_scheme", "half_a_code"),
    (result(finding_code=None), "finding_code", "half_a_code"),
    (result(site_scheme="SCT"), "site_code", "half_a_code"),
    (result(value_number=None, unit=None), None, "no_number_or_code"),
    (result(value_number=None, unit=None, value_text=SECRET), None, "no_number_or_code"),
    (result(value_scheme="SCT", value_code="1"), "value_code", "two_values"),
    (result(value_text=SECRET), "value_text", "text_without_code"),
    (coded(unit="mm"), "unit", "needs_a_number"),
    (coded(operator="<"), "operator", "needs_a_number"),
]


def test_each_bad_row_has_its_reason_and_spares_the_others(tmp_path: Path) -> None:
    rows = [row for row, _, _ in BAD_ROWS]
    expected = [(n, column, reason) for n, (_, column, reason) in enumerate(BAD_ROWS, 1)]
    for suffix in ("csv", "jsonl"):
        out = tmp_path / suffix
        path = write(tmp_path / f"bad.{suffix}", [*rows, result()])
        status, said = load(path, out=out)
        assert status == 0, said
        assert rejected(out) == expected
        assert [r["result_row"] for r in table(out, "algorithm_result")] == [len(rows) + 1]
        assert re.search(rf"rejected +{len(rows)}\n", said)
        assert re.search(r"  invalid_uid +3\n", said)
        assert SECRET not in said
        assert SECRET not in str(table(out, "algorithm_result_rejected"))
        assert load(path, out=out, options=["--strict"])[0] == 1


def test_values_of_a_wrong_type_have_their_reason(tmp_path: Path) -> None:
    bad = [
        {"finding_key": ["a"]},
        {"finding_key": True},
        {"algorithm_version": 2.1},
        {"value_number": True},
        {"value_number": {"mm": 8}},
        {"feature_code": 1.0},
    ]
    path = write(tmp_path / "bad.jsonl", [result(**values) for values in bad])
    load(path, out=tmp_path / "raw")
    expected = [(n, next(iter(values)), "wrong_type") for n, values in enumerate(bad, 1)]
    assert rejected(tmp_path / "raw") == expected


def test_lines_that_are_no_rows_are_set_aside(tmp_path: Path) -> None:
    lines = [
        json.dumps(result()),
        "{",
        "[1]",
        '{"unit": "mm", "unit": "cm"}',
        "[" * 100_000,
        "9" * 10_000,
        json.dumps(result(patient=SECRET)),
        "",
        json.dumps(result(finding_key="\ud800")),
        json.dumps(result(feature_code=81827009)),
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    status, said = load(path, out=tmp_path / "raw")
    assert status == 0, said
    unreadable = [(n, None, "row_unreadable") for n in (2, 3, 4, 5, 6)]
    assert rejected(tmp_path / "raw") == [
        *unreadable,
        (7, None, "unknown_column"),
        (9, "finding_key", "value_unreadable"),
    ]
    found = table(tmp_path / "raw", "algorithm_result")
    assert [(r["result_row"], r["feature_code"]) for r in found] == [
        (1, "81827009"),
        (10, "81827009"),
    ]


def test_a_row_of_another_length_and_bytes_that_are_not_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [result(), result(), result(), result(finding_key='a,\n"b')])
    header, *rows = path.read_bytes().split(b"\r\n", 4)
    rows[1] += b",more"
    rows[2] = rows[2].replace(b"nodule 1", b"nodule \xff")
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join((header, *rows[:1], b"", *rows[1:])))
    status, said = load(path, out=tmp_path / "raw")
    assert status == 0, said
    assert rejected(tmp_path / "raw") == [
        (2, None, "row_unreadable"),
        (3, "finding_key", "value_unreadable"),
    ]
    found = table(tmp_path / "raw", "algorithm_result")
    assert [r["finding_key"] for r in found] == ["nodule 1", 'a,\n"b']


def test_parquet_types(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 1, 3, 9, 30, tzinfo=dt.UTC)
    rows = [result(result_datetime=moment, value_number=8, feature_code=81827009)] * 2
    made = pa.Table.from_pylist(rows)
    nano = made["result_datetime"].cast(pa.timestamp("ns", "UTC"))
    made = made.set_column(made.column_names.index("result_datetime"), "result_datetime", nano)
    unit = made["unit"].dictionary_encode()
    made = made.set_column(made.column_names.index("unit"), "unit", unit)
    path = tmp_path / "a.parquet"
    pq.write_table(made, path)
    assert load(path, out=tmp_path / "raw")[0] == 0
    found = table(tmp_path / "raw", "algorithm_result")
    keys = ("result_row", "feature_code", "value_number", "unit", "result_offset")
    assert [tuple(r[k] for k in keys) for r in found] == [
        (1, "81827009", 8.0, "mm", "+0000"),
        (2, "81827009", 8.0, "mm", "+0000"),
    ]
    assert found[0]["result_datetime"] == moment.replace(tzinfo=None)


def test_parquet_values_that_python_can_not_hold(tmp_path: Path) -> None:
    rows = [result(feature_code=SECRET)] * 2
    made = pa.Table.from_pylist(rows)
    place = made.column_names.index("result_datetime")
    micro = pa.array([1_704_274_200_000_000, 10**18])
    for zone in (None, "Nowhere/Atall"):
        moments = micro.cast(pa.timestamp("us", zone))
        path, out = tmp_path / f"{zone is None}.parquet", tmp_path / f"raw{zone is None}"
        pq.write_table(made.set_column(place, "result_datetime", moments), path)
        status, said = load(path, out=out)
        assert status == 0, said
        (good,) = table(out, "algorithm_result")
        assert good["result_datetime"] == dt.datetime(2024, 1, 3, 9, 30)  # noqa: DTZ001
        assert good["result_offset"] == (None if zone is None else "+0000")
        assert rejected(out) == [(2, "result_datetime", "wrong_type")]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1.2", ">"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@given(st.dictionaries(st.sampled_from([*COLUMNS, "other"]), ANYTHING, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_row_is_taken_or_has_a_reason(changed: dict[str, object]) -> None:
    with suppress(BadRowError):
        rows = [check_row({**result(), **changed})]
        assert pa.Table.from_pylist(rows, SCHEMAS["algorithm_result"]).num_rows == 1


@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl", "parquet", "csv.gz"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_read_or_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    good = write(tmp_path / f"good.{suffix}", [result(), coded()]).read_bytes()
    path = tmp_path / f"any.{suffix}"
    for made in (content, good + content, good[: -len(content) or None]):
        path.write_bytes(made)
        with suppress(WrongFileError):
            for number, row in rows_of(path):
                assert number > 0
                assert row is None or isinstance(row, dict)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "a.txt is not named as one of .csv, .jsonl, .ndjson, .parquet."),
        ("a.parquet.gz", b"", "is not named as one of"),
        ("a.csv", b"", "a.csv lacks columns: series_instance_uid, feature_scheme, feature_code,"),
        ("a.csv", f"{SECRET},1\n".encode(), "lacks columns: series_instance_uid"),
        ("a.csv", b"series_instance_uid," * 60_000, "has a line of more than 1,000,000 char"),
        ("a.csv.gz", b"no gzip", "can't be read: it is damaged"),
        ("a.csv.gz", gzip.compress(b"x" * 99)[:-4], "can't be read: it is damaged"),
        ("a.parquet", b"no parquet", "can't be read: it is damaged"),
    ],
)
def test_a_wrong_file_is_one_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    good = write(tmp_path / "good.csv", [result()])
    status, said = load(good, tmp_path / name, out=tmp_path / "raw")
    assert status == 2
    assert message in said
    assert said.startswith("micdm: ")
    assert said.count("\n") == 1
    assert SECRET not in said
    assert table(tmp_path / "raw", "algorithm_result") == [], "all files of a command or none"
    assert not list((tmp_path / "raw").rglob(".*"))


def test_columns_must_be_known_and_quotes_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [result()])
    good = path.read_text()
    path.write_text(good.replace("finding_key", SECRET))
    status, said = load(path, out=tmp_path / "raw")
    assert (status, SECRET in said) == (2, False)
    assert "has columns of unknown name: number 6." in said
    path.write_text(good.replace("unit", "finding_key"))
    assert "has a column twice" in load(path, out=tmp_path / "raw")[1]
    path.write_text(good.replace("value_number", "value_code"))
    assert "lacks columns: value_number or value_scheme and" in load(path, out=tmp_path / "raw")[1]
    path.write_text(good + '"' + good)
    assert "quotes after row 1 are wrong" in load(path, out=tmp_path / "raw")[1]
    assert "There is no file" in load(tmp_path / "none.csv", out=tmp_path / "raw")[1]
    (tmp_path / "file").touch()
    status, said = load(write(path, [result()]), out=tmp_path / "file")
    assert (status, "Can't write to" in said) == (2, True)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the memory of a process")
def test_many_rows_take_little_memory(tmp_path: Path) -> None:
    """100,000 rows need hardly more than 20,000 do."""
    path = tmp_path / "many.csv"
    line = ",".join(str(v) for v in result().values())
    program = (
        "import sys; from pathlib import Path; from micdm import results\n"
        "print(results.load_results([Path(sys.argv[1])], Path(sys.argv[2])).accepted)\n"
        "print(*[w.split()[1] for w in open('/proc/self/status') if w.startswith('VmHWM')])\n"
    )
    used = []
    for count in (20_000, 100_000):
        path.write_text(",".join(result()) + "\n" + f"{line}\n" * count)
        command = [sys.executable, "-c", program, path, tmp_path / str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        accepted, kilobytes = map(int, done.stdout.split())
        assert accepted == count
        used.append(kilobytes)
    assert used[1] < used[0] + 20_000


def test_reasons_are_those_of_the_seed() -> None:
    path = ROOT_FOLDER / "seeds" / "mapping" / "reason_code.csv"
    with path.open() as lines:
        known = {r["reason_code"]: r["stage"] for r in csv.DictReader(lines)}
    package = Path(micdm.__file__).parent
    text = "".join(p.read_text() for p in package.glob("result*.py"))
    call = r"(?:BadRowError|BadValueError|_one_of)\(([^()]*)"
    used = set(re.findall(r'"([a-z]+_[a-z_]+)"', " ".join(re.findall(call, text)))) - set(COLUMNS)
    assert used <= set(known)
    assert {code for code, stage in known.items() if stage == "results"} <= used


def test_columns_are_documented() -> None:
    page = (ROOT_FOLDER / "docs" / "algorithm-results.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)[: len(COLUMNS)] == list(COLUMNS)


def test_results_wait_for_their_series_and_the_last_load_counts(tmp_path: Path) -> None:
    """Load, build, stage, build: keys and reasons; then a correction."""
    raw = tmp_path / "raw"
    stage(*write_slices(tmp_path / "one", 2), out=raw)
    other = f"{ROOT}.3.2"
    rows = [
        result(value_number=8),
        result(value_number=9, study_instance_uid=f"{ROOT}.2.1", finding_key="nodule 2"),
        result(study_instance_uid="9.9", finding_key="nodule 3"),
        result(series_instance_uid=other),
        coded(feature_scheme="SNOMED", unit=None),
        result(value_number=SECRET),
    ]
    command = [COMMANDS / "micdm", "load-results"]
    run([*command, write(tmp_path / "r.jsonl", rows), "--out", raw])
    built = DuckDB(tmp_path / "micdm.duckdb", raw)
    models = ["+int_algorithm_result", "stg_algorithm_result_rejected", "stg_algorithm_result_load"]
    words = ["build", "--select", *models, "--indirect-selection", "cautious"]
    words += ["--exclude-resource-type", "unit_test"]
    built.build(*words)
    query = """
        select result_row, reason_code, value_number
        from micdm_intermediate.int_algorithm_result order by run_id, result_row
    """
    assert built.rows(query) == [
        (1, None, 8.0),
        (2, None, 9.0),
        (3, "study_mismatch", 8.0),
        (4, "series_not_staged", 8.0),
        (5, None, None),
    ]
    ((system, moment),) = built.rows(
        "select distinct alg_system, alg_datetime from micdm_intermediate.int_algorithm_result"
    )
    assert system == "alg:/-/nodule%20finder/2.1"
    assert moment == dt.datetime(2024, 1, 3, 9, 30)  # noqa: DTZ001 - local as stated
    assert built.rows(
        "select result_row, column_name, reason_code"
        " from micdm_staging.stg_algorithm_result_rejected"
    ) == [(6, "value_number", "not_a_number")]

    stage(*write_slices(tmp_path / "two", 2, series=2), out=raw)
    run([*command, write(tmp_path / "r.csv", [result(value_number=7)]), "--out", raw])
    built.build(*words)
    assert built.rows(query) == [
        (1, "superseded_result", 8.0),
        (2, None, 9.0),
        (3, "study_mismatch", 8.0),
        (4, None, 8.0),
        (5, None, None),
        (1, None, 7.0),
    ]
