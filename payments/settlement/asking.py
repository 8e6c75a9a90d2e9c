"""Ask the provider what became of a number, and act on what it says."""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from config.lib.errors import ProviderError
from payments.exchanges import recorded
from payments.methods import METHODS
from payments.models import Deposit, PaymentAttempt, PaymentCase
from payments.providers.types import Flag, Made, NoSuchPayment, Ref, Status
from payments.selectors import SEEN, SET_ASIDE
from payments.settlement import pace
from payments.settlement.cases import open_case
from payments.settlement.crediting import Arrival, credit, flag, flag_case
from payments.settlement.gateways import gateway_of
from payments.settlement.rows import Locked, fenced, is_leased, lease, lock
from payments.settlement.submitting import adopt, close_attempt, fail
from wallets.errors import LedgerError

State = PaymentAttempt.State
ASKABLE = frozenset({State.IN_DOUBT, State.OPEN, State.CLOSED})
# So often, over so long, must the provider deny a number before we believe that it was never made.
DENIALS = 3
DENIED_FOR = timedelta(seconds=60)

logger = logging.getLogger(__name__)


def ask(attempt_id: int) -> None:
    """One status question, if one is due. Safe to call again at any time."""
    begun = _begin(attempt_id)
    if begun is None:
        return
    attempt, ref, token = begun
    try:
        with recorded(METHODS[attempt.method].provider, reference=ref.trx_id, attempt=attempt):
            status = gateway_of(attempt.method).ask(ref)
    except NoSuchPayment as error:
        _record_denial(attempt_id, token, error.code)
    except ProviderError as error:
        _record_silence(attempt_id, token, error.code)
    else:
        _record(attempt_id, token, status)


@transaction.atomic
def _begin(attempt_id: int) -> tuple[PaymentAttempt, Ref, uuid.UUID] | None:
    rows = lock(attempt_id, wait=False)
    if rows is None or rows.attempt.state not in ASKABLE or is_leased(rows):
        return None
    if rows.attempt.next_check_at is None or rows.attempt.next_check_at > rows.now:
        return None
    token = lease(rows)
    rows.attempt.asked_at = rows.now
    rows.attempt.questions += 1
    rows.save("lease_token", "lease_until", "asked_at", "questions")
    return rows.attempt, ref_of(rows), token


def ref_of(rows: Locked) -> Ref:
    """How the provider knows this account."""
    attempt = rows.attempt
    return Ref(
        trx_id=attempt.trx_id,
        bank=attempt.bank,
        partner_service_id=attempt.partner_service_id,
        customer_no=attempt.customer_no,
        number=attempt.number,
        provider_trx_id=attempt.provider_trx_id,
        amount=rows.deposit.amount,
        currency=rows.deposit.currency,
        phone=attempt.phone,
        created_at=attempt.created_at,
    )


def _record(attempt_id: int, token: uuid.UUID, status: Status) -> None:
    try:
        with transaction.atomic():
            rows = fenced(attempt_id, token)
            if rows:
                _act(rows, status)
                _finish(rows, status.code)
    except LedgerError as error:
        logger.error("payment attempt %s: the ledger refused its money: %s", attempt_id, error.code)
        _record_refused_money(attempt_id, token, status.code)


def _act(rows: Locked, status: Status) -> None:
    if status.number or status.provider_trx_id:
        adopt(rows, _made_of(status))
    if status.flag is Flag.PAID:
        _take_money(rows, status)
    elif status.flag is Flag.SEEN:
        _note_seen(rows)
    elif status.flag is Flag.LATE:
        _set_aside(rows, status)
    elif status.flag is Flag.REFUNDED:
        flag_case(rows, PaymentCase.Kind.REFUNDED)
    elif status.flag in {Flag.CANCELLED, Flag.FAILED} and rows.attempt.state in {State.OPEN, State.IN_DOUBT}:
        fail(rows, "closed_by_bank", status.code)


def _made_of(status: Status) -> Made:
    return Made(
        number=status.number,
        partner_service_id=status.partner_service_id,
        customer_no=status.customer_no,
        provider_trx_id=status.provider_trx_id,
        page_url=status.page_url,
    )


def _note_seen(rows: Locked) -> None:
    """Let the page say that the payment is on its way."""
    if rows.attempt.reason != SEEN and rows.attempt.state != State.PAID:
        rows.attempt.reason = SEEN
        rows.save("reason")
        rows.touch()


