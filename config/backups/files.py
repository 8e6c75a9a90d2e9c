"""The private files: sealed as they lie there, so a copy of them needs no other guard than their keys need."""

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.core.files.storage import Storage, storages

_PIECE = 1024 * 1024


def pack(target: Path) -> int:
    """All private files into one tar, from the folder or the bucket; how many."""
    count = 0
    with tarfile.open(target, "w") as packed:
        for name in _names(storages["private"]):
            # Swept away by a worker between the look and the copy: nothing refers to it any more.
            with suppress(FileNotFoundError), storages["private"].open(name) as stored:
                member = tarfile.TarInfo(name)
                member.size = stored.size
                packed.addfile(member, stored)
                count += 1
    target.chmod(0o600)
    return count


def count(source: Path) -> int:
    """How many whole files a tar holds; reads every byte. Raises `tarfile.TarError`."""
    found = 0
    with tarfile.open(source) as packed:
        for member in packed:
            if _read_through(packed, member) != member.size:
                raise tarfile.ReadError(f"{member.name} is cut off")
            found += 1
    return found


def _read_through(packed: tarfile.TarFile, member: tarfile.TarInfo) -> int:
    content = packed.extractfile(member)
    return sum(len(piece) for piece in iter(partial(content.read, _PIECE), b"")) if content else 0


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(storage: Storage, folder: str = "") -> Iterator[str]:
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}{name}" for name in sorted(names))
    for inner in sorted(folders):
        yield from _names(storage, f"{folder}{inner}/")
