"""PostgreSQL's own programs for dumping and restoring, run against the database of the settings."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection


class ProgramFailed(Exception):
    """A program of PostgreSQL is missing or ended with an error; the text is its own."""


def dump(target: Path, snapshot: str) -> None:
    """Write the moment ``snapshot`` of the database to ``target``. Raises `ProgramFailed`."""
    _run(
        "pg_dump",
        *("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"),
        database=connection.settings_dict["NAME"],
    )


def restore(source: Path, database: str) -> None:
    """Fill the empty ``database`` of the same server from ``source``. Raises `ProgramFailed` at the first error."""
    arguments = ("--no-owner", "--no-privileges", "--exit-on-error", "--jobs=2", str(source))
    _run("pg_restore", f"--dbname={database}", *arguments, database=database)


def environment(database: str) -> dict[str, str]:
    """What tells a program of PostgreSQL where to go. The password is in no list of processes."""
    ours: Mapping[str, Any] = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    found = {name: str(ours[key]) for name, key in names.items() if ours.get(key)}
    return {**os.environ, **found, "PGDATABASE": database}


def _run(program: str, *arguments: str, database: str) -> None:
    place = shutil.which(program, path=settings.PG_BIN_DIR or None)
    if place is None:
        raise ProgramFailed(f"{program} was not found. Install PostgreSQL's client programs or set PG_BIN_DIR.")
    done = subprocess.run([place, *arguments], env=environment(database), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProgramFailed(f"{program}: {done.stderr.strip()[-2000:]}")
