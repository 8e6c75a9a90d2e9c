from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from otp.selectors import STATE_FILTERS

ID = r"^[A-Za-z0-9_.-]{1,64}\Z"


class PurchaseForm(forms.Form):
    """The hidden fields of a Buy button: what was shown, and the key that makes a second click harmless."""

    product = forms.RegexField(ID, widget=forms.HiddenInput)
    service = forms.RegexField(ID, widget=forms.HiddenInput)
    country = forms.RegexField(ID, widget=forms.HiddenInput)
    price = forms.DecimalField(min_value=1, max_digits=13, decimal_places=0, widget=forms.HiddenInput)
    key = forms.RegexField(r"^[A-Za-z0-9_-]{8,64}\Z", widget=forms.HiddenInput)


class FavouriteForm(forms.Form):
    service = forms.RegexField(ID)
    country = forms.RegexField(ID)
    wanted = forms.BooleanField(required=False)


class ShopForm(forms.Form):
    """What the Buy page is asked for in its address."""

    q = forms.CharField(max_length=60, required=False, label=_("Service"))
    service = forms.RegexField(ID, required=False)
    country = forms.RegexField(ID, required=False, label=_("Country"))

    def asked(self) -> dict[str, Any]:
        """What is usable of it; nonsense in an address counts as not asked."""
        self.is_valid()
        found = self.cleaned_data
        return {"q": found.get("q") or "", "service": found.get("service") or "", "country": found.get("country") or ""}


def _date_field(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput({"type": "date", "class": "form-control"}, "%Y-%m-%d")
    )


class HistoryForm(forms.Form):
    q = forms.CharField(
        label=_("Number, service or code"),
        max_length=64,
        required=False,
        widget=forms.TextInput({"type": "search", "class": "form-control", "data-search": "", "autocomplete": "off"}),
    )
    state = forms.ChoiceField(required=False, choices=[("", ""), *[(key, key) for key in STATE_FILTERS]])
    first = _date_field(_("From"))
    last = _date_field(_("To"))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if isinstance(first, date) and isinstance(last, date) and first > last:
            raise forms.ValidationError(_("The first day is after the last one."))
        return found
