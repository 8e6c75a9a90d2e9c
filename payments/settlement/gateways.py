"""Which provider's functions serve which method. The one place that knows them all."""

from collections.abc import Callable

from payments import methods
from payments.models import PaymentAttempt
from payments.providers.btcpay import adapter as btcpay
from payments.providers.faspay_ovo import gateway as ovo_payments
from payments.providers.faspay_snap import adapter as virtual_accounts
from payments.providers.faspay_snap import qris
from payments.providers.types import Gateway
from payments.settlement import ovo

GATEWAYS = {
    methods.VA: Gateway(virtual_accounts.create_va, virtual_accounts.ask_status, virtual_accounts.delete_va),
    methods.QRIS: Gateway(qris.generate, qris.ask_status),
    methods.CRYPTO: Gateway(btcpay.create_invoice, btcpay.ask_status, btcpay.call_off),
    methods.OVO: Gateway(ovo_payments.create, ovo_payments.ask),
}
# What else a refusal tells, beyond the attempt itself. Called inside the transaction that records it.
LESSONS: dict[str, Callable[[PaymentAttempt], None]] = {methods.OVO: ovo.learn_from}


def gateway_of(method: str) -> Gateway:
    """The functions that make, ask about and close an attempt of ``method``."""
    return GATEWAYS[method]


def learn_from(attempt: PaymentAttempt) -> None:
    """Let the method draw its own conclusions from an attempt that was refused."""
    lesson = LESSONS.get(attempt.method)
    if lesson:
        lesson(attempt)
