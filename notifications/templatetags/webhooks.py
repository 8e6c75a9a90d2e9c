"""Words about deliveries."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.forms.webhooks import CLIENT_EVENT_WORDS, EVENT_WORDS
from notifications.models import TEST_EVENT

register = template.Library()

_ERRORS: dict[str, str | Promise] = {
    "timeout": _("No answer in time"),
    "unreachable": _("Nobody took the connection"),
    "tls": _("The certificate is not valid for this address"),
    "broken": _("The answer broke off"),
    "unknown_host": _("The host was not found"),
    "private_address": _("The host leads to a private address: not sent"),
    "own_address": _("This is our own address: not sent"),
    "ours": _("Our side failed; we try again"),
}
_EVENTS = {**dict(EVENT_WORDS), **dict(CLIENT_EVENT_WORDS), TEST_EVENT: _("A test")}


@register.filter
def delivery_error(code: str) -> str | Promise:
    """Why there was no answer, in words."""
    return _ERRORS.get(code, _("The address is not allowed: not sent"))


@register.filter
def event_words(event: str) -> str | Promise:
    """What an event means, in words."""
    return _EVENTS.get(event, event)
