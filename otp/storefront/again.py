"""What a customer bought before."""

from accounts.models import Customer
from otp.models import Order, Server
from otp.wanted import Wanted

_LOOKED_AT = 40


def bought_before(customer: Customer, *, is_mail: bool, count: int = 4) -> list[tuple[Order, Wanted]]:
    """The newest order of each of the last few offers bought, with the wish to have it once more. One query."""
    rows = Order.objects.filter(customer=customer)
    rows = rows.filter(server=Server.MAIL) if is_mail else rows.exclude(server=Server.MAIL)
    newest: dict[Wanted, Order] = {}
    for order in rows.order_by("-id")[:_LOOKED_AT]:
        newest.setdefault(wish_of(order), order)
    return [(order, wanted) for wanted, order in newest.items()][:count]


def wish_of(order: Order) -> Wanted:
    """What ``order`` asked for, to ask for it once more."""
    return Wanted(
        server=order.server,
        product_id=order.product_id,
        service_id=order.service_id,
        country_id=order.country_id,
        operator_id=order.operator_id,
        is_special=order.is_special,
        domains=tuple(row["domain"] for row in order.domains),
        subject=order.subject_filter,
        pattern=order.pattern,
    )
