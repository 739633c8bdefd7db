"""Make reports and segmentations for tests, item by item; and read their rows back."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from pydicom import Dataset, FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, SegmentationStorage

from dicom_factory import ATTRIBUTES, ROOT, dataset, encode
from micdm.attributes import AttributeList
from micdm.content import Content, read_content
from micdm.reader import read_header
from micdm.schema import SCHEMAS

Row = dict[str, Any]
LENGTH = ("SCT", "410668003", "Length")
MILLIMETRE = ("UCUM", "mm", "millimeter")


def code(entry: tuple[str, str, str], **values: Any) -> Dataset:
    """Make a coded entry of scheme, code and meaning; empty ones are left out."""
    made = Dataset()
    names = ("CodingSchemeDesignator", "CodeValue", "CodeMeaning")
    for name, value in {**dict(zip(names, entry, strict=True)), **values}.items():
        if value:
            setattr(made, name, value)
    return made


def content_item(
    value_type: str | None,
    concept: tuple[str, str, str] | None = None,
    *below: Dataset,
    **values: Any,
) -> Dataset:
    """Make a content item with others below it."""
    made = Dataset()
    made.RelationshipType = "CONTAINS"
    if value_type is not None:
        made.ValueType = value_type
    if concept is not None:
        made.ConceptNameCodeSequence = [code(concept)]
    for name, value in values.items():
        setattr(made, name, value)
    if below:
        made.ContentSequence = list(below)
    return made


def number(
    value: str | None,
    concept: tuple[str, str, str] | None = LENGTH,
    unit: tuple[str, str, str] = MILLIMETRE,
    **values: Any,
) -> Dataset:
    """Make a NUM item; without a value its measured value sequence is empty."""
    measured = Dataset()
    # Past pydicom, which would refuse what is no number.
    measured.add_new(0x0040A30A, "LO", value or "")
    measured.MeasurementUnitsCodeSequence = [code(unit)]
    return content_item(
        "NUM", concept, MeasuredValueSequence=[] if value is None else [measured], **values
    )


def report(*items: Dataset, **values: Any) -> Dataset:
    """Make a report of these content items."""
    root = {
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [code(("DCM", "126000", "Imaging Measurement Report"))],
        "ContinuityOfContent": "SEPARATE",
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "UNVERIFIED",
        "ContentSequence": list(items),
    }
    return dataset(
        **{
            "SOPClassUID": ComprehensiveSRStorage,
            "SOPInstanceUID": f"{ROOT}.4.900",
            "SeriesInstanceUID": f"{ROOT}.3.900",
            "Modality": "SR",
            "PixelData": None,
            **root,
            **values,
        }
    )


def segmentation(*segments: Dataset, **values: Any) -> Dataset:
    """Make a segmentation of these segments."""
    made = {"SOPClassUID": SegmentationStorage, "Modality": "SEG", "SegmentSequence": [*segments]}
    return dataset(**{**made, **values})


def ct_slices(count: int) -> list[Dataset]:
    """Make slices that highdicom takes as a source."""
    made = []
    for place in range(count):
        one = dataset(
            SOPInstanceUID=f"{ROOT}.4.{place + 1}",
            FrameOfReferenceUID=f"{ROOT}.7",
            ImagePositionPatient=[0, 0, 5 * place],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            SpacingBetweenSlices="5",
            BitsAllocated=16,
            BitsStored=16,
            HighBit=15,
            PixelRepresentation=0,
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            AccessionNumber="A1",
            ReferringPhysicianName="Secret^Doctor",
            StudyID="1",
        )
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.append(one)
    return made


def encoded(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return the bytes of a file."""
    return encode(made, syntax)


def content_of(made: Dataset | bytes, attributes: AttributeList = ATTRIBUTES) -> Content:
    """Read the content of an object; its flags are those of the header too."""
    data = made if isinstance(made, bytes) else encoded(made)
    header = read_header(io.BytesIO(data), len(data), attributes)
    assert header.source is not None
    content = read_content(header.source, attributes.texts)
    content.flags |= header.flags
    return content


def as_rows(table: str, rows: Iterable[Any]) -> list[Row]:
    """Name the columns of rows, which must be those of the table."""
    names = SCHEMAS[table].names[2:]
    cells = [row.row() if hasattr(row, "row") else tuple(row) for row in rows]
    return [dict(zip(names, row, strict=True)) for row in cells]


def items_of(made: Dataset | bytes, attributes: AttributeList = ATTRIBUTES) -> dict[str, Row]:
    """Return the content items of a report by path."""
    rows = as_rows("dicom_sr_item", content_of(made, attributes).items)
    by_path = {row["path"]: row for row in rows}
    assert len(by_path) == len(rows)
    return by_path


def segments_of(made: Dataset | bytes) -> list[Row]:
    """Return the segments of a segmentation."""
    return as_rows("dicom_segment", content_of(made).segments)


def references_of(made: Dataset | bytes) -> list[Row]:
    """Return what an object refers to."""
    return as_rows("dicom_reference", content_of(made).references)


def triple(row: Mapping[str, Any], name: str) -> tuple[str | None, ...]:
    """Return scheme, code and meaning of a coded entry."""
    return tuple(row[f"{name}_{part}"] for part in ("scheme", "code", "meaning"))
