"""Where documents lie: encrypted, under random names, in the private storage, which no address leads to."""

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from kyc.files import crypto

_TOKEN = re.compile(r"[0-9a-f]{40}")


class Lost(Exception):
    """The file is not in the storage, cannot be opened, or belongs to another document."""


def put(content: bytes, owner: UUID) -> str:
    """Encrypt and keep ``content`` for the document ``owner``; returns the name to find it again."""
    token = secrets.token_hex(20)
    # Whose file it is stands inside: files that were exchanged on the disk are noticed.
    return _storage().save(f"{token[:2]}/{token}", ContentFile(crypto.encrypt(owner.bytes + content)))


def get(name: str, owner: UUID) -> bytes:
    """The content of ``name``. Raises `Lost`."""
    try:
        with _storage().open(name) as stored:
            content = crypto.decrypt(stored.read())
    except (OSError, crypto.Unreadable) as error:
        raise Lost(name) from error
    if content[:16] != owner.bytes:
        raise Lost(name)
    return content[16:]


def remove(name: str) -> None:
    """Delete ``name``; quiet when it is gone already."""
    with suppress(OSError):
        _storage().delete(name)


def is_current(name: str) -> bool:
    """Whether ``name`` is encrypted with the newest key. Raises `Lost`."""
    try:
        with _storage().open(name) as stored:
            return crypto.is_current(stored.read())
    except OSError as error:
        raise Lost(name) from error


def names() -> Iterator[str]:
    """Every name under which `put` may have kept something; other files in the folder are nobody's business."""
    for folder in _listed("")[0]:
        for token in _listed(folder)[1]:
            if _TOKEN.fullmatch(token) and token.startswith(folder):
                yield f"{folder}/{token}"


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return _storage().listdir(folder)
    except OSError:
        return [], []


def kept_at(name: str) -> datetime | None:
    """When ``name`` was written; None if it is gone."""
    try:
        return _storage().get_modified_time(name)
    except OSError:
        return None


def _storage() -> Storage:
    return storages["private"]
