"""A short report on a built DuckDB file: what came out, what was left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import duckdb

WIDTH = 100
FIRST_ROWS = 10
FIRST_PARAMETERS = 16


class ReportError(Exception):
    """There is nothing to report on; the message is a sentence for the user."""


@dataclass(frozen=True)
class Section:
    """A table of the report: the tables it reads, and the query that makes it."""

    title: str
    needs: tuple[str, ...]
    query: str


SECTIONS = (
    Section(
        "image_occurrence: a row a series",
        ("omop.image_occurrence", "omop.image_occurrence_detail", "omop.concept"),
        f"""
        select
            image.image_occurrence_id as id,
            image.person_id as person,
            image.image_occurrence_date as date,
            modality.concept_name as modality,
            site.concept_name as anatomic_site,
            detail.instance_count as files
        from omop.image_occurrence as image
        left join omop.image_occurrence_detail as detail using (image_occurrence_id)
        left join omop.concept as modality
            on image.modality_concept_id = modality.concept_id
        left join omop.concept as site
            on image.anatomic_site_concept_id = site.concept_id
        order by image.image_occurrence_id
        limit {FIRST_ROWS}
        """,
    ),
    Section(
        "image_feature and measurement: a row each a parameter, here of the series with most",
        ("omop.image_feature", "omop.measurement", "omop.concept"),
        f"""
        with richest as (
            select image_occurrence_id
            from omop.image_feature
            group by image_occurrence_id
            order by count(*) desc, image_occurrence_id
            limit 1
        )
        select
            feature.image_feature_id as id,
            feature.image_occurrence_id as image,
            concept.concept_name as feature,
            measurement.measurement_id as measurement,
            coalesce(
                regexp_replace(cast(measurement.value_as_number as varchar), '[.]0$', ''),
                case
                    when measurement.value_as_concept_id <> 0 then value.concept_name
                end,
                measurement.value_source_value
            ) as value,
            measurement.unit_source_value as unit
        from omop.image_feature as feature
        inner join richest using (image_occurrence_id)
        left join omop.concept as event
            on feature.image_feature_event_field_concept_id = event.concept_id
        left join omop.measurement as measurement
            on feature.image_feature_event_id = measurement.measurement_id
            and event.concept_name = 'measurement'
        left join omop.concept as concept
            on feature.image_feature_concept_id = concept.concept_id
        left join omop.concept as value
            on measurement.value_as_concept_id = value.concept_id
        order by feature.image_feature_id
        limit {FIRST_PARAMETERS}
        """,
    ),
    Section(
        "Features: where they are from",
        ("omop.image_feature", "omop.image_feature_detail"),
        """
        select
            detail.origin,
            count(*) as features,
            count(distinct feature.image_occurrence_id) as series,
            count(distinct feature.image_finding_id) as findings,
            count(feature.alg_system) as by_algorithm
        from omop.image_feature as feature
        inner join omop.image_feature_detail as detail using (image_feature_id)
        group by all
        order by features desc, origin
        """,
    ),
    Section(
        "Structured reports: what became of their numbers and codes",
        ("quality.report_template",),
        f"""
        select
            coalesce(title_meaning, title_code, '(no title)') as title,
            report_count as reports,
            number_count as numbers,
            code_count as codes,
            feature_count as features,
            context_count as context,
            without_rule_count as without_rule
        from quality.report_template
        order by without_rule desc, reports desc, title, template_id
        limit {FIRST_ROWS}
        """,
    ),
    Section(
        "Lesions followed over time",
        ("omop.finding_timeline",),
        """
        select
            status,
            count(distinct episode_id) as lesions,
            count(distinct person_id) as persons,
            count(distinct image_study_uid) as studies
        from omop.finding_timeline
        group by status
        order by list_position(['baseline', 'new', 'followed', 'not_reported'], status)
        """,
    ),
    Section(
        "Modalities",
        ("omop.image_occurrence", "omop.image_occurrence_detail", "omop.concept"),
        """
        select
            detail.modality,
            concept.concept_name as concept,
            count(*) as series,
            sum(detail.instance_count) as files,
            count(distinct image.person_id) as persons
        from omop.image_occurrence as image
        inner join omop.image_occurrence_detail as detail using (image_occurrence_id)
        left join omop.concept as concept
            on image.modality_concept_id = concept.concept_id
        group by all
        order by series desc, modality
        """,
    ),
    Section(
        "Anatomic sites: how the series got theirs",
        ("omop.image_occurrence_detail",),
        """
        select
            anatomic_site_status as status,
            anatomic_site_source as taken_from,
            count(*) as series,
            count(distinct anatomic_site_source_value) as distinct_values
        from omop.image_occurrence_detail
        group by all
        order by series desc, status, taken_from
        """,
    ),
    Section(
        "Left out, and why",
        ("quality.quarantine",),
        """
        select grain, reason_code as reason, severity, count(*) as count
        from quality.quarantine
        group by all
        order by
            list_position(['error', 'warning', 'info'], any_value(severity)),
            count desc, grain, reason
        """,
    ),
    Section(
        "From file to row: nothing is lost unnoticed",
        ("quality.attrition",),
        """
        select stage, grain, rows_in, rows_out, rows_quarantined
        from quality.attrition
        order by stage_order
        """,
    ),
)


def report(database: Path, console: Console | None = None) -> None:
    """Print the report on `database`, which is only read.

    Parameters
    ----------
    database : Path
        A DuckDB file that ``dbt build`` made.
    console : Console, optional
        Where to; by default standard output, plain when that is not a terminal.

    Raises
    ------
    ReportError
        When the file is missing, is no database, or is in use.
    """
    if console is None:
        console = Console(highlight=False)
        console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    connection = _open(database)
    try:
        counts = _row_counts(connection)
        if not counts:
            raise ReportError(f"{database} holds no CDM tables yet: run `dbt build` first.")
        _print_table(console, "Rows", ["schema", "table", "rows"], counts)
        built = {f"{schema}.{table}" for schema, table, _ in counts}
        for section in SECTIONS:
            missing = sorted(set(section.needs) - built)
            if missing:
                console.print(Text(f"{section.title}: no table {', '.join(missing)} yet.\n"))
                continue
            result = connection.execute(section.query)
            names = [column[0] for column in result.description or []]
            _print_table(console, section.title, names, result.fetchall())
    finally:
        connection.close()


def _open(database: Path) -> duckdb.DuckDBPyConnection:
    try:
        import duckdb
    except ImportError:
        raise ReportError("The report needs DuckDB: install micdm with its `dbt` extra.") from None
    if not database.is_file():
        raise ReportError(f"There is no file {database}: run `dbt build` first.")
    try:
        return duckdb.connect(str(database), read_only=True)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise ReportError(f"{database} can't be opened ({reason}).") from error


def _row_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Count every table of the two schemas that users read."""
    tables = connection.execute(
        """
        select schema_name, table_name from duckdb_tables()
        where schema_name in ('omop', 'quality') and not internal
        order by schema_name, table_name
        """
    ).fetchall()
    return [(schema, table, _count(connection, schema, table)) for schema, table in tables]


def _count(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in (schema, table))
    row = connection.execute(f"select count(*) from {quoted}").fetchone()
    return int(row[0]) if row else 0


def _print_table(
    console: Console, title: str, names: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    console.print(Text(title, style="bold"))
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for index, name in enumerate(names):
        is_number = bool(rows) and all(isinstance(row[index], int | None) for row in rows)
        table.add_column(
            Text(name),
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)
    if not rows:
        console.print(Text("(no rows)"))
    console.print()


def _cell(value: object) -> Text:
    """Show a value as it is; a control character in a header must not reach the terminal."""
    text = "" if value is None else str(value)
    return Text("".join(c if c.isprintable() else "?" for c in text))
