"""Act on a legacy payment notification: the only word about an OVO payment, and sometimes one about other numbers.

Its digest covers our bill number and the status, nothing else; whoever came back from OVO's page has seen such a
digest. So amount and merchant must be those that we hold; what differs decides nothing before the provider has been
asked. Source: Faspay contract 4.1.
"""

import logging

from django.conf import settings

from payments.methods import METHODS, OVO
from payments.models import Deposit, OvoLink, PaymentAttempt, PaymentCase, ProviderMessage
from payments.providers.faspay_ovo import incoming
from payments.providers.faspay_ovo.incoming import Notice, Status
from payments.providers.types import Made
from payments.settlement import ovo
from payments.settlement.crediting import Arrival, credit, flag_case
from payments.settlement.notifications import ask_soon, without_amount
from payments.settlement.outcomes import Outcome, Stray
from payments.settlement.rows import Locked, lock
from payments.settlement.submitting import adopt

Decision, State = ProviderMessage.Decision, PaymentAttempt.State
# What they say of an end, in our words (Faspay contract 4.1).
_ENDS = {
    Status.FAILED: "declined",
    Status.CANCELLED: "called_off",
    Status.EXPIRED: "window_over",
    Status.NO_BILLS: "not_made",
}
# So often a notice that contradicts what we hold is looked at again, while the provider is asked.
LOOKS = 4

logger = logging.getLogger(__name__)


def apply_notice(message: ProviderMessage) -> Outcome | Stray:
    """What comes of a stored, signed legacy notification. Inside a transaction; may be called again at any time.

    ``bill_no`` is our trx id. Raises `wallets.errors.LedgerError`.
    """
    notice = incoming.read_notification(bytes(message.body))
    attempt = PaymentAttempt.objects.filter(trx_id=notice.bill_no).first()
    rows = lock(attempt.pk) if attempt else None
    if rows is None:
        return _stray(notice)
    message.attempt = rows.attempt
    if notice.status is Status.SUCCESS:
        return _paid(rows, notice, message)
    if notice.status is Status.REVERSAL and rows.deposit.state == Deposit.State.SUCCESS:
        return Outcome(flag_case(rows, PaymentCase.Kind.REFUNDED, message=message), "refunded")
    if notice.status in _ENDS:
        return _ended(rows, notice, message)
    return _asked(rows, f"status {notice.raw_status}")


def _stray(notice: Notice) -> Stray:
    """Nobody's bill (yet). The amount is signed by nobody, so no money is booked for it, not even in suspense."""
    # With a key it becomes a case for staff when it stays unknown.
    key = notice.bill_no if notice.status is Status.SUCCESS else ""
    return Stray(channel=METHODS[OVO].channel, key=key, reference=notice.bill_no)


def _paid(rows: Locked, notice: Notice, message: ProviderMessage) -> Outcome | Stray:
    if rows.attempt.method != OVO:
        if rows.attempt.state == State.FAILED:
            return without_amount(rows, message, "status 2")
        # A hint about a number of another service: its own status question decides.
        return _asked(rows, "status 2")
    doubt = _contradiction(rows, notice)
    if doubt:
        return _look_into(rows, notice, message, doubt)
    adopt(rows, Made(provider_trx_id=notice.trx_id))
    decision = credit(rows, Arrival(rows.deposit.amount, rows.deposit.currency, notice.paid_at, message))
    if decision is Decision.CREDITED:
        _look_at_balance(rows)
    return Outcome(decision, rows.deposit.attention if decision is Decision.FLAGGED else "")


def _contradiction(rows: Locked, notice: Notice) -> str:
    """What the digest does not cover and what is not as we hold it; empty when all is."""
    if notice.merchant_id != settings.FASPAY_PARTNER_ID:
        return "other_merchant"
    if {notice.bill_total, notice.payment_total} != {rows.deposit.amount}:
        return "other_amount"
    known = rows.attempt.provider_trx_id
    return "other_trx_id" if known and notice.trx_id != known else ""


def _look_into(rows: Locked, notice: Notice, message: ProviderMessage, doubt: str) -> Outcome | Stray:
    """Book nothing by this notice. The history may tell what was paid; if it does not, staff must look."""
    if rows.attempt.state == State.PAID:
        told = notice.payment_total
        agrees = told is not None and rows.attempt.receipts.filter(amount=told).exists()
        return Outcome(Decision.REPEATED, doubt) if agrees else _to_staff(rows, notice, message, doubt)
    if message.tries + 1 >= LOOKS:
        return _to_staff(rows, notice, message, doubt)
    ask_soon(rows)
    message.note = doubt
    return Stray(channel=METHODS[OVO].channel, reference=notice.bill_no)


def _to_staff(rows: Locked, notice: Notice, message: ProviderMessage, doubt: str) -> Outcome:
    told = f"{doubt}: bill {notice.bill_total}, paid {notice.payment_total}, merchant {notice.merchant_id}"
    return Outcome(flag_case(rows, PaymentCase.Kind.OTHER_AMOUNT, message=message, note=told), doubt)


def _ended(rows: Locked, notice: Notice, message: ProviderMessage) -> Outcome:
    """Signed words that it came to nothing; believed when the provider, asked, knows of no payment either."""
    if rows.deposit.state == Deposit.State.SUCCESS and rows.attempt.state == State.PAID:
        return Outcome(flag_case(rows, PaymentCase.Kind.CLOSED_AFTER_SUCCESS, message=message), "closed_after_success")
    if rows.attempt.method == OVO and rows.attempt.state in {State.OPEN, State.IN_DOUBT}:
        rows.attempt.told_end = _ENDS[notice.status]
        rows.save("told_end")
    return _asked(rows, f"status {notice.raw_status}")


def _asked(rows: Locked, note: str) -> Outcome:
    asked = ask_soon(rows)
    return Outcome(Decision.ASKED if asked else Decision.ACKNOWLEDGED, note, asked)


def _look_at_balance(rows: Locked) -> None:
    """What is in the OVO account has just changed."""
    links = OvoLink.objects.select_for_update(no_key=True, skip_locked=True)
    link = links.filter(customer=rows.deposit.customer_id, state=OvoLink.State.LINKED).first()
    if link:
        ovo.look_again(link, rows.now)
