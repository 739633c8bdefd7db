"""Private attributes: found by creator and element, whatever block they are in (PS3.5 7.8.1)."""

from __future__ import annotations

import csv
import importlib
import io
import math
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import pydicom
import pydicom.data
import pytest
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicom_factory import (
    ATTRIBUTES,
    dataset,
    element,
    elements,
    encode,
    flags_of,
    item,
    join,
    read,
    rows_of,
    sequence,
    stage,
    table,
    values_of,
)
from micdm import run
from micdm.attributes import AttributeList, AttributeListError, load_attributes
from micdm.reader import Header, read_header

SIEMENS = "[SIEMENS MR HEADER]0019,xx0C"
GE = "[GEMS_PARM_01]0043,xx39"
COLUMNS = ("path", "keyword", "tag", "vr", "functional_group_path", "level", "role", "value_type")
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)


def write_list(target: Path, *rows: tuple[str, ...]) -> Path:
    with target.open("w", newline="") as out:
        csv.writer(out).writerows([COLUMNS, *rows])
    return target


def listed(folder: Path, path: str, tag: str, vr: str, *, groups: str = "", **other: str) -> Any:
    """Return our list and one attribute more."""
    level, value_type = other.get("level", "series"), other.get("value_type", "number")
    row = (path, "Made", tag, vr, groups, level, "feature", value_type)
    return run.read_attribute_list([write_list(folder / "site.csv", row)])


def private(made: Dataset, creator: str, group: int, **values: tuple[str, Any]) -> Dataset:
    """Add private elements, x0C=("IS", 1000), to a data set."""
    block = made.private_block(group, creator, create=True)
    for name, (vr, value) in values.items():
        block.add_new(int(name[1:], 16), vr, value)
    return made


def block(number: int, creator: bytes, **values: tuple[str, bytes]) -> bytes:
    """Encode a private block of group 0019, so that it may be in odd order or form."""
    made = element(0x00190000 | number, "LO", creator)
    for name, (vr, value) in values.items():
        made += element(0x00190000 | number << 8 | int(name[1:], 16), vr, value)
    return made


def with_private(content: bytes) -> bytes:
    """Make a file that has encoded elements of groups 0019 and on where they belong."""
    return join(elements(kvp=element(0x00180060, "DS", b"120") + content))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_b_values_of_siemens_and_ge(syntax: str) -> None:
    made = private(dataset(Modality="MR"), "SIEMENS MR HEADER", 0x19, x0C=("IS", 1000))
    private(made, "GEMS_PARM_01", 0x43, x39=("IS", [1000000800, 8, 0, 0]))
    header = read(encode(made, syntax))
    found = {row.path: row for row in rows_of(header)}
    row = found[SIEMENS]
    assert (row.tag, row.keyword, row.vr) == ("0019xx0C", "SiemensBValue", "IS")
    assert (row.item, row.position, row.value_count) == (0, 0, 1)
    assert (row.value_text, row.value_number, row.value_key) == ("1000", 1000.0, "1000")
    # The first value only; its offset stays, since a reader decides nothing.
    assert values_of(header, GE) == ["1000000800"]
    assert not flags_of(header)


@pytest.mark.parametrize("vr", ["UN", "OB", "IS"])
def test_an_unknown_vr_is_read_by_that_of_the_list(vr: str) -> None:
    last = block(0x10, b"SIEMENS MR HEADER", x0C=(vr, b"700 "))
    header = read(with_private(last))
    assert values_of(header, SIEMENS) == ["700"]
    assert not flags_of(header)


def test_a_known_vr_of_the_file_counts(tmp_path: Path) -> None:
    attributes = listed(tmp_path, "[ACME 1.0]0019,xx01", "0019xx01", "US")
    made = private(dataset(), "ACME 1.0", 0x19, x01=("FD", 0.5))
    assert values_of(read(encode(made), attributes), "[ACME 1.0]0019,xx01") == ["0.5"]
    binary = block(0x10, b"ACME 1.0", x01=("UN", b"\x05\0\x06\0"))
    header = read(with_private(binary), attributes)
    assert values_of(header, "[ACME 1.0]0019,xx01") == ["5", "6"]


