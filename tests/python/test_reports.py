"""Reports, segmentations and results of algorithms become features: the whole job."""

from __future__ import annotations

import datetime as dt
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import highdicom as hd
import pydicom
import pytest
from highdicom.sr import CodedConcept
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    MammographyCADSRStorage,
    UltrasoundImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiationDoseSRStorage,
)

import finding_factory as make
import report_factory as hand
from dicom_factory import ROOT
from feature_rows import accounted, features, without
from finding_factory import LESION
from pipeline import COMMANDS, DuckDB, Postgres, assert_same_rows, run, stage
from postgres_server import Server, fresh_database

TEXTURE = CodedConcept("C41144", "NCIt", "Texture")
SOLID = CodedConcept("RID50151", "RADLEX", "solid pulmonary nodule")
UNKNOWN = CodedConcept("X1", "99SITE", "Site's own measurement")
DERIVATIONS = (codes.SCT.Mean, codes.SCT.Maximum, codes.SCT.Minimum, codes.SCT.Median)
METHODS = (codes.DCM.SUVBodyWeightCalculationMethod, codes.DCM.SUVLeanBodyMassCalculationMethod)


# What is in the archive


def main_report() -> tuple[list[Dataset], Dataset]:
    """A report about two series: one group for each kind of link between a value and its series."""
    first, second = make.images(1, 3), make.images(2)
    segmentation = make.segmentation(21, first)
    planar = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        make.tracking(1),
        referenced_region=make.on_image(second[0]),
        finding_type=codes.SCT.Nodule,
        finding_category=codes.SCT.MorphologicallyAbnormalStructure,
        finding_sites=make.site(side=codes.SCT.Left),
        algorithm_id=make.algorithm(),
        measurements=[
            make.diameter(8.5),
            hd.sr.Measurement(
                codes.SCT.ShortAxis,
                0.7,
                codes.UCUM.Centimeter,
                algorithm_id=make.algorithm("axis finder", "1"),
                finding_sites=make.site(side=codes.SCT.Right),
            ),
        ],
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(TEXTURE, SOLID),
            hd.sr.QualitativeEvaluation(UNKNOWN, codes.SCT.Mild),
        ],
        session="Mustermann session",
        time_point_context=hd.sr.TimePointContext("baseline"),
    )
    volumetric = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        make.tracking(2),
        referenced_segment=make.in_segment(segmentation, 1, first),
        finding_type=codes.SCT.Nodule,
        measurements=[hd.sr.Measurement(codes.SCT.Volume, 300, codes.UCUM.CubicMillimeter)],
    )
    by_segment = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        make.tracking(6),
        referenced_segment=make.in_segment(segmentation, 1, first),
        finding_type=codes.SCT.Nodule,
        algorithm_id=make.algorithm(),
        measurements=[hd.sr.Measurement(codes.SCT.Volume, 400, codes.UCUM.CubicMillimeter)],
    )
    # The same concept ten times: eight differ in derivation and method, two in nothing.
    unit = CodedConcept("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")
    ways = [(d, m) for d in DERIVATIONS for m in METHODS] + [(None, None)] * 2
    uptake = hd.sr.MeasurementsAndQualitativeEvaluations(
        make.tracking(3),
        finding_type=codes.SCT.Mass,
        source_images=make.from_image(first[0]),
        measurements=[
            hd.sr.Measurement(
                codes.DCM.Suvbw, place + 1, unit, derivation=derivation, method=method
            )
            for place, (derivation, method) in enumerate(ways)
        ],
    )
    without_reference = hd.sr.MeasurementsAndQualitativeEvaluations(
        make.tracking(4),
        measurements=[hd.sr.Measurement(UNKNOWN, 5, CodedConcept("furlong", "99SITE", "furlong"))],
    )
    untracked = hd.sr.MeasurementsAndQualitativeEvaluations(
        make.tracking(5),
        finding_type=codes.SCT.Nodule,
        source_images=make.from_image(first[1]),
        measurements=[make.diameter(4), make.diameter(3, qualifier=codes.DCM.NotANumber)],
    )
    groups = (planar, volumetric, by_segment, uptake, without_reference, untracked)
    document = make.report(1, [*first, *second, segmentation], *groups)
    # What highdicom would not write.
    made = dict(enumerate(make.groups_of(document), 1))
    make.remove(made[3], "Source Series for Segmentation")
    make.remove(made[6], "Tracking Identifier", "Tracking Unique Identifier")
    for item in made[6].ContentSequence:
        if "NumericValueQualifierCodeSequence" in item:
            item.MeasuredValueSequence = []
    return [*first, *second, segmentation], document


