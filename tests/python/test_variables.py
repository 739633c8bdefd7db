"""A typing error in a variable stops the build with a sentence; it never empties the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline import DuckDB


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"modality_concept": "dicm"}, "modality_concept is dicm"),
        ({"study_date_first": "false"}, "study_date_first is false"),
        ({"unknown_birth_year": "abc"}, "unknown_birth_year is abc"),
        ({"id_offset": {"persn": 1}}, "id_offset names persn"),
        ({}, "Nothing is staged under"),
    ],
)
def test_a_wrong_variable_is_a_sentence(
    tmp_path: Path, variables: dict[str, Any], sentence: str
) -> None:
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "no such folder")
    with pytest.raises(AssertionError, match=sentence):
        database.build("run", "--select", "stg_extract_run", **variables)
