"""Numbers of cards at rest: each under a key of its own, which is kept under the newest of CARD_ENCRYPTION_KEYS.

Changing the outer key touches no number (docs/cards.md). A sealed number belongs to one token: moved to another row it
cannot be opened. The security code never comes here.
"""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from config.lib.raw_keys import KEY_BYTES, read_key

NONCE_BYTES = 12
_FORM = b"\x01"
_ID_BYTES = 8
_WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + 16
_HEAD_BYTES = len(_FORM) + _ID_BYTES + _WRAPPED_BYTES
# An outer key with its name.
_Key = tuple[bytes, bytes]


class Unreadable(Exception):
    """No key of the settings opens this, it was changed since, or it belongs to another token."""


def is_open() -> bool:
    """Whether the settings hold what is needed to keep a card."""
    return bool(settings.CARD_ENCRYPTION_KEYS and settings.CARD_FINGERPRINT_KEY)


def newest_key_id() -> str:
    """The name of the key that seals now; nothing about the key can be told from it."""
    return _keys()[0][0].hex()


@sensitive_variables("number", "data_key")
def seal(token: str, number: str) -> bytes:
    """``number`` for the row of ``token``: AES-256-GCM with a fresh key and nonce."""
    data_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
    content = nonce + AESGCM(data_key).encrypt(nonce, number.encode(), token.encode())
    return _head(token, data_key) + content


@sensitive_variables()
def unseal(token: str, sealed: bytes | memoryview) -> str:
    """The number that was sealed for ``token``. Raises `Unreadable`."""
    whole = bytes(sealed)
    content = whole[_HEAD_BYTES:]
    try:
        plain = AESGCM(_data_key(token, whole)).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], token.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error
    return plain.decode()


@sensitive_variables("data_key")
def rewrap(token: str, sealed: bytes | memoryview) -> bytes:
    """The same under the newest key; the number itself is not opened. Raises `Unreadable`."""
    whole = bytes(sealed)
    return _head(token, _data_key(token, whole)) + whole[_HEAD_BYTES:]


@sensitive_variables("number")
def fingerprint(number: str) -> str:
    """By which the same card is known again: HMAC-SHA256, 64 hex digits. Raises `ImproperlyConfigured`."""
    if not settings.CARD_FINGERPRINT_KEY:
        raise ImproperlyConfigured("CARD_FINGERPRINT_KEY is empty: no card can be kept without it.")
    return hmac.new(settings.CARD_FINGERPRINT_KEY.encode(), number.encode(), hashlib.sha256).hexdigest()


def _head(token: str, data_key: bytes) -> bytes:
    (key_id, key), nonce = _keys()[0], secrets.token_bytes(NONCE_BYTES)
    return _FORM + key_id + nonce + AESGCM(key).encrypt(nonce, data_key, _bound(token, key_id))


@sensitive_variables()
def _data_key(token: str, whole: bytes) -> bytes:
    key_id, nonce = whole[1 : 1 + _ID_BYTES], whole[1 + _ID_BYTES : 1 + _ID_BYTES + NONCE_BYTES]
    key = dict(_keys()).get(key_id)
    if key is None or whole[:1] != _FORM or len(whole) <= _HEAD_BYTES:
        raise Unreadable
    wrapped = whole[1 + _ID_BYTES + NONCE_BYTES : _HEAD_BYTES]
    try:
        return AESGCM(key).decrypt(nonce, wrapped, _bound(token, key_id))
    except InvalidTag as error:
        raise Unreadable from error


def _bound(token: str, key_id: bytes) -> bytes:
    return b"card:" + key_id + b":" + token.encode()


def _keys() -> list[_Key]:
    if not settings.CARD_ENCRYPTION_KEYS:
        raise ImproperlyConfigured("CARD_ENCRYPTION_KEYS is empty: no card can be kept without a key.")
    try:
        return [_named(read_key(text)) for text in settings.CARD_ENCRYPTION_KEYS]
    except ValueError:
        raise ImproperlyConfigured("CARD_ENCRYPTION_KEYS holds something that is no key.") from None


def _named(key: bytes) -> _Key:
    return hashlib.sha256(b"gerbang card key:" + key).digest()[:_ID_BYTES], key
