"""Identifiers that sort by time and cannot be guessed."""

import secrets
import time

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
