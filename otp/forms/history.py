from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from otp.selectors import KIND_FILTERS, STATE_FILTERS


def _date_field(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput({"type": "date", "class": "form-control"}, "%Y-%m-%d")
    )


class HistoryForm(forms.Form):
    q = forms.CharField(
        label=_("Number, address, service or code"),
        max_length=64,
        required=False,
        widget=forms.TextInput({"type": "search", "class": "form-control", "data-search": "", "autocomplete": "off"}),
    )
    state = forms.ChoiceField(required=False, choices=[("", ""), *[(key, key) for key in STATE_FILTERS]])
    kind = forms.ChoiceField(required=False, choices=[("", ""), *[(key, key) for key in KIND_FILTERS]])
    first = _date_field(_("From"))
    last = _date_field(_("To"))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if isinstance(first, date) and isinstance(last, date) and first > last:
            raise forms.ValidationError(_("The first day is after the last one."))
        return found
