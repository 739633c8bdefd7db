"""Make DICOM objects for tests: well-formed ones with pydicom, broken ones byte by byte."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from micdm import run
from micdm.attributes import Attribute, AttributeList
from micdm.reader import Element, Header, read_header

ATTRIBUTES: AttributeList = run.read_attribute_list()
ROOT = "1.2.826.0.1.3680043.10.1"  # under pydicom's own root, for made objects
LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"}
UNDEFINED = 0xFFFFFFFF


# Well-formed objects


def dataset(**values: Any) -> Dataset:
    """Return a CT slice; keywords replace or (None) remove its values."""
    made = Dataset()
    defaults: dict[str, Any] = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": f"{ROOT}.4.1",
        "StudyDate": "20240102",
        "SeriesDate": "20240102",
        "StudyTime": "101112",
        "Modality": "CT",
        "Manufacturer": "ACME",
        "PatientName": "Test^Case",
        "PatientID": "P1",
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "BodyPartExamined": "CHEST",
        "SliceThickness": "1.25",
        "KVP": "120",
        "StudyInstanceUID": f"{ROOT}.2.1",
        "SeriesInstanceUID": f"{ROOT}.3.1",
        "InstanceNumber": "1",
        "SliceLocation": "10.5",
        "Rows": 4,
        "Columns": 4,
        "PixelSpacing": ["0.5", "0.75"],
        "PixelData": bytes(32),
    }
    for keyword, value in {**defaults, **values}.items():
        if value is not None:
            setattr(made, keyword, value)
    return made


def encode(made: Dataset, syntax: str = ExplicitVRLittleEndian, *, bare: bool = False) -> bytes:
    """Return the bytes of a file; `bare` leaves preamble and meta information out."""
    made = Dataset(made)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = made.get("SOPClassUID") or CTImageStorage
    meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID") or "1.2.3"
    if "PixelData" in made:
        made["PixelData"].VR = "OW"
    out = io.BytesIO()
    if bare:
        made.save_as(out, implicit_vr=syntax == "1.2.840.10008.1.2", little_endian=True)
    else:
        made.file_meta = meta
        dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def write_slices(folder: Path, count: int, *, series: int = 1, **values: Any) -> list[Path]:
    """Write the slices of a series, all with the same header. Made once, then patched: quick."""
    folder.mkdir(parents=True, exist_ok=True)
    mark, place = "0123456789", "7777.7777"
    template = encode(
        dataset(
            SOPInstanceUID=f"{ROOT}.4.{series}.1{mark}",
            SeriesInstanceUID=f"{ROOT}.3.{series}",
            SliceLocation=place,
            **values,
        )
    )
    paths = []
    for number in range(count):
        content = template.replace(mark.encode(), f"{number:010}".encode())
        content = content.replace(place.encode(), f"{number:09}".encode())
        path = folder / f"slice{number:06}.dcm"
        path.write_bytes(content)
        paths.append(path)
    return paths


# Byte by byte: what no library writes


def element(tag: int, vr: str, value: bytes, *, length: int | None = None) -> bytes:
    """Encode an element, explicit little endian; `length` may lie."""
    if len(value) % 2 and length is None:
        value += b" " if vr not in ("OB", "UI", "UN") else b"\0"
    stated = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    form = "<HL" if vr in LONG_VRS else "<H"
    numbers = (0, stated) if vr in LONG_VRS else (stated,)
    return head + struct.pack(form, *numbers) + value


def item(content: bytes, *, undefined: bool = True, ended: bool = True) -> bytes:
    """Encode an item of a sequence."""
    head = struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED if undefined else len(content))
    end = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) if undefined and ended else b""
    return head + content + end


def sequence(
    tag: int, items: Iterable[bytes], *, undefined: bool = True, ended: bool = True
) -> bytes:
    """Encode a sequence of items."""
    content = b"".join(items)
    if not undefined:
        return element(tag, "SQ", content)
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0) if ended else b""
    return element(tag, "SQ", content + end, length=UNDEFINED)


def meta_information(syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Encode preamble, prefix and file meta information."""
    body = b"".join(
        (
            element(0x00020002, "UI", CTImageStorage.encode()),
            element(0x00020003, "UI", b"1.2.3"),
            element(0x00020010, "UI", syntax.encode()),
        )
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<L", len(body))) + body


def elements(**replaced: bytes | None) -> dict[str, bytes]:
    """Encode the elements of a small CT slice by name, in tag order; None leaves one out."""
    made: dict[str, bytes | None] = {
        "sop_class": element(0x00080016, "UI", CTImageStorage.encode()),
        "sop_instance": element(0x00080018, "UI", f"{ROOT}.4.1".encode()),
        "study_date": element(0x00080020, "DA", b"20240102"),
        "modality": element(0x00080060, "CS", b"CT"),
        "patient_id": element(0x00100020, "LO", b"P1"),
        "thickness": element(0x00180050, "DS", b"1.25"),
        "kvp": element(0x00180060, "DS", b"120"),
        "study": element(0x0020000D, "UI", f"{ROOT}.2.1".encode()),
        "series": element(0x0020000E, "UI", f"{ROOT}.3.1".encode()),
        "number": element(0x00200013, "IS", b"1"),
        "rows": element(0x00280010, "US", struct.pack("<H", 4)),
        "last": b"",
        "pixels": element(0x7FE00010, "OW", bytes(32)),
    }
    return {name: value for name, value in {**made, **replaced}.items() if value is not None}


def join(made: dict[str, bytes], syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Make a file of encoded elements."""
    return meta_information(syntax) + b"".join(made.values())


def deflated(compressed: bytes) -> bytes:
    """Make a file whose data set is said to be deflated."""
    return meta_information(DeflatedExplicitVRLittleEndian) + compressed


def make_tar(
    path: Path, mode: str, members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]
) -> None:
    """Make a tar archive; pairs may repeat a name."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items() if isinstance(members, Mapping) else members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


# Reading back


def read(content: bytes, attributes: AttributeList = ATTRIBUTES) -> Header:
    """Read the header of a file given as bytes."""
    return read_header(io.BytesIO(content), len(content), attributes)


def rows_of(header: Header) -> list[Element]:
    """Return all element rows: of the header and of the instance."""
    return header.decode()[0] + header.instance_rows


def flags_of(header: Header) -> set[str]:
    """Return all read flags, those of decoding the header too."""
    return header.flags | header.decode()[1]


def values_of(header: Header, path: str) -> list[str | None]:
    """Return the texts of an attribute in order."""
    return [row.value_text for row in rows_of(header) if row.path == path]


def attribute(path: str) -> Attribute:
    """Return an attribute of the list."""
    return next(a for a in ATTRIBUTES.attributes if a.path == path)


def stage(*paths: Path | str, out: Path, **options: Any) -> run.Summary:
    """Stage in this process (or with `workers`)."""
    options.setdefault("workers", 1)
    return run.stage(run.Options([str(p) for p in paths], out, **options))


def table(out: Path, name: str, *, without_run: bool = False) -> list[dict[str, Any]]:
    """Read a staged table."""
    found = pads.dataset(sorted((out / name).glob("*.parquet")), format="parquet").to_table()
    if without_run:
        found = found.drop_columns(["run_id"])
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def by_name(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Index rows of instances or rejected files by file (or member) name."""
    return {Path(row["container_member"] or row["uri"]).name: row for row in rows}
