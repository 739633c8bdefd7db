"""Segments and what they were made from: real segmentations, highdicom's, and broken ones."""

from __future__ import annotations

import io
import random
from functools import cache
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from dicom_factory import ATTRIBUTES, ROOT, item, make_tar, sequence, stage, table
from micdm import content
from micdm.reader import read_header
from report_factory import (
    code,
    content_of,
    ct_slices,
    encoded,
    references_of,
    segmentation,
    segments_of,
    triple,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

LIVER = ("SCT", "10200004", "Liver")
LEFT = ("SCT", "7771000", "Left")


def segment(number: int | None, **values: Any) -> Dataset:
    made = Dataset()
    if number is not None:
        made.SegmentNumber = number
    for name, value in values.items():
        setattr(made, name, value)
    return made


# Real segmentations


@pytest.mark.parametrize("name", ["liver_1frame.dcm", "liver_expb_1frame.dcm"])
def test_real_segmentations(name: str) -> None:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    data = Path(path).read_bytes()
    theirs = pydicom.dcmread(path)
    (row,) = segments_of(data)
    (one,) = theirs.SegmentSequence
    assert row["segment_number"] == one.SegmentNumber == 1
    assert triple(row, "category") == ("SRT", "T-D0050", "Tissue")
    assert triple(row, "type") == ("SRT", "T-62000", "Liver")
    assert (row["algorithm_type"], row["algorithm_name"]) == (
        one.SegmentAlgorithmType,
        one.get("SegmentAlgorithmName"),
    )
    assert (row["tracking_uid"], row["reason_code"]) == (None, None)
    (series,) = theirs.ReferencedSeriesSequence
    (reference,) = references_of(data)
    assert reference == {
        "kind": "segmented_series",
        "study_instance_uid": theirs.StudyInstanceUID,
        "series_instance_uid": series.SeriesInstanceUID,
        "sop_class_uid": series.ReferencedInstanceSequence[0].ReferencedSOPClassUID,
        "sop_instance_uid": None,
        "instance_count": len(series.ReferencedInstanceSequence),
    }


# Segmentations made with highdicom


def made_with_highdicom() -> Dataset:
    algorithm = hd.AlgorithmIdentificationSequence(
        name="lung-ai",
        family=codes.DCM.ArtificialIntelligence,
        version="2.1",
        source="ACME",
        parameters={"t": "0.5"},
    )
    lesion = hd.seg.SegmentDescription(
        1,
        "Secret label",
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Nodule,
        "AUTOMATIC",
        algorithm,
        tracking_uid=f"{ROOT}.9.1",
        tracking_id="lesion 1",
        anatomic_regions=[codes.SCT.Lung],
    )
    lung = hd.seg.SegmentDescription(2, "Secret", codes.SCT.Tissue, codes.SCT.Lung, "MANUAL")
    mask = np.zeros((3, 4, 4, 2), np.uint8)
    mask[:, :2, :, 0] = 1
    mask[:, 2:, :, 1] = 1
    return hd.seg.Segmentation(
        ct_slices(3),
        mask,
        "BINARY",
        [lesion, lung],
        f"{ROOT}.3.5",
        5,
        f"{ROOT}.5.1",
        1,
        "ACME",
        "model",
        "1",
        "1",
    )


def test_segments_of_highdicom() -> None:
    lesion, lung = segments_of(encoded(made_with_highdicom()))
    assert triple(lesion, "type") == ("SCT", "27925004", "Nodule")
    assert triple(lesion, "region") == ("SCT", "39607008", "Lung")
    assert triple(lesion, "algorithm_family") == ("DCM", "123110", "Artificial Intelligence")
    named = ("name", "version", "parameters", "source", "type")
    assert [lesion[f"algorithm_{part}"] for part in named] == [
        "lung-ai",
        "2.1",
        "t=0.5",
        "ACME",
        "AUTOMATIC",
    ]
    assert (lesion["tracking_identifier"], lesion["tracking_uid"]) == ("lesion 1", f"{ROOT}.9.1")
    assert (lung["segment_number"], lung["algorithm_type"]) == (2, "MANUAL")
    assert triple(lung, "region") == (None, None, None)
    assert [lung[f"algorithm_{part}"] for part in named[:-1]] == [None] * 4


def test_references_of_highdicom() -> None:
    made = made_with_highdicom()
    (series,) = references_of(encoded(made))
    assert series["series_instance_uid"] == f"{ROOT}.3.1"
    assert (series["study_instance_uid"], series["instance_count"]) == (f"{ROOT}.2.1", 3)
    del made.ReferencedSeriesSequence
    rows = references_of(encoded(made))
    assert [(r["kind"], r["sop_instance_uid"], r["sop_class_uid"]) for r in rows] == [
        ("source_image", f"{ROOT}.4.{n}", CTImageStorage) for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings(syntax: str) -> None:
    made = made_with_highdicom()
    plain = segments_of(encoded(made)), references_of(encoded(made))
    again = Dataset.from_json(pydicom.dcmread(io.BytesIO(encoded(made))).to_json())
    again.PixelData = made.PixelData
    assert (segments_of(encoded(again, syntax)), references_of(encoded(again, syntax))) == plain


# Made by hand


def test_modifiers_inside_the_entry_and_beside_it() -> None:
    left = [code(LEFT)]
    inside = code(LIVER, SegmentedPropertyTypeModifierCodeSequence=left)
    region = code(LIVER, AnatomicRegionModifierSequence=left)
    rows = segments_of(
        segmentation(
            segment(1, SegmentedPropertyTypeCodeSequence=[inside], AnatomicRegionSequence=[region]),
            segment(
                2,
                SegmentedPropertyTypeCodeSequence=[code(LIVER)],
                SegmentedPropertyTypeModifierCodeSequence=left,
                AnatomicRegionModifierSequence=left,
            ),
        )
    )
    assert [triple(r, "type_modifier") for r in rows] == [LEFT, LEFT]
    assert [triple(r, "region_modifier") for r in rows] == [LEFT, LEFT]
    assert [triple(r, "type") for r in rows] == [LIVER, LIVER]


def test_missing_parts_and_wrong_numbers() -> None:
    named = segment(None, SegmentAlgorithmName="by hand", SegmentAlgorithmType="manual")
    named.add_new(0x00620004, "IS", "70000")
    rows = segments_of(segmentation(segment(None), segment(1), segment(1), Dataset(), named))
    assert [(r["segment_number"], r["reason_code"]) for r in rows] == [
        (None, "no_segment_number"),
        (1, None),
        (1, "duplicate_segment_number"),
        (None, "no_segment_number"),
        (70_000, None),
    ]
    assert (rows[4]["algorithm_name"], rows[4]["algorithm_type"]) == ("by hand", "MANUAL")


def test_series_of_other_studies() -> None:
    def series(uid: str, *classes: str) -> Dataset:
        made = Dataset()
        made.SeriesInstanceUID = uid
        made.ReferencedInstanceSequence = []
        for number, sop_class in enumerate(classes):
            instance = Dataset()
            instance.ReferencedSOPClassUID = sop_class
            instance.ReferencedSOPInstanceUID = f"{uid}.{number}"
            made.ReferencedInstanceSequence.append(instance)
        return made

    other = Dataset()
    other.StudyInstanceUID = "1.2.9"
    other.ReferencedSeriesSequence = [series("1.2.9.1", CTImageStorage, "1.2.3")]
    made = segmentation(
        segment(1),
        ReferencedSeriesSequence=[series("1.2.1", CTImageStorage), series("1.2.2")],
        StudiesContainingOtherReferencedInstancesSequence=[other],
    )
    rows = references_of(made)
    named = ("study_instance_uid", "series_instance_uid", "sop_class_uid", "instance_count")
    assert [tuple(r[name] for name in named) for r in rows] == [
        (f"{ROOT}.2.1", "1.2.1", CTImageStorage, 1),
        (f"{ROOT}.2.1", "1.2.2", None, 0),
        ("1.2.9", "1.2.9.1", None, 2),
    ]


def test_source_images_at_top_level_and_none() -> None:
    image = Dataset()
    image.ReferencedSOPClassUID = CTImageStorage
    image.ReferencedSOPInstanceUID = "1.2.3"
    made = segmentation(segment(1), SourceImageSequence=[image, image])
    assert [r["sop_instance_uid"] for r in references_of(made)] == ["1.2.3"]
    assert references_of(segmentation(segment(1))) == []


def test_no_more_is_read_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames by the thousand stay unread while the series is named before them."""
    made = segmentation(segment(1), PerFrameFunctionalGroupsSequence=[Dataset()] * 3)
    read: list[int] = []
    tree = content.read_tree

    def spy(data: bytes, *rest: Any) -> Any:
        read.append(rest[1].stop_at)
        return tree(data, *rest)

    monkeypatch.setattr(content, "read_tree", spy)
    content_of(made)
    assert read == [0x52009230, 0x7FE00000]
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3"
    made.ReferencedSeriesSequence = [series]
    read.clear()
    content_of(made)
    assert read == [0x52009230]


def test_pixel_data_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = segmentation(segment(1), PixelData=bytes(3_000_000), Rows=1_000, Columns=1_500)
    data = encoded(made)
    monkeypatch.setattr(content, "FIRST_BYTES", 20_000)

    class Watched(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            Watched.most = max(Watched.most, len(got := super().read(size)))
            return got

    header = read_header(Watched(data), len(data), ATTRIBUTES)
    assert header.source is not None
    assert len(content.read_content(header.source, ATTRIBUTES.texts).segments) == 1
    assert Watched.most <= 20_000


def test_10_000_segments() -> None:
    number = "b\0\4\0US\2\0".encode("latin-1")
    items = (item(number + n.to_bytes(2, "little")) for n in range(1, 10_001))
    data = encoded(segmentation(SegmentSequence=None, PixelData=None))
    rows = segments_of(data + sequence(0x00620002, items))
    assert [r["segment_number"] for r in rows] == list(range(1, 10_001))
    assert not [r for r in rows if r["reason_code"]]


def test_segmentations_in_files_and_archives(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    # Longer before its frames than the first read of a file, of a member, and of the content.
    many = [segment(n, TrackingID="x" * 1_000) for n in range(1, 1_301)]
    members = {"a.dcm": encoded(made_with_highdicom()), "b.dcm": encoded(segmentation(*many))}
    for name, data in members.items():
        (folder / name).write_bytes(data)
    make_tar(folder / "c.tar.xz", "w:xz", members)
    summary = stage(folder, out=tmp_path / "out")
    assert (summary.counts.reports, summary.counts.segmentations) == (0, 4)
    rows = table(tmp_path / "out", "dicom_segment")
    assert len(rows) == 2 * (2 + 1_300)
    assert {r["read_flags"] for r in table(tmp_path / "out", "dicom_instance")} == {None}
    assert "Secret" not in repr(rows)


def test_what_trips_the_reader_up_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(content, "read_tree", fail)
    read = content_of(segmentation(segment(1)))
    assert [s.reason_code for s in read.segments] == ["content_unreadable"]
    assert "content_unreadable" in read.flags


@cache
def one() -> bytes:
    return encoded(made_with_highdicom())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_fuzz_bytes(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(one())
    start = data.index(b"b\0\2\0SQ")
    for _ in range(chance.randint(1, 10)):
        place = chance.randrange(start + 8, len(data))
        data[place] = chance.choice([0, 0xFF, 0xFE, chance.randrange(256)])
    del data[chance.randrange(start + 8, len(data) + 1) :]
    first, second = content_of(bytes(data)), content_of(bytes(data))
    assert first == second
    assert "content_unreadable" not in first.flags
