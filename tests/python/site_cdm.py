"""A hospital made up for tests: its CDM, its DICOM, and which row each series must be linked to.

The expectations are plain loops over what was made; nothing of the project's SQL is used.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import yaml
from pydicom import Dataset

from dicom_factory import dataset, encode
from pipeline import PROJECT, Row

SCHEMA = "hospital"
Rows = Callable[[str], list[Row]]  # what a query gives
EXTEND = {
    "cdm_mode": "extend",
    "site_cdm_schema": SCHEMA,
    "person_mapping": "imaging.person_mapping",
    "accession_mapping": "imaging.accession_mapping",
}
TYPES = {"text": "varchar", "double precision": "double precision"}
# Tables that the hospital does not keep.
ABSENT = {"specimen", "note", "cohort", "drug_strength"}
CT, MR, XRAY = 4300757, 4013636, 4056681  # what the modalities are in seed_concept
CT_CHEST, CT_HEAD, XRAY_CHEST = 4058335, 4125350, 4163872
ABDOMEN_SITE = 37303869
# The hospital's own codes: id -> (name, modalities, places); `concepts` makes concepts say so.
CODES: dict[int, tuple[str, set[str], set[str]]] = {
    900001: ("CT chest, billed", {"CT"}, {"CHEST"}),
    900002: ("CT of abdomen", {"CT"}, {"ABDOMEN"}),
    900003: ("CT angiography of chest", {"CT"}, {"CHEST"}),
    900004: ("CT of head", {"CT"}, {"HEAD"}),
    900005: ("Appendectomy", set(), set()),
    900006: ("CT, whatever of", {"CT"}, set()),
    900007: ("MR, whatever of", {"MR"}, set()),
    900008: ("X-ray of chest", {"CR", "DX"}, {"CHEST"}),
    900009: ("CT of chest and of abdomen", {"CT"}, {"CHEST", "ABDOMEN"}),
}
MAPPINGS = {
    "person_mapping": "patient_id varchar, issuer_of_patient_id varchar, person_id integer",
    "accession_mapping": (
        "accession_number varchar, procedure_occurrence_id integer, visit_occurrence_id integer"
    ),
}
# What lies in what; a place not named here lies in itself alone.
INSIDE = {"LUNG": "CHEST", "BRAIN": "HEAD"}
PLACES = ("CHEST", "LUNG", "ABDOMEN", "HEAD", "BRAIN")


@dataclass
class Series:
    """A series of one file, and what its header says."""

    uid: str
    study: str
    patient_id: str
    issuer: str
    other_ids: tuple[str, ...]
    day: dt.date
    time: dt.time | None
    modality: str
    place: str | None
    accession: str | None

    @property
    def moment(self) -> dt.datetime | None:
        """When it was made, if that is known."""
        return dt.datetime.combine(self.day, self.time) if self.time else None

    def header(self) -> Dataset:
        """Return the header of its file."""
        made = dataset(
            SOPInstanceUID=f"{self.uid}.1",
            SeriesInstanceUID=self.uid,
            StudyInstanceUID=self.study,
            PatientID=self.patient_id,
            IssuerOfPatientID=self.issuer or None,
            PatientBirthDate="19700101",
            StudyDate=f"{self.day:%Y%m%d}",
            SeriesDate=f"{self.day:%Y%m%d}",
            StudyTime=None,
            SeriesTime=f"{self.time:%H%M%S}" if self.time else None,
            Modality=self.modality,
            SOPClassUID={
                "CT": "1.2.840.10008.5.1.4.1.1.2",
                "MR": "1.2.840.10008.5.1.4.1.1.4",
                "CR": "1.2.840.10008.5.1.4.1.1.1",
            }[self.modality],
            BodyPartExamined=self.place,
            AccessionNumber=self.accession,
        )
        items = []
        for other in self.other_ids:
            item = Dataset()
            item.PatientID = other
            items.append(item)
        if items:
            made.OtherPatientIDsSequence = items
        return made


@dataclass
class Site:
    """The tables of the hospital (rows as dicts) and its DICOM."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    person_mapping: list[Row] = field(default_factory=list)
    accession_mapping: list[Row] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        """Add a row; what is not given is NULL."""
        self.tables.setdefault(table, []).append(values)
        return values

    def write_dicom(self, folder: Path) -> Path:
        """Write one file a series."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, series in enumerate(self.series):
            (folder / f"{number:06}.dcm").write_bytes(encode(series.header()))
        return folder


# Making one


def person(site: Site, person_id: int, source_value: str, *, sex: int = 8532) -> int:
    """Add a person."""
    site.add(
        "person",
        person_id=person_id,
        gender_concept_id=sex,
        year_of_birth=1970,
        race_concept_id=0,
        ethnicity_concept_id=0,
        person_source_value=source_value,
    )
    return person_id


def visit(site: Site, visit_id: int, person_id: int, *span: Any) -> None:
    """Add a visit: first and last day, and times where they are known."""
    start, end, start_time, end_time = (*span, None, None)[:4]
    site.add(
        "visit_occurrence",
        visit_occurrence_id=visit_id,
        person_id=person_id,
        visit_concept_id=9201,
        visit_start_date=start,
        visit_start_datetime=start_time,
        visit_end_date=end,
        visit_end_datetime=end_time,
        visit_type_concept_id=32817,
    )


def procedure(site: Site, procedure_id: int, person_id: int, day: dt.date, code: int) -> None:
    """Add a procedure. A code of the billing department is in the source column alone."""
    billed = code == 900001
    site.add(
        "procedure_occurrence",
        procedure_occurrence_id=procedure_id,
        person_id=person_id,
        procedure_concept_id=0 if billed else code,
        procedure_date=day,
        procedure_type_concept_id=32817,
        procedure_source_value=str(code),
        procedure_source_concept_id=code if billed else 0,
    )


def concepts(site: Site) -> None:
    """Add the vocabulary: a code says by relationships and ancestors what it is."""
    day = {"valid_start_date": dt.date(1970, 1, 1), "valid_end_date": dt.date(2099, 12, 31)}
    for concept_id, (name, _, _) in CODES.items():
        site.add(
            "concept",
            concept_id=concept_id,
            concept_name=name,
            domain_id="Procedure",
            vocabulary_id="Hospital",
            concept_class_id="Procedure",
            standard_concept=None if concept_id == 900001 else "S",
            concept_code=f"H{concept_id}",
            **day,
        )
    for one, relationship, two in (
        (900001, "Maps to", CT_CHEST),
        (900002, "Has dir proc site", ABDOMEN_SITE),
        (900009, "Has dir proc site", ABDOMEN_SITE),
    ):
        site.add(
            "concept_relationship",
            concept_id_1=one,
            concept_id_2=two,
            relationship_id=relationship,
            **day,
        )
    for descendant, ancestor in (
        (900002, CT),
        (900003, CT_CHEST),
        (900003, CT),
        (900004, CT_HEAD),
        (900006, CT),
        (900007, MR),
        (900008, XRAY_CHEST),
        (900009, CT_CHEST),
    ):
        site.add(
            "concept_ancestor",
            ancestor_concept_id=ancestor,
            descendant_concept_id=descendant,
            min_levels_of_separation=1,
            max_levels_of_separation=1,
        )
    site.add(
        "vocabulary",
        vocabulary_id="Hospital",
        vocabulary_name="Codes of the hospital",
        vocabulary_concept_id=0,
    )
    names = "Has dir proc site", "Dir proc site of"
    for one, other in (names, names[::-1]):
        site.add(
            "relationship",
            relationship_id=one,
            relationship_name=one,
            is_hierarchical="0",
            defines_ancestry="0",
            reverse_relationship_id=other,
            relationship_concept_id=0,
        )


class Numbers:
    """The next id of each table, with gaps as a real CDM has them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.last: dict[str, int] = {}

    def next(self, table: str) -> int:
        """Return a new id."""
        self.last[table] = self.last.get(table, 0) + self.chance.randint(1, 9)
        return self.last[table]


