"""What an event of BTCPay Server means: a reason to ask, nothing more (docs/crypto.md)."""

from django.db.models import Q

from payments.methods import CRYPTO
from payments.models import PaymentAttempt, PaymentCase, ProviderMessage
from payments.providers.btcpay import incoming
from payments.providers.btcpay.incoming import Event
from payments.settlement.crediting import flag_case
from payments.settlement.notifications import ask_soon
from payments.settlement.outcomes import Outcome, Stray
from payments.settlement.rows import Locked, lock

Decision = ProviderMessage.Decision
State = PaymentAttempt.State


def apply_event(message: ProviderMessage) -> Outcome | Stray:
    """Have the invoice of an event asked about. No money moves here: the answer alone moves it."""
    event = incoming.read_event(bytes(message.body))
    attempt = attempt_of(event)
    rows = lock(attempt.pk) if attempt else None
    if rows is None:
        return Stray(reference=event.order_id or event.invoice_id)
    message.attempt = rows.attempt
    return _act(rows, event, message)


def attempt_of(event: Event) -> PaymentAttempt | None:
    """The attempt an event speaks of: by BTCPay's invoice, else by our number on it."""
    named = Q(provider_trx_id=event.invoice_id) | (Q(trx_id=event.order_id) if event.order_id else Q(pk__in=[]))
    found = list(PaymentAttempt.objects.filter(named, method=CRYPTO)[:2])
    return next((one for one in found if one.provider_trx_id == event.invoice_id), found[0] if found else None)


def _act(rows: Locked, event: Event, message: ProviderMessage) -> Outcome:
    if event.tells_of_money and _comes_unexpected(rows, event):
        kind = PaymentCase.Kind.OUT_OF_TERMS
        decision = flag_case(rows, kind, message=message, note=event.type, name=_coin_of(rows, event))
        return Outcome(decision, rows.deposit.attention)
    asked = ask_soon(rows)
    return Outcome(Decision.ASKED if asked else Decision.ACKNOWLEDGED, event.type, asked)


def _coin_of(rows: Locked, event: Event) -> str:
    """What tells one coin after the credit from the next; several events speak of each."""
    known = event.received_at if rows.attempt.state == State.PAID else None
    return f"{known:%Y%m%d%H%M%S}" if known else ""


def _comes_unexpected(rows: Locked, event: Event) -> bool:
    """Coins for an attempt that nobody asks about any more: it had failed, or was credited before these came."""
    if rows.attempt.state == State.FAILED:
        return True
    if rows.attempt.state != State.PAID or event.received_at is None:
        return False
    credited = rows.attempt.receipts.order_by("-id").values_list("received_at", flat=True).first()
    return credited is not None and event.received_at > credited
