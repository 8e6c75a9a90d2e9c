from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.models import ALL_EVENTS, Owner, WebhookDelivery, WebhookEndpoint
from notifications.selectors.webhooks import DeliveryFilter

_State = WebhookDelivery.State

STATES = [
    ("", _("All")),
    (_State.PENDING.value, _("On its way")),
    (_State.DELIVERED.value, _("Delivered")),
    (_State.FAILED.value, _("Given up")),
    (_State.HELD.value, _("Kept back")),
]
EVENT_WORDS = [
    ("order.otp_received", _("A code arrived at a number")),
    ("order.cancelled", _("A number was cancelled, the money is back")),
    ("order.finished", _("A number is finished")),
    ("order.replaced", _("A number was replaced by another one")),
    ("order.failed", _("A number failed or its time was over, the money is back")),
    ("email.received", _("A message arrived in an inbox")),
    ("email.cancelled", _("An inbox was cancelled")),
    ("email.finished", _("An inbox is finished")),
    ("email.expired", _("An inbox waited in vain, the money is back")),
    ("deposit.success", _("A deposit was paid")),
    ("deposit.expired", _("The time to pay a deposit was over")),
    ("deposit.failed", _("A deposit could not be made")),
]
CLIENT_EVENT_WORDS = [
    ("checkout.completed", _("A checkout was paid")),
    ("checkout.expired", _("The time to pay a checkout was over")),
    ("checkout.failed", _("A checkout cannot be paid any more")),
    ("card.captured", _("Money of a card was taken in")),
    ("card.declined", _("A card was declined")),
    ("card.refunded", _("Money went back to a card")),
    ("card.voided", _("An authorised amount was released to the holder")),
    ("card.expired", _("An authorised amount was not captured in time")),
    ("payout.completed", _("A single transfer was paid out")),
    ("payout.failed", _("A single transfer failed or came back")),
    ("batch.finished", _("A batch came to its end")),
]
# How long the secret before goes on signing, in hours.
OVERLAPS = [("24", _("In 24 hours")), ("168", _("In 7 days")), ("1", _("In 1 hour")), ("0", _("Now"))]


class _Secret(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            label=_("Own secret"),
            required=False,
            strip=False,
            max_length=256,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            help_text=_("Empty: we make one of 48 characters. One of yours needs at least 16."),
        )

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        # Programs get a new one instead (the API's rule); a person who typed one should know.
        if text and len(text) < 16:
            raise forms.ValidationError(_("At least 16 characters, or none at all."))
        return text


class WebhookForm(forms.Form):
    """Where to, and of what: ``choices`` are the events that the owner's program can be told of."""

    url = forms.CharField(
        label=_("Address of your program"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/hooks/gerbang", "autocomplete": "off"}),
        help_text=_("https on port 443 or 8443, reachable from the internet."),
    )
    scope = forms.ChoiceField(
        label=_("Tell it of"),
        widget=forms.RadioSelect,
        choices=[("all", _("Everything, also what is added later")), ("some", _("Only what is ticked here"))],
        initial="all",
    )
    events = forms.MultipleChoiceField(
        label=_("Events"), required=False, widget=forms.CheckboxSelectMultiple, choices=EVENT_WORDS
    )

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict([*EVENT_WORDS, *CLIENT_EVENT_WORDS])
        cast(forms.MultipleChoiceField, self.fields["events"]).choices = [(name, known[name]) for name in owner.events]

    @staticmethod
    def of(endpoint: WebhookEndpoint) -> "WebhookForm":
        """The form as it stands now."""
        everything = ALL_EVENTS in endpoint.events
        given = {
            "url": endpoint.url,
            "scope": "all" if everything else "some",
            "events": [] if everything else endpoint.events,
        }
        return WebhookForm(initial=given, owner=endpoint.owner)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("scope") == "some" and not found.get("events") and "events" not in self.errors:
            self.add_error("events", forms.ValidationError(_("Tick at least one.")))
        return found

    def wanted(self) -> list[str]:
        """The events as the service wants them."""
        return [ALL_EVENTS] if self.cleaned_data["scope"] == "all" else self.cleaned_data["events"]


class NewWebhookForm(WebhookForm):
    """The first time, with its secret."""

    secret = _Secret()


class RotateForm(forms.Form):
    secret = _Secret()
    overlap = forms.ChoiceField(label=_("The old secret ends"), choices=OVERLAPS, initial="24")

    def span(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap"]))


class DeliveriesForm(forms.Form):
    """What to look for; an odd value is no value."""

    q = forms.CharField(
        label=_("Event or what it is about"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    state = forms.ChoiceField(required=False, choices=STATES)

    def wanted(self) -> DeliveryFilter:
        self.is_valid()
        words = self.cleaned_data.get("q", "")
        return DeliveryFilter("" if "\x00" in words else words, self.cleaned_data.get("state", ""))


class ResendForm(forms.Form):
    """Everything that failed since a moment, in the person's zone."""

    since = forms.DateTimeField(
        label=_("Happened since"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "form-control"}),
    )

    def clean_since(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["since"]
        # The last days of the calendar have no moment in every zone.
        if moment is not None and not 1 < moment.year < 9999:
            raise forms.ValidationError(_("Choose a nearer day."), code="far")
        return moment
