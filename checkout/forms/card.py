"""The fields of a card, as a payer types them. What was typed is never written into a page again."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from cards.errors import BadCard
from checkout.services.paying import TypedCard

_EXPIRY = re.compile(r"(?P<month>\d{1,2})\s*[/.-]?\s*(?P<year>\d{2}|20\d{2})", re.ASCII)
# What the service calls a field, and where its problem stands on the page.
_PLACES = {"card_number": "number", "expiry_month": "expiry", "expiry_year": "expiry", "cvv": "code"}


class Unsaid(forms.TextInput):
    """A text field that never gets its value back."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, {**(attrs or {}), "class": "form-control"})


class CardForm(forms.Form):
    """Number, end and security code; ``press`` is the button's own key. Whether they can be right is judged by the
    service, which gets them by `typed`."""

    press = forms.UUIDField(widget=forms.HiddenInput)
    number = forms.CharField(
        label=_("Card number"),
        max_length=30,
        error_messages={"max_length": _("This is no card number. Check the digits.")},
        widget=Unsaid(attrs={"inputmode": "numeric", "autocomplete": "cc-number", "spellcheck": "false"}),
    )
    expiry = forms.CharField(
        label=_("Valid until"),
        help_text=_("Month and year, as on the card: 08/29"),
        max_length=12,
        error_messages={"max_length": _("Write month and year, as on the card: 08/29.")},
        widget=Unsaid(attrs={"inputmode": "numeric", "autocomplete": "cc-exp", "placeholder": "MM/YY"}),
    )
    code = forms.CharField(
        label=_("Security code"),
        help_text=_("Three digits on the back; four on the front of American Express"),
        max_length=4,
        error_messages={"max_length": _("The security code has three or four digits.")},
        widget=Unsaid(attrs={"inputmode": "numeric", "autocomplete": "cc-csc", "spellcheck": "false"}),
    )

    @sensitive_variables()
    def clean_expiry(self) -> tuple[int, int]:
        """Month and year; "0829", "8/29" and "08 / 2029" are read as well."""
        found = _EXPIRY.fullmatch(self.cleaned_data["expiry"].strip())
        if found is None:
            raise forms.ValidationError(_("Write month and year, as on the card: 08/29."))
        year = int(found["year"])
        return int(found["month"]), year if year > 99 else 2000 + year

    @property
    def pressed(self) -> UUID:
        found: UUID = self.cleaned_data["press"]
        return found

    @property
    @sensitive_variables()
    def typed(self) -> TypedCard:
        """Only of a form that is valid."""
        month, year = self.cleaned_data["expiry"]
        return TypedCard(self.cleaned_data["number"], month, year, self.cleaned_data["code"])

    def blame(self, error: BadCard) -> None:
        """Say where the service has found something wrong."""
        for name, problems in error.fields.items():
            for problem in problems:
                self.add_error(_PLACES.get(name), str(problem))