@pytest.mark.parametrize(
    "last",
    [
        block(0x10, b"SIEMENS CT HEADER", x0C=("IS", b"1")),
        block(0x10, b"siemens mr header", x0C=("IS", b"1")),
        block(0x10, b"", x0C=("IS", b"1")),
        # No creator for this block, of another group, and beyond the blocks there are.
        block(0x10, b"SIEMENS MR HEADER") + element(0x0019110C, "IS", b"1"),
        element(0x0019100C, "IS", b"1") + element(0x001B0010, "LO", b"SIEMENS MR HEADER"),
        element(0x0019000F, "LO", b"SIEMENS MR HEADER") + element(0x00190F0C, "IS", b"1"),
        element(0x0019100C, "IS", b"1"),
        block(0x10, b"SIEMENS MR HEADER", x0D=("IS", b"1")),
        block(0x10, b"SIEMENS MR HEADER", x0C=("IS", b"")),
        block(0x10, b"SIEMENS MR HEADER", x0C=("IS", b"  ")),
        block(0x10, b"SIEMENS MR HEADER" + bytes(300), x0C=("IS", b"1")),
    ],
)
def test_nothing_is_staged_for_anything_else(last: bytes) -> None:
    header = read(with_private(last))
    assert not values_of(header, SIEMENS)
    assert not flags_of(header)


@pytest.mark.parametrize("number", [0x10, 0x42, 0xFF])
def test_any_block_and_a_padded_creator(number: int) -> None:
    for creator in (b"SIEMENS MR HEADER", b" SIEMENS MR HEADER  ", b"SIEMENS MR HEADER\0\0\0"):
        last = block(number, creator, x0C=("IS", b"50"))
        assert values_of(read(with_private(last)), SIEMENS) == ["50"]


def test_the_lowest_block_that_has_the_attribute_counts() -> None:
    ours, other = b"SIEMENS MR HEADER", b"ACME"
    first = block(0x10, other, x0C=("IS", b"1"))
    for last, value in (
        (block(0x11, ours, x0C=("IS", b"2")) + block(0x12, ours, x0C=("IS", b"3")), "2"),
        (block(0x12, ours, x0C=("IS", b"3")) + block(0x11, ours, x0C=("IS", b"2")), "2"),
        (block(0x11, ours, x0D=("IS", b"2")) + block(0x12, ours, x0C=("IS", b"3")), "3"),
        (block(0x11, ours, x0C=("IS", b"")) + block(0x12, ours, x0C=("IS", b"3")), "3"),
    ):
        assert values_of(read(with_private(first + last)), SIEMENS) == [value]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_below_a_sequence(tmp_path: Path, syntax: str) -> None:
    path = "MRDiffusionSequence.[ACME 1.0]0021,xx10"
    attributes = listed(tmp_path, path, "0021xx10", "FD")
    items = [private(Dataset(), "ACME 1.0", 0x21, x10=("FD", n / 2)) for n in range(3)]
    # The creator of the data set says nothing of the blocks of an item.
    private(items[1], "OTHER", 0x21, x10=("FD", 9.0))
    nameless = Dataset()
    nameless.add_new(0x00211010, "FD", 7.0)
    made = private(
        dataset(MRDiffusionSequence=[*items, nameless]), "ACME 1.0", 0x21, x10=("FD", 8.0)
    )
    rows = [row for row in rows_of(read(encode(made, syntax), attributes)) if row.path == path]
    assert [(row.item, row.value_number) for row in rows] == [(0, 0.0), (1, 0.5), (2, 1.0)]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_private_sequence(tmp_path: Path, syntax: str) -> None:
    path = "[ACME 1.0]0029,xx20.[ACME|2.0]0029,xx01"
    attributes = listed(tmp_path, path, "0029xx01", "DS")
    inner = [private(Dataset(), "ACME|2.0", 0x29, x01=("DS", str(n))) for n in (1, 2)]
    made = private(dataset(), "ACME 1.0", 0x29, x20=("SQ", inner))
    assert values_of(read(encode(made, syntax), attributes), path) == ["1", "2"]

    path = "[ACME 1.0]0029,xx20"
    attributes = listed(tmp_path, path, "0029xx20", "SQ", value_type="code_sequence")
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "7", "99ACME", "seven"
    made = private(dataset(), "ACME 1.0", 0x29, x20=("SQ", [code]))
    rows = [row for row in rows_of(read(encode(made, syntax), attributes)) if row.path == path]
    assert [(r.value_text, r.coding_scheme, r.code_meaning) for r in rows] == [
        ("7", "99ACME", "seven")
    ]


