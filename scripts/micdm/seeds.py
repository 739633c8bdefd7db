"""The mapping seeds that the extractor shares with dbt: where they are, and their rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path


class SeedError(ValueError):
    """A list can't be used; the message says which row and why."""


def seed_path(name: str) -> Path:
    """Return a seed: inside the package when installed from a wheel, else in the repository."""
    package = Path(__file__).resolve().parent
    inside = package / "seeds" / "mapping" / f"{name}.csv"
    if inside.exists():
        return inside
    return package.parents[1] / "seeds" / "mapping" / f"{name}.csv"


def read_rows(source: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells of each row of a CSV file that must have these columns.

    Raises
    ------
    SeedError
        When the file is missing, or lacks a column.
    """
    try:
        with source.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise SeedError(f"{source}: no column {', '.join(missing)}")
            for row in reader:
                yield reader.line_num, {c: (row[c] or "").strip() for c in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SeedError(f"{source}: {error}") from error
