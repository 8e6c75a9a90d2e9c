from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.money import EXPONENTS
from config.lib.typed import typed_amount
from wallets.selectors import Period

DIRECTIONS = [("", _("All")), ("credit", _("Money in")), ("debit", _("Money out"))]


def _day() -> forms.DateInput:
    # The browser's own calendar wants ISO days whatever the language.
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


class PeriodForm(forms.Form):
    """What part of a statement to show. It lives in the URL, so a view can be bookmarked and exported."""

    first = forms.DateField(label=_("From"), required=False, widget=_day())
    last = forms.DateField(label=_("To"), required=False, widget=_day())
    direction = forms.ChoiceField(choices=DIRECTIONS, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and first > last:
            self.add_error("last", _("The end is before the beginning."))
        for name in ("first", "last"):
            if cleaned.get(name) and not date(2000, 1, 1) <= cleaned[name] <= date(2200, 1, 1):
                self.add_error(name, _("Choose a day of this century."))
        return cleaned

    def period(self) -> Period:
        """The period asked for, in the reader's zone; a wrong entry leaves its end open."""
        zone = ZoneInfo(timezone.get_current_timezone_name())
        cleaned = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return Period(zone, cleaned.get("first"), cleaned.get("last"), cleaned.get("direction") or "")


class BookForm(forms.Form):
    """Which account of the house, and which of its days; nonsense counts as not asked."""

    account = forms.CharField(max_length=80, required=False)
    currency = forms.ChoiceField(choices=[(one, one) for one in EXPONENTS], required=False)
    first = forms.DateField(label=_("From"), required=False, widget=_day())
    last = forms.DateField(label=_("To"), required=False, widget=_day())


class SpendingForm(forms.Form):
    """What sending and paying have in common. Limits, balance and the other side are judged by the service."""

    amount = forms.CharField(
        label=_("Amount"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    note = forms.CharField(label=_("Note (optional)"), required=False, max_length=200)

    def clean_amount(self) -> Decimal:
        return typed_amount(self.cleaned_data["amount"], settings.CUSTOMER_WALLET_CURRENCY)


class SendForm(SpendingForm):
    recipient = forms.CharField(
        label=pgettext_lazy("receiver", "To"),
        max_length=254,
        help_text=_("The e-mail address of their account, or their customer number."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("recipient", "amount", "note")


class PayForm(SpendingForm):
    external_reference = forms.CharField(
        label=_("Invoice number"),
        max_length=100,
        help_text=_("As the merchant wrote it. Each invoice can be paid once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("external_reference", "amount", "note")
