"""Where documents lie: encrypted, under random names, in the private storage, which no address leads to."""

import secrets
from contextlib import suppress
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from kyc.files import crypto


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


def _storage() -> Storage:
    return storages["private"]
