"""One file -> identity, header id, element rows and flags."""

from __future__ import annotations

import datetime as dt
import io
import math
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from dicom_factory import (
    ATTRIBUTES,
    ROOT,
    attribute,
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
    values_of,
)
from micdm import dataset as dataset_reader
from micdm import run
from micdm.attributes import AttributeListError, load_attributes
from micdm.reader import Header, Rejected, read_header

BUNDLED = [
    path
    for folder in (Path(pydicom.data.__file__).parent,)
    for path in sorted(folder.rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc")
]


def test_identity_columns() -> None:
    header = read(
        encode(
            dataset(
                AccessionNumber="A1",
                IssuerOfPatientID="HOSPITAL",
                PatientAge="053Y",
                SeriesTime="10",
                TimezoneOffsetFromUTC="+0100",
                NumberOfFrames="1",
            )
        )
    )
    who = header.identity
    assert (who.patient_id, who.issuer_of_patient_id, who.accession_number) == (
        "P1",
        "HOSPITAL",
        "A1",
    )
    assert who.sop_class_uid == CTImageStorage
    assert who.study_instance_uid == f"{ROOT}.2.1"
    assert (who.modality, who.patient_sex, who.patient_age) == ("CT", "F", "053Y")
    assert (who.series_date, who.series_time) == (dt.date(2024, 1, 2), "10:00:00")
    assert (who.patient_birth_date, who.timezone_offset_from_utc) == (dt.date(1970, 1, 1), "+0100")
    assert (who.instance_number, who.number_of_frames) == (1, 1)
    assert header.flags == set()


def test_acquisition_datetime_stands_in_for_date_and_time() -> None:
    who = read(encode(dataset(AcquisitionDateTime="20240203040506.5+0100"))).identity
    assert (who.acquisition_date, who.acquisition_time) == (dt.date(2024, 2, 3), "04:05:06.500000")
    both = dataset(AcquisitionDateTime="20240203040506", AcquisitionDate="20240101")
    who = read(encode(both)).identity
    assert (who.acquisition_date, who.acquisition_time) == (dt.date(2024, 1, 1), None)


@pytest.mark.parametrize(
    ("moment", "offset", "expected"),
    [
        ("20200615233015.5+0200", None, ("2020-06-15", "23:30:15.500000", "+0200")),
        ("20200615233015.5+0200", "+0200", ("2020-06-15", "23:30:15.500000", "+0200")),
        ("20200615233015.5", "+0200", ("2020-06-15", "23:30:15.500000", "+0200")),
        ("20200615233015.5+0000", "+0530", ("2020-06-16", "05:00:15.500000", "+0530")),
        ("20200615003000+0200", "-0330", ("2020-06-14", "19:00:00", "-0330")),
        ("20200615+0200", "-0330", ("2020-06-15", None, "-0330")),
        ("20200615+0200", None, ("2020-06-15", None, "+0200")),
        ("202006+0200", None, (None, None, None)),
        ("00010101000000+0200", "+0000", ("0001-01-01", "00:00:00", "+0000")),
    ],
)
def test_acquisition_datetime_with_its_own_offset(
    moment: str, offset: str | None, expected: tuple[str | None, ...]
) -> None:
    made = dataset(AcquisitionDateTime=moment, TimezoneOffsetFromUTC=offset)
    who = read(encode(made)).identity
    date = who.acquisition_date and who.acquisition_date.isoformat()
    assert (date, who.acquisition_time, who.timezone_offset_from_utc) == expected


def test_an_offset_of_a_datetime_that_is_not_used_says_nothing() -> None:
    made = dataset(AcquisitionDateTime="20200615233015+0200", AcquisitionDate="20200615")
    assert read(encode(made)).identity.timezone_offset_from_utc is None


def test_bad_identity_values_are_rejected_rows() -> None:
    header = read(encode_loosely(PatientBirthDate="20230231", PatientAge="45", StudyTime="25"))
    assert header.identity.patient_birth_date is None
    bad = [row for row in header.instance_rows if row.reason_code]
    assert {row.path: (row.value_text, row.reason_code) for row in bad} == {
        "PatientBirthDate": ("20230231", "invalid_date"),
        "PatientAge": ("45", "invalid_age"),
        "StudyTime": ("25", "invalid_time"),
    }


def encode_loosely(**values: str) -> bytes:
    """Encode values that pydicom would refuse to write."""
    made = dataset(**dict.fromkeys(values))
    for keyword, value in values.items():
        tag = pydicom.datadict.tag_for_keyword(keyword)
        vr = pydicom.datadict.dictionary_VR(keyword)
        assert tag is not None
        made.add(pydicom.DataElement(tag, vr, value, validation_mode=pydicom.config.IGNORE))
    return encode(made)


def test_element_rows() -> None:
    header = read(encode(dataset(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])))
    rows, _ = header.decode()
    spacing = [r for r in rows if r.path == "PixelSpacing"]
    assert [(r.position, r.value_text, r.value_number, r.value_key) for r in spacing] == [
        (0, "0.5", 0.5, "0.5"),
        (1, "0.75", 0.75, "0.75"),
    ]
    row = spacing[0]
    assert (row.tag, row.keyword, row.vr, row.item, row.value_count) == (
        "00280030",
        "PixelSpacing",
        "DS",
        0,
        1,
    )
    assert values_of(header, "ImageType") == ["ORIGINAL", "PRIMARY", "AXIAL"]
    assert attribute("SliceLocation").level == "instance"
    assert [r.value_number for r in header.instance_rows if r.path == "SliceLocation"] == [10.5]
    assert not [r for r in rows if r.path == "SliceLocation"]


