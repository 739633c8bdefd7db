"""Whole runs: everything is accounted for, once, however often and with however many processes."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pydicom.data
import pytest
from typer.testing import CliRunner

import micdm
from dicom_factory import ROOT, by_name, dataset, encode, make_tar, stage, table, write_slices
from micdm import cli, run, staging
from micdm.schema import SCHEMAS

PYDICOM = Path(pydicom.data.__file__).parent
SAMPLES = [
    PYDICOM,
    # Packages that hold sample files; their code is not imported, its needs are not installed.
    *(
        Path(next(iter(spec.submodule_search_locations)))
        for spec in map(find_spec, ("data_store", "deid_data", "pyskindose"))
        if spec and spec.submodule_search_locations
    ),
]
ROWS = ("dicom_instance", "dicom_instance_element", "dicom_header_element", "dicom_rejected")


def rows(out: Path, name: str) -> set[tuple[Any, ...]]:
    """Return the rows of a table without the run; elements only of files that are staged."""
    found = table(out, name)
    if name == "dicom_instance_element":
        staged = {(r["run_id"], r["file_id"]) for r in table(out, "dicom_instance")}
        found = [r for r in found if (r["run_id"], r["file_id"]) in staged]
    return {tuple(v for c, v in r.items() if c != "run_id") for r in found}


def all_rows(out: Path) -> dict[str, set[tuple[Any, ...]]]:
    return {name: rows(out, name) for name in ROWS}


def check_account(summary: run.Summary) -> None:
    counts = summary.counts
    assert counts.files == (
        counts.instances + counts.rejected.total() + counts.non_dicom + counts.unchanged
    )


def count_files(folders: Iterable[Path]) -> int:
    return sum(len(files) for folder in folders for _, _, files in os.walk(folder))


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, run.Summary]:
    """Stage all that pydicom ships."""
    out = tmp_path_factory.mktemp("bundled")
    return out, stage(PYDICOM, out=out)


def test_all_files_that_pydicom_ships_are_accounted_for(
    bundled: tuple[Path, run.Summary],
) -> None:
    out, summary = bundled
    check_account(summary)
    counts = summary.counts
    assert counts.files == count_files([PYDICOM])
    assert counts.instances == len(table(out, "dicom_instance")) == 176
    assert dict(counts.rejected) == {"dicomdir": 8, "no_identity": 8, "not_dicom": 1}
    assert len(table(out, "dicom_rejected")) == 17
    named = [p for p in PYDICOM.rglob("*") if p.suffix.lower() in (".dcm", ".ima")]
    seen = {r["uri"] for n in ("dicom_instance", "dicom_rejected") for r in table(out, n)}
    assert {str(p) for p in named} <= seen
    assert summary.series == len(
        {r["series_instance_uid"] for r in table(out, "dicom_instance")} - {None}
    )


def test_tables_are_as_the_contract_says(bundled: tuple[Path, run.Summary]) -> None:
    out, summary = bundled
    for name, schema in SCHEMAS.items():
        parts = sorted((out / name).glob("*.parquet"))
        assert parts
        for part in parts:
            assert pq.read_schema(part).remove_metadata() == schema
    row = table(out, "extract_run")[0]
    assert row["run_id"] == summary.run_id
    assert row["exit_reason"] == "completed"
    assert (row["files"], row["instances"]) == (summary.counts.files, summary.counts.instances)
    headers = {r["header_id"] for r in table(out, "dicom_header_element")}
    assert headers <= {r["header_id"] for r in table(out, "dicom_instance")}
    for name in ROWS:
        for found in table(out, name):
            assert not any("\0" in v for v in found.values() if isinstance(v, str))


def test_a_second_run_stages_nothing(bundled: tuple[Path, run.Summary]) -> None:
    out, first = bundled
    before = all_rows(out)
    second = stage(PYDICOM, out=out)
    check_account(second)
    assert second.counts.files == first.counts.files
    assert second.counts.instances == second.counts.rejected.total() == second.counts.deleted == 0
    assert second.counts.unchanged == first.counts.instances + first.counts.rejected.total()
    assert all_rows(out) == before


def test_parallel_and_serial_runs_give_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SMALL_INPUT", 1)
    serial = stage(*SAMPLES, out=tmp_path / "serial")
    parallel = stage(*SAMPLES, out=tmp_path / "parallel", workers=2)
    check_account(parallel)
    assert serial.counts.instances > 200
    assert all_rows(tmp_path / "serial") == all_rows(tmp_path / "parallel")
    assert serial.series == parallel.series
    assert serial.counts.rejected == parallel.counts.rejected
    parts = {p.name.split("-")[2] for p in (tmp_path / "parallel" / "dicom_instance").glob("2*")}
    assert len(parts) == 2, "both processes wrote parts of their own"


def test_slices_share_a_header(tmp_path: Path) -> None:
    write_slices(tmp_path / "in", 2_000)
    out = tmp_path / "out"
    summary = stage(tmp_path / "in", out=out)
    assert (summary.counts.instances, summary.series) == (2_000, 1)
    instances = table(out, "dicom_instance")
    assert len({r["header_id"] for r in instances}) == 1
    assert len({r["sop_instance_uid"] for r in instances}) == 2_000
    elements = table(out, "dicom_header_element")
    assert len(elements) == len({(r["path"], r["item"], r["position"]) for r in elements})
    locations = [r for r in table(out, "dicom_instance_element") if r["path"] == "SliceLocation"]
    assert len({r["value_number"] for r in locations}) == 2_000


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    paths = write_slices(folder, 3)
    stage(folder, out=out)
    paths[1].write_bytes(encode(dataset(KVP="80")))
    summary = stage(folder, out=out)
    assert (summary.counts.instances, summary.counts.unchanged) == (1, 2)
    assert summary.counts.deleted == 0
    staged = [r for r in table(out, "dicom_instance") if r["uri"] == str(paths[1])]
    assert len({r["file_id"] for r in staged}) == 2
    newest = max(staged, key=lambda r: r["run_id"])
    assert newest["sop_instance_uid"] == f"{ROOT}.4.1"


def test_deleted_files_are_marked_once_and_may_come_back(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    paths = write_slices(folder, 3)
    stage(folder, out=out)
    content, when = paths[0].read_bytes(), paths[0].stat().st_mtime_ns
    paths[0].unlink()
    assert stage(folder, out=out, follow_deleted=False).counts.deleted == 0
    summary = stage(folder, out=out)
    assert summary.counts.deleted == 1
    check_account(summary)
    marker = by_name(table(out, "dicom_rejected"))[paths[0].name]
    assert marker["reason_code"] == "file_deleted"
    staged = by_name(table(out, "dicom_instance"))[paths[0].name]
    assert marker["file_id"] == staged["file_id"]
    assert marker["run_id"] > staged["run_id"]
    assert stage(folder, out=out).counts.deleted == 0
    paths[0].write_bytes(content)
    os.utime(paths[0], ns=(when, when))
    back = stage(folder, out=out)
    assert (back.counts.instances, back.counts.unchanged) == (1, 2)
    paths[0].unlink()
    assert stage(folder, out=out).counts.deleted == 1


def test_an_empty_or_other_root_marks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for path in [*write_slices(folder / "a", 2), *write_slices(folder / "b", 2)]:
        assert path.exists()
    stage(folder, out=out)
    assert stage(folder / "a", out=out).counts.deleted == 0, "b was not looked at"
    for path in folder.rglob("*.dcm"):
        path.unlink()
    assert stage(folder, out=out).counts.deleted == 0
    assert "holds no file" in capsys.readouterr().err


def test_members_of_archives_are_followed(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "other").write_bytes(encode(dataset()))

    def pack(*names: str) -> None:
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for name in names:
                archive.writestr(name, encode(dataset(SOPInstanceUID=f"1.2.{len(name)}")))

    pack("a", "bb")
    assert stage(folder, out=out).counts.instances == 3
    pack("a")
    changed = stage(folder, out=out)
    assert (changed.counts.instances, changed.counts.deleted) == (1, 1), "a again; bb is gone"
    (folder / "a.zip").write_bytes(b"PK\3\4 broken")
    broken = stage(folder, out=out)
    assert dict(broken.counts.rejected) == {"archive_corrupt": 1}
    assert broken.counts.deleted == 0, "what it held can't be known now"
    (folder / "a.zip").unlink()
    gone = stage(folder, out=out)
    assert gone.counts.deleted == 3, "both readings of a, and the broken archive"


def test_one_csv_row_adds_an_attribute(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    write_slices(folder, 2, StationName="CT1")
    first = stage(folder, out=out)
    assert not [r for r in table(out, "dicom_header_element") if r["path"] == "StationName"]
    site = tmp_path / "site.csv"
    site.write_text(
        "path,keyword,tag,vr,level,role,value_type\n"
        "StationName,StationName,00081010,SH,series,device,text\n"
    )
    second = stage(folder, out=out, attribute_files=[site])
    assert second.counts.instances == first.counts.instances == 2, "a new list reads files again"
    found = [r for r in table(out, "dicom_header_element") if r["path"] == "StationName"]
    assert [r["value_text"] for r in found] == ["CT1"]
    lists = {r["attribute_list_id"] for r in table(out, "extract_run")}
    assert len(lists) == 2


def test_ids_do_not_depend_on_the_run(tmp_path: Path) -> None:
    write_slices(tmp_path / "in", 5)
    for name in ("one", "two"):
        stage(tmp_path / "in", out=tmp_path / name)
    assert all_rows(tmp_path / "one") == all_rows(tmp_path / "two")


def test_the_output_folder_is_not_walked(tmp_path: Path) -> None:
    write_slices(tmp_path / "in", 2)
    stage(tmp_path / "in", out=tmp_path / "in" / "raw")
    assert stage(tmp_path / "in", out=tmp_path / "in" / "raw").counts.files == 2


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "micdm.cli", "stage", *map(str, arguments)]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(micdm.__file__).parents[1])}


def wait_for_part(out: Path) -> None:
    """Wait until the run has committed instances."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if any((out / "dicom_instance").glob("2*.parquet")):
            return
        time.sleep(0.005)
    raise AssertionError("the run committed nothing")


