"""The seeds for structured reports are complete: held against PS3.16 as pydicom carries it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

ROOT = Path(__file__).parents[2]


def seed(name: str) -> list[dict[str, str]]:
    folder = "vocabulary" if name.startswith("seed_") else "mapping"
    with (ROOT / "seeds" / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def codes_of(context_group: int, scheme: str) -> set[str]:
    return {
        code
        for keyword in cid_concepts[context_group].get(scheme, [])
        for code, (_, groups) in concepts[scheme][keyword].items()
        if context_group in groups
    }


MODALITIES = {row["modality"] for row in seed("modality")}
CONCEPTS = {(row["vocabulary_id"], row["concept_code"]): row for row in seed("seed_concept")}
REPORT_CONCEPTS = {
    (row["vocabulary_id"], row["concept_code"]): row for row in seed("seed_concept_report")
}
# Concept names that templates of PS3.16 use and no context group has; SCT: pydicom has them.
TEMPLATE_CODES = {
    ("UMLS", "C0034375"),  # TID 1500, Qualitative Evaluations
    ("UMLS", "C2348792"),  # TID 1502, Time Point
    ("NCIt", "C2348792"),  # the same, as older writers name it
    ("NCIt", "C67447"),  # TID 1501, Activity Session
    ("UMLS", "C67447"),  # the same, as older writers name it
    ("LN", "11951-1"),  # TID 1008, Fetus ID
    ("DCM", "131370"),  # TID 5030, Fetal Anatomy Survey: of 2025, pydicom has it not yet
    ("LN", "39111-0"),  # body site, of older ultrasound reports
}
# Context groups whose codes reports name: what is measured, what is found, where, and the answers.
MEASUREMENT_GROUPS = [
    218, 4107, 4108, 4109, 6141, 6142, 6165, 6212, 7466, 7467, 7468, 7469, 7470, 7471, 7472,
    7475, 7476, 7477, 7478, 7479, 7500, 7501, 7550, 10008, 10050, 10061, 10062, 12004, 12005,
    12006, 12007, 12008, 12009, 12011, 12019, 12119, 12120, 12121, 12122, 12123, 12124, 12201,
    12202, 12203, 12204, 12205, 12206, 12207, 12208, 12209, 12210, 12211, 12212, 12214, 12215,
    12216, 12217, 12218, 12222, 12300, 12304, 12308, 12309,
]  # fmt: skip
FINDING_GROUPS = [6014, 6016, 6054, 6101, 6103, 6104, 6105, 6106, 6201, 6336, 7159]
ANSWER_GROUPS = [
    42, 230, 240, 242, 244, 250, 252, 6000, 6004, 6006, 6008, 6010, 6012, 6022, 6024, 6026,
    6118, 6119, 6120, 6121, 6122, 6123, 6128, 6130, 6131, 6132, 6143, 6144, 6145, 6146, 6147,
    6335, 7464, 10002, 10003, 10004, 10006, 10007, 10009, 10013, 10016, 10020, 10021, 10023,
    10025, 12221, 12227, 12233, 12301, 12303, 12306, 12307,
]  # fmt: skip
SITE_GROUPS = [6018, 6020, 6124, 6126, 6170, 6171, 6300, 7140, 7151, 12103, 12236, 12305]
UNIT_GROUPS = [group for group, schemes in cid_concepts.items() if "UCUM" in schemes]
VOCABULARIES = {"SCT": "SNOMED", "DCM": "DICOM", "LN": "LOINC", "UCUM": "UCUM"}


def is_in_dicom(scheme: str, code: str) -> bool:
    known = {known for names in concepts.get(scheme, {}).values() for known in names}
    return code in known or (scheme, code) in TEMPLATE_CODES


def has_concept(scheme: str, code: str) -> bool:
    keys = {(VOCABULARIES.get(scheme, scheme), code), ("MICDM", f"{scheme}:{code}")}
    return bool(keys & (set(CONCEPTS) | set(REPORT_CONCEPTS)))


def test_no_concept_is_in_both_seeds() -> None:
    assert not set(CONCEPTS) & set(REPORT_CONCEPTS)
    ids = [row["concept_id"] for row in [*CONCEPTS.values(), *REPORT_CONCEPTS.values()]]
    assert len(ids) == len(set(ids))


def test_every_rule_and_role_names_codes_of_dicom() -> None:
    for row in seed("sr_rule"):
        assert row["root_scheme"] == row["root_code"] == "*" or is_in_dicom(
            row["root_scheme"], row["root_code"]
        ), row
        assert is_in_dicom(row["group_scheme"], row["group_code"]), row
        assert set(filter(None, row["modality"].split("|"))) <= MODALITIES, row
    for row in seed("sr_item_role"):
        assert is_in_dicom(row["scheme"], row["code"]), row


def test_rules_and_roles_have_no_retired_code() -> None:
    """They are compared after the translation of SNOMED-RT codes."""
    retired = {row["retired_code"] for row in seed("retired_code")}
    for row in seed("sr_rule"):
        assert not {row["root_code"], row["group_code"]} & retired, row
        assert not {row["root_scheme"], row["group_scheme"]} & {"SRT", "SNM3", "99SDM"}, row
    for row in seed("sr_item_role"):
        assert row["code"] not in retired, row
        assert row["scheme"] not in {"SRT", "SNM3", "99SDM"}, row


def test_an_identity_is_never_a_feature() -> None:
    """Observers, subjects and administering persons: PS3.16 TID 1003, 1006-1008 and 1020."""
    roles = {(row["scheme"], row["code"]): row["role"] for row in seed("sr_item_role")}
    for code in ("121008", "121009", "121010", "121011", "121028", "121029", "121030", "121031"):
        assert roles["DCM", code] == "context", code
    for code in ("113870", "113871", "113872", "113873", "113874", "113875", "128774", "128775"):
        assert roles["DCM", code] == "context", code


def test_every_code_of_dicom_has_a_concept() -> None:
    codes = {code for names in concepts["DCM"].values() for code in names}
    assert len(codes) > 4500
    assert not [code for code in sorted(codes) if not has_concept("DCM", code)]


@pytest.mark.parametrize(
    "context_group", [*MEASUREMENT_GROUPS, *FINDING_GROUPS, *ANSWER_GROUPS, *SITE_GROUPS]
)
def test_every_code_of_a_context_group_has_a_concept(context_group: int) -> None:
    schemes = set(cid_concepts[context_group]) - {"UCUM", "BARI", "FMA"}
    codes = {(scheme, code) for scheme in schemes for code in codes_of(context_group, scheme)}
    assert codes
    assert not [key for key in sorted(codes) if not has_concept(*key)]


@pytest.mark.parametrize("context_group", MEASUREMENT_GROUPS)
def test_what_is_measured_is_of_the_domain_measurement(context_group: int) -> None:
    for scheme in set(cid_concepts[context_group]) - {"UCUM"}:
        for code in codes_of(context_group, scheme):
            row = REPORT_CONCEPTS.get(("MICDM", f"{scheme}:{code}"))
            assert row is None or row["domain_id"] == "Measurement", row


@pytest.mark.parametrize("context_group", UNIT_GROUPS)
def test_every_unit_of_a_context_group_has_a_concept(context_group: int) -> None:
    aliases = {row["unit"]: row["unit_code"] for row in seed("unit_alias")}
    for code in codes_of(context_group, "UCUM"):
        unit = aliases.get(code, code)
        assert unit == "" or has_concept("UCUM", unit), code


def test_every_unit_alias_leads_to_a_unit() -> None:
    units = {code for vocabulary, code in [*CONCEPTS, *REPORT_CONCEPTS] if vocabulary == "UCUM"}
    for row in seed("unit_alias"):
        assert row["unit"] not in units, row
        assert row["unit_code"] == "" or row["unit_code"] in units, row


def test_a_finding_at_a_site_has_a_concept() -> None:
    for row in seed("finding_at_site"):
        assert REPORT_CONCEPTS[row["vocabulary_id"], row["concept_code"]]["standard_concept"] == "S"
    pairs = {(row["finding_code"], row["site_code"]) for row in seed("finding_at_site")}
    assert ("27925004", "39607008") in pairs  # the nodule of Figures 3 and 4


def test_every_first_order_feature_has_a_concept() -> None:
    """IBSI's intensity statistics, in no context group: radiomics programs write them first."""
    statistics = "Q4LE ECT3 KE2A IPH6 Y12H 1GSF QG58 8DWT 84IY SALO 2OJQ 4FUA 1128 N8CA 5ZWQ"
    assert not [code for code in statistics.split() if not has_concept("IBSI", code)]


def test_what_obstetric_templates_measure_has_a_concept() -> None:
    """Named by the templates themselves, in no context group: PS3.16 TID 5001, 5009, 5012, 5015."""
    pregnancies = "11996-6 11977-6 11612-9 33065-4"
    profile = "11631-9 11632-7 11635-0 11633-5 11630-1 11634-3"
    ovaries = "11840-6 11829-9 11857-0 12164-0 11841-4 11830-7 11858-8 12165-7"
    uterus = "11842-2 11865-3 11859-6 33192-6"
    codes = f"{pregnancies} {profile} {ovaries} {uterus}".split()
    assert not [code for code in codes if not has_concept("LN", code)]