def _set_aside(rows: Locked, status: Status) -> None:
    """Money that came otherwise than agreed waits in suspense for two people; whatever figure is known goes along."""
    waiting = rows.attempt.receipts.filter(currency=status.currency)
    if status.amount and waiting.exclude(amount=status.amount).exists():
        # More came than waits already.
        credit(rows, Arrival(status.amount, status.currency, status.paid_at))
        return
    kind = PaymentCase.Kind.OUT_OF_TERMS
    case = open_case(
        kind,
        key=f"{kind}:{rows.attempt.trx_id}",
        channel=METHODS[rows.attempt.method].channel,
        amount=status.amount,
        currency=status.currency,
        paid_at=status.paid_at,
        deposit=rows.deposit,
        attempt=rows.attempt,
        note=status.raw_flag,
        receipt_key=rows.attempt.trx_id,
    )
    if rows.attempt.reason != SET_ASIDE:
        rows.attempt.reason = SET_ASIDE
        rows.save("reason")
    if case.state != PaymentCase.State.SETTLED:
        flag(rows, kind)


def _take_money(rows: Locked, status: Status) -> None:
    if status.amount:
        credit(rows, Arrival(status.amount, status.currency, status.paid_at))
    else:
        flag_case(rows, PaymentCase.Kind.NO_AMOUNT)


@transaction.atomic
def _record_denial(attempt_id: int, token: uuid.UUID, code: str) -> None:
    """The provider knows no such number. Of one in doubt that is believed only after a while."""
    rows = fenced(attempt_id, token)
    if rows is None:
        return
    rows.attempt.not_found += 1
    rows.save("not_found")
    since = rows.attempt.in_doubt_since
    if rows.attempt.told_end and rows.attempt.state in {State.OPEN, State.IN_DOUBT}:
        # They said in signed words that it ended, and know of no payment: the deposit waits for another attempt.
        rows.attempt.reason = rows.attempt.told_end
        rows.save("reason")
        close_attempt(rows, code)
    elif rows.attempt.state == State.IN_DOUBT and since and _believed(rows, since):
        fail(rows, "not_made", code)
    else:
        _finish(rows, code)


def _believed(rows: Locked, since: datetime) -> bool:
    return rows.attempt.not_found >= DENIALS and rows.now - since >= DENIED_FOR


@transaction.atomic
def _record_silence(attempt_id: int, token: uuid.UUID, code: str) -> None:
    rows = fenced(attempt_id, token)
    if rows:
        _finish(rows, code)


@transaction.atomic
def _record_refused_money(attempt_id: int, token: uuid.UUID, code: str) -> None:
    rows = fenced(attempt_id, token)
    if rows:
        flag_case(rows, PaymentCase.Kind.LEDGER_REFUSED)
        _finish(rows, code)


def _finish(rows: Locked, code: str) -> None:
    """Let go, and note when to ask again. An attempt whose time is over is closed, its deposit may live on."""
    rows.release()
    rows.attempt.last_code = code
    if rows.attempt.state == State.OPEN and rows.ends_at + pace.LAST_LOOK <= rows.now:
        rows.attempt.state, rows.attempt.page_url = State.CLOSED, ""
        rows.save("state", "page_url")
    rows.attempt.next_check_at = _next(rows)
    rows.save("last_code", "next_check_at", "lease_token", "lease_until")


def _just_over(rows: Locked) -> bool:
    """Whether whoever paid at the last moment still looks at the page."""
    return timedelta(0) <= rows.now - rows.ends_at < pace.WATCHED


def _next(rows: Locked) -> datetime | None:
    attempt = rows.attempt
    if attempt.state == State.IN_DOUBT and attempt.in_doubt_since:
        return pace.in_doubt(attempt.in_doubt_since, attempt.questions, rows.now)
    if attempt.state == State.OPEN and rows.deposit.state == Deposit.State.PENDING:
        return pace.waiting(attempt.opened_at or attempt.created_at, rows.now, rows.ends_at)
    if attempt.state == State.CLOSED and rows.deposit.state == Deposit.State.PENDING and _just_over(rows):
        return pace.given_up_soon(rows.now)
    if attempt.state == State.OPEN and rows.deposit.state == Deposit.State.SUCCESS:
        return rows.now  # paid another way meanwhile: to be called off
    if attempt.state in {State.OPEN, State.CLOSED}:
        # Also when the deposit was paid another way: what could not be called off can be paid a second time.
        return pace.after_the_end(rows.ends_at, rows.now)
    return None
