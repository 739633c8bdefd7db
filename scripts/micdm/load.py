"""Load the staged Parquet files into Postgres by COPY, each part file once.

DuckDB reads the staged files in place; Postgres needs them as tables. A part file is written once
and then never changes, but for the one line of a run in ``extract_run``. So each part is loaded in
one transaction with its line in ``loaded_part``: a killed load leaves whole parts only, and
the next one goes on. A run whose part changed or vanished is deleted and loaded again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg import sql

from micdm.schema import SCHEMAS

BATCH_ROWS = 65_536
FOOTER_BYTES = 65_536
CONNECT_SECONDS = 20
TURN_SECONDS = 3
QUIET_SECONDS = 10  # as in macros/turn/take_turn.sql

# What the staged columns are in Postgres. Times are UTC or local as the file has them: no zone.
POSTGRES_TYPES: dict[pa.DataType, str] = {
    pa.string(): "text",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}

LOADED_PART = sql.SQL(
    """
    create table if not exists {schema}.loaded_part (
        table_name text not null,
        part_name text not null,
        run_id text,
        rows bigint not null,
        fingerprint text not null,
        loaded_at timestamptz not null default now(),
        primary key (table_name, part_name)
    )
    """
)


class LoadError(Exception):
    """The load can't be done; the message is a sentence for the user."""


@dataclass
class LoadSummary:
    """What one load did."""

    parts: int = 0
    rows: int = 0
    unchanged: int = 0
    deleted_rows: int = 0


@dataclass(frozen=True)
class Part:
    """A staged file, and what tells whether it is the one already loaded."""

    path: Path
    fingerprint: str


@dataclass(frozen=True)
class LoadedPart:
    """A line of ``loaded_part``."""

    fingerprint: str
    run_id: str | None


def load(
    raw: Path,
    url: str = "postgresql://",
    schema: str = "raw_dicom",
    on_part: Callable[[str, str, int], None] | None = None,
) -> LoadSummary:
    """Bring `schema` in line with the staged files under `raw`.

    Parameters
    ----------
    raw : Path
        The folder that ``micdm stage`` wrote: one folder a table.
    url : str
        Where to; what it leaves out comes from the ``PG*`` environment variables.
    schema : str
        The schema that holds the staged tables; made when missing.
    on_part : callable, optional
        Told the table, the part and its rows as each is committed.

    Raises
    ------
    LoadError
        When there is nothing to load, or the server says no.
    """
    parts = {table: staged_parts(raw / table) for table in SCHEMAS}
    if not any(parts.values()):
        # Also guards a loaded database against a mistyped folder.
        raise LoadError(f"There are no staged files under {raw}: run `micdm stage` first.")
    summary = LoadSummary()
    with connected(url) as connection:
        take_turn(connection, schema)
        wait_for_build(connection)
        _make_tables(connection, schema)
        for table in SCHEMAS:
            _load_table(connection, schema, table, parts[table], summary, on_part)
    return summary


def staged_parts(folder: Path) -> dict[str, Part]:
    """List the part files of a table, in the order that they were written."""
    return {
        path.name: Part(path, _fingerprint(path))
        for path in sorted(folder.glob("*.parquet"))
        if not path.name.startswith(".")
    }


def _fingerprint(path: Path) -> str:
    """Digest the size and the end of a file: all of a small one, a large one's Parquet footer.

    The footer holds row counts, offsets and statistics of every column chunk. A modification
    time would not do: a copied folder is the same data.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - FOOTER_BYTES))
        return hashlib.blake2b(b"%d " % size + stream.read(), digest_size=16).hexdigest()


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """Connect, and turn the server's errors into a sentence that holds no password."""
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # The parser's message quotes the address, and so maybe the password.
        raise LoadError("That is not an address like postgresql://user@host:5432/db.") from None
    try:
        timeout = int(given.get("connect_timeout") or CONNECT_SECONDS)
        with psycopg.connect(
            url, application_name="micdm load", autocommit=True, connect_timeout=timeout
        ) as connection:
            yield connection
    except psycopg.Error as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        password = given.get("password")
        if password:
            text = text.replace(str(password), "***")
        raise LoadError(f"Postgres says: {text}") from None
    except (OSError, pa.ArrowException) as error:
        # Arrow's messages may quote the file.
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise LoadError(f"A file to load can't be read: {why}.") from None


def take_turn(connection: psycopg.Connection, schema: str) -> None:
    """Two loads at once would load the same parts twice; the lock ends with the connection.

    That of a load that was killed ends when Postgres notices, so this tries for a while.
    """
    until = time.monotonic() + TURN_SECONDS
    while True:
        row = connection.execute(
            "select pg_try_advisory_lock(hashtext('micdm load'), hashtext(%s))", [schema]
        ).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > until:
            raise LoadError(
                f"Another `micdm load` is writing to schema {schema}: let it finish first."
            )
        time.sleep(0.05)


