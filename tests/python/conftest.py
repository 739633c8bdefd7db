"""Fixtures that several test files share."""

from collections.abc import Iterator

import pytest

from postgres_server import Server, fresh_database, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One Postgres server for the whole test run."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[Server]:
    """Give an empty Postgres database."""
    with fresh_database(postgres_server) as database:
        yield database
