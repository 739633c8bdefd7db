"""Write the staged tables, and know what earlier runs have staged.

A part file is written under a hidden name, synced and renamed, so that readers see whole parts
only. The parts of one chunk are committed in the order of `SCHEMAS`: a crash may leave elements
without their instance (harmless: the file is read again) but never an instance without them.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from micdm.schema import SCHEMAS

Keys = np.ndarray[Any, np.dtype[np.uint64]]
Row = Sequence[object]

# Rejected for what may change without size or time of the file changing: tried again.
RETRIED = frozenset(
    {"permission_denied", "not_found", "dangling_link", "symlink_loop", "read_error"}
)
FILE_DELETED, ARCHIVE_CORRUPT = "file_deleted", "archive_corrupt"
SECONDS_A_PART_TAKES = 24 * 3600


class BusyError(Exception):
    """Another process is writing to the staged folder; the message is a sentence for the user."""


class CannotWriteError(Exception):
    """The staged tables can't be written: the disk is full, or its permissions changed."""


def file_id_of(
    uri: str, member: str | None, size: int | None, mtime_ns: int | None, list_id: str
) -> str:
    """Return the id of a file as it is now: another size, time or attribute list, another id."""
    parts = (uri, member or "", str(size or 0), str(mtime_ns or 0), list_id)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def key_of_id(file_id: str) -> int:
    """Return the first 8 bytes of an id, enough to look it up among 100 million."""
    return int(file_id[:16], 16)


def key_of_name(uri: str, member: str | None) -> int:
    """Return 8 bytes for where a file is, whatever its size and time."""
    name = f"{uri}\0{member or ''}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")


def contains(keys: Keys, wanted: Keys) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell for each wanted key whether it is among the sorted keys."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: np.ndarray[Any, np.dtype[np.bool_]] = keys[places] == wanted
    return found


def join_sorted(parts: list[Keys]) -> Keys:
    """Join keys into one sorted array, with no more copies in memory than it takes."""
    joined = np.concatenate(parts) if parts else np.empty(0, np.uint64)
    parts.clear()
    joined.sort()
    return joined


def make_folders(out: Path) -> None:
    """Make each table's folder with at least an empty part, so that globs match."""
    for table, schema in SCHEMAS.items():
        folder = out / table
        folder.mkdir(parents=True, exist_ok=True)
        if next(folder.glob("*.parquet"), None) is None:
            write_part(folder / "empty.parquet", schema.empty_table())
        for left_over in folder.glob(".*.tmp"):  # of a run that was killed, not one under way
            if time.time() - left_over.stat().st_mtime > SECONDS_A_PART_TAKES:
                left_over.unlink(missing_ok=True)


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold a staged folder alone, made when missing. The lock ends with the process.

    Raises
    ------
    BusyError
        When another process holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"Another `micdm` is writing to {out}: let it finish first.") from None
        except OSError:  # a file system without locks: runs keep apart by their ids
            pass
        yield


def write_part(target: Path, table: pa.Table) -> None:
    """Write a part so that it appears whole or not at all, and survives a power cut."""
    with open_part(target, table.schema) as writer:
        writer.write_table(table)


@contextmanager
def open_part(target: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Write a part piece by piece; it appears when all of it is written, and only then."""
    hidden = target.with_name(f".{target.name}.tmp")
    try:
        with hidden.open("wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                yield writer
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    hidden.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def to_table(schema: pa.Schema, rows: Sequence[Row]) -> pa.Table:
    """Turn row tuples into an Arrow table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, f.type) for column, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def commit(out: Path, part: str, rows: dict[str, list[Row]]) -> None:
    """Write the part files of one chunk, the instances last."""
    try:
        for table, schema in SCHEMAS.items():
            if rows.get(table):
                write_part(out / table / f"{part}.parquet", to_table(schema, rows[table]))
    except OSError as error:
        raise CannotWriteError(error.strerror or str(error)) from error


