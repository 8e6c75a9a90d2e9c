"""Identity numbers: kept encrypted, found again by a keyed hash."""

import unicodedata

from kyc.files import crypto
from kyc.models import KycCase

_PURPOSE = "identity-number"


def sealed(number: str) -> tuple[bytes, str]:
    """``number`` encrypted, and its hash; both empty for an empty number."""
    plain = plain_number(number)
    return (crypto.encrypt(plain.encode()), hash_of(plain)) if plain else (b"", "")


def number_of(case: KycCase) -> str:
    """The identity number of ``case`` in clear, "" if none was given. Raises `crypto.Unreadable`."""
    return crypto.decrypt(bytes(case.identity_number)).decode() if case.identity_number else ""


def hash_of(number: str) -> str:
    """Equal for equal numbers, however they were typed."""
    return crypto.keyed_hash(_PURPOSE, plain_number(number))


def hashes_of(number: str) -> list[str]:
    """`hash_of` under each key, for the time in which not every row is under the newest; empty for no number."""
    plain = plain_number(number)
    return crypto.keyed_hashes(_PURPOSE, plain) if plain else []


def plain_number(number: str) -> str:
    """Letters and digits only, in capitals: people write the same number with and without dots and spaces."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", number).upper() if sign.isalnum())
