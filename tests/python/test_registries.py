"""The seeds are complete: held against the registries that pydicom and highdicom carry."""

from __future__ import annotations

import csv
import json
import pkgutil
from pathlib import Path

import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

ROOT = Path(__file__).parents[2]
# Terms of PS3.16 Annex L whose SNOMED code has no OMOP concept that public sources confirm.
BODY_PARTS_WITHOUT_CONCEPT = {"CARDIOVASCSYS", "LOWERTRUNK", "TRUNK", "UPPERTRUNK"}


def seed(name: str) -> list[dict[str, str]]:
    folder = "vocabulary" if name.startswith("seed_") else "mapping"
    with (ROOT / "seeds" / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def highdicom_table(name: str) -> dict[str, list[str]]:
    data = pkgutil.get_data("highdicom", f"_standard/{name}.json")
    assert data is not None
    table: dict[str, list[str]] = json.loads(data)
    return table


def codes_of(context_group: int, scheme: str = "DCM") -> set[str]:
    keywords = cid_concepts[context_group][scheme]
    return {
        code
        for keyword in keywords
        for code, (_, groups) in concepts[scheme][keyword].items()
        if context_group in groups
    }


SOP_CLASSES = {row["sop_class_uid"]: row for row in seed("sop_class")}
MODALITIES = {row["modality"]: row for row in seed("modality")}
CONCEPTS = {(row["vocabulary_id"], row["concept_code"]): row for row in seed("seed_concept")}


def test_every_storage_sop_class_has_a_row() -> None:
    storage = {
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name and "Storage Commitment" not in name
    }
    assert len(storage) > 200
    assert storage <= set(SOP_CLASSES)
    assert set(highdicom_table("sop_class_iod_map")) <= set(SOP_CLASSES)


@pytest.mark.parametrize("context_group", [29, 33], ids=["acquisition", "modality"])
def test_every_modality_has_a_row(context_group: int) -> None:
    codes = codes_of(context_group)
    assert len(codes) > 50
    assert codes <= set(MODALITIES)


def test_images_come_from_equipment_that_acquires() -> None:
    """CID 29 names what acquires. It has no Other, which secondary captures have."""
    images = {name for name, row in MODALITIES.items() if row["is_image"] == "true"}
    assert images - codes_of(29) == {"OT"}


def test_every_modality_has_a_concept_or_says_so() -> None:
    ids = {row["concept_id"]: key for key, row in CONCEPTS.items()}
    standard = {
        ids[row["concept_id_1"]]: ids[row["concept_id_2"]][1]
        for row in seed("seed_concept_relationship")
        if row["relationship_id"] == "Maps to"
    }
    for row in MODALITIES.values():
        key = (row["vocabulary_id"], row["concept_code"])
        assert key in CONCEPTS, row
        assert row["standard_concept_code"] == standard.get(key, "none"), row


def test_seeds_of_images_agree() -> None:
    images = {name for name, row in MODALITIES.items() if row["is_image"] == "true"}
    for row in [*SOP_CLASSES.values(), *MODALITIES.values()]:
        assert not (row["is_image"] == "true" and row["acquisition"] == "none"), row
    for row in SOP_CLASSES.values():
        possible = set(filter(None, row["possible_modalities"].split("|")))
        if row["is_image"] == "true":
            assert possible <= images, row
            assert bool(possible) == bool(row["implied_modality"]), row
            assert not possible or row["implied_modality"] in possible, row
        else:
            assert not possible, row
        assert row["concept_code"] == "none" or ("DICOM", row["concept_code"]) in CONCEPTS, row
    for row in seed("modality_synonym"):
        assert row["modality"] in MODALITIES, row
        assert row["synonym"] not in MODALITIES, row
        assert row["synonym"] == row["synonym"].upper().strip(), row


def test_every_defined_body_part_has_a_row() -> None:
    rows = {row["body_part"]: row for row in seed("body_part")}
    defined = [row for row in rows.values() if row["source"].startswith("PS3.16 Annex L")]
    assert len(defined) >= 322
    assert set(highdicom_table("anatomic_regions")) <= set(rows)
    without = set()
    for row in defined:
        if row["concept_code"] and ("SNOMED", row["concept_code"]) not in CONCEPTS:
            without.add(row["body_part"])
            assert "no OMOP concept verified" in row["source"], row
    assert without == BODY_PARTS_WITHOUT_CONCEPT


@pytest.mark.parametrize("context_group", [4, 4030, 4031])
def test_every_code_of_an_anatomic_region_is_known(context_group: int) -> None:
    """A concept, the same place as a body part term, or said to be neither."""
    terms = {row["body_part"]: row for row in seed("body_part")}
    by_term = {row["concept_code"] for row in terms.values()}
    stated = {(row["vocabulary_id"], row["concept_code"]): row for row in seed("body_part_code")}
    codes = codes_of(context_group, "SCT")
    assert len(codes) > 100
    for code in codes:
        known = ("SNOMED", code) in CONCEPTS
        assert known or code in by_term or ("SNOMED", code) in stated, code
    for (vocabulary, code), row in stated.items():
        assert (vocabulary, code) not in CONCEPTS or row["body_part"], row
        assert code not in by_term, row


def test_codes_of_the_same_place_are_one_body_part() -> None:
    """Annex L, and the SNOMED-RT codes that DICOM translates to codes it no longer uses."""
    body_part = {row["concept_code"]: row["body_part"] for row in seed("body_part_code")}
    terms: dict[str, set[str]] = {}
    for row in seed("body_part"):
        terms.setdefault(row["concept_code"], set()).add(row["body_part"])
    for term, (_, code, *_) in highdicom_table("anatomic_regions").items():
        assert term in terms.get(code, {body_part.get(code)}) or term == "THORAX", term
    retired = {row["retired_code"]: row["concept_code"] for row in seed("retired_code")}
    for code, term in {
        "T-D3000": "CHEST",
        "T-D4000": "ABDOMEN",
        "T-D6000": "PELVIS",
        "T-D2500": "HIP",
    }.items():
        assert body_part[retired[code]] == term


def test_every_unit_has_a_concept() -> None:
    for row in seed("dicom_attribute"):
        if row["unit_code"]:
            assert int(CONCEPTS["UCUM", row["unit_code"]]["concept_id"]) > 0, row


def test_every_public_attribute_is_one_of_dicom() -> None:
    for row in seed("dicom_attribute"):
        if "[" not in row["path"]:
            assert dictionary_has_tag(int(row["tag"], 16)), row


def test_manufacturers_agree_without_blanks() -> None:
    """Blanks don't count where no row has the very words."""
    joined: dict[str, str] = {}
    for row in seed("manufacturer"):
        key = row["source_value"].replace(" ", "")
        assert joined.setdefault(key, row["manufacturer"]) == row["manufacturer"], row
