"""Orders in OTPZap's words, as our API answers them and our webhooks tell them (OTPZap contract 6.2 and 7.4)."""

from typing import Any

from otp.models import Order


def order_object(order: Order) -> dict[str, Any]:
    """The object of a number, or of an inbox, with whole rupiah and times in WIB."""
    return {"order_id": order.pk, "server": order.server}
