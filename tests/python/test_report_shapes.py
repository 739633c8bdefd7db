"""Shapes that real reports have: readers who share a lesion, references by reference."""

from __future__ import annotations

from typing import Any

import highdicom as hd
import pytest
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    MammographyCADSRStorage,
    XRayRadiationDoseSRStorage,
)

import finding_factory as make
import report_factory as hand
import template_factory as template
from dicom_factory import ROOT
from feature_rows import accounted
from feature_rows import features as whole_features
from pipeline import DuckDB, stage

PERCENT = ("UCUM", "%", "percent")
MILLIGRAY = ("UCUM", "mGy", "mGy")
MAMMOGRAM = DigitalMammographyXRayImageStorageForPresentation
AVERAGE_DOSE = ("DCM", "111637", "Accumulated Average Glandular Dose")


def readers() -> list[Dataset]:
    """A nodule that two readers drew and measured; the second wrote a report of it again."""
    source = make.images(1)
    drawn = [make.segmentation(n, source, SOPInstanceUID=f"{ROOT}.6.{n}") for n in (1, 2)]
    made = [*source, *drawn]
    for number, (reader, volume) in enumerate([(0, 100), (1, 200), (1, 210)], start=1):
        group = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            make.tracking(1),
            referenced_segment=make.in_segment(drawn[reader], 1, source),
            finding_type=codes.SCT.Nodule,
            measurements=[hd.sr.Measurement(codes.SCT.Volume, volume, codes.UCUM.CubicMillimeter)],
        )
        evidence = [*source, drawn[reader]]
        made.append(make.report(number, evidence, group, written=f"2024010511300{number}"))
    for session in ("Mustermann 1", "Mustermann 2"):
        group = hd.sr.MeasurementsAndQualitativeEvaluations(
            make.tracking(2),
            finding_type=codes.SCT.Nodule,
            source_images=make.from_image(source[0]),
            measurements=[make.diameter(int(session[-1]))],
            session=session,
        )
        made.append(make.report(10 + int(session[-1]), source, group))
    return made


def evidence_of(*images: Dataset) -> list[Dataset]:
    """Name images as evidence, each in its series."""
    study = Dataset()
    study.StudyInstanceUID = images[0].StudyInstanceUID
    study.ReferencedSeriesSequence = []
    for image in images:
        series = Dataset()
        series.SeriesInstanceUID = image.SeriesInstanceUID
        series.ReferencedSOPSequence = [referenced(image)]
        study.ReferencedSeriesSequence.append(series)
    return [study]


def referenced(image: Dataset) -> Dataset:
    """Refer to an image."""
    made = Dataset()
    made.ReferencedSOPClassUID = image.SOPClassUID
    made.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return made


def pointer(*path: int) -> Dataset:
    """Refer to an item of the same report by its place."""
    made = Dataset()
    made.RelationshipType = "SELECTED FROM"
    made.ReferencedContentItemIdentifier = list(path)
    return made


def mammogram(number: int) -> Dataset:
    """A view, in a series of its own."""
    return make.images(
        number, 1, study=2, Modality="MG", SOPClassUID=MAMMOGRAM, BodyPartExamined="BREAST"
    )[0]


def cad() -> list[Dataset]:
    """Findings on two views, which stand in the Image Library and are pointed to."""
    views = [mammogram(21), mammogram(22)]
    library = hand.content_item(
        "CONTAINER",
        ("DCM", "111028", "Image Library"),
        *(hand.content_item("IMAGE", ReferencedSOPSequence=[referenced(view)]) for view in views),
    )

    def seen(view: int, value: tuple[str, str, str], *more: Dataset) -> Dataset:
        center = hand.content_item(
            "SCOORD",
            ("DCM", "111010", "Center"),
            pointer(1, 1, view),
            GraphicType="POINT",
            GraphicData=[1.0, 1.0],
        )
        return hand.content_item(
            "CODE",
            ("DCM", "111059", "Single Image Finding"),
            center,
            hand.number(f"{80 + view}", ("DCM", "111012", "Certainty of Finding"), PERCENT),
            *more,
            ConceptCodeSequence=[hand.code(value)],
        )

    calcification = ("SCT", "129769006", "Calcification cluster")
    # A number of the second finding that was taken from the region of the first.
    elsewhere = hand.number("7")
    elsewhere.ContentSequence = [pointer(1, 2, 1, 1)]
    impression = hand.content_item(
        "CONTAINER",
        ("DCM", "111034", "Individual Impression/Recommendation"),
        seen(1, calcification),
        seen(2, calcification, elsewhere),
    )
    document = hand.report(
        library,
        impression,
        SOPClassUID=MammographyCADSRStorage,
        SOPInstanceUID=f"{ROOT}.5.21",
        SeriesInstanceUID=f"{ROOT}.3.9021",
        StudyInstanceUID=f"{ROOT}.2.2",
        ConceptNameCodeSequence=[hand.code(("DCM", "111036", "Mammography CAD Report"))],
        CurrentRequestedProcedureEvidenceSequence=evidence_of(*views),
    )
    return [*views, document]


