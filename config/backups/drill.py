"""Restore a backup beside the house, prove it there, and take it away again."""

import json
import os
import secrets
import subprocess
import sys
import tarfile
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from psycopg import sql

from config.backups import figures, files, postgres
from config.backups.taking import DUMP, FILES, MANIFEST

# What was open at the moment of the backup is late by now, and is no mistake of it: before the proofs the clock of the
# restored database is put back. A function that comes before pg_catalog in the path takes the place of the server's.
_CLOCK = """
CREATE SCHEMA drill;
CREATE FUNCTION drill.now() RETURNS timestamptz LANGUAGE sql STABLE AS {body};
CREATE FUNCTION drill.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS {body};
ALTER DATABASE {name} SET search_path = drill, public, pg_catalog;
"""


def run(folder: Path) -> list[str]:
    """What is wrong with the backup in ``folder``, a line each; an empty list is a proof.

    Makes a database of its own on the same server (the role needs CREATEDB) and drops it whatever happens. Nothing of
    the running house is touched. Raises `postgres.ProgramFailed`.
    """
    manifest = _read(folder / MANIFEST)
    if manifest is None:
        return ["manifest.json is missing or cannot be read: the backup did not come to its end"]
    problems = [
        f"{name} is not the file that was written"
        for name, digest in manifest["sha256"].items()
        if not (folder / name).is_file() or files.digest(folder / name) != digest
    ]
    return problems or [*_files(folder, manifest), *_database(folder, manifest)]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
        return found if {"sha256", "figures", "files", "taken_at"} <= found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _files(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    try:
        found = files.count(folder / FILES)
    except tarfile.TarError as error:
        yield f"files.tar: {error}"
        return
    if found != manifest["files"]:
        yield f"files.tar holds {found} files, {manifest['files']} were written"


def _database(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    with _scratch() as name:
        postgres.restore(folder / DUMP, name)
        with _beside(name) as restored:
            yield from figures.differences(manifest["figures"], figures.of(restored))
            _put_back_the_clock(restored, name, manifest["taken_at"])
        for command in ("check_ledger", "check_audit"):
            yield from _prove(name, command)


@contextmanager
def _scratch() -> Iterator[str]:
    name = f"{connection.settings_dict['NAME'][:40]}_drill_{secrets.token_hex(4)}"
    _order("CREATE DATABASE {} TEMPLATE template0", name)
    try:
        yield name
    finally:
        _order("DROP DATABASE {}", name)


def _order(statement: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)).as_string(None))


@contextmanager
def _beside(name: str) -> Iterator[BaseDatabaseWrapper]:
    beside = ConnectionHandler({"default": {**settings.DATABASES["default"], "NAME": name}})["default"]
    try:
        with beside.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        yield beside
    finally:
        beside.close()


def _put_back_the_clock(restored: BaseDatabaseWrapper, name: str, taken_at: str) -> None:
    moment = datetime.fromisoformat(taken_at).isoformat()
    body = sql.Literal(f"SELECT timestamptz '{moment}'")
    with restored.cursor() as cursor:
        cursor.execute(sql.SQL(_CLOCK).format(body=body, name=sql.Identifier(name)).as_string(None))


def _prove(name: str, command: str) -> list[str]:
    """What a proof of the house says of the restored database, in a process that knows no other."""
    place = os.environ.get("DATABASE_URL", "")
    url = urllib.parse.urlsplit(place)._replace(path=f"/{name}").geturl()
    env = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "CRITICAL"}
    manage = str(settings.BASE_DIR / "manage.py")
    done = subprocess.run([sys.executable, manage, command], env=env, capture_output=True, text=True, check=False)
    if not done.returncode:
        return []
    # Killed by the system it says nothing; a proof that was not brought to its end is none.
    said = [line for line in done.stderr.splitlines() if line.strip()] or [f"ended with {done.returncode}"]
    return [f"{command}: {line}" for line in said]
