"""Numbers of cards as such: read, checked, told from other digits. Nothing here keeps one or says one."""

import re

LENGTHS = range(12, 20)
# (brand, beginning, lengths); the first that fits.
_BRANDS: list[tuple[str, str, tuple[int, ...]]] = [
    ("Amex", r"3[47]", (15,)),
    ("Diners", r"3(0[0-5]|[689])", (14, 16, 19)),
    ("JCB", r"35(2[89]|[3-8][0-9])", (16, 19)),
    ("Visa", r"4", (13, 16, 19)),
    ("Mastercard", r"5[1-5]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720", (16,)),
    ("Discover", r"6011|64[4-9]|65", (16, 19)),
    ("UnionPay", r"62", (16, 17, 18, 19)),
]
OTHER = "Card"
_GROUPS = re.compile(r"[0-9](?:[ -]?[0-9]){12,18}(?![ -]?[0-9])", re.ASCII)


def bare(text: str) -> str:
    """The digits of a number as people write it; whatever else stands in it stays, and is no number then."""
    return re.sub(r"[ -]", "", text.strip())


def is_number(digits: str) -> bool:
    """Twelve to nineteen digits whose last one is right (TeraPay contract 11)."""
    return digits.isascii() and digits.isdecimal() and len(digits) in LENGTHS and _is_luhn(digits)


def brand_of(digits: str) -> str:
    """Whose card it is by its first digits; `OTHER` where they say nothing."""
    for name, beginning, lengths in _BRANDS:
        if len(digits) in lengths and re.match(beginning, digits):
            return name
    return OTHER


def hides_number(text: str) -> bool:
    """Whether there is what can only be a card's number in words that we keep: a known brand, its length, the right
    last digit. Of sixteen digits drawn at random about one in sixty looks so too."""
    return any(is_number(found) and brand_of(found) != OTHER for found in map(bare, _GROUPS.findall(text)))


def _is_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += sum(divmod(2 * digit, 10)) if place % 2 else digit
    return total % 10 == 0
