"""Take a backup: one moment of the database, its figures, and the private files after it."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from config.backups import figures, files, postgres
from config.lib import clock

DUMP, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"


@dataclass(frozen=True)
class Taken:
    folder: Path
    rows: int
    files: int


def take(place: Path) -> Taken:
    """Into a new folder below ``place``, named by the moment (UTC). The manifest is written last: a folder without one
    is a backup that did not come to its end. Raises `postgres.ProgramFailed`, `OSError`."""
    moment = clock.now()
    folder = place / f"gerbang-{moment:%Y%m%dT%H%M%SZ}"
    folder.mkdir(mode=0o700, parents=True)
    told = _dump(folder / DUMP)
    # After the database: a file too many does no harm, a file too few is a document that cannot be shown.
    packed = files.pack(folder / FILES)
    _write_manifest(folder, moment, told, packed)
    return Taken(folder, sum(told["rows"].values()), packed)


@transaction.atomic
def _dump(target: Path) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # It stays open, and does nothing, for as long as pg_dump reads.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    told = figures.of()
    postgres.dump(target, snapshot)
    target.chmod(0o600)
    return told


def _write_manifest(folder: Path, moment: datetime, told: dict[str, Any], packed: int) -> None:
    digests = {name: files.digest(folder / name) for name in (DUMP, FILES)}
    manifest = {"taken_at": moment.isoformat(), "figures": told, "files": packed, "sha256": digests}
    path = folder / MANIFEST
    path.write_text(json.dumps(manifest, indent=1))
    path.chmod(0o600)
