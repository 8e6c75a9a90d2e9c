"""Act on a stored message. It is a hint: the state of what it speaks of decides what it means."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from payments.models import PaymentAttempt, PaymentCase, ProviderMessage
from payments.selectors import attempt_named
from payments.settlement import cases, invoices, legacy, notifications, qr
from payments.settlement.crediting import flag_case
from payments.settlement.outcomes import Outcome, Stray
from payments.settlement.rows import lock
from wallets.errors import LedgerError

Decision = ProviderMessage.Decision
Kind = ProviderMessage.Kind
# What is not known yet is looked for again, since its row may come later: seconds after each try.
_LATER = (5, 15, 60, 300, 1800, 3600)
# Money whose owner is not known after so many tries gets a case, and a place in suspense.
CASE_AFTER_TRIES = 3
FORGET_AFTER = timedelta(days=7)

# Who acts on which kind. Each is called inside a transaction with the message locked, locks what it needs itself, may
# set ``message.attempt`` and ``message.static_account``, and can be called again for the same message at any time.
HANDLERS: dict[str, Callable[[ProviderMessage], Outcome | Stray]] = {
    Kind.NOTIFICATION: notifications.apply_notification,
    Kind.LEGACY: legacy.apply_notice,
    Kind.QR: qr.apply_qr,
    Kind.INVOICE: invoices.apply_event,
}

logger = logging.getLogger(__name__)


def apply_message(message_id: int) -> int | None:
    """Carry out one stored message that is due. Returns the attempt about which to ask now, if the message wants it.

    Safe to call again at any time: a message is decided once, and money is credited once.
    """
    try:
        with transaction.atomic():
            message = _take(message_id)
            return _decide(message) if message else None
    except LedgerError as error:
        logger.error("message %s: the ledger refused its money: %s", message_id, error.code)
        _set_aside(message_id, error.code)
        return None
    except (OperationalError, InterfaceError):
        # The database is away, nothing is wrong with the message; it stays due.
        raise
    except Exception:
        logger.exception("message %s could not be acted on", message_id)
        _postpone(message_id)
        return None


def _take(message_id: int) -> ProviderMessage | None:
    return (
        ProviderMessage.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .annotate(database_now=Now())
        .filter(pk=message_id, verified=True, next_try_at__lte=Now())
        .first()
    )


def _decide(message: ProviderMessage) -> int | None:
    handler = HANDLERS.get(message.kind)
    found = handler(message) if handler else Outcome(Decision.ACKNOWLEDGED, "nobody_acts")
    if isinstance(found, Stray):
        _look_again_later(message, found)
        return None
    _close(message, found)
    return found.ask


def _close(message: ProviderMessage, outcome: Outcome) -> None:
    if message.decision == Decision.UNMATCHED:
        cases.explain_by_match(message)
    message.decision, message.note = outcome.decision, outcome.note[:80]
    message.tries += 1
    message.next_try_at = None
    message.processed_at = _now(message)
    message.save(
        update_fields=["decision", "note", "tries", "next_try_at", "processed_at", "attempt", "static_account"]
    )


def _look_again_later(message: ProviderMessage, stray: Stray) -> None:
    now = _now(message)
    message.decision = Decision.UNMATCHED
    message.tries += 1
    if message.tries >= CASE_AFTER_TRIES and stray.key:
        cases.shelter(message, stray)
        message.note = "in_suspense" if stray.amount is not None else "case"
    wait = _LATER[min(message.tries, len(_LATER)) - 1]
    over = now - message.received_at > FORGET_AFTER
    message.next_try_at = None if over else now + timedelta(seconds=wait)
    message.processed_at = now if over else None
    message.save(update_fields=["decision", "note", "tries", "next_try_at", "processed_at"])


@transaction.atomic
def _set_aside(message_id: int, why: str) -> None:
    """The money is real, the wallet would not take it: staff must see it, and it is tried again every hour."""
    message = _take(message_id)
    if message is None:
        return
    attempt = _attempt_of(message)
    rows = lock(attempt.pk) if attempt else None
    if rows:
        flag_case(rows, PaymentCase.Kind.LEDGER_REFUSED, message=message)
        message.attempt = rows.attempt
    message.decision, message.note = Decision.FLAGGED, why
    message.tries += 1
    message.next_try_at = _now(message) + timedelta(hours=1)
    message.save(update_fields=["decision", "note", "tries", "next_try_at", "attempt"])


def _postpone(message_id: int) -> None:
    """One that nobody can act on must not keep the others waiting."""
    due = ProviderMessage.objects.filter(pk=message_id, next_try_at__lte=Now())
    due.update(tries=F("tries") + 1, next_try_at=Now() + timedelta(minutes=5), note="stumbled")


def _attempt_of(message: ProviderMessage) -> PaymentAttempt | None:
    if message.kind == Kind.NOTIFICATION:
        return notifications.attempt_of(message)
    return attempt_named(message.reference, message.reference)


def _now(message: ProviderMessage) -> datetime:
    now: datetime = message.database_now  # type: ignore[attr-defined]
    return now