def wait_for_end(group: int) -> None:
    """Wait until no process of the group is left: a worker ends with the main process."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("a worker outlived the run")


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_and_run_again_gives_the_same_rows(tmp_path: Path, workers: int) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for series in range(4):
        write_slices(folder / str(series), 400, series=series)
    (folder / "bad.dcm").write_text("not DICOM")
    with subprocess.Popen(
        command(folder, "--out", out, "--workers", workers),
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as killed:
        wait_for_part(out)
        killed.kill()
    wait_for_end(killed.pid)
    partial = len(table(out, "dicom_instance"))
    assert 0 < partial < 1_600
    assert [r["exit_reason"] for r in table(out, "extract_run")] == ["running"]
    rest = stage(folder, out=out)
    assert rest.counts.instances == 1_600 - partial
    stage(folder, out=tmp_path / "whole")
    assert all_rows(out) == all_rows(tmp_path / "whole")
    assert len(table(out, "dicom_instance")) == 1_600, "none twice"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_runs_keep_what_is_committed(
    tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for series in range(4):
        write_slices(folder / str(series), 400, series=series)
    with subprocess.Popen(
        command(folder, "--out", out, "--workers", workers),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as stopped:
        wait_for_part(out)
        os.killpg(stopped.pid, number)  # as Ctrl-C does: the workers get it too
        output, _ = stopped.communicate(timeout=60)
    assert stopped.returncode == 128 + number
    assert "interrupted" in output
    row = table(out, "extract_run")[0]
    assert row["exit_reason"] == "interrupted"
    assert row["instances"] == len(table(out, "dicom_instance")) < 1_600
    rest = stage(folder, out=out)
    assert row["instances"] + rest.counts.instances == 1_600
    assert rest.counts.deleted == 0


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(cli.app, ["stage", *map(str, arguments)])


def test_exit_status_and_summary(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    write_slices(folder, 2)
    done = invoke(folder, "--out", out, "--strict")
    assert done.exit_code == 0
    for line in ("files", "DICOM instances", "series", "rejected", "not DICOM", "seconds"):
        assert line in done.stdout
    (folder / "bad.dcm").write_text("x")
    assert invoke(folder, "--out", tmp_path / "out2").exit_code == 0
    strict = invoke(folder, "--out", tmp_path / "out3", "--strict")
    assert strict.exit_code == 1
    assert "not_dicom" in strict.stdout


@pytest.mark.parametrize("workers", [1, 2])
def test_strict_is_red_as_long_as_a_rejected_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(run, "SMALL_INPUT", 1)
    folder, out = tmp_path / "in", tmp_path / "out"
    write_slices(folder, 2)
    (folder / "link").symlink_to("nowhere")
    (folder / "bad.dcm").write_text("x")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("bad.dcm", "x")
        archive.writestr("good", encode(dataset()))
    arguments = (folder, "--out", out, "--strict", "--workers", workers)
    first = invoke(*arguments)
    assert (first.exit_code, "rejected before" in first.stdout) == (1, False)
    for _ in range(2):
        again = invoke(*arguments)
        assert again.exit_code == 1
        assert re.search(r"\n  rejected before +3\n", again.stdout)
    row = max(table(out, "extract_run"), key=lambda r: r["run_id"])
    assert (row["files"], row["rejected"], row["unchanged"]) == (6, 0, 6)
    other = invoke(folder / "slice000000.dcm", *arguments[1:])
    assert other.exit_code == 0, "they are not among the files given"
    for name in ("link", "bad.dcm", "a.zip"):
        (folder / name).unlink()
    healed = invoke(*arguments)
    assert (healed.exit_code, "rejected before" in healed.stdout) == (0, False)


def test_what_a_broken_archive_holds_is_not_taken_for_deleted(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    write_slices(folder, 1)
    make_tar(folder / "cut.tar", "w", {"one": encode(dataset()), "two": bytes(9_000)})
    whole = (folder / "cut.tar").read_bytes()
    (folder / "cut.tar").write_bytes(whole[:4_000])
    first = stage(folder, out=out).counts
    assert (first.instances, dict(first.rejected)) == (2, {"archive_corrupt": 1})
    for _ in range(2):
        summary = stage(folder, out=out)
        check_account(summary)
        counts = summary.counts
        assert (counts.files, counts.unchanged, counts.deleted) == (3, 3, 0)


def test_what_can_not_run_says_why_in_one_sentence(tmp_path: Path) -> None:
    missing = invoke(tmp_path / "nothing", "--out", tmp_path / "out")
    assert missing.exit_code == 2
    assert missing.stderr == f"micdm: There is no file or folder {tmp_path / 'nothing'}.\n"
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    blocked = invoke(tmp_path, "--out", tmp_path / "file" / "out")
    assert blocked.exit_code == 2
    assert blocked.stderr.startswith("micdm: Can't write to ")
    (tmp_path / "list.csv").write_text("path\nx\n")
    wrong = invoke(tmp_path, "--out", tmp_path / "out", "--attributes", tmp_path / "list.csv")
    assert wrong.exit_code == 2
    assert "no column keyword" in wrong.stderr


def test_a_full_disk_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    write_slices(folder, 600)
    stage(out=out)  # makes the folders
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000));"
    start = "from micdm.cli import app; app(sys.argv[1:])"
    for workers in (1, 2):
        arguments = command(folder, "--out", out, "--workers", workers)[3:]
        finished = subprocess.run(
            [sys.executable, "-c", limit + start, *arguments],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 2, finished.stderr
        assert finished.stderr == (
            f"micdm: Can't write to {out}: File too large; run again to go on.\n"
        )
    assert stage(folder, out=out).counts.instances + len(table(out, "dicom_instance")) >= 600
    (out / "dicom_instance" / "broken.parquet").write_bytes(b"PAR1 not really")
    broken = invoke(folder, "--out", out)
    assert broken.exit_code == 2
    assert "Can't use what is staged" in broken.stderr


def test_a_second_run_at_once_stops_with_a_sentence(tmp_path: Path) -> None:
    write_slices(tmp_path / "in", 2)
    out = tmp_path / "out"
    stage(out=out)
    results = ["load-results", str(tmp_path / "r.csv"), "--out", str(out)]
    before = sorted(out.rglob("*.parquet"))
    with staging.locked(out):
        staged = invoke(tmp_path / "in", "--out", out)
        loaded = CliRunner().invoke(cli.app, results)
    for done in (staged, loaded):
        assert done.exit_code == 2
        assert done.stderr == (
            f"micdm: Another `micdm` is writing to {out}: let it finish first.\n"
        )
    assert sorted(out.rglob("*.parquet")) == before
    assert invoke(tmp_path / "in", "--out", out).exit_code == 0


def test_no_space_on_a_small_disk_ends_with_a_sentence(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        write_slices(tmp_path / "in", 3)
        rows = "".join(f"1.2.{n},SCT,1,{n},mm,ai,1,2024-01-03T09:30:00\n" for n in range(90_000))
        (tmp_path / "r.csv").write_text(
            "series_instance_uid,feature_scheme,feature_code,value_number,unit,"
            f"algorithm_name,algorithm_version,result_datetime\n{rows}"
        )
        out = ["--out", str(disk / "raw")]
        loaded = CliRunner().invoke(cli.app, ["load-results", str(tmp_path / "r.csv"), *out])
        with suppress(OSError), (disk / "filling").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
        for done in (loaded, invoke(tmp_path / "in", *out)):
            assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
            assert "No space left on device" in done.stderr
        assert not [*disk.rglob(".*.tmp")], "nothing half-written"
        assert not [p for p in disk.rglob("*.parquet") if p.name != "empty.parquet"]
    finally:
        subprocess.run(["umount", str(disk)], capture_output=True, check=False)


@pytest.mark.filterwarnings("ignore")
def test_no_patient_is_ever_named(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(encode(dataset(PatientID="SECRET-ID", PatientAge=None)))
    broken = encode(dataset(PatientID="SECRET-ID", SpecificCharacterSet="SECRET-SET"))
    (folder / "b.dcm").write_bytes(broken[:-300])
    finished = subprocess.run(
        command(folder, "--out", tmp_path / "out", "--workers", 1),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    for secret in ("SECRET", "Test^Case"):
        assert secret not in finished.stdout + finished.stderr


def test_reason_codes_are_those_of_the_seed() -> None:
    package = Path(micdm.__file__).parent
    with (package.parents[1] / "seeds" / "mapping" / "reason_code.csv").open() as lines:
        known = {row["reason_code"] for row in csv.DictReader(lines)}
    call = r"(?:Rejected|RefusedMember|Refused|BadValueError|_reject|_refuse_file)\(([^()]*)"
    used = {"file_deleted", "unknown_vr", "bad_length", "value_unreadable"}
    for source in package.glob("*.py"):
        for arguments in re.findall(call, source.read_text()):
            used.update(re.findall(r'"([a-z0-9]+(?:_[a-z0-9]+)+)"', arguments))
    assert len(used) > 25
    assert used <= known


def test_100_million_known_files_fit() -> None:
    """Known files cost 8 bytes each, and are looked up without Python objects."""
    ids = [staging.file_id_of(f"/x/{n}", None, n, n, "list") for n in range(2_000)]
    keys = staging.np.unique(staging.np.array([staging.key_of_id(i) for i in ids], "u8"))
    assert keys.nbytes == 8 * len(ids)
    wanted = staging.np.array([staging.key_of_id(ids[5]), 7], "u8")
    assert staging.contains(keys, wanted).tolist() == [True, False]
