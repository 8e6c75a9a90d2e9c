"""Who is told of what happened to an order, in the transaction of the change: the customer and its program."""

from otp.models import Order


def changed(order: Order, *, was: str, codes_before: int) -> None:
    """Tell of ``order``, which was in state ``was`` with ``codes_before`` codes before it was saved."""
