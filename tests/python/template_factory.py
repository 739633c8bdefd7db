"""Make reports as the templates of PS3.16 say: chest CAD, obstetric ultrasound, X-ray dose."""

from __future__ import annotations

from typing import Any

from pydicom import Dataset
from pydicom.uid import (
    ChestCADSRStorage,
    DigitalXRayImageStorageForPresentation,
    UltrasoundImageStorage,
    XRayRadiationDoseSRStorage,
)

import finding_factory as make
import report_factory as hand
from dicom_factory import ROOT
from finding_factory import LESION

Code = tuple[str, str, str]
PERCENT = ("UCUM", "%", "percent")
LATERALITY = ("SCT", "272741003", "Laterality")
RIGHT = ("SCT", "24028007", "Right")
LANGUAGE = ("DCM", "121049", "Language of Content Item and Descendants")
ENGLISH = ("RFC5646", "en-US", "English (United States)")
NODULE = ("SCT", "27925004", "Nodule")
MILLIMETRE = hand.MILLIMETRE
SOURCE = ("DCM", "121112", "Source of Measurement")


def coded(concept: Code, value: Code, *below: Dataset, relation: str = "CONTAINS") -> Dataset:
    """Make a coded item."""
    return hand.content_item(
        "CODE",
        concept,
        *below,
        RelationshipType=relation,
        ConceptCodeSequence=[hand.code(value)],
    )


def modifier(concept: Code, value: Code, *below: Dataset) -> Dataset:
    """Make a coded item that says more about the one above."""
    return coded(concept, value, *below, relation="HAS CONCEPT MOD")


def measured(value: str, concept: Code, unit: Code, *below: Dataset) -> Dataset:
    """Make a number with items below it."""
    made = hand.number(value, concept, unit)
    if below:
        made.ContentSequence = list(below)
    return made


def related(relation: str, item: Dataset) -> Dataset:
    """Say how an item relates to the one above."""
    item.RelationshipType = relation
    return item


def text(concept: Code, value: str) -> Dataset:
    """Make a text item."""
    return hand.content_item("TEXT", concept, TextValue=value)


def uid(concept: Code, value: str) -> Dataset:
    """Make a UID item."""
    return hand.content_item("UIDREF", concept, UID=value)


def pointer(*path: int, relation: str = "SELECTED FROM") -> Dataset:
    """Refer to an item of the same report by its place."""
    made = Dataset()
    made.RelationshipType = relation
    made.ReferencedContentItemIdentifier = list(path)
    return made


def referenced(image: Dataset) -> Dataset:
    """Refer to an image."""
    made = Dataset()
    made.ReferencedSOPClassUID = image.SOPClassUID
    made.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return made


def image_item(image: Dataset, concept: Code | None = None, *below: Dataset) -> Dataset:
    """Make an item that refers to an image."""
    return hand.content_item("IMAGE", concept, *below, ReferencedSOPSequence=[referenced(image)])


def evidence_of(*images: Dataset) -> list[Dataset]:
    """Name images as evidence, each series once."""
    study = Dataset()
    study.StudyInstanceUID = images[0].StudyInstanceUID
    by_series: dict[str, Dataset] = {}
    for image in images:
        series = by_series.setdefault(image.SeriesInstanceUID, Dataset())
        series.SeriesInstanceUID = image.SeriesInstanceUID
        series.ReferencedSOPSequence = [
            *series.get("ReferencedSOPSequence", []),
            referenced(image),
        ]
    study.ReferencedSeriesSequence = list(by_series.values())
    return [study]


def document(number: int, study: int, title: Code, *items: Dataset, **values: Any) -> Dataset:
    """Make a report in a study."""
    return hand.report(
        *items,
        SOPInstanceUID=f"{ROOT}.5.{number}",
        SeriesInstanceUID=f"{ROOT}.3.90{number}",
        StudyInstanceUID=f"{ROOT}.2.{study}",
        ConceptNameCodeSequence=[hand.code(title)],
        **values,
    )


# Chest CAD: TID 4100


