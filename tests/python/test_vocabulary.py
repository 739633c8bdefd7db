"""A site's vocabulary takes the place of our concepts by lookup alone, on both engines."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dicom_factory import write_slices
from micdm.cli import app
from micdm.load import LoadError
from micdm.load_vocabulary import TABLES, find_files, load_vocabulary
from pipeline import COMMANDS, DuckDB, Row, dbt, run, stage
from postgres_server import Server

CHEST, LUNG = "43799004", "39607008"  # SNOMED CT
# Concepts that no download has: they keep our ids.
OWN = 2_120_000_000
VOCABULARY_TABLES = {f"omop.{name}" for name in TABLES}


@dataclass
class Download:
    """A vocabulary as Athena packs it, and what became of our ids."""

    folder: Path
    new_id: dict[int, int] = field(default_factory=dict)

    def write(self, table: str, rows: list[Row]) -> None:
        """Write CONCEPT.csv and the like: tabs, no quotes, dates as YYYYMMDD."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{table.upper()}.csv").open("w", encoding="utf-8", newline="") as out:
            for row in ([*TABLES[table]], *rows):
                out.write("\t".join(map(as_text, row)) + "\n")


def as_text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:%Y%m%d}" if isinstance(value, dt.date) else str(value)


def make_download(database: DuckDB, folder: Path) -> Download:
    """Give every DICOM concept and every other SNOMED one another id; leave some out."""
    download = Download(folder)
    kept = []
    for position, concept in enumerate(database.table("omop.concept")):
        concept_id, vocabulary, code = concept[0], concept[3], concept[6]
        absent = vocabulary == "SNOMED" and position % 7 == 0 and code not in (CHEST, LUNG)
        if OWN <= concept_id < OWN + 1_000_000 or absent:
            continue
        if vocabulary == "DICOM":
            download.new_id[concept_id] = 700_000_000 + position
        elif vocabulary == "SNOMED" and position % 2:
            download.new_id[concept_id] = 800_000_000 - position
        new_id = download.new_id.get(concept_id, concept_id)
        # What Athena calls the concepts of its own that have no code.
        code = "OMOP generated" if code == str(concept_id) else code
        kept.append((new_id, *concept[1:6], code, *concept[7:]))
    day = dt.date(1970, 1, 1), dt.date(2099, 12, 31)
    # Quotes are letters; a vocabulary that nothing here uses; an older concept of a code we have.
    kept += [
        (900, 'Needle 5" "x', "Procedure", "SNOMED", "Procedure", "S", "900", *day, None),
        (901, "O'Neill", "Procedure", "NAACCR", "Procedure", "S", "901", *day, None),
        (902, "Old chest", "Procedure", "SNOMED", "Procedure", None, CHEST, *day, "U"),
    ]
    download.write("concept", kept)
    own = {row[0] for row in database.table("omop.vocabulary")} - {"MICDM"}
    rows = [row for row in database.table("omop.vocabulary") if row[0] in own]
    rows.append(("NAACCR", "Another", None, None, 0))
    download.write("vocabulary", rows)
    for name in ("domain", "concept_class", "relationship"):
        # A download's rows win: these say the same.
        download.write(name, database.table(f"omop.{name}")[:2])
    ids = {row[6]: row[0] for row in kept if row[3] == "SNOMED" and row[9] is None}
    download.write(
        "concept_ancestor",
        [
            (ids[CHEST], ids[LUNG], 1, 2),
            (ids[CHEST], ids[CHEST], 0, 0),
            (ids[LUNG], ids[LUNG], 0, 0),
        ],
    )
    download.write("concept_relationship", [(ids[LUNG], ids[LUNG], "Maps to", *day, None)])
    return download


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Series that use codes of many kinds."""
    folder = tmp_path_factory.mktemp("vocabulary")
    dicom = folder / "dicom"
    for number, values in enumerate(
        (
            {"BodyPartExamined": "LUNG", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]},
            {"BodyPartExamined": "CHEST", "PatientPosition": "HFS"},
            {"BodyPartExamined": "KNEE", "Laterality": "L", "StudyInstanceUID": "1.2.3"},
            {"BodyPartExamined": "SAUSAGE", "StudyInstanceUID": "1.2.4"},
            {"BodyPartExamined": "ABDOMEN", "StudyInstanceUID": "1.2.5", "PatientSex": "M"},
        ),
        start=1,
    ):
        write_slices(dicom / str(number), 2, series=number, **values)
    stage(dicom, out=folder / "raw")
    return folder / "raw"


@pytest.fixture(scope="module")
def plain(raw: Path) -> DuckDB:
    """Build without a vocabulary."""
    database = DuckDB(raw.parent / "plain.duckdb", raw)
    database.build("build", "--exclude", "test_type:unit")
    return database


@pytest.fixture(scope="module")
def download(plain: DuckDB, raw: Path) -> Download:
    """Make a vocabulary of our concepts, most with other ids."""
    return make_download(plain, raw.parent / "athena")


@pytest.fixture(scope="module")
def built(download: Download, raw: Path) -> DuckDB:
    """Build with that vocabulary; all data tests pass."""
    database = DuckDB(raw.parent / "athena.duckdb", raw)
    database.build("build", "--exclude", "test_type:unit", vocabulary_path=str(download.folder))
    return database


def columns(database: DuckDB, table: str) -> list[str]:
    schema, _, name = table.partition(".")
    return [
        column
        for (column,) in database.rows(
            "select column_name from information_schema.columns"
            f" where table_schema = '{schema}' and table_name = '{name}' order by ordinal_position"
        )
    ]


def mapped(database: DuckDB, table: str, new_id: Callable[[Any], Any]) -> Counter[Row]:
    """Return the rows of a table with every concept id replaced."""
    is_concept = ["concept_id" in name for name in columns(database, table)]
    return Counter(
        tuple(
            new_id(value) if concept else value
            for value, concept in zip(row, is_concept, strict=True)
        )
        for row in database.table(table)
    )


def test_ids_change_everywhere_and_nothing_else_does(
    plain: DuckDB, built: DuckDB, download: Download
) -> None:
    assert len(download.new_id) > 400

    def new_id(value: Any) -> Any:
        return download.new_id.get(value, value)

    assert plain.tables() == built.tables()
    for table in plain.tables():
        before, after = mapped(plain, table, new_id), Counter(built.table(table))
        if table in VOCABULARY_TABLES:
            continue
        assert after == before, table
    # It is no idle test: the changed concepts are in use.
    used = {
        value
        for table in ("omop.image_occurrence", "omop.measurement", "omop.procedure_occurrence")
        for row in built.table(table)
        for value in row
    }
    assert len(used & set(download.new_id.values())) > 10
    assert not used & set(download.new_id)


def test_vocabulary_tables_hold_the_download_and_what_it_lacks(
    plain: DuckDB, built: DuckDB, download: Download
) -> None:
    with (download.folder / "CONCEPT.csv").open(encoding="utf-8") as lines:
        given = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    concepts = {row[0]: row for row in built.table("omop.concept")}
    for row in given:
        assert tuple(map(as_text, concepts[int(row[0])])) == tuple(row)
    lacking = {
        row[0]
        for row in plain.table("omop.concept")
        if row[0] not in download.new_id and str(row[0]) not in {line[0] for line in given}
    }
    assert len(lacking) > 50
    assert set(concepts) == lacking | {int(row[0]) for row in given}
    # Our relationships lead from the new ids to the new ids.
    links = {row[:3] for row in built.table("omop.concept_relationship")}
    ours = {row[:3] for row in plain.table("omop.concept_relationship")}
    change = download.new_id
    assert {(change.get(a, a), change.get(b, b), kind) for a, b, kind in ours} <= links
    for name in ("vocabulary", "domain", "concept_class", "relationship"):
        keys = Counter(row[0] for row in built.table(f"omop.{name}"))
        assert set(keys) >= {row[0] for row in plain.table(f"omop.{name}")}
        assert set(keys.values()) == {1}


def test_a_region_finds_its_parts(built: DuckDB) -> None:
    query = f"""
        select count(*) from omop.image_occurrence
        join omop.concept_ancestor on descendant_concept_id = anatomic_site_concept_id
        join omop.concept on concept_id = ancestor_concept_id
        where vocabulary_id = 'SNOMED' and concept_code = '{CHEST}' and invalid_reason is null
    """
    # The series of the chest, and that of the lung.
    assert built.rows(query) == [(2,)]


def test_parquet_is_read_too(built: DuckDB, download: Download, tmp_path: Path) -> None:
    folder = tmp_path / "parquet"
    as_parquet(download.folder, folder)
    database = DuckDB(tmp_path / "parquet.duckdb", built.raw)
    database.build(
        "build",
        "--exclude",
        "resource_type:test",
        "resource_type:unit_test",
        vocabulary_path=f"{folder}/",
    )
    for table in built.tables():
        assert Counter(database.table(table)) == Counter(built.table(table)), table


def as_parquet(source: Path, target: Path) -> None:
    """Write the same as Parquet, lower-case names, types as a database exports them."""
    target.mkdir()
    for table, types in TABLES.items():
        with (source / f"{table.upper()}.csv").open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        kinds = {"integer": pa.int64(), "date": pa.date32(), "text": pa.string()}
        schema = pa.schema([(name, kinds[kind]) for name, kind in types.items()])
        cast: dict[str, Callable[[str], Any]] = {
            "integer": int,
            "date": lambda text: dt.date(int(text[:4]), int(text[4:6]), int(text[6:])),
            "text": str,
        }
        typed = [{name: cast[types[name]](text) for name, text in row.items()} for row in rows]
        pq.write_table(pa.Table.from_pylist(typed, schema=schema), target / f"{table}.parquet")


def test_postgres_gives_the_same_rows(
    built: DuckDB, download: Download, postgres: Server, tmp_path: Path
) -> None:
    environment = postgres.environment
    run([COMMANDS / "micdm", "load", "--from", built.raw], **environment)
    printed = run([COMMANDS / "micdm", "load-vocabulary", download.folder], **environment)
    assert "concept_ancestor: 3 rows" in printed
    dbt(
        "build",
        "--target",
        "postgres",
        # Data tests have passed on DuckDB, on the same rows.
        "--exclude",
        "resource_type:test",
        "resource_type:unit_test",
        target=tmp_path / "target",
        variables={"vocabulary_path": str(download.folder)},
        **environment,
    )
    with postgres.connect() as connection:
        for table in built.tables():
            theirs = connection.execute(f"select * from {table}").fetchall()
            assert sorted(map(repr, theirs)) == sorted(map(repr, built.table(table))), table


def test_loading_again_replaces(
    download: Download, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.url
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    folder = tmp_path / "parquet"
    as_parquet(download.folder, folder)

    def contents() -> dict[str, Counter[Row]]:
        with postgres.connect() as connection:
            return {
                table: Counter(connection.execute(f"select * from vocabulary.{table}").fetchall())
                for table in TABLES
            }

    first = load_vocabulary(download.folder, url)
    before = contents()
    assert load_vocabulary(folder, url) == first == sum(map(Counter.total, before.values()))
    assert contents() == before
    # A load that fails leaves what was there.
    (folder / "concept.parquet").unlink()
    (folder / "concept.csv").write_text("\t".join(TABLES["concept"]) + "\nno number" + "\t" * 9)
    with pytest.raises(LoadError, match="Postgres says"):
        load_vocabulary(folder, url)
    assert contents() == before


def test_what_is_no_vocabulary_is_said(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"There is no CONCEPT\.csv"):
        find_files(tmp_path)
    path = tmp_path / "CONCEPT.csv"
    path.write_text("concept_id\n1\n")
    with pytest.raises(LoadError, match="has no column concept_class_id"):
        find_files(tmp_path)
    path.write_text("\t".join([*TABLES["concept"], "more"]))
    with pytest.raises(LoadError, match="not the CDM's: more"):
        find_files(tmp_path)
    result = CliRunner().invoke(app, ["load-vocabulary", str(tmp_path / "nothing")])
    assert result.exit_code == 2
    assert result.stderr.startswith("micdm: There is no CONCEPT.csv")


def test_a_build_without_the_file_says_so(tmp_path: Path, plain: DuckDB) -> None:
    database = DuckDB(tmp_path / "none.duckdb", plain.raw)
    with pytest.raises(AssertionError, match=r"there is no CONCEPT\.csv"):
        database.build("build", vocabulary_path=str(tmp_path))
