"""How often the anatomy of raw texts is found, and how often it is wrong.

The texts of ``data/*.csv`` were collected from public documents (column source). The first list was
split in two by hash before the words of seed anatomy_word were written, from the development half.
Before anybody looked at them, the others gave:

======================== ============ =========== ===========
list                     right        wrong       abstained
======================== ============ =========== ===========
body parts, held-out     179 = 87.3 % 3 = 1.5 %   23 of 205
descriptions, held-out   208 = 95.4 % 2 = 0.9 %   8 of 218
body parts, second list  225 = 83.0 % 2 = 0.7 %   44 of 271
descriptions, second     180 = 91.8 % 4 = 2.0 %   12 of 196
body parts, fourth list  282 = 86.2 % 4 = 1.2 %   41 of 327
descriptions, fourth     340 = 91.9 % 11 = 3.0 %  19 of 370
body parts, fifth list   275 = 87.0 % 4 = 1.3 %   37 of 316
descriptions, fifth      481 = 86.5 % 6 = 1.1 %   69 of 556
======================== ============ =========== ===========

The fourth and the fifth list were collected later, each after the words had been mended by those
before it. The few of their texts that stood in an earlier list are not repeated here.

The texts of half `made` were written for the classes of mistakes that a review named (phantoms,
negations, positions, accessories, wards, compound words, characters in other words); one in six was
wrong before the words and rules were mended.

Words and rules have been mended since by what these lists taught, so that what the tests below
assert is no blind measurement: it keeps what was reached. `label` holds the acceptable body parts;
NONE and NOT_ANATOMY mean that no site is right.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from micdm.schema import SCHEMAS
from pipeline import DuckDB

DATA = Path(__file__).parent / "data"
FILES = {"body_part_examined": "BodyPartExamined", "description": "SeriesDescription"}
Text = dict[str, str]


def read_texts() -> list[Text]:
    texts = []
    for name, path in FILES.items():
        with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            texts += [{**row, "list": name, "path": path} for row in csv.DictReader(file)]
    return texts


def stage_texts(texts: list[Text], raw: Path) -> None:
    """Write a series a text, as the extractor would."""
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    for number, text in enumerate(texts):
        tables["dicom_instance"].append(
            {
                "run_id": "run",
                "file_id": str(number),
                "uri": f"/{number}",
                "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
                "sop_instance_uid": f"1.{number}",
                "series_instance_uid": f"2.{number}",
                "study_instance_uid": f"3.{number}",
                "patient_id": "P",
                "modality": "CT",
                "study_date": dt.date(2020, 1, 1),
                "header_id": str(number),
            }
        )
        tables["dicom_header_element"].append(
            {
                "run_id": "run",
                "header_id": str(number),
                "path": text["path"],
                "item": 0,
                "position": 0,
                "value_count": 1,
                "value_text": text["raw"],
                "value_key": text["raw"],
            }
        )
    for name, schema in SCHEMAS.items():
        (raw / name).mkdir(parents=True)
        rows = [{column: row.get(column) for column in schema.names} for row in tables[name]]
        pq.write_table(pa.Table.from_pylist(rows, schema), raw / name / "part.parquet")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str, str]]:
    """Count right, wrong and abstained by list and half."""
    folder = tmp_path_factory.mktemp("anatomy")
    texts = read_texts()
    stage_texts(texts, folder / "raw")
    database = DuckDB(folder / "micdm.duckdb", folder / "raw")
    only = ("--select", "+int_series_anatomy", "--exclude-resource-type", "test", "unit_test")
    database.build("build", *only, anatomy_from_description=True)
    site_of = dict(
        database.rows(
            "select series_instance_uid, anatomic_site_concept_id"
            " from micdm_intermediate.int_series_anatomy"
        )
    )
    concept_of = dict(
        database.rows(
            "select body_part, standard_concept_id from micdm_mapping.body_part"
            " join micdm_intermediate.int_concept_of_code using (vocabulary_id, concept_code)"
        )
    )
    counts: Counter[tuple[str, str, str]] = Counter()
    for number, text in enumerate(texts):
        labels = text["label"].split("|")
        site = site_of[f"2.{number}"]
        if site:
            verdict = "right" if site in {concept_of.get(label) for label in labels} else "wrong"
        else:
            verdict = "right" if {"NONE", "NOT_ANATOMY"} & set(labels) else "abstained"
        counts[text["list"], text["half"], verdict] += 1
    return counts


def test_the_lists_are_large_and_in_many_languages() -> None:
    texts = read_texts()
    for name in FILES:
        of_list = [text for text in texts if text["list"] == name]
        assert len(of_list) >= 300
        assert len({text["raw"] for text in of_list}) == len(of_list)
        assert len({text["language"] for text in of_list}) >= 6
        assert all(text["source"] for text in of_list)


HALVES = ["development", "held-out", "second list", "fourth list", "fifth list", "made"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", FILES)
def test_sites_are_found_and_rarely_wrong(
    verdicts: Counter[tuple[str, str, str]], name: str, half: str
) -> None:
    right, wrong, abstained = (
        verdicts[name, half, verdict] for verdict in ("right", "wrong", "abstained")
    )
    total = right + wrong + abstained
    print(f"{name}, {half}: {right} right, {wrong} wrong, {abstained} abstained of {total}")
    assert total >= 150
    assert right / total >= 0.85
    assert wrong / total <= 0.01