@pytest.mark.parametrize("scheme", [None, "SCT"])
def test_a_meaning_without_a_code_is_kept_under_its_words(scheme: str | None) -> None:
    region = Dataset()
    region.CodeMeaning = "Left knee"
    if scheme:
        region.CodingSchemeDesignator = scheme
    header = read(encode(dataset(AnatomicRegionSequence=[region])))
    rows = [row for row in rows_of(header) if row.path == "AnatomicRegionSequence"]
    assert [(r.value_text, r.value_key, r.coding_scheme, r.code_meaning) for r in rows] == [
        (None, "LEFT KNEE", "", "Left knee")
    ]


def test_names_and_other_attributes_off_the_list_are_never_staged() -> None:
    header = read(encode(dataset(PatientComments="call 555", ReferringPhysicianName="Who")))
    texts = " ".join(str(row) for row in rows_of(header)) + str(header.identity)
    assert "Test" not in texts
    assert "555" not in texts
    assert "Who" not in texts


def test_header_id_is_of_the_series_attributes_only() -> None:
    first = read(encode(dataset(InstanceNumber="1", SliceLocation="1", SOPInstanceUID="1.2.3")))
    second = read(encode(dataset(InstanceNumber="2", SliceLocation="2", SOPInstanceUID="1.2.4")))
    other = read(encode(dataset(SliceThickness="1.250")))
    assert first.header_id == second.header_id
    assert first.header_id != other.header_id
    assert len(first.header_id) == 32
    charset = read(encode(dataset(SpecificCharacterSet="ISO_IR 100")))
    assert charset.header_id != first.header_id, "the same bytes may be other text"


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("inner_undefined", [True, False])
def test_sequences_in_every_encoding(undefined: bool, inner_undefined: bool) -> None:
    def dose(value: bytes, code: bytes) -> bytes:
        coded = item(
            element(0x00080100, "SH", code)
            + element(0x00080102, "SH", b"SCT")
            + element(0x00080104, "LO", b"Fluorodeoxyglucose"),
            undefined=inner_undefined,
        )
        inside = element(0x00181074, "DS", value) + sequence(
            0x00540304, [coded], undefined=inner_undefined
        )
        return item(inside, undefined=inner_undefined)

    items = [dose(b"350000000", b"35321007"), dose(b"", b"2"), dose(b"5", b"3")]
    content = join(elements(last=sequence(0x00540016, items, undefined=undefined)))
    header = read(content)
    path = "RadiopharmaceuticalInformationSequence.RadionuclideTotalDose"
    found = [(r.item, r.value_number) for r in rows_of(header) if r.path == path]
    assert found == [(0, 350000000.0), (2, 5.0)], "items keep their number"
    path = "RadiopharmaceuticalInformationSequence.RadiopharmaceuticalCodeSequence"
    coded = next(r for r in rows_of(header) if r.path == path)
    assert (coded.value_text, coded.coding_scheme, coded.code_meaning) == (
        "35321007",
        "SCT",
        "Fluorodeoxyglucose",
    )
    assert flags_of(header) == set()
    assert values_of(header, "Rows") == ["4"]


