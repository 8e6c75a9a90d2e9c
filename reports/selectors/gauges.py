"""What stands where right now, for whoever watches the portal: counts that indexes give, never of whole tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Model, Q
from django.db.models.functions import Now

from accounts.models import Client
from cards.models import ActState, CardAct, CardPayment
from cards.models.states import ACT_OPEN
from cards.models.states import OPEN as CARD_OPEN
from checkout.models import Session
from config.lib.clock import now
from kyc.models import KycCase
from notifications.models import Mail, Notice, Sms, WebhookDelivery
from otp.floats import standings
from otp.models import Order
from otp.models.states import LIVE
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payouts.models import Batch, Payout
from payouts.models.states import BATCH_ENDS, OPEN
from payouts.models.states import State as PayoutState
from reports.models import Export
from wallets.models import LedgerCheck


@dataclass(frozen=True)
class Queue:
    """Rows that wait for a worker: those of ``model`` that fit ``waiting`` are due at ``due``."""

    name: str
    model: type[Model]
    due: str
    waiting: Q


# Rows are the queue, so this is how much work lies there, whatever Redis says. Each has an index of its own.
QUEUES = (
    Queue("orders", Order, "next_poll_at", Q(state__in=LIVE)),
    Queue("payment_attempts", PaymentAttempt, "next_check_at", Q(next_check_at__isnull=False)),
    Queue("provider_messages", ProviderMessage, "next_try_at", Q(next_try_at__isnull=False)),
    Queue("payouts_to_send", Payout, "due_at", Q(state=PayoutState.AUTHORIZED)),
    Queue("payouts_to_ask", Payout, "due_at", Q(state__in=[PayoutState.SENDING, PayoutState.IN_DOUBT])),
    Queue("cards", CardPayment, "due_at", Q(due_at__isnull=False)),
    Queue("card_acts", CardAct, "due_at", Q(due_at__isnull=False)),
    Queue("mails", Mail, "due_at", Q(state="queued")),
    Queue("notice_mails", Notice, "mail_due_at", Q(mail_due_at__isnull=False)),
    Queue("sms", Sms, "due_at", Q(state="queued")),
    Queue("webhooks", WebhookDelivery, "due_at", Q(state="pending")),
    Queue("exports", Export, "created_at", Q(state__in=[Export.State.WAITING, Export.State.RUNNING])),
)


@dataclass(frozen=True)
class Backlog:
    """How many rows of a queue are due, and for how many seconds the first of them has been."""

    name: str
    due: int
    seconds: float


def backlogs() -> Iterator[Backlog]:
    """One query a queue."""
    moment = now()
    for queue in QUEUES:
        rows = queue.model._default_manager.filter(queue.waiting, **{f"{queue.due}__lte": moment}).order_by()
        found = rows.aggregate(count=Count("pk"), first=Min(queue.due))
        yield Backlog(queue.name, found["count"], _since(found["first"], moment))


def _since(first: datetime | None, moment: datetime) -> float:
    return (moment - first).total_seconds() if first else 0.0


@dataclass(frozen=True)
class Standing:
    """So many of ``what`` are ``state``; both worlds together unless ``state`` says otherwise."""

    what: str
    state: str
    count: int


# What is open, with the states that count as that; each state's index or the partial one of open rows answers.
_OPEN: tuple[tuple[str, type[Model], str, Q, tuple[str, ...]], ...] = (
    ("orders", Order, "state", Q(state__in=LIVE), tuple(LIVE)),
    ("deposits", Deposit, "state", Q(state="pending"), ("pending",)),
    (
        "payment_attempts",
        PaymentAttempt,
        "state",
        Q(state__in=["submitting", "in_doubt"]),
        ("submitting", "in_doubt"),
    ),
    ("payouts", Payout, "state", Q(state__in=OPEN), tuple(OPEN)),
    ("batches", Batch, "state", ~Q(state__in=BATCH_ENDS), ()),
    ("card_payments", CardPayment, "state", Q(due_at__isnull=False), tuple(CARD_OPEN)),
    ("card_acts", CardAct, "state", Q(due_at__isnull=False), tuple(ACT_OPEN)),
    ("checkouts", Session, "state", Q(state="open"), ("open",)),
    ("payment_cases", PaymentCase, "state", ~Q(state="settled"), ("open", "proposed")),
    ("receipts", Receipt, "place", Q(place="suspense"), ("suspense",)),
    ("identity_cases", KycCase, "state", Q(state__in=["open", "second", "lead"]), ("open", "second", "lead")),
    ("clients", Client, "status", Q(status="Pending"), ("Pending",)),
)


def standings_of_all() -> Iterator[Standing]:
    """Open things by state, those of which there are none too. One query a kind."""
    for what, model, field, is_open, states in _OPEN:
        rows = model._default_manager.filter(is_open).order_by().values_list(field).annotate(Count("pk"))
        found = dict.fromkeys(map(str, states), 0) | {str(state): count for state, count in rows}
        yield from (Standing(what, state, count) for state, count in found.items())


def doubts() -> dict[str, float]:
    """For how many seconds the first payment of each kind has been in doubt; 0 when none is."""
    moment = now()
    rows: dict[str, Any] = {
        "payouts": Payout.objects.filter(state=PayoutState.IN_DOUBT),
        "card_payments": CardPayment.objects.filter(due_at__isnull=False, in_doubt_since__isnull=False),
        "card_acts": CardAct.objects.filter(due_at__isnull=False, state=ActState.IN_DOUBT),
    }
    return {
        name: _since(found.order_by().aggregate(first=Min("in_doubt_since"))["first"], moment)
        for name, found in rows.items()
    }


def floats() -> dict[str, tuple[float, float]]:
    """Our own money at the supplier by key: whole rupiah less what is ordered, and how many seconds ago it was
    read. Keys that nobody has read yet are left out."""
    moment = now()
    return {
        one.key_name: (float(one.room), (moment - one.read_at).total_seconds())
        for one in standings()
        if one.room is not None and one.read_at is not None
    }


def ledger() -> tuple[int, float] | None:
    """Problems of the last proof of the books, and how many seconds ago it ran; None before the first."""
    last = LedgerCheck.objects.order_by("-pk").first()
    return None if last is None else (len(last.problems), (now() - last.started_at).total_seconds())


def unverified_messages() -> int:
    """What claimed to come from a provider in the last hour and was not signed as it must be."""
    return ProviderMessage.objects.filter(verified=False, received_at__gte=Now() - timedelta(hours=1)).count()
