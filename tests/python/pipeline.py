"""Run the whole job in tests: stage, load, dbt; and read what came out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from postgres_server import Server

PROJECT = Path(__file__).parents[2]
COMMANDS = Path(sys.executable).parent
# Models and seeds, without the tests of dbt.
ROWS_ONLY = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# The shortest build that gives ids.
SOME = (*ROWS_ONLY, "--select", "+image_occurrence_registry", "stg_extract_run")
LONGEST = 1200  # seconds that a command may take
Row = tuple[Any, ...]


def run(command: Iterable[str | Path], **environment: str) -> str:
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "DO_NOT_TRACK": "1", **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def stage(*paths: Path, out: Path, options: Iterable[str] = ()) -> str:
    """Stage files as a user does."""
    return run([COMMANDS / "micdm", "stage", *paths, "--out", out, *options])


def dbt(
    *words: str,
    target: Path,
    project: Path = PROJECT,
    variables: Mapping[str, Any] | None = None,
    **environment: str,
) -> str:
    """Run dbt with every warning an error; `target` keeps its files apart from other runs'."""
    target.mkdir(parents=True, exist_ok=True)
    # The example must do as it is: that is what `make` gives a newcomer.
    shutil.copy(PROJECT / "profiles.yml.example", target / "profiles.yml")
    return run(
        [
            COMMANDS / "dbt",
            "--warn-error-options",
            '{"error": "all"}',
            *words,
            "--project-dir",
            project,
            "--profiles-dir",
            target,
            "--target-path",
            target,
            "--log-path",
            target,
            "--vars",
            json.dumps(variables or {}),
        ],
        **environment,
    )


@dataclass(frozen=True)
class DuckDB:
    """A database file and the folder that dbt may use for it."""

    path: Path
    raw: Path

    def build(self, *words: str, project: Path = PROJECT, **variables: Any) -> None:
        """Build everything and run all data and unit tests."""
        dbt(
            *(words or ("build",)),
            target=self.path.with_suffix(".target"),
            project=project,
            variables={"raw_path": str(self.raw), **variables},
            MICDM_DUCKDB=str(self.path),
        )

    def rows(self, query: str) -> list[Row]:
        """Return the rows of a query."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def execute(self, *statements: str) -> None:
        """Run statements that change it."""
        with duckdb.connect(str(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def table(self, name: str) -> list[Row]:
        """Return a table as it lies, order included."""
        return self.rows(f"select * from {name}")

    def tables(self) -> list[str]:
        """Return the names of the tables that users see."""
        found = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('omop', 'quality') order by 1"
        )
        return [name for (name,) in found]


@dataclass(frozen=True)
class Postgres:
    """A Postgres database and the folder that dbt may use for it."""

    server: Server
    target: Path
    raw: Path

    def build(self, *words: str, **variables: Any) -> None:
        """Load what is staged, build everything and run all data and unit tests."""
        environment = self.server.environment
        run([COMMANDS / "micdm", "load", "--from", self.raw], **environment)
        dbt(
            *(words or ("build",)),
            "--target",
            "postgres",
            target=self.target,
            variables=variables,
            **environment,
        )

    def rows(self, query: str) -> list[Row]:
        """Return the rows of a query."""
        with psycopg.connect(self.server.url, password=self.server.password) as connection:
            return connection.execute(query).fetchall()

    def execute(self, *statements: str) -> None:
        """Run statements that change it."""
        with psycopg.connect(self.server.url, password=self.server.password) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def assert_same_rows(one: DuckDB, other: Postgres) -> None:
    """Compare all tables that users see, in whatever order the rows lie."""
    for name in one.tables():
        ours = sorted(map(repr, one.table(name)))
        theirs = sorted(map(repr, other.rows(f"select * from {name}")))
        assert theirs == ours, name
