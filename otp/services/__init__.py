"""What can be asked about numbers and inboxes. Amounts are whole rupiah."""

from otp.services.favourites import set_favourite
from otp.services.orders import buy, finish_order, request_cancel

__all__ = ["buy", "finish_order", "request_cancel", "set_favourite"]
