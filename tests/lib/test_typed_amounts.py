"""One rule for what people type as an amount, in both languages, and every form that asks for one keeps it."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.lib.money import AmbiguousAmount, InvalidAmount, amounts_in, format_money, read_amount
from config.lib.typed import FigureField, typed_amount

BOTH = ("en", "id")


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *(("250", "250"), ("2,50", "2.50"), ("2.50", "2.50"), ("2,5", "2.5"), ("0,05", "0.05"), ("0.500", "0.5")),
        *(("1234,5", "1234.5"), ("1,000.50", "1000.50"), ("1.000,50", "1000.50"), ("1 000,50", "1000.50")),
        *(("1.000.000", "1000000"), ("1,000,000", "1000000"), ("1 000", "1000"), ("1.000.000,5", "1000000.5")),
        *(("SLE 12.50", "12.50"), ("sle12,50", "12.50"), ("12.50 SLE", "12.50"), ("SLE\u00a01 000", "1000")),
    ],
)
def test_what_can_be_read_in_one_way_only(language: str, text: str, amount: str) -> None:
    assert read_amount(text, "SLE", language) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "language", "amount"),
    [("1,000", "en", 1000), ("12,500", "en", 12_500), ("1.000", "id", 1000), ("12.500", "id", 12_500)],
)
def test_each_language_has_its_mark_for_thousands(text: str, language: str, amount: int) -> None:
    assert read_amount(text, "SLE", language) == amount
    other = "id" if language == "en" else "en"
    with pytest.raises(AmbiguousAmount) as raised:
        read_amount(text, "SLE", other)
    assert (raised.value.larger, raised.value.smaller) == (amount, Decimal(amount) / 1000)
    with translation.override(other):
        assert amounts_in(text, "SLE") == {Decimal(amount), Decimal(amount) / 1000}


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(
    "text",
    [
        *("50000", "50.000", "50,000", "50 000", "Rp50.000", "Rp 50.000", "rp. 50.000,-", "IDR 50.000", "50.000,00"),
        *("50,000.00", "50000,00", "50000.00", "50.000 IDR"),
    ],
)
def test_rupiah_have_no_decimals(language: str, text: str) -> None:
    assert read_amount(text, "IDR", language) == 50_000


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *((text, "IDR") for text in ("2,50", "50,5", "75.00", "50.000,50", "1.5", "5.0000", "1.000,000", "SLE 50")),
        *((text, "SLE") for text in ("2,5,0", "1,00,000", "1.00.000", "1,234.567", "12.3456", "Rp 5", "1,000.5.5")),
        *((text, "SLE") for text in ("", " ", ",5", "5,", "-5", "+5", "1e3", "NaN", "٢", "0", "0,00", "2·50", "1_000")),
        *((text, "SLE") for text in ("9" * 30, "1,.5", "SLE", "SLE SLE 5", "5-", "(5)")),
    ],
)
def test_what_is_no_amount(language: str, text: str, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        read_amount(text, currency, language)
    assert amounts_in(text, currency) == set()


@given(units=st.integers(1, 10**14), currency=st.sampled_from(["IDR", "SLE"]), language=st.sampled_from(BOTH))
def test_what_we_write_ourselves_can_be_typed(units: int, currency: str, language: str) -> None:
    amount = Decimal(units) if currency == "IDR" else Decimal(units).scaleb(-2)
    assert read_amount(format_money(amount, currency), currency, language) == amount
    assert read_amount(f"{amount:f}", currency, language) == amount


@pytest.mark.parametrize(
    ("language", "text", "currency", "words"),
    [
        ("en", "1.000", "SLE", "Enter an amount that can be read in one way only: 1000, or 1.00."),
        ("en", "ten", "SLE", "Enter an amount, for example 250.00."),
        ("en", "2,50", "IDR", "Enter an amount, for example 250000."),
        ("id", "1,000", "SLE", "1000"),
        ("id", "1,000", "SLE", "1,00"),
        ("id", "sepuluh", "SLE", "250,00"),
    ],
)
def test_a_refusal_says_how_to_write_it(language: str, text: str, currency: str, words: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as raised:
        typed_amount(text, currency)
    assert words in raised.value.messages[0]


@pytest.mark.parametrize(("text", "figure"), [("2,5", "2.5"), ("2.5", "2.5"), ("0", "0"), ("1250", "1250")])
def test_a_figure_that_may_be_nothing(text: str, figure: str) -> None:
    assert FigureField(decimal_places=2, max_digits=10).clean(text) == Decimal(figure)


@pytest.mark.parametrize("text", ["1,250", "1.250", "1,2,5", "x"])
def test_a_figure_that_could_be_two(text: str) -> None:
    with pytest.raises(ValidationError):
        FigureField(decimal_places=2, max_digits=10).clean(text)
