"""What a SNAP notification of a virtual account means: paid, called off, or a reason to ask (Faspay contract 4.2)."""

from payments.methods import METHODS, VA
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, StaticAccount
from payments.providers.faspay_snap import letters
from payments.providers.faspay_snap.incoming import parse
from payments.providers.faspay_snap.letters import Notification
from payments.providers.types import Flag, Made
from payments.selectors import attempt_named
from payments.settlement import static, static_booking
from payments.settlement.asking import ASKABLE
from payments.settlement.crediting import Arrival, credit, flag_case
from payments.settlement.outcomes import Outcome, Stray
from payments.settlement.rows import Locked, lock
from payments.settlement.submitting import adopt

Decision = ProviderMessage.Decision


def read(message: ProviderMessage) -> Notification:
    """The news in a stored message; it was read once before it was answered."""
    return letters.read_notification(parse(bytes(message.body)))


def attempt_of(message: ProviderMessage) -> PaymentAttempt | None:
    news = read(message)
    return attempt_named(news.trx_id, news.number)


def apply_notification(message: ProviderMessage) -> Outcome | Stray:
    """Act on news of a number. The number of an attempt is credited; what we do not know is a `Stray`.

    Raises `wallets.errors.LedgerError`.
    """
    news = read(message)
    if _is_permanent(news):
        return Outcome(*static.apply_news(message, news))
    attempt = attempt_named(news.trx_id, news.number)
    rows = lock(attempt.pk) if attempt else None
    if rows is None:
        return _stray(news)
    message.attempt = rows.attempt
    return _act(rows, news, message)


def _is_permanent(news: Notification) -> bool:
    """Whether it speaks of a permanent number: those are paid without a trx id of ours (Faspay contract 4.2)."""
    if news.trx_id and PaymentAttempt.objects.filter(trx_id=news.trx_id).exists():
        return False
    return StaticAccount.objects.filter(number=news.number).exists()


def _stray(news: Notification) -> Stray:
    named = news.payment_request_id != news.number
    key = news.trx_id or (static_booking.receipt_key(news.number, news.payment_request_id) if named else news.number)
    if news.flag is not Flag.PAID or news.amount is None:
        return Stray(reference=key)
    return Stray(METHODS[VA].channel, key, news.amount, news.currency, news.paid_at, news.number)


def _act(rows: Locked, news: Notification, message: ProviderMessage) -> Outcome:
    if rows.attempt.number and rows.attempt.number != news.number:
        flag_case(rows, PaymentCase.Kind.OTHER_NUMBER, note=f"told: {news.number}")
        return Outcome(Decision.FLAGGED, "other_number", ask_soon(rows))
    if news.flag is Flag.PAID:
        return _paid(rows, news, message)
    if rows.deposit.state == Deposit.State.SUCCESS and news.flag in {Flag.REFUNDED, Flag.CANCELLED, Flag.FAILED}:
        refunded = news.flag is Flag.REFUNDED
        flag_case(rows, PaymentCase.Kind.REFUNDED if refunded else PaymentCase.Kind.CLOSED_AFTER_SUCCESS)
        return Outcome(Decision.FLAGGED, rows.deposit.attention)
    # Not signed by the state of the money: only the provider's own answer closes an invoice.
    asked = None if news.flag is Flag.PENDING else ask_soon(rows)
    return Outcome(Decision.ASKED if asked else Decision.ACKNOWLEDGED, news.raw_flag, asked)


def _paid(rows: Locked, news: Notification, message: ProviderMessage) -> Outcome:
    if news.amount is None:
        return without_amount(rows, message, "no_amount")
    adopt(rows, Made(number=news.number, partner_service_id=news.partner_service_id, customer_no=news.customer_no))
    decision = credit(rows, Arrival(news.amount, news.currency, news.paid_at, message))
    return Outcome(decision, rows.deposit.attention if decision is Decision.FLAGGED else "")


def without_amount(rows: Locked, message: ProviderMessage, note: str) -> Outcome:
    """Paid, and nobody says how much: the provider is asked; of what has failed here staff are told instead."""
    if rows.attempt.state == PaymentAttempt.State.PAID:
        return Outcome(Decision.REPEATED, note)
    if rows.attempt.state == PaymentAttempt.State.FAILED:
        return Outcome(flag_case(rows, PaymentCase.Kind.NO_AMOUNT, message=message), note)
    return Outcome(Decision.ASKED, note, ask_soon(rows))


def ask_soon(rows: Locked) -> int | None:
    """Have the provider asked at once; the attempt, or None when there is nothing left to ask."""
    if rows.attempt.state not in ASKABLE:
        return None
    rows.attempt.next_check_at = rows.now
    rows.save("next_check_at")
    return rows.attempt.pk
