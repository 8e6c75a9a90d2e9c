import datetime
import uuid
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import ApiKey, ApiUser
from accounts.selectors import keys as selectors

# How long the old key goes on beside its successor, in hours.
OVERLAPS = [("0", _("Now")), ("1", _("In 1 hour")), ("24", _("In 24 hours")), ("168", _("In 7 days"))]
STATUSES = [("", _("All")), ("2", _("Succeeded (2xx)")), ("4", _("Refused (4xx)")), ("5", _("Failed (5xx)"))]
_MYSELF = "me"


class _DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class FencesForm(forms.Form):
    """What may be changed of a key at any time."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        strip=True,
        help_text=_("Where it is used: you will thank yourself at the next rotation."),
    )
    expires_on = forms.DateField(
        label=_("Works until"),
        required=False,
        widget=_DateInput(),
        help_text=_("To the end of that day. Empty: until you revoke it."),
    )
    allowed_addresses = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("One IP address or network in each line, such as 203.0.113.0/24. Empty: from anywhere."),
    )

    @staticmethod
    def of(key: ApiKey) -> "FencesForm":
        """The form as it stands now."""
        ends = timezone.localtime(key.expires_at).date() if key.expires_at else None
        given = {"name": key.name, "expires_on": ends, "allowed_addresses": "\n".join(key.allowed_addresses)}
        return FencesForm(initial=given)

    def clean_allowed_addresses(self) -> list[str]:
        text: str = self.cleaned_data["allowed_addresses"]
        return [part for part in text.replace(",", "\n").split() if part]

    def clean_expires_on(self) -> datetime.date | None:
        day: datetime.date | None = self.cleaned_data["expires_on"]
        # The last days of the calendar have no end in every zone.
        if day is not None and not 1 < day.year < 9999:
            raise forms.ValidationError(_("Choose a nearer day."), code="far")
        return day

    def expires_at(self, before: datetime.datetime | None = None) -> datetime.datetime | None:
        """The end of the chosen day in the person's zone; ``before`` stays if its day was not touched."""
        day: datetime.date | None = self.cleaned_data["expires_on"]
        if day is None:
            return None
        if before is not None and timezone.localtime(before).date() == day:
            return before
        midnight = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min)
        return timezone.make_aware(midnight)

    def take(self, fields: dict[str, Any]) -> None:
        """Show what a service found wrong beside its field."""
        for name, messages in fields.items():
            self.add_error({"expires_at": "expires_on"}.get(name, name), list(messages))


class KeyForm(FencesForm):
    """A new key. ``key_id`` is made with the form, so that sending it twice is known."""

    key_id = forms.UUIDField(widget=forms.HiddenInput)
    mode = forms.ChoiceField(
        label=_("For"),
        widget=forms.RadioSelect,
        choices=[("sandbox", _("Trying things out (sandbox)")), ("live", _("Real money (live)"))],
    )
    owner = forms.ChoiceField(label=_("Acts as"))
    field_order = ("key_id", "mode", "owner", "name", "expires_on", "allowed_addresses")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.api_users = {str(one.public_id): one for one in selectors.api_users_for_keys(actor)}
        self.owners = owners = self._owners()
        owner = cast(forms.ChoiceField, self.fields["owner"])
        owner.choices = owners
        if len(owners) == 1:
            owner.widget, owner.required, owner.initial = forms.HiddenInput(), False, owners[0][0]
        self.fields["key_id"].initial = uuid.uuid4

    def _owners(self) -> list[tuple[str, Any]]:
        mine = any(policy.may_make_keys(self.actor, is_sandbox=mode) for mode in (True, False))
        myself = [(_MYSELF, _("Myself"))] if mine else []
        return [*((key, one.developer_name) for key, one in self.api_users.items()), *myself]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        mine = found.get("mode") and self.api_user() is None
        if mine and not policy.may_make_keys(self.actor, is_sandbox=found["mode"] == "sandbox"):
            self.add_error("mode", forms.ValidationError(_("You may not make such a key for yourself.")))
        return found

    def api_user(self) -> ApiUser | None:
        """Whom the key acts as; None = the person who makes it."""
        chosen = self.cleaned_data.get("owner") or self.fields["owner"].initial
        return self.api_users.get(str(chosen))


class RotateForm(forms.Form):
    key_id = forms.UUIDField(widget=forms.HiddenInput)
    overlap = forms.ChoiceField(label=_("The old key ends"), choices=OVERLAPS, initial="24")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key_id"].initial = uuid.uuid4

    def span(self) -> datetime.timedelta:
        return datetime.timedelta(hours=int(self.cleaned_data["overlap"]))


class CallsForm(forms.Form):
    """What to look for in the log; an odd value is no value."""

    q = forms.CharField(
        label=_("Request id or address"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    status = forms.ChoiceField(required=False, choices=STATUSES)
    key = forms.ChoiceField(label=_("Key"), required=False)
    everybody = forms.BooleanField(required=False)
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)

    def __init__(self, *args: Any, keys: Iterable[ApiKey], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = {str(key.public_id): key for key in keys}
        named = [(public_id, f"{key.prefix} {key.name}".strip()) for public_id, key in self.keys.items()]
        cast(forms.ChoiceField, self.fields["key"]).choices = [("", _("All keys")), *named]

    def wanted(self) -> selectors.CallFilter:
        self.is_valid()
        found = self.cleaned_data
        words = found.get("q", "")
        key = self.keys.get(found.get("key", ""))
        return selectors.CallFilter(
            words="" if "\x00" in words else words,
            status=found.get("status", ""),
            key=key,
            **{name: found.get(name) or None for name in ("first", "last")},
            everybody=bool(found.get("everybody")),
        )
