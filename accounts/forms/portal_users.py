from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, Role

_SELECT = {"class": "form-select"}


class RoleChoice(forms.MultipleChoiceField):
    """Ticks for roles, by name."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, roles: Collection[Role]) -> None:
        self.choices = [(role.name, role.name) for role in roles]


class RolesForm(forms.Form):
    """The roles of somebody who is there already."""

    roles = RoleChoice(label=_("Roles"), required=False)

    def __init__(self, *args: Any, offered: Collection[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["roles"]
        if isinstance(choice, RoleChoice):
            choice.offer(offered)


class PersonForm(RolesForm):
    """Somebody new."""

    display_name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=200,
        help_text=_("A link to choose a password goes there. It works once, for an hour; you can send another one."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select({"translate": "no"})
    )
    roles = RoleChoice(label=_("Roles"), error_messages={"required": _("Choose at least one role.")})
    field_order = ("display_name", "email", "language", "roles")


class PeopleFilter(forms.Form):
    """What a list of people is asked for in its address."""

    q = forms.CharField(
        label=_("Name or e-mail address"),
        max_length=60,
        required=False,
        widget=forms.TextInput({"type": "search", "class": "form-control", "data-search": "", "autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), required=False, widget=forms.Select(_SELECT))
    client = forms.ChoiceField(label=_("Works for"), required=False, widget=forms.Select(_SELECT))
    state = forms.CharField(required=False, max_length=10)

    def __init__(self, *args: Any, roles: Sequence[Role], clients: Sequence[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", _("All roles")),
            *((str(role.public_id), role.name) for role in roles),
        ]
        self.fields["client"].choices = [  # type: ignore[attr-defined]
            ("", _("Everybody")),
            ("gateway", _("The gateway")),
            *((str(client.public_id), client.name) for client in clients),
        ]
