from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

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
