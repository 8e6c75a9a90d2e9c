"""Keys of what is kept about people: files and identity numbers are encrypted with settings.FILE_ENCRYPTION_KEYS."""

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Unreadable(Exception):
    """No key of the settings opens this, or it was changed since it was written."""


def encrypt(content: bytes) -> bytes:
    """``content`` under the first (newest) key."""
    return _box().encrypt(content)


def decrypt(token: bytes) -> bytes:
    """What `encrypt` was given, under whichever key. Raises `Unreadable`."""
    try:
        return _box().decrypt(token)
    except InvalidToken as error:
        raise Unreadable from error


def is_current(token: bytes) -> bool:
    """Whether ``token`` was made with the newest key."""
    try:
        Fernet(_keys()[0]).decrypt(token)
    except InvalidToken:
        return False
    return True


def keyed_hash(purpose: str, text: str) -> str:
    """The same for the same text and the newest key; says nothing about the text without the key."""
    return _hashed(_keys()[0], purpose, text)


def keyed_hashes(purpose: str, text: str) -> list[str]:
    """`keyed_hash` under each key, newest first: what was hashed before the key changed is found by one of them."""
    return [_hashed(key, purpose, text) for key in _keys()]


def _hashed(key: str, purpose: str, text: str) -> str:
    secret = hashlib.sha256(f"{purpose}:{key}".encode()).digest()
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _keys() -> list[str]:
    if not settings.FILE_ENCRYPTION_KEYS:
        raise ImproperlyConfigured("FILE_ENCRYPTION_KEYS is empty: identity documents cannot be kept without a key.")
    keys: list[str] = settings.FILE_ENCRYPTION_KEYS
    return keys


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys()])