def event(number: int, *items: Dataset, concept: tuple[str, str, str]) -> Dataset:
    """Make a dose event."""
    uid = ("DCM", "113769", "Irradiation Event UID")
    return hand.content_item(
        "CONTAINER", concept, hand.content_item("UIDREF", uid, UID=f"{LESION}.{number}"), *items
    )


def ct_dose() -> list[Dataset]:
    """Two series that state their dose events, and the report of three: one is of neither."""
    values = {"study": 2, "StudyDate": "20240202", "SeriesDate": "20240202"}
    scans = [
        make.images(30 + n, n, IrradiationEventUID=f"{LESION}.{300 + n}", **values) for n in (1, 2)
    ]
    milligray = ("UCUM", "mGy", "mGy")
    product = ("UCUM", "mGycm", "mGy.cm")  # no UCUM, as real ones write it
    acquisition = ("DCM", "113819", "CT Acquisition")

    def scan(number: int, index: str, length: str) -> Dataset:
        dose = hand.content_item(
            "CONTAINER",
            ("DCM", "113829", "CT Dose"),
            hand.number(index, ("DCM", "113830", "Mean CTDIvol"), milligray),
            hand.number(length, ("DCM", "113838", "DLP"), product),
        )
        kind = hand.content_item(
            "CODE",
            ("DCM", "113820", "CT Acquisition Type"),
            ConceptCodeSequence=[hand.code(("SRT", "P5-08001", "Spiral Acquisition"))],
        )
        return event(number, kind, dose, concept=acquisition)

    total = hand.content_item(
        "CONTAINER",
        ("DCM", "113811", "CT Accumulated Dose Data"),
        hand.number(
            "2",
            ("DCM", "113812", "Total Number of Irradiation Events"),
            ("UCUM", "{events}", "events"),
        ),
        hand.number("300.5", ("DCM", "113813", "CT Dose Length Product Total"), product),
    )
    document = hand.report(
        total,
        scan(301, "10", "100.25"),
        scan(302, "20", "200.25"),
        scan(303, "30", "not measured"),
        SOPClassUID=XRayRadiationDoseSRStorage,
        SOPInstanceUID=f"{ROOT}.5.2",
        SeriesInstanceUID=f"{ROOT}.3.9002",
        StudyInstanceUID=f"{ROOT}.2.2",
        ConceptNameCodeSequence=[hand.code(("DCM", "113701", "X-Ray Radiation Dose Report"))],
    )
    return [*scans[0], *scans[1], document]


def cad() -> list[Dataset]:
    """A mammogram and what a program saw on it."""
    views = make.images(
        40,
        1,
        study=4,
        Modality="MG",
        SOPClassUID=DigitalMammographyXRayImageStorageForPresentation,
        BodyPartExamined="BREAST",
        ImageLaterality="L",
    )
    image = hand.content_item("IMAGE")
    reference = Dataset()
    reference.ReferencedSOPClassUID = views[0].SOPClassUID
    reference.ReferencedSOPInstanceUID = views[0].SOPInstanceUID
    image.ReferencedSOPSequence = [reference]
    center = hand.content_item(
        "SCOORD", ("DCM", "111010", "Center"), image, GraphicType="POINT", GraphicData=[1.0, 1.0]
    )

    def text(code: str, meaning: str, value: str) -> Dataset:
        return hand.content_item("TEXT", ("DCM", code, meaning), TextValue=value)

    def single(value: tuple[str, str, str], certainty: str) -> Dataset:
        return hand.content_item(
            "CODE",
            ("DCM", "111059", "Single Image Finding"),
            text("111001", "Algorithm Name", "spotter"),
            text("111003", "Algorithm Version", "7"),
            center,
            hand.number(
                certainty, ("DCM", "111012", "Certainty of Finding"), ("UCUM", "%", "percent")
            ),
            ConceptCodeSequence=[hand.code(value)],
        )

    impression = hand.content_item(
        "CONTAINER",
        ("DCM", "111034", "Individual Impression/Recommendation"),
        single(("SRT", "F-01796", "Mammography breast density"), "70"),
        single(("SCT", "129769006", "Calcification cluster"), "90"),
    )
    summary = hand.content_item(
        "CODE",
        ("DCM", "111017", "CAD Processing and Findings Summary"),
        impression,
        ConceptCodeSequence=[
            hand.code(("DCM", "111242", "All algorithms succeeded; with findings"))
        ],
    )
    document = hand.report(
        summary,
        SOPClassUID=MammographyCADSRStorage,
        SOPInstanceUID=f"{ROOT}.5.4",
        SeriesInstanceUID=f"{ROOT}.3.9004",
        StudyInstanceUID=f"{ROOT}.2.4",
        ConceptNameCodeSequence=[hand.code(("DCM", "111036", "Mammography CAD Report"))],
    )
    return [*views, document]


