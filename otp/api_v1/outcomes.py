"""Whose order it is, and what became of a wish while its caller waited."""

from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import NotFound, StillRunning
from accounts.models import Customer
from config.lib import clock
from config.lib.errors import ServiceError
from config.lib.ids import read_opaque_id
from config.lib.lanes import lane
from otp import services, wire
from otp.errors import CodeArrived, OrderOver, ProductGone, SoldOut, SupplierAway, TooEarly
from otp.models import DELIVERED, ENDS, UNSENT, Order, Reason, Refusal, Server, State
from wallets import selectors as wallets

# Calls that may wait for the supplier at a time; for the others the worker does it, and they look again.
LANES = 4
PATIENCE_SECONDS = 6.0
_COOLDOWN = timedelta(minutes=2)
_LARGEST_ID = 2**63 - 1


class SupplierRefused(ServiceError):
    """The supplier said no; the order goes on as it was."""

    code = "supplier_refused"
    status = 502

    def __init__(self) -> None:
        super().__init__(_("The supplier did not accept this. Nothing has changed; try again in a moment."))


class NotConfirmedYet(ServiceError):
    """Asked for and not confirmed: the order goes on until it is."""

    code = "not_confirmed"
    status = 502

    def __init__(self) -> None:
        super().__init__(_("The supplier has not confirmed this yet. Check the order again in a moment."))


class NoResend(ServiceError):
    code = "resend_not_supported"
    status = 422

    def __init__(self) -> None:
        super().__init__(str(Refusal.UNSUPPORTED.label))


def number_of(customer: Customer, order_id: int) -> Order:
    """A number of the customer. Raises `NotFound`, also for somebody else's."""
    mine = Order.objects.filter(customer=customer).exclude(server=Server.MAIL)
    order = mine.filter(pk=order_id).first() if order_id <= _LARGEST_ID else None
    if order is None:
        raise NotFound(gettext_lazy("There is no such order."))
    return order


def inbox_of(customer: Customer, ref: str) -> Order:
    """An inbox of the customer. Raises `NotFound`, also for somebody else's."""
    public_id = read_opaque_id(wire.REF_PREFIX, ref)
    mine = Order.objects.filter(customer=customer, server=Server.MAIL)
    order = mine.filter(public_id=public_id).first() if public_id else None
    if order is None:
        raise NotFound(gettext_lazy("There is no such order."))
    return order


def at_once(order: Order, seconds: float | None = None) -> Order:
    """The order after its wish had a chance to be done: here, if there is room to wait, else as it stands."""
    with lane("otp:api", LANES) as there_is_room:
        if there_is_room:
            return services.place_now(order=order, seconds=PATIENCE_SECONDS if seconds is None else seconds)
    return Order.objects.get(pk=order.pk)


def check_bought(order: Order) -> None:
    """Raise for an order that the supplier turned down: nothing was charged, and another call may try again."""
    if order.state != State.FAILED:
        return
    if order.reason == Reason.OUT_OF_STOCK:
        raise SoldOut
    if order.reason == Reason.PRODUCT_GONE:
        raise ProductGone
    if order.reason in {Reason.UNREACHABLE, Reason.SUPPLIER_SHORT}:
        raise SupplierAway
    raise SupplierRefused


def cancel(order: Order) -> Order:
    """Have ``order`` cancelled now. Raises `TooEarly`, `CodeArrived`, `OrderOver`, `SupplierRefused`,
    `NotConfirmedYet` (OTPZap contract 6.4)."""
    now = clock.now()
    allowed_at = order.created_at + _COOLDOWN if order.state in UNSENT else order.cancel_allowed_at
    if order.is_live and order.state not in DELIVERED and allowed_at and allowed_at > now:
        raise TooEarly((allowed_at - now).total_seconds())
    order = at_once(services.request_cancel(order=order, queue=False))
    if order.state in DELIVERED:
        raise CodeArrived(order.captured_at)
    if order.state in ENDS and order.state != State.CANCELLED:
        raise OrderOver
    if order.state != State.CANCELLED:
        raise NotConfirmedYet if order.cancel_requested_at else SupplierRefused
    return order


def finish(order: Order) -> Order:
    """Have ``order`` finished now; its number may be gone already. Raises `NotNow`, `OrderOver`."""
    return at_once(services.finish_order(order=order))


def ask_again(order: Order) -> Order:
    """What became of a resend or reorder. Raises `NoResend`, `SoldOut`, `SupplierAway`, `SupplierRefused`."""
    order = at_once(order)
    if order.resend_refusal:
        raise _refused(Refusal(order.resend_refusal))
    return order


def swap(order: Order) -> Order:
    """The new order instead of ``order``. Raises what the supplier's refusal says, `CodeArrived`, `OrderOver`, and
    `StillRunning` while nobody knows: the same Idempotency-Key then asks on."""
    order = at_once(services.request_replace(order=order))
    found = successor_of(order)
    if found is not None:
        return found
    if order.state in DELIVERED:
        raise CodeArrived(order.captured_at)
    if order.state in ENDS:
        raise OrderOver
    if order.replace_refusal:
        raise _refused(Refusal(order.replace_refusal))
    raise StillRunning


def successor_of(order: Order) -> Order | None:
    """The order that was bought instead of this one."""
    return Order.objects.filter(replaces=order).first()


def balance_of(customer: Customer) -> int:
    """What the customer can spend: whole rupiah, without what is held for open orders."""
    found = (balance.available for balance in wallets.balances(customer) if balance.currency == "IDR")
    return wire.whole(next(found, Decimal(0)))


def _refused(refusal: Refusal) -> ServiceError:
    if refusal == Refusal.UNSUPPORTED:
        return NoResend()
    if refusal == Refusal.OUT_OF_STOCK:
        return SoldOut()
    return SupplierAway() if refusal == Refusal.UNREACHABLE else SupplierRefused()
