"""Amounts: ``Decimal`` with a currency beside it, never a float, never rounded behind the caller's back."""

import re
from decimal import Decimal

from django.utils.translation import get_language

# IDR is written without decimals; SLE is the redenominated leone with two.
EXPONENTS = {"IDR": 0, "SLE": 2, "USD": 2}
_SIGNS = {"IDR": "Rp", "SLE": "SLE ", "USD": "US$ "}
_LARGEST = Decimal(10) ** 16
# What may stand beside the figures: "Rp. 50.000,-", "SLE 12.50", "12,50 USD".
_WORDS = {"IDR": ("rp.", "rp", "idr"), "SLE": ("sle",), "USD": ("us$", "usd")}
_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:([., ])[0-9]{3})(?:\1[0-9]{3})*", re.ASCII)
_CENTS = re.compile(r"([0-9]+)[.,]([0-9]+)", re.ASCII)
_BOTH = re.compile(r"([1-9][0-9]{0,2}(?:([., ])[0-9]{3})(?:\2[0-9]{3})*)(?!\2)[.,]([0-9]{1,2})", re.ASCII)


class InvalidAmount(ValueError):
    """Not an amount of money: a float, no number, not positive, too large, or finer than the currency allows."""


def check_amount(value: Decimal, currency: str) -> Decimal:
    """Return ``value`` if it is a positive amount of ``currency``; raise `InvalidAmount` otherwise."""
    if currency not in EXPONENTS:
        raise InvalidAmount(f"unknown currency {currency!r}")
    if not isinstance(value, Decimal) or not value.is_finite():
        raise InvalidAmount(f"not a decimal amount: {value!r}")
    if not 0 < value < _LARGEST:
        raise InvalidAmount(f"out of range: {value}")
    if value != value.quantize(Decimal(1).scaleb(-EXPONENTS[currency])):
        raise InvalidAmount(f"{value} has more decimals than {currency} allows")
    return value


class AmbiguousAmount(InvalidAmount):
    """Two amounts can be meant: in ``larger`` the mark stands for thousands, in ``smaller`` before the decimals."""

    def __init__(self, larger: Decimal, smaller: Decimal) -> None:
        super().__init__(f"{larger} or {smaller}")
        self.larger, self.smaller = larger, smaller


def read_amount(text: str, currency: str, language: str | None = None) -> Decimal:
    """An amount as a person types it into any form, in ``language`` or that of the page (docs/decisions.md).

    What can be read in one way only is read so in both languages: ``2,50`` and ``2.50``, ``1.000.000``, ``1,000.50``
    and ``1.000,50``. One mark before three digits is a thousand where it is the language's own mark for thousands
    (Indonesian ``1.000``, English ``1,000``); the other language's raises `AmbiguousAmount`. Rupiah have no decimals:
    ``50.000`` and ``50,000`` are fifty thousand. Raises `InvalidAmount`.
    """
    bare = _bare(text, currency)
    places = EXPONENTS.get(currency, 0)
    if found := _GROUPS.fullmatch(bare):
        amount = check_amount(Decimal(_digits(bare)), currency)
        if places and len(bare) - bare.find(found[1]) == 4 and found[1] == _other_mark(language):
            raise AmbiguousAmount(amount, check_amount(Decimal(bare.replace(",", ".")[:-1]), currency))
        return amount
    return check_amount(_ungrouped(bare, places), currency)


def amounts_in(text: str, currency: str) -> set[Decimal]:
    """Every amount that ``text`` can mean, for a search; none where it is no amount."""
    try:
        return {read_amount(text, currency)}
    except AmbiguousAmount as error:
        return {error.larger, error.smaller}
    except InvalidAmount:
        return set()


def _bare(text: str, currency: str) -> str:
    """The figures and their marks alone."""
    bare = " ".join(text.split()).lower().removesuffix(",-")
    word = next((one for one in _WORDS.get(currency, ()) if bare.startswith(one) or bare.endswith(one)), "")
    return bare.removeprefix(word).removesuffix(word).strip()


def _other_mark(language: str | None) -> str:
    """What stands before decimals in this language, and for thousands in the other."""
    return "," if (language or get_language() or "").startswith("id") else "."


def _ungrouped(bare: str, places: int) -> Decimal:
    """Figures that end in decimals, or have no mark at all; decimals of rupiah are noughts, and nothing that could be
    thousands with a digit missing."""
    if _WHOLE.fullmatch(bare):
        return Decimal(bare)
    if (both := _BOTH.fullmatch(bare)) and (places or not both[3].strip("0")):
        return Decimal(f"{_digits(both[1])}.{both[3]}")
    if (cents := _CENTS.fullmatch(bare)) and (places or (not cents[2].strip("0") and len(cents[1]) > 3)):
        return Decimal(f"{cents[1]}.{cents[2]}")
    raise InvalidAmount(f"not an amount: {bare!r}")


def _digits(text: str) -> str:
    return re.sub(r"[., ]", "", text)


def format_money(amount: Decimal, currency: str) -> str:
    """``Rp50.000``, ``-Rp1.250``, ``SLE 12.50``: rupiah the Indonesian way, others with a point for decimals."""
    sign = "-" if amount < 0 else ""
    digits = f"{abs(amount):,.{EXPONENTS.get(currency, 2)}f}"
    if currency == "IDR":
        digits = digits.replace(",", ".")
    return f"{sign}{_SIGNS.get(currency, currency + ' ')}{digits}"


def as_json_number(amount: Decimal) -> int | float:
    """``amount`` as the number that JSON carries (TeraPay contract 18): on its way out, nothing computes with it."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
