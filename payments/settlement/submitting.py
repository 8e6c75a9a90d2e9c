"""Ask a provider to make a payment possible: claim, call, record. One request for one trxId, whatever happens."""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from config.lib.errors import ProviderError
from payments.exchanges import recorded
from payments.methods import METHODS
from payments.models import Deposit, PaymentAttempt, PaymentCase
from payments.providers.types import Made, Order, RenewFirst, WrongAnswer
from payments.settlement import pace
from payments.settlement.crediting import flag_case
from payments.settlement.gateways import gateway_of, learn_from
from payments.settlement.naming import new_reference_for
from payments.settlement.rows import Locked, fenced, is_leased, lease, lock

State = PaymentAttempt.State
DESCRIPTION, COLLECTION = "Gerbang top up", "Payment"
# After so long without a connection the customer should not wait any longer.
GIVE_UP = timedelta(minutes=5)
ATTEMPTS = 3

logger = logging.getLogger(__name__)


def submit(attempt_id: int) -> None:
    """Send an attempt that was never sent. Safe to call again at any time."""
    begun = _begin(attempt_id)
    if begun is None:
        return
    attempt, order, token = begun
    try:
        with recorded(METHODS[attempt.method].provider, reference=order.trx_id, attempt=attempt):
            made = gateway_of(attempt.method).create(order)
    except WrongAnswer as error:
        _record_wrong_answer(attempt_id, token, error)
    except RenewFirst as error:
        _record_renewal(attempt_id, token, error)
    except ProviderError as error:
        _record_error(attempt_id, token, error)
    else:
        _record_made(attempt_id, token, made)


@transaction.atomic
def _begin(attempt_id: int) -> tuple[PaymentAttempt, Order, uuid.UUID] | None:
    """Commit that the request is about to leave us. A request that may have left already is in doubt instead."""
    rows = lock(attempt_id, wait=False)
    if rows is None or rows.attempt.state != State.SUBMITTING or is_leased(rows):
        return None
    if rows.attempt.sent_at is not None:
        doubt(rows)
        return None
    if rows.deposit.state != Deposit.State.PENDING:
        return None
    token = lease(rows)
    rows.attempt.sent_at = rows.now
    rows.attempt.tries += 1
    rows.save("sent_at", "tries", "lease_token", "lease_until")
    return rows.attempt, _order_of(rows), token


def _order_of(rows: Locked) -> Order:
    deposit = rows.deposit
    payer = _payer_of(deposit)
    return Order(
        trx_id=rows.attempt.trx_id,
        amount=deposit.amount,
        currency=deposit.currency,
        bank=rows.attempt.bank,
        name=payer.name,
        email=payer.email,
        phone=rows.attempt.phone or payer.phone,
        description=payer.description,
        created_at=rows.attempt.created_at,
        expires_at=rows.ends_at,
        pay_type=rows.attempt.pay_type,
        return_url=settings.BASE_URL + payer.page,
    )


@dataclass(frozen=True)
class _Payer:
    """Who the provider is told pays, and where the browser comes back to."""

    name: str
    email: str
    phone: str
    description: str
    page: str


def _payer_of(deposit: Deposit) -> _Payer:
    """The customer. Who pays a client is not known: the bank shows the name of who is paid."""
    if deposit.customer is not None:
        user, page = deposit.customer.user, reverse("payments:deposit", args=[deposit.public_id])
        return _Payer(user.display_name, user.email, deposit.customer.phone, DESCRIPTION, page)
    name, email = (deposit.client.name, deposit.client.email) if deposit.client else ("", "")
    return _Payer(name, email, "", deposit.memo or COLLECTION, "/")


def doubt(rows: Locked, code: str = "") -> None:
    """Nobody knows whether the number was made: ask, never send again."""
    rows.attempt.state = State.IN_DOUBT
    rows.attempt.in_doubt_since = rows.now
    rows.attempt.next_check_at = pace.in_doubt(rows.now, 0, rows.now)
    rows.attempt.last_code = code
    rows.release()
    rows.save("state", "in_doubt_since", "next_check_at", "last_code", "lease_token", "lease_until")


@transaction.atomic
def _record_made(attempt_id: int, token: uuid.UUID, made: Made) -> None:
    rows = fenced(attempt_id, token)
    if rows is None:
        logger.warning("payment attempt %s: the answer came after the lease", attempt_id)
        return
    adopt(rows, made)
    rows.attempt.last_code = made.code
    rows.release()
    rows.save("last_code", "lease_token", "lease_until")


