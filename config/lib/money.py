"""Amounts: ``Decimal`` with a currency beside it, never a float, never rounded behind the caller's back."""

import re
from decimal import Decimal

# IDR is written without decimals; SLE is the redenominated leone with two.
EXPONENTS = {"IDR": 0, "SLE": 2, "USD": 2}
_SIGNS = {"IDR": "Rp", "SLE": "SLE ", "USD": "US$ "}
_LARGEST = Decimal(10) ** 16
_PLAIN = re.compile(r"[0-9]{1,14}(\.[0-9]{1,2})?", re.ASCII)


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


def read_amount(text: str, currency: str) -> Decimal:
    """An amount as a person types it: ``75000``, ``75.000`` or ``Rp 75.000``; ``12.50`` where there are cents.

    Raises `InvalidAmount`.
    """
    bare = text.strip().lower().removeprefix(_SIGNS.get(currency, "").strip().lower()).strip()
    if currency != "IDR":
        if not _PLAIN.fullmatch(bare):
            raise InvalidAmount(f"not an amount: {text!r}")
        return check_amount(Decimal(bare), currency)
    groups = bare.replace(",", ".").split(".")
    grouped = len(groups) == 1 or (0 < len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
    digits = "".join(groups)
    if not grouped or not (digits.isascii() and digits.isdecimal()) or len(digits) > 15:
        raise InvalidAmount(f"not whole rupiah: {text!r}")
    return check_amount(Decimal(digits), currency)


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
