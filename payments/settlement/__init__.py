"""What workers do with deposits: steps that lock, look at the state, and act. Safe to repeat, never queueing."""

from payments.settlement import due
from payments.settlement.asking import ask
from payments.settlement.closing import call_off, cancel, close, expire, leave
from payments.settlement.messages import apply_message
from payments.settlement.submitting import submit

__all__ = ["apply_message", "ask", "call_off", "cancel", "close", "due", "expire", "leave", "submit"]
