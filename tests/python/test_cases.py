"""Made DICOM, one case each: exactly which rows come out, and where the rest went."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydicom import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    MRImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
)

from dicom_factory import ROOT, dataset, encode
from pipeline import DuckDB, Postgres, assert_same_rows, stage
from postgres_server import Server, fresh_database

NO_CONCEPT = "No matching concept"  # the code of concept 0


class Archive:
    """A folder that is filled case by case; every file gets UIDs of its case."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def add(self, case: int, *, series: int = 1, copy: bool = False, **values: Any) -> None:
        """Write a CT slice of a case: by default its patient, study and series."""
        if not copy:
            self.count += 1
        made = dataset(
            **{
                "SOPInstanceUID": f"{ROOT}.4.{case}.{self.count}",
                "SeriesInstanceUID": series_uid(case, series),
                "StudyInstanceUID": f"{ROOT}.2.{case}",
                "PatientID": f"P{case}",
                **values,
            }
        )
        folder = self.folder / f"case{case:02}"
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.iterdir()))
        (folder / f"{number:03}.dcm").write_bytes(encode(made))


def series_uid(case: int, series: int = 1) -> str:
    return f"{ROOT}.3.{case}.{series}"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    archive = Archive(folder / "dicom")
    add = archive.add
    # 1: a good series; tube current and kernel as in a real CT.
    for current in (300, 100, 200):
        add(1, XRayTubeCurrent=current, ConvolutionKernel="B30f", PatientPosition="HFS")
    # 2 to 9: identity.
    add(2, SeriesInstanceUID=None)
    add(3, StudyDate=None, SeriesDate=None)
    add(4)
    add(4, copy=True)
    add(5)
    add(5, copy=True, SliceThickness="5")
    add(6, PatientID="P6")
    add(6, PatientID="P6b")
    add(7, series=1, PatientID="P7")
    add(7, series=2, PatientID="P7b")
    add(8, PatientID="")
    add(9, StudyInstanceUID=None)
    # 10 to 13: what is an image, and of which modality.
    add(10, SOPClassUID=BasicTextSRStorage, Modality="SR", PixelData=None)
    add(11, PatientBirthDate="")
    add(12, Modality="XX", SOPClassUID="1.2.3.4")
    add(13, Modality=None)
    # 14: a PET/CT study is two procedures of one person.
    add(14, series=1)
    add(14, series=2, Modality="PT", SOPClassUID=PositronEmissionTomographyImageStorage)
    # 15 to 18: values.
    add(15, SeriesDate="20230231")
    add(16, SliceThickness="nan")
    add(17, BodyPartExamined="PHANTOM")
    add(18, BodyPartExamined="LUNG", Laterality="R")
    # 19 and 20: one series UID in two studies, one SOP Instance UID in two series.
    add(19, StudyInstanceUID=f"{ROOT}.2.19.1")
    add(19, StudyInstanceUID=f"{ROOT}.2.19.2")
    add(20, series=1, SOPInstanceUID=f"{ROOT}.4.20")
    add(20, series=2, SOPInstanceUID=f"{ROOT}.4.20")
    # 21: a series whose age is the only hint of a birth year; two echoes.
    for echo_time in ("10", "20", "10.000"):
        add(
            21,
            Modality="MR",
            SOPClassUID=MRImageStorage,
            EchoTime=echo_time,
            PatientBirthDate=None,
            PatientAge="041Y",
        )
    # 22 to 24: a modality that the SOP class can't hold, one in other words, a copy of a report.
    add(22, Modality="SEG")
    add(23, Modality="MRI", SOPClassUID="1.2.3.4")
    add(24, Modality="SR", SOPClassUID=SecondaryCaptureImageStorage)
    # 25 and 26: one SOP instance under two patients, under two studies.
    add(25, PatientID="P25")
    add(25, copy=True, PatientID="P25b")
    add(26, StudyInstanceUID=f"{ROOT}.2.26.1")
    add(26, copy=True, StudyInstanceUID=f"{ROOT}.2.26.2")
    # 27 to 30: what is a valid value, and yet can't be true.
    add(27, SeriesDate="20991231")
    add(28, PatientBirthDate=None, PatientAge="250Y")
    add(29, StudyInstanceUID=f"{ROOT}.{'7' * 60}")
    add(30, SliceThickness="1.7e308", PatientBirthDate="20300101", PatientAge="050Y")
    # 31: counts are summed.
    for counts in (100, 200, 300):
        add(31, Modality="NM", SOPClassUID=NuclearMedicineImageStorage, CountsAccumulated=counts)
    # 32 and 33: issuers. A report that names one; two patients with one id and disputed sexes.
    add(32, series=1)
    add(32, series=2, SOPClassUID=BasicTextSRStorage, Modality="SR", IssuerOfPatientID="HIS")
    for issuer in ("A", "B"):
        for sex in ("F", "M"):
            study = f"{ROOT}.2.33.{issuer == 'A':d}"
            series = series_uid(33, 1 + (issuer == "A"))
            ids = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
            add(33, **ids, IssuerOfPatientID=issuer, PatientSex=sex)
    # 34 to 36: a sex in words, two body parts, a side in the modifier of the region.
    add(34, PatientSex="FEMALE")
    add(35, BodyPartExamined=["CHEST", "ABDOMEN"])
    region = code(("76752008", "SCT", "Breast"))
    region.AnatomicRegionModifierSequence = [code(("7771000", "SCT", "Left"))]
    add(36, BodyPartExamined=None, AnatomicRegionSequence=[region])
    stage(archive.folder, out=folder / "raw")
    return folder / "raw"


