from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Permission, Role


class NameForm(forms.Form):
    """What a role is called: for a rename, and for a clone."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput({"autocomplete": "off"}))


class RoleForm(NameForm):
    audience = forms.ChoiceField(
        label=_("Who can hold it"), choices=Role.Audience.choices, widget=forms.RadioSelect, initial=Role.Audience.STAFF
    )


class MatrixFilter(forms.Form):
    """What the matrix is asked for in its address: some words, and which columns."""

    q = forms.CharField(
        label=_("Right or address"),
        max_length=60,
        required=False,
        widget=forms.TextInput(
            {"type": "search", "class": "form-control", "data-search": "", "data-sift": "matrix", "autocomplete": "off"}
        ),
    )
    audience = forms.ChoiceField(required=False, choices=[("", ""), *Role.Audience.choices])
    role = forms.UUIDField(required=False)

    def asked(self) -> dict[str, Any]:
        """What is usable of it; nonsense in an address counts as not asked."""
        self.is_valid()
        found = self.cleaned_data
        return {"q": found.get("q") or "", "audience": found.get("audience") or "", "role": found.get("role")}


class CompareForm(forms.Form):
    """Two roles, by public id."""

    first = forms.ChoiceField(label=_("One role"), widget=forms.Select({"class": "form-select"}))
    second = forms.ChoiceField(label=_("The other"), widget=forms.Select({"class": "form-select"}))
    only = forms.BooleanField(
        label=_("Only differences"), required=False, widget=forms.CheckboxInput({"class": "form-check-input"})
    )

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(role.public_id), role.name) for role in roles]
        for name in ("first", "second"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class AccessForm(forms.Form):
    """The two questions: what may this one, who may this."""

    q = forms.CharField(
        label=_("Person or API user"),
        max_length=60,
        required=False,
        widget=forms.TextInput({"type": "search", "class": "form-control", "data-search": "", "autocomplete": "off"}),
    )
    permission = forms.ChoiceField(
        label=_("Right"), required=False, widget=forms.Select({"class": "form-select"}), choices=[]
    )

    def __init__(self, *args: Any, permissions: Sequence[Permission], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[str, str]]] = {}
        for one in permissions:
            groups.setdefault(one.name.partition(".")[0], []).append((str(one.public_id), one.name))
        self.fields["permission"].choices = [("", "–"), *groups.items()]  # type: ignore[attr-defined]
