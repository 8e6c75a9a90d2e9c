from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib.money import EXPONENTS, InvalidAmount, check_amount, format_money

currencies = st.sampled_from(sorted(EXPONENTS))


@given(units=st.integers(1, 10**16 - 1), currency=currencies)
def test_every_amount_of_a_currency_passes_unchanged(units: int, currency: str) -> None:
    amount = Decimal(units).scaleb(-EXPONENTS[currency])
    assert check_amount(amount, currency) is amount


@given(units=st.integers(1, 10**15), currency=currencies, finer=st.integers(1, 12))
def test_finer_than_the_currency_is_an_error_not_a_rounding(units: int, currency: str, finer: int) -> None:
    amount = Decimal(units * 10 + 1).scaleb(-EXPONENTS[currency] - finer)
    with pytest.raises(InvalidAmount):
        check_amount(amount, currency)


@pytest.mark.parametrize(
    "value",
    [
        *(Decimal(0), Decimal(-1), Decimal("-0"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")),
        *(Decimal("-Infinity"), Decimal(10) ** 16, Decimal("1E+400"), Decimal("1E-400"), Decimal("0.001")),
        *(1, 1.0, 0.1, "1", True, None, b"1"),
    ],
)
@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_what_is_no_amount_of_money(value: Any, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        check_amount(value, currency)


@pytest.mark.parametrize("currency", ["EUR", "idr", "", "IDR "])
def test_unknown_currencies(currency: str) -> None:
    with pytest.raises(InvalidAmount):
        check_amount(Decimal(1), currency)


def test_trailing_zeros_are_not_decimals() -> None:
    assert check_amount(Decimal("50000.00"), "IDR") == 50_000
    assert check_amount(Decimal("1E+3"), "IDR") == 1_000
    assert check_amount(Decimal("12.500"), "SLE") == Decimal("12.5")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("50000", "IDR", "Rp50.000"),
        ("50000.00", "IDR", "Rp50.000"),
        ("1234567", "IDR", "Rp1.234.567"),
        ("999", "IDR", "Rp999"),
        ("0", "IDR", "Rp0"),
        ("-1250", "IDR", "-Rp1.250"),
        ("12.5", "SLE", "SLE 12.50"),
        ("1234567.89", "SLE", "SLE 1,234,567.89"),
        ("-0.05", "USD", "-US$ 0.05"),
        ("7", "XYZ", "XYZ 7.00"),
    ],
)
def test_amounts_as_people_write_them(amount: str, currency: str, text: str) -> None:
    assert format_money(Decimal(amount), currency) == text


@given(units=st.integers(-(10**16), 10**16), currency=currencies)
def test_no_digit_is_lost_in_writing(units: int, currency: str) -> None:
    text = format_money(Decimal(units).scaleb(-EXPONENTS[currency]), currency)
    assert int("".join(c for c in text if c.isdigit())) == abs(units)
    assert text.startswith("-") == (units < 0)
