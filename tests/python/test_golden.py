"""Figures 3 and 4 of the paper, row by row, and its phenotype (tests/python/golden/README.md)."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import highdicom as hd
import pytest
from highdicom.sr import CodedConcept
from pydicom import Dataset
from pydicom.sr.codedict import codes

import finding_factory as make
from pipeline import DuckDB, Postgres, Row, stage
from postgres_server import Server, fresh_database
from site_cdm import SCHEMA, Site, into_duckdb, into_postgres, source_tables

GOLDEN = Path(__file__).parent / "golden"
PAGE = Path(__file__).parents[2] / "docs" / "report-to-feature.md"
TEXTURE = CodedConcept("C41144", "NCIt", "Texture")
SOLID = CodedConcept("RID50151", "RADLEX", "solid pulmonary nodule")
PART_SOLID = CodedConcept("RID50152", "RADLEX", "part-solid pulmonary nodule")
GROUND_GLASS = CodedConcept("RID50153", "RADLEX", "non-solid pulmonary nodule")
RIGHT_UPPER_LOBE = CodedConcept("42400003", "SCT", "Upper lobe of right lung")
LEFT, RIGHT = 1, 2  # the tracked nodules
EXTEND = {
    "cdm_mode": "extend",
    "site_cdm_schema": SCHEMA,
    "wadors_root": "https://server.com",
    "site_mapping": {
        "episode_definition": "imaging.episode_definition",
        "episode_member": "imaging.episode_member",
    },
}
EPISODE_TABLES = {
    "episode_definition": {
        "person_id": int,
        "episode_key": str,
        "vocabulary_id": str,
        "concept_code": str,
        "start_date": dt.date,
        "end_date": dt.date,
    },
    "episode_member": {
        "person_id": int,
        "episode_key": str,
        "event_table": str,
        "event_id": int,
        "lesion_key": str,
        "scheme": str,
        "code": str,
    },
}
SQL_TYPES = {int: "integer", str: "varchar", dt.date: "date"}
Rows = Callable[[str], list[Row]]


def read(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# The hospital


def typed(text: str, kind: str) -> Any:
    """Return a cell of the hospital's CDM in the type of its column."""
    if not text:
        return None
    if kind == "integer":
        return int(text)
    if kind == "double precision":
        return float(text)
    return dt.date.fromisoformat(text) if kind == "date" else text


def hospital() -> Site:
    """The CDM that the images are added to."""
    site = Site()
    kinds = source_tables()
    for path in sorted((GOLDEN / "site").glob("*.csv")):
        if path.stem not in EPISODE_TABLES:
            for row in read(path):
                site.add(path.stem, **{k: typed(v, kinds[path.stem][k]) for k, v in row.items()})
    return site


def episode_statements() -> Iterator[str]:
    """Give the SQL that makes the hospital's own tables of episodes."""
    for table, columns in EPISODE_TABLES.items():
        definition = ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in columns.items())
        yield f"create table imaging.{table} ({definition})"
        for row in read(GOLDEN / "site" / f"{table}.csv"):
            cells = [
                "null" if not text else text if columns[name] is int else f"'{text}'"
                for name, text in row.items()
            ]
            yield f"insert into imaging.{table} values ({', '.join(cells)})"


# Its images and reports


def scan(
    number: int, day: str, *, thickness: str = "5", kvp: str = "120", **values: Any
) -> list[Dataset]:
    """Make a CT series whose header says no more than the figures do."""
    silent = (
        "Manufacturer SliceLocation Rows Columns PixelSpacing PixelData BitsAllocated"
        " BitsStored HighBit PixelRepresentation SamplesPerPixel PhotometricInterpretation"
        " FrameOfReferenceUID ImagePositionPatient ImageOrientationPatient"
    )
    defaults = {
        **dict.fromkeys(silent.split()),
        "StudyTime": "",
        "PatientID": "P1234",
        "PatientBirthDate": "19560101",
        "PatientSex": "M",
        "StudyDate": day,
        "SeriesDate": day,
        "SliceThickness": thickness,
        "KVP": kvp,
    }
    return make.images(number, 1, **{"study": number, **defaults, **values})