def chest_cad() -> list[Dataset]:
    """A nodule on a chest radiograph, and one that the radiographs of both sides show."""
    views = [
        make.images(
            number,
            1,
            study=3,
            Modality="DX",
            SOPClassUID=DigitalXRayImageStorageForPresentation,
            BodyPartExamined="CHEST",
        )[0]
        for number in (61, 62)
    ]
    intent = modifier(
        ("DCM", "111056", "Rendering Intent"), ("DCM", "111150", "Presentation Required")
    )
    library = hand.content_item(
        "CONTAINER",
        ("DCM", "111028", "Image Library"),
        *(
            image_item(
                view,
                None,
                coded(("DCM", "111031", "Image View"), ("SCT", "272479007", "Postero-anterior")),
                measured("0.2", ("DCM", "111026", "Horizontal Pixel Spacing"), MILLIMETRE),
            )
            for view in views
        ),
    )
    algorithm = (
        text(("DCM", "111001", "Algorithm Name"), "opacity finder"),
        text(("DCM", "111003", "Algorithm Version"), "3"),
    )

    def center(view: int) -> Dataset:
        return hand.content_item(
            "SCOORD",
            ("DCM", "111010", "Center"),
            pointer(1, 2, view),
            RelationshipType="HAS PROPERTIES",
            GraphicType="POINT",
            GraphicData=[1.0, 1.0],
        )

    def opacity(view: int, certainty: str, *more: Dataset) -> Dataset:
        return coded(
            ("DCM", "111059", "Single Image Finding"),
            ("DCM", "112033", "Abnormal opacity"),
            intent,
            modifier(("DCM", "112024", "Single Image Finding Modifier"), NODULE),
            *algorithm,
            measured(certainty, ("DCM", "111012", "Certainty of Finding"), PERCENT),
            center(view),
            *more,
        )

    path = hand.content_item(
        "SCOORD",
        ("DCM", "121055", "Path"),
        pointer(1, 2, 1),
        RelationshipType="INFERRED FROM",
        GraphicType="POLYLINE",
        GraphicData=[1.0, 1.0, 2.0, 2.0],
    )
    single = opacity(
        1,
        "80",
        text(("DCM", "112039", "Tracking Identifier"), "opacity 1"),
        uid(("DCM", "112040", "Tracking Unique Identifier"), f"{LESION}.61"),
        coded(
            ("DCM", "112013", "Location in Chest"),
            ("SCT", "45653009", "Upper lobe of lung"),
            modifier(LATERALITY, RIGHT),
        ),
        measured("12", ("SCT", "81827009", "Diameter"), MILLIMETRE, path),
        measured("45", ("DCM", "111047", "Probability of cancer"), PERCENT),
    )
    composite = coded(
        ("DCM", "111015", "Composite Feature"),
        ("DCM", "112033", "Abnormal opacity"),
        intent,
        modifier(
            ("DCM", "111057", "Scope of Feature"),
            ("DCM", "111156", "Feature detected on images from multiple modalities"),
        ),
        modifier(("DCM", "112023", "Composite Feature Modifier"), NODULE),
        *algorithm,
        measured("90", ("DCM", "111012", "Certainty of Finding"), PERCENT),
        opacity(2, "70"),
    )
    summary = coded(
        ("DCM", "111017", "CAD Processing and Findings Summary"),
        ("DCM", "111242", "All algorithms succeeded; with findings"),
        hand.content_item(
            "CONTAINER",
            ("DCM", "111034", "Individual Impression/Recommendation"),
            intent,
            single,
            composite,
        ),
    )
    detections = coded(
        ("DCM", "111064", "Summary of Detections"),
        ("DCM", "111222", "Succeeded"),
        hand.content_item(
            "CONTAINER",
            ("DCM", "111063", "Successful Detections"),
            coded(("DCM", "111022", "Detection Performed"), NODULE, *algorithm, pointer(1, 2, 1)),
        ),
    )
    analyses = coded(("DCM", "111065", "Summary of Analyses"), ("DCM", "111225", "Not Attempted"))
    made = document(
        61,
        3,
        ("DCM", "112000", "Chest CAD Report"),
        modifier(LANGUAGE, ENGLISH),
        library,
        summary,
        detections,
        analyses,
        SOPClassUID=ChestCADSRStorage,
        CurrentRequestedProcedureEvidenceSequence=evidence_of(*views),
    )
    return [*views, made]


# Obstetric ultrasound: TID 5000


