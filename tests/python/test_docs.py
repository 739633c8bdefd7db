"""What the documents say is true where a program can tell."""

from __future__ import annotations

import csv
import json
import re
import runpy
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXTENDING = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_readme_has_every_variable_and_its_default() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    defaults = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in project["vars"]["micdm"].items()
    }
    section = README.partition("## Variables\n")[2].partition("\n## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", section, re.MULTILINE)) == defaults


def test_every_mapping_and_hook_is_documented() -> None:
    models = (ROOT / "models" / "staging" / "mapping").glob("mapping_*.sql")
    names = {path.stem.removeprefix("mapping_") for path in models}
    assert names <= set(re.findall(r"^\| `(\w+)` \|", EXTENDING, re.MULTILINE))
    hooks = {path.stem for path in (ROOT / "macros" / "hooks").glob("*.sql")}
    assert hooks == set(re.findall(r"^\| `(\w+)\(", EXTENDING, re.MULTILINE))


def test_attribute_columns_are_documented() -> None:
    seed = ROOT / "seeds" / "mapping" / "dicom_attribute.csv"
    header = seed.read_text(encoding="utf-8").partition("\n")[0]
    table = EXTENDING.partition("## An attribute\n")[2].partition("\n## ")[0]
    assert header in table.splitlines()
    first_cells = " ".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE))
    assert re.findall(r"`(\w+)`", first_cells) == header.split(",")


def test_examples_are_those_of_the_consumer_project() -> None:
    seeds = ROOT / "integration_tests" / "seeds"
    for name in ("site_dicom_attribute", "site_body_part_synonym"):
        text = (seeds / f"{name}.csv").read_text(encoding="utf-8")
        assert text in EXTENDING


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(
        r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")
    ):
        path = (page.parent / target) if target else page
        assert path.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
            assert anchor in slugs, f"{target}#{anchor}"


def test_the_plot_is_that_of_the_golden_timeline() -> None:
    draw = runpy.run_path(str(ROOT / "scripts" / "timeline_plot.py"))["draw"]
    lesion = "1.2.826.0.1.3680043.10.1.9"
    labels = {f"{lesion}.1": "left lower lobe", f"{lesion}.2": "right upper lobe"}
    timeline = ROOT / "tests" / "python" / "golden" / "expected" / "finding_timeline.csv"
    with timeline.open(encoding="utf-8", newline="") as lines:
        drawn = draw(csv.DictReader(lines), labels)
    assert drawn == (ROOT / "docs" / "images" / "finding_timeline.svg").read_text(encoding="utf-8")
