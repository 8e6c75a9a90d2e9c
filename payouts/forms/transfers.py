"""What people type on the pages about transfers."""

import re
from datetime import date
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.typed import typed_amount
from payouts.models.states import Kind, Reason, State
from payouts.selectors import search

KINDS = [(Kind.BANK, _("Bank transfers")), (Kind.MOBILE, _("Mobile money"))]
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class TransferForm(forms.Form):
    """A new transfer. Whether the receiver can be paid, and the limits, are judged by the services."""

    destination = forms.CharField(
        label=_("Account or phone number"),
        max_length=60,
        help_text=_("A full account number, or a mobile-money number such as 076 123 456."),
        widget=forms.TextInput(attrs={**_PLAIN, "autocapitalize": "none"}),
    )
    receiver_name = forms.CharField(
        label=_("Name of the receiver (optional)"),
        required=False,
        max_length=120,
        help_text=_("It is compared with the name that the bank has."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    amount = forms.CharField(
        label=_("Amount"), max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    narration = forms.CharField(
        label=_("What it is for (optional)"), required=False, max_length=200, widget=forms.TextInput(attrs=_PLAIN)
    )
    # The names differ, and the person has seen it: of this receiver, not of one that was typed before.
    sure = forms.CharField(required=False, max_length=60)
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def clean_destination(self) -> str:
        return str(self.cleaned_data["destination"]).strip()

    def clean_amount(self) -> Decimal:
        return typed_amount(self.cleaned_data["amount"], "SLE")

    def clean_receiver_name(self) -> str:
        return " ".join(str(self.cleaned_data["receiver_name"]).split())


class _CodeInput(forms.PasswordInput):
    """Shown as it is typed, and empty again after a wrong one."""

    input_type = "text"


class CodeForm(forms.Form):
    """The code as it stands in a message: with a gap, or with words around it."""

    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        widget=_CodeInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "spellcheck": "false",
                "class": "code-input",
            }
        ),
    )

    def clean_code(self) -> str:
        bare = re.sub(r"[\s-]", "", self.cleaned_data["code"])
        found = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", bare, re.ASCII)
        if len(found) != 1:
            raise forms.ValidationError(_("The code has six digits."))
        return str(found[0])


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


class TransferFilter(forms.Form):
    """The search over transfers; nonsense counts as not asked. It lives in the URL."""

    q = forms.CharField(max_length=100, required=False)
    group = forms.ChoiceField(choices=[(one, one) for one in search.GROUPS], required=False)
    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    rows = forms.ChoiceField(choices=[(one, one) for one in (search.ROWS, search.EVERYTHING)], required=False)
    state = forms.ChoiceField(choices=State.choices, required=False)
    needs = forms.ChoiceField(
        choices=[(one, one) for one in (search.DOUBT, search.STUCK, search.FLAGGED)], required=False
    )
    reason = forms.ChoiceField(choices=[(search.NO_REASON, ""), *Reason.choices], required=False)
    place = forms.RegexField(r"^[0-9]{2,3}$", required=False)
    first = forms.DateField(label=_("From"), required=False, widget=_day())
    last = forms.DateField(label=_("To"), required=False, widget=_day())

    def wanted(self) -> search.Wanted:
        self.is_valid()
        said = self.cleaned_data
        names = ("group", "kind", "rows", "state", "needs", "reason", "place")
        words = {name: said.get(name) or "" for name in names}
        text = (said.get("q") or "").replace("\0", "").strip()
        first, last = _sensible(said.get("first")), _sensible(said.get("last"))
        return search.Wanted(text=text, first=first, last=last, **words)


def _sensible(day: date | None) -> date | None:
    return day if day and date(2000, 1, 1) <= day <= date(2200, 1, 1) else None