def evidence(*images: Dataset) -> list[Dataset]:
    """Name images as the evidence of a report."""
    study = Dataset()
    study.StudyInstanceUID = images[0].StudyInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = images[0].SeriesInstanceUID
    series.ReferencedSOPSequence = []
    for image in images:
        one = Dataset()
        one.ReferencedSOPClassUID = image.SOPClassUID
        one.ReferencedSOPInstanceUID = image.SOPInstanceUID
        series.ReferencedSOPSequence.append(one)
    study.ReferencedSeriesSequence = [series]
    return [study]


def echo() -> list[Dataset]:
    """Ultrasound of the heart with its report, whose values are of no finding."""
    clips = make.images(
        50, 2, study=5, Modality="US", SOPClassUID=UltrasoundImageStorage, BodyPartExamined="HEART"
    )
    group = hand.content_item(
        "CONTAINER",
        ("DCM", "125007", "Measurement Group"),
        hand.number(
            "5.1",
            ("LN", "29436-3", "Left Ventricle Internal End Diastolic Dimension"),
            ("UCUM", "cm", "cm"),
        ),
    )
    findings = hand.content_item(
        "CONTAINER",
        ("DCM", "121070", "Findings"),
        hand.content_item(
            "CODE",
            ("SCT", "363698007", "Finding Site"),
            ConceptCodeSequence=[hand.code(("SRT", "T-32600", "Left Ventricle"))],
        ),
        group,
    )
    document = hand.report(
        findings,
        SOPInstanceUID=f"{ROOT}.5.5",
        SeriesInstanceUID=f"{ROOT}.3.9005",
        StudyInstanceUID=f"{ROOT}.2.5",
        ConceptNameCodeSequence=[
            hand.code(("DCM", "125200", "Adult Echocardiography Procedure Report"))
        ],
        CurrentRequestedProcedureEvidenceSequence=evidence(*clips),
    )
    return [*clips, document]


def one_diameter(
    number: int, lesion: int, value: float, image: Dataset, evidence: list[Dataset], **values: Any
) -> Dataset:
    """A report of one tracked nodule."""
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        make.tracking(lesion),
        finding_type=codes.SCT.Nodule,
        finding_sites=make.site(),
        source_images=make.from_image(image),
        measurements=[make.diameter(value)],
    )
    return make.report(number, evidence, group, **values)


def without_rule(images: list[Dataset]) -> Dataset:
    """A report of a kind that no rule is for."""
    return hand.report(
        hand.number("1"),
        SOPInstanceUID=f"{ROOT}.5.6",
        SeriesInstanceUID=f"{ROOT}.3.9006",
        ConceptNameCodeSequence=[hand.code(("99SITE", "R", "Site's own report"))],
        CurrentRequestedProcedureEvidenceSequence=evidence(*images),
    )


LATE = make.images(110, study=11, StudyDate="20240301", SeriesDate="20240301")
REISSUED = make.images(120, study=12, StudyDate="20240401", SeriesDate="20240401")
FOLLOW_UP = make.images(130, study=13, StudyDate="20240701", SeriesDate="20240701")