def breast_dose() -> Dataset:
    """The dose of each breast (TID 10005), and of one side of an unnamed site."""

    def dose(value: str, side: tuple[str, str, str]) -> Dataset:
        made = hand.number(value, AVERAGE_DOSE, MILLIGRAY)
        made.ContentSequence = [
            hand.content_item(
                "CODE",
                ("SRT", "G-C171", "Laterality"),
                RelationshipType="HAS CONCEPT MOD",
                ConceptCodeSequence=[hand.code(side)],
            )
        ]
        return made

    total = hand.content_item(
        "CONTAINER",
        ("DCM", "113702", "Accumulated X-Ray Dose Data"),
        dose("1.5", ("SRT", "T-04030", "Left breast")),
        dose("2.5", ("SRT", "T-04020", "Right breast")),
        dose("3.5", ("SRT", "G-A101", "Left")),
    )
    return hand.report(
        total,
        SOPClassUID=XRayRadiationDoseSRStorage,
        SOPInstanceUID=f"{ROOT}.5.22",
        SeriesInstanceUID=f"{ROOT}.3.9022",
        StudyInstanceUID=f"{ROOT}.2.2",
        ConceptNameCodeSequence=[hand.code(("DCM", "113701", "X-Ray Radiation Dose Report"))],
    )


def compared(number: int = 23, **values: Any) -> Dataset:
    """A length with what others' lengths are (TID 310, 311)."""
    length = hand.number("12")
    length.ContentSequence = [
        hand.number("30", ("99SITE", "N1", "Mean length of others")),
        hand.number("95", ("DCM", "121415", "Percentile Ranking of measurement"), PERCENT),
        hand.number("4", ("99SITE", "N2", "Width it was computed from")),
    ]
    for item, relation in zip(
        length.ContentSequence, ("HAS PROPERTIES", "HAS PROPERTIES", "INFERRED FROM"), strict=True
    ):
        item.RelationshipType = relation
    group = hand.content_item("CONTAINER", ("DCM", "125007", "Measurement Group"), length)
    return hand.report(
        group,
        SOPInstanceUID=f"{ROOT}.5.{number}",
        SeriesInstanceUID=f"{ROOT}.3.90{number}",
        StudyInstanceUID=f"{ROOT}.2.1",
        CurrentRequestedProcedureEvidenceSequence=evidence_of(make.images(1)[0]),
        **values,
    )


def broken() -> Dataset:
    """Numbers of items that do not say what they are, and one that the report itself takes back."""
    failed = [hand.code(("DCM", "114006", "Measurement failure"))]
    nameless = hand.number("7").MeasuredValueSequence
    group = hand.content_item(
        "CONTAINER",
        ("DCM", "125007", "Measurement Group"),
        hand.content_item("NUMBER", hand.LENGTH, MeasuredValueSequence=nameless),
        hand.content_item(None, hand.LENGTH, ConceptCodeSequence=[hand.code(template.NODULE)]),
        hand.content_item(None, hand.LENGTH),
        hand.number("9", NumericValueQualifierCodeSequence=failed),
        hand.number("10"),
    )
    return hand.report(
        group,
        SOPInstanceUID=f"{ROOT}.5.26",
        SeriesInstanceUID=f"{ROOT}.3.9026",
        StudyInstanceUID=f"{ROOT}.2.1",
        CurrentRequestedProcedureEvidenceSequence=evidence_of(make.images(1)[0]),
    )


def of_a_missing_segmentation() -> Dataset:
    """What was measured of a segmentation that nobody has sent yet."""
    source = make.images(1)
    drawn = make.segmentation(27, source)
    group = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        make.tracking(27),
        referenced_segment=make.in_segment(drawn, 1, source),
        measurements=[hd.sr.Measurement(codes.SCT.Volume, 3, codes.UCUM.CubicMillimeter)],
    )
    document = make.report(27, [*source, drawn], group)
    for made in make.groups_of(document):
        make.remove(made, "Source Series for Segmentation")
    del document.CurrentRequestedProcedureEvidenceSequence
    return document


