"""What real archives throw at a header reader: never a crash, a hang or a file unaccounted for.

Each test is a kind of bad input, measured on 19,202 real files, with the outcome that is wanted.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import micdm
from dicom_factory import (
    ROOT,
    by_name,
    dataset,
    deflated,
    element,
    elements,
    encode,
    flags_of,
    item,
    join,
    meta_information,
    read,
    rows_of,
    sequence,
    stage,
    table,
    values_of,
)
from micdm.reader import Header, Rejected

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
MEGABYTE = 1024 * 1024


def rejection(content: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        read(content)
    return caught.value.reason_code


def ct(**replaced: bytes | None) -> bytes:
    return join(elements(**replaced))


def reasons(header: Header, path: str) -> list[str | None]:
    return [row.reason_code for row in rows_of(header) if row.path == path]


# Zero length, 100 bytes, no DICM


@pytest.mark.parametrize("content", [b"", bytes(100), b"x" * 100, bytes(5_000)])
def test_nothing_in_it(content: bytes) -> None:
    assert rejection(content) == ("not_dicom" if content else "empty_file")


@pytest.mark.parametrize(
    "content",
    [
        PNG,
        b"PK\3\4" + bytes(3_000),
        b"The quick brown fox jumps over the lazy dog. " * 50,
        b"\x08\x00\x08\x00" + b"UI\x04\x00ab",
        b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + b"\x08\x00\x60\x00CS\x04\x00 XY ",
        struct.pack("<HHL", 8, 0, 4) + bytes(500_000),
    ],
)
def test_what_is_no_dicom_does_not_become_it_by_force(content: bytes) -> None:
    assert rejection(content) == "not_dicom"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_true_old_files_without_prefix_are_read(syntax: str) -> None:
    header = read(encode(dataset(), syntax, bare=True))
    assert header.identity.modality == "CT"
    assert values_of(header, "KVP") == ["120"]
    assert header.flags == {"no_preamble", "no_meta"}


# Preamble only, truncated inside the meta header


def test_truncated_in_the_meta_header() -> None:
    whole = ct()
    end = len(meta_information())
    for cut in (132, 140, 150, 180, end - 1, end):
        assert rejection(whole[:cut]) == "truncated_meta", cut


# Truncated in the header


def test_truncated_in_the_header_keeps_what_is_complete() -> None:
    whole = ct()
    place = whole.index(b"120")
    header = read(whole[: place + 1])
    assert values_of(header, "SliceThickness") == ["1.25"]
    assert values_of(header, "KVP") == []
    assert header.identity.series_instance_uid is None
    assert "truncated" in header.flags
    inside_the_length = whole[: place - 2]
    assert "truncated" in read(inside_the_length).flags


def test_truncation_anywhere_never_crashes() -> None:
    whole = ct(last=sequence(0x00540016, [item(element(0x00181074, "DS", b"12"))]))
    rejected = {}
    for cut in range(len(meta_information()) + 1, len(whole)):
        try:
            assert read(whole[:cut]).identity.sop_class_uid
        except Rejected as bad:
            rejected[cut] = bad.reason_code
    assert set(rejected.values()) == {"truncated_meta", "no_identity"}
    assert max(rejected) < len(meta_information()) + 8 + 26, "only before the SOP class is whole"


# Length beyond the end of file


@pytest.mark.parametrize("length", [1_000, 0xFFFFFFFE])
def test_length_beyond_the_end(length: int) -> None:
    for vr, tag in (("UT", 0x00280300), ("OB", 0x00091010), ("SQ", 0x00400260)):
        header = read(ct(last=element(tag, vr, b"abcd", length=length), pixels=None))
        assert {"truncated", "value_past_end"} <= header.flags
        assert values_of(header, "Rows") == ["4"]


# Sequence without delimiter (real)


def test_sequence_without_delimiter_keeps_what_came_before() -> None:
    for ended, tag in ((True, 0x00540016), (False, 0x00540016), (True, 0x00400275)):
        inside = item(element(0x00181074, "DS", b"12"), ended=ended)
        header = read(ct(last=sequence(tag, [inside], ended=False), pixels=None))
        assert header.identity.series_instance_uid == f"{ROOT}.3.1"
        assert values_of(header, "SliceThickness") == ["1.25"]
        assert "sequence_unterminated" in header.flags


def test_the_real_one() -> None:
    path = Path(pydicom.data.__file__).parent / "test_files" / "rtplan_truncated.dcm"
    header = read(path.read_bytes())
    assert header.identity.modality == "RTPLAN"
    assert "truncated" in header.flags


# Nesting 5,000 deep


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("tag", [0x00540016, 0x0040A525, 0x00091010])
def test_nesting_5000_deep_is_rejected(undefined: bool, tag: int) -> None:
    if undefined:
        opened = element(tag, "SQ", b"", length=0xFFFFFFFF)
        opened += struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
        closed = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
        nest = opened * 5_000 + closed * 5_000
    else:
        nest = b""
        for _ in range(5_000):
            nest = sequence(tag, [item(nest, undefined=False)], undefined=False)
    assert rejection(ct(last=nest)) == "nesting_too_deep"


# Deflate bomb, corrupt deflate


def test_deflated_files() -> None:
    def squeeze(content: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(content) + packer.flush()

    body = b"".join(elements().values())
    assert values_of(read(deflated(squeeze(body))), "KVP") == ["120"]
    bomb = squeeze(body + element(0x7FE00010, "OW", bytes(300 * MEGABYTE)))
    assert len(bomb) < MEGABYTE
    assert rejection(deflated(bomb)) == "deflate_too_large"
    assert rejection(deflated(b"\xff" * 100)) == "deflate_corrupt"
    cut = read(deflated(squeeze(body + os.urandom(9_000))[:-100]))
    assert cut.flags == {"truncated"}


# Unknown VR, US of odd length


def test_unknown_vr_and_odd_length_spare_the_file() -> None:
    header = read(
        ct(thickness=element(0x00180050, "XX", b"1.25"), rows=element(0x00280010, "US", b"\1\2\3"))
    )
    assert reasons(header, "SliceThickness") == ["unknown_vr"]
    assert values_of(header, "SliceThickness") == ["1.25"]
    odd = ct(last=element(0x00280011, "US", b"\1\0\2", length=3))
    assert reasons(read(odd), "Columns") == ["bad_length"]
    assert values_of(header, "KVP") == ["120"]


# Elements out of order or twice


def test_out_of_order_and_twice_the_last_wins() -> None:
    header = read(ct(last=element(0x00180050, "DS", b"9.5")))
    assert values_of(header, "SliceThickness") == ["9.5"]
    assert "duplicate_element" in header.flags
    header = read(ct(last=element(0x00180088, "DS", b"2")))
    assert values_of(header, "SpacingBetweenSlices") == ["2"]
    assert header.flags == {"out_of_order"}


# 20,000 per-frame groups


@pytest.mark.parametrize("undefined", [True, False])
def test_20000_frames_are_not_all_looked_at(undefined: bool) -> None:
    echo = item(element(0x00189082, "FD", struct.pack("<d", 20.0)), undefined=undefined)
    place = element(0x00200032, "DS", b"0\\0\\1 ")
    frame = item(
        sequence(0x00189114, [echo], undefined=undefined)
        + sequence(0x00209113, [item(place, undefined=undefined)], undefined=undefined),
        undefined=undefined,
    )
    content = ct(last=sequence(0x52009230, [frame] * 20_000, undefined=undefined))
    started = time.perf_counter()
    header = read(content)
    assert time.perf_counter() - started < 5
    assert header.flags == {"frames_sampled"}
    assert {row.value_count for row in rows_of(header) if "Echo" in row.path} == {5_000}


def test_fewer_frames_are_read_of_huge_ones() -> None:
    """A value of 60 KB in each of 2,000 frames: 120 MB, of which half is kept."""
    frames = (
        item(sequence(0x00189114, [item(element(0x00189082, "UT", b"%06d" % n + b"x" * 60_000))]))
        for n in range(2_000)
    )
    header = read(ct(last=sequence(0x52009230, frames)))
    assert "frames_sampled" in header.flags
    kept = sum(len(v.value) for _, found in header.series_values for _, v in found)
    assert 50 * MEGABYTE < kept < 70 * MEGABYTE


# Numbers


def test_numbers_that_are_none() -> None:
    for raw, reason in {
        b"nan": "not_finite",
        b"1,25": "not_a_number",
        b"unknown": "not_a_number",
        b"1.9.10.0": "not_a_number",
    }.items():
        header = read(ct(thickness=element(0x00180050, "DS", raw)))
        row = next(row for row in rows_of(header) if row.path == "SliceThickness")
        assert (row.value_text, row.value_number, row.value_key) == (raw.decode(), None, None)
        assert row.reason_code == reason
        assert values_of(header, "KVP") == ["120"]
    for raw, reason in {
        b"3.0": "not_an_integer",
        b"abc": "not_a_number",
        b"99999999999": "integer_out_of_range",
    }.items():
        header = read(ct(number=element(0x00200013, "IS", raw)))
        assert header.identity.instance_number is None
        assert reasons(header, "InstanceNumber") == [reason]


@pytest.mark.parametrize("raw", [b"0", b"-3"])
def test_no_frames_are_no_number_of_frames(raw: bytes) -> None:
    header = read(ct(last=element(0x00280008, "IS", raw)))
    assert header.identity.number_of_frames is None
    found = [row for row in rows_of(header) if row.path == "NumberOfFrames"]
    assert [(r.value_text, r.value_number, r.value_key, r.reason_code) for r in found] == [
        (raw.decode(), None, None, "integer_out_of_range")
    ]


# Dates, times, ages


def test_dates_that_are_none() -> None:
    for raw in (b"20230231", b"00000000", b"***", b"2004-01-19", b"6f1e4c1e-5b0e-4b43-9d9d"):
        header = read(ct(study_date=element(0x00080020, "DA", raw)))
        assert header.identity.study_date is None
        assert reasons(header, "StudyDate") == ["invalid_date"]
        assert values_of(header, "StudyDate") == [raw.decode()]
    legacy = read(ct(study_date=element(0x00080020, "DA", b"2004.01.19")))
    assert str(legacy.identity.study_date) == "2004-01-19"
    assert reasons(legacy, "StudyDate") == []


def test_times_and_ages_that_are_none() -> None:
    header = read(ct(study_date=element(0x00080030, "TM", b"25:61:00")))
    assert header.identity.study_time is None
    assert reasons(header, "StudyTime") == ["invalid_time"]
    for raw in (b"45", b"0Y"):
        header = read(ct(thickness=element(0x00101010, "AS", raw)))
        assert header.identity.patient_age is None
        assert reasons(header, "PatientAge") == ["invalid_age"]


# Modality


def test_modality() -> None:
    both = read(ct(modality=element(0x00080060, "CS", rb"CT\PT")))
    assert (both.identity.modality, both.flags) == ("CT", {"multi_valued_modality"})
    assert read(ct(modality=element(0x00080060, "CS", b" ct "))).identity.modality == "CT"
    assert read(ct(modality=None)).identity.modality is None


# UIDs and patient ids


def test_uids_and_patient_ids() -> None:
    for raw, kept, flags in (
        (b" 1.2.3 ", "1.2.3", set()),
        (b"1.02.abc", "1.02.abc", {"invalid_uid"}),
        (b"1." * 40, "1." * 40, {"invalid_uid"}),
        (b"", None, set()),
    ):
        header = read(ct(series=element(0x0020000E, "UI", raw)))
        assert (header.identity.series_instance_uid, header.flags) == (kept, flags)
    empty = read(ct(patient_id=element(0x00100020, "LO", b"  ")))
    assert empty.identity.patient_id is None
    kept = read(ct(patient_id=element(0x00100020, "LO", b" 00 a/B ")))
    assert kept.identity.patient_id == "00 a/B"


# NUL, ESC, 10,000 characters


def test_text_that_databases_refuse_is_cleaned() -> None:
    header = read(ct(last=element(0x00080070, "LO", b"AC\0ME\x1b Inc")))
    assert values_of(header, "Manufacturer") == ["ACME Inc"]
    assert "control_characters" in flags_of(header)
    header = read(ct(patient_id=element(0x00100020, "LO", b"P\x001")))
    assert (header.identity.patient_id, header.flags) == ("P1", {"control_characters"})
    header = read(ct(last=element(0x00080070, "LO", b"x" * 10_000)))
    assert values_of(header, "Manufacturer") == ["x" * 10_000]
    assert "too_long" in flags_of(header)


# Character sets


@pytest.mark.parametrize(
    ("charset", "raw", "text", "flag"),
    [
        (b"ISO_IR 999", "Jörg".encode("latin-1"), "Jörg", "charset_unknown"),
        (b"ISO-IR 100", "Jörg".encode("latin-1"), "Jörg", "charset_unknown"),
        (b"a\0b", b"Joe", "Joe", "charset_unknown"),
        (None, "Jörg".encode("latin-1"), "Jörg", "charset_missing"),
        (b"ISO_IR 192", b"J\xf6rg", "J\ufffdrg", "charset_error"),
        (rb"\ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B", "山田", None),
        (b"ISO_IR 192", "山田".encode(), "山田", None),
    ],
)
def test_character_sets(charset: bytes | None, raw: bytes, text: str, flag: str | None) -> None:
    declared = b"" if charset is None else element(0x00080005, "CS", charset)
    made = elements(last=b"", patient_id=element(0x00100020, "LO", raw))
    header = read(join({"charset": declared, **made}))
    assert header.identity.patient_id == text
    assert header.flags == ({flag} if flag else set())


# Big endian, implicit, wrong transfer syntax


def test_encodings_right_and_wrong() -> None:
    plain = values_of(read(encode(dataset())), "PixelSpacing")
    for syntax in (ExplicitVRBigEndian, ImplicitVRLittleEndian):
        header = read(encode(dataset(), syntax))
        assert (values_of(header, "PixelSpacing"), header.flags) == (plain, set())
    for true, said in (
        (ImplicitVRLittleEndian, ExplicitVRLittleEndian),
        (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
        (ExplicitVRLittleEndian, ExplicitVRBigEndian),
        (ExplicitVRBigEndian, ExplicitVRLittleEndian),
    ):
        content = encode(dataset(), true)
        start = 144 + struct.unpack("<L", content[140:144])[0]  # (0002,0000) says where
        header = read(meta_information(said) + content[start:])
        assert values_of(header, "PixelSpacing") == plain
        assert header.flags == {"wrong_transfer_syntax"}


# DICOMDIR


def test_dicomdir_is_a_category_of_its_own() -> None:
    folder = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"
    for name in ("DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit"):
        assert rejection((folder / name).read_bytes()) == "dicomdir"
    records = sequence(0x00041220, [item(element(0x00041430, "CS", b"PATIENT"))])
    assert rejection(join({"records": records, **elements(sop_class=None)})) == "dicomdir"


# FIFO, socket, device


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "fifo.dcm")
    (folder / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket may only be short
        listener.bind("socket")
        os.chdir(here)
        (folder / "good.dcm").write_bytes(ct())
        summary = stage(folder, out=tmp_path / "out")
    rejected = by_name(table(tmp_path / "out", "dicom_rejected"))
    assert {n: r["reason_code"] for n, r in rejected.items()} == dict.fromkeys(
        ("fifo.dcm", "device", "socket"), "not_regular_file"
    )
    assert (summary.counts.files, summary.counts.instances) == (4, 1)


# Symlink loop, dangling link, no permission, non-UTF-8 file name


def test_links_and_names(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "dangling.dcm").symlink_to(folder / "nothing")
    Path(os.fsdecode(os.fsencode(folder) + b"/odd\xff.dcm")).write_bytes(ct())
    (folder / "good").write_bytes(ct())
    summary = stage(folder, out=tmp_path / "out")
    rejected = by_name(table(tmp_path / "out", "dicom_rejected"))
    assert {n: r["reason_code"] for n, r in rejected.items()} == {
        "up": "symlink_loop",
        "self": "symlink_loop",
        "dangling.dcm": "dangling_link",
        "odd\\xff.dcm": "non_utf8_name",
    }
    assert (summary.counts.files, summary.counts.instances) == (5, 1)
    again = stage(folder, out=tmp_path / "out")
    assert (again.counts.unchanged, again.counts.deleted) == (5, 0)
    assert len(table(tmp_path / "out", "dicom_rejected")) == 4


@contextmanager
def nobody(*owned: Path) -> Iterator[None]:
    """Become a user without rights, when the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    for path in owned:
        os.chown(path, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_no_permission(tmp_path: Path) -> None:
    base = Path(tempfile.mkdtemp(prefix="micdm-test-"))  # pytest's own folder is closed to others
    try:
        base.chmod(0o755)
        folder, out = base / "in", base / "out"
        (folder / "closed").mkdir(parents=True)
        out.mkdir()
        for name in ("good.dcm", "secret.dcm", "closed/hidden.dcm"):
            (folder / name).write_bytes(ct())
        summary = stage(folder, out=out)
        assert summary.counts.instances == 3
        for path in out.rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        (folder / "secret.dcm").write_bytes(ct(kvp=None))
        (folder / "secret.dcm").chmod(0)
        (folder / "closed").chmod(0)
        with nobody(out):
            summary = stage(folder, out=out)
        assert dict(summary.counts.rejected) == {"permission_denied": 2}
        assert summary.counts.deleted == 0, "what can't be seen is not gone"
        rejected = by_name(table(out, "dicom_rejected"))
        assert set(rejected) == {"secret.dcm", "closed"}
        # Once it may be read it is, though neither its size nor its time changed.
        (folder / "secret.dcm").chmod(stat.S_IRUSR | stat.S_IROTH)
        (folder / "closed").chmod(0o755)
        summary = stage(folder, out=out)
        assert summary.counts.instances == 1
        assert summary.counts.deleted == 1, "the note on the closed folder, now void"
    finally:
        shutil.rmtree(base)


# Besides


def test_missing_identity_is_staged_for_quarantine_later() -> None:
    header = read(ct(series=None, study_date=None))
    assert header.identity.series_instance_uid is None
    assert header.identity.study_date is None
    assert rejection(meta_information() + element(0x00100020, "LO", b"P1")) == "no_identity"


# All of it: memory and time


def nasty_files(folder: Path) -> None:
    """Write the files that cost memory or time."""
    csa = element(0x00290010, "LO", b"SIEMENS CSA HEADER") + element(
        0x00291010, "OB", bytes(330_000)
    )
    huge = element(0x00090010, "LO", b"ACME") + element(0x00091001, "OB", bytes(40 * MEGABYTE))
    frames = [item(sequence(0x00189114, [item(element(0x00189082, "FD", bytes(8)))]))] * 100_000
    many = [item(element(0x00181074, "DS", b"1"))] * 300_000
    nested = [item(sequence(0x00540300, [item(b"")] * 300_000))]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(300 * MEGABYTE)) + packer.flush()
    made = {
        "csa": ct(last=csa),
        "private": ct(last=huge),
        "frames": ct(last=sequence(0x52009230, frames)),
        "items": ct(last=sequence(0x00540016, many)),
        "nested": ct(last=sequence(0x00540016, nested)),
        "private_sequence": ct(last=sequence(0x00091010, many)),
        "bomb": deflated(bomb),
        "four_gigabytes": ct(last=element(0x00180050, "UT", b"1", length=0xFFFFFFF0)),
        "text": ct(last=element(0x00081030, "UT", b"x" * 50 * MEGABYTE)),
        "values": ct(last=element(0x00081030, "UC", b"1\\" * 10 * MEGABYTE)),
        "zeros": meta_information() + bytes(20 * MEGABYTE),
        "zeros_in_sequence": ct(
            last=element(0x00540016, "SQ", item(bytes(20 * MEGABYTE)), length=0xFFFFFFFF)
        ),
    }
    for name, content in made.items():
        (folder / f"{name}.dcm").write_bytes(content)


def test_memory_and_time_stay_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    nasty_files(folder)
    program = textwrap.dedent("""
        import pathlib, re, resource, sys
        from micdm import run
        run.print_summary(run.stage(run.Options(sys.argv[1:2], pathlib.Path(sys.argv[2]), 1)))
        status = pathlib.Path("/proc/self/status")
        if status.exists():  # of this program alone; ru_maxrss starts with what its parent had
            peak = int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text()).group(1))
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print("peak", peak // 1024)
    """)
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, "-c", program, folder, tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(Path(micdm.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    match = re.search(r"peak (\d+)", finished.stdout)
    assert match
    print(f"peak {match.group(1)} MB, {time.monotonic() - started:.1f} s")
    assert int(match.group(1)) < 500
    staged = by_name(table(tmp_path / "out", "dicom_instance"))
    rejected = by_name(table(tmp_path / "out", "dicom_rejected"))
    assert set(staged) | set(rejected) == {p.name for p in folder.iterdir()}
    assert set(rejected) == {"bomb.dcm", "zeros.dcm"}