def archive(folder: Path) -> Path:
    """All that is there from the start."""
    images, document = main_report()
    superseded = one_diameter(14, 14, 7, REISSUED[0], REISSUED)
    other_patient = one_diameter(17, 17, 3, REISSUED[0], REISSUED)
    other_patient.PatientID = "P2"
    other_patient.StudyInstanceUID = f"{ROOT}.2.17"
    return make.write(
        folder,
        images,
        document,
        ct_dose(),
        cad(),
        echo(),
        without_rule(images[:1]),
        REISSUED,
        FOLLOW_UP,
        one_diameter(11, 11, 9, LATE[0], LATE),
        one_diameter(12, 12, 5, REISSUED[0], REISSUED),
        superseded,
        one_diameter(16, 16, 11, REISSUED[1], REISSUED),
        other_patient,
    )


def write_results(path: Path) -> Path:
    """Write what an algorithm measured in two examinations: a nodule that a site follows itself."""
    names = (
        "series_instance_uid,finding_key,lesion_key,finding_scheme,finding_code,site_scheme,site_code,"
        "feature_scheme,feature_code,value_number,unit,algorithm_vendor,algorithm_name,"
        "algorithm_version,result_datetime"
    )
    said = "n1,L1,SCT,27925004,SCT,39607008,SCT,81827009"
    lines = [
        f"{images[0].SeriesInstanceUID},{said},{size},mm,ACME,lung ai,2.1,2024-08-01T10:00:00"
        for images, size in ((REISSUED, 8), (FOLLOW_UP, 10))
    ]
    # A row that the loader refuses.
    lines.append(lines[0].replace(",8,mm,", ",large,mm,"))
    path.write_text("\n".join([names, *lines]) + "\n")
    return path


def real_dose_reports() -> list[Path]:
    """Reports of X-ray systems that PySkinDose ships."""
    spec = find_spec("pyskindose")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return sorted(Path(next(iter(spec.submodule_search_locations))).rglob("*.dcm"))


def real_doses(folder: Path) -> Path:
    """The real reports, with a series of images in each one's study."""
    for number, path in enumerate(real_dose_reports()):
        report = pydicom.dcmread(path)
        series = make.images(
            600 + number,
            1,
            study=report.StudyInstanceUID,
            Modality="XA",
            SOPClassUID=XRayAngiographicImageStorage,
            PatientID=report.PatientID,
            StudyDate=report.StudyDate,
            SeriesDate=report.StudyDate,
        )
        make.write(folder, series)
        shutil.copy(path, folder / f"report{number}.dcm")
    return folder


# What comes out

NO_CONCEPT = "No matching concept"
PERSON = {"type": "TYPE_DICOM_SR", "clinical_type": "OMOP4976890"}
PROGRAM = {"type": "OMOP4976953", "clinical_type": "OMOP4976953"}
CHEST = {"site": "43799004", "site_source": "series"}


def copied(database: DuckDB, folder: Path) -> DuckDB:
    """Return a copy to change."""
    shutil.copytree(database.raw, folder / "raw")
    shutil.copy(database.path, folder / "micdm.duckdb")
    shutil.copytree(database.path.with_suffix(".target"), folder / "micdm.target")
    return DuckDB(folder / "micdm.duckdb", folder / "raw")


DATA_TESTS = ("build", "--exclude-resource-type", "unit_test")
ACCEPTED = {"unknown_birth_year": 1900}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    """What is built of the archive; all data tests passed."""
    folder = tmp_path_factory.mktemp("reports")
    stage(archive(folder / "archive"), real_doses(folder / "doses"), out=folder / "raw")
    results = write_results(folder / "results.csv")
    run([COMMANDS / "micdm", "load-results", results, "--out", folder / "raw"])
    database = DuckDB(folder / "micdm.duckdb", folder / "raw")
    database.build(*DATA_TESTS, **ACCEPTED)
    return database


