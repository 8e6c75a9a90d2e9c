"""What can be asked for: a deposit, a look at its state, its end; and a message to be taken in."""

from payments.services.deposits import cancel_deposit, check_now, request_va_deposit
from payments.services.incoming import receive_message

__all__ = ["cancel_deposit", "check_now", "receive_message", "request_va_deposit"]
