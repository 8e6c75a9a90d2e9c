"""What can be asked for: a deposit, a look at its state, its end."""

from payments.services.deposits import cancel_deposit, check_now, request_deposit
from payments.services.topups import fetch_number, pay_in_sandbox, request_top_up

__all__ = [
    "cancel_deposit",
    "check_now",
    "fetch_number",
    "pay_in_sandbox",
    "request_deposit",
    "request_top_up",
]