def obstetric() -> list[Dataset]:
    """Twins: what was measured of each, the profile of one and an ovary of the mother."""
    clips = make.images(
        63, 2, study=4, Modality="US", SOPClassUID=UltrasoundImageStorage, PatientSex="F"
    )
    centimetre = ("UCUM", "cm", "cm")
    days = ("UCUM", "d", "days")
    derivation = ("DCM", "121401", "Derivation")
    equation = ("DCM", "121420", "Equation")

    def fetus(name: str) -> list[Dataset]:
        return [
            related("HAS OBS CONTEXT", item)
            for item in (
                coded(("DCM", "121024", "Subject Class"), ("DCM", "121026", "Fetus")),
                text(("LN", "11951-1", "Fetus ID"), name),
            )
        ]

    def biometry(name: str, *diameters: str) -> Dataset:
        diameter = ("LN", "11820-8", "Biparietal Diameter")
        age = measured(
            "140",
            ("LN", "18185-9", "Gestational Age"),
            days,
            related(
                "INFERRED FROM",
                coded(equation, ("LN", "11902-4", "BPD, Hadlock 1984")),
            ),
            related(
                "HAS PROPERTIES",
                measured("7", ("DCM", "121417", "2 Sigma Upper Value of population"), days),
            ),
        )
        rank = measured(
            "55",
            ("DCM", "125012", "Growth Percentile Rank"),
            PERCENT,
            related(
                "INFERRED FROM",
                coded(("DCM", "121424", "Table of Values"), ("LN", "33198-3", "BPD, Hadlock")),
            ),
        )
        mean = measured(
            "4.75", diameter, centimetre, modifier(derivation, ("SCT", "373098007", "Mean"))
        )
        return hand.content_item(
            "CONTAINER",
            ("DCM", "125002", "Fetal Biometry"),
            *fetus(name),
            hand.content_item(
                "CONTAINER",
                ("DCM", "125005", "Biometry Group"),
                *(
                    measured(value, diameter, centimetre, image_item(clips[0], SOURCE))
                    for value in diameters
                ),
                mean,
                age,
                rank,
            ),
        )

    patient = hand.content_item(
        "CONTAINER",
        ("DCM", "121118", "Patient Characteristics"),
        measured("2", ("LN", "11996-6", "Gravida"), ("UCUM", "{pregnancies}", "pregnancies")),
    )
    summary = hand.content_item(
        "CONTAINER",
        ("DCM", "121111", "Summary"),
        hand.content_item(
            "CONTAINER",
            ("DCM", "125008", "Fetus Summary"),
            *fetus("A"),
            measured(
                "340",
                ("LN", "11727-5", "Estimated Weight"),
                ("UCUM", "g", "gram"),
                related(
                    "INFERRED FROM",
                    coded(equation, ("LN", "33140-5", "EFW by AC, BPD, Hadlock 1984")),
                ),
            ),
        ),
    )
    profile = hand.content_item(
        "CONTAINER",
        ("DCM", "125006", "Biophysical Profile"),
        measured("2", ("LN", "11635-0", "Fetal Tone"), ("UCUM", "{0:2}", "range 0:2")),
    )
    survey = hand.content_item(
        "CONTAINER",
        ("DCM", "131370", "Fetal Anatomy Survey"),
        coded(("SCT", "80891009", "Heart"), ("SCT", "17621005", "Normal")),
    )
    ovary = hand.content_item(
        "CONTAINER",
        ("DCM", "121070", "Findings"),
        modifier(("SCT", "363698007", "Finding Site"), ("SCT", "15497006", "Ovary")),
        hand.content_item(
            "CONTAINER",
            ("DCM", "125007", "Measurement Group"),
            measured(
                "3.1",
                ("LN", "11840-6", "Left Ovary Length"),
                centimetre,
                modifier(("SRT", "G-C171", "Laterality"), ("SRT", "G-A101", "Left")),
            ),
            hand.number(
                None,
                ("LN", "11829-9", "Left Ovary Width"),
                centimetre,
                NumericValueQualifierCodeSequence=[
                    hand.code(("DCM", "114007", "Measurement not attempted"))
                ],
            ),
        ),
    )
    made = document(
        63,
        4,
        ("DCM", "125000", "OB-GYN Ultrasound Procedure Report"),
        modifier(LANGUAGE, ENGLISH),
        patient,
        summary,
        biometry("A", "4.7", "4.8"),
        biometry("B", "4.1"),
        profile,
        survey,
        ovary,
        PatientSex="F",
        CurrentRequestedProcedureEvidenceSequence=evidence_of(*clips),
    )
    return [*clips, made]