def wait_for_build(connection: psycopg.Connection) -> None:
    """Stop while dbt builds, which would read some tables before and some after the load.

    A build has a row in ``running_build`` and, with each model, a lock (macros/turn). A row alone,
    for some seconds, is that of a build that was killed.
    """
    until = time.monotonic() + QUIET_SECONDS
    while _builds(connection) and time.monotonic() < until:
        row = connection.execute(
            """
            select exists (
                select from pg_locks join pg_database on pg_database.oid = database
                where datname = current_database() and locktype = 'advisory' and objsubid = 2
                    and classid::bigint = hashtext('micdm build')::bigint & 4294967295
            )
            """
        ).fetchone()
        if row is not None and row[0]:
            raise LoadError("A dbt build is at work in this database: let it finish first.")
        time.sleep(0.05)


def _builds(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        """
        select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relname = 'running_build' and has_schema_privilege(pg_namespace.oid, 'usage')
            and has_table_privilege(pg_class.oid, 'select')
        """
    ).fetchall()
    query = sql.SQL("select 1 from {} limit 1")
    return any(
        connection.execute(query.format(sql.Identifier(name, "running_build"))).fetchone()
        for (name,) in found
    )


def _make_tables(connection: psycopg.Connection, schema: str) -> None:
    """Create what is missing; a table of an earlier version gets its new columns."""
    name = sql.Identifier(schema)
    with connection.transaction():
        connection.execute("set local client_min_messages = warning")
        connection.execute(sql.SQL("create schema if not exists {}").format(name))
        connection.execute(LOADED_PART.format(schema=name))
        for table, fields in SCHEMAS.items():
            target = sql.Identifier(schema, table)
            connection.execute(sql.SQL("create table if not exists {} ()").format(target))
            columns = sql.SQL(", ").join(
                sql.SQL("add column if not exists {} {}").format(
                    sql.Identifier(field.name), sql.SQL(POSTGRES_TYPES[field.type])
                )
                for field in fields
            )
            connection.execute(sql.SQL("alter table {} {}").format(target, columns))


def _load_table(
    connection: psycopg.Connection,
    schema: str,
    table: str,
    parts: dict[str, Part],
    summary: LoadSummary,
    on_part: Callable[[str, str, int], None] | None,
) -> None:
    loaded = _loaded_parts(connection, schema, table)
    stale = {
        old.run_id
        for name, old in loaded.items()
        if name not in parts or parts[name].fingerprint != old.fingerprint
    }
    for run_id in stale:
        summary.deleted_rows += _delete_run(connection, schema, table, run_id)
    current = {name for name, old in loaded.items() if old.run_id not in stale}
    summary.unchanged += len(current)
    written = [(name, part) for name, part in parts.items() if name not in current]
    for name, part in written:
        rows = _load_part(connection, schema, table, part)
        summary.parts += 1
        summary.rows += rows
        if on_part is not None:
            on_part(table, name, rows)
    if stale or written:
        # dbt builds next, and plans by these statistics.
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table)))


def _loaded_parts(connection: psycopg.Connection, schema: str, table: str) -> dict[str, LoadedPart]:
    query = sql.SQL("select part_name, fingerprint, run_id from {} where table_name = %s")
    rows = connection.execute(query.format(sql.Identifier(schema, "loaded_part")), [table])
    return {name: LoadedPart(fingerprint, run_id) for name, fingerprint, run_id in rows}


def _delete_run(connection: psycopg.Connection, schema: str, table: str, run_id: str | None) -> int:
    with connection.transaction():
        deleted = connection.execute(
            sql.SQL("delete from {} where run_id = %s").format(sql.Identifier(schema, table)),
            [run_id],
        )
        connection.execute(
            sql.SQL(
                "delete from {} where table_name = %s and run_id is not distinct from %s"
            ).format(sql.Identifier(schema, "loaded_part")),
            [table, run_id],
        )
        return deleted.rowcount


def _load_part(connection: psycopg.Connection, schema: str, table: str, part: Part) -> int:
    """COPY one part and note it, in one transaction."""
    try:
        file = pq.ParquetFile(part.path)
    except (OSError, pa.ArrowException) as error:
        raise LoadError(f"{part.path} can't be read as Parquet ({error}).") from error
    with file:
        names = file.schema_arrow.names
        unknown = sorted(set(names) - set(SCHEMAS[table].names))
        if unknown:
            raise LoadError(
                f"{part.path} has columns that this micdm does not know ({', '.join(unknown)}): "
                "it was staged by a newer one."
            )
        copy_in = sql.SQL("copy {} ({}) from stdin (format csv)").format(
            sql.Identifier(schema, table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        run_id = None
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(copy_in) as copy:
                for batch in file.iter_batches(BATCH_ROWS):
                    run_id = run_id or batch.column("run_id")[0].as_py()
                    copy.write(csv_rows(batch))
            cursor.execute(
                sql.SQL(
                    "insert into {} (table_name, part_name, run_id, rows, fingerprint) "
                    "values (%s, %s, %s, %s, %s)"
                ).format(sql.Identifier(schema, "loaded_part")),
                [table, part.path.name, run_id, file.metadata.num_rows, part.fingerprint],
            )
        rows: int = file.metadata.num_rows
        return rows


def csv_rows(batch: pa.RecordBatch) -> bytes:
    """Write rows as Postgres reads them: every text quoted, so '' is text and nothing is NULL."""
    sink = pa.BufferOutputStream()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(batch, sink, options)
    data: bytes = sink.getvalue().to_pybytes()
    return data
