"""Load what algorithms found in images into the staged tables.

The files of one command are loaded together or not at all; a bad row is set aside with a reason,
and the others are loaded. Which of several loads counts is for dbt to say.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from micdm import __version__, run, staging
from micdm.pseudonyms import PseudonymError, Pseudonyms, claim, read_key, shown_path
from micdm.result_files import BATCH_ROWS, WrongFileError, rows_of
from micdm.result_rows import BadRowError, check_row
from micdm.schema import SCHEMAS

# In the order they are committed: a load is told of when its rows are there.
TABLES = ("algorithm_result_rejected", "algorithm_result", "algorithm_result_load")


class CannotLoadError(Exception):
    """Nothing was loaded; the message is one sentence for the user."""


@dataclass(slots=True)
class Summary:
    """The account of a load."""

    run_id: str
    files: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    started_at: dt.datetime = field(default_factory=run.utc_now)


def load_results(files: Sequence[Path], out: Path, *, pseudonyms: bool = False) -> Summary:
    """Check the rows of the files and stage the good ones; the bad ones with a reason.

    Raises
    ------
    CannotLoadError
        When a file is no file of results, or the staged tables can't be written.
    """
    summary = Summary(run.new_run_id())
    try:
        made = Pseudonyms(read_key()) if pseudonyms else None
        with ExitStack() as stack:
            stack.enter_context(staging.locked(out))
            staging.make_folders(out)
            claim(out, made)
            # Committed in reverse.
            writers = {
                table: stack.enter_context(
                    staging.open_part(out / table / f"{summary.run_id}.parquet", SCHEMAS[table])
                )
                for table in reversed(TABLES)
            }
            for path in files:
                _load_file(path, writers, summary, made)
    except (WrongFileError, PseudonymError, staging.BusyError) as error:
        raise CannotLoadError(str(error)) from None
    except OSError as error:
        raise CannotLoadError(f"Can't write to {out}: {error.strerror or error}.") from None
    return summary


def _load_file(
    path: Path,
    writers: dict[str, pq.ParquetWriter],
    summary: Summary,
    pseudonyms: Pseudonyms | None,
) -> None:
    summary.files += 1
    accepted, rejected = 0, Counter[str]()
    rows = rows_of(path)
    while chunk := list(itertools.islice(rows, BATCH_ROWS)):
        good: list[dict[str, object]] = []
        bad: list[dict[str, object]] = []
        for number, row in chunk:
            key = {
                "run_id": summary.run_id,
                "file_number": summary.files,
                "result_row": number,
            }
            try:
                if row is None:
                    raise BadRowError("row_unreadable")
                good.append(key | check_row(row))
            except BadRowError as error:
                rejected[error.reason] += 1
                bad.append(key | {"column_name": error.column, "reason_code": error.reason})
        accepted += len(good)
        _write(writers, "algorithm_result", good, pseudonyms)
        _write(writers, "algorithm_result_rejected", bad, pseudonyms)
    digest, size = _digest(path)
    load = {
        "run_id": summary.run_id,
        "file_number": summary.files,
        "uri": shown_path(str(path.absolute()), pseudonyms),
        "file_size": size,
        "file_digest": digest,
        "micdm_version": __version__,
        "loaded_at": run.utc_now(),
        "result_rows": accepted + rejected.total(),
        "accepted": accepted,
        "rejected": rejected.total(),
    }
    _write(writers, "algorithm_result_load", [load], pseudonyms)
    summary.accepted += accepted
    summary.rejected += rejected


def _write(
    writers: dict[str, pq.ParquetWriter],
    table: str,
    rows: list[dict[str, object]],
    pseudonyms: Pseudonyms | None,
) -> None:
    names = SCHEMAS[table].names
    if pseudonyms is not None:
        whole = ([row[name] for name in names] for row in rows)
        rows = [dict(zip(names, pseudonyms.row(table, r)[0], strict=True)) for r in whole]
    if rows:
        writers[table].write_table(pa.Table.from_pylist(rows, SCHEMAS[table]))


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16))
        return digest.hexdigest(), stream.tell()


def print_summary(summary: Summary) -> None:
    """Print the closing summary to stdout."""
    seconds = (run.utc_now() - summary.started_at).total_seconds()
    lines = [
        ("files", summary.files),
        ("rows", summary.accepted + summary.rejected.total()),
        ("loaded", summary.accepted),
        ("rejected", summary.rejected.total()),
        *((f"  {reason}", n) for reason, n in sorted(summary.rejected.items())),
    ]
    print(f"run {summary.run_id} completed in {seconds:.1f} seconds")
    for name, number in lines:
        print(f"{name:<28}{number:>14,}")
