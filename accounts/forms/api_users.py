from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.phones import or_invalid
from accounts.models import Role


class ApiUserForm(forms.Form):
    """A new API user; ``roles`` are those its maker may give."""

    developer_name = forms.CharField(
        label=_("Name of the developer"), max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )
    developer_email = forms.EmailField(
        label=_("E-mail address"),
        max_length=200,
        help_text=_("Codes that confirm a payment go there."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    developer_phone_number = forms.CharField(
        label=_("Phone"),
        max_length=50,
        help_text=_("With the country code, such as +232 76 123456."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "tel"}),
    )
    role_id = forms.ChoiceField(
        label=_("Role"),
        help_text=_("What its keys may do. Single rights can be added or taken away afterwards."),
        widget=forms.Select({"class": "form-select"}),
    )

    def clean_developer_phone_number(self) -> str:
        return or_invalid(self.cleaned_data["developer_phone_number"])

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(role.public_id), role.name) for role in roles]
        self.fields["role_id"].choices = choices  # type: ignore[attr-defined]
