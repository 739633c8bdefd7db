"""Units, quantities stated twice, variation rules and derived parameters: made DICOM to rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    EnhancedMRImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from dicom_factory import ROOT, dataset, encode
from pipeline import DuckDB, Postgres, assert_same_rows, stage
from postgres_server import Server, fresh_database

AXIAL = [1, 0, 0, 0, 1, 0]
SAGITTAL = [0, 1, 0, 0, 0, -1]
CORONAL = [1, 0, 0, 0, 0, -1]
MR = {"Modality": "MR", "SOPClassUID": MRImageStorage}
MG = {"Modality": "MG", "SOPClassUID": DigitalMammographyXRayImageStorageForPresentation}
PT = {"Modality": "PT", "SOPClassUID": PositronEmissionTomographyImageStorage}


def series_uid(case: str) -> str:
    return f"{ROOT}.3.9{sum(ord(c) * 131**n for n, c in enumerate(case))}"


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str, **values: Any) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning, **values)


def enhanced_mr() -> Dataset:
    """An enhanced MR object: two b-values at two positions, the orientation shared."""
    frames = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, place])],
            MRDiffusionSequence=[item(DiffusionBValue=float(b_value))],
            MREchoSequence=[item(EffectiveEchoTime=float(80 + b_value / 1000))],
            ContrastBolusUsageSequence=[item(ContrastBolusAgentAdministered="NO")],
        )
        for place in (0, 4)
        for b_value in (0, 1000)
    ]
    shared = item(PlaneOrientationSequence=[item(ImageOrientationPatient=AXIAL)])
    return dataset(
        SOPClassUID=EnhancedMRImageStorage,
        Modality="MR",
        KVP=None,
        SliceThickness=None,
        PixelSpacing=None,
        NumberOfFrames="4",
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
        PixelData=bytes(128),
    )


def ge_diffusion(b_value: int) -> Dataset:
    """A slice whose b-value is in GE's private element, with its offset."""
    made = dataset(**MR)
    block = made.private_block(0x43, "GEMS_PARM_01", create=True)
    block.add_new(0x39, "IS", [b_value, 8, 0, 0])
    return made


def injection(**values: Any) -> list[Dataset]:
    return [item(**values)]


