"""What people type into forms, read in one place."""

from decimal import Decimal

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.lib.money import EXPONENTS, AmbiguousAmount, InvalidAmount, read_amount


def typed_amount(text: str, currency: str) -> Decimal:
    """An amount of ``currency`` as `read_amount` reads it. Raises `ValidationError` with an example to follow."""
    try:
        return read_amount(text, currency)
    except AmbiguousAmount as error:
        words = _("Enter an amount that can be read in one way only: %(large)s, or %(small)s.")
        told = {"large": f"{error.larger:f}", "small": _with_mark(error.smaller)}
        raise forms.ValidationError(words % told) from error
    except InvalidAmount as error:
        words = _("Enter an amount, for example %(example)s.")
        raise forms.ValidationError(words % {"example": example_of(currency)}) from error


def example_of(currency: str) -> str:
    """How an amount of ``currency`` may be typed, in the language of the page."""
    return _with_mark(Decimal("250.00")) if EXPONENTS.get(currency, 2) else "250000"


def _with_mark(amount: Decimal) -> str:
    text = f"{amount:.2f}"
    return text.replace(".", ",") if (get_language() or "").startswith("id") else text


class FigureField(forms.DecimalField):
    """A sum or a percentage that may be nothing, with ``decimal_places``; its mark as people type it."""

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]
        text = str(value).strip() if value is not None else ""
        # Three digits behind a comma could be thousands: only what cannot is read as decimals.
        if text.count(",") == 1 and "." not in text and len(text.partition(",")[2]) < 3:
            value = text.replace(",", ".")
        return super().to_python(value)