@pytest.mark.parametrize("undefined", [True, False])
def test_a_private_sequence_written_as_un_is_in_implicit_vr(
    tmp_path: Path, undefined: bool
) -> None:
    path = "[ACME]0019,xx20.SliceThickness"
    attributes = listed(tmp_path, path, "00180050", "DS")
    inner = item(b"\x18\0\x50\0\x02\0\0\x005 ", undefined=undefined)
    whole = sequence(0x00191020, [inner], undefined=undefined).replace(b"SQ", b"UN", 1)
    last = block(0x10, b"ACME") + whole + element(0x00191021, "IS", b"1")
    header = read(with_private(last), attributes)
    assert values_of(header, path) == ["5"]
    assert not flags_of(header)


def test_functional_groups(tmp_path: Path) -> None:
    path, groups = "[ACME 1.0]0021,xx10", "MRDiffusionSequence.[ACME 1.0]0021,xx10|[A|B]0021,xx01"
    attributes = listed(tmp_path, path, "0021xx10", "FD", groups=groups)

    def frame(number: float) -> Dataset:
        made = Dataset()
        made.MRDiffusionSequence = [private(Dataset(), "ACME 1.0", 0x21, x10=("FD", number))]
        return made

    enhanced = {"SOPClassUID": EnhancedMRImageStorage, "NumberOfFrames": "3"}
    frames = [frame(0), frame(800), frame(800)]
    made = dataset(PerFrameFunctionalGroupsSequence=frames, **enhanced)
    for syntax in SYNTAXES:
        rows = [r for r in rows_of(read(encode(made, syntax), attributes)) if r.path == path]
        assert [(r.item, r.value_text, r.value_count) for r in rows] == [(0, "0", 1), (1, "800", 2)]

    shared = private(Dataset(), "A|B", 0x21, x01=("UN", b"\0\0\0\0\0\0\xe0?"))
    made = dataset(SharedFunctionalGroupsSequence=[shared], **enhanced)
    assert values_of(read(encode(made), attributes), path) == ["0.5"]


def test_a_full_tag_of_a_private_group_needs_no_creator(tmp_path: Path) -> None:
    attributes = listed(tmp_path, "AcmeThing", "0019100C", "IS")
    header = read(with_private(block(0x10, b"SIEMENS MR HEADER", x0C=("IS", b"5"))), attributes)
    assert values_of(header, "AcmeThing") == ["5"]


def test_levels_and_the_header_id(tmp_path: Path) -> None:
    low, high = (
        encode(private(dataset(), "SIEMENS MR HEADER", 0x19, x0C=("IS", b))) for b in (0, 800)
    )
    assert read(low).header_id == read(low).header_id != read(high).header_id
    per_instance = listed(tmp_path, SIEMENS, "0019xx0C", "IS", level="instance")
    assert read(low, per_instance).header_id == read(high, per_instance).header_id
    rows = read(high, per_instance).instance_rows
    assert [row.value_text for row in rows if row.path == SIEMENS] == ["800"]


def test_another_block_is_the_same_header() -> None:
    made = (block(n, b"SIEMENS MR HEADER", x0C=("IS", b"50")) for n in (0x10, 0x20))
    first, second = (read(with_private(last)) for last in made)
    assert first.header_id == second.header_id


