"""Card payments as people look for them: a client its own, staff everybody's; the same rows on the page and in its
export."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from cards import numbers, wire
from cards.models import CardAct, CardPayment, Closing
from cards.models.states import ActState, Reason, State
from cards.selectors.payments import seen
from config.lib.clock import now
from config.lib.money import EXPONENTS, amounts_in

_APPROVED = (State.AUTHORIZED, State.VOIDED, State.EXPIRED)
GROUPS: dict[str, Q] = {
    "waiting": Q(state__in=(State.SENDING, State.IN_DOUBT, State.REQUIRES_3DS)),
    "authorized": Q(state=State.AUTHORIZED),
    "captured": Q(state=State.CAPTURED),
    "refunded": Q(state=State.CAPTURED, refunded__gt=0),
    "declined": Q(state=State.DECLINED),
    "ended": Q(state__in=(State.VOIDED, State.EXPIRED)),
    # Asked for by overviews: what the holder's bank said yes to and was not captured, and what it said anything to.
    "approved": Q(state__in=_APPROVED),
    "decided": Q(state__in=(*_APPROVED, State.CAPTURED, State.DECLINED)),
}
NEEDS = DOUBT, STUCK, PROPOSED = ("doubt", "stuck", "proposed")
# How long a processor may leave us in doubt before a person may close a payment or an act (docs/cards.md).
PATIENCE = timedelta(hours=12)
MOST_ROWS = 50_000
NO_REASON = "-"
PART_REFUNDED, REFUNDED = "part_refunded", "refunded"


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; empty means everything. Days in the reader's zone, inclusive."""

    text: str = ""
    group: str = ""
    currency: str = ""
    needs: str = ""
    # Why it was declined; NO_REASON for those without any.
    reason: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != Wanted()

    @property
    def words(self) -> str:
        """What it is narrowed to besides its chips, as one reads it."""
        groups = {"approved": _("Authorised only"), "decided": _("Decided by the bank")}
        reason = dict(Reason.choices).get(self.reason) or (_("No reason given") if self.reason else "")
        return " · ".join(str(one) for one in (groups.get(self.group, ""), reason) if one)


def without_number(text: str) -> str:
    """``text``, or the last four digits of what is the whole number of a card: nobody's search keeps one."""
    digits = numbers.bare(text)
    return digits[-4:] if numbers.is_number(digits) else text


def listed(actor: Actor, wanted: Wanted) -> QuerySet[CardPayment]:
    """What ``actor`` may see of what is wanted, newest first."""
    found = seen(actor).select_related("card", "client", "api_user", "created_by")
    if wanted.group in GROUPS:
        found = found.filter(GROUPS[wanted.group])
    if wanted.reason:
        found = found.filter(reason="" if wanted.reason == NO_REASON else wanted.reason)
    if wanted.currency:
        found = found.filter(currency=wanted.currency)
    found = _of_days(_needing(found, wanted.needs), wanted)
    return found.filter(_matches(wanted.text, by_client=actor.is_gateway_staff)) if wanted.text else found


def one(actor: Actor, public_id: UUID) -> CardPayment | None:
    """A payment that ``actor`` may see."""
    rows = seen(actor).select_related("card", "client", "api_user", "created_by")
    return rows.filter(public_id=public_id).first()


def shown_state(payment: CardPayment) -> str:
    """What a reader thinks of as its state: what ran out has, swept or not, and what was given back says so."""
    status = wire.wire_status(payment)
    if status == wire.DECLINED:
        return State.DECLINED
    if status == wire.EXPIRED:
        return State.EXPIRED
    if payment.state != State.CAPTURED or not payment.refunded:
        return payment.state
    return PART_REFUNDED if payment.refundable else REFUNDED


