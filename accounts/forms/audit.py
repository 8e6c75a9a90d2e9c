"""What part of the audit record to show. It lives in the address, so a search can be kept, sent, and exported."""

import ipaddress
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.selectors.audit import BY, Wanted, action_choices
from accounts.selectors.audit_words import VIAS


def _words(label: Any, hint: Any = "", **more: Any) -> forms.CharField:
    widget = forms.TextInput({"class": "form-control", "autocomplete": "off", "placeholder": hint, **more})
    return forms.CharField(label=label, required=False, max_length=200, widget=widget)


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput({"type": "date", "class": "form-control"}, "%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=choices, widget=forms.Select({"class": "form-select"})
    )


class AuditForm(forms.Form):
    who = _words(_("Who"), _("begins with …"), type="search", **{"data-search": ""})
    what = _words(_("Object"), _("name or id"), type="search")
    action = _choice(_("Action"), action_choices)
    first = _day(_("From"))
    last = _day(_("To"))
    request_id = _words(_("Request"))
    via = _choice(_("By way of"), [("", _("any")), *VIAS.items()])
    by = _choice(_("By"), [("", _("anybody")), *BY.items()])
    address = _words(_("Address"))
    about = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    until = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def clean_address(self) -> str:
        text = str(self.cleaned_data["address"])
        try:
            return str(ipaddress.ip_address(text)) if text else ""
        except ValueError:
            raise forms.ValidationError(_("This is no address, such as 203.0.113.7.")) from None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        for name in ("first", "last"):
            if cleaned.get(name) and not date(2000, 1, 1) <= cleaned[name] <= date(2200, 1, 1):
                self.add_error(name, _("Choose a day of this century."))
        if first and last and first > last:
            self.add_error("last", _("The end is before the beginning."))
        return cleaned

    def wanted(self) -> Wanted:
        """What is searched for, days in the reader's zone. A wrong entry finds nothing wrongly: it is left out."""
        self.is_valid()
        usable = {name: value for name, value in self.cleaned_data.items() if value}
        return Wanted(ZoneInfo(timezone.get_current_timezone_name()), **usable)