def test_large_private_values_are_never_read() -> None:
    class Watched(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            self.taken += len(found)
            return found

    big = bytes(1_000_000)
    siemens = (
        element(0x00190010, "LO", b"SIEMENS MR HEADER")
        + element(0x00190011, "UN", big)
        + element(0x00191001, "OB", big)
        + element(0x0019100C, "OB", big)
        + element(0x0019110C, "OB", big)
    )
    ge = element(0x00430010, "LO", b"GEMS_PARM_01") + element(0x00431039, "IS", b"5")
    content = join(elements(kvp=siemens, last=ge))
    file = Watched(content)
    header = read_header(file, len(content), ATTRIBUTES)
    assert file.taken < 10_000
    assert flags_of(header) == {"too_long"}
    assert not values_of(header, SIEMENS)
    assert values_of(header, GE) == ["5"]


def test_a_cut_private_value_is_flagged_not_read() -> None:
    last = element(0x00190010, "LO", b"SIEMENS MR HEADER")
    last += element(0x0019100C, "IS", b"1000", length=2000)
    header = read(with_private(last))
    assert {"truncated", "value_past_end"} <= flags_of(header)
    assert not values_of(header, SIEMENS)


def test_staged_like_any_other(tmp_path: Path) -> None:
    for number, b_value in enumerate((0, 800, 800)):
        made = dataset(Modality="MR", SOPInstanceUID=f"1.2.{number + 1}")
        private(made, "SIEMENS MR HEADER", 0x19, x0C=("IS", b_value))
        (tmp_path / f"{number}.dcm").write_bytes(encode(made))
    stage(tmp_path, out=tmp_path / "raw")
    rows = [r for r in table(tmp_path / "raw", "dicom_header_element") if r["path"] == SIEMENS]
    assert {(r["tag"], r["keyword"]) for r in rows} == {("0019xx0C", "SiemensBValue")}
    assert sorted(r["value_number"] for r in rows) == [0, 800]


@pytest.mark.parametrize(
    ("path", "tag", "vr", "message"),
    [
        ("[ACME0019,xx01", "0019xx01", "IS", "is neither a keyword nor [CREATOR]gggg,xxee"),
        ("[ACME]0019,xx0c", "0019xx0C", "IS", "with upper-case hex digits"),
        ("[ACME]0019,1001", "00191001", "IS", "is neither a keyword nor"),
        ("[A]B]0019,xx01", "0019xx01", "IS", "is neither a keyword nor"),
        ("Slice Thickness", "00180050", "DS", "'Slice Thickness' in the path"),
        ("MRDiffusionSequence..KVP", "00180060", "DS", "'' in the path"),
        ("[]0019,xx01", "0019xx01", "IS", "the creator '' in the path"),
        ("[ACME ]0019,xx01", "0019xx01", "IS", "without blanks at its ends"),
        (f"[{'A' * 65}]0019,xx01", "0019xx01", "IS", "1 to 64 ASCII characters"),
        ("[ÄCME]0019,xx01", "0019xx01", "IS", "1 to 64 ASCII characters"),
        ("[ACME]0018,xx01", "0018xx01", "IS", "group 0018 in the path"),
        ("[ACME]0007,xx01", "0007xx01", "IS", "is no private group"),
        ("[ACME]0019,xx01", "00191001", "IS", "is not 0019xx01"),
        ("[ACME]0019,xx01", "0019xx01", "UN", "vr 'UN' of"),
        ("[ACME]0019,xx01", "0019xx01", "", "vr '' of"),
        ("NoSequence.[ACME]0019,xx01", "0019xx01", "IS", "'NoSequence' is no DICOM keyword"),
        ("KVP", "00180050", "DS", "tag '00180050' of KVP is not that of KVP, 00180060"),
    ],
)
def test_a_path_must_be_well_formed(
    tmp_path: Path, path: str, tag: str, vr: str, message: str
) -> None:
    good = ("KVP", "KVP", "00180060", "DS", "", "series", "feature", "number")
    row = (path, "Made", tag, vr, "", "series", "feature", "number")
    with pytest.raises(AttributeListError) as caught:
        load_attributes([write_list(tmp_path / "site.csv", good, row)])
    said = str(caught.value)
    assert "site.csv line 3: " in said
    assert message in said
    assert "\n" not in said


def test_a_private_row_needs_a_keyword_and_a_good_group_path(tmp_path: Path) -> None:
    row = ("[ACME]0019,xx01", "", "0019xx01", "IS", "", "series", "feature", "number")
    with pytest.raises(AttributeListError, match=r"line 2: keyword .* is not made of letters"):
        load_attributes([write_list(tmp_path / "site.csv", row)])
    with pytest.raises(AttributeListError, match="line 2: '0019,xx01' in the path"):
        listed(tmp_path, "[ACME]0019,xx01", "0019xx01", "IS", groups="0019,xx01")


def test_a_private_row_changes_the_list_id(tmp_path: Path) -> None:
    one = listed(tmp_path, "[ACME]0019,xx01", "0019xx01", "IS")
    other = listed(tmp_path, "[ACME 2]0019,xx01", "0019xx01", "IS")
    assert len({ATTRIBUTES.list_id, one.list_id, other.list_id}) == 3


# Real files


COMPARED = {"DS", "IS", "FD", "FL", "SS", "SL", "US", "UL", "LO", "SH", "CS", "UI"}


def as_texts(value: Any) -> list[str]:
    values = value if isinstance(value, MultiValue | list) else [value]
    return [str(v).strip() for v in values if str(v).strip()]


def read_file(path: Path, attributes: AttributeList) -> Header:
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size, attributes)