def random_visits(
    site: Site, chance: random.Random, numbers: Numbers, person_id: int, first_day: dt.date
) -> None:
    """Add visits that overlap, leave gaps, last minutes or weeks, and know times or don't."""
    for _ in range(chance.randint(0, 6)):
        start = first_day + dt.timedelta(days=chance.randint(0, 40))
        end = start + dt.timedelta(days=chance.choice([0, 0, 0, 1, 3, 20]))
        begin = dt.datetime.combine(start, dt.time(chance.randint(0, 20)))
        stop = dt.datetime.combine(end, dt.time(chance.randint(begin.hour + 1, 23)))
        midnight = dt.datetime.combine(start, dt.time()), dt.datetime.combine(end, dt.time())
        times = chance.choice([(None, None), midnight, (begin, stop), (begin, stop), (begin, None)])
        visit(site, numbers.next("visit"), person_id, start, end, *times)


def identities(chance: random.Random, number: int) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Return who is in the archive for a person: id, issuer, other ids, and what the CDM has."""
    plain = f"{number:05}"
    kind = chance.choice(
        ["same"] * 8
        + ["missing", "mapped", "mapped_issuer", "mapped_absent", "two_issuers", "other_id"]
        + ["two_persons", "zeros", "case", "twins", "one_issuer", "mapped_against"]
    )
    return {
        "same": [(plain, "", (), "person")],
        "one_issuer": [(plain, "HOSP", (), "person")],
        "missing": [(plain, "", (), "nobody")],
        "mapped": [(f"MRN{plain}", "", (), "mapping")],
        "mapped_issuer": [(plain, "EAST", (), "mapping_issuer"), (plain, "WEST", (), "nobody")],
        "mapped_absent": [(plain, "", (), "mapping_absent")],
        "mapped_against": [(plain, "", (), "mapping_against")],
        "two_issuers": [(plain, "EAST", (), "person"), (plain, "WEST", (), "nobody")],
        "other_id": [(f"NEW{plain}", "", (f"X{plain}", plain), "person_other")],
        "two_persons": [(plain, "", (), "two_persons")],
        "zeros": [(str(number), "", (), "person_of_zeros"), (plain, "", (), "nobody")],
        "case": [(f"ab{plain}", "", (), "person"), (f"AB{plain}", "", (), "nobody")],
        "twins": [(f"{plain}A", "", (), "person"), (f"{plain}B", "", (), "person")],
    }[kind]


def random_site(persons: int, seed: int = 20240102) -> Site:
    """Make a hospital of so many persons (about)."""
    chance = random.Random(seed)
    numbers = Numbers(chance)
    site = Site()
    concepts(site)
    for number in range(1, persons + 1):
        for patient_id, issuer, other_ids, known in identities(chance, number):
            person_id = numbers.next("person")
            source_value = other_ids[-1] if other_ids else patient_id
            if known == "two_persons":
                person(site, numbers.next("person"), source_value)
            if known.startswith("mapping"):
                stated = 999_000_000 + number if known == "mapping_absent" else person_id
                of_issuer = issuer if known == "mapping_issuer" else chance.choice([None, ""])
                site.person_mapping.append((patient_id, of_issuer, stated))
                if known == "mapping_against":
                    person(site, numbers.next("person"), source_value)
                source_value = f"internal {number}"
            if known == "person_of_zeros":
                source_value = f"{number:07}"
            if known not in ("nobody", "mapping_absent"):
                person(site, person_id, source_value)
            first_day = dt.date(2023, 1, 1) + dt.timedelta(days=chance.randint(0, 200))
            random_visits(site, chance, numbers, person_id, first_day)
            random_studies(
                site, chance, numbers, person_id, (patient_id, issuer, other_ids), first_day
            )
    in_cdm = {row["person_id"] for row in site.tables["person"]}
    for table in ("visit_occurrence", "procedure_occurrence"):
        site.tables[table] = [r for r in site.tables[table] if r["person_id"] in in_cdm]
    other_tables(site, numbers)
    return site


def random_studies(
    site: Site,
    chance: random.Random,
    numbers: Numbers,
    person_id: int,
    patient: tuple[str, str, tuple[str, ...]],
    first_day: dt.date,
) -> None:
    """Add examinations: series, the codes that were billed for them, and what the orders say."""
    for _ in range(chance.randint(1, 3)):
        study = f"1.2.826.0.1.3680043.10.1.7.{numbers.next('study')}"
        day = first_day + dt.timedelta(days=chance.randint(0, 45))
        time = dt.time(chance.randint(0, 23), chance.randint(0, 59), chance.randint(0, 59))
        modality = chance.choice(["CT", "CT", "MR", "CR"])
        accession = f"ACC{numbers.next('accession')}" if chance.random() < 0.7 else None
        for _ in range(chance.randint(1, 3)):
            site.series.append(
                Series(
                    uid=f"{study}.{numbers.next('series')}",
                    study=study,
                    patient_id=patient[0],
                    issuer=patient[1],
                    other_ids=patient[2],
                    day=day,
                    time=None if chance.random() < 0.25 else time,
                    modality=modality,
                    place=chance.choice([*PLACES, None, "SAUSAGE"]),
                    accession=accession,
                )
            )
        billed = []
        for _ in range(chance.randint(0, 3)):
            billed.append(numbers.next("procedure"))
            shift = dt.timedelta(days=chance.choice([0, 0, 0, 0, 1, -1]))
            procedure(site, billed[-1], person_id, day + shift, chance.choice(list(CODES)))
        if accession and chance.random() < 0.5:
            for procedure_id in billed:
                site.accession_mapping.append((accession, procedure_id, None))
            if chance.random() < 0.5:
                visits = [
                    row["visit_occurrence_id"]
                    for row in site.tables.get("visit_occurrence", [])
                    if chance.random() < 0.02 or row["person_id"] == person_id
                ]
                if visits:
                    site.accession_mapping.append((accession, None, chance.choice(visits)))
            if chance.random() < 0.1 and site.tables.get("procedure_occurrence"):
                # A typing error in the order: somebody else's.
                someone = chance.choice(site.tables["procedure_occurrence"])
                if someone["person_id"] != person_id:
                    number = someone["procedure_occurrence_id"]
                    site.accession_mapping.append((accession, number, None))


def other_tables(site: Site, numbers: Numbers) -> None:
    """Add rows that must come through as they are."""
    someone = site.tables["person"][0]["person_id"]
    day = dt.date(2020, 2, 29)
    site.add("death", person_id=someone, death_date=day)
    site.add("location", location_id=1, city="Somewhere", latitude=1.5)
    site.add(
        "note_nlp",
        note_nlp_id=1,
        note_id=2,
        lexical_variant="nodule",
        nlp_date=day,
        offset="17",
    )
    site.add(
        "drug_exposure",
        drug_exposure_id=4,
        person_id=someone,
        drug_concept_id=0,
        drug_exposure_start_date=day,
        drug_exposure_end_date=day,
        drug_type_concept_id=32817,
        quantity=0.5,
    )
    site.add(
        "fact_relationship",
        domain_concept_id_1=10,
        fact_id_1=1,
        domain_concept_id_2=19,
        fact_id_2=2,
        relationship_concept_id=44818976,
    )
    for row in site.tables["person"][::2]:
        site.add(
            "observation_period",
            observation_period_id=numbers.next("period"),
            person_id=row["person_id"],
            observation_period_start_date=day,
            observation_period_end_date=day,
            period_type_concept_id=32817,
        )
    for row in site.tables["person"][::5]:
        site.add(
            "measurement",
            measurement_id=numbers.next("measurement"),
            person_id=row["person_id"],
            measurement_concept_id=0,
            measurement_date=day,
            measurement_type_concept_id=32817,
            value_as_number=1.25,
            # A fault of the site's: it must not stop us.
            unit_concept_id=123456789,
        )


# What must come out


@dataclass(frozen=True)
class Expected:
    """Where a series must be linked to; `reason` alone if nowhere."""

    reason: str | None = None
    person: int | None = None
    person_method: str | None = None
    visit: int | None = None
    visit_method: str | None = None
    procedure: int | None = None
    procedure_method: str | None = None
    procedures: frozenset[int] = frozenset()


def expected(site: Site) -> dict[str, Expected]:
    """Say for each series what it is linked to."""
    found = {}
    visits: dict[int, list[dict[str, Any]]] = {}
    for row in site.tables.get("visit_occurrence", []):
        visits.setdefault(row["person_id"], []).append(row)
    procedures: dict[int, list[dict[str, Any]]] = {}
    for row in site.tables.get("procedure_occurrence", []):
        procedures.setdefault(row["person_id"], []).append(row)
    by_value: dict[str, set[int]] = {}
    for row in site.tables["person"]:
        by_value.setdefault(row["person_source_value"], set()).add(row["person_id"])
    ids = {row["person_id"] for row in site.tables["person"]}
    issuers: dict[str, set[str]] = {}
    others: dict[tuple[str, str], set[str]] = {}
    mapped: dict[tuple[str, str], set[int]] = {}
    for patient_id, issuer, person_id in site.person_mapping:
        mapped.setdefault((patient_id, issuer or ""), set()).add(person_id)
    orders: dict[str, list[Row]] = {}
    for row in site.accession_mapping:
        orders.setdefault(row[0], []).append(row)
    for series in site.series:
        issuers.setdefault(series.patient_id, set()).update({series.issuer} - {""})
        others.setdefault((series.patient_id, series.issuer), set()).update(series.other_ids)
    for series in site.series:
        who = expected_person(series, mapped, by_value, issuers, others, ids)
        if isinstance(who, str):
            found[series.uid] = Expected(reason=who)
            continue
        person_id, method = who
        orders_of = orders.get(series.accession or "", [])
        visit_id, visit_method = expected_visit(series, visits.get(person_id, []), orders_of)
        fitting, procedure_method = expected_procedures(
            series, procedures.get(person_id, []), orders_of
        )
        found[series.uid] = Expected(
            person=person_id,
            person_method=method,
            visit=visit_id,
            visit_method=visit_method,
            procedure=fitting[0] if fitting else None,
            procedure_method=procedure_method,
            procedures=frozenset(fitting),
        )
    return found


def expected_person(
    series: Series,
    mapped: dict[tuple[str, str], set[int]],
    by_value: dict[str, set[int]],
    issuers: dict[str, set[str]],
    others: dict[tuple[str, str], set[str]],
    ids: set[int],
) -> tuple[int, str] | str:
    """Return person and method, or why there is none."""
    key = series.patient_id, series.issuer
    stated = mapped.get(key) or mapped.get((series.patient_id, ""))
    if stated:
        if len(stated) > 1:
            return "person_ambiguous"
        (person_id,) = stated
        return (person_id, "person_mapping") if person_id in ids else "person_not_found"
    same = by_value.get(series.patient_id, set())
    if same:
        if len(same) > 1 or len(issuers[series.patient_id]) > 1:
            return "person_ambiguous"
        return next(iter(same)), "person_source_value"
    called = {one for other in others[key] for one in by_value.get(other, set())}
    if len(called) > 1:
        return "person_ambiguous"
    return (next(iter(called)), "other_patient_id") if called else "person_not_found"


def expected_visit(
    series: Series, visits: Iterable[dict[str, Any]], orders: Sequence[Row]
) -> tuple[int | None, str | None]:
    """Return the shortest visit around the series, else that of the order."""
    midnight = dt.time()
    around, lengths = [], {}
    for row in visits:
        start = row["visit_start_datetime"] or dt.datetime.combine(
            row["visit_start_date"], midnight
        )
        end = row["visit_end_datetime"]
        timed = end is not None and end.time() != midnight
        until = end if timed else dt.datetime.combine(row["visit_end_date"], midnight)
        length = until - start if timed else until + dt.timedelta(days=1) - start
        number = row["visit_occurrence_id"]
        lengths[number] = length
        if not row["visit_start_date"] <= series.day <= row["visit_end_date"]:
            continue
        moment = series.moment
        if moment is None or (start <= moment and (not timed or moment <= end)):
            around.append((length, number))
    if around:
        method = "time_in_visit" if series.moment else "date_in_visit"
        return min(around)[1], method
    ordered = [(lengths[row[2]], row[2]) for row in orders if row[2] in lengths]
    return (min(ordered)[1], "accession_mapping") if ordered else (None, None)


def expected_procedures(
    series: Series, procedures: Sequence[dict[str, Any]], orders: Sequence[Row]
) -> tuple[list[int], str]:
    """Return the procedures, the best first, and the method."""
    by_id = {row["procedure_occurrence_id"]: row for row in procedures}
    ordered = {row[1] for row in orders if row[1] in by_id}
    if ordered:
        classes: dict[int, list[tuple[int, int]]] = {}
        for number in ordered:
            _, modalities, places = CODES[int(by_id[number]["procedure_source_value"])]
            kind = 2 if not modalities else 1 if series.modality in modalities else 3
            classes.setdefault(kind, []).append((nearness(series.place, places), number))
        best = classes[min(classes)]
        return [number for _, number in sorted(best)], "accession_mapping"
    same_day = []
    for row in procedures:
        _, modalities, places = CODES[int(row["procedure_source_value"])]
        near = nearness(series.place, places)
        if row["procedure_date"] == series.day and series.modality in modalities and near < 5:
            same_day.append((near, row["procedure_occurrence_id"]))
    return [number for _, number in sorted(same_day)], "same_day" if same_day else "created"


def nearness(place: str | None, places: set[str]) -> int:
    """Grade places: 1 the same, 2 around, 3 inside, 4 not known, 5 elsewhere."""
    if place not in PLACES or not places:
        return 4
    if place in places:
        return 1
    if INSIDE.get(str(place)) in places:
        return 2
    if any(INSIDE.get(one) == place for one in places):
        return 3
    return 5


def linked(rows: Rows) -> dict[str, Expected]:
    """Read how each series came to be linked, or why not."""
    found = {
        uid: Expected(reason=reason)
        for uid, reason in rows(
            "select entity, reason_code from quality.quarantine where stage = 'series'"
        )
    }
    every: dict[int, set[int]] = {}
    for image_id, procedure_id in rows(
        "select fact_id_1, fact_id_2 from omop.fact_relationship"
        " where relationship_concept_id = 2120000041"
    ):
        every.setdefault(image_id, set()).add(procedure_id)
    for row in rows(
        """
        select
            image_series_uid, image.image_occurrence_id, image.person_id, person_match_method,
            image.visit_occurrence_id, visit_match_method,
            image.procedure_occurrence_id, procedure_match_method
        from omop.image_occurrence as image
        join omop.image_occurrence_detail as detail
            on image.image_occurrence_id = detail.image_occurrence_id
        """
    ):
        uid, image_id, *who_and_when, procedure_id, method = row
        created = method.startswith("created")
        found[uid] = Expected(
            None,
            *who_and_when,
            None if created else procedure_id,
            "created" if created else method,
            frozenset(every.get(image_id, set())),
        )
    return found


# Into a database


def source_tables() -> dict[str, dict[str, str]]:
    """Return the tables and columns (with types) of a CDM with its vocabulary."""
    found: dict[str, dict[str, str]] = {}
    for path in ("site_cdm/_site_cdm__sources.yml", "vocabulary/_vocabulary__sources.yml"):
        text = (PROJECT / "models" / "staging" / path).read_text(encoding="utf-8")
        for source in yaml.safe_load(text)["sources"]:
            for table in source["tables"]:
                found[table["name"]] = {c["name"]: c["data_type"] for c in table["columns"]}
    return found


def statements(site: Site) -> Iterable[tuple[str, list[list[Any]]]]:
    """Give the SQL that makes the hospital's schemas, with the rows to insert."""
    yield f"create schema {SCHEMA}", []
    for table, columns in source_tables().items():
        if table in ABSENT:
            continue
        definition = ", ".join(f'"{name}" {TYPES.get(t, t)}' for name, t in columns.items())
        yield f"create table {SCHEMA}.{table} ({definition})", []
        rows = [[row.get(name) for name in columns] for row in site.tables.get(table, [])]
        marks = ", ".join("?" for _ in columns)
        if rows:
            yield f"insert into {SCHEMA}.{table} values ({marks})", rows
    yield "create schema imaging", []
    for table, definition in MAPPINGS.items():
        yield f"create table imaging.{table} ({definition})", []
        rows = [list(row) for row in getattr(site, table)]
        if rows:
            yield f"insert into imaging.{table} values (?, ?, ?)", rows


def into_duckdb(site: Site, path: Path) -> None:
    """Write the hospital into a DuckDB file."""
    with duckdb.connect(str(path)) as connection:
        for sql, rows in statements(site):
            if rows:
                # Row by row takes a millisecond each.
                batch = pa.table(
                    {f"c{n}": list(values) for n, values in enumerate(zip(*rows, strict=True))}
                )
                connection.register("batch", batch)
                connection.execute(f"{sql.partition(' values ')[0]} select * from batch")
            else:
                connection.execute(sql)


def into_postgres(site: Site, url: str, password: str) -> None:
    """Write the hospital into a Postgres database."""
    with psycopg.connect(url, password=password) as connection, connection.cursor() as cursor:
        for sql, rows in statements(site):
            if rows:
                cursor.executemany(sql.replace("?", "%s"), rows)  # type: ignore[arg-type]
            else:
                cursor.execute(sql)  # type: ignore[arg-type]
