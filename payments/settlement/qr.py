"""What a notification of a QR means: paid, called off, or a reason to ask (docs/qris.md)."""

from payments.methods import METHODS, QRIS
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage
from payments.providers.faspay_snap import qris_incoming
from payments.providers.faspay_snap.incoming import parse
from payments.providers.faspay_snap.qris_incoming import QrNews
from payments.providers.types import Flag, Made
from payments.settlement.crediting import Arrival, credit, flag_case
from payments.settlement.notifications import ask_soon, without_amount
from payments.settlement.outcomes import Outcome, Stray
from payments.settlement.rows import Locked, lock
from payments.settlement.submitting import adopt

Decision = ProviderMessage.Decision


def read(message: ProviderMessage) -> QrNews:
    """The news in a stored message; it was read once before it was answered."""
    return qris_incoming.read_notification(parse(bytes(message.body)))


def attempt_of(news: QrNews) -> PaymentAttempt | None:
    """The QR a message speaks of: by our number, else by Faspay's."""
    codes = PaymentAttempt.objects.filter(method=QRIS)
    ours = codes.filter(trx_id=news.trx_id).first()
    theirs = codes.filter(provider_trx_id=news.provider_trx_id).order_by("-id") if news.provider_trx_id else None
    return ours or (theirs.first() if theirs is not None else None)


def apply_qr(message: ProviderMessage) -> Outcome | Stray:
    """Act on news of a QR. What is paid is credited once; what we do not know is a `Stray`.

    Raises `wallets.errors.LedgerError`.
    """
    news = read(message)
    attempt = attempt_of(news)
    rows = lock(attempt.pk) if attempt else None
    if rows is None:
        return _stray(news)
    message.attempt = rows.attempt
    return _act(rows, news, message)


def _stray(news: QrNews) -> Stray:
    if news.flag is not Flag.PAID or news.amount is None:
        return Stray(reference=news.trx_id)
    return Stray(METHODS[QRIS].channel, news.trx_id, news.amount, news.currency, news.paid_at, news.provider_trx_id)


def _act(rows: Locked, news: QrNews, message: ProviderMessage) -> Outcome:
    if not _fits(rows.attempt, news):
        flag_case(rows, PaymentCase.Kind.OTHER_NUMBER, message=message, note=f"told: {news.provider_trx_id}")
        return Outcome(Decision.FLAGGED, "other_number", ask_soon(rows))
    if news.flag is Flag.PAID:
        return _paid(rows, news, message)
    if rows.deposit.state == Deposit.State.SUCCESS and news.flag in {Flag.REFUNDED, Flag.CANCELLED, Flag.FAILED}:
        refunded = news.flag is Flag.REFUNDED
        kind = PaymentCase.Kind.REFUNDED if refunded else PaymentCase.Kind.CLOSED_AFTER_SUCCESS
        return Outcome(flag_case(rows, kind, message=message), rows.deposit.attention)
    # Only the provider's own answer ends an attempt, never a letter alone.
    asked = None if news.flag is Flag.PENDING else ask_soon(rows)
    return Outcome(Decision.ASKED if asked else Decision.ACKNOWLEDGED, news.raw_flag, asked)


def _fits(attempt: PaymentAttempt, news: QrNews) -> bool:
    """Whether both numbers in the letter are this attempt's, as far as they are known."""
    known = attempt.provider_trx_id
    return attempt.trx_id == news.trx_id and (not known or not news.provider_trx_id or known == news.provider_trx_id)


def _paid(rows: Locked, news: QrNews, message: ProviderMessage) -> Outcome:
    if news.amount is None:
        return without_amount(rows, message, "no_amount")
    if news.provider_trx_id:
        adopt(rows, Made(provider_trx_id=news.provider_trx_id))
    decision = credit(rows, Arrival(news.amount, news.currency, news.paid_at, message))
    return Outcome(decision, rows.deposit.attention if decision is Decision.FLAGGED else "")
