"""A private PostgreSQL cluster on a free port, with fsync on as in earnest."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from servers.certificates import certificate
from servers.process import ServerProcess, ServerStartError, require_binary, wait_until

_USER = "dragoman"


class PostgresServer(ServerProcess):
    """A PostgreSQL cluster of which every test gets databases of its own; starts in about 2 s."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: open connections are closed, the log is flushed

    def __init__(self) -> None:
        versions = sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda folder: int(folder.parent.name),
            reverse=True,
        )
        self._binaries = require_binary(
            [*(folder / "postgres" for folder in versions), "postgres"], "postgresql"
        ).parent
        super().__init__()
        self._password = secrets.token_urlsafe(16)
        self.folder.chmod(0o755)  # the unprivileged account has to get through it

    @property
    def url(self) -> str:
        """The address of the default database, `postgres`."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The address of a database of this cluster, as libpq and asyncpg read it."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    @property
    def data_folder(self) -> Path:
        """The cluster, and the folder that its account may write to."""
        return self.folder / "account" / "cluster"

    def prepare(self) -> None:
        """Make the cluster where there is none."""
        if (self.data_folder / "PG_VERSION").exists():
            return
        self.data_folder.parent.mkdir(exist_ok=True)
        password_file = self.data_folder.parent / "password"
        password_file.write_text(self._password)
        self._give_to_account(self.data_folder.parent, password_file)
        self._run(
            *self._as_account(),
            self._binaries / "initdb",
            *("--pgdata", self.data_folder, "--username", _USER, "--pwfile", password_file),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )

    def command(self) -> Sequence[str | Path]:
        """The server in the foreground, on TCP alone."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
        }
        switches = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [*self._as_account(), self._binaries / "postgres", "-D", self.data_folder, *switches]

    def is_ready(self) -> bool:
        """Whether the server accepts connections, recovery after a crash included."""
        probe = subprocess.run(
            [
                self._binaries / "pg_isready",
                "--quiet",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
            ],
            check=False,
        )
        return probe.returncode == 0

    def start(self) -> None:
        """Start the cluster; after a crash wait for the last backends of the former server
        to leave its memory.
        """
        for _ in range(20):
            try:
                return super().start()
            except ServerStartError as error:
                if "shared memory block" not in str(error):
                    raise
        raise ServerStartError(f"former backends never left\n{self.log_tail()}")

    def stop_immediately(self) -> None:
        """End the cluster as `pg_ctl stop -m immediate` does: no checkpoint,
        recovery at the next start.
        """
        self._end(signal.SIGQUIT)

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run one SQL statement through psql and give its rows, one a line,
        columns split by `|`.
        """
        return self._run(
            self._binaries / "psql",
            *("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"),
            *("--dbname", self.url_of(database), "--command", statement),
        ).strip()

    def create_database(self, template: str = "template1") -> str:
        """Make a database of a name that was never used, as a copy of the template,
        and give its address.
        """
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Drop a database by the address that `create_database` gave,
        connections to it included.
        """
        self.execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    @contextmanager
    def tls(self) -> Generator[Path]:
        """For the block the server takes TLS too; gives the file of its certificate."""
        folder = self.data_folder.parent
        made = certificate(folder)
        self._give_to_account(made.file, made.key)
        settings = {"ssl_cert_file": made.file, "ssl_key_file": made.key, "ssl": "on"}
        for name, value in settings.items():
            self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self._reload("on")
        try:
            yield made.file
        finally:
            for name in settings:
                self.execute(f"ALTER SYSTEM RESET {name}")
            self._reload("off")

    def _reload(self, tls: str) -> None:
        self.execute("SELECT pg_reload_conf()")
        wait_until(
            lambda: self.execute("SHOW ssl") == tls, timeout_s=10, what="PostgreSQL to reload"
        )

    def _run(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [str(part) for part in arguments], check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise ServerStartError(f"{Path(arguments[0]).name} failed: {done.stderr}{done.stdout}")
        return done.stdout

    def _account(self) -> pwd.struct_passwd | None:
        """The account that runs the server: PostgreSQL refuses root,
        so there it is one without privileges.
        """
        if os.geteuid() != 0:
            return None
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return known.get("postgres") or known["nobody"]

    def _as_account(self) -> Sequence[str | Path]:
        account = self._account()
        if account is None:
            return []
        setpriv = require_binary(["setpriv"], "util-linux")
        return [
            setpriv,
            f"--reuid={account.pw_uid}",
            f"--regid={account.pw_gid}",
            "--clear-groups",
            "--",
        ]

    def _give_to_account(self, *paths: Path) -> None:
        account = self._account()
        if account is not None:
            for path in paths:
                shutil.chown(path, account.pw_uid, account.pw_gid)

    def environment(self) -> Mapping[str, str]:
        """A home that the account may read, and messages in the language that `start` looks for."""
        return {"HOME": str(self.folder), "LC_ALL": "C"}