def in_german(number: int) -> Dataset:
    """A report whose codes are explained in another language."""
    document = compared(number)
    for element in document.iterall():
        if element.keyword == "CodeMeaning":
            element.value = f"auf Deutsch: {element.value}"
    return document


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    """What is built of these reports; all data tests passed."""
    folder = tmp_path_factory.mktemp("shapes")
    archive = make.write(
        folder / "archive",
        readers(),
        cad(),
        breast_dose(),
        compared(),
        broken(),
        of_a_missing_segmentation(),
        in_german(28),
        template.chest_cad(),
        template.obstetric(),
        template.x_ray_dose(),
        template.x_ray_dose_elsewhere(),
    )
    make.write(archive / "one", compared(24))
    make.write(archive / "two", compared(24, PatientID="another patient"))
    changed = compared(25)
    changed.ContentSequence[0].ContentSequence[0].MeasuredValueSequence[0][0x0040A30A].value = "13"
    make.write(archive / "one", compared(25))
    make.write(archive / "two", changed)
    stage(archive, out=folder / "raw")
    database = DuckDB(folder / "micdm.duckdb", folder / "raw")
    database.build("build", "--exclude-resource-type", "unit_test", unknown_birth_year=1900)
    return database


def features(database: DuckDB, *columns: str, documents: str) -> list[tuple[Any, ...]]:
    """Return columns of the features of reports."""
    return database.rows(
        f"select {', '.join(columns)} from omop.image_feature_detail as detail"
        " join omop.image_feature using (image_feature_id)"
        " join omop.image_occurrence using (image_occurrence_id)"
        " left join omop.measurement on measurement_id = image_feature_event_id"
        f" where detail.sop_instance_uid in ({documents})"
        " order by detail.sop_instance_uid, detail.source_path"
    )


def named(*numbers: int) -> str:
    """List reports by number."""
    return ", ".join(f"'{ROOT}.5.{number}'" for number in numbers)


def reasons(database: DuckDB, number: int) -> dict[str, str]:
    """Return what is no feature, and why, by the place in the report."""
    return dict(
        database.rows(
            "select message, reason_code from quality.quarantine"
            f" where stage = 'report_item' and entity = '{ROOT}.5.{number}'"
        )
    )


def test_each_reader_of_a_lesion_counts(built: DuckDB) -> None:
    """Two segmentations of a tracked nodule are two readings; a report again replaces its own."""
    found = features(built, "value_as_number", "image_finding_id", documents=named(1, 2, 3))
    assert [value for value, _ in found] == [100, 210]
    assert len({finding for _, finding in found}) == 1
    assert "reissued_report" in reasons(built, 2).values()


def test_each_session_counts(built: DuckDB) -> None:
    """Sessions are readings too, and what they are called stays out."""
    assert features(built, "value_as_number", documents=named(11, 12)) == [(1.0,), (2.0,)]
    keys = built.rows("select value_slot from micdm_registry.image_feature_registry")
    assert not [key for (key,) in keys if "Mustermann" in key]


def test_references_by_reference(built: DuckDB) -> None:
    """A finding is on the view that its region points to, not on any of the evidence."""
    found = features(
        built,
        "value_as_number",
        f"replace(image_series_uid, '{ROOT}.3.', '')",
        "series_link_method",
        documents=named(21),
    )
    assert found == [
        (81, "21", "group_reference"),
        (82, "22", "group_reference"),
        (7, "21", "item_reference"),
    ]


def test_a_side_without_a_site(built: DuckDB) -> None:
    """The doses of both breasts can be told apart."""
    found = built.rows(
        "select value_number, site_code, laterality from micdm_intermediate.int_finding_feature"
        f" where sop_instance_uid in ({named(22)}) and reason_code is null order by source_path"
    )
    assert found == [(1.5, "T-04030", None), (2.5, "T-04020", None), (3.5, None, "L")]


def test_what_is_said_of_a_number_is_not_measured(built: DuckDB) -> None:
    """The mean of others is no measurement of the person; the rank among them is."""
    assert features(built, "value_as_number", documents=named(23)) == [(12,), (95,), (4,)]
    assert reasons(built, 23) == {"1.1.1.1": "report_context"}


