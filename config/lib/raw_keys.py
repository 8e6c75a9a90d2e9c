"""Keys for AES-256 as settings write them."""

import base64
import binascii

KEY_BYTES = 32


def read_key(text: str) -> bytes:
    """A key of 32 bytes in URL-safe base64, with or without its padding. Raises `ValueError`."""
    bare = text.strip().rstrip("=")
    try:
        key = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError("not 32 bytes")
    return key
