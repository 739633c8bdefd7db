"""Every defined term of a coded attribute has a concept, and every concept has its reason."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

import pydicom
import pytest
from highdicom.enum import PhotometricInterpretationValues
from highdicom.pm.enum import DerivedPixelContrastValues, ImageFlavorValues
from highdicom.sc.enum import ConversionTypeValues
from pydicom import dcmread
from pydicom.datadict import dictionary_description
from pydicom.errors import InvalidDicomError
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

ROOT = Path(__file__).parents[2]
OWN_IDS = range(2_120_010_000, 2_120_020_000)
OWN_CODE_IDS = range(2120040000, 2120090000)

# The context groups (PS3.16) of the coded attributes that become features.
RADIOPHARMACEUTICAL = "RadiopharmaceuticalInformationSequence."
CONTEXT_GROUPS = {
    "ContrastBolusAgentSequence": (12, 12030),
    RADIOPHARMACEUTICAL + "RadiopharmaceuticalCodeSequence": (25, 4021, 3107, 3111),
    RADIOPHARMACEUTICAL + "RadionuclideCodeSequence": (18, 4020),
    "ViewCodeSequence": (4010, 4014, 26, 12226),
    "ViewCodeSequence.ViewModifierCodeSequence": (4011, 4015, 23),
    "OpticalPathSequence.IlluminationTypeCodeSequence": (8123,),
    "AcquisitionDeviceTypeCodeSequence": (4202, 4210),
}

# What vendors write beyond the standard, in the files that pydicom ships. Not mapped: only the
# vendor knows what it means.
VENDOR_TERMS = {
    "ImageType": {
        "ABDOM/RAD",
        "CARDIOLOGY",
        "CSA MPR",
        "CSAPARALLEL",
        "CT_SOM5 SEQ",
        "CT_SOM5 SPI",
        "CT_SOM5 TOP",
        "M",
        "ND",
        "NORM",
        "NORMAL",
        "RENAL",
        "SE",
    },
    "ScanOptions": {"AXIAL MODE", "CINE MODE", "FAST_GEMS", "HELICAL MODE", "SAT2", "SCOUT MODE"},
    "SequenceVariant": {"OTHER"},
}


def seed(name: str) -> list[dict[str, str]]:
    folder = "vocabulary" if name.startswith("seed_") else "mapping"
    with (ROOT / "seeds" / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def values_of(enumeration: Iterable[Enum]) -> set[str]:
    return {str(member.value) for member in enumeration}


VALUE_MAP = seed("value_map")
CONCEPTS = {
    (row["vocabulary_id"], row["concept_code"]): row
    for row in [*seed("seed_concept"), *seed("seed_concept_report")]
}
ATTRIBUTES = {row["path"]: row for row in seed("dicom_attribute")}
VOCABULARIES = {row["coding_scheme"]: row["vocabulary_id"] for row in seed("coding_scheme")}
# Own concepts that stand for a code of another vocabulary: SCT:7771000.
STAND_INS = {
    (VOCABULARIES[scheme], code): row
    for (vocabulary, own_code), row in CONCEPTS.items()
    for scheme, _, code in [own_code.partition(":")]
    if vocabulary == "MICDM" and scheme in VOCABULARIES
}
MAPPED: dict[str, set[str]] = defaultdict(set)
for mapped_row in VALUE_MAP:
    MAPPED[mapped_row["path"]].add(mapped_row["value_key"])


@pytest.mark.parametrize(
    ("path", "terms"),
    [
        ("PhotometricInterpretation", values_of(PhotometricInterpretationValues)),
        ("ConversionType", values_of(ConversionTypeValues)),
        ("ImageType", values_of(ImageFlavorValues)),
        ("ImageType", values_of(DerivedPixelContrastValues)),
        ("ImageType", {"ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "MIXED"}),
        # PS3.3 C.8.5.6.1.1: value 4 of ultrasound is a sum of bits.
        (
            "ImageType",
            {
                f"{sum(bits):04X}"
                for n in range(1, 9)
                for bits in itertools.combinations((1, 2, 4, 8, 16, 32, 64, 256), n)
            },
        ),
        # PS3.3 C.7.3.1.1.2: which end first, and how the patient lies; sideways for animals.
        (
            "PatientPosition",
            {
                first + lies
                for firsts, all_lie in (
                    (("HF", "FF"), ("P", "S", "DR", "DL")),
                    (("LF", "RF"), ("P", "S")),
                    (("AF", "PF"), ("DR", "DL")),
                )
                for first in firsts
                for lies in all_lie
            },
        ),
    ],
    ids=["photometric", "conversion", "flavor", "contrast", "image", "ultrasound", "position"],
)
def test_enumerations_are_complete(path: str, terms: set[str]) -> None:
    assert terms <= MAPPED[path]


def test_every_coded_attribute_has_terms() -> None:
    coded = {
        path
        for path, row in ATTRIBUTES.items()
        if row["value_type"] == "code" and row["role"] == "feature"
    }
    assert len(coded) > 30
    assert coded <= set(MAPPED)


def test_rows_are_unique_and_have_a_concept() -> None:
    keys = [(row["path"], row["value_key"]) for row in VALUE_MAP]
    assert len(keys) == len(set(keys))
    for row in VALUE_MAP:
        assert row["value_key"] == row["value_key"].upper().strip(), row
        assert row["meaning"], row
        assert row["source"], row
        assert (row["vocabulary_id"], row["concept_code"]) in CONCEPTS, row


def test_own_concepts_are_dense_and_say_what_they_mean() -> None:
    own = {
        int(row["concept_id"]): row
        for row in CONCEPTS.values()
        if int(row["concept_id"]) in OWN_IDS
    }
    assert sorted(own) == list(range(min(OWN_IDS), min(OWN_IDS) + len(own)))
    used = {(row["vocabulary_id"], row["concept_code"]) for row in VALUE_MAP}
    for row in own.values():
        keyword, _, _ = row["concept_code"].partition(":")
        assert row["concept_name"].startswith(dictionary_description(keyword) + ": "), row
        assert len(row["concept_code"]) <= 50, row
        assert len(row["concept_name"]) <= 255, row
        assert row["vocabulary_id"] == "MICDM", row
        assert "PS3." in row["source"], row
        assert (row["vocabulary_id"], row["concept_code"]) in used, row


def codes_of(context_group: int) -> set[tuple[str, str]]:
    return {
        (scheme, code)
        for scheme, keywords in cid_concepts[context_group].items()
        for keyword in keywords
        for code, (_, groups) in concepts[scheme][keyword].items()
        if context_group in groups
    }


def test_every_coded_entry_of_the_standard_has_a_concept() -> None:
    coded = {
        path
        for path, row in ATTRIBUTES.items()
        if row["value_type"] == "code_sequence" and row["role"] == "feature"
    }
    assert coded == set(CONTEXT_GROUPS)
    for group in (group for groups in CONTEXT_GROUPS.values() for group in groups):
        # Some have one concept only.
        codes = codes_of(group)
        assert codes, group
        for scheme, code in codes:
            key = (VOCABULARIES[scheme], code)
            assert key in CONCEPTS or key in STAND_INS, (group, scheme, code)


def test_a_concept_stands_in_only_where_none_is_known() -> None:
    assert len(STAND_INS) > 4000
    for key, row in STAND_INS.items():
        assert key not in CONCEPTS, row
        assert int(row["concept_id"]) in OWN_CODE_IDS, row
        assert row["source"], row


def test_real_files_have_no_defined_term_without_a_concept() -> None:
    coded = {
        row["keyword"]
        for row in ATTRIBUTES.values()
        if row["value_type"] == "code"
        and row["role"] == "feature"
        and row["path"] == row["keyword"]
    }
    unmapped: dict[str, set[str]] = defaultdict(set)
    seen = 0
    folder = Path(pydicom.__file__).parent / "data"
    for path in sorted(folder.rglob("*.dcm")):
        try:
            header = dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, EOFError, OSError):
            continue
        for keyword in coded & set(header.dir()):
            value = header.get(keyword)
            for part in [value] if isinstance(value, str) else value or []:
                seen += 1
                term = str(part).strip().upper()
                if term and term not in MAPPED[keyword]:
                    unmapped[keyword].add(term)
    assert seen > 200
    for keyword, terms in unmapped.items():
        assert terms <= VENDOR_TERMS.get(keyword, set()), keyword
