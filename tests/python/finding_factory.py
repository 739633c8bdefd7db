"""Make images, and with highdicom the reports and segmentations about them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from highdicom.sr import CodedConcept
from pydicom import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from dicom_factory import ROOT, dataset, encode

LESION = f"{ROOT}.9"
Group = (
    hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations
    | hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations
    | hd.sr.MeasurementsAndQualitativeEvaluations
)


def images(series: int, count: int = 2, *, study: int | str = 1, **values: Any) -> list[Dataset]:
    """Make the slices of a series, which highdicom takes as a source; `study` may be a UID."""
    made = []
    for place in range(count):
        defaults = {
            "SOPInstanceUID": f"{ROOT}.4.{series}.{place + 1}",
            "SeriesInstanceUID": f"{ROOT}.3.{series}",
            "StudyInstanceUID": study if isinstance(study, str) else f"{ROOT}.2.{study}",
            "FrameOfReferenceUID": f"{ROOT}.7.{series}",
            "ImagePositionPatient": [0, 0, 5 * place],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "InstanceNumber": str(place + 1),
            "SliceLocation": str(5 * place),
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 0,
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "AccessionNumber": "",
            "ReferringPhysicianName": "",
            "StudyID": "1",
        }
        one = dataset(**{**defaults, **values})
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.append(one)
    return made


def write(folder: Path, *objects: Dataset | Iterable[Dataset]) -> Path:
    """Write objects, each under its SOP Instance UID; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in objects:
        for one in [made] if isinstance(made, Dataset) else made:
            (folder / f"{one.SOPInstanceUID}.dcm").write_bytes(encode(one))
    return folder


# What groups are made of


def algorithm(name: str = "lung ai", version: str = "2.1") -> hd.sr.AlgorithmIdentification:
    """Name an algorithm."""
    return hd.sr.AlgorithmIdentification(name, version, parameters=["t=0.5"], manufacturer="ACME")


def tracking(number: int) -> hd.sr.TrackingIdentifier:
    """Follow a lesion."""
    return hd.sr.TrackingIdentifier(uid=f"{LESION}.{number}", identifier=f"lesion {number}")


def site(place: CodedConcept | Any = None, side: Any = None) -> list[hd.sr.FindingSite]:
    """Say where: in the lung if not said otherwise."""
    return [hd.sr.FindingSite(place or codes.SCT.Lung, laterality=side)]


def diameter(value: float, **values: Any) -> hd.sr.Measurement:
    """Measure a diameter in millimetres."""
    return hd.sr.Measurement(codes.SCT.Diameter, value, codes.UCUM.Millimeter, **values)


def on_image(image: Dataset) -> hd.sr.ImageRegion:
    """Draw a circle on an image."""
    return hd.sr.ImageRegion(
        "CIRCLE",
        np.array([[1.0, 1.0], [2.0, 2.0]]),
        hd.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID),
    )


def in_segment(
    segmentation: Dataset, number: int, series: Sequence[Dataset]
) -> hd.sr.ReferencedSegment:
    """Refer to a segment and to the series it was drawn on."""
    return hd.sr.ReferencedSegment(
        SegmentationStorage,
        segmentation.SOPInstanceUID,
        segment_number=number,
        source_series=hd.sr.SourceSeriesForSegmentation(series[0].SeriesInstanceUID),
    )


def from_image(image: Dataset) -> list[hd.sr.SourceImageForMeasurementGroup]:
    """Refer to the image that a group was measured on."""
    return [hd.sr.SourceImageForMeasurementGroup(image.SOPClassUID, image.SOPInstanceUID)]


# Whole objects


def report(
    number: int,
    evidence: Sequence[Dataset],
    *groups: Group,
    written: str = "20240105113000",
    device: str | None = None,
    **values: Any,
) -> Dataset:
    """Make a report (TID 1500) of a person, or of a device."""
    # highdicom takes elements of the evidence as they are: a change there would be one here.
    evidence = copy.deepcopy(list(evidence))
    observer = hd.sr.ObserverContext(
        codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes(name="Mustermann^Reader")
    )
    if device is not None:
        observer = hd.sr.ObserverContext(
            codes.DCM.Device,
            hd.sr.DeviceObserverIdentifyingAttributes(
                uid=f"{ROOT}.8.1", manufacturer_name="ACME", model_name=device
            ),
        )
    names = {"observer_device_context" if device else "observer_person_context": observer}
    content = hd.sr.MeasurementReport(
        hd.sr.ObservationContext(**names),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=list(groups),
    )
    made = hd.sr.Comprehensive3DSR(
        evidence,
        content[0],
        f"{ROOT}.3.9{number:03}",
        9,
        f"{ROOT}.5.{number}",
        1,
        manufacturer="ACME",
        is_complete=True,
        **values,
    )
    made.ContentDate, made.ContentTime = written[:8], written[8:]
    return made


def segmentation(number: int, source: Sequence[Dataset], **values: Any) -> Dataset:
    """Make a segmentation of a nodule of the left lung, by an algorithm, and of lung, by hand."""
    lesion = hd.seg.SegmentDescription(
        1,
        "Mustermann label",
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Nodule,
        "AUTOMATIC",
        hd.AlgorithmIdentificationSequence(
            name="lung ai", family=codes.DCM.ArtificialIntelligence, version="2.1", source="ACME"
        ),
        tracking_uid=f"{LESION}.{number}",
        tracking_id=f"lesion {number}",
        anatomic_regions=[codes.SCT.Lung],
    )
    lesion.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [
        CodedConcept("7771000", "SCT", "Left")
    ]
    lung = hd.seg.SegmentDescription(
        2, "Mustermann", codes.SCT.AnatomicalStructure, codes.SCT.Lung, "MANUAL"
    )
    mask = np.zeros((len(source), 4, 4, 2), np.uint8)
    mask[:, :2, :, 0] = 1
    mask[:, 2:, :, 1] = 1
    made = hd.seg.Segmentation(
        copy.deepcopy(list(source)),
        mask,
        "BINARY",
        [lesion, lung],
        f"{ROOT}.3.8{number:03}",
        5,
        f"{ROOT}.6.{number}",
        1,
        "ACME",
        "model",
        "1",
        "1",
    )
    made.ContentDate, made.ContentTime = "20240103", "080000"
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


# Changing what is made


def groups_of(document: Dataset) -> list[Dataset]:
    """Return the measurement groups of a report."""
    return [
        group
        for section in document.ContentSequence
        if meaning(section) == "Imaging Measurements"
        for group in section.ContentSequence
    ]


def meaning(item: Dataset) -> str:
    """Return the concept name of a content item."""
    return (
        str(item.ConceptNameCodeSequence[0].CodeMeaning)
        if "ConceptNameCodeSequence" in item
        else ""
    )


def remove(group: Dataset, *meanings: str) -> None:
    """Remove items of a group by their concept names."""
    group.ContentSequence = [i for i in group.ContentSequence if meaning(i) not in meanings]
