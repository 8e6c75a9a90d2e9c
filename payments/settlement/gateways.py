"""Which provider's functions serve which method. The one place that knows them all."""

from payments import methods
from payments.providers.faspay_snap import adapter as virtual_accounts
from payments.providers.faspay_snap import qris
from payments.providers.types import Gateway

GATEWAYS = {
    methods.VA: Gateway(virtual_accounts.create_va, virtual_accounts.ask_status, virtual_accounts.delete_va),
    methods.QRIS: Gateway(qris.generate, qris.ask_status),
}


def gateway_of(method: str) -> Gateway:
    """The functions that make, ask about and close an attempt of ``method``."""
    return GATEWAYS[method]
