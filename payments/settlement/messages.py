"""Act on a stored notification. It is a hint: the state of the deposit decides what it means."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from payments.models import Deposit, PaymentCase, ProviderMessage
from payments.providers.faspay_snap import incoming
from payments.providers.types import Flag, Made
from payments.selectors import attempt_named
from payments.settlement.asking import ASKABLE
from payments.settlement.crediting import Arrival, credit, flag_case
from payments.settlement.rows import Locked, lock
from payments.settlement.submitting import adopt
from wallets.errors import LedgerError

Decision = ProviderMessage.Decision
# An unknown number is looked for again, since its row may come later: seconds after each try.
_LATER = (5, 15, 60, 300, 1800, 3600)
FORGET_AFTER = timedelta(days=7)

logger = logging.getLogger(__name__)


def apply_message(message_id: int) -> int | None:
    """Carry out one stored message that is due. Returns the account about which to ask now, if the message wants it.

    Safe to call again at any time: a message is decided once, and money is credited once per deposit.
    """
    try:
        with transaction.atomic():
            message = _take(message_id)
            return _decide(message) if message else None
    except LedgerError as error:
        logger.error("message %s: the ledger refused its money: %s", message_id, error.code)
        _set_aside(message_id, error.code)
        return None


def _take(message_id: int) -> ProviderMessage | None:
    return (
        ProviderMessage.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .annotate(database_now=Now())
        .filter(pk=message_id, verified=True, next_try_at__lte=Now())
        .first()
    )


def _decide(message: ProviderMessage) -> int | None:
    news = incoming.read_notification(incoming.parse(bytes(message.body)))
    account = attempt_named(news.trx_id, news.number)
    rows = lock(account.pk) if account else None
    if rows is None:
        _look_again_later(message)
        return None
    message.attempt = rows.attempt
    decision, note, asks = _act(rows, news, message)
    _close(message, decision, note)
    return rows.attempt.pk if asks else None


def _act(rows: Locked, news: incoming.Notification, message: ProviderMessage) -> tuple[Decision, str, bool]:
    """(decision, note, whether to ask for the status)."""
    if rows.attempt.number and rows.attempt.number != news.number:
        flag_case(rows, PaymentCase.Kind.OTHER_NUMBER, note=f"told: {news.number}")
        return Decision.FLAGGED, "other_number", _ask_soon(rows)
    if news.flag is Flag.PAID:
        return _paid(rows, news, message)
    if rows.deposit.state == Deposit.State.SUCCESS and news.flag in {Flag.REFUNDED, Flag.CANCELLED, Flag.FAILED}:
        refunded = news.flag is Flag.REFUNDED
        flag_case(rows, PaymentCase.Kind.REFUNDED if refunded else PaymentCase.Kind.CLOSED_AFTER_SUCCESS)
        return Decision.FLAGGED, rows.deposit.attention, False
    # Not signed by the state of the money: only the provider's own answer closes an invoice.
    asks = news.flag is not Flag.PENDING and _ask_soon(rows)
    return Decision.ASKED if asks else Decision.ACKNOWLEDGED, news.raw_flag, asks


def _paid(rows: Locked, news: incoming.Notification, message: ProviderMessage) -> tuple[Decision, str, bool]:
    if news.amount is None:
        return Decision.ASKED, "no_amount", _ask_soon(rows)
    made = Made(number=news.number, partner_service_id=news.partner_service_id, customer_no=news.customer_no)
    adopt(rows, made)
    decision = credit(rows, Arrival(news.amount, news.currency, news.paid_at, message))
    return decision, rows.deposit.attention if decision is Decision.FLAGGED else "", False


def _ask_soon(rows: Locked) -> bool:
    if rows.attempt.state not in ASKABLE:
        return False
    rows.attempt.next_check_at = rows.now
    rows.save("next_check_at")
    return True


def _close(message: ProviderMessage, decision: Decision, note: str) -> None:
    message.decision, message.note = decision, note
    message.tries += 1
    message.next_try_at = None
    message.processed_at = _now(message)
    message.save(update_fields=["decision", "note", "tries", "next_try_at", "processed_at", "attempt"])


def _look_again_later(message: ProviderMessage) -> None:
    now = _now(message)
    message.decision = Decision.UNMATCHED
    message.tries += 1
    wait = _LATER[min(message.tries, len(_LATER)) - 1]
    over = now - message.received_at > FORGET_AFTER
    message.next_try_at = None if over else now + timedelta(seconds=wait)
    message.processed_at = now if over else None
    message.save(update_fields=["decision", "tries", "next_try_at", "processed_at"])


@transaction.atomic
def _set_aside(message_id: int, why: str) -> None:
    """The money is real, the wallet would not take it: staff must see it, and it is tried again every hour."""
    message = _take(message_id)
    if message is None:
        return
    news = incoming.read_notification(incoming.parse(bytes(message.body)))
    account = attempt_named(news.trx_id, news.number)
    rows = lock(account.pk) if account else None
    if rows:
        flag_case(rows, PaymentCase.Kind.LEDGER_REFUSED, message=message)
        message.attempt = rows.attempt
    message.decision, message.note = Decision.FLAGGED, why
    message.tries += 1
    message.next_try_at = _now(message) + timedelta(hours=1)
    message.save(update_fields=["decision", "note", "tries", "next_try_at", "attempt"])


def _now(message: ProviderMessage) -> datetime:
    now: datetime = message.database_now  # type: ignore[attr-defined]
    return now