def test_values_of_unknown_vr_take_the_vr_of_the_list() -> None:
    coded = struct.pack("<HHL", 0x18, 0x1074, 2) + b"12"  # implicit VR inside UN (PS3.5 6.2.2)
    for length in (None, 0xFFFFFFFF):
        inside = item(coded, undefined=length is not None)
        end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0) if length else b""
        unknown = element(0x00540016, "UN", inside + end, length=length)
        made = elements(thickness=element(0x00180050, "UN", b"1.25"), last=unknown)
        header = read(join(made))
        assert values_of(header, "SliceThickness") == ["1.25"]
        path = "RadiopharmaceuticalInformationSequence.RadionuclideTotalDose"
        assert values_of(header, path) == ["12"]
        assert values_of(header, "Rows") == ["4"]


def test_character_set_of_an_item() -> None:
    def coded(meaning: bytes, charset: bytes | None) -> bytes:
        own = element(0x00080005, "CS", charset) if charset else b""
        return item(own + element(0x00080100, "SH", b"1") + element(0x00080104, "LO", meaning))

    items = [coded("é".encode("latin-1"), b"ISO_IR 100"), coded("é".encode(), None)]
    made = {"charset": element(0x00080005, "CS", b"ISO_IR 192"), **elements()}
    made["study_date"] = sequence(0x00081032, items)
    header = read(join(made))
    rows = [row for row in rows_of(header) if row.path == "ProcedureCodeSequence"]
    assert [row.code_meaning for row in rows] == ["é", "é"]
    assert flags_of(header) - {"out_of_order"} == set()


