"""What the payments app asks of BTCPay Server, in our own dataclasses.

How its statuses become money is decided here, carefully: docs/crypto.md, "What counts as paid".
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from urllib.parse import urlsplit

from django.conf import settings

from config.lib.errors import ProviderError
from payments.providers.btcpay import client, schemas
from payments.providers.btcpay.schemas import Invoice, Payment
from payments.providers.types import Flag, Made, NoSuchPayment, Order, Ref, Status, WrongAnswer

# How long after the end BTCPay itself still looks for coins; we look as long.
MONITORING_MINUTES = 24 * 60
# Coins of one invoice may be worth a little less than it by rounding to whole satoshi.
_ROUNDING = Decimal("0.01")


def create_invoice(order: Order) -> Made:
    """An invoice over ``order.amount`` rupiah; its rate holds until it ends. Never call it twice with one ``trx_id``.

    Raises `ProviderError` as `client.call` does, and `WrongAnswer`. BTCPay knows no idempotency key: after an unknown
    outcome `ask_status` finds the invoice by its order id.
    """
    reply = client.call("create-invoice", "POST", "/invoices", payload=_payload(order))
    invoice = schemas.invoice_of(reply.data)
    if invoice is None:
        raise ProviderError("create-invoice: no id", retryable=False, outcome_unknown=True, code=str(reply.status))
    made = Made(provider_trx_id=invoice.id, code=str(reply.status))
    if (invoice.amount, invoice.currency, invoice.order_id) != (order.amount, order.currency, order.trx_id):
        raise WrongAnswer("create-invoice: another amount or order", made)
    if not _is_ours(invoice.checkout):
        raise WrongAnswer("create-invoice: a checkout page on another host", made)
    return Made(provider_trx_id=invoice.id, page_url=invoice.checkout, code=str(reply.status))


def _payload(order: Order) -> dict[str, object]:
    minutes = max(1, round((order.expires_at - order.created_at).total_seconds() / 60))
    return {
        "amount": f"{order.amount:.0f}",
        "currency": order.currency,
        "metadata": {"orderId": order.trx_id, "itemDesc": order.description},
        "checkout": {
            "expirationMinutes": minutes,
            "monitoringMinutes": MONITORING_MINUTES,
            "paymentTolerance": 0,
            "redirectURL": order.return_url,
            "redirectAutomatically": False,
        },
        "receipt": {"enabled": False},
    }


def _is_ours(link: str) -> bool:
    """Whether a browser may be sent there: to the server we talk to, nowhere else."""
    ours, theirs = urlsplit(settings.BTCPAY_BASE_URL), urlsplit(link)
    return (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc) and not theirs.username


def ask_status(ref: Ref) -> Status:
    """What became of an invoice. Rupiah are told only for coins that count as final.

    Raises `NoSuchPayment`, or `ProviderError` (nothing is known).
    """
    invoice = _invoice(ref)
    flag, payments = _flag_of(invoice), []
    if flag in {Flag.PAID, Flag.LATE}:
        payments = _payments(invoice.id)
        flag = _with_coins(invoice, flag, payments)
    amount = _worth(invoice, ref, flag, payments)
    return Status(
        flag=flag,
        raw_flag=f"{invoice.status} {invoice.extra}".strip(),
        number="",
        partner_service_id="",
        customer_no="",
        amount=amount,
        currency=invoice.currency,
        paid_at=_last(payments),
        code=invoice.status[:12],
        provider_trx_id=invoice.id,
        # Only what was made without our hearing of it still needs its page.
        page_url=invoice.checkout if not ref.provider_trx_id and _is_ours(invoice.checkout) else "",
    )


def _invoice(ref: Ref) -> Invoice:
    if ref.provider_trx_id:
        try:
            data = client.call("get-invoice", "GET", f"/invoices/{ref.provider_trx_id}").data
        except ProviderError as error:
            raise _none_there(error) from error
        found = schemas.invoice_of(data)
        if found is None or found.id != ref.provider_trx_id or found.order_id not in {"", ref.trx_id}:
            raise ProviderError("get-invoice: another invoice", retryable=True, outcome_unknown=True)
        return found
    return _by_order(ref.trx_id)


def _none_there(error: ProviderError) -> ProviderError:
    if error.status != 404:
        return error
    return NoSuchPayment(str(error), retryable=False, outcome_unknown=False, code=error.code)


def _by_order(trx_id: str) -> Invoice:
    data = client.call("find-invoice", "GET", "/invoices", params={"orderId": trx_id, "take": "10"}).data
    if not isinstance(data, list):
        raise ProviderError("find-invoice: no list", retryable=True, outcome_unknown=True)
    ours = [one for one in map(schemas.invoice_of, data) if one and one.order_id == trx_id]
    if not ours:
        raise NoSuchPayment("find-invoice: none", retryable=False, outcome_unknown=False)
    if len(ours) > 1:
        raise ProviderError("find-invoice: more than one", retryable=True, outcome_unknown=True)
    return ours[0]


def _flag_of(invoice: Invoice) -> Flag:
    """What status and additional status say before anybody looks at coins."""
    if invoice.status == schemas.NEW:
        return Flag.SEEN if invoice.extra == schemas.PAID_PARTIAL else Flag.PENDING
    if invoice.status == schemas.PROCESSING:
        return Flag.SEEN
    if invoice.status == schemas.SETTLED:
        return Flag.LATE if invoice.extra in {schemas.MARKED, schemas.PAID_LATE} else Flag.PAID
    if invoice.status == schemas.EXPIRED:
        by_extra = {schemas.PAID_PARTIAL: Flag.PAID, schemas.PAID_LATE: Flag.LATE, schemas.PAID_OVER: Flag.LATE}
        return by_extra.get(invoice.extra, Flag.NOT_PAID)
    # Invalid: called off by us or by a person, or coins that never got their confirmations.
    return Flag.LATE if invoice.status == schemas.INVALID else Flag.UNKNOWN


def _payments(invoice_id: str) -> list[Payment]:
    reply = client.call("payment-methods", "GET", f"/invoices/{invoice_id}/payment-methods")
    try:
        found = schemas.payments_of(reply.data)
    except ValueError as error:
        raise ProviderError(f"payment-methods: {error}", retryable=True, outcome_unknown=True) from error
    return [one for one in found if one.status != schemas.INVALID]


def _with_coins(invoice: Invoice, flag: Flag, payments: Sequence[Payment]) -> Flag:
    """What the coins make of it: none at all, some without confirmations, or some after the rate had ended."""
    if any(one.status != schemas.SETTLED for one in payments):
        return Flag.SEEN
    if not payments:
        if invoice.status == schemas.SETTLED:
            return Flag.PAID  # with no amount: somebody said so, and no coin is there
        return Flag.CANCELLED if invoice.status == schemas.INVALID else Flag.NOT_PAID
    ends = invoice.expires_at
    after = ends is not None and any(one.received_at is None or one.received_at > ends for one in payments)
    return Flag.LATE if after else flag


def _worth(invoice: Invoice, ref: Ref, flag: Flag, payments: Sequence[Payment]) -> Decimal | None:
    """Whole rupiah that these coins count for; None when the figures contradict each other, so that people look."""
    if flag not in {Flag.PAID, Flag.LATE} or not payments or invoice.currency != ref.currency:
        return None
    counted = sum((one.worth for one in payments), Decimal(0))
    if flag is Flag.LATE:
        return _whole(counted)
    if invoice.amount != ref.amount:
        return None
    if invoice.status == schemas.EXPIRED:
        return _whole(min(counted, ref.amount))
    if counted < ref.amount * (1 - _ROUNDING):
        return None
    return _whole(counted) if invoice.extra == schemas.PAID_OVER and counted > ref.amount else ref.amount


def _whole(amount: Decimal) -> Decimal | None:
    whole = amount.quantize(Decimal(1), rounding=ROUND_DOWN)
    return whole if whole > 0 else None


def _last(payments: Sequence[Payment]) -> datetime | None:
    return max((one.received_at for one in payments if one.received_at), default=None)


def call_off(ref: Ref, reason: str) -> str:
    """Mark an invoice invalid that nobody has paid anything to; return its status.

    One that coins have reached is left alone: what they are worth is still to be asked. Raises `ProviderError`.
    """
    invoice = _invoice(ref)
    if invoice.status == schemas.NEW and not invoice.extra:
        client.call("mark-invalid", "POST", f"/invoices/{invoice.id}/status", payload={"status": schemas.INVALID})
        return schemas.INVALID
    return invoice.status[:12]
