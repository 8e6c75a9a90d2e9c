"""What customers are told of: the table of kinds. A kind is told in the app, by mail, or both, as each person chose.

``title`` and ``text`` are filled with the facts of a notice when somebody reads it, in the reader's language. Facts are
text; ``amount`` (bare digits) with ``currency`` is also there as ``%(money)s``. No code, no secret is ever a fact.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.money import format_money


class Group(models.TextChoices):
    NUMBERS = "numbers", _("Numbers and inboxes")
    MONEY = "money", _("Money")
    SECURITY = "security", _("Security")
    DEVELOPERS = "developers", _("Developers")


class Way(Enum):
    """How a kind uses one of the two ways to tell. Only ON and OFF, the defaults, are the reader's to change."""

    ON = "on"
    OFF = "off"
    ALWAYS = "always"
    NEVER = "never"

    @property
    def is_choice(self) -> bool:
        return self in (Way.ON, Way.OFF)

    @property
    def by_itself(self) -> bool:
        return self in (Way.ON, Way.ALWAYS)


@dataclass(frozen=True)
class Kind:
    name: str
    group: Group
    label: Promise
    in_app: Way
    mail: Way
    icon: str = "bell"
    tone: str = "neutral"
    title: str | Promise = ""
    text: str | Promise = ""

    @property
    def is_choice(self) -> bool:
        return self.in_app.is_choice or self.mail.is_choice

    def title_of(self, facts: Mapping[str, str]) -> str:
        return _filled(self.title, facts)

    def text_of(self, facts: Mapping[str, str]) -> str:
        return _filled(self.text, facts)


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


def _filled(words: str | Promise, facts: Mapping[str, str]) -> str:
    known = _Facts({name: _(value) if name == "why" else value for name, value in facts.items()})
    with suppress(KeyError, InvalidOperation):
        known["money"] = format_money(Decimal(facts["amount"]), facts.get("currency", "IDR"))
    return str(words) % known


# Facts each kind takes stand behind it.
_TABLE = (
    Kind(  # service, number
        "code_arrived",
        Group.NUMBERS,
        _("A code arrived by SMS"),
        Way.ON,
        Way.OFF,
        "chat-bubble-left-ellipsis",
        "success",
        _("Your %(service)s code is here"),
        _("It came to %(number)s. Open the order to read and copy it."),
    ),
    Kind(  # service, address
        "mail_arrived",
        Group.NUMBERS,
        _("A mail arrived in a rented inbox"),
        Way.ON,
        Way.OFF,
        "envelope",
        "success",
        _("A mail from %(service)s is here"),
        _("It came to %(address)s. Open the order to read it."),
    ),
    Kind(  # title, why (a sentence of ours, in English), amount, currency
        "order_failed",
        Group.NUMBERS,
        _("An order ended without a code"),
        Way.ON,
        Way.OFF,
        "arrow-uturn-left",
        "warning",
        _("%(title)s ended without a code, your money is back"),
        _("%(why)s %(money)s is free in your wallet again."),
    ),
    Kind(  # amount, currency; for its mail also way (a word of ours, in English), bank, reference, balance
        "deposit_credited",
        Group.MONEY,
        _("Money arrived in your wallet"),
        Way.ALWAYS,
        Way.ALWAYS,
        "arrow-down-tray",
        "success",
        _("%(money)s is in your wallet"),
        _("Your deposit was paid. You can use the money now."),
    ),
    Kind(  # amount, currency
        "deposit_ended",
        Group.MONEY,
        _("A deposit ran out or failed"),
        Way.ON,
        Way.OFF,
        "clock",
        "warning",
        _("Your deposit of %(money)s was not paid"),
        _("Nothing was charged. If you have paid all the same, open it: we look for the money."),
    ),
    Kind(  # amount, currency: what is left
        "low_balance",
        Group.MONEY,
        _("Your balance is running low"),
        Way.ON,
        Way.ON,
        "wallet",
        "warning",
        _("Your balance is down to %(money)s"),
        _("Top up now, and the next order goes through at once."),
    ),
    Kind("sign_in", Group.SECURITY, _("Sign-in, password and second step"), Way.NEVER, Way.ALWAYS, "shield-check"),
    # What goes to programs; its mails are the webhooks' own.
    Kind(  # host
        "webhook_failing",
        Group.DEVELOPERS,
        _("Your webhook does not answer"),
        Way.ON,
        Way.ALWAYS,
        "signal-slash",
        "warning",
        _("Your webhook does not answer"),
        _("%(host)s has not taken our messages for a while. We keep trying, and pause if it lasts."),
    ),
    Kind(  # host
        "webhook_paused",
        Group.DEVELOPERS,
        _("Your webhook was paused"),
        Way.ALWAYS,
        Way.ALWAYS,
        "signal-slash",
        "danger",
        _("Your webhook was paused"),
        _("%(host)s failed for too long. Nothing is lost: switch it on again and send what was missed."),
    ),
)

KINDS = {kind.name: kind for kind in _TABLE}
# Their mails have letters of their own: `tell` writes none.
OWN_LETTERS = frozenset({"sign_in", "webhook_failing", "webhook_paused"})