def enhanced(frames: int = 4, **top: object) -> Dataset:
    usual = {"SOPClassUID": EnhancedMRImageStorage, "Modality": "MR", "NumberOfFrames": str(frames)}
    absent = dict.fromkeys(("SliceThickness", "PixelSpacing", "SliceLocation"))
    made = dataset(**{**usual, **absent, **top})
    measures, shared = Dataset(), Dataset()
    measures.SliceThickness, measures.PixelSpacing = "3", ["1", "2"]
    shared.PixelMeasuresSequence = [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for number in range(frames):
        frame, echo, measures = Dataset(), Dataset(), Dataset()
        echo.EffectiveEchoTime = 10.0 if number % 4 else 20.0
        frame.MREchoSequence = [echo]
        measures.SliceThickness = "9"
        frame.PixelMeasuresSequence = [measures]
        groups.append(frame)
    made.PerFrameFunctionalGroupsSequence = groups
    return made


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_functional_groups(syntax: str | None) -> None:
    made = enhanced()
    header = read(encode(made, syntax) if syntax else encode(made))
    assert values_of(header, "SliceThickness") == ["3"], "shared before per-frame"
    assert values_of(header, "PixelSpacing") == ["1", "2"]
    echo = next(
        a for a in ATTRIBUTES.attributes if any(0x00189082 in steps for steps in a.group_steps)
    )
    rows = [row for row in rows_of(header) if row.path == echo.path]
    found = [(row.item, row.value_count, row.value_number) for row in rows]
    assert found == [(0, 1, 20.0), (1, 3, 10.0)], "distinct values with the number of frames"
    assert header.flags == set()


def test_top_level_wins_over_functional_groups() -> None:
    assert values_of(read(encode(enhanced(SliceThickness="7"))), "SliceThickness") == ["7"]


def echo_counts(header: Header) -> list[int]:
    return [r.value_count for r in rows_of(header) if r.keyword.endswith("EchoTime")]


def test_many_frames_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(enhanced(2_500))
    header = read(content)
    assert (echo_counts(header), header.flags) == ([625, 1_875], set())
    # One frame in four is another; steps of 4 or 20 would see only one kind.
    for frames in (125, 625):
        monkeypatch.setattr(dataset_reader, "MAX_FRAMES", frames)
        header = read(content)
        assert header.flags == {"frames_sampled"}
        counts = echo_counts(header)
        assert sum(counts) == frames
        assert 0.15 < counts[0] / frames < 0.35
        assert read(content).header_id == header.header_id


@pytest.mark.parametrize(("count", "at_most"), [(1_001, 1_000), (3_000, 1_000), (500_000, 5_000)])
def test_which_frames_are_chosen(count: int, at_most: int) -> None:
    chosen = dataset_reader._spread(count, at_most)
    assert chosen == sorted(set(chosen)), "none twice"
    assert (len(chosen), chosen[0], chosen[-1]) == (at_most, 0, count - 1)
    for period in range(2, 11):
        if count // at_most < period:
            continue
        hits = [sum(i % period == phase for i in chosen) for phase in range(period)]
        assert min(hits) > 0.7 * at_most / period


def test_frames_that_repeat_each_other_are_read_alike() -> None:
    """An item is read once for all frames that have it; where it is, and in what, still counts."""
    made = enhanced(6)
    for number, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        frame.PixelMeasuresSequence[0].SliceThickness = str(number // 2)
        frame.FrameContentSequence = frame.PixelMeasuresSequence
    del made.SharedFunctionalGroupsSequence
    header = read(encode(made))
    rows = [row for row in rows_of(header) if row.path == "SliceThickness"]
    assert [(r.value_text, r.value_count) for r in rows] == [("0", 2), ("1", 2), ("2", 2)]
    assert echo_counts(header) == [2, 4]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_transfer_syntaxes_give_the_same_values(syntax: str) -> None:
    plain, other = read(encode(dataset())), read(encode(dataset(), syntax))
    assert [r[:12] for r in rows_of(other)] == [r[:12] for r in rows_of(plain)]
    assert other.identity.transfer_syntax_uid == syntax
    assert flags_of(other) == set()


def test_pixel_data_is_never_read() -> None:
    class Watched(io.BytesIO):
        furthest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            content = super().read(size)
            self.furthest = max(self.furthest, self.tell())
            return content

    content = encode(dataset(PixelData=bytes(100_000)))
    file = Watched(content)
    read_header(file, len(content), ATTRIBUTES)
    assert file.furthest <= len(content) - 100_000


def numbers(value: object) -> list[float]:
    many = value if isinstance(value, MultiValue | list) else [value]
    return [float(v) for v in many if v not in (None, "")]  # type: ignore[arg-type]


def real_headers() -> Iterator[tuple[Path, Header, Dataset]]:
    for path in BUNDLED:
        with path.open("rb") as file:
            try:
                header = read_header(file, path.stat().st_size, ATTRIBUTES)
            except Rejected:
                continue
        yield path, header, pydicom.dcmread(path, force=True, stop_before_pixels=True)


@pytest.mark.filterwarnings("ignore")
def test_real_files_read_as_pydicom_reads_them() -> None:
    compared = 0
    for path, header, plain in real_headers():
        assert header.identity.series_instance_uid == (plain.get("SeriesInstanceUID") or None), path
        rows = rows_of(header)
        for listed in ATTRIBUTES.attributes:
            if len(listed.steps) > 1 or listed.role == "identity" or listed.is_code_sequence:
                continue
            mine = [r for r in rows if r.path == listed.path and r.item == 0]
            if any(r.reason_code for r in mine) or listed.keyword not in plain:
                continue
            theirs = plain[listed.keyword].value
            if listed.value_type == "number" and mine:
                expected = numbers(theirs)[: len(mine)]
                assert [
                    math.isclose(a.value_number or 0.0, b, rel_tol=1e-6)
                    for a, b in zip(mine, expected, strict=True)
                ] == [True] * len(mine), (path, listed.path)
                compared += 1
            elif mine and isinstance(theirs, str):
                assert mine[0].value_text == " ".join(theirs.split("\r\n")).strip(), (
                    path,
                    listed.path,
                )
                compared += 1
    assert compared > 1_500


@pytest.mark.filterwarnings("ignore")
def test_real_files_in_their_character_sets() -> None:
    expected = {"chrGerm.dcm", "chrRuss.dcm", "chrGreek.dcm", "chrH31.dcm", "chrKoreanMulti.dcm"}
    names = {path.name for path, header, _ in real_headers() if not flags_of(header)}
    assert expected <= names


SMALL = [path.read_bytes() for path in BUNDLED if path.stat().st_size < 12_000]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4))),
    st.floats(0, 1),
)
def test_mutated_files_are_read_or_rejected(
    content: bytes, changes: list[tuple[float, bytes]], keep: float
) -> None:
    """Whatever is done to a file, it is read or rejected, soon, and no text holds NUL."""
    changed = bytearray(content)
    for place, new in changes:
        start = int(place * len(changed))
        changed[start : start + len(new)] = new
    changed = changed[: int(len(changed) * keep) if keep < 0.5 else None]
    started = time.monotonic()
    try:
        header = read(bytes(changed))
    except Rejected:
        pass
    else:
        for row in rows_of(header):
            for text in (row.value_text, row.code_meaning, row.coding_scheme, row.value_key):
                assert "\0" not in (text or "")
                (text or "").encode("utf-8")
        assert "\0" not in str(header.identity.patient_id)
    assert time.monotonic() - started < 5


