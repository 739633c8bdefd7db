"""Nightly runs: the same rows as a build from scratch, whatever happened in between.

hypothesis makes up histories of a few patients: images that arrive, change, are deleted or sent
again, reports and results, and what the hospital's CDM learns. Many histories are lived side by
side, each with patients and UIDs of its own, as a build takes half a minute for one or for all.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from dicom_factory import ROOT, dataset, encode
from dicom_factory import stage as stage_here
from pipeline import COMMANDS, ROWS_ONLY, DuckDB, Postgres, assert_same_rows, run
from postgres_server import Server
from report_factory import code, content_item, number, report
from site_cdm import CODES, EXTEND, SCHEMA, Site, concepts, into_duckdb, person, procedure, visit

HISTORIES = int(os.environ.get("MICDM_TEST_HISTORIES", "200"))
NIGHTS = 4
# Both ways to a person: found in the CDM, or made.
SITE = {**EXTEND, "person_policy": "create"}
DAY = dt.date(2024, 1, 2)
Event = tuple[Any, ...]

WHICH = st.integers(0, 2)
SERIES = st.integers(0, 1)
RARELY = st.sampled_from([False] * 5 + [True])
# What may happen, how often beside the others, and with which details.
EVENTS: dict[str, tuple[int, tuple[st.SearchStrategy[Any], ...]]] = {
    "image": (9, (WHICH, SERIES, WHICH, RARELY, RARELY, st.integers(1, 3))),
    "copy": (1, (WHICH, st.booleans())),
    "delete": (2, (st.integers(0, 9),)),
    "spoil": (1, (st.integers(0, 9),)),
    "reused_object": (1, (WHICH, WHICH)),
    "report": (4, (WHICH, SERIES, WHICH, RARELY, st.integers(4, 30))),
    "result": (2, (WHICH, SERIES, st.integers(1, 9))),
    "person": (3, (WHICH, st.sampled_from([8507, 8532]))),
    "person_gone": (1, (WHICH,)),
    "other_id": (1, (WHICH, WHICH)),
    "mapping": (1, (WHICH, WHICH)),
    "visit": (2, (WHICH, st.integers(-2, 2), st.integers(0, 3))),
    "visit_gone": (1, (WHICH,)),
    "procedure": (2, (WHICH, st.sampled_from(sorted(CODES)))),
    "accession": (1, (WHICH, WHICH, st.booleans())),
}


def events(kinds: Iterable[str]) -> st.SearchStrategy[Event]:
    """Draw an event of these kinds."""
    weighed = [kind for kind in kinds for _ in range(EVENTS[kind][0])]
    return st.sampled_from(weighed).flatmap(lambda kind: st.tuples(st.just(kind), *EVENTS[kind][1]))


FIRST_NIGHT = st.lists(events(["image", "report", "person", "visit"]), min_size=3, max_size=12)
NIGHT = st.one_of(st.just([]), st.lists(events(EVENTS), min_size=1, max_size=5))


IMAGE = ("image", 0, 0, 0, False, False, 1)
# Rare by chance: what ties two patients is learnt on one night, and only one of them touched on
# another.
KNOWN: list[list[list[Event]]] = [
    # One series UID in two patients, then a person for one of them.
    [
        [IMAGE, ("image", 1, 0, 0, False, False, 1)],
        [("image", 0, 0, 1, True, False, 1)],
        [],
        [("person", 0, 8532)],
    ],
    [[IMAGE], [("image", 0, 0, 1, True, False, 1)], [("person", 1, 8532)], [("person", 0, 8507)]],
    # A file that was another patient's.
    [[IMAGE], [("image", 0, 0, 0, True, False, 1)], [("person", 1, 8532)], [("person", 0, 8507)]],
    # Two patients are one person by the mapping, and are told apart again.
    [
        [IMAGE, ("image", 1, 0, 0, False, False, 1), ("person", 0, 8532)],
        [("mapping", 1, 0)],
        [("image", 1, 1, 0, False, False, 2)],
        [("mapping", 1, 2)],
    ],
    # A report on images of another patient, which arrive later.
    [[IMAGE, ("report", 0, 0, 0, True, 9)], [("delete", 0)], [IMAGE], [("person", 0, 8532)]],
    [
        [("report", 1, 0, 0, True, 9)],
        [("image", 1, 0, 0, False, False, 1)],
        [],
        [("person", 1, 8532)],
    ],
    # A result whose series is gone, and a night that is not about its patient.
    [
        [IMAGE, ("result", 0, 0, 5)],
        [("delete", 0)],
        [("image", 1, 0, 0, False, False, 1)],
        [("image", 1, 0, 1, False, False, 1)],
    ],
    # An object UID used twice, and one of the two goes.
    [
        [IMAGE, ("image", 1, 0, 0, False, False, 1)],
        [("reused_object", 1, 0)],
        [],
        [("person", 1, 8532)],
    ],
]


@dataclass
class History:
    """A few patients: the files they have, and what the CDM knows of them, as the nights go by."""

    number: int
    nights: list[list[Event]]
    files: dict[str, bytes] = field(default_factory=dict)
    persons: dict[int, int] = field(default_factory=dict)
    mapping: dict[str, int] = field(default_factory=dict)
    other_ids: dict[int, int] = field(default_factory=dict)
    visits: dict[tuple[int, int], int] = field(default_factory=dict)
    procedures: dict[int, int] = field(default_factory=dict)
    accessions: dict[int, tuple[int, bool]] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the ids of its patients start with."""
        return f"H{self.number:03}"

    def patient(self, which: int) -> str:
        """Return a Patient ID."""
        return f"{self.name}-{which}"

    def person_id(self, which: int) -> int:
        """Return an id in the CDM."""
        return 1000 + self.number * 10 + which

    def uid(self, *parts: int) -> str:
        """Return the UID of a study, series or instance."""
        return ".".join([ROOT, "9", str(self.number + 1), *(str(part + 1) for part in parts)])

    def live(self, night: int) -> None:
        """Let the events of a night happen."""
        self.results = []
        for kind, *values in self.nights[night]:
            getattr(self, f"_on_{kind}")(*values)

    # What happens in the archive

    def _header(self, study: int, series: int, *, wrong: bool) -> dict[str, Any]:
        which = (study + 1) % 3 if wrong else study
        other = Dataset()
        other.PatientID = self.patient(self.other_ids.get(which, which))
        return {
            "PatientID": self.patient(which),
            "OtherPatientIDsSequence": [other] if which in self.other_ids else None,
            "StudyInstanceUID": self.uid(study),
            "SeriesInstanceUID": self.uid(study, series),
            "AccessionNumber": f"{self.name}A{study}",
            "SeriesDate": f"{DAY + dt.timedelta(days=study):%Y%m%d}",
            "StudyDate": f"{DAY + dt.timedelta(days=study):%Y%m%d}",
        }

    def _on_image(
        self, study: int, series: int, place: int, wrong: bool, undated: bool, thickness: int
    ) -> None:
        header = self._header(study, series, wrong=wrong)
        if undated:
            header.update(SeriesDate=None, StudyDate=None)
        self.files[f"{study}/{series}/{place}.dcm"] = encode(
            dataset(
                **header,
                SOPInstanceUID=self.uid(study, series, place),
                InstanceNumber=place + 1,
                SliceThickness=thickness,
                BodyPartExamined=["CHEST", "HEAD"][series],
            )
        )

    def _on_copy(self, which: int, elsewhere: bool) -> None:
        names = sorted(self.files)
        if names:
            name = names[which % len(names)]
            self.files[f"copies/{name}" if elsewhere else f"0{name}"] = self.files[name]

    def _on_delete(self, which: int) -> None:
        names = sorted(self.files)
        if names:
            del self.files[names[which % len(names)]]

    def _on_spoil(self, which: int) -> None:
        names = sorted(self.files)
        if names:
            name = names[which % len(names)]
            self.files[name] = self.files[name][:200]

    def _on_reused_object(self, study: int, other: int) -> None:
        """Give an object of one study the UID of another's."""
        header = self._header(study, 0, wrong=False)
        self.files[f"{study}/0/reused.dcm"] = encode(
            dataset(**header, SOPInstanceUID=self.uid(other, 0, 0), SliceThickness=7)
        )

    def _on_report(
        self, study: int, series: int, version: int, wrong: bool, millimetres: int
    ) -> None:
        """Measure the one lesion of the patient on a series, whether it is there or not."""
        image = Dataset()
        image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        image.ReferencedSOPInstanceUID = self.uid(study, series, 0)
        of_series = Dataset()
        of_series.SeriesInstanceUID = self.uid(study, series)
        of_series.ReferencedSOPSequence = [image]
        of_study = Dataset()
        of_study.StudyInstanceUID = self.uid(study)
        of_study.ReferencedSeriesSequence = [of_series]
        group = content_item(
            "CONTAINER",
            ("DCM", "125007", "Measurement Group"),
            content_item("UIDREF", ("DCM", "112040", "Tracking UID"), UID=self.uid(study, 90)),
            content_item(
                "CODE",
                ("DCM", "121071", "Finding"),
                ConceptCodeSequence=[code(("SCT", "27925004", "Nodule"))],
            ),
            content_item("IMAGE", None, ReferencedSOPSequence=[image]),
            number(str(millimetres)),
        )
        # All reports name one device, and yet don't depend on each other.
        device = content_item("UIDREF", ("DCM", "121012", "Device Observer UID"), UID=f"{ROOT}.8")
        everything = content_item(
            "CONTAINER", ("DCM", "126010", "Imaging Measurements"), device, group
        )
        self.files[f"{study}/report{version}.dcm"] = encode(
            report(
                everything,
                **{
                    **self._header(study, 8, wrong=wrong),
                    "SOPInstanceUID": self.uid(study, 8, version),
                    "ContentDate": f"{DAY + dt.timedelta(days=study + version):%Y%m%d}",
                    "ContentTime": "120000",
                    "CurrentRequestedProcedureEvidenceSequence": [of_study],
                },
            )
        )

    def _on_result(self, study: int, series: int, value: int) -> None:
        self.results.append(
            {
                "series_instance_uid": self.uid(study, series),
                "feature_scheme": "SCT",
                "feature_code": "410668003",
                "algorithm_name": "ai",
                "algorithm_version": "1",
                "lesion_key": f"{self.name}L",
                "value_number": value,
                "unit": "mm",
                "result_datetime": "2024-02-01T00:00:00",
            }
        )

    # What happens in the hospital's CDM

    def _on_person(self, which: int, sex: int) -> None:
        self.persons[which] = sex

    def _on_person_gone(self, which: int) -> None:
        self.persons.pop(which, None)

    def _on_other_id(self, which: int, other: int) -> None:
        self.other_ids[which] = other

    def _on_mapping(self, which: int, other: int) -> None:
        self.mapping[self.patient(which)] = self.person_id(other)

    def _on_visit(self, which: int, start: int, length: int) -> None:
        self.visits[which, start] = length

    def _on_visit_gone(self, which: int) -> None:
        self.visits = {key: value for key, value in self.visits.items() if key[0] != which}

    def _on_procedure(self, which: int, concept_id: int) -> None:
        self.procedures[which] = concept_id

    def _on_accession(self, study: int, which: int, is_visit: bool) -> None:
        self.accessions[study] = which, is_visit

    def write_cdm(self, site: Site) -> None:
        """Write what the CDM knows now."""
        first = self.number * 100
        for which, sex in self.persons.items():
            person(site, self.person_id(which), self.patient(which), sex=sex)
        for (which, start), length in self.visits.items():
            if which in self.persons:
                day = DAY + dt.timedelta(days=which + start)
                number = first + which * 10 + start + 5
                end = day + dt.timedelta(days=length)
                visit(site, number, self.person_id(which), day, end)
        for which, concept_id in self.procedures.items():
            if which in self.persons:
                day = DAY + dt.timedelta(days=which)
                procedure(site, first + which, self.person_id(which), day, concept_id)
        for patient_id, person_id in self.mapping.items():
            site.person_mapping.append((patient_id, "", person_id))
        for study, (which, is_visit) in self.accessions.items():
            found = (None, first + which * 10 + 5) if is_visit else (first + which, None)
            site.accession_mapping.append((f"{self.name}A{study}", *found))


