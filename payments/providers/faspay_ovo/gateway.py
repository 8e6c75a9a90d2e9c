"""OVO Tokenize as the engine knows every method: make a payment possible, ask what became of it.

Source: Faspay contract 5.2-5.4.
"""

from datetime import date, datetime, timedelta

from config.lib.clock import JAKARTA, now
from config.lib.errors import ProviderError
from payments.providers import types
from payments.providers.faspay_ovo import adapter, client
from payments.providers.faspay_ovo.adapter import Movement, OvoOrder, PayType, UnusablePhone
from payments.providers.types import Flag, Made, NoSuchPayment, Order, Ref, RenewFirst, Status

# The history's words are not documented beyond one sample, so they are read leniently; an unknown one decides nothing.
_WORDS = {
    Flag.PAID: {"SUCCESS", "SUCCESSFUL", "SUKSES", "PAID", "COMPLETED", "COMPLETE", "SETTLED", "00", "2"},
    Flag.REFUNDED: {"REFUND", "REFUNDED", "REVERSAL", "REVERSED", "VOID", "VOIDED", "4"},
    Flag.FAILED: {"FAILED", "FAIL", "DECLINED", "REJECTED", "EXPIRED", "3", "7"},
    Flag.CANCELLED: {"CANCELLED", "CANCELED", "CANCEL", "8"},
    Flag.PENDING: {"PENDING", "PROCESS", "PROCESSING", "IN PROCESS", "UNPROCESSED", "0", "1"},
}
_FLAGS = {word: flag for flag, words in _WORDS.items() for word in words}
# Their clock and ours; ids are unique for a day only, so an older payment of the same id is another one.
_SLACK = timedelta(minutes=5)


def create(order: Order) -> Made:
    """Push a payment to the customer's OVO. Raises `RenewFirst` and `types.WrongAnswer` besides `ProviderError`."""
    try:
        started = adapter.pay(_ovo_order(order))
    except adapter.TokenExpired as error:
        raise RenewFirst(str(error), error.url, code=error.code) from error
    except adapter.WrongAnswer as error:
        made = Made(provider_trx_id=error.trx_id, code=error.code)
        raise types.WrongAnswer(str(error), made, outcome_unknown=error.outcome_unknown) from error
    except UnusablePhone as error:
        raise ProviderError(str(error), retryable=False, outcome_unknown=False) from error
    return Made(provider_trx_id=started.trx_id, page_url=started.redirect_url, code=client.SUCCESS)


def _ovo_order(order: Order) -> OvoOrder:
    known = {kind.value for kind in PayType}
    return OvoOrder(
        bill_no=order.trx_id,
        amount=order.amount,
        phone=order.phone,
        name=order.name,
        email=order.email,
        description=order.description,
        pay_type=PayType(order.pay_type) if order.pay_type in known else PayType.CASH,
    )


def ask(ref: Ref) -> Status:
    """Look the payment up in the customer's history, the only question there is.

    Raises `NoSuchPayment` when it is not there (which proves nothing: it may come later), and without asking when no
    answer ever told us its id.
    """
    if not ref.provider_trx_id:
        raise NoSuchPayment("ovo history: no id to look for", retryable=False, outcome_unknown=False)
    begun = ref.created_at or now()
    start, end = _days(begun)
    found = adapter.find_payment(ref.phone, trx_id=ref.provider_trx_id, start=start, end=end)
    if found is None or (found.paid_at and found.paid_at < begun - _SLACK):
        raise NoSuchPayment("ovo history: not there", retryable=False, outcome_unknown=False, code=client.SUCCESS)
    return _status(found)


def _days(begun: datetime) -> tuple[date, date]:
    """The day it was begun on and the next; never after today, which they refuse. Days of Jakarta."""
    start = begun.astimezone(JAKARTA).date()
    return start, min(start + timedelta(days=1), now().astimezone(JAKARTA).date())


def flag_of(word: str) -> Flag:
    """What a word of the history means, `Flag.UNKNOWN` when we do not know."""
    return _FLAGS.get(word, Flag.UNKNOWN)


def _status(found: Movement) -> Status:
    return Status(
        flag=flag_of(found.status),
        raw_flag=found.status,
        number="",
        partner_service_id="",
        customer_no="",
        amount=found.amount,
        currency="IDR",
        paid_at=found.paid_at,
        code=client.SUCCESS,
        provider_trx_id=found.trx_id,
    )