def nodule(lesion: int, size: int, texture: CodedConcept | None, image: Dataset) -> Any:
    """Make the group of a nodule: the left one by an algorithm, the right one by a person."""
    algorithm = hd.sr.AlgorithmIdentification("linear_learner", "2", manufacturer="jhu.ai")
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        make.tracking(lesion),
        finding_type=codes.SCT.Nodule,
        finding_sites=make.site(RIGHT_UPPER_LOBE if lesion == RIGHT else None),
        algorithm_id=algorithm if lesion == LEFT else None,
        source_images=make.from_image(image),
        measurements=[make.diameter(size)],
        qualitative_evaluations=[hd.sr.QualitativeEvaluation(TEXTURE, texture)] if texture else [],
    )


def report(number: int, images: list[Dataset], written: str, *found: Any) -> Dataset:
    """Make a report of nodules; sizes stand in it as in the figure: 8, not 8.0."""
    groups = [nodule(*one, images[0]) for one in found]
    made = make.report(number, images, *groups, written=written)
    for group in make.groups_of(made):
        for item in group.ContentSequence:
            if item.ValueType == "NUM":
                value = item.MeasuredValueSequence[0]
                value.NumericValue = str(int(value.NumericValue))
    return made


def visits(folder: Path) -> None:
    """Write what the seven visits left: the fourth and the sixth left no images."""
    january = scan(1, "20210112", BodyPartExamined="CHESTABDPELVIS")
    make.write(folder / "visit1", january)
    april = scan(2, "20210414")
    make.write(folder / "visit2", april)
    thorax = Dataset()
    thorax.CodeValue, thorax.CodingSchemeDesignator = "302551006", "SCT"
    thorax.CodeMeaning = "Entire thorax"
    uid = "1.2.3.1.4.1.14519.5.2.1.6279"
    october = scan(
        3,
        "20211014",
        thickness="1",
        kvp="150",
        study=f"{uid}.5630178",
        SeriesInstanceUID=f"{uid}.2063192",
        AnatomicRegionSequence=[thorax],
        BodyPartExamined=None,
    )
    make.write(folder / "lung_example", october)
    make.write(folder / "visit5", scan(5, "20211029"))
    last = scan(7, "20220414")
    make.write(folder / "visit7", last)
    make.write(
        folder / "reports",
        report(1, january, "20210112120000", (LEFT, 8, None)),
        report(2, april, "20210414120000", (LEFT, 8, SOLID), (RIGHT, 7, GROUND_GLASS)),
        # Figure 3: the algorithm ran in January.
        report(3, october, "20220103000000", (LEFT, 8, SOLID), (RIGHT, 12, PART_SOLID)),
        report(7, last, "20220414120000", (LEFT, 8, SOLID), (RIGHT, 7, GROUND_GLASS)),
    )


def others(folder: Path) -> None:
    """Write the CTs of persons who have what the phenotype wants, or lack one thing."""
    wanted: dict[str, Any] = {"thickness": "1", "kvp": "150", "PatientBirthDate": "19500101"}
    lacking: dict[int, dict[str, Any]] = {
        2001: {},
        2002: {"thickness": "2"},
        2003: {"kvp": "120"},
        2004: {},  # the cancer came before
        2005: {"BodyPartExamined": "BRAIN"},
        2006: {},  # no cancer
    }
    for person, values in lacking.items():
        said = {**wanted, **values, "PatientID": f"P{person}", "PatientSex": "F"}
        make.write(folder / str(person), scan(person, "20210505", **said))
    # One series is thin, another has the voltage.
    for number, kvp, thickness in ((20071, "150", "5"), (20072, "120", "1")):
        said = {**wanted, "kvp": kvp, "thickness": thickness, "PatientID": "P2007"}
        series = scan(number, "20210505", **{**said, "study": 2007, "PatientSex": "F"})
        make.write(folder / str(number), series)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stage the images and reports."""
    folder = tmp_path_factory.mktemp("golden")
    visits(folder / "archive")
    others(folder / "archive" / "others")
    stage(folder / "archive", out=folder / "raw")
    return folder / "raw"


@pytest.fixture(scope="module")
def duckdb_rows(raw: Path) -> Rows:
    """Build beside the hospital's CDM on DuckDB."""
    database = DuckDB(raw.parent / "micdm.duckdb", raw)
    into_duckdb(hospital(), database.path)
    database.execute(*episode_statements())
    database.build("build", "--exclude-resource-type", "unit_test", **EXTEND)
    return database.rows


