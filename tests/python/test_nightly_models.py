"""Lists that nightly runs rest on and that nobody can see go out of date: they name everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
PROJECT_STATE = (MODELS / "nightly" / "project_state.sql").read_text(encoding="utf-8")
STRATEGY = (ROOT / "macros" / "nightly" / "get_incremental_affected_sql.sql").read_text(
    encoding="utf-8"
)


def listed(text: str, name: str) -> list[str]:
    """Read a list that a model sets: one word a line."""
    (body,) = re.findall(r"\{% set " + name + r" = \[(.*?)\] %\}", text, re.DOTALL)
    return re.findall(r"'(\w+)'", body)


def names(*folders: str) -> set[str]:
    return {path.stem for folder in folders for path in (MODELS / folder).glob("*.sql")}


def test_every_variable_makes_a_build_whole() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert listed(PROJECT_STATE, "variables") == list(project["vars"]["micdm"])


def test_every_mapping_makes_a_build_whole() -> None:
    """Those of single persons aside, which concern these persons only."""
    of_persons = {"mapping_episode_definition", "mapping_episode_member"}
    person_state = (MODELS / "nightly" / "person_state.sql").read_text(encoding="utf-8")
    assert of_persons <= set(listed(person_state, "tables"))
    mappings = listed(PROJECT_STATE, "mappings")
    assert sorted(mappings) == sorted(names("staging/mapping") - of_persons)


def test_a_build_is_done_when_all_tables_are() -> None:
    text = (ROOT / "macros" / "nightly" / "after_all_models.sql").read_text(encoding="utf-8")
    waited_for = re.findall(r"ref\('(\w+)'\)", text)
    assert waited_for == sorted(names("omop", "quality", "phenotypes", "registry"))
    for path in (MODELS / "nightly").glob("built_*.sql"):
        assert "{{ micdm.after_all_models() }}" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path",
    [path for path in MODELS.rglob("*.sql") if "'affected'" in path.read_text(encoding="utf-8")],
    ids=lambda path: path.stem,
)
def test_it_is_known_whose_the_rows_are(path: Path) -> None:
    (key,) = re.findall(r"unique_key='(\w+)'", path.read_text(encoding="utf-8"))
    assert f"'{key}'" in STRATEGY


def test_ledgers_go_by_patient() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    ledger = project["models"]["micdm"]["quality"]["ledger"]
    assert ledger["+incremental_strategy"] == "affected"
    assert ledger["+unique_key"] == "patient_id"
    # What users read of each is a model of its own.
    assert {name.removeprefix("ledger_") for name in names("quality/ledger")} <= names("quality")
