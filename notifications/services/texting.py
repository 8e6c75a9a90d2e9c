"""What a person is shown before messages are sent: who gets them, how they are cut, what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.views.decorators.debug import sensitive_variables

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField
from notifications import charges
from notifications.services import senders, sms
from notifications.services.sms import Quote
from wallets.selectors import client_balances


@dataclass(frozen=True)
class Plan:
    """Numbers as they would be dialled, what is wrong with the others, and what it takes. Leones."""

    numbers: Sequence[str]
    bad: dict[str, str]
    repeated: int
    text: str
    sender: str
    quote: Quote
    balance: Decimal

    @property
    def is_affordable(self) -> bool:
        return self.quote.total <= self.balance

    @property
    def is_within_day(self) -> bool:
        return self.quote.count <= self.quote.left_today


@sensitive_variables("text")
def look_ahead(*, actor: Actor, to: Sequence[str], text: str, sender: str = "") -> Plan:
    """What `sms.send_many` would do, with nothing done. Raises as it does, but for money and the day's number."""
    client = policy.own_client(actor)
    tidy = sms.checked_text(text)
    name = senders.usable(client, sender, is_sandbox=actor.is_sandbox) if sender else ""
    numbers, bad = sms.read_numbers(to)
    if not numbers:
        raise BadField("phone_numbers", next(iter(bad.values())))
    return Plan(
        numbers=list(numbers),
        bad=bad,
        repeated=len([one for one in to if one[:50] not in bad]) - len(numbers),
        text=tidy,
        sender=name,
        quote=sms.quote(client=client, text=tidy, count=len(numbers), is_sandbox=actor.is_sandbox),
        balance=balance_of(actor),
    )


def count_numbers(to: Sequence[str]) -> int:
    """How many messages these would be: good numbers, each once."""
    return len(sms.read_numbers(to[: sms.MOST_NUMBERS])[0]) if to else 0


def balance_of(actor: Actor) -> Decimal:
    """What the actor's client can spend on messages, in leones."""
    found = client_balances(policy.own_client(actor), is_sandbox=actor.is_sandbox)
    return next((one.available for one in found if one.currency == charges.CURRENCY), Decimal(0))
