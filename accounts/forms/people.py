from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SignupDetails(forms.Form):
    """What sign-up asks beside e-mail and password; allauth builds its form on top of this one."""

    display_name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ("display_name", "email", "password1")

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls this after the account is stored; the adapter has already done everything."""


class PreferencesForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("display_name", "language", "timezone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(name for name in available_timezones() if "/" in name)
        self.fields["timezone"] = forms.ChoiceField(
            label=_("Time zone"),
            widget=forms.Select({"translate": "no"}),
            choices=[(name, name.replace("_", " ")) for name in zones],
            help_text=_("Times on every page are shown in this zone."),
        )
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select({"translate": "no"})
        )


class CodePhoneForm(forms.Form):
    phone_number = forms.CharField(
        label=_("Phone for codes"),
        max_length=50,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text=_("With its country code, such as +232 76 123456. Leave it empty to get codes by e-mail alone."),
    )