def code(parts: tuple[str, str, str]) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = parts
    return item


@pytest.fixture(scope="module")
def built(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    database = DuckDB(tmp_path_factory.mktemp("duckdb") / "micdm.duckdb", raw)
    database.build()
    return database


def test_which_series_become_image_occurrences(built: DuckDB) -> None:
    found = {uid for (uid,) in built.rows("select image_series_uid from omop.image_occurrence")}
    cases = [1, 4, 5, 13, 15, 16, 17, 18, 21, 22, 23, 27, *range(29, 37)]
    assert found == {series_uid(case) for case in (*cases, 14)} | {
        series_uid(14, 2),
        series_uid(33, 2),
    }


def test_where_the_others_went(built: DuckDB) -> None:
    found = Counter(
        built.rows("select stage, reason_code from quality.quarantine where stage <> 'staged_file'")
    )
    assert found == {
        ("instance", "no_series_uid"): 1,
        ("instance", "no_study_uid"): 1,
        ("instance", "no_patient_id"): 1,
        ("instance", "duplicate_sop_instance"): 1,
        ("instance", "sop_instance_conflict"): 1,
        ("instance", "sop_instance_uid_reused"): 2,
        ("image", "not_an_image"): 3,
        ("series", "not_an_image"): 3,
        ("series", "unknown_modality"): 1,
        ("series", "no_date"): 1,
        ("series", "series_uid_in_two_patients"): 2,
        ("series", "series_uid_in_two_studies"): 2,
        ("series", "study_uid_in_two_patients"): 2,
        ("series", "no_birth_year"): 2,
        ("image_instance", "series_quarantined"): 14,
        # The two reports have no content, not even a value type of their root.
        ("report", "unknown_value_type"): 2,
    }
    assert built.rows(
        "select path, reason_code, value_text from quality.rejected_value order by 1, 2"
    ) == [
        ("PatientAge", "implausible_age", "250Y"),
        ("PatientBirthDate", "implausible_date", "2030-01-01"),
        ("SeriesDate", "implausible_date", "2099-12-31"),
        ("SeriesDate", "invalid_date", "20230231"),
        ("SliceThickness", "not_finite", "nan"),
        ("SliceThickness", "number_out_of_range", "1.7e308"),
    ]


def test_contradictions_that_a_rule_resolved(built: DuckDB) -> None:
    assert set(
        built.rows("select entity, conflict from quality.conflict where grain = 'person'")
    ) == {
        ("P33^^^A", "sex_differs"),
        ("P33^^^B", "sex_differs"),
    }


def test_a_sum_has_no_source_value(built: DuckDB) -> None:
    assert built.rows(
        f"""
        select value_as_number, value_source_value, instance_count
        from omop.measurement
        join omop.image_feature on image_feature_event_id = measurement_id
        join omop.image_feature_detail using (image_feature_id)
        join omop.image_occurrence using (image_occurrence_id)
        where image_series_uid = '{series_uid(31)}' and measurement_source_value = '00180070'
        """
    ) == [(600.0, None, 3)]


def test_a_sex_in_words_is_kept_and_counted(built: DuckDB) -> None:
    assert built.rows(
        "select gender_concept_id, gender_source_value from omop.person"
        " where person_source_value = 'P34'"
    ) == [(0, "FEMALE")]
    assert built.rows(
        "select source_value, series_count from quality.unmapped_value"
        " where field = 'gender_concept_id'"
    ) == [("FEMALE", 1)]


def test_laterality_of_the_region(built: DuckDB) -> None:
    assert built.rows(
        f"""
        select laterality_source_value, laterality_source
        from omop.image_occurrence_detail join omop.image_occurrence using (image_occurrence_id)
        where image_series_uid = '{series_uid(36)}'
        """
    ) == [("L", "AnatomicRegionSequence.AnatomicRegionModifierSequence")]


def test_a_series_row_by_row(built: DuckDB) -> None:
    parameters = built.rows(
        f"""
        select
            measurement_source_value, value_source_value, value_as_number, unit_source_value,
            unit.concept_id is not null, coalesce(value_concept.concept_code, ''),
            value_as_concept_id
        from omop.measurement
        join omop.image_occurrence on image_occurrence_id = measurement_event_id
        left join omop.concept as unit on unit.concept_id = unit_concept_id
        left join omop.concept as value_concept on value_concept.concept_id = value_as_concept_id
        where image_series_uid = '{series_uid(1)}'
        order by 1, 3
        """
    )
    assert parameters == [
        ("00180050", "1.25", 1.25, "mm", True, "", None),
        ("00180060", "120", 120.0, "kV", True, "", None),
        ("00181151", "100", 100.0, "mA", True, "", None),
        ("00181151", "300", 300.0, "mA", True, "", None),
        ("00181210", "B30f", None, None, False, "", None),
        ("00185100", "HFS", None, None, False, "HFS", parameters[5][6]),
        ("00280010", "4", 4.0, None, False, "", None),
        ("00280011", "4", 4.0, None, False, "", None),
        ("00280030", "0.5", 0.5, "mm", True, "", None),
        ("00280030", "0.75", 0.75, "mm", True, "", None),
        ("DERIVED_FRAME_COUNT", None, 3.0, None, False, "", None),
        ("DERIVED_INSTANCE_COUNT", None, 3.0, None, False, "", None),
    ]
    assert parameters[5][6] > 0


def test_features_follow_figure_3(built: DuckDB) -> None:
    """Acquisition features carry the series' site, no finding, no algorithm; one row each."""
    assert built.rows(
        f"""
        select count(*), count(distinct image_feature_event_id),
            count(*) filter (site.concept_code = '43799004'),
            count(image_finding_id), count(alg_system), count(alg_datetime)
        from omop.image_feature as feature
        join omop.image_occurrence as occurrence using (image_occurrence_id)
        join omop.concept as site on site.concept_id = feature.anatomic_site_concept_id
        where image_series_uid = '{series_uid(1)}'
        """
    ) == [(12, 12, 12, 0, 0, 0)]


def test_decisions(built: DuckDB) -> None:
    rows = built.rows(
        """
        select
            image_series_uid, modality, modality_source, image_date_source,
            anatomic_site_status, coalesce(site.concept_code, ''), instance_count
        from omop.image_occurrence
        join omop.image_occurrence_detail using (image_occurrence_id)
        left join omop.concept as site on site.concept_id = anatomic_site_concept_id
        """
    )
    by_series = {row[0]: row[1:] for row in rows}
    chest = ("mapped", "43799004")
    assert by_series[series_uid(1)] == ("CT", "modality", "series_date", *chest, 3)
    assert by_series[series_uid(4)] == ("CT", "modality", "series_date", *chest, 1)
    assert by_series[series_uid(13)] == ("CT", "sop_class", "series_date", *chest, 1)
    assert by_series[series_uid(15)] == ("CT", "modality", "study_date", *chest, 1)
    assert by_series[series_uid(22)] == ("CT", "sop_class", "series_date", *chest, 1)
    assert by_series[series_uid(23)] == ("MR", "synonym", "series_date", *chest, 1)
    assert by_series[series_uid(27)] == ("CT", "modality", "study_date", *chest, 1)
    assert by_series[series_uid(35)][3:5] == ("mapped", "416550000")
    assert by_series[series_uid(17)][3:5] == ("not_anatomy", NO_CONCEPT)
    stated = built.rows(
        "select image_series_uid, modality_source_value from omop.image_occurrence"
        " join omop.image_occurrence_detail using (image_occurrence_id)"
    )
    assert {(series_uid(1), "CT"), (series_uid(13), None)} <= set(stated)
    assert {(series_uid(22), "SEG"), (series_uid(23), "MRI")} <= set(stated)
    lung, right_lung = built.rows(
        "select concept_code from omop.concept where concept_id in (4213162, 4141610)"
        " order by concept_id desc"
    )
    assert by_series[series_uid(18)][3:5] == ("mapped", *right_lung)
    assert lung != right_lung


def test_persons_and_procedures(built: DuckDB) -> None:
    assert built.rows(
        "select year_of_birth, gender_source_value from omop.person"
        " where person_source_value in ('P1', 'P21') order by person_source_value"
    ) == [(1970, "F"), (1983, "F")]
    assert built.rows(
        """
        select procedure_source_value, procedure_concept_id > 0, count(distinct person_id)
        from omop.procedure_occurrence
        join omop.person using (person_id)
        where person_source_value = 'P14'
        group by all order by 1
        """
    ) == [("CT", True, 1), ("PT", True, 1)]


def test_each_echo_time_is_a_row(built: DuckDB) -> None:
    assert built.rows(
        f"""
        select value_as_number from omop.measurement
        join omop.image_occurrence on image_occurrence_id = measurement_event_id
        where image_series_uid = '{series_uid(21)}' and measurement_source_value = '00180081'
        order by 1
        """
    ) == [(10.0,), (20.0,)]


def test_postgres_decides_the_same(
    built: DuckDB, raw: Path, postgres_server: Server, tmp_path: Path
) -> None:
    with fresh_database(postgres_server) as server:
        postgres = Postgres(server, tmp_path, raw)
        postgres.build()
        assert_same_rows(built, postgres)


def test_no_patient_name_is_staged(raw: Path) -> None:
    parts = list(raw.glob("*/*.parquet"))
    assert len(parts) > 5
    for part in parts:
        for row in pq.read_table(part).to_pylist():
            assert "Test^Case" not in map(str, row.values()), part