CASES: dict[str, list[Dataset]] = {
    "spaced": [
        dataset(
            ImageOrientationPatient=AXIAL,
            ImagePositionPatient=[-100, -120.5, place],
            XRayTubeCurrent=current,
            ContrastBolusVolume="80",
            AcquisitionDate="20240102",
            AcquisitionTime=f"1011{second}",
        )
        for place, current, second in ((2.5, 300, "12.5"), (0, 100, "10"), (1.25, 200, "11"))
    ],
    "uneven": [
        dataset(ImageOrientationPatient=AXIAL, ImagePositionPatient=[0, 0, place])
        for place in (0, 1, 3)
    ],
    "stated": [
        dataset(
            ImageOrientationPatient=AXIAL,
            ImagePositionPatient=[0, 0, place],
            SpacingBetweenSlices="2",
        )
        for place in (0, 1)
    ],
    "localizer": [
        dataset(
            **MR,
            ImageOrientationPatient=orientation,
            ImagePositionPatient=[0, 0, 0],
            MagneticFieldStrength="15000",
            EchoTime=echo_time,
        )
        for orientation, echo_time in ((AXIAL, "5"), (SAGITTAL, "5.0"), (CORONAL, "10"))
    ],
    "skew": [
        dataset(**MR, ImageOrientationPatient=[1, 0, 0, 1, 0, 0], MagneticFieldStrength="500")
    ],
    "mammogram": [
        dataset(
            **MG,
            XRayTubeCurrentInuA="99500",
            Exposure="0",
            ExposureInuAs="900",
            ExposureTimeInuS="500",
            OrganDose="0.021",
            ViewCodeSequence=[
                code(
                    "R-10242",
                    "SRT",
                    "cranio-caudal",
                    ViewModifierCodeSequence=[code("399011000", "SNOMED CT", "Axillary Tail")],
                )
            ],
        )
    ],
    "annotated": [
        dataset(BurnedInAnnotation=answer, RescaleSlope="1") for answer in ("NO", "NO", "YES")
    ],
    "varied": [dataset(SliceThickness=thickness) for thickness in ("1", "1.00", "2")],
    "pet": [
        dataset(
            **PT,
            PatientSize="172",
            PatientWeight="0",
            AcquisitionDate="20240102",
            AcquisitionTime="101112",
            RadiopharmaceuticalInformationSequence=injection(
                RadionuclideTotalDose="370.5",
                RadiopharmaceuticalStartDateTime="20240102091112.000000",
                RadiopharmaceuticalStartTime="080000",
            ),
        )
    ],
    "late": [
        dataset(
            **PT,
            AcquisitionDate="20240102",
            AcquisitionTime="101112",
            RadiopharmaceuticalInformationSequence=injection(
                RadionuclideTotalDose="370500000", RadiopharmaceuticalStartTime="111112"
            ),
        )
    ],
    "enhanced": [enhanced_mr()],
    "named": [dataset(ContrastBolusAgent="OMNIPAQUE 350")],
    "routed": [dataset(ContrastBolusAgent="", ContrastBolusRoute="IV")],
    "plain": [dataset(ContrastBolusAgent="without")],
    "zero": [dataset(ContrastBolusAgent="0ML", ContrastBolusVolume="0")],
    "denied": [dataset(ContrastBolusAgentSequence=[code("99", "99ACME", "No contrast")])],
    "left": [dataset(Laterality="LEFT")],
    "both": [dataset(ImageLaterality="BILATERAL")],
    "unpaired": [dataset(ImageLaterality="U")],
    "odd": [dataset(ImageLaterality="Q")],
    "private": [ge_diffusion(0), ge_diffusion(1_000_000_800)],
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("derived")
    for case, slices in CASES.items():
        (folder / "dicom" / case).mkdir(parents=True)
        for number, made in enumerate(slices):
            made.PatientID = f"P-{case}"
            made.StudyInstanceUID = series_uid(case).replace(".3.9", ".2.9")
            made.SeriesInstanceUID = series_uid(case)
            made.SOPInstanceUID = f"{series_uid(case)}.{number + 1}"
            (folder / "dicom" / case / f"{number}.dcm").write_bytes(encode(made))
    stage(folder / "dicom", out=folder / "raw")
    return folder / "raw"


@pytest.fixture(scope="module")
def built(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    database = DuckDB(tmp_path_factory.mktemp("duckdb") / "micdm.duckdb", raw)
    database.build()
    return database


def parameters(built: DuckDB, case: str, *paths: str) -> list[tuple[Any, ...]]:
    """Return (path, number or concept code, unit code, raw value, raw unit) of a case's rows."""
    return built.rows(
        f"""
        select
            source_path, coalesce(cast(value_as_number as varchar), value.concept_code),
            unit.concept_code, value_source_value, unit_source_value
        from omop.measurement
        join omop.image_feature on image_feature_event_id = measurement_id
        join omop.image_feature_detail using (image_feature_id)
        join omop.image_occurrence using (image_occurrence_id)
        left join omop.concept as value on value.concept_id = value_as_concept_id
        left join omop.concept as unit on unit.concept_id = unit_concept_id
        where image_series_uid = '{series_uid(case)}'
        and source_path in ('{"', '".join(paths)}')
        order by source_path, value_as_number, 2
        """
    )


def derived(built: DuckDB, case: str) -> dict[str, list[str]]:
    """Return the derived values of a case by name."""
    found: dict[str, list[str]] = {}
    names = built.rows("select path from micdm_mapping.derived_parameter")
    for path, value, *_ in parameters(built, case, *(name for (name,) in names)):
        found.setdefault(path.removeprefix("derived."), []).append(value)
    return found


def test_values_come_in_one_unit_and_keep_the_raw_one(built: DuckDB) -> None:
    assert parameters(
        built,
        "mammogram",
        "XRayTubeCurrentInuA",
        "ExposureTimeInuS",
        "OrganDose",
        "Exposure",
        "ExposureInuAs",
    ) == [
        ("ExposureInuAs", "0.9", "mA.s", "900", "uA.s"),
        ("ExposureTimeInuS", "0.5", "ms", "500", "us"),
        ("OrganDose", "2.1", "mGy", "0.021", "dGy"),
        ("XRayTubeCurrentInuA", "99.5", "mA", "99500", "uA"),
    ]
    assert parameters(built, "localizer", "MagneticFieldStrength") == [
        ("MagneticFieldStrength", "1.5", "T", "15000", "G")
    ]
    dose = "RadiopharmaceuticalInformationSequence.RadionuclideTotalDose"
    assert parameters(built, "pet", dose, "PatientSize", "PatientWeight") == [
        ("PatientSize", "1.72", "m", "172", "cm"),
        (dose, "370500000.0", "Bq", "370.5", "MBq"),
    ]
    assert parameters(built, "late", dose) == [(dose, "370500000.0", "Bq", "370500000", "Bq")]


def test_a_value_in_another_unit_takes_the_concept_of_the_quantity(built: DuckDB) -> None:
    assert built.rows(
        f"""
        select measurement_source_value, measured.concept_code, own.concept_code
        from omop.measurement
        join omop.image_occurrence on image_occurrence_id = measurement_event_id
        join omop.concept as measured on measured.concept_id = measurement_concept_id
        join omop.concept as own on own.concept_id = measurement_source_concept_id
        where image_series_uid = '{series_uid("mammogram")}'
        and measurement_source_value in ('00188151', '00181152', '00181153')
        order by 1
        """
    ) == [("00181153", "00181152", "00181153"), ("00188151", "00181151", "00188151")]


def test_coded_entries_have_a_concept(built: DuckDB) -> None:
    """Retired codes and designators in another spelling too."""
    assert parameters(
        built, "mammogram", "ViewCodeSequence", "ViewCodeSequence.ViewModifierCodeSequence"
    ) == [
        ("ViewCodeSequence", "SCT:399162004", None, "R-10242", None),
        ("ViewCodeSequence.ViewModifierCodeSequence", "SCT:399011000", None, "399011000", None),
    ]


def test_what_makes_no_row_is_counted(built: DuckDB) -> None:
    assert Counter(
        built.rows("select reason_code, message from quality.quarantine where stage = 'parameter'")
    ) == {
        ("same_quantity_twice", "Exposure"): 1,
        ("implausible_value", "MagneticFieldStrength"): 1,
        ("implausible_value", "PatientWeight"): 1,
        ("unequal_spacing", "derived.SliceSpacing"): 1,
        ("invalid_orientation", "derived.ImagePlane"): 1,
        ("implausible_duration", "derived.UptakeTime"): 1,
    }
    ((rows_in, rows_out, quarantined),) = built.rows(
        "select rows_in, rows_out, rows_quarantined from quality.attrition"
        " where stage = 'parameter'"
    )
    assert (rows_in, quarantined) == (rows_out + 6, 6)
    assert rows_out == len(built.table("omop.measurement"))


def test_every_staged_value_of_a_feature_has_a_row_or_a_reason(built: DuckDB) -> None:
    """Compare the staged rows with what the rules made of them, place by place."""
    ((places, lost),) = built.rows(
        """
        with staged as (
            select series_instance_uid, path, item, position
            from micdm_intermediate.int_image_instance
            join micdm_staging.stg_dicom_header_element using (header_id)
            where stg_dicom_header_element.reason_code is null
            union
            select series_instance_uid, path, item, position
            from micdm_intermediate.int_image_instance
            join micdm_staging.stg_dicom_instance_element using (run_id, file_id)
            where stg_dicom_instance_element.reason_code is null
        ),
        wanted as (
            select distinct
                series_instance_uid, path, position, if(path like '%.%', item, 0) as item
            from staged
            join micdm_staging.mapping_dicom_attribute using (path)
            where role = 'feature'
        ),
        found as (
            select distinct series_instance_uid, path, position, item, true as is_found
            from micdm_intermediate.int_series_parameter
        )
        select count(*), count(*) - count(is_found)
        from wanted left join found using (series_instance_uid, path, position, item)
        """
    )
    assert places > 80
    assert lost == 0


def test_rules_for_instances_that_disagree(built: DuckDB) -> None:
    def numbers(case: str, path: str) -> list[str]:
        return [row[1] for row in parameters(built, case, path)]

    assert numbers("spaced", "XRayTubeCurrent") == ["100.0", "300.0"]
    assert numbers("localizer", "EchoTime") == ["5.0", "10.0"]
    assert numbers("enhanced", "EchoTime") == ["80.0", "81.0"]
    assert numbers("enhanced", "DiffusionBValue") == ["0.0", "1000.0"]
    assert numbers("private", "[GEMS_PARM_01]0043,xx39") == ["0.0", "800.0"]
    assert numbers("varied", "SliceThickness") == ["1.0"]
    (yes,) = built.rows("select concept_code from omop.concept where concept_id = 4188539")
    assert numbers("annotated", "BurnedInAnnotation") == list(yes)
    found = built.rows(
        "select path, variation_rule, varying_series_count, against_rule_series_count,"
        " values_left_out, same_quantity_series_count, implausible_value_count"
        " from quality.parameter_variation order by 1"
    )
    assert found == [
        ("BurnedInAnnotation", "any", 1, 0, 1, 0, 0),
        ("DiffusionBValue", "each", 1, 0, 0, 0, 0),
        ("EchoTime", "each", 2, 0, 0, 0, 0),
        ("Exposure", "range", 0, 0, 0, 1, 0),
        ("MagneticFieldStrength", "mode", 0, 0, 0, 0, 1),
        ("PatientWeight", "mode", 0, 0, 0, 0, 1),
        ("SliceThickness", "mode", 1, 1, 1, 0, 0),
        ("XRayTubeCurrent", "range", 1, 0, 1, 0, 0),
        ("[GEMS_PARM_01]0043,xx39", "each", 1, 0, 0, 0, 0),
    ]


def test_derived_parameters(built: DuckDB) -> None:
    axial, coronal, sagittal = (f"IMAGE_PLANE_{p}" for p in ("AXIAL", "CORONAL", "SAGITTAL"))
    ((yes,), (no,)) = built.rows(
        "select concept_code from omop.concept where concept_id in (4188539, 4188540)"
        " order by concept_id"
    )
    assert derived(built, "spaced") == {
        "AcquisitionSpan": ["2.5"],
        "ContrastGiven": [yes],
        "FrameCount": ["3.0"],
        "ImagePlane": [axial],
        "InstanceCount": ["3.0"],
        "SliceSpacing": ["1.25"],
    }
    three = {"FrameCount": ["3.0"], "InstanceCount": ["3.0"]}
    assert derived(built, "uneven") == {"ImagePlane": [axial], **three}
    assert derived(built, "localizer") == {"ImagePlane": [axial, coronal, sagittal], **three}
    assert "SliceSpacing" not in derived(built, "stated")
    assert derived(built, "pet")["UptakeTime"] == ["60.0"]
    assert "UptakeTime" not in derived(built, "late")
    assert derived(built, "enhanced") == {
        "ContrastGiven": [no],
        "FrameCount": ["4.0"],
        "ImagePlane": [axial],
        "InstanceCount": ["1.0"],
        "SliceSpacing": ["4.0"],
    }


def test_contrast_is_given_by_name_or_denied(built: DuckDB) -> None:
    ((yes,), (no,)) = built.rows(
        "select concept_code from omop.concept where concept_id in (4188539, 4188540)"
        " order by concept_id"
    )
    answers = {
        case: derived(built, case).get("ContrastGiven")
        for case in ("named", "routed", "plain", "zero", "denied")
    }
    assert answers == {
        "named": [yes],
        "routed": [yes],
        "plain": [no],
        "zero": None,
        "denied": [no],
    }
    assert parameters(built, "named", "ContrastBolusAgent") == [
        ("ContrastBolusAgent", None, None, "OMNIPAQUE 350", None)
    ]


def test_a_side_in_words_counts_and_an_unknown_one_is_kept(built: DuckDB) -> None:
    found = {
        case: built.rows(
            f"""
            select laterality_source_value, coalesce(concept_code, '')
            from omop.image_occurrence_detail
            join omop.image_occurrence using (image_occurrence_id)
            left join omop.concept on concept_id = laterality_concept_id
            where image_series_uid = '{series_uid(case)}'
            """
        )
        for case in ("left", "both", "unpaired", "odd")
    }
    assert found == {
        "left": [("L", "7771000")],
        "both": [("B", "SCT:51440002")],
        "unpaired": [("U", "")],
        "odd": [("Q", "No matching concept")],
    }
    assert built.rows(
        "select source_path, source_value from quality.unmapped_value"
        " where field = 'laterality_concept_id'"
    ) == [("ImageLaterality", "Q")]


def test_a_derived_row_says_so(built: DuckDB) -> None:
    assert built.rows(
        f"""
        select
            measurement_source_value, value_source_value, unit_source_value, concept.vocabulary_id,
            measurement_source_concept_id = measurement_concept_id, source_path, source_tag,
            variation_rule, origin, derived_from
        from omop.measurement
        join omop.image_feature on image_feature_event_id = measurement_id
        join omop.image_feature_detail using (image_feature_id)
        join omop.image_occurrence using (image_occurrence_id)
        join omop.concept on concept_id = measurement_concept_id
        where image_series_uid = '{series_uid("spaced")}'
        and source_path = 'derived.SliceSpacing'
        """
    ) == [
        (
            "DERIVED_SLICE_SPACING",
            None,
            None,
            "MICDM",
            True,
            "derived.SliceSpacing",
            None,
            "derived",
            "derived",
            "ImagePositionPatient|ImageOrientationPatient",
        )
    ]


def test_postgres_computes_the_same(
    built: DuckDB, raw: Path, postgres_server: Server, tmp_path: Path
) -> None:
    with fresh_database(postgres_server) as server:
        postgres = Postgres(server, tmp_path, raw)
        postgres.build()
        assert_same_rows(built, postgres)