def _needing(found: QuerySet[CardPayment], needs: str) -> QuerySet[CardPayment]:
    if needs == DOUBT:
        return found.filter(_in_doubt())
    if needs == PROPOSED:
        waiting = Closing.objects.filter(payment=OuterRef("pk"), state=Closing.State.PROPOSED)
        return found.filter(_in_doubt(), Exists(waiting))
    return found.filter(_in_doubt(now() - PATIENCE)) if needs == STUCK else found


def _in_doubt(until: datetime | None = None) -> Q:
    """Payments that are in doubt, or something done with them is; since ``until`` or longer."""
    before = {"in_doubt_since__lte": until} if until else {}
    acts = CardAct.objects.filter(payment=OuterRef("pk"), state=ActState.IN_DOUBT, **before)
    return Q(state=State.IN_DOUBT, **before) | Q(Exists(acts))


def _of_days(found: QuerySet[CardPayment], wanted: Wanted) -> QuerySet[CardPayment]:
    zone = timezone.get_current_timezone()
    if wanted.first:
        found = found.filter(created_at__gte=datetime.combine(wanted.first, time.min, zone))
    if wanted.last:
        found = found.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, zone))
    return found


def _matches(text: str, *, by_client: bool) -> Q:
    """By our reference or the processor's id, an order, an id, the last four digits of the card, an amount."""
    found = Q(reference=text.upper()) | Q(processor_id=text) | Q(order_id__istartswith=text)
    if len(text) == 4 and text.isascii() and text.isdecimal():
        found |= Q(card__last4=text)
    if by_client and len(text) > 2:
        found |= Q(client__name__icontains=text)
    return found | _by_value(text)


def _by_value(text: str) -> Q:
    found = Q()
    with suppress(ValueError):
        found |= Q(public_id=UUID(text))
    for currency in EXPONENTS:
        found |= Q(amount__in=amounts_in(text, currency), currency=currency)
    return found


# --- what staff may close by hand ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Doubt:
    """A payment, or an act on one, that the processor has not answered for; staff may close it from ``from_at``."""

    payment: CardPayment
    act: CardAct | None
    since: datetime

    @property
    def reference(self) -> str:
        return self.act.reference if self.act else self.payment.reference

    @property
    def from_at(self) -> datetime:
        return self.since + PATIENCE

    @property
    def is_due(self) -> bool:
        return self.from_at <= now()


def doubts_of(payment: CardPayment) -> list[Doubt]:
    """What is in doubt about ``payment``, the oldest first."""
    found = []
    if payment.state == State.IN_DOUBT and payment.in_doubt_since:
        found.append(Doubt(payment, None, payment.in_doubt_since))
    acts = CardAct.objects.filter(payment=payment, state=ActState.IN_DOUBT).order_by(F("in_doubt_since"), "id")
    return found + [Doubt(payment, act, act.in_doubt_since) for act in acts if act.in_doubt_since]


# --- for a spreadsheet ----------------------------------------------------------------------------------------


def csv_head(*, with_client: bool = False) -> list[str]:
    return [
        _("Reference"),
        *([_("Client")] if with_client else []),
        _("Asked for"),
        _("Order"),
        _("Card"),
        _("Amount"),
        _("Captured"),
        _("Fee"),
        _("Refunded"),
        _("Currency"),
        _("State"),
        _("Reason"),
        _("Authorised"),
        _("Captured at"),
        _("Id"),
    ]


def csv_row(payment: CardPayment, words: str, *, with_client: bool = False) -> list[str]:
    """``words`` is the state as people read it."""
    return [
        payment.reference,
        *([payment.client.name] if with_client else []),
        _stamp(payment.created_at),
        payment.order_id,
        f"{payment.card.brand} {payment.card.first6}••••{payment.card.last4}",
        _figure(payment.amount),
        _figure(payment.captured),
        _figure(payment.fee),
        _figure(payment.refunded),
        payment.currency,
        words,
        str(payment.get_reason_display()),
        _stamp(payment.authorized_at),
        _stamp(payment.captured_at),
        str(payment.public_id),
    ]


def _figure(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _stamp(moment: datetime | None) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment else ""