def test_every_private_value_of_real_files_is_what_pydicom_reads(tmp_path: Path) -> None:
    compared = 0
    for path in sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm")):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = pydicom.dcmread(path, stop_before_pixels=True)
                expected = {
                    f"[{e.private_creator}]{e.tag.group:04X},xx{e.tag.element & 0xFF:02X}": e
                    for e in found
                    if e.private_creator and e.VR in COMPARED and not e.is_empty
                }
        except Exception:  # noqa: BLE001 - broken on purpose
            continue
        rows = [
            (key, "Made", key[-9:].replace(",", ""), str(e.VR), "", "series", "feature", "text")
            for key, e in expected.items()
        ]
        if not rows:
            continue
        header = read_file(
            path, run.read_attribute_list([write_list(tmp_path / "site.csv", *rows)])
        )
        staged: dict[str, list[Any]] = {}
        for row in rows_of(header):
            if row.path in expected:
                staged.setdefault(row.path, []).append(row)
        for key, e in expected.items():
            values = [row.value_text for row in staged.get(key, ())]
            if e.VR in ("LO", "SH", "CS", "UI"):
                assert values == as_texts(e.value), (path.name, key)
            else:
                numbers = [float(v) for v in as_texts(e.value) if math.isfinite(float(v))]
                got = [float(v) for v in values if v and math.isfinite(float(v))]
                assert got == pytest.approx(numbers, rel=1e-6), (path.name, key)
            compared += 1
    assert compared > 300


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("module", "creator", "group", "number", "path", "b_values"),
    [
        ("dwi.siemens.skyra.syngo_d13c", "SIEMENS MR HEADER", 0x19, 0x0C, SIEMENS, {"0", "3000"}),
        ("fmap.ge.discovery_mr888.dv26_0_r05_2008a", "GEMS_PARM_01", 0x43, 0x39, GE, {"0"}),
    ],
)
def test_b_values_of_real_headers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    creator: str,
    group: int,
    number: int,
    path: str,
    b_values: set[str],
) -> None:
    # The package imports its downloader of other images on the way; we use none of those.
    monkeypatch.setitem(sys.modules, "openneuro", types.ModuleType("openneuro"))
    images: Any = importlib.import_module(f"medimages4tests.dummy.dicom.mri.{module}")
    monkeypatch.setattr(images, "num_vols", 6)
    found = set()
    for file in images.get_image(out_dir=tmp_path / "images").glob("*.dcm"):
        expected = pydicom.dcmread(file).private_block(group, creator)[number].value
        first = str(expected[0] if isinstance(expected, MultiValue) else expected)
        assert values_of(read_file(file, ATTRIBUTES), path) == [first]
        found.add(first)
    assert found == b_values
