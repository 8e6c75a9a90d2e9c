"""Small secrets at rest, encrypted with settings.FILE_ENCRYPTION_KEYS (newest first: it encrypts, all of them open)."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Unreadable(Exception):
    """No key of the settings opens this, or it was changed since it was written."""


def seal(purpose: str, text: str) -> bytes:
    """``text`` under the newest key; what is sealed for one ``purpose`` cannot be opened for another."""
    return seal_bytes(purpose, text.encode())


def unseal(purpose: str, token: bytes | memoryview) -> str:
    """What `seal` was given, under whichever key. Raises `Unreadable`."""
    return unseal_bytes(purpose, token).decode()


def seal_bytes(purpose: str, content: bytes) -> bytes:
    """`seal` for what is no text."""
    return _box(purpose).encrypt(content)


def unseal_bytes(purpose: str, token: bytes | memoryview) -> bytes:
    """What `seal_bytes` was given. Raises `Unreadable`."""
    try:
        return _box(purpose).decrypt(bytes(token))
    except InvalidToken as error:
        raise Unreadable from error


def reseal(purpose: str, token: bytes | memoryview) -> bytes:
    """The same secret under the newest key. Raises `Unreadable`."""
    try:
        return _box(purpose).rotate(bytes(token))
    except InvalidToken as error:
        raise Unreadable from error


def _box(purpose: str) -> MultiFernet:
    if not settings.FILE_ENCRYPTION_KEYS:
        raise ImproperlyConfigured("FILE_ENCRYPTION_KEYS is empty: no secret can be kept without a key.")
    return MultiFernet([_key(purpose, key) for key in settings.FILE_ENCRYPTION_KEYS])


def _key(purpose: str, key: str) -> Fernet:
    derived = hashlib.sha256(f"sealed:{purpose}:".encode() + base64.urlsafe_b64decode(key)).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
