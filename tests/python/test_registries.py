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
# Terms of editions of PS3.16 Annex L newer than our list. None has a concept that is verified.
NEWER_BODY_PARTS = {"CARDIOVASCSYS", "LOWERTRUNK", "TRUNK", "UPPERTRUNK"}


def seed(name: str) -> list[dict[str, str]]:
    folder = "vocabulary" if name.startswith("seed_") else "mapping"
    with (ROOT / "seeds" / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def highdicom_table(name: str) -> dict[str, list[str]]:
    data = pkgutil.get_data("highdicom", f"_standard/{name}.json")
    assert data is not None
    table: dict[str, list[str]] = json.loads(data)
    return table


def codes_of(context_group: int) -> set[str]:
    keywords = cid_concepts[context_group]["DCM"]
    return {code for keyword in keywords for code in concepts["DCM"][keyword]}


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
    assert len(defined) >= 318
    assert set(highdicom_table("anatomic_regions")) - set(rows) <= NEWER_BODY_PARTS
    for row in defined:
        known = ("SNOMED", row["concept_code"]) in CONCEPTS
        assert known or row["kind"] == "not_anatomy" or not row["concept_code"], row


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
