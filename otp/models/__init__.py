from otp.models.codes import OrderCode
from otp.models.limits import Pardon
from otp.models.orders import NEVER, RESEND_PATIENCE, Order
from otp.models.queue import GRACE, LEASE, PATIENCE, YOUNG, OrderQuerySet
from otp.models.shop import BlockedService, Favourite, Odds, PriceRule
from otp.models.states import (
    ACTIVE,
    DELIVERED,
    ENDS,
    LIVE,
    MOVES,
    UNDELIVERED_ENDS,
    UNSENT,
    Reason,
    Refusal,
    Server,
    State,
)
from otp.models.supplier import FloatReading, SupplierNote, SupplierTopup

__all__ = [
    "ACTIVE",
    "DELIVERED",
    "ENDS",
    "GRACE",
    "LEASE",
    "LIVE",
    "MOVES",
    "NEVER",
    "PATIENCE",
    "RESEND_PATIENCE",
    "UNDELIVERED_ENDS",
    "UNSENT",
    "YOUNG",
    "BlockedService",
    "Favourite",
    "FloatReading",
    "Odds",
    "Order",
    "OrderCode",
    "OrderQuerySet",
    "Pardon",
    "PriceRule",
    "Reason",
    "Refusal",
    "Server",
    "State",
    "SupplierNote",
    "SupplierTopup",
]