def test_a_report_of_two_patients_is_of_none(built: DuckDB) -> None:
    """The same report under two patients: whose it is can't be known."""
    assert features(built, "value_as_number", documents=named(24)) == []
    reused = "select count(*) from quality.quarantine where reason_code = 'sop_instance_uid_reused'"
    assert built.rows(reused) == [(2,)]


def told(database: DuckDB, document: int, *columns: str) -> dict[str, tuple[Any, ...]]:
    """Return columns of the features of a report by their place in it."""
    rows = whole_features(database, f"5.{document}")
    return {row["path"]: tuple(row.get(column) for column in columns) for row in rows}


def contexts(database: DuckDB, document: int) -> set[str]:
    """Return the places that only say what others mean."""
    rows = accounted(database, f"5.{document}")
    return {path for path, reason in rows.items() if reason == "report_context"}


def test_chest_cad(built: DuckDB) -> None:
    """An opacity is the nodule that its modifier says, where Location in Chest says."""
    nodule_of_lung, nodule = "786838002", "SCT:27925004"
    where = ("45653009", "stated", "R")
    elsewhere = ("43799004", "series", None)
    columns = ("feature", "number", "unit", "finding", "site", "site_source", "laterality")
    assert told(built, 61, *columns, "series", "link", "lesion") == {
        "1.3": ("DCM:111017", None, None, None, *elsewhere, "3.61", "item_reference", None),
        "1.3.1.2.5": (
            *("111012", 80, "%", nodule_of_lung, *where),
            *("3.61", "group_reference", "61"),
        ),
        "1.3.1.2.10": (
            *("SCT:81827009", 12, "mm", nodule_of_lung, *where),
            *("3.61", "item_reference", "61"),
        ),
        "1.3.1.2.11": (
            *("111047", 45, "%", nodule_of_lung, *where),
            *("3.61", "group_reference", "61"),
        ),
        # On the view of the finding that it was inferred from.
        "1.3.1.3.6": (
            *("111012", 90, "%", nodule, *elsewhere),
            *("3.62", "group_reference", None),
        ),
        "1.3.1.3.7.5": (
            *("111012", 70, "%", nodule, *elsewhere),
            *("3.62", "group_reference", None),
        ),
    }
    findings = {path: row for path, (row,) in told(built, 61, "finding_id").items()}
    assert findings["1.3"] is None
    assert len(set(findings.values())) == 4
    programs = {row for path, row in told(built, 61, "alg_system").items() if path != "1.3"}
    assert programs == {("alg:/-/opacity%20finder/3",)}
    # The images, what ran, and intent, modifier, finding and place of each finding.
    assert set(accounted(built, "5.61").values()) == {"report_context"}
    assert contexts(built, 61) == {
        *("1.1", "1.2.1.1", "1.2.1.2", "1.2.2.1", "1.2.2.2", "1.4", "1.4.1.1", "1.5"),
        *("1.3.1.1", "1.3.1.2", "1.3.1.2.1", "1.3.1.2.2", "1.3.1.2.9", "1.3.1.2.9.1"),
        *("1.3.1.3", "1.3.1.3.1", "1.3.1.3.2", "1.3.1.3.3"),
        *("1.3.1.3.7", "1.3.1.3.7.1", "1.3.1.3.7.2"),
    }


def test_obstetric_ultrasound(built: DuckDB) -> None:
    """What was measured of twins stays apart; ranges, equations and who is meant are context."""
    age = ("LN:18185-9", 140, "d", None, "group_reference")
    rank = ("125012", 55, "%", None, "group_reference")
    mean = ("LN:11820-8", 4.75, "cm", "373098007", "group_reference")
    assert told(built, 63, "feature", "number", "unit", "derivation", "link") == {
        "1.2.1": ("LN:11996-6", 2, None, None, "evidence"),
        "1.3.1.3": ("LN:11727-5", 340, "g", None, "evidence"),
        "1.4.3.1": ("LN:11820-8", 4.7, "cm", None, "item_reference"),
        "1.4.3.2": ("LN:11820-8", 4.8, "cm", None, "item_reference"),
        "1.4.3.3": mean,
        "1.4.3.4": age,
        "1.4.3.5": rank,
        "1.5.3.1": ("LN:11820-8", 4.1, "cm", None, "item_reference"),
        "1.5.3.2": mean,
        "1.5.3.3": age,
        "1.5.3.4": rank,
        "1.6.1": ("LN:11635-0", 2, None, None, "evidence"),
        "1.7.1": ("80891009", None, None, None, "evidence"),
        "1.8.2.1": ("LN:11840-6", 3.1, "cm", None, "evidence"),
    }
    assert set(told(built, 63, "series", "finding_id").values()) == {("3.63", None)}
    sites = told(built, 63, "site", "site_source", "laterality")
    assert sites.pop("1.8.2.1") == ("15497006", "stated", "L")
    assert {source for _, source, _ in sites.values()} <= {None, "series"}
    heart = told(built, 63, "event", "value", "value_source")["1.7.1"]
    assert heart == ("observation", "SCT:17621005", "Normal")
    assert accounted(built, "5.63").pop("1.8.2.2") == "no_value"
    assert contexts(built, 63) == {
        *("1.1", "1.3.1.1", "1.3.1.3.1", "1.8.1", "1.8.2.1.1"),
        *("1.4.1", "1.4.3.3.1", "1.4.3.4.1", "1.4.3.4.2", "1.4.3.5.1"),
        *("1.5.1", "1.5.3.2.1", "1.5.3.3.1", "1.5.3.3.2", "1.5.3.4.1"),
    }


