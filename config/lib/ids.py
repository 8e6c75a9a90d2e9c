"""Identifiers that sort by time and cannot be guessed."""

import secrets
import time
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def _base32(value: int, length: int) -> str:
    """An even number of digits, two at a time: every request and every movement of money asks for some."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(5 * length - 10, -1, -10)])


def new_reference(prefix: str) -> str:
    """``prefix`` and 26 characters: 48 bits of milliseconds, then 80 random bits."""
    return prefix + _base32((time.time_ns() // 1_000_000 << 80) | secrets.randbits(80), 26)


def new_trx_id() -> str:
    """A trxId for Faspay: 16 characters, alphanumeric, unique for ever (Faspay contract 3.1): 40 bits of
    milliseconds and 40 random bits."""
    return _base32((time.time_ns() // 1_000_000 & (2**40 - 1)) << 40 | secrets.randbits(40), 16)


def opaque_id(prefix: str, public_id: UUID) -> str:
    """``prefix`` and the 32 hex digits of ``public_id``: how the compatible API names what has no number there."""
    return prefix + public_id.hex.upper()


def read_opaque_id(prefix: str, text: str) -> UUID | None:
    """The public id in such a name; None for anything else."""
    digits = text.removeprefix(prefix)
    if digits == text or len(digits) != 32 or not set(digits) <= set("0123456789ABCDEF"):
        return None
    return UUID(hex=digits)


def new_dated_reference(prefix: str) -> str:
    """``prefix``, the day (UTC) as yyyymmdd, and 10 random characters: 50 bits (TeraPay contract 8)."""
    return new_dated_references(prefix, 1)[0]


def new_dated_references(prefix: str, count: int) -> list[str]:
    """As many of them, quicker than one by one."""
    start = f"{prefix}{time.strftime('%Y%m%d', time.gmtime())}"
    drawn = secrets.token_bytes(7 * count)
    return [start + _base32(int.from_bytes(drawn[at : at + 7]) >> 6, 10) for at in range(0, 7 * count, 7)]
