from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.phones import or_invalid
from accounts.models import Client
from accounts.reasons import REJECTIONS
from accounts.services.clients import HOME, MOST_REASON

# Clients may name their country as they like; these are offered while they type.
COUNTRIES = (HOME, "Indonesia", "Guinea", "Liberia", "Ghana", "Nigeria", "Singapore", "Malaysia")


def _text(label: Any, most: int, *, help_text: Any = "", required: bool = True, **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        help_text=help_text,
        required=required,
        widget=forms.TextInput(attributes),
    )


class JoinForm(forms.Form):
    """What both kinds of clients tell about themselves; names are those of `services.clients.register`."""

    name = _text(_("Name of the company"), 200, autocomplete="organization")
    contact_person = _text(
        _("Contact person"), 200, help_text=_("Whom we ask when something is not clear."), autocomplete="name"
    )
    email_address = forms.EmailField(
        label=_("E-mail address"),
        max_length=200,
        help_text=_("You sign in with it, and everything we decide is told there."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    phone_number = _text(
        _("Phone"),
        50,
        help_text=_("With the country code, such as +232 76 123456; without one it is a number of Sierra Leone."),
        autocomplete="tel",
        inputmode="tel",
    )
    address = _text(_("Address"), 300, required=False, autocomplete="street-address")
    city = _text(_("City"), 100, required=False, autocomplete="address-level2")
    state = _text(_("Region or province"), 100, required=False, autocomplete="address-level1")
    country = _text(_("Country"), 100, required=False, autocomplete="country-name", list="countries")

    client_type = Client.Kind.COMPANY

    def clean_phone_number(self) -> str:
        """Told together with everything else that is wrong, not in a second round."""
        return or_invalid(self.cleaned_data["phone_number"])

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        return {**self.cleaned_data, "client_type": self.client_type.value}


class JoinAloneForm(JoinForm):
    """A single developer is their own contact person."""

    client_type = Client.Kind.INDIVIDUAL

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["contact_person"]
        self.fields["name"].label = _("Your name")
        self.fields["name"].widget.attrs["autocomplete"] = "name"

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "contact_person": self.cleaned_data["name"]}


class ProfileForm(JoinForm):
    """What may be changed of a client later: the fields of these columns, as the client has them now."""

    def __init__(self, data: Any = None, *, client: Client, columns: Collection[str]) -> None:
        columns_of = {name: "email" if name == "email_address" else name for name in self.base_fields}
        now = {name: getattr(client, column) for name, column in columns_of.items()}
        super().__init__(data, initial=now)
        for name, column in columns_of.items():
            if column not in columns:
                del self.fields[name]
        if "name" in self.fields:
            self.fields["name"].label = _("Name")
            self.fields["email_address"].help_text = _(
                "What we decide is told there, and a developer's key goes there. What its people sign in with stays."
            )


class RejectForm(forms.Form):
    """Why a registration is turned down: a reason from the list, and words of one's own."""

    code = forms.ChoiceField(
        label=_("Why it is rejected"),
        choices=[("", _("Choose a reason")), *REJECTIONS.items()],
        help_text=_("The client reads exactly this sentence, in its own language."),
        widget=forms.Select({"class": "form-select"}),
    )
    reason = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=300,
        help_text=_("Added after the sentence. Write what would have to change."),
        widget=forms.Textarea({"rows": 3}),
    )


class DeactivateForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"),
        max_length=MOST_REASON,
        help_text=_("The client reads this in its mail, and it stays in the audit."),
        widget=forms.Textarea({"rows": 3}),
    )


class ClientFilter(forms.Form):
    """What the list of clients is asked for in its address; nonsense counts as not asked."""

    q = forms.CharField(max_length=100, required=False)
    status = forms.ChoiceField(choices=[("", ""), *Client.Status.choices], required=False)
    kind = forms.ChoiceField(choices=[("", ""), *Client.Kind.choices], required=False)

    def asked(self) -> dict[str, str]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