@pytest.fixture(scope="module")
def second(first: DuckDB, tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    """The same after more was staged: the late series, reports that replace others, a copy."""
    folder = tmp_path_factory.mktemp("more")
    database = copied(first, folder)
    again = one_diameter(16, 16, 11, REISSUED[1], REISSUED)
    replaced = one_diameter(14, 14, 7, REISSUED[0], REISSUED)
    new = make.write(
        folder / "new",
        LATE,
        one_diameter(13, 12, 6, REISSUED[0], REISSUED, written="20240106120000"),
        one_diameter(15, 15, 7.5, REISSUED[0], REISSUED, previous_versions=[replaced]),
    )
    make.write(folder / "new" / "copy", again)
    stage(new, out=database.raw)
    database.build(*DATA_TESTS, **ACCEPTED)
    return database


def test_items_of_a_report_become_features(first: DuckDB) -> None:
    rows = {row["path"]: row for row in features(first, "5.1")}
    told = {
        "document": "5.1",
        "origin": "report",
        "event": "measurement",
        "date": "2024-01-02",  # of the examination, not of the report
        "candidates": 1,
        "order": 1,
    }
    nodule = {
        **told,
        **PROGRAM,
        "series": "3.2",
        "link": "group_reference",
        "finding": "786838002",  # nodule and lung: nodule of lung
        "site": "44029006",  # lung and left: left lung
        "site_source": "stated",
        "laterality": "L",
        "alg_system": "alg:/ACME/lung%20ai/2.1?t%3D0.5",
        "alg_datetime": "2024-01-05 11:30:00",
        "lesion": "1",
        "label": "lesion 1",
    }
    millimetres = {"unit": "mm", "unit_source": "mm"}
    volume = {
        **told,
        "series": "3.1",
        "feature": "SCT:118565006",
        "unit": "mm3",
        "unit_source": "mm3",
        "finding": "SCT:27925004",
        **CHEST,
    }
    expected = {
        "1.5.1.12": {
            **nodule,
            **millimetres,
            "feature": "SCT:81827009",
            "number": 8.5,
            "value_source": "8.5",
        },
        # Its own algorithm and site count before the group's.
        "1.5.1.13": {
            **nodule,
            "feature": "SCT:103340004",
            "number": 0.7,
            "value_source": "0.7",
            "unit": "cm",
            "unit_source": "cm",
            "alg_system": "alg:/ACME/axis%20finder/1?t%3D0.5",
            "site": "3341006",
            "laterality": "R",
        },
        "1.5.1.14": {
            **nodule,
            "feature": "NCIt:C41144",
            "value": "RADLEX:RID50151",
            "value_source": "solid pulmonary nodule",
        },
        "1.5.1.15": {
            **nodule,
            "event": "observation",
            "feature": NO_CONCEPT,
            "value": "SCT:255604002",
            "value_source": "Mild",
        },
        "1.5.2.4": {
            **volume,
            **PERSON,
            "number": 300.0,
            "value_source": "300.0",
            "link": "source_series",
            "lesion": "2",
            "label": "lesion 2",
        },
        "1.5.3.8": {
            **volume,
            **PROGRAM,
            "number": 400.0,
            "value_source": "400.0",
            "link": "segmentation",
            "alg_system": "alg:/ACME/lung%20ai/2.1?t%3D0.5",
            "alg_datetime": "2024-01-05 11:30:00",
            "lesion": "6",
            "label": "lesion 6",
        },
        # The evidence names two series: the one with more images.
        "1.5.5.3": {
            **told,
            **PERSON,
            **CHEST,
            "series": "3.1",
            "feature": NO_CONCEPT,
            "number": 5.0,
            "value_source": "5.0",
            "unit": NO_CONCEPT,
            "unit_source": "furlong",
            "link": "evidence",
            "candidates": 2,
            "lesion": "4",
            "label": "lesion 4",
        },
        "1.5.6.2": {
            **told,
            **PERSON,
            **CHEST,
            **millimetres,
            "series": "3.1",
            "feature": "SCT:81827009",
            "number": 4.0,
            "value_source": "4.0",
            "finding": "SCT:27925004",
            "link": "group_reference",
        },
    }
    uptake = {k: v for k, v in rows.items() if k.startswith("1.5.4.")}
    found = {k: without([v], "path", "id", "event_id", "finding_id")[0] for k, v in rows.items()}
    assert {k: v for k, v in found.items() if k not in uptake} == expected
    # One finding a group.
    groups = {(path.rpartition(".")[0], row["finding_id"]) for path, row in rows.items()}
    assert len(groups) == 6
    assert len({finding for _, finding in groups}) == 6
    # Ten numbers of one concept: what they differ in tells them apart, else their order.
    assert [
        (row["number"], row.get("derivation"), row.get("method"), row["order"])
        for row in sorted(uptake.values(), key=lambda row: float(row["number"]))
    ] == [
        *(
            (float(place + 1), derivation.value, method.value, 1)
            for place, (derivation, method) in enumerate(
                (d, m) for d in DERIVATIONS for m in METHODS
            )
        ),
        (9.0, None, None, 1),
        (10.0, None, None, 2),
    ]
    assert {(r["feature"], r["unit"], r["unit_source"]) for r in uptake.values()} == {
        ("126401", "g/mL{SUVbw}", "{SUVbw}g/ml")
    }


def test_what_is_no_feature_has_a_reason(first: DuckDB) -> None:
    reasons = accounted(first, "5.1")
    assert {k: v for k, v in reasons.items() if v != "report_context"} == {"1.5.6.3": "no_value"}
    # Every number and code is one or the other.
    for document in ("5.1", "5.2", "5.4", "5.5", "5.6", "5.11", "5.12", "5.17"):
        items = first.rows(
            "select path from micdm_staging.stg_dicom_sr_item"
            " join micdm_intermediate.int_instance using (run_id, file_id)"
            f" where sop_instance_uid = '{ROOT}.{document}' and value_type in ('NUM', 'CODE')"
        )
        used = [row["path"] for row in features(first, document)]
        assert len(items) >= 1
        assert sorted([*used, *accounted(first, document)]) == sorted(path for (path,) in items)
    assert accounted(first, "5.6") == {"1.1": "report_without_rule"}
    assert first.rows(
        "select title_scheme, title_code, without_rule_count"
        " from quality.report_template where has_no_rule"
    ) == [("99SITE", "R", 1)]
    assert accounted(first, "5.17")["1.5.1.5"] == "report_of_another_patient"
    assert ("image_feature_concept_id", "99SITE:X1|Site's own measurement") in first.rows(
        "select field, source_value from quality.unmapped_value"
    )
    assert ("feature_unit_concept_id", "furlong") in first.rows(
        "select field, source_value from quality.unmapped_value"
    )


def balanced(database: DuckDB) -> dict[str, tuple[int, int]]:
    """Return rows in and out of the stages of findings; nothing is lost in any stage."""
    lines = database.rows(
        "select stage, rows_in, rows_out, rows_quarantined from quality.attrition"
    )
    assert all(rows_in == out + accounted for _, rows_in, out, accounted in lines)
    return {stage: (rows_in, out) for stage, rows_in, out, _ in lines}


def test_nothing_is_lost(first: DuckDB, second: DuckDB) -> None:
    for database in (first, second):
        lines = balanced(database)
        origins = dict(
            database.rows("select origin, count(*) from omop.image_feature_detail group by origin")
        )
        assert lines["report_item"][1] == origins["report"]
        assert lines["segmentation"] == (2, 2)
        assert lines["load_results"] == (3, 2)
        assert lines["algorithm_result"] == (2, 2)
        assert database.rows(
            "select entity like '%/results.csv', message, reason_code"
            " from quality.quarantine where stage = 'load_results'"
        ) == [(True, "row 3: value_number", "not_a_number")]


def test_ct_dose(first: DuckDB) -> None:
    """Events go to the series that states them; totals to the study's."""
    rows = features(first, "5.2")
    assert [
        (r["path"], r["series"], r["link"], r["feature"], r.get("number"), r.get("unit"))
        for r in rows
    ] == [
        ("1.1.1", "3.32", "study_modality", "DCM:113812", 2.0, None),
        ("1.1.2", "3.32", "study_modality", "113813", 300.5, "mGy.cm"),
        ("1.2.2", "3.31", "irradiation_event", "DCM:113820", None, None),
        ("1.2.3.1", "3.31", "irradiation_event", "113830", 10.0, "mGy"),
        ("1.2.3.2", "3.31", "irradiation_event", "DCM:113838", 100.25, "mGy.cm"),
        ("1.3.2", "3.32", "irradiation_event", "DCM:113820", None, None),
        ("1.3.3.1", "3.32", "irradiation_event", "113830", 20.0, "mGy"),
        ("1.3.3.2", "3.32", "irradiation_event", "DCM:113838", 200.25, "mGy.cm"),
    ]
    assert rows[2]["value"] == "SCT:116152004", "spiral, of a retired code"
    assert not any("finding" in row or "finding_id" in row for row in rows)
    assert {row["date"] for row in rows} == {"2024-02-02"}
    assert accounted(first, "5.2") == {
        "1.4.2": "series_not_staged",
        "1.4.3.1": "series_not_staged",
        "1.4.3.2": "not_a_number",
    }


def numbers_of(document: Dataset) -> dict[str, str]:
    """Return the numbers of a report as pydicom reads them, by their place."""
    found = {}

    def walk(item: Dataset, path: str) -> None:
        if item.ValueType == "NUM" and item.get("MeasuredValueSequence"):
            found[path] = str(item.MeasuredValueSequence[0].NumericValue)
        for number, child in enumerate(item.get("ContentSequence", []), 1):
            walk(child, f"{path}.{number}")

    walk(document, "1")
    return found


@pytest.mark.parametrize("path", real_dose_reports(), ids=lambda path: path.stem)
def test_real_dose_reports(first: DuckDB, path: Path) -> None:
    document = pydicom.dcmread(path)
    rows = {row["path"]: row for row in features(first, document.SOPInstanceUID)}
    written = numbers_of(document)
    assert len(written) > 100
    assert set(written) <= set(rows)
    for place, text in written.items():
        assert rows[place]["number"] == pytest.approx(float(text), rel=1e-12)
        # A plain number has no unit.
        assert rows[place].get("unit") != NO_CONCEPT
    # All concept names are known but the vendor's own.
    unknown = first.rows(
        "select distinct concept_scheme from micdm_intermediate.int_finding_feature"
        f" where sop_instance_uid = '{document.SOPInstanceUID}' and feature_concept_id = 0"
    )
    assert unknown in ([], [("99PHI-IXR-XPER",)])
    assert {row["link"] for row in rows.values()} == {"study_modality"}


def test_mammography_cad(first: DuckDB) -> None:
    rows = features(first, "5.4")
    assert [
        (r["path"], r["feature"], r.get("number"), r.get("finding"), r["link"], r.get("alg_system"))
        for r in rows
    ] == [
        ("1.1", "DCM:111017", None, None, "item_reference", None),
        ("1.1.1.1.4", "111012", 70.0, "SCT:129793001", "group_reference", "alg:/-/spotter/7"),
        ("1.1.1.2.4", "111012", 90.0, "SCT:129769006", "group_reference", "alg:/-/spotter/7"),
    ]
    assert rows[1]["finding_id"] != rows[2]["finding_id"]
    assert {row["series"] for row in rows} == {"3.40"}


def test_echo(first: DuckDB) -> None:
    (row,) = features(first, "5.5")
    assert (row["feature"], row["number"], row["unit"]) == ("LN:29436-3", 5.1, "cm")
    assert (row["site"], row["site_source"]) == ("87878005", "stated"), "of the section"
    assert (row["series"], row["link"]) == ("3.50", "evidence")
    assert "finding_id" not in row


def test_segments(first: DuckDB) -> None:
    lesion, lung = without(features(first, "6.21"), "id", "event_id", "finding_id")
    told = {
        "document": "6.21",
        "series": "3.1",
        "origin": "segmentation",
        "event": "observation",
        "value": "52101004",  # present
        "date": "2024-01-02",
        "link": "segmented_series",
        "candidates": 1,
        "order": 1,
    }
    assert lesion == {
        **told,
        **PROGRAM,
        "path": "1",
        "feature": "SCT:27925004",
        "finding": "786838002",
        "site": "44029006",
        "site_source": "stated",
        "laterality": "L",
        "alg_system": "alg:/ACME/lung%20ai/2.1",
        "alg_datetime": "2024-01-03 08:00:00",
        "lesion": "21",
        "label": "lesion 21",
    }
    assert lung == {
        **told,
        **CHEST,
        "path": "2",
        "feature": "39607008",
        "finding": "39607008",
        "type": "TYPE_DICOM_SEG",
        "clinical_type": "OMOP4976890",
    }


def test_results_of_an_algorithm_are_followed(first: DuckDB) -> None:
    rows = [row for row in features(first) if row["origin"] == "algorithm_result"]
    assert [
        (r["series"], r["number"], r["unit"], r["finding"], r["alg_system"], r["alg_datetime"])
        for r in sorted(rows, key=lambda row: str(row["date"]))
    ] == [
        ("3.120", 8.0, "mm", "786838002", "alg:/ACME/lung%20ai/2.1", "2024-08-01 10:00:00"),
        ("3.130", 10.0, "mm", "786838002", "alg:/ACME/lung%20ai/2.1", "2024-08-01 10:00:00"),
    ]
    assert len({row["finding_id"] for row in rows}) == 2, "a new finding at each time point"
    days = (dt.date(2024, 7, 1) - dt.date(2024, 4, 1)).days
    assert first.rows(
        """
        select status, value_as_number, days_since_first, absolute_change, percent_change,
            volume_doubling_days
        from omop.finding_timeline where lesion_key = 'L1' order by exam_date
        """
    ) == [
        ("new", 8.0, 0, None, None, None),
        ("followed", 10.0, days, 2.0, 25.0, pytest.approx(days * 0.693147 / 0.669431, rel=1e-4)),
    ]


def test_features_wait_for_their_series(first: DuckDB, second: DuckDB) -> None:
    assert features(first, "5.11") == []
    assert accounted(first, "5.11")["1.5.1.5"] == "series_not_staged"
    (row,) = features(second, "5.11")
    assert (row["series"], row["number"], row["date"]) == ("3.110", 9.0, "2024-03-01")
    assert "series_not_staged" not in accounted(second, "5.11").values()


def test_what_is_there_keeps_its_ids(first: DuckDB, second: DuckDB) -> None:
    before = {row["id"]: row for row in features(first)}
    after = {row["id"]: row for row in features(second)}
    gone = {"5.12", "5.14"}
    assert {before[key]["document"] for key in before if after.get(key) != before[key]} == gone
    assert {after[key]["document"] for key in after if key not in before} == {"5.11", "5.15"}
    assert max(before) < min(key for key in after if key not in before)


def test_reissued_and_superseded_reports(first: DuckDB, second: DuckDB) -> None:
    """The latest report of a tracked finding counts, in the row that was there."""
    (before,) = features(first, "5.12")
    (after,) = features(second, "5.13")
    changed = ("document", "number", "value_source")
    assert without([after], *changed) == without([before], *changed)
    assert (before["number"], after["number"]) == (5.0, 6.0)
    assert features(second, "5.12") == []
    assert accounted(second, "5.12")["1.5.1.5"] == "reissued_report"

    assert [row["number"] for row in features(first, "5.14")] == [7.0]
    assert features(second, "5.14") == []
    assert set(accounted(second, "5.14").values()) == {"superseded_report"}
    assert [row["number"] for row in features(second, "5.15")] == [7.5]


def test_a_report_sent_twice_counts_once(first: DuckDB, second: DuckDB) -> None:
    assert features(second, "5.16") == features(first, "5.16")
    assert len(features(second, "5.16")) == 1
    ((copies,),) = second.rows(
        "select count(*) from micdm_staging.stg_dicom_instance"
        f" where sop_instance_uid = '{ROOT}.5.16'"
    )
    assert copies == 2


def test_variables(first: DuckDB, tmp_path: Path) -> None:
    """Segmentations can be left out, and findings become conditions."""
    database = copied(first, tmp_path)
    database.build(*DATA_TESTS, segmentations=False, findings_as_conditions=True, **ACCEPTED)
    assert features(database, "6.21") == []
    assert database.rows(
        "select reason_code, count(*) from quality.quarantine"
        " where stage = 'segmentation' group by reason_code"
    ) == [("switched_off", 2)]
    conditions = [row for row in features(database) if row["event"] == "condition_occurrence"]
    assert {row["condition"] for row in conditions} == {"786838002"}, "nodule of lung"
    (row,) = [row for row in conditions if row["document"] == "5.1"]
    assert (row["path"], row["date"], row["lesion"]) == ("1.5.1.5", "2024-01-02", "1")
    assert row["feature"] == "786838002"
    ((count,),) = database.rows("select count(*) from omop.condition_occurrence")
    assert count == len(conditions)
    balanced(database)
    # What was there keeps its ids.
    kept = {row["id"]: row for row in features(database)}
    assert all(kept[row["id"]] == row for row in features(first) if row["origin"] != "segmentation")


def test_no_person_or_words_come_through(first: DuckDB) -> None:
    for name in first.tables():
        assert "Mustermann" not in str(first.table(name)), name


def test_both_engines_give_the_same_rows(
    first: DuckDB, postgres_server: Server, tmp_path: Path
) -> None:
    with fresh_database(postgres_server) as server:
        postgres = Postgres(server, tmp_path / "target", first.raw)
        postgres.build(**ACCEPTED)
        assert_same_rows(first, postgres)