def test_projection_x_ray_dose(built: DuckDB) -> None:
    """An event is of the series that states it, else of its image's, else of one that may be."""
    columns = ("feature", "number", "value", "unit", "site", "laterality")
    expected = {
        "1.5.1": ("DCM:113764", None, "113622", None, "43799004", None),
        "1.5.2": ("113722", 0.00006, None, "Gy.m2", "43799004", None),
        "1.5.3": ("DCM:113725", 0.003, None, "Gy", "43799004", None),
    }
    breast = ("76752008", "L")
    for event in ("1.6", "1.7", "1.8"):
        expected |= {
            f"{event}.1": ("DCM:113764", None, "113622", None, *breast),
            f"{event}.3": ("DCM:113721", None, "113611", None, *breast),
            f"{event}.5": ("DCM:122130", 0.00002, None, "Gy.m2", *breast),
            f"{event}.6": ("DCM:113738", 0.001, None, "Gy", *breast),
            f"{event}.7": ("DCM:113733", 120, None, "kV", *breast),
        }
    assert told(built, 65, *columns) == expected
    links = told(built, 65, "series", "link", "candidates")
    assert {path[:3]: link for path, link in links.items()} == {
        "1.5": ("3.67", "study_modality", 3),
        "1.6": ("3.65", "irradiation_event", 1),
        "1.7": ("3.66", "group_reference", 1),
        "1.8": ("3.67", "study_modality", 2),  # not of the series that states other events
    }
    assert contexts(built, 65) == {
        *("1.1", "1.1.1", "1.2", "1.4", "1.5.4", "1.9"),
        *("1.6.4", "1.6.4.1", "1.7.4", "1.7.4.1", "1.8.4", "1.8.4.1"),
    }
    assert told(built, 68, "feature") == {}
    assert accounted(built, "5.68") == {"1.1.2": "series_not_staged"}


def test_numbers_of_broken_items_are_counted(built: DuckDB) -> None:
    """An item of no known type, and a number that the report calls a failure, are no features."""
    assert features(built, "value_as_number", documents=named(26)) == [(10,)]
    assert reasons(built, 26) == {
        "1.1.1": "unknown_value_type",
        "1.1.2": "unknown_value_type",
        "1.1.4": "qualified_value",
    }


def test_what_waits_for_a_segmentation(built: DuckDB) -> None:
    """A segmentation will tell the series: it is missing, not unknown."""
    assert told(built, 27, "feature") == {}
    assert set(reasons(built, 27).values()) == {"report_context", "series_not_staged"}


def test_meanings_of_codes_do_not_matter(built: DuckDB) -> None:
    """The same codes in another language are the same concepts, units and kind of report."""
    columns = ("feature", "number", "unit", "series", "link")
    assert told(built, 28, *columns) == told(built, 23, *columns)
    kinds = built.rows(
        "select report_count from quality.report_template"
        " where title_code = '126000' and template_id is null"
    )
    assert kinds == [(4,)]


def test_a_copy_that_says_something_else_is_a_conflict(built: DuckDB) -> None:
    """Of one report in two files, of the same size and header, one counts and the other shows."""
    assert features(built, "value_as_number", documents=named(25)) == [(12,), (95,), (4,)]
    assert built.rows(
        "select reason_code, uri like '%two%' from micdm_intermediate.int_instance"
        f" where sop_instance_uid = '{ROOT}.5.25' order by copy_rank"
    ) == [(None, False), ("sop_instance_conflict", True)]