def made_up(count: int) -> list[History]:
    """Return so many histories."""
    histories = [History(number, nights) for number, nights in enumerate(KNOWN[:count])]

    @settings(
        max_examples=2 * count,
        database=None,
        deadline=None,
        derandomize="MICDM_TEST_RANDOM" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(FIRST_NIGHT, st.lists(NIGHT, min_size=NIGHTS - 1, max_size=NIGHTS - 1))
    def collect(first: list[Event], others: list[list[Event]]) -> None:
        nights = [first, *others]
        if len(histories) < count and nights not in [other.nights for other in histories]:
            histories.append(History(len(histories), nights))

    collect()
    return histories


def live(histories: list[History], night: int, folder: Path, database: DuckDB) -> None:
    """Let a night happen: files, what is staged of them, and the hospital's CDM."""
    site = Site()
    concepts(site)
    results = []
    for history in histories:
        history.live(night)
        history.write_cdm(site)
        results += history.results
        place = folder / history.name
        had = {str(path.relative_to(place)): path for path in place.rglob("*.dcm")}
        for name in had.keys() - history.files.keys():
            had[name].unlink()
        for name, content in history.files.items():
            path = place / name
            if name not in had or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    stage_here(folder, out=database.raw)
    if results:
        path = database.raw.parent / f"results{night}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(results[0]))
            writer.writeheader()
            writer.writerows(results)
        run([COMMANDS / "micdm", "load-results", path, "--out", database.raw])
    with duckdb.connect(str(database.path)) as connection:
        for schema in (SCHEMA, "imaging"):
            connection.execute(f"drop schema if exists {schema} cascade")
    into_duckdb(site, database.path)


def differences(one: Path, other: Path) -> Iterator[str]:
    """Say which rows only one of two databases has."""
    with duckdb.connect() as connection:
        for name, path in (("nightly", one), ("scratch", other)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = connection.execute(
            """
            select table_schema || '.' || table_name from information_schema.tables
            where
                table_catalog = 'scratch'
                and table_schema in ('omop', 'quality', 'phenotypes', 'micdm_registry')
            order by 1
            """
        ).fetchall()
        assert len(tables) > 60
        for (table,) in tables:
            for has, lacks in (("nightly", "scratch"), ("scratch", "nightly")):
                rows = connection.execute(
                    f"select * from {has}.{table} except all select * from {lacks}.{table} limit 3"
                ).fetchall()
                yield from (f"only the {has} build has in {table}: {row}" for row in rows)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[DuckDB, list[str]]:
    """Live all histories; return the database after the last night, and what was wrong."""
    folder = tmp_path_factory.mktemp("nights")
    histories = made_up(HISTORIES)
    assert len(histories) == HISTORIES
    database = DuckDB(folder / "now.duckdb", folder / "raw")
    nightly = folder / "nightly.duckdb"
    wrong: list[str] = []
    for night in range(NIGHTS):
        live(histories, night, folder / "archive", database)
        database.build(*ROWS_ONLY, **SITE)
        [(mode,)] = database.rows("select mode from micdm_nightly.build_plan")
        if mode != ("nightly" if night else "whole"):
            wrong.append(f"night {night} is {mode}")
        for line in database.rows(
            "select * from quality.attrition where rows_in <> rows_out + rows_quarantined"
        ):
            wrong.append(f"night {night}, rows lost: {line}")
        if night == 0:
            continue
        affected = database.rows("select patient_id from micdm_nightly.affected_patient")
        idle = {history.name for history in histories if not history.nights[night]}
        assert idle
        for patient_id in sorted(patient_id for (patient_id,) in affected):
            if patient_id[:4] in idle:
                wrong.append(f"night {night} reads {patient_id}, of whom nothing is new")
        # The copy has the registries, so that ids are the same too.
        shutil.copy(database.path, nightly)
        database.build(*ROWS_ONLY, "--full-refresh", **SITE)
        found = list(differences(nightly, database.path))
        names = sorted({name for line in found for name in re.findall(r"H\d{3}", line)})
        wrong += [f"night {night}: {line}" for line in found]
        wrong += [f"{h.name}: {h.nights}" for h in histories if h.name in names[:3]]
        shutil.copy(nightly, database.path)
    return database, wrong


def test_nightly_runs_equal_builds_from_scratch(lived: tuple[DuckDB, list[str]]) -> None:
    _, wrong = lived
    assert not wrong, "\n".join(wrong)


def test_a_part_of_a_nightly_run_is_not_refreshed_alone(lived: tuple[DuckDB, list[str]]) -> None:
    database, _ = lived
    rows = database.table("omop.image_instance")
    assert rows
    part = ("--select", "image_instance")
    with pytest.raises(AssertionError, match="build everything, without --select"):
        database.build("run", "--full-refresh", *part, **SITE)
    database.build("run", *part, **SITE)
    assert sorted(map(repr, database.table("omop.image_instance"))) == sorted(map(repr, rows))
    # Nor do its runs count as built: the tables that it left out would never catch up.
    database.execute("update micdm_nightly.built_run set row_count = 0")
    database.build("run", "--select", "image_instance+", **SITE)
    assert set(database.rows("select row_count from micdm_nightly.built_run")) == {(0,)}
    # A table that is gone would be made of the patients of one night only.
    database.execute("drop table omop.image_instance")
    database.build(*ROWS_ONLY, **SITE)
    assert database.rows("select reason from micdm_nightly.build_plan") == [("tables are gone",)]
    assert sorted(map(repr, database.table("omop.image_instance"))) == sorted(map(repr, rows))


def test_both_engines_replace_the_same_rows(tmp_path: Path, postgres: Server) -> None:
    database = DuckDB(tmp_path / "micdm.duckdb", tmp_path / "raw")
    beside = Postgres(postgres, tmp_path / "target", database.raw)
    some = made_up(30)
    for night in range(2):
        live(some, night, tmp_path / "archive", database)
        database.build(*ROWS_ONLY)
        # With all tests: of a nightly run too.
        beside.build()
    assert beside.rows("select mode from micdm_nightly.build_plan") == [("nightly",)]
    assert_same_rows(database, beside)
