"""How the time to link series to visits and procedures grows with their number.

``python benchmarks/link.py``. A small hospital is built once; then series, visits and procedures
are replaced by many, in three sizes, and the linking models are run on each. Seconds differ from
machine to machine; that eight times the rows take at most eight times as long does not. The last
size has one patient with thousands of visits and series, who must not make it quadratic.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))

from pipeline import ROWS_ONLY, DuckDB, stage
from site_cdm import SCHEMA, into_duckdb, random_site

MODELS = ("int_series_visit", "int_site_procedure", "int_series_procedure_candidate")
EXTEND = {"cdm_mode": "extend", "site_cdm_schema": SCHEMA}
SITES = "[4184181, 4213162, 37303869, null]"  # chest, lung, abdomen, not known
CODES = "[900001, 900002, 900003, 900005, 900006]"


def fill(path: Path, persons: int, *, heavy: int = 0) -> None:
    """Replace what the linking models read: 10 visits, 5 procedures and 2 series a person.

    `heavy` gives the first person so many more visits, and a quarter as many more series.
    """
    day = "date '2020-01-01' + cast(hash(i, '{}') % 1000 as integer)"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            create or replace temp table visit as
            select i as visit_id, if(i > {persons * 10}, 1, i % {persons} + 1) as person_id,
                {day.format("visit")} as day, cast(hash(i, 'length') % 5 as integer) as length
            from range(1, {persons * 10 + heavy} + 1) as made(i);
            create or replace temp table series as
            select i, if(i > {persons * 2}, 1, i % {persons} + 1) as person_id,
                {day.format("series")} as day,
                ['CT', 'CT', 'MR'][cast(hash(i, 'modality') % 3 as integer) + 1] as modality,
                {SITES}[cast(hash(i, 'site') % 4 as integer) + 1] as site_concept_id
            from range(1, {persons * 2 + heavy // 4} + 1) as made(i);
            delete from {SCHEMA}.visit_occurrence;
            insert into {SCHEMA}.visit_occurrence by name
            select visit_id as visit_occurrence_id, person_id, 9201 as visit_concept_id,
                day as visit_start_date, day + length as visit_end_date,
                32817 as visit_type_concept_id
            from visit;
            delete from {SCHEMA}.procedure_occurrence;
            insert into {SCHEMA}.procedure_occurrence by name
            select visit_id as procedure_occurrence_id, person_id, day as procedure_date,
                {CODES}[cast(hash(visit_id, 'code') % 5 as integer) + 1] as procedure_concept_id
            from visit where visit_id % 2 = 0;
            """
        )
        for table, columns in {
            "int_series_candidate": "day as image_date, day + interval '10' hour as image_datetime",
            "int_series_person": "person_id",
            "int_series_content": "cast(null as varchar) as accession_number",
            "int_series": "person_id, day as image_date, modality, null as reason_code",
            "int_series_anatomy": "'mapped' as anatomic_site_status,"
            " site_concept_id as anatomic_site_concept_id",
        }.items():
            connection.execute(
                f"create or replace table micdm_intermediate.{table} as"
                f" select 'series ' || i as series_instance_uid, {columns} from series"
            )


def seconds(database: DuckDB) -> dict[str, float]:
    """Run the linking models and return the time of each."""
    # int_series_procedure_candidate reads int_image_series, a view that would miss columns.
    database.build("run", "--select", "int_image_series", *MODELS, **EXTEND)
    results = database.path.with_suffix(".target") / "run_results.json"
    return {
        result["unique_id"].rpartition(".")[2]: result["execution_time"]
        for result in json.loads(results.read_text(encoding="utf-8"))["results"]
    }


def main() -> None:
    """Print the seconds of each size, and ratios to the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = random_site(20)
        stage(site.write_dicom(folder / "dicom"), out=folder / "raw")
        database = DuckDB(folder / "micdm.duckdb", folder / "raw")
        into_duckdb(site, database.path)
        database.build(*ROWS_ONLY, "--select", "+int_series_procedure_candidate", **EXTEND)
        sizes = {
            "20,000 persons, 200,000 visits, 40,000 series": (20_000, 0),
            "160,000 persons, 1,600,000 visits, 320,000 series": (160_000, 0),
            "the same, and one person with 20,000 visits, 5,000 series": (160_000, 20_000),
        }
        first: dict[str, float] = {}
        for title, (persons, heavy) in sizes.items():
            fill(database.path, persons, heavy=heavy)
            found = seconds(database)
            first = first or found
            print(title)
            for model in MODELS:
                ratio = found[model] / first[model]
                print(f"  {model:<34} {found[model]:7.2f} s   x {ratio:.1f}")
            ((visits, procedures),) = database.rows(
                "select (select count(*) from micdm_intermediate.int_series_visit),"
                " (select count(*) from micdm_intermediate.int_series_procedure_candidate)"
            )
            print(f"  {visits:,} series with a visit, {procedures:,} links to procedures")


if __name__ == "__main__":
    main()