@pytest.fixture(scope="module")
def postgres_rows(
    raw: Path, postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rows]:
    """Build beside the hospital's CDM on Postgres."""
    with fresh_database(postgres_server) as server:
        database = Postgres(server, tmp_path_factory.mktemp("target"), raw)
        into_postgres(hospital(), server.url, server.password)
        database.execute(*episode_statements())
        database.build(**EXTEND)
        yield database.rows


@pytest.fixture(params=["duckdb", "postgres"])
def rows(request: pytest.FixtureRequest) -> Rows:
    """Both databases in turn."""
    found: Rows = request.getfixturevalue(f"{request.param}_rows")
    return found


# Comparing

# What ids count, in the order in which a row of one table leads to that of another.
KINDS = {
    "image_occurrence": {"image_occurrence_id": "image"},
    "measurement": {"measurement_id": "measurement", "measurement_event_id": "image"},
    "image_feature": {
        "image_feature_id": "feature",
        "image_occurrence_id": "image",
        "image_feature_event_id": "measurement",
        "image_finding_id": "finding",
    },
    "observation": {},
    "condition_occurrence": {},
    "procedure_occurrence": {},
    "visit_occurrence": {},
    "episode": {"episode_id": "episode"},
    "episode_event": {"episode_id": "episode", "event_id": "event"},
    "finding_timeline": {
        "episode_id": "episode",
        "image_occurrence_id": "image",
        "image_finding_id": "finding",
        "image_feature_id": "feature",
    },
}
MEASUREMENT_FIELD = "1147138"
THE_SITE = "site"  # ids of the hospital, which are as printed


class Ids:
    """Which id of ours stands for which of the paper, one for one."""

    def __init__(self) -> None:
        self.ours: dict[tuple[str, str], int] = {}

    def fits(self, kind: str, printed: str, ours: int | None) -> bool:
        """Tell whether an id may stand for one that is printed."""
        if not printed or ours is None:
            return not printed and ours is None
        known = int(printed) if kind == THE_SITE else self.ours.get((kind, printed))
        if known is not None:
            return known == ours
        return ours not in {v for (k, _), v in self.ours.items() if k == kind}

    def learn(self, kind: str, printed: str, ours: int | None) -> None:
        """Keep that an id stands for another."""
        if printed and ours is not None:
            self.ours[kind, printed] = ours


def same(printed: str, ours: Any, concepts: dict[str, int], folder: str) -> bool:
    """Tell whether a cell is what is written in the CSV file."""
    if not printed or ours is None:
        return not printed and ours is None
    if isinstance(ours, float):
        return float(printed) == pytest.approx(ours, rel=1e-4)
    if isinstance(ours, int):
        return concepts.get(printed, None if ":" in printed else int(printed)) == ours
    return printed.replace("@", folder) == str(ours)


def kind_of(kind: str, row: dict[str, str]) -> str:
    """Return what an id counts: that of an event is told by its field."""
    if kind != "event":
        return kind
    is_measurement = row["episode_event_field_concept_id"] == MEASUREMENT_FIELD
    return "measurement" if is_measurement else THE_SITE


