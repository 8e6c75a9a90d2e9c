"""Amounts: ``Decimal`` with a currency beside it, never a float, never rounded behind the caller's back."""

from decimal import Decimal

# IDR is written without decimals; SLE is the redenominated leone with two.
EXPONENTS = {"IDR": 0, "SLE": 2, "USD": 2}
_SIGNS = {"IDR": "Rp", "SLE": "SLE ", "USD": "US$ "}
_LARGEST = Decimal(10) ** 16


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


def format_money(amount: Decimal, currency: str) -> str:
    """``Rp50.000``, ``-Rp1.250``, ``SLE 12.50``: rupiah the Indonesian way, others with a point for decimals."""
    sign = "-" if amount < 0 else ""
    digits = f"{abs(amount):,.{EXPONENTS.get(currency, 2)}f}"
    if currency == "IDR":
        digits = digits.replace(",", ".")
    return f"{sign}{_SIGNS.get(currency, currency + ' ')}{digits}"