def test_a_site_adds_and_replaces_rows(tmp_path: Path) -> None:
    site = tmp_path / "site.csv"
    site.write_text(
        "path,keyword,tag,vr,level,role,value_type\n"
        "StationName,StationName,00081010,SH,series,device,text\n"
        "SliceThickness,SliceThickness,00180050,DS,instance,staging,number\n"
    )
    attributes = run.read_attribute_list([site])
    header = read(encode(dataset(StationName="CT1")), attributes)
    assert values_of(header, "StationName") == ["CT1"]
    assert [r.path for r in header.instance_rows if r.path == "SliceThickness"]
    assert attributes.list_id != ATTRIBUTES.list_id


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,A,0018005,DS,series,x,number", "not 8 hex digits"),
        ("A.B,B,00180050,DS,series,x,number", "'A' is no DICOM keyword"),
        ("A,A,00180050,DS,study,x,number", "level 'study'"),
        (",A,00180050,DS,series,x,number", "the path is empty"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    site = tmp_path / "site.csv"
    site.write_text(f"path,keyword,tag,vr,level,role,value_type\n{row}\n")
    with pytest.raises(AttributeListError, match=message) as caught:
        load_attributes([site])
    assert "site.csv line 2" in str(caught.value)


def test_binary_values_in_both_byte_orders() -> None:
    big = read(encode(dataset(), ExplicitVRBigEndian))
    assert values_of(big, "Rows") == ["4"]
    content = join(elements(last=element(0x00280100, "US", struct.pack("<H", 16))))
    assert values_of(read(content), "BitsAllocated") == ["16"]
