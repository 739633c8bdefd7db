"""Read files of algorithm results, row by row: CSV, JSON lines, Parquet.

A file is read piece by piece, whatever its size. CSV and JSON lines are read with the standard
library: a row that can't be read must be known by its number, and must not hide the next.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from micdm.result_rows import COLUMNS, REQUIRED
from micdm.sources import show_path

BATCH_ROWS = 10_000
LONGEST_LINE = 1_000_000

Row = dict[str, object]
# The number of a row, and the row; None for one that can't be read.
Numbered = tuple[int, Row | None]


class WrongFileError(Exception):
    """The file is no file of results; the message is a sentence, and quotes nothing from it."""


def rows_of(path: Path) -> Iterator[Numbered]:
    """Yield the rows of a file, numbered from 1.

    Raises
    ------
    WrongFileError
        When it is of no known kind, lacks columns or can't be read to its end.
    """
    name = path.name.lower()
    suffix = Path(name.removesuffix(".gz")).suffix
    read = READERS.get(suffix)
    if read is None or (suffix == ".parquet" and name.endswith(".gz")):
        known = ", ".join(READERS)
        raise WrongFileError(f"{show_path(str(path))} is not named as one of {known}.")
    if not path.is_file():
        raise WrongFileError(f"There is no file {show_path(str(path))}.")
    try:
        yield from read(path)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        # Arrow's messages may quote the file.
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise WrongFileError(f"{show_path(str(path))} can't be read: {why}.") from None


def _check_columns(path: Path, names: Sequence[str]) -> None:
    """Refuse a wrong header. Unknown names are not quoted: a file without header begins with data.

    A column that nobody knows is no reason to go on without it: it may be a misspelt one.
    """
    shown = show_path(str(path))
    missing = [name for name in REQUIRED if name not in names]
    if "value_number" not in names and not {"value_scheme", "value_code"} <= set(names):
        missing.append("value_number or value_scheme and value_code")
    if missing:
        raise WrongFileError(f"{shown} lacks columns: {', '.join(missing)}.")
    unknown = [str(n) for n, name in enumerate(names, 1) if name not in COLUMNS]
    if unknown:
        raise WrongFileError(f"{shown} has columns of unknown name: number {', '.join(unknown)}.")
    if len(set(names)) < len(names):
        raise WrongFileError(f"{shown} has a column twice.")


@contextmanager
def _text_of(path: Path) -> Iterator[TextIO]:
    """Open a text file; bytes that are not UTF-8 spoil the value they are in, not the file."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        yield stream


def _lines(path: Path, stream: TextIO) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise WrongFileError(
                f"{show_path(str(path))} has a line of more than {LONGEST_LINE:,} characters."
            )
        yield line


def _csv_rows(path: Path) -> Iterator[Numbered]:
    number = 0
    with _text_of(path) as stream:
        lines = csv.reader(_lines(path, stream), strict=True)
        try:
            header = [name.strip() for name in next(lines, [])]
            _check_columns(path, header)
            for cells in lines:
                if cells:
                    number += 1
                    fits = len(cells) == len(header)
                    yield number, dict(zip(header, cells, strict=True)) if fits else None
        except csv.Error:
            raise WrongFileError(
                f"{show_path(str(path))} can't be read as CSV: quotes after row {number} are wrong."
            ) from None


def _json_rows(path: Path) -> Iterator[Numbered]:
    with _text_of(path) as stream:
        for number, line in enumerate(_lines(path, stream), 1):
            if line.strip():
                yield number, _json_row(line)


def _json_row(line: str) -> Row | None:
    try:
        row = json.loads(line, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _object(pairs: list[tuple[str, object]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a name twice")
    return row


def _parquet_rows(path: Path) -> Iterator[Numbered]:
    number = 0
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        _check_columns(path, names)
        for batch in file.iter_batches(BATCH_ROWS):
            columns = [_values(column) for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(names, cells, strict=True))


def _values(column: pa.Array) -> list[object]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        # Python's moments end at the microsecond.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        found = column.cast(pa.large_binary()).to_pylist()
        return [v if v is None else v.decode("utf-8", "surrogateescape") for v in found]
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_value(scalar) for scalar in column]
    except LookupError:  # a time zone that this machine does not know
        return _values(column.cast(pa.timestamp("us", "UTC")))
    return values


def _value(scalar: pa.Scalar) -> object:
    try:
        value: object = scalar.as_py()
    except (ValueError, OverflowError):
        return b""  # of a type that no column takes
    return value


READERS: dict[str, Callable[[Path], Iterator[Numbered]]] = {
    ".csv": _csv_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".parquet": _parquet_rows,
}
