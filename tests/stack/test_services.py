"""The private PostgreSQL and Redis, started for real."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from sandbox.stack.folder import InUse
from sandbox.stack.processes import working_in
from sandbox.stack.services import LocalServices

ROOT = Path(__file__).resolve().parent.parent.parent


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def keep_a_row(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])


def is_closed(port: int | None) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port or 0)) != 0


def test_both_answer_and_nothing_runs_afterwards(folder: Path) -> None:
    with LocalServices(folder) as services:
        assert services.postgres is not None
        assert services.redis is not None
        assert ask(services.database_url, "SELECT current_setting('server_encoding')") == "UTF8"
        assert ask(services.database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert [ask(services.database_url, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
        assert redis.Redis.from_url(services.redis_url).ping() is True
        data, ports = services.postgres.data, (services.postgres.port, services.redis.port)
        assert working_in(data, "postgres")
    assert working_in(data, "postgres") == []
    assert working_in((folder / "redis").resolve(), "redis-server") == []
    assert all(map(is_closed, ports))


def test_they_want_a_password(folder: Path) -> None:
    with LocalServices(folder) as services:
        assert services.postgres is not None
        assert services.redis is not None
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"postgres://gerbang:wrong@127.0.0.1:{services.postgres.port}/gerbang")
        with socket.create_connection(("127.0.0.1", services.redis.port or 0)) as stranger:
            stranger.sendall(b"PING\r\n")
            assert stranger.recv(100).startswith(b"-NOAUTH")


def test_a_killed_server_starts_again_with_its_data_and_its_port(folder: Path) -> None:
    with LocalServices(folder) as services:
        assert services.postgres is not None
        assert services.postgres.pid is not None
        url = services.database_url
        keep_a_row(url, "before")
        os.kill(services.postgres.pid, signal.SIGKILL)
        services.postgres.start()
        assert services.database_url == url
        assert ask(url, "SELECT word FROM kept") == "before"


def test_a_killed_starter_takes_both_with_it_and_the_next_finds_the_data(folder: Path) -> None:
    command = [sys.executable, "-m", "sandbox.stack", "services", "--dir", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip().removeprefix("DATABASE_URL=")
        starter.stdout.readline()
        keep_a_row(url, "before")
        servers = psutil.Process(starter.pid).children()
        assert {server.name() for server in servers} == {"postgres", "redis-server"}
        starter.kill()
    _, alive = psutil.wait_procs(servers, timeout=30)
    assert alive == []
    with LocalServices(folder) as services:
        assert ask(services.database_url, "SELECT word FROM kept") == "before"


def test_killing_everything_at_once_loses_no_committed_row(folder: Path) -> None:
    services = LocalServices(folder).start()
    assert services.postgres is not None
    assert services.redis is not None
    keep_a_row(services.database_url, "committed")
    for process in working_in(services.postgres.data, "postgres"):
        with suppress(psutil.NoSuchProcess):  # the others notice the first one's death
            process.kill()
    os.kill(services.redis.pid or 0, signal.SIGKILL)
    services.stop()
    with LocalServices(folder) as again:
        assert ask(again.database_url, "SELECT word FROM kept") == "committed"
        assert redis.Redis.from_url(again.redis_url).ping() is True


def test_a_leftover_pid_file_that_names_a_stranger_does_not_stop_the_start(folder: Path) -> None:
    with LocalServices(folder) as services:
        assert services.postgres is not None
        data = services.postgres.data
    owner = data.stat()
    leftover = data / "postmaster.pid"
    # A process of the server's own account: the server would take the file for a living server's.
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None) as stranger:
        leftover.write_text(f"{stranger.pid}\n{data}\n1700000000\n5432\n\n127.0.0.1\n")
        os.chown(leftover, owner.st_uid, owner.st_gid)
        with LocalServices(folder) as services:
            assert ask(services.database_url, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_two_beside_each_other_do_not_meet(folder: Path) -> None:
    other = folder / "another"
    with LocalServices(folder) as first, LocalServices(other) as second:
        keep_a_row(first.database_url, "first")
        assert ask(second.database_url, "SELECT to_regclass('kept')") is None
        with pytest.raises(InUse):
            LocalServices(folder).start()
        assert ask(first.database_url, "SELECT word FROM kept") == "first"
    with LocalServices(other):
        pass


def test_servers_given_by_url_are_used_and_none_is_started(folder: Path) -> None:
    given = LocalServices(folder, database_url="postgres://elsewhere/db", redis_url="redis://elsewhere")
    with given as services:
        assert services.servers == []
        assert (services.database_url, services.redis_url) == ("postgres://elsewhere/db", "redis://elsewhere")
    with LocalServices(folder, database_url="postgres://elsewhere/db") as services:
        assert [server.name for server in services.servers] == ["redis"]
