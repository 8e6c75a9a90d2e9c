"""What can be asked about numbers and inboxes. Amounts are whole rupiah."""

from otp.services.changes import (
    finish_order,
    place_now,
    request_cancel,
    request_reorder,
    request_replace,
    request_resend,
)
from otp.services.favourites import set_favourite
from otp.services.orders import buy

__all__ = [
    "buy",
    "finish_order",
    "place_now",
    "request_cancel",
    "request_reorder",
    "request_replace",
    "request_resend",
    "set_favourite",
]
