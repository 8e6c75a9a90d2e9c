"""Names, addresses and texts shown to people who should recognise them, not learn them."""

import re

# Four digits or more, however they are spaced; and what mixes digits with letters, such as the end of a link.
_CODES = re.compile(r"\d(?:[ \u00a0.-]?\d){3,}|\b(?=[^\W\d_]*\d)(?=\d*[^\W\d_])\w{5,}\b")

# As many digits as a card's number has, standing by themselves.
_LONG_NUMBERS = re.compile(r"(?<![0-9A-Za-z])[0-9]{12,19}(?![0-9A-Za-z])")


def masked(name: str) -> str:
    """``Ayu Lestari`` -> ``A** L******``; the part of an address before the @ is treated the same way."""
    name, at, host = name.partition("@")
    words = " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())
    return f"{words}@{host[:1]}{'*' * (len(host) - 1)}" if at else words


def masked_phone(phone: str) -> str:
    """A phone number as its owner will know it and nobody else: first four and last three digits."""
    return f"{phone[:4]}•••••{phone[-3:]}" if len(phone) > 8 else "•••••"


def last_four(number: str) -> str:
    """An account or a phone number in a report: its last four digits."""
    return f"••••{number[-4:]}"


def masked_codes(text: str) -> str:
    """``text`` without anything that may be a code: ``Your code is 482 913`` -> ``Your code is •••``."""
    return _CODES.sub("•••", text)


def masked_long_numbers(text: str) -> str:
    """``text`` without what may be the number of a card: somebody may put one into an address by mistake."""
    return _LONG_NUMBERS.sub("•••", text)
