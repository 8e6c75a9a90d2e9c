"""Deposits of all customers and clients, as staff look them up, and everything that happened to one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config.lib import times
from payments import selectors
from payments.methods import SANDBOX, VA_STATIC
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderExchange, ProviderMessage, Receipt
from payments.overviews.exchanges import TONES
from wallets.lines import word_of
from wallets.models import Transaction

UNSETTLED = (PaymentAttempt.State.SUBMITTING, PaymentAttempt.State.IN_DOUBT)
ATTENTION, DOUBT = "attention", "in_doubt"
NEEDS = (ATTENTION, DOUBT)
# How far one came that somebody asked for; what came by itself to a permanent number was never asked for.
ASKED, TOLD = "asked", "told"
STEPS = (ASKED, TOLD)
# More rows are not put into one file.
MOST_ROWS = 50_000
_NEWEST = 100


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; empty means everything. Days in the reader's zone, inclusive."""

    text: str = ""
    state: str = ""
    method: str = ""
    outcome: str = ""
    needs: str = ""
    step: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != Wanted()

    @property
    def words(self) -> str:
        """What it is narrowed to besides its chips, as one reads it."""
        return {ASKED: _("Asked for"), TOLD: _("Told how to pay")}.get(self.step, "")


def listed(wanted: Wanted) -> QuerySet[Deposit]:
    """Real deposits as `Wanted`, unordered; the sandbox's are none."""
    found = Deposit.objects.filter(selectors.REAL).select_related("customer__user", "client")
    for name in ("state", "method", "outcome"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    found = times.within(found, wanted.first, wanted.last)
    if wanted.step:
        found = found.exclude(method__in=(VA_STATIC, SANDBOX))
    if wanted.step == TOLD:
        found = found.filter(Q(state=Deposit.State.SUCCESS) | Q(_has_attempt(opened_at__isnull=False)))
    if wanted.needs == ATTENTION:
        found = found.exclude(attention="")
    elif wanted.needs == DOUBT:
        found = found.filter(_has_attempt(state__in=UNSETTLED))
    return found.filter(_matches(wanted.text)) if wanted.text else found


def _has_attempt(**that: object) -> Exists:
    return Exists(PaymentAttempt.objects.filter(deposit=OuterRef("pk"), **that))


def _matches(text: str) -> Q:
    """By a number, our trxId, the provider's id, an amount, an id, or a part of the owner's address or name."""
    found = Q(pk__in=selectors.search(Deposit.objects.all(), text=text).values("pk"))
    found |= Q(_has_attempt(provider_trx_id=text)) | Q(static_payments__reference_no=text)
    if "@" in text or len(text) > 3:
        found |= Q(customer__user__email__icontains=text) | Q(client__name__icontains=text)
    return found


def shown(found: QuerySet[Deposit]) -> QuerySet[Deposit]:
    """With what a row of the list shows besides."""
    return found.prefetch_related("attempts")


def one(public_id: UUID) -> Deposit | None:
    """A real deposit, whoever's it is."""
    return listed(Wanted()).filter(public_id=public_id).first()


def csv_head() -> list[str]:
    return [
        _("Id"),
        _("Started"),
        _("Customer or client"),
        _("Method"),
        _("Bank"),
        _("Number"),
        _("Our trxId"),
        _("State"),
        _("Outcome"),
        _("Needs attention"),
        _("Currency"),
        _("Asked"),
        _("Received"),
        _("Paid"),
        _("Ledger reference"),
    ]


def csv_row(deposit: Deposit) -> list[str]:
    attempt = newest_attempt(deposit)
    return [
        str(deposit.public_id),
        timezone.localtime(deposit.created_at).isoformat(timespec="seconds"),
        owner_of(deposit),
        deposit.method,
        deposit.bank_name,
        attempt.number if attempt else "",
        attempt.trx_id if attempt else "",
        deposit.state,
        deposit.outcome,
        deposit.attention,
        deposit.currency,
        str(deposit.amount),
        str(deposit.received_amount or ""),
        timezone.localtime(deposit.paid_at).isoformat(timespec="seconds") if deposit.paid_at else "",
        deposit.ledger_reference,
    ]


def owner_of(deposit: Deposit) -> str:
    """Whose it is, as staff search for it: a customer's address or a client's name."""
    return deposit.customer.user.email if deposit.customer is not None else str(deposit.client)


def newest_attempt(deposit: Deposit) -> PaymentAttempt | None:
    """Of the attempts that are loaded."""
    return max(deposit.attempts.all(), key=lambda row: row.pk, default=None)


# --- everything that happened to one --------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A line of the timeline (templates/components/timeline.html)."""

    at: datetime
    title: str | Promise
    text: str = ""
    who: str = ""
    tone: str = "neutral"
    icon: str = "check"
    amount: Decimal | None = None
    currency: str = ""
    reference: str = ""
    url: str = ""


def events_of(deposit: Deposit) -> list[Event]:
    """What happened to a deposit, in order: made, sent, told, received, booked, decided."""
    attempts = list(deposit.attempts.order_by("pk"))
    found = [_created(deposit), *_of_attempts(attempts), *_of_exchanges(attempts), *_of_messages(attempts)]
    found += [*_of_receipts(deposit), *_of_ledger(deposit), *_of_cases(deposit)]
    if deposit.state != Deposit.State.PENDING and deposit.expires_at <= deposit.updated_at:
        found.append(Event(deposit.expires_at, _("The invoice ended"), icon="clock"))
    return sorted(found, key=lambda event: event.at)


def _created(deposit: Deposit) -> Event:
    return Event(
        deposit.created_at,
        _("Asked for"),
        who=owner_of(deposit),
        icon="plus",
        amount=deposit.amount,
        currency=deposit.currency,
        reference=str(deposit.public_id),
    )


def _of_attempts(attempts: list[PaymentAttempt]) -> Iterator[Event]:
    for attempt in attempts:
        text = f"{attempt.bank_name} · {attempt.get_state_display()}"
        yield Event(attempt.created_at, _("Attempt made"), text, icon="document-plus", reference=attempt.trx_id)
        if attempt.opened_at:
            number = attempt.number or attempt.provider_trx_id
            yield Event(attempt.opened_at, _("Can be paid"), tone="info", icon="lock-open", reference=number)


def _of_exchanges(attempts: list[PaymentAttempt]) -> Iterator[Event]:
    rows = ProviderExchange.objects.filter(attempt__in=attempts).defer("request_body", "response_body")
    for row in rows.order_by("-pk")[:_NEWEST]:
        yield Event(
            row.sent_at,
            _("We asked: %(operation)s") % {"operation": row.operation},
            f"{row.get_outcome_display()}{f' · {row.code}' if row.code else ''}",
            tone=TONES[ProviderExchange.Outcome(row.outcome)],
            icon="arrow-up-right",
            url=reverse("staff:exchange", args=[row.pk]),
        )


def _of_messages(attempts: list[PaymentAttempt]) -> Iterator[Event]:
    rows = ProviderMessage.objects.filter(attempt__in=attempts).defer("body")
    for row in rows.order_by("-pk")[:_NEWEST]:
        again = _(" · %(count)s times") % {"count": row.times_received} if row.times_received > 1 else ""
        yield Event(
            row.received_at,
            _("We were told: %(kind)s") % {"kind": row.get_kind_display()},
            f"{row.get_decision_display()}{f' · {row.note}' if row.note else ''}{again}",
            tone=TONES[ProviderMessage.Decision(row.decision)],
            icon="arrow-down-left",
            url=reverse("staff:message", args=[row.pk]),
        )


def _of_receipts(deposit: Deposit) -> Iterator[Event]:
    for row in deposit.receipts.order_by("pk"):
        yield Event(
            row.received_at,
            _("Money arrived"),
            f"{row.get_place_display()} · {row.channel}",
            tone="success" if row.place == Receipt.Place.WALLET else "warning",
            icon="banknotes",
            amount=row.amount,
            currency=row.currency,
            reference=row.key,
        )


def _of_ledger(deposit: Deposit) -> Iterator[Event]:
    names = {deposit.reference, deposit.ledger_reference}
    names |= set(deposit.receipts.values_list("ledger_reference", flat=True))
    names |= set(deposit.cases.values_list("ledger_reference", flat=True))
    rows = Transaction.objects.filter(reference__in=names - {""}).select_related("caused_by")
    for row in rows.order_by("pk"):
        who = row.caused_by.email if row.caused_by else ""
        title = _("Booked: %(kind)s") % {"kind": word_of(row.kind)}
        yield Event(row.created_at, title, row.memo, who, icon="scale", reference=row.reference)


def _of_cases(deposit: Deposit) -> Iterator[Event]:
    rows = deposit.cases.select_related("proposed_by", "decided_by").order_by("pk")
    for row in rows:
        yield from _of_case(row, reverse("staff:case", args=[row.public_id]))


def _of_case(case: PaymentCase, url: str) -> Iterator[Event]:
    kind = case.get_kind_display()
    title = _("Case opened: %(kind)s") % {"kind": kind}
    yield Event(case.created_at, title, case.note, tone="warning", icon="exclamation-triangle", url=url)
    if case.proposed_at and case.proposed_by:
        title = _("Proposed: %(action)s") % {"action": case.get_action_display()}
        yield Event(case.proposed_at, title, case.action_note, case.proposed_by.email, "info", "hand-raised", url=url)
    if case.decided_at:
        who = case.decided_by.email if case.decided_by else ""
        title = _("Settled: %(action)s") % {"action": case.get_action_display()}
        reference = case.ledger_reference
        yield Event(case.decided_at, title, "", who, "success", "check-badge", reference=reference, url=url)