def to_moment(mtime_ns: int | None) -> dt.datetime | None:
    """Turn a modification time into UTC without zone, as Parquet and databases hold it."""
    if mtime_ns is None:
        return None
    try:
        epoch = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - UTC by contract
        return epoch + dt.timedelta(microseconds=mtime_ns // 1000)
    except OverflowError:
        return None


@dataclass(slots=True)
class Staged:
    """What earlier runs have staged, small enough for 100 million files.

    `known` holds the ids that need no reading again, `rejected` those of them that were rejected;
    `retried` the few that are tried again, with the reason they were rejected for. `broken` are
    archives that end in the middle: looked into again, or their members would pass for deleted.
    """

    known: Keys
    rejected: Keys
    retried: dict[str, str] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    broken: Keys = field(default_factory=lambda: np.empty(0, np.uint64))


def load_staged(out: Path) -> Staged:
    """Read the ids of earlier runs. A deleted file that came back counts as not staged."""
    marked: dict[str, str] = {}
    retried: dict[str, str] = {}
    broken: set[int] = set()
    for run_id, file_id, reason in _scan(out, "dicom_rejected", "reason_code"):
        retried.pop(file_id, None)  # parts are read in the order of runs: the last one counts
        if reason == FILE_DELETED:
            marked[file_id] = max(run_id, marked.get(file_id, ""))
        elif reason in RETRIED:
            retried[file_id] = reason
        elif reason == ARCHIVE_CORRUPT:
            broken.add(key_of_id(file_id))
    parts: list[Keys] = []
    rejected: Keys = np.empty(0, np.uint64)
    for table in ("dicom_rejected", "dicom_instance"):
        for batch in _batches(out, table, ["run_id", "file_id"]):
            ids = batch.column("file_id").to_pylist()
            if marked or retried:
                runs = batch.column("run_id").to_pylist()
                is_instance = table == "dicom_instance"
                ids = [
                    i
                    for i, run in zip(ids, runs, strict=True)
                    if run > marked.get(i, "") and (is_instance or i not in retried)
                ]
            parts.append(np.fromiter((key_of_id(i) for i in ids), np.uint64, len(ids)))
        if table == "dicom_rejected":
            rejected = join_sorted(list(parts))
    archives = np.fromiter(sorted(broken), np.uint64, len(broken))
    return Staged(join_sorted(parts), rejected, retried, marked, archives)


def deleted_rows(
    out: Path, run_id: str, seen: Keys, is_followed: Callable[[str], bool], marked: dict[str, str]
) -> Iterator[Row]:
    """Yield a marker row for each staged file that is followed and was not seen in this run."""
    done: set[str] = set()
    columns = ["run_id", "file_id", "uri", "container_member", "file_size", "file_mtime"]
    for table in ("dicom_instance", "dicom_rejected"):
        for batch in _batches(out, table, columns):
            rows = [r for r in batch.to_pylist() if r["uri"] and is_followed(r["uri"])]
            names = (key_of_name(r["uri"], r["container_member"]) for r in rows)
            is_seen = contains(seen, np.fromiter(names, np.uint64, len(rows)))
            for row, here in zip(rows, is_seen, strict=True):
                file_id = row["file_id"]
                gone = not here and row["run_id"] > marked.get(file_id, "")
                if gone and row["run_id"] != run_id and file_id not in done:
                    done.add(file_id)
                    where = (row["uri"], row["container_member"])
                    when = (row["file_size"], row["file_mtime"])
                    yield (run_id, file_id, *where, *when, FILE_DELETED, "the file is gone")


def _scan(out: Path, table: str, column: str) -> Iterator[tuple[str, str, str]]:
    for batch in _batches(out, table, ["run_id", "file_id", column]):
        yield from zip(*(batch.column(i).to_pylist() for i in range(3)), strict=True)


def _batches(out: Path, table: str, columns: list[str]) -> Iterable[pa.RecordBatch]:
    for part in sorted((out / table).glob("*.parquet")):
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches(columns=columns)
