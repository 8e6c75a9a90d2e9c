"""Payouts that somebody may see, and how far the code of one is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now

from accounts.access import policy
from accounts.access.actors import Actor
from config.lib.clock import now
from payouts.models import Payout, TransferCode
from payouts.models.states import State

# Of one transfer, all its codes together (TeraPay contract 8).
MOST_TRIES, MOST_RESENDS = 5, 3
BETWEEN_CODES = timedelta(seconds=60)
# What waits for a code in vain is expired from that moment, swept or not.
_OVERDUE = Q(state=State.PENDING, expires_at__lte=Now())
OVER = ((_OVERDUE, State.EXPIRED.value),)
READS = Case(*(When(over, then=Value(reads)) for over, reads in OVER), default=F("state"))


def seen(actor: Actor) -> QuerySet[Payout]:
    """Staff of the gateway see those of every client, a client's people and keys its own; each its own world, live or
    sandbox. Newest first."""
    visible = Payout.objects.filter(client__in=policy.clients_seen_by(actor), is_sandbox=actor.is_sandbox)
    return visible.order_by("-id")


def with_status(payouts: QuerySet[Payout], states: list[str]) -> QuerySet[Payout]:
    """Those whose state reads (`READS`) as one of ``states``; said so that indexes on the state serve."""
    if State.EXPIRED in states and State.PENDING not in states:
        return payouts.filter(Q(state__in=states) | _OVERDUE)
    chosen = payouts.filter(state__in=states)
    return chosen.exclude(_OVERDUE) if State.EXPIRED not in states else chosen


@dataclass(frozen=True, slots=True)
class CodePicture:
    """What may be said of a code: where it went (masked), until when it is good, what is left."""

    sent_to: list[dict[str, str]]
    expires_at: datetime
    # From then on another one may be asked for.
    next_at: datetime
    resends_left: int
    tries_left: int

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= now()


def code_of(payout: Payout) -> CodePicture | None:
    """The code that ``payout`` waits for; None when it waits for none."""
    code = TransferCode.objects.filter(payout=payout, used_at=None).first()
    if code is None or payout.state != State.PENDING:
        return None
    return CodePicture(
        sent_to=code.sent_to,
        expires_at=code.expires_at,
        next_at=code.sent_at + BETWEEN_CODES,
        resends_left=MOST_RESENDS - code.resends,
        tries_left=MOST_TRIES - code.wrong_tries,
    )