def columns_of(rows: Rows, table: str) -> list[str]:
    """Return the columns of a table in their order."""
    return [
        name
        for (name,) in rows(
            "select column_name from information_schema.columns"
            f" where table_schema = 'omop' and table_name = '{table}' order by ordinal_position"
        )
    ]


def test_figures_3_and_4(rows: Rows, raw: Path) -> None:
    concepts = {
        f"{vocabulary}:{code}": concept_id
        for concept_id, vocabulary, code in rows(
            "select concept_id, vocabulary_id, concept_code from omop.concept"
        )
    }
    folder = str(raw.parent / "archive")
    ids = Ids()
    for table, kinds in KINDS.items():
        columns = columns_of(rows, table)
        where = "person_id = 1234"
        if table == "episode_event":
            where = "episode_id in (select episode_id from omop.episode where person_id = 1234)"
        left = [
            dict(zip(columns, row, strict=True))
            for row in rows(f"select * from omop.{table} where {where}")
        ]
        written = read(GOLDEN / "expected" / f"{table}.csv")
        assert len(left) == len(written), table
        for printed in written:
            assert set(printed) <= set(columns)
            wrong = [
                {
                    name: (printed.get(name), value)
                    for name, value in ours.items()
                    if not (
                        ids.fits(kind_of(kinds[name], printed), printed[name], value)
                        if name in kinds
                        else same(printed.get(name, ""), value, concepts, folder)
                    )
                }
                for ours in left
            ]
            fitting = [ours for ours, cells in zip(left, wrong, strict=True) if not cells]
            assert len(fitting) == 1, (table, printed, fitting or min(wrong, key=len))
            for name, kind in kinds.items():
                ids.learn(kind_of(kind, printed), printed[name], fitting[0][name])
            left.remove(fitting[0])
    # The hospital's rows keep their ids.
    assert ids.ours["measurement", "15"] == 15
    assert ids.ours["measurement", "16"] == 16
    assert len(rows("select * from omop.episode_event")) == 37


def test_phenotype_of_the_paper(rows: Rows) -> None:
    """Chest CT of 1 mm slices and 150 kVp, and lung cancer later: nobody else."""
    assert rows(
        "select person_id, cast(image_occurrence_date as varchar), condition_occurrence_id"
        " from phenotypes.phenotype_lung_cancer_thin_chest_ct order by person_id"
    ) == [(1234, "2021-10-14", 50002), (2001, "2021-05-05", 50011)]


# The page about Figure 3's report


def printed_rows(table: str) -> list[list[str]]:
    """Return the cells of a printed table without its head."""
    return [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]


def shown(cell: Any) -> str:
    """Return a value as the page prints it."""
    return "" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def test_page_from_a_report_to_a_feature(rows: Rows) -> None:
    """Every query of the page gives the rows that stand below it."""
    blocks = re.findall(r"```sql\n(.*?)```\n\n```\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 4
    for query, table in blocks:
        found = rows(query.strip().rstrip(";"))
        assert [[shown(cell) for cell in row] for row in found] == printed_rows(table)


def test_tables_of_the_page_are_those_of_the_build(rows: Rows) -> None:
    """Each cell of the three upright tables begins with the value of its column."""
    text = PAGE.read_text("utf-8")
    keys = {"image_feature": (6, 5), "measurement": (1000000006, 1000000005)}
    keys["image_feature_detail"] = keys["image_feature"]
    for table, ids in keys.items():
        key = "measurement_id" if table == "measurement" else "image_feature_id"
        printed = text.partition(f"\n`{table}`")[2].partition(f"| {key} |")[2]
        body = printed.partition("\n|---|---|---|\n")[2].partition("\n\n")[0]
        for line in body.splitlines():
            name, *cells = (
                cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line.strip("|"))
            )
            for number, cell in zip(ids, cells, strict=True):
                ((value,),) = rows(f"select {name} from omop.{table} where {key} = {number}")
                if cell.startswith("the same"):
                    continue
                start = cell.replace("\\|", "|").removesuffix("...")
                assert start.startswith(shown(value)) or shown(value).startswith(start), name
