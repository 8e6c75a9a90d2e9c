"""Files that wait for a worker: sealed in the private storage, piece by piece, by the id of what they belong to."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from config.lib import sealing

_PIECE = 256 * 1024
_MOST_SEALED = 2 * _PIECE
_NAME = re.compile(r"[0-9a-f]{32}")


class Lost(Exception):
    """It is not there, cannot be opened, or is another file than the one that was put there."""


def put(folder: str, owner: UUID, content: Iterable[bytes]) -> None:
    """Seal and keep a file for ``owner``; one that was there before is gone."""
    remove(folder, owner)
    with tempfile.TemporaryFile() as sealed:
        at = 0
        for at, piece in enumerate(_pieces(content), 1):
            sealed.write(sealing.seal_bytes(_purpose(folder, owner, at), piece) + b"\n")
        # Nobody cuts the end off unnoticed.
        sealed.write(sealing.seal_bytes(_purpose(folder, owner, 0), str(at).encode()))
        sealed.seek(0)
        _storage().save(_path(folder, owner), File(sealed))


def get(folder: str, owner: UUID) -> bytes:
    """What was put there. Raises `Lost`."""
    try:
        with _storage().open(_path(folder, owner)) as sealed:
            *pieces, end = iter(lambda: sealed.readline(_MOST_SEALED), b"")
        if sealing.unseal_bytes(_purpose(folder, owner, 0), end) != str(len(pieces)).encode():
            raise Lost(owner)
        opened = (sealing.unseal_bytes(_purpose(folder, owner, at), piece) for at, piece in enumerate(pieces, 1))
        return b"".join(opened)
    except (OSError, ValueError, sealing.Unreadable) as error:
        raise Lost(owner) from error


def stream(folder: str, owner: UUID) -> Iterator[bytes]:
    """The same piece by piece, for a file that is too long to be held at once. Raises `Lost`: at once when there is
    none, on the way when it is another file or its end is missing."""
    try:
        return _opened(_storage().open(_path(folder, owner)), folder, owner)
    except OSError as error:
        raise Lost(owner) from error


def _opened(sealed: File, folder: str, owner: UUID) -> Iterator[bytes]:  # type: ignore[type-arg]
    at, line = 0, b""
    try:
        with sealed:
            for following in iter(lambda: sealed.readline(_MOST_SEALED), b""):
                if line:
                    at += 1
                    yield sealing.unseal_bytes(_purpose(folder, owner, at), line)
                line = following
        if sealing.unseal_bytes(_purpose(folder, owner, 0), line) != str(at).encode():
            raise Lost(owner)
    except (OSError, ValueError, sealing.Unreadable) as error:
        raise Lost(owner) from error


def remove(folder: str, owner: UUID) -> None:
    """Quiet when it is gone already."""
    with suppress(OSError):
        _storage().delete(_path(folder, owner))


def kept(folder: str) -> Iterator[tuple[UUID, datetime]]:
    """Whose files lie there, and since when."""
    with suppress(OSError):
        for name in _storage().listdir(folder)[1]:
            if _NAME.fullmatch(name):
                with suppress(OSError):
                    yield UUID(hex=name), _storage().get_modified_time(f"{folder}/{name}")


def _pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in content:
        yield from (chunk[at : at + _PIECE] for at in range(0, len(chunk), _PIECE))


def _purpose(folder: str, owner: UUID, at: int) -> str:
    return f"{folder}:{owner.hex}:{at}"


def _path(folder: str, owner: UUID) -> str:
    return f"{folder}/{owner.hex}"


def _storage() -> Storage:
    return storages["private"]
