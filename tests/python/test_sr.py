"""Content of reports: real ones against pydicom, made ones, and all that can be wrong with them."""

from __future__ import annotations

import csv
import importlib.util
import io
import random
import re
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    KeyObjectSelectionDocumentStorage,
    SegmentationStorage,
)
from typer.testing import CliRunner

from dicom_factory import (
    ROOT,
    by_name,
    dataset,
    element,
    encode,
    item,
    make_tar,
    meta_information,
    read,
    sequence,
    stage,
    table,
    values_of,
)
from micdm import content, run, tree, worker
from micdm.cli import app
from micdm.reader import Rejected, read_header
from micdm.seeds import seed_path
from micdm.texts import load_texts
from report_factory import (
    LENGTH,
    Row,
    code,
    content_item,
    content_of,
    ct_slices,
    encoded,
    items_of,
    number,
    references_of,
    report,
    triple,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

TRACKING = ("DCM", "112039", "Tracking Identifier")
COMMENT = ("DCM", "121106", "Comment")
SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


# Real reports, item by item against pydicom


def package_file(package: str, name: str) -> Path:
    """Find a file of a package, wherever in it."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    (path,) = Path(next(iter(spec.submodule_search_locations))).rglob(name)
    return path


REAL = {
    "reportsi.dcm": ("pydicom", 9),
    "reportsi_with_empty_number_tags.dcm": ("pydicom", 9),
    "test-SR.dcm": ("pydicom", 29),
    "philips_allura_clarity_u104.dcm": ("pyskindose", 1644),
    "philips_allura_clarity_u601.dcm": ("pyskindose", 1885),
    "siemens_axiom_artis.dcm": ("pyskindose", 828),
    "siemens_axiom_example_procedure.dcm": ("pyskindose", 942),
}


def real(name: str) -> bytes:
    return package_file(REAL[name][0], name).read_bytes()


def walk(made: Dataset, path: str = "1") -> Iterator[tuple[str, Dataset]]:
    """Yield path and item as pydicom has them: an independent walk."""
    yield path, made
    for ordinal, below in enumerate(made.get("ContentSequence") or (), start=1):
        yield from walk(below, f"{path}.{ordinal}")


def coded(sequence: Any) -> tuple[str | None, ...]:
    """Return the first coded entry of a sequence as pydicom has it."""
    entry = sequence[0] if sequence else Dataset()
    names = ("CodingSchemeDesignator", "CodeValue", "CodeMeaning")
    return tuple(entry.get(name) or None for name in names)


@pytest.mark.parametrize("name", REAL)
def test_real_reports_are_read_as_pydicom_reads_them(name: str) -> None:
    data = real(name)
    rows = items_of(data)
    theirs = dict(walk(pydicom.dcmread(io.BytesIO(data))))
    assert list(rows) == list(theirs)
    assert len(rows) == REAL[name][1]
    for path, one in theirs.items():
        row = rows[path]
        by_reference = "ReferencedContentItemIdentifier" in one
        assert row["value_type"] == ("REFERENCE" if by_reference else one.get("ValueType"))
        assert row["relationship_type"] == one.get("RelationshipType")
        assert triple(row, "concept") == coded(one.get("ConceptNameCodeSequence"))
        assert triple(row, "value") == coded(one.get("ConceptCodeSequence"))
        measured = one.get("MeasuredValueSequence") or [Dataset()]
        value = measured[0].get("NumericValue")
        assert row["value_number"] == (None if value is None else float(value))
        assert row["value_number_text"] == (None if value is None else value.original_string)
        assert triple(row, "unit") == coded(measured[0].get("MeasurementUnitsCodeSequence"))
        text = one.get("TextValue") or one.get("PersonName") or ""
        assert row["text_length"] == (len(str(text)) or None)
        if row["value_type"] == "UIDREF":
            assert row["value_text"] == one.UID
        referenced = (one.get("ReferencedSOPSequence") or [Dataset()])[0]
        assert row["referenced_sop_instance_uid"] == (
            referenced.get("ReferencedSOPInstanceUID") or None
        )
        if by_reference:
            target = ".".join(str(n) for n in one.ReferencedContentItemIdentifier)
            assert row["referenced_path"] == target


def test_a_real_dose_report() -> None:
    rows = items_of(real("philips_allura_clarity_u104.dcm"))
    root = rows["1"]
    assert triple(root, "concept") == ("DCM", "113701", "X-Ray Radiation Dose Report")
    assert (root["depth"], root["parent_path"], root["item_number"]) == (0, None, 1)
    assert (root["completion_flag"], root["verification_flag"]) == ("COMPLETE", "UNVERIFIED")
    device = {
        r["concept_code"]: r["value_text"] for r in rows.values() if r["value_type"] == "TEXT"
    }
    assert (device["121013"], device["121014"]) == ("INR Lab", "Philips")
    assert device["121015"] == "Allura Clarity"
    assert rows["1.11.2"]["value_text"] == "2020-12-10T07:56:50.010000"
    events = [r for r in rows.values() if r["concept_code"] == "113769"]
    assert len({r["value_text"] for r in events}) == len(events) == 25


def test_a_real_report_with_every_value_type() -> None:
    rows = items_of(real("test-SR.dcm"))
    kinds = Counter(row["value_type"] for row in rows.values())
    assert {"DATE", "TIME", "DATETIME", "WAVEFORM", "SCOORD", "TCOORD", "COMPOSITE"} <= set(kinds)
    assert rows["1.4.1"]["value_text"] == "2000-12-06"
    assert rows["1.4.2"]["value_text"] == "12:00:00"
    assert rows["1.4.3"]["value_text"] == "2000-12-06T12:00:00"
    assert [r["kind"] for r in references_of(real("test-SR.dcm"))] == ["predecessor"]


# Reports made with highdicom


def algorithm() -> hd.sr.AlgorithmIdentification:
    return hd.sr.AlgorithmIdentification(
        name="lung-ai", version="2.1", parameters=["t=0.5"], family=codes.DCM.ArtificialIntelligence
    )


@pytest.fixture(scope="module")
def measured() -> bytes:
    """Give the report that highdicom writes."""
    return measurement_report()


@cache
def measurement_report() -> bytes:
    """Make a report with a planar and a volumetric group, as highdicom writes it."""
    images = ct_slices(3)
    device = hd.sr.ObserverContext(
        codes.DCM.Device,
        hd.sr.DeviceObserverIdentifyingAttributes(uid=f"{ROOT}.8", name="reader-1"),
    )
    person = hd.sr.ObserverContext(
        codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes(name="Secret^Reader")
    )
    length = hd.sr.Measurement(
        codes.SCT.Length,
        7.5,
        codes.UCUM.Millimeter,
        algorithm_id=algorithm(),
        derivation=codes.SCT.Maximum,
        finding_sites=[hd.sr.FindingSite(codes.SCT.Lung, laterality=codes.SCT.Left)],
    )
    planar = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        hd.sr.TrackingIdentifier(uid=f"{ROOT}.9.1", identifier="lesion 1"),
        referenced_region=hd.sr.ImageRegion(
            "CIRCLE",
            np.array([[1.0, 1.0], [2.0, 2.0]]),
            hd.sr.SourceImageForRegion(CTImageStorage, f"{ROOT}.4.2"),
        ),
        finding_type=codes.SCT.Nodule,
        measurements=[length],
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(
                hd.sr.CodedConcept("112024", "DCM", "Single Image Finding"), codes.SCT.Nodule
            )
        ],
        session="session 1",
        time_point_context=hd.sr.TimePointContext("baseline"),
    )
    volume = hd.sr.Measurement(codes.SCT.Volume, 220.893, codes.UCUM.CubicMillimeter)
    volumetric = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        hd.sr.TrackingIdentifier(uid=f"{ROOT}.9.2", identifier="lesion 2"),
        referenced_segment=hd.sr.ReferencedSegment(
            SegmentationStorage,
            f"{ROOT}.5.1",
            segment_number=3,
            frame_numbers=[1, 2],
            source_series=hd.sr.SourceSeriesForSegmentation(f"{ROOT}.3.1"),
        ),
        finding_type=codes.SCT.Nodule,
        algorithm_id=algorithm(),
        measurements=[volume],
    )
    segmented = dataset(
        SOPClassUID=SegmentationStorage,
        SOPInstanceUID=f"{ROOT}.5.1",
        SeriesInstanceUID=f"{ROOT}.3.5",
    )
    made = hd.sr.MeasurementReport(
        hd.sr.ObservationContext(person, device),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[planar, volumetric],
    )
    document = hd.sr.Comprehensive3DSR(
        [*images, segmented], made[0], f"{ROOT}.3.9", 9, f"{ROOT}.4.9", 1, manufacturer="ACME"
    )
    return encoded(document)


def found(rows: dict[str, Row], concept: str, below: str = "1") -> list[Row]:
    """Return the items of a concept (its meaning) below an item."""
    return [
        row
        for path, row in rows.items()
        if row["concept_meaning"] == concept and f"{path}.".startswith(f"{below}.")
    ]


def test_groups_of_highdicom(measured: bytes) -> None:
    rows = items_of(measured)
    assert list(rows) == [path for path, _ in walk(pydicom.dcmread(io.BytesIO(measured)))]
    assert not [row for row in rows.values() if row["reason_code"]]
    assert (rows["1"]["template_id"], rows["1"]["mapping_resource"]) == ("1500", "DCMR")
    planar, volumetric = found(rows, "Measurement Group")
    assert [planar["template_id"], volumetric["template_id"]] == ["1410", "1411"]
    first = planar["path"]
    (length,) = found(rows, "Length", first)
    assert (length["value_number"], length["unit_scheme"], length["unit_code"]) == (
        7.5,
        "UCUM",
        "mm",
    )
    inside = {r["concept_meaning"]: r for r in rows.values() if r["parent_path"] == length["path"]}
    assert inside["Finding Site"]["value_meaning"] == "Lung"
    (side,) = found(rows, "Laterality", inside["Finding Site"]["path"])
    assert side["value_meaning"] == "Left"
    assert inside["Derivation"]["value_meaning"] == "Maximum"
    assert inside["Algorithm Name"]["value_text"] == "lung-ai"
    assert inside["Algorithm Version"]["value_text"] == "2.1"
    assert inside["Algorithm Parameters"]["value_text"] == "t=0.5"
    assert found(rows, "Tracking Identifier", first)[0]["value_text"] == "lesion 1"
    assert found(rows, "Tracking Unique Identifier", first)[0]["value_text"] == f"{ROOT}.9.1"
    assert found(rows, "Time Point", first)[0]["value_text"] == "baseline"
    assert found(rows, "Activity Session", first)[0]["value_text"] == "session 1"
    (region,) = found(rows, "Image Region", first)
    assert (region["value_type"], region["graphic_type"]) == ("SCOORD", "CIRCLE")
    (image,) = [r for r in rows.values() if r["parent_path"] == region["path"]]
    assert image["referenced_sop_class_uid"] == CTImageStorage
    assert image["referenced_sop_instance_uid"] == f"{ROOT}.4.2"
    assert found(rows, "Single Image Finding", first)[0]["value_meaning"] == "Nodule"

    (segment,) = found(rows, "Referenced Segment", volumetric["path"])
    assert segment["referenced_segment_numbers"] == "3"
    assert segment["referenced_frame_numbers"] == "1,2"
    (series,) = found(rows, "Source Series for Segmentation", volumetric["path"])
    assert series["value_text"] == f"{ROOT}.3.1"
    (volume,) = found(rows, "Volume", volumetric["path"])
    assert volume["value_number"] == 220.893
    assert found(rows, "Device Observer Name")[0]["value_text"] == "reader-1"
    (reader,) = found(rows, "Person Observer Name")
    assert (reader["value_text"], reader["text_length"]) == (None, len("Secret^Reader"))


def test_evidence_of_highdicom(measured: bytes) -> None:
    rows = references_of(measured)
    assert {(r["kind"], r["study_instance_uid"], r["instance_count"]) for r in rows} == {
        ("evidence", f"{ROOT}.2.1", 1)
    }
    named = ("series_instance_uid", "sop_class_uid", "sop_instance_uid")
    assert {tuple(r[name] for name in named) for r in rows} == {
        *((f"{ROOT}.3.1", CTImageStorage, f"{ROOT}.4.{n}") for n in (1, 2, 3)),
        (f"{ROOT}.3.5", SegmentationStorage, f"{ROOT}.5.1"),
    }


def test_a_key_object_selection() -> None:
    images = ct_slices(2)
    selection = hd.ko.KeyObjectSelection(
        codes.DCM.ForTeaching, images, description="Secret description"
    )
    made = hd.ko.KeyObjectSelectionDocument(
        images, selection, f"{ROOT}.3.8", 8, f"{ROOT}.4.8", 1, manufacturer="ACME"
    )
    rows = items_of(encoded(made))
    assert made.SOPClassUID == KeyObjectSelectionDocumentStorage
    assert rows["1"]["concept_meaning"] == "For Teaching"
    shown = [r["referenced_sop_instance_uid"] for r in rows.values() if r["value_type"] == "IMAGE"]
    assert shown == [f"{ROOT}.4.1", f"{ROOT}.4.2"]
    assert "Secret" not in repr(rows)
    assert [r["kind"] for r in references_of(encoded(made))] == ["evidence"] * 2


# Encodings, containers


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_encoding_gives_the_same_rows(syntax: str, measured: bytes) -> None:
    made = pydicom.dcmread(io.BytesIO(measured))
    made["ContentSequence"][0]  # converted, or pydicom writes little endian as it is
    again = Dataset.from_json(made.to_json())
    assert items_of(encoded(again, syntax)) == items_of(measured)
    assert references_of(encoded(again, syntax)) == references_of(measured)


def test_content_hidden_in_un() -> None:
    """An archive that does not know an element writes UN, in implicit VR inside (PS3.5 6.2.2)."""
    inner = io.BytesIO()
    pydicom.dcmwrite(inner, number("7"), implicit_vr=True, little_endian=True)
    plain = report(ContentSequence=None)
    for length in (None, 0xFFFFFFFF):
        body = item(inner.getvalue(), undefined=False)
        end = b"" if length is None else element(0xFFFEE0DD, "", b"")[:4] + bytes(4)
        data = encoded(plain)
        hidden = element(0x0040A730, "UN", body + end, length=length)
        rows = items_of(data + hidden)
        assert rows["1.1"]["value_number"] == 7.0


@pytest.mark.parametrize("vr", ["OB", "LO", "UT"])
def test_wrong_vrs(vr: str) -> None:
    """Of the sequence, and of the values in it."""
    body = item(element(0x0040A010, "ST", b"contains ") + element(0x0040A040, "LO", b"NUM"))
    data = encoded(report(ContentSequence=None)) + element(0x0040A730, vr, body)
    row = items_of(data)["1.1"]
    assert (row["value_type"], row["relationship_type"]) == ("NUM", "CONTAINS")


def long_report(count: int) -> bytes:
    """Encode a report of so many numbers, from 0; made once, then patched: quick."""
    mark, out = "123456", io.BytesIO()
    pydicom.dcmwrite(out, number(mark), implicit_vr=False, little_endian=True)
    one = item(out.getvalue())
    items = (one.replace(mark.encode(), f"{n:06}".encode()) for n in range(count))
    return encoded(report(ContentSequence=None)) + sequence(0x0040A730, items)


def test_reports_in_files_and_archives(tmp_path: Path) -> None:
    """Whatever a first read may hold of them: 32 KB of a file, 1 MB of a member."""
    folder = tmp_path / "in"
    folder.mkdir()
    words = content_item("TEXT", COMMENT, TextValue="x" * 1_200_000)
    small, large = long_report(3), encoded(report(words, number("1")))
    members = {"small.dcm": small, "large.dcm": large}
    for name, data in members.items():
        (folder / name).write_bytes(data)
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    make_tar(folder / "a.tgz", "w:gz", members)
    stage(folder, out=tmp_path / "out")
    counts = Counter(row["file_id"] for row in table(tmp_path / "out", "dicom_sr_item"))
    names = {r["file_id"]: Path(r["container_member"] or r["uri"]).name for r in staged(tmp_path)}
    assert sorted((names[i], n) for i, n in counts.items()) == sorted(
        [("small.dcm", 4), ("large.dcm", 3)] * 3
    )
    assert {r["read_flags"] for r in staged(tmp_path)} == {None}


def staged(tmp_path: Path) -> list[Row]:
    return table(tmp_path / "out", "dicom_instance")


def test_text_in_its_character_set() -> None:
    texts = {"ISO_IR 192": "Läsion 漢", "ISO_IR 100": "Läsion", "ISO_IR 144": "Очаг"}
    for charset, text in texts.items():
        made = report(
            content_item("TEXT", TRACKING, TextValue=text),
            content_item("TEXT", (*COMMENT[:2], text), TextValue=text * 2),
            SpecificCharacterSet=charset,
        )
        rows = items_of(made)
        assert rows["1.1"]["value_text"] == text
        assert rows["1.2"]["text_length"] == 2 * len(text)
        assert rows["1.2"]["concept_meaning"] == text


def test_an_item_with_a_character_set_of_its_own() -> None:
    own = content_item("TEXT", TRACKING, TextValue="Очаг", SpecificCharacterSet="ISO_IR 144")
    rows = items_of(report(own, SpecificCharacterSet="ISO_IR 192"))
    assert rows["1.1"]["value_text"] == "Очаг"


# Numbers


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("7.50", 7.5, None),
        (" 12 ", 12.0, None),
        ("0", 0.0, None),
        ("12,3", None, "not_a_number"),
        ("", None, "no_value"),
        ("  ", None, "no_value"),
        ("NaN", None, "not_finite"),
        ("inf", None, "not_finite"),
        ("1e400", None, "number_out_of_range"),
        ("1\\2", None, "several_values"),
        ("about 3", None, "not_a_number"),
        (None, None, "no_value"),
    ],
)
def test_numbers(text: str | None, value: float | None, reason: str | None) -> None:
    row = items_of(report(number(text)))["1.1"]
    assert (row["value_number"], row["reason_code"]) == (value, reason)
    assert row["value_number_text"] == ((text or "").strip() or None)
    assert row["unit_code"] == (None if text is None else "mm")


def test_the_exact_float_counts_if_it_is_one() -> None:
    for exact, expected in ((0.1 + 0.2, 0.3), (float("nan"), 0.3), (1e300, 0.3)):
        made = number("0.3")
        made.MeasuredValueSequence[0].FloatingPointValue = exact
        row = items_of(report(made))["1.1"]
        assert row["value_number"] == pytest.approx(expected)
        assert (row["value_number_text"], row["reason_code"]) == ("0.3", None)
    made = number("0,3")
    made.MeasuredValueSequence[0].FloatingPointValue = 0.3
    row = items_of(report(made))["1.1"]
    assert (row["value_number"], row["reason_code"]) == (0.3, None)


def test_a_number_that_could_not_be_measured() -> None:
    qualifier = [code(("DCM", "114000", "Not a number"))]
    row = items_of(report(number(None, NumericValueQualifierCodeSequence=qualifier)))["1.1"]
    assert triple(row, "qualifier") == ("DCM", "114000", "Not a number")
    assert (row["value_number"], row["reason_code"]) == (None, "no_value")


def test_two_measured_values_are_none() -> None:
    made = number("1")
    made.MeasuredValueSequence = [
        made.MeasuredValueSequence[0],
        number("2").MeasuredValueSequence[0],
    ]
    row = items_of(report(made))["1.1"]
    assert (row["value_number"], row["value_number_text"]) == (None, "1\\2")
    assert row["reason_code"] == "several_values"


# Codes and the other values


def test_the_first_usable_code_counts() -> None:
    long, urn = "1" * 20, "urn:oid:1.2.3"
    concepts = [
        ([Dataset(), code(("SCT", "", "Only words")), code(LENGTH)], LENGTH),
        ([code(("", "", "Only words"))], (None, None, "Only words")),
        ([code(("", "L1", ""))], (None, "L1", None)),
        ([code(("99X", "", "Long"), LongCodeValue=long)], ("99X", long, "Long")),
        ([code(("", "", "Urn"), URNCodeValue=urn)], (None, urn, "Urn")),
        ([], (None, None, None)),
    ]
    for entries, expected in concepts:
        made = content_item("CODE", LENGTH, ConceptCodeSequence=entries)
        row = items_of(report(made))["1.1"]
        assert triple(row, "value") == expected
        assert row["reason_code"] == (None if any(expected) else "no_value")


def test_items_that_do_not_say_what_they_are() -> None:
    items = [
        content_item(None, LENGTH),
        content_item("NUMBER", LENGTH),
        number("1", concept=None),
        content_item("CODE", ConceptCodeSequence=[code(LENGTH)]),
        content_item("num", LENGTH, MeasuredValueSequence=number("1").MeasuredValueSequence),
        content_item("CONTAINER"),
        Dataset(),
    ]
    rows = items_of(report(*items))
    assert [(r["value_type"], r["reason_code"]) for r in rows.values()][1:] == [
        (None, "unknown_value_type"),
        ("NUMBER", "unknown_value_type"),
        ("NUM", "no_concept"),
        ("CODE", "no_concept"),
        ("NUM", None),
        ("CONTAINER", None),
        (None, "unknown_value_type"),
    ]


@pytest.mark.parametrize(
    ("value_type", "name", "value", "text", "reason"),
    [
        ("DATE", "Date", "20240102", "2024-01-02", None),
        ("DATE", "Date", "20240231", None, "invalid_date"),
        ("DATE", "Date", "John Smith", None, "invalid_date"),
        ("TIME", "Time", "1011", "10:11:00", None),
        ("TIME", "Time", "99", None, "invalid_time"),
        ("DATETIME", "DateTime", "20240102101112.5-0530", "2024-01-02T10:11:12.500000-05:30", None),
        ("DATETIME", "DateTime", "2024010210", "2024-01-02T10:00:00", None),
        ("DATETIME", "DateTime", "20240102", "2024-01-02", None),
        ("DATETIME", "DateTime", "202401", "2024-01", None),
        ("DATETIME", "DateTime", "2024+0100", "2024", None),
        ("DATETIME", "DateTime", "soon", None, "invalid_datetime"),
        ("DATETIME", "DateTime", "", None, "no_value"),
        ("UIDREF", "UID", "1.2.3", "1.2.3", None),
        ("UIDREF", "UID", "1.02.3", "1.02.3", None),
        ("UIDREF", "UID", "John Smith", None, "invalid_uid"),
        ("UIDREF", "UID", "", None, "no_value"),
        ("TEXT", "TextValue", "", None, "no_value"),
        ("PNAME", "PersonName", "", None, "no_value"),
    ],
)
def test_dates_times_and_uids(
    value_type: str, name: str, value: str, text: str | None, reason: str | None
) -> None:
    made = content_item(value_type, LENGTH)
    made.add_new(pydicom.datadict.tag_for_keyword(name), "LO", value)  # past pydicom's checks
    row = items_of(report(made))["1.1"]
    assert (row["value_text"], row["reason_code"]) == (text, reason)


def test_when_it_was_observed() -> None:
    rows = items_of(report(number("1", ObservationDateTime="20240102101112+0100")))
    assert rows["1.1"]["observation_datetime"] == "2024-01-02T10:11:12+01:00"


# The tree


def reference(*path: int) -> Dataset:
    made = Dataset()
    made.RelationshipType = "INFERRED FROM"
    made.ReferencedContentItemIdentifier = list(path)
    return made


def test_items_by_reference() -> None:
    rows = items_of(
        report(
            content_item("CONTAINER", None, number("1"), reference(1, 1)),  # its own parent
            content_item("CONTAINER", None, reference(1, 1, 1), reference(1, 9)),
            content_item("CONTAINER", None, reference(1, 3, 2), reference(1, 3, 1)),
            reference(1),
        )
    )
    assert {
        p: (r["referenced_path"], r["reason_code"])
        for p, r in rows.items()
        if r["value_type"] == "REFERENCE"
    } == {
        "1.1.2": ("1.1", "cyclic_reference"),
        "1.2.1": ("1.1.1", None),
        "1.2.2": ("1.9", "reference_not_found"),
        "1.3.1": ("1.3.2", "cyclic_reference"),
        "1.3.2": ("1.3.1", "cyclic_reference"),
        "1.4": ("1", "cyclic_reference"),
    }


def nested(depth: int, *, undefined: bool) -> bytes:
    """Encode a report as deep as that, which no library would write."""
    kind = element(0x0040A040, "CS", b"CONTAINER")
    if undefined:
        opened = element(0x0040A730, "SQ", b"", length=0xFFFFFFFF)
        opened += item(kind, ended=False)
        closed = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
        nest = opened * depth + closed * depth
    else:
        nest = b""
        for _ in range(depth):
            nest = sequence(0x0040A730, [item(kind + nest, undefined=False)], undefined=False)
    return encoded(report(ContentSequence=None)) + nest


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("depth", [64, 65, 1_000, 20_000])
def test_deep_reports(depth: int, undefined: bool) -> None:
    if not undefined and depth > 1_000:
        depth = 3_000  # each level copies those below it
    read = content_of(nested(depth, undefined=undefined))
    rows = [row for row in read.items if row.reason_code]
    assert len(read.items) == min(depth, 64) + 1
    assert [r.reason_code for r in rows] == ([] if depth == 64 else ["nesting_too_deep"])
    assert read.flags == (set() if depth == 64 else {"content_cut"})
    assert len(read.items[-1].path) == 2 * min(depth, 64) + 1


def test_too_many_items_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    data = long_report(50)
    assert tree.MAX_COUNTED == 200_000
    monkeypatch.setattr(tree, "MAX_COUNTED", 20)
    read = content_of(data)
    assert len(read.items) == 21
    assert read.items[0].reason_code == "too_many_items"
    assert read.flags == {"content_cut"}


def test_an_item_of_enormous_width() -> None:
    made = [content_item("TEXT", COMMENT, TextValue="x" * 3_000_000), number("1")]
    wide = content_item("TEXT", TRACKING, TextValue="y" * 10_000)
    many = content_item("CODE", LENGTH, ConceptCodeSequence=[code(LENGTH)] * 20_000)
    read = content_of(report(*made, wide, many))
    rows = [item.row() for item in read.items]
    assert len(rows) == 5
    assert read.items[1].text_length == 3_000_000
    assert len(read.items[3].value_text or "") == 4_000
    assert "too_long" in read.flags
    assert read.items[4].value.code == LENGTH[1]


def test_a_report_that_is_cut() -> None:
    data = long_report(10)
    read = content_of(data[: len(data) * 2 // 3])
    assert 2 < len(read.items) < 11
    assert read.items[0].reason_code == "content_truncated"
    assert "truncated" in read.flags
    whole = content_of(data)
    assert read.items[1:-1] == whole.items[1 : len(read.items) - 1]


def test_a_report_whose_content_is_no_sequence() -> None:
    for value in (b"no sequence at all", b"\1\2\3\4" * 5):
        read = content_of(encoded(report(ContentSequence=None)) + element(0x0040A730, "UT", value))
        assert [i.reason_code for i in read.items] == ["no_content"]
    read = content_of(encoded(report(ContentSequence=None)))
    assert [i.reason_code for i in read.items] == ["no_content"]


def test_a_sequence_without_its_end() -> None:
    one = item(element(0x0040A040, "CS", b"TEXT"), ended=False)
    after = element(0x0040DB73, "UL", b"\1\0\0\0")
    body = sequence(0x0040A730, [one, one], ended=False) + after
    read = content_of(encoded(report(ContentSequence=None)) + body)
    assert [i.path for i in read.items] == ["1", "1.1", "1.2"]
    assert "sequence_unterminated" in read.flags


def test_a_report_too_long_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "long.dcm").write_bytes(long_report(500))
    assert content.MOST_BYTES == 64 * 1024 * 1024
    monkeypatch.setattr(content, "MOST_BYTES", 20_000)
    stage(folder, out=tmp_path / "out")
    (instance,) = staged(tmp_path)
    assert instance["read_flags"] == "content_unreadable"
    (root,) = table(tmp_path / "out", "dicom_sr_item")
    assert (root["path"], root["reason_code"]) == ("1", "content_unreadable")


def test_what_trips_the_reader_up_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(content, "read_tree", fail)
    read = content_of(long_report(3))
    assert [i.reason_code for i in read.items] == ["content_unreadable"]
    assert "content_unreadable" in read.flags


@pytest.mark.parametrize("sop_class", ["1.2.3.4.5", CTImageStorage, "1.2.3"])
def test_content_of_any_class(sop_class: str) -> None:
    assert list(items_of(report(number("1"), SOPClassUID=sop_class))) == ["1", "1.1"]


def test_other_objects_have_no_content() -> None:
    data = encode(dataset())
    assert read_header(io.BytesIO(data), len(data), run.read_attribute_list()).source is None


def test_the_evidence_names_a_series_only() -> None:
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3"
    study = Dataset()
    study.StudyInstanceUID = "1.2"
    study.ReferencedSeriesSequence = [series]
    rows = references_of(report(number("1"), CurrentRequestedProcedureEvidenceSequence=[study]))
    assert [(r["series_instance_uid"], r["instance_count"]) for r in rows] == [("1.2.3", 0)]


# What may be staged


def test_texts_are_staged_by_their_concept(tmp_path: Path) -> None:
    site = tmp_path / "site.csv"
    site.write_text("scheme,code,source\nSCT,404684003,our own\n")
    attributes = run.read_attribute_list(text_files=[site])
    assert attributes.list_id != run.read_attribute_list().list_id
    made = report(
        content_item("TEXT", TRACKING, TextValue="a"),
        content_item("TEXT", ("dcm", "112039", "Other words"), TextValue="b"),
        content_item("TEXT", ("99X", "112039", "Tracking Identifier"), TextValue="secret"),
        content_item("TEXT", COMMENT, TextValue="secret"),
        content_item("TEXT", TextValue="secret"),
        content_item("PNAME", TRACKING, PersonName="secret"),
        content_item("TEXT", ("SCT", "404684003", "Finding"), TextValue="c"),
        content_item("TEXT", ("SRT", "F-00000", "No such code"), TextValue="secret"),
        content_item("TEXT", ("SRT", "T-D0001", "Retired"), TextValue="secret"),
    )
    texts = [r["value_text"] for r in items_of(made, attributes).values()]
    assert texts == [None, "a", "b", None, None, None, None, "c", None, None]
    assert [r["value_text"] for r in items_of(made).values()][7] is None


def test_a_snomed_code_stands_for_its_retired_ones(tmp_path: Path) -> None:
    site = tmp_path / "site.csv"
    site.write_text("scheme,code\nSCT,445316008\n")
    texts = load_texts([site])
    assert {("SRT", "A-0010F"), ("99SDM", "A-0010F"), ("SCT", "445316008")} <= texts
    assert ("SRT", "A-00110") not in texts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scheme\nDCM\n", "no column code"),
        ("scheme,code\nDCM,\n", "line 2: scheme or code is empty"),
        (None, "No such file"),
    ],
)
def test_a_bad_list_of_texts_is_a_sentence(tmp_path: Path, text: str | None, message: str) -> None:
    site = tmp_path / "site.csv"
    if text is not None:
        site.write_text(text)
    with pytest.raises(run.CannotRunError, match=message):
        stage(tmp_path, out=tmp_path / "out", text_files=[site])


def test_the_command_takes_a_list_of_texts(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    made = report(content_item("TEXT", COMMENT, TextValue="no secret here"))
    (folder / "a.dcm").write_bytes(encoded(made))
    site = tmp_path / "site.csv"
    command = ["stage", str(folder), "--out", str(tmp_path / "out"), "--report-texts", str(site)]
    missing = CliRunner().invoke(app, command)
    assert missing.exit_code == 2
    assert "The list of report texts can't be used" in missing.stderr
    site.write_text("scheme,code\nDCM,121106\n")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert re.search(r"^  reports +1$", done.stdout, re.MULTILINE)
    (row,) = (r for r in table(tmp_path / "out", "dicom_sr_item") if r["path"] == "1.1")
    assert row["value_text"] == "no secret here"
    (ran,) = table(tmp_path / "out", "extract_run")
    assert ran["arguments"].endswith(f"--report-texts {site}")


def test_no_person_and_no_words_are_staged(tmp_path: Path, measured: bytes) -> None:
    """Names and free text, wherever they may stand in a report, are in no staged file."""
    secret = "Zebra"
    names = {
        "PersonName": ("PNAME", f"{secret}^Person"),
        "TextValue": ("TEXT", f"{secret} text, 20240102"),
    }
    items = [
        content_item(kind, concept, **{name: value})
        for name, (kind, value) in names.items()
        for concept in (COMMENT, ("DCM", "121008", "Person Observer Name"), None)
    ]
    items += [
        content_item("DATE", COMMENT),
        content_item("UIDREF", COMMENT),
        content_item("UNKNOWN", TRACKING, TextValue=secret, PersonName=secret),
        content_item("CODE", LENGTH, ConceptCodeSequence=[], TextValue=secret),
        content_item("PNAME", TRACKING, PersonName=secret, TextValue=secret),
    ]
    for made, tag in ((items[6], 0x0040A121), (items[7], 0x0040A124)):
        made.add_new(tag, "LO", secret)
    observer = Dataset()
    observer.VerifyingObserverName = f"{secret}^Verifier"
    made = report(
        *items,
        VerifyingObserverSequence=[observer],
        PatientName=f"{secret}^Patient",
        ReferringPhysicianName=secret,
        PatientComments=secret,
        ContentLabel=secret.upper(),
        SeriesDescription="harmless",
    )
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(encoded(made))
    (folder / "b.dcm").write_bytes(encoded(made)[:-60])
    (folder / "c.dcm").write_bytes(measured)
    stage(folder, out=tmp_path / "out")
    assert len(table(tmp_path / "out", "dicom_sr_item")) > 30
    for name in worker.SCHEMAS:
        rows = repr(table(tmp_path / "out", name)).upper()
        assert secret.upper() not in rows, name
        assert "SECRET" not in rows, name


def test_staging_again_leaves_reports_alone(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(long_report(3))
    site = tmp_path / "site.csv"
    site.write_text("scheme,code\nDCM,121106\n")
    first = stage(folder, out=tmp_path / "out")
    assert (first.counts.reports, first.counts.segmentations) == (1, 0)
    assert stage(folder, out=tmp_path / "out").counts.unchanged == 1
    assert stage(folder, out=tmp_path / "out", text_files=[site]).counts.reports == 1
    items = table(tmp_path / "out", "dicom_sr_item")
    assert Counter(row["run_id"] for row in items) == Counter(
        dict.fromkeys({r["run_id"] for r in items}, 4)
    )
    assert len({row["run_id"] for row in items}) == 2
    assert by_name(staged(tmp_path))


# Fuzz


def mutilated(made: Dataset, chance: random.Random) -> Dataset:
    """Remove, empty, repeat or swap elements anywhere below."""
    levels = [d for _, d in walk(made)]
    inner = [i for level in levels for e in level if e.VR == "SQ" for i in e.value]
    for _ in range(chance.randint(1, 12)):
        level = chance.choice(levels + inner)
        tags = [t for t in level.keys() if t >> 16 > 0x20]  # noqa: SIM118 - tags, not elements
        if not tags:
            continue
        tag = chance.choice(tags)
        match chance.randint(0, 4):
            case 0:
                del level[tag]
            case 1:
                level[tag] = pydicom.DataElement(tag, level[tag].VR, None)
            case 2:
                level[tag] = pydicom.DataElement(
                    tag, "OB", b"\xfe\xff\x00\xe0" + chance.randbytes(6)
                )
            case 3 if level[tag].VR == "SQ" and level[tag].value:
                level[tag].value = list(level[tag].value) * 2
            case 4:
                level[tag] = pydicom.DataElement(
                    tag, "LO", chance.choice(["", "x\\y", "1e400", "é"])
                )
    return made


@cache
def reason_codes() -> set[str]:
    with seed_path("reason_code").open(encoding="utf-8") as lines:
        return {row["reason_code"] for row in csv.DictReader(lines)}


def assert_accounted(data: bytes) -> None:
    """What is read as an object has a root, the same each time; nothing raises."""
    attributes = run.read_attribute_list()
    seen = []
    for _ in range(2):
        try:
            header = read_header(io.BytesIO(data), len(data), attributes)
        except Rejected as rejected:
            seen.append(rejected.reason_code)
            continue
        if header.source is None:
            assert not (header.identity.sop_class_uid or "").startswith(content.REPORT_CLASSES)
            return
        read = content.read_content(header.source, attributes.texts)
        reasons = {row.reason_code for row in (*read.items, *read.segments)}
        assert reasons - {None} <= reason_codes()
        if header.source.is_report:
            assert read.items[0].path == "1"
            assert [i.item_number for i in read.items] == list(range(1, len(read.items) + 1))
            worker.staging.to_table(
                worker.SCHEMAS["dicom_sr_item"], [("r", "f", *i.row()) for i in read.items]
            )
        seen.append((read.items, read.segments, read.references, sorted(read.flags)))
    assert seen[0] == seen[1]


QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@QUICK
@given(seed=st.integers(0, 2**32))
def test_fuzz_mutilated_items(seed: int) -> None:
    chance = random.Random(seed)
    made = mutilated(pydicom.dcmread(io.BytesIO(measurement_report())), chance)
    try:
        data = encoded(made, chance.choice(SYNTAXES))
    except Exception:  # noqa: BLE001 - pydicom will not write all that
        return
    assert_accounted(data)


@QUICK
@given(cut=st.floats(0, 1), name=st.sampled_from(["measured", "test-SR.dcm", "reportsi.dcm"]))
def test_fuzz_cuts(cut: float, name: str) -> None:
    data = measurement_report() if name == "measured" else real(name)
    assert_accounted(data[: int(len(data) * cut)])


@QUICK
@given(seed=st.integers(0, 2**32), name=st.sampled_from(["measured", "test-SR.dcm"]))
def test_fuzz_bytes(seed: int, name: str) -> None:
    chance = random.Random(seed)
    data = bytearray(measurement_report() if name == "measured" else real(name))
    for _ in range(chance.randint(1, 20)):
        place = chance.randrange(300, len(data))
        data[place] = chance.choice([0, 0xFF, 0xFE, chance.randrange(256)])
    if chance.random() < 0.3:
        place = chance.randrange(300, len(data))
        del data[place : place + chance.randrange(40)]
    assert_accounted(bytes(data))


@QUICK
@given(body=st.binary(max_size=300), undefined=st.booleans())
def test_fuzz_any_bytes_as_content(body: bytes, undefined: bool) -> None:
    head = meta_information() + element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.88.33")
    length = 0xFFFFFFFF if undefined else None
    assert_accounted(head + element(0x0040A730, "SQ", body, length=length))


def test_ten_thousand_items() -> None:
    rows = items_of(long_report(10_000))
    assert len(rows) == 10_001
    assert rows["1.10000"]["value_number"] == 9_999.0


# The irradiation events of images, which dose reports refer to


def test_images_tell_their_irradiation_events() -> None:
    events = [f"{ROOT}.11.1", f"{ROOT}.11.2"]
    simple = dataset(IrradiationEventUID=events)
    assert values_of(read(encode(simple)), "IrradiationEventUID") == events
    frames = []
    for event in (events[0], events[1], events[0]):
        inner, frame = Dataset(), Dataset()
        inner.IrradiationEventUID = event
        frame.IrradiationEventIdentificationSequence = [inner]
        frames.append(frame)
    enhanced = dataset(PerFrameFunctionalGroupsSequence=frames)
    assert values_of(read(encode(enhanced)), "IrradiationEventUID") == events