# Dose of projection X-ray: TID 10001


def x_ray_dose() -> list[Dataset]:
    """Three events: one that a series states, one known by its image, one by neither."""
    stated, pictured, other = (
        make.images(
            number,
            count,
            study=5,
            Modality="DX",
            SOPClassUID=DigitalXRayImageStorageForPresentation,
            BodyPartExamined="CHEST",
            **values,
        )
        for number, count, values in (
            (65, 1, {"IrradiationEventUID": [f"{LESION}.650", f"{LESION}.651"]}),
            (66, 1, {}),
            (67, 2, {}),
        )
    )
    area_product = ("UCUM", "Gym2", "Gym2")  # no UCUM, as real ones write it
    gray = ("UCUM", "Gy", "Gy")
    plane = modifier(("DCM", "113764", "Acquisition Plane"), ("DCM", "113622", "Single Plane"))

    def shot(number: int, *more: Dataset) -> Dataset:
        return hand.content_item(
            "CONTAINER",
            ("DCM", "113706", "Irradiation Event X-Ray Data"),
            plane,
            uid(("DCM", "113769", "Irradiation Event UID"), f"{LESION}.{number}"),
            coded(
                ("DCM", "113721", "Irradiation Event Type"),
                ("DCM", "113611", "Stationary Acquisition"),
            ),
            coded(
                ("DCM", "123014", "Target Region"),
                ("SRT", "T-04000", "Breast"),
                modifier(("SRT", "G-C171", "Laterality"), ("SRT", "G-A101", "Left")),
            ),
            measured("0.00002", ("DCM", "122130", "Dose Area Product"), area_product),
            measured("0.001", ("DCM", "113738", "Dose (RP)"), gray),
            measured("120", ("DCM", "113733", "KVP"), ("UCUM", "kV", "kV")),
            *more,
        )

    total = hand.content_item(
        "CONTAINER",
        ("DCM", "113702", "Accumulated X-Ray Dose Data"),
        plane,
        measured("0.00006", ("DCM", "113722", "Dose Area Product Total"), area_product),
        measured("0.003", ("DCM", "113725", "Dose (RP) Total"), gray),
        coded(
            ("DCM", "113780", "Reference Point Definition"),
            ("DCM", "113860", "15cm from Isocenter toward Source"),
        ),
    )
    made = document(
        65,
        5,
        ("DCM", "113701", "X-Ray Radiation Dose Report"),
        coded(
            ("DCM", "121058", "Procedure reported"),
            ("DCM", "113704", "Projection X-Ray"),
            modifier(("SRT", "G-C0E8", "Has Intent"), ("SRT", "R-408C3", "Diagnostic Intent")),
        ),
        coded(("DCM", "121005", "Observer Type"), ("DCM", "121007", "Device")),
        uid(("DCM", "121012", "Device Observer UID"), f"{ROOT}.8.65"),
        coded(
            ("DCM", "113705", "Scope of Accumulation"),
            ("DCM", "113014", "Study"),
            uid(("DCM", "110180", "Study Instance UID"), f"{ROOT}.2.5"),
        ),
        total,
        shot(651),
        shot(652, image_item(pictured[0], ("DCM", "113795", "Acquired Image"))),
        shot(653),
        coded(
            ("DCM", "113854", "Source of Dose Information"),
            ("DCM", "113858", "MPPS Content"),
        ),
        SOPClassUID=XRayRadiationDoseSRStorage,
    )
    return [*stated, *pictured, *other, made]


def x_ray_dose_elsewhere() -> list[Dataset]:
    """An event of no series: the only one of its study states another event."""
    series = make.images(
        68,
        1,
        study=6,
        Modality="DX",
        SOPClassUID=DigitalXRayImageStorageForPresentation,
        IrradiationEventUID=f"{LESION}.680",
    )
    shot = hand.content_item(
        "CONTAINER",
        ("DCM", "113706", "Irradiation Event X-Ray Data"),
        uid(("DCM", "113769", "Irradiation Event UID"), f"{LESION}.681"),
        measured("0.001", ("DCM", "113738", "Dose (RP)"), ("UCUM", "Gy", "Gy")),
    )
    made = document(
        68,
        6,
        ("DCM", "113701", "X-Ray Radiation Dose Report"),
        shot,
        SOPClassUID=XRayRadiationDoseSRStorage,
    )
    return [*series, made]