def adopt(rows: Locked, made: Made) -> None:
    """It is known to exist over there; from now on it is asked about until it is paid or long over."""
    attempt = rows.attempt
    _fill(rows, made)
    if attempt.state in {State.SUBMITTING, State.IN_DOUBT}:
        waiting = rows.deposit.state == Deposit.State.PENDING
        if (window := METHODS[attempt.method].window) is not None:
            attempt.expires_at = rows.now + window
        attempt.state = State.OPEN if waiting else State.CLOSED
        attempt.opened_at = rows.now
        attempt.next_check_at = (
            pace.waiting(rows.now, rows.now, rows.ends_at) if waiting else pace.after_the_end(rows.ends_at, rows.now)
        )
        rows.save("state", "opened_at", "next_check_at", "expires_at")


def _fill(rows: Locked, made: Made) -> None:
    """Write down what is known of it now and was not before; what was known stays."""
    names = ("number", "partner_service_id", "customer_no", "provider_trx_id", "content", "page_url")
    new = [name for name in names if getattr(made, name) and not getattr(rows.attempt, name)]
    for name in new:
        setattr(rows.attempt, name, getattr(made, name))
    if new:
        rows.save(*new)


@transaction.atomic
def _record_renewal(attempt_id: int, token: uuid.UUID, error: RenewFirst) -> None:
    """Nothing was paid; the payer must renew something first. The deposit stays open for another attempt."""
    rows = fenced(attempt_id, token)
    if rows is None or rows.attempt.state != State.SUBMITTING:
        return
    rows.attempt.reason, rows.attempt.page_url = "renew", error.url
    rows.save("reason", "page_url")
    close_attempt(rows, error.code)
    learn_from(rows.attempt)


@transaction.atomic
def _record_wrong_answer(attempt_id: int, token: uuid.UUID, error: WrongAnswer) -> None:
    rows = fenced(attempt_id, token)
    if rows is None or rows.attempt.state != State.SUBMITTING:
        return
    # What was made is kept, so that money paid to it by whatever accident is found; nobody is shown it.
    _fill(rows, error.made)
    if error.outcome_unknown:
        doubt(rows, error.code)
    else:
        fail(rows, "wrong_answer", error.code)
    flag_case(rows, PaymentCase.Kind.WRONG_ANSWER)


@transaction.atomic
def _record_error(attempt_id: int, token: uuid.UUID, error: ProviderError) -> None:
    rows = fenced(attempt_id, token)
    if rows is None or rows.attempt.state != State.SUBMITTING:
        return
    if error.outcome_unknown:
        doubt(rows, error.code)
    elif not error.retryable:
        fail(rows, "refused", error.code)
        learn_from(rows.attempt)
    elif error.code:
        _try_afresh(rows, error)
    else:
        _try_later(rows)


def _try_later(rows: Locked) -> None:
    """Not one byte left us, so the same request may be sent again."""
    if rows.now - rows.attempt.created_at > GIVE_UP:
        fail(rows, "unreachable", "")
        return
    rows.attempt.sent_at = None
    rows.attempt.next_check_at = pace.unreachable(rows.attempt.tries, rows.now)
    rows.release()
    rows.save("sent_at", "next_check_at", "lease_token", "lease_until")


def _try_afresh(rows: Locked, error: ProviderError) -> None:
    """Refused for now, definitely: a new attempt gets a new trxId, the old one is never sent again."""
    same = rows.deposit.attempts.filter(method=rows.attempt.method, bank=rows.attempt.bank)
    if same.count() >= ATTEMPTS:
        fail(rows, "busy", error.code)
        return
    close_attempt(rows, error.code)
    wait = timedelta(seconds=min(error.retry_after or 5, 60))
    PaymentAttempt.objects.create(
        deposit=rows.deposit,
        method=rows.attempt.method,
        bank=rows.attempt.bank,
        phone=rows.attempt.phone,
        pay_type=rows.attempt.pay_type,
        trx_id=new_reference_for(rows.attempt.method),
        expires_at=rows.attempt.expires_at,
        next_check_at=rows.now + wait,
    )


def fail(rows: Locked, reason: str, code: str) -> None:
    """Nothing will come of it: the attempt has failed, and the deposit with it when there is no other way."""
    rows.attempt.reason = reason
    rows.save("reason")
    close_attempt(rows, code)
    if rows.deposit.state == Deposit.State.PENDING and not _other_way(rows):
        rows.deposit.state = Deposit.State.FAILED
        rows.deposit.reason = reason
        rows.touch("state", "reason")


def _other_way(rows: Locked) -> bool:
    """Whether the payer has turned to another attempt meanwhile, or had one before that could be paid: who has left
    that for this one may choose again."""
    later, earlier = Q(pk__gt=rows.attempt.pk), Q(pk__lt=rows.attempt.pk, state=State.CLOSED)
    return rows.deposit.attempts.filter(later | earlier).exists()


def close_attempt(rows: Locked, code: str) -> None:
    """The attempt has failed; its deposit is left as it is."""
    rows.attempt.state = State.FAILED
    rows.attempt.last_code = code
    rows.attempt.next_check_at = None
    rows.release()
    rows.save("state", "last_code", "next_check_at", "lease_token", "lease_until")
