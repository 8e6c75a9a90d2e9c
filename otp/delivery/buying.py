"""When the purchase did not plainly succeed."""

import logging
from datetime import timedelta

from config.lib.errors import ProviderError
from otp.delivery.answers import Answer
from otp.delivery.ending import end
from otp.models import Order, Reason, State

logger = logging.getLogger(__name__)

# An order that was never in doubt and that nobody took in this time is given up.
SUBMIT_PATIENCE = timedelta(seconds=60)
# Keys are remembered for a day at least, we believe; asking with one that was forgotten would buy again.
DOUBT_PATIENCE = timedelta(hours=12)

_REASONS = {
    "OUT_OF_STOCK": Reason.OUT_OF_STOCK,
    "NO_OFFER_AVAILABLE": Reason.OUT_OF_STOCK,
    "INSUFFICIENT_BALANCE": Reason.SUPPLIER_SHORT,
    "UNAUTHORIZED": Reason.SUPPLIER_SHORT,
    "FORBIDDEN": Reason.SUPPLIER_SHORT,
    "NO_KEY": Reason.SUPPLIER_SHORT,
    "NOT_FOUND": Reason.PRODUCT_GONE,
    "VALIDATION_ERROR": Reason.PRODUCT_GONE,
}
_REASONS_BY_STATUS = {
    401: Reason.SUPPLIER_SHORT,
    402: Reason.SUPPLIER_SHORT,
    403: Reason.SUPPLIER_SHORT,
    404: Reason.PRODUCT_GONE,
    409: Reason.OUT_OF_STOCK,
}
# About another request under the same reference: that does not say that ours never was.
SAME_KEY = ("REQUEST_IN_PROGRESS", "IDEMPOTENCY_KEY_REUSED", "CONFLICT")
# Once in doubt, these may come before the supplier looked the reference up.
KEY_TROUBLE = ("UNAUTHORIZED", "FORBIDDEN", "401", "403")


def checked(order: Order, answer: Answer) -> Answer:
    """``answer``, unless it is to a purchase and names an order that has a row already: that says nothing of ours."""
    if answer.asked != "create" or answer.snapshot is None:
        return answer
    if not Order.objects.filter(server=order.server, provider_order_id=answer.snapshot.order_id).exists():
        return answer
    logger.error("order %s: the supplier named an order that has a row already", order.reference)
    return Answer("create", error=ProviderError("not ours", retryable=True, outcome_unknown=True, code="not_ours"))


def not_bought(order: Order, error: ProviderError) -> None:
    """Doubt, try again later, or end with the money back."""
    if error.outcome_unknown or error.code in SAME_KEY:
        _doubt(order)
    elif order.state == State.IN_DOUBT and (error.retryable or error.code in (*KEY_TROUBLE, "409")):
        return
    elif not error.retryable:
        code = error.code.upper()
        reason = _REASONS.get(code) or _REASONS_BY_STATUS.get(error.status) or Reason.REFUSED
        end(order, State.FAILED, reason)
    elif order.sent_at and order.db_now > order.sent_at + SUBMIT_PATIENCE:
        # Each attempt was turned away before it could buy anything, so there is nothing to wait for.
        end(order, State.FAILED, Reason.UNREACHABLE)


def _doubt(order: Order) -> None:
    if order.state == State.SUBMITTING:
        order.state, order.doubted_at = State.IN_DOUBT, order.db_now
