"""What staff may do about an order the supplier never answered for."""

from django.db import transaction

from accounts.access.actors import Actor
from accounts.services import audit
from otp import delivery
from otp.errors import NotInDoubt
from otp.models import Order
from otp.overviews import is_hopeless


@transaction.atomic
def give_money_back(*, actor: Actor, order: Order, why: str) -> Order:
    """Close an order by hand that has been in doubt, or over its time, for more than twelve hours: the held money is
    free again.

    An answer of the supplier that comes later is dropped, so what it may have charged us is our loss. Raises
    `NotInDoubt`.
    """
    # Looked at under the lock: the supplier may answer while somebody reads the page.
    order = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    before = {"state": order.state}
    closed = None
    if is_hopeless(order):
        closed = delivery.close_by_staff(order_id=order.pk)
    if closed is None:
        raise NotInDoubt
    audit.record(actor, "order.settled", target=closed, before=before, after={"state": closed.state, "reason": why})
    return closed
