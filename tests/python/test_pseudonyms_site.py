"""Beside a CDM that has pseudonyms of the same key: all is linked as without."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import io
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dicom_factory import ROOT
from micdm.pseudonyms import KEY_VARIABLE, Pseudonyms
from pipeline import COMMANDS, ROWS_ONLY, DuckDB, Row, stage
from site_cdm import (
    EXTEND,
    SCHEMA,
    Site,
    concepts,
    expected,
    into_duckdb,
    linked,
    person,
    procedure,
    random_site,
    visit,
)
from test_pseudonyms import check_clean, database_values, everything, plant

KEY = "correct-horse-battery-staple-0123456789"
PSEUDONYMS = Pseudonyms(KEY.encode())


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def converted(kind: str, values: Iterable[str]) -> list[str]:
    """Replace values by `micdm pseudonym`, as docs/privacy.md says to a site."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["id"], *([value] for value in values)])
    made = subprocess.run(
        [COMMANDS / "micdm", "pseudonym", kind, "--column", "id"],
        input=text.getvalue(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [row[0] if row else "" for row in csv.reader(io.StringIO(made))][1:]


def replace_column(rows: list[Row], place: int, kind: str) -> None:
    made = converted(kind, (row[place] or "" for row in rows))
    rows[:] = [
        (*row[:place], value, *row[place + 1 :]) for row, value in zip(rows, made, strict=True)
    ]


def pseudonymised(site: Site) -> Site:
    """Return the hospital with the pseudonyms, and dates as many days earlier as its patients'."""
    made = copy.deepcopy(site)
    # A person's dates go by the id that the archive knows the person by.
    goes_by = {row["person_id"]: row["person_source_value"] for row in made.tables["person"]}
    ids = {other: series.patient_id for series in site.series for other in series.other_ids}
    goes_by = {person_id: ids.get(value, value) for person_id, value in goes_by.items()}
    goes_by |= {person_id: patient_id for patient_id, _, person_id in site.person_mapping}
    numbers = dict(zip(goes_by, converted("days", goes_by.values()), strict=True))
    days = {person_id: dt.timedelta(int(number)) for person_id, number in numbers.items()}
    values = [row["person_source_value"] for row in made.tables["person"]]
    for row, value in zip(made.tables["person"], converted("patient", values), strict=True):
        row["person_source_value"] = value
        birth = dt.date(row["year_of_birth"], 1, 1)
        row["year_of_birth"] = (birth - days[row["person_id"]]).year
    for name in ("visit_occurrence", "procedure_occurrence"):
        for row in made.tables[name]:
            for column, value in row.items():
                if isinstance(value, dt.date):
                    row[column] = value - days[row["person_id"]]
    for place, kind in enumerate(("patient", "issuer")):
        replace_column(made.person_mapping, place, kind)
    replace_column(made.accession_mapping, 0, "accession")
    return made


def counts(database: DuckDB) -> dict[str, int]:
    # By month, and a patient's months are others.
    names = [name for name in database.tables() if name != "quality.link_quality"]
    return {name: database.rows(f"select count(*) from {name}")[0][0] for name in names}


def test_all_is_linked_as_without(tmp_path: Path) -> None:
    site = random_site(40)
    folder = site.write_dicom(tmp_path / "dicom")
    stage(folder, out=tmp_path / "raw")
    stage(folder, out=tmp_path / "raw2", options=["--pseudonyms"])
    plain = DuckDB(tmp_path / "plain.duckdb", tmp_path / "raw")
    masked = DuckDB(tmp_path / "masked.duckdb", tmp_path / "raw2")
    into_duckdb(site, plain.path)
    into_duckdb(pseudonymised(site), masked.path)
    for database in (plain, masked):
        database.build(*ROWS_ONLY, **EXTEND)
    wanted = expected(site)
    assert linked(plain.rows) == wanted
    found = linked(masked.rows)
    assert found == {PSEUDONYMS.uid(uid): one for uid, one in wanted.items()}
    # Each way of linking is among them.
    assert {one.person_method for one in found.values()} > {
        "person_mapping",
        "person_source_value",
        "other_patient_id",
    }
    assert {one.visit_method for one in found.values()} > {"time_in_visit", "date_in_visit"}
    assert {one.procedure_method for one in found.values()} > {"accession_mapping", "same_day"}
    assert counts(masked) == counts(plain)
    links = "select link, match_method, sum(series_count) from quality.link_quality group by all"
    assert set(masked.rows(links)) == set(plain.rows(links))
    conflicts = "select grain, conflict, count(*) from quality.conflict group by all"
    assert set(masked.rows(conflicts)) == set(plain.rows(conflicts))


def test_no_planted_identifier_gets_out_beside_a_cdm(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    plant(folder)
    stage(folder, out=out, options=["--pseudonyms"])
    site = Site()
    concepts(site)
    days = dt.timedelta(PSEUDONYMS.days("SECRET-PID"))
    day = dt.date(2009, 3, 17) - days
    person(site, 5, PSEUDONYMS.identifier("patient", "SECRET-PID"))
    visit(site, 7, 5, day, day)
    procedure(site, 9, 5, day, 900006)
    accession = PSEUDONYMS.identifier("accession", "SECRET-ACC")
    site.accession_mapping = [(accession, 9, 7)]
    database = DuckDB(tmp_path / "micdm.duckdb", out)
    into_duckdb(site, database.path)
    database.build(*ROWS_ONLY, **EXTEND)
    image: Any = database.rows(
        "select person_id, visit_occurrence_id, procedure_occurrence_id"
        " from omop.image_occurrence"
        f" where image_series_uid = '{PSEUDONYMS.uid(f'{ROOT}.3.1')}'"
    )
    assert image == [(5, 7, 9)]
    assert database.rows(f"select count(*) from {SCHEMA}.person") == [(1,)]
    check_clean(everything(out))
    check_clean(database_values(database))
    check_clean([("database", database.path.read_bytes())])
    target = database.path.with_suffix(".target")
    check_clean(
        (str(p), p.read_bytes()) for p in target.rglob("*") if p.suffix in (".log", ".json")
    )
