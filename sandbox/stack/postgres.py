"""One private PostgreSQL server: its data, its passwords, its process."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.stack import places, ports
from sandbox.stack.folder import write_private
from sandbox.stack.places import StackError
from sandbox.stack.processes import Account, Child, Spec, end_all, tail, working_in

ROLE = "gerbang"
DATABASE = "gerbang"
OWNER = "postgres"
START_SECONDS = 60.0

# The old server of the same data: wait, then ask it to stop fast, then make it.
_CLEAR: list[tuple[int | None, float]] = [
    (None, 3.0),
    (signal.SIGINT, 15.0),
    (signal.SIGQUIT, 5.0),
    (signal.SIGKILL, 5.0),
]
_STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

_SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] ",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

# The site's role is no superuser here either, so that nothing works locally which a real server refuses.
_PREPARE = """
SELECT 'CREATE ROLE {role} LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
ALTER ROLE {role} PASSWORD '{password}';
SELECT 'CREATE DATABASE {database} OWNER {role}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \\gexec
"""


class Postgres:
    """A PostgreSQL server of `folder`, on a loopback port chosen at the first start of this object.

    `durable=False` gives up what survives a crash of the machine; for data that is thrown away anyway.
    """

    name = "postgres"

    def __init__(self, folder: Path, log: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.log = log
        self.durable = durable
        self.port: int | None = None
        self.home = Path()
        self._account: Account | None = None
        self._bin = Path()
        self._passwords: dict[str, str] = {}
        self._child: Child | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code if self._child else None

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{self._passwords[ROLE]}@{ports.LOOPBACK}:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Start and wait until it answers; raises StackError when it does not."""
        self._account = places.server_account()
        self.home = places.postgres_home(self.folder, self._account).resolve()
        self._bin = places.programs(self._account, self._major_of_data())
        self._passwords = self._kept_passwords()
        self._clear_old_server()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._start_on_a_free_port()
        self._prepare()

    def ended(self) -> bool:
        return self._child is None or self._child.ended()

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        if self._child is not None:
            self._child.stop(hurry)
            self._await_backends()

    def _await_backends(self) -> None:
        end_all(lambda: working_in(self.data, "postgres"), [(None, 5.0), (signal.SIGQUIT, 5.0)])

    def _major_of_data(self) -> int | None:
        version = self.data / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def _kept_passwords(self) -> dict[str, str]:
        path = self.home / "passwords.json"
        if path.exists():
            kept: dict[str, str] = json.loads(path.read_text())
            return kept
        made = {name: secrets.token_hex(24) for name in (OWNER, ROLE)}
        write_private(path, json.dumps(made))
        return made

    def _clear_old_server(self) -> None:
        """End a server left over from a killed run; it is ours by its working folder, the data itself."""
        end_all(lambda: working_in(self.data, "postgres"), _CLEAR)
        if working_in(self.data, "postgres"):
            raise StackError(f"An old PostgreSQL server of {self.data} does not stop; end it by hand.")
        # Nothing works in this folder any more, so the file can only be a leftover. Kept, it would stop
        # the start whenever its number has since been given to some other program.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Make the data beside its place and move it there when complete: a kill leaves no half of it."""
        fresh, password = self.home / "data.new", self.home / "password.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        write_private(password, self._passwords[OWNER])
        if self._account:
            os.chown(fresh, self._account.uid, self._account.gid)
            os.chown(password, self._account.uid, self._account.gid)
        try:
            self._run_initdb(fresh, password)
        finally:
            password.unlink()
        fresh.rename(self.data)

    def _run_initdb(self, data: Path, password: Path) -> None:
        argv = [
            *(str(self._bin / "initdb"), "-D", str(data), "-U", OWNER, "--pwfile", str(password)),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", *self._collation()),
            *(() if self.durable else ("--no-sync",)),
        ]
        account = self._account
        done = subprocess.run(
            argv,
            cwd=self.home,
            env=_clean_environment(),
            capture_output=True,
            check=False,
            text=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            raise StackError(f"PostgreSQL could not make its data in {data}:\n{done.stderr or done.stdout}")

    def _collation(self) -> tuple[str, ...]:
        """The built-in C.UTF-8 of PostgreSQL 17 and later needs no locale of the machine."""
        version = int(self._bin.parent.name.removeprefix("pginstall") or 16)
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if version >= 17 else ()

    def _start_on_a_free_port(self) -> None:
        ports_to_try = [self.port] if self.port else [ports.any_free() for _ in range(3)]
        for port in ports_to_try:
            self.port = port
            self._child = Child(self._spec(port))
            self._child.start()
            if self._answers():
                return
        self.stop()
        raise StackError(f"PostgreSQL did not start:\n{tail(self.log, 8)}")

    def _spec(self, port: int) -> Spec:
        settings = {**_SETTINGS, **({} if self.durable else _NOT_DURABLE)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Spec(
            name=self.name,
            argv=[str(self._bin / "postgres"), "-D", str(self.data), "-p", str(port), *options],
            log=self.log,
            cwd=self.home,
            env=_clean_environment(),
            stop_steps=_STOP,
            death_signal=signal.SIGINT,
            account=self._account,
            port=port,
        )

    def _answers(self) -> bool:
        """Wait until the server takes connections (crash recovery included); False when it ended."""
        argv = [str(self._bin / "pg_isready"), "-q", "-h", ports.LOOPBACK, "-p", str(self.port), "-d", OWNER]
        deadline = time.monotonic() + START_SECONDS
        while not self.ended() and time.monotonic() < deadline:
            done = subprocess.run(argv, env=_clean_environment(), capture_output=True, check=False)
            if done.returncode == 0:
                return True
            time.sleep(0.03)
        return False

    def _prepare(self) -> None:
        """The site's role and database, made once; its password set at every start."""
        script = _PREPARE.format(role=ROLE, database=DATABASE, password=self._passwords[ROLE])
        argv = [
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            ports.LOOPBACK,
            "-p",
            str(self.port),
            "-U",
            OWNER,
            OWNER,
        ]
        done = subprocess.run(
            [str(self._bin / argv[0]), *argv[1:]],
            input=script,
            env={**_clean_environment(), "PGPASSWORD": self._passwords[OWNER]},
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            self.stop()
            raise StackError(f"PostgreSQL did not take its first statements:\n{done.stderr}")


def _clean_environment() -> dict[str, str]:
    """Ours without what would steer PostgreSQL elsewhere (PGHOST, PGOPTIONS, a locale not installed)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
