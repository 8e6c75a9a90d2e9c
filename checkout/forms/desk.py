"""What a client's people type on the pages about checkouts."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.choices import CURRENCIES
from checkout.models import Method, Shop
from checkout.selectors.desk import GROUPS, Wanted
from checkout.services.sessions import LONGEST_DESCRIPTION
from checkout.services.shops import LONGEST, SHORTEST
from config.lib.typed import typed_amount


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


class SessionFilter(forms.Form):
    """The search over checkouts; nonsense counts as not asked. It lives in the URL."""

    q = forms.CharField(max_length=100, required=False)
    group = forms.ChoiceField(choices=[(one, one) for one in GROUPS], required=False)
    currency = forms.ChoiceField(choices=[(one, one) for one in CURRENCIES], required=False)
    first = forms.DateField(label=_("From"), required=False, widget=_day())
    last = forms.DateField(label=_("To"), required=False, widget=_day())

    def wanted(self) -> Wanted:
        self.is_valid()
        said = self.cleaned_data
        text = (said.get("q") or "").replace("\0", "").strip()
        return Wanted(
            text=text,
            group=said.get("group") or "",
            currency=said.get("currency") or "",
            first=_sensible(said.get("first")),
            last=_sensible(said.get("last")),
        )


def _sensible(day: date | None) -> date | None:
    return day if day and date(2000, 1, 1) <= day <= date(2200, 1, 1) else None


class SessionForm(forms.Form):
    """A new checkout; limits and ways to pay are judged by the service."""

    currency = forms.ChoiceField(label=_("Currency"), choices=[(one, one) for one in CURRENCIES])
    amount = forms.CharField(
        label=_("Amount"), max_length=24, widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
    )
    description = forms.CharField(
        label=_("What it is for (optional)"),
        required=False,
        max_length=LONGEST_DESCRIPTION,
        help_text=_("The payer reads it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    minutes = forms.IntegerField(
        label=_("Minutes open"),
        min_value=SHORTEST,
        max_value=LONGEST,
        help_text=_("From 5 minutes to a week (10,080)."),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if "amount" in found and "currency" in found:
            try:
                found["amount"] = typed_amount(found["amount"], found["currency"])
            except forms.ValidationError as error:
                self.add_error("amount", error)
        return found


class ShopForm(forms.Form):
    """How the checkouts of a client look and what they offer."""

    name = forms.CharField(
        label=_("Name that payers read"),
        required=False,
        max_length=60,
        help_text=_("Empty: the name of your company."),
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    methods = forms.MultipleChoiceField(
        label=_("Ways to pay"),
        choices=Method.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A checkout offers those that its currency and amount allow: SLE is paid by card only."),
    )
    minutes = forms.IntegerField(
        label=_("Minutes open"),
        min_value=SHORTEST,
        max_value=LONGEST,
        help_text=_("How long the payer has, unless a checkout says otherwise. From 5 minutes to a week (10,080)."),
    )

    @staticmethod
    def of(shop: Shop) -> "ShopForm":
        """The form as it stands now."""
        return ShopForm(initial={"name": shop.name, "methods": shop.methods, "minutes": shop.minutes})
