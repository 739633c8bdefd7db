"""Load a vocabulary from Athena into Postgres by COPY.

DuckDB reads the files in place (dbt variable ``vocabulary_path``); Postgres needs them as tables.
A download is a whole: the tables are emptied and filled again in one transaction, so that nobody
sees half of it and a killed load leaves the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from micdm import load

CHUNK_BYTES = 1_048_576

# The tables that the models read, with the columns of CDM v5.4. Others of a download, such as
# DRUG_STRENGTH and CONCEPT_SYNONYM, say nothing about images.
TABLES: dict[str, dict[str, str]] = {
    "concept": {
        "concept_id": "integer",
        "concept_name": "text",
        "domain_id": "text",
        "vocabulary_id": "text",
        "concept_class_id": "text",
        "standard_concept": "text",
        "concept_code": "text",
        "valid_start_date": "date",
        "valid_end_date": "date",
        "invalid_reason": "text",
    },
    "concept_relationship": {
        "concept_id_1": "integer",
        "concept_id_2": "integer",
        "relationship_id": "text",
        "valid_start_date": "date",
        "valid_end_date": "date",
        "invalid_reason": "text",
    },
    "concept_ancestor": {
        "ancestor_concept_id": "integer",
        "descendant_concept_id": "integer",
        "min_levels_of_separation": "integer",
        "max_levels_of_separation": "integer",
    },
    "vocabulary": {
        "vocabulary_id": "text",
        "vocabulary_name": "text",
        "vocabulary_reference": "text",
        "vocabulary_version": "text",
        "vocabulary_concept_id": "integer",
    },
    "domain": {
        "domain_id": "text",
        "domain_name": "text",
        "domain_concept_id": "integer",
    },
    "concept_class": {
        "concept_class_id": "text",
        "concept_class_name": "text",
        "concept_class_concept_id": "integer",
    },
    "relationship": {
        "relationship_id": "text",
        "relationship_name": "text",
        "is_hierarchical": "text",
        "defines_ancestry": "text",
        "reverse_relationship_id": "text",
        "relationship_concept_id": "integer",
    },
}


@dataclass(frozen=True)
class VocabularyFile:
    """A file of a download: a table, and the columns in the order that it has them."""

    path: Path
    columns: list[str]


def load_vocabulary(
    folder: Path,
    url: str = "postgresql://",
    schema: str = "vocabulary",
    on_table: Callable[[str, int], None] | None = None,
) -> int:
    """Replace the vocabulary in `schema` by the files in `folder`.

    Parameters
    ----------
    folder : Path
        An unpacked download: ``CONCEPT.csv`` and the like (columns separated by tabs, no quotes,
        dates as YYYYMMDD), or Parquet files of the same names.
    url : str
        Where to; what it leaves out comes from the ``PG*`` environment variables.
    schema : str
        The schema that holds the tables; made when missing.
    on_table : callable, optional
        Told the table and its rows when it is filled.

    Returns
    -------
    int
        The number of rows loaded.

    Raises
    ------
    micdm.load.LoadError
        When there is no vocabulary, or the server says no.
    """
    files = find_files(folder)
    rows = 0
    with load.connected(url) as connection:
        load.take_turn(connection, schema)
        load.wait_for_build(connection)
        with connection.transaction():
            _make_tables(connection, schema)
            for table in TABLES:
                count = 0
                if table in files:
                    count = _fill(connection, sql.Identifier(schema, table), files[table])
                if on_table is not None:
                    on_table(table, count)
                rows += count
        for table in TABLES:
            # dbt builds next, and plans by these statistics.
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table)))
    return rows


def find_files(folder: Path) -> dict[str, VocabularyFile]:
    """Find the file of each table; upper or lower case, Parquet before CSV."""
    names = {path.name.lower(): path for path in folder.glob("*") if path.is_file()}
    files = {}
    for table, columns in TABLES.items():
        path = names.get(f"{table}.parquet") or names.get(f"{table}.csv")
        if path is None:
            continue
        found = _columns(path)
        missing = sorted(set(columns) - set(found))
        if missing:
            raise load.LoadError(f"{path} has no column {', '.join(missing)}.")
        unknown = sorted(set(found) - set(columns))
        if unknown:
            raise load.LoadError(
                f"{path} has columns that are not the CDM's: {', '.join(unknown)}."
            )
        files[table] = VocabularyFile(path, found)
    if "concept" not in files:
        raise load.LoadError(f"There is no CONCEPT.csv or CONCEPT.parquet in {folder}.")
    return files


def _columns(path: Path) -> list[str]:
    if path.suffix.lower() == ".parquet":
        try:
            names: list[str] = pq.read_schema(path).names
        except (OSError, pa.ArrowException) as error:
            raise load.LoadError(f"{path} can't be read as Parquet ({error}).") from error
    else:
        try:
            with path.open(encoding="utf-8-sig") as lines:
                names = lines.readline().rstrip("\r\n").split("\t")
        except (OSError, UnicodeDecodeError) as error:
            raise load.LoadError(f"{path} can't be read as text ({error}).") from error
    return [name.strip().lower() for name in names]


def _make_tables(connection: psycopg.Connection, schema: str) -> None:
    """Create what is missing and empty all; none is dropped, since views of dbt read them."""
    connection.execute("set local client_min_messages = warning")
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for table, columns in TABLES.items():
        target = sql.Identifier(schema, table)
        definition = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in columns.items()
        )
        connection.execute(sql.SQL("create table if not exists {} ({})").format(target, definition))
        connection.execute(sql.SQL("truncate {}").format(target))


def _fill(connection: psycopg.Connection, target: sql.Identifier, file: VocabularyFile) -> int:
    columns = sql.SQL(", ").join(map(sql.Identifier, file.columns))
    if file.path.suffix.lower() == ".parquet":
        # Parquet keeps '' and NULL apart; here both mean nothing.
        options: sql.Composable = sql.SQL("format csv, force_null ({})").format(columns)
        chunks = _parquet_chunks(file.path)
    else:
        # A quote character that no text has: a quote in a name is one of its letters.
        options = sql.SQL("format csv, delimiter E'\\t', quote E'\\b', header")
        chunks = _text_chunks(file.path)
    copy_in = sql.SQL("copy {} ({}) from stdin ({})").format(target, columns, options)
    with connection.cursor() as cursor:
        with cursor.copy(copy_in) as copy:
            for chunk in chunks:
                copy.write(chunk)
        return cursor.rowcount


def _text_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _parquet_chunks(path: Path) -> Iterator[bytes]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(load.BATCH_ROWS):
            yield load.csv_rows(batch)
