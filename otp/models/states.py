"""The words for what an order is, and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Server(models.IntegerChoices):
    """OTPZap's three ways to sell (OTPZap contract 4, 5, 7)."""

    PRODUCTS = 1, _("Server 1")
    OPERATORS = 2, _("Server 2")
    MAIL = 3, _("Mail")


class State(models.TextChoices):
    CREATED = "created", _("created")
    SUBMITTING = "submitting", _("being bought")
    IN_DOUBT = "in_doubt", _("in doubt")
    PENDING = "pending", _("waiting for the code")
    OTP_RECEIVED = "otp_received", _("code received")
    SUCCESS = "success", _("finished")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")


UNSENT = (State.CREATED, State.SUBMITTING, State.IN_DOUBT)
ACTIVE = (State.PENDING, State.OTP_RECEIVED)
LIVE = (*UNSENT, *ACTIVE)
DELIVERED = (State.OTP_RECEIVED, State.SUCCESS)
UNDELIVERED_ENDS = (State.CANCELLED, State.FAILED, State.EXPIRED)
ENDS = (State.SUCCESS, *UNDELIVERED_ENDS)

_FROM_SUPPLIER = (*ACTIVE, *ENDS)
MOVES: list[tuple[str, str]] = [
    (State.CREATED, State.SUBMITTING),
    (State.SUBMITTING, State.IN_DOUBT),
    *[(State.SUBMITTING, new) for new in _FROM_SUPPLIER],
    *[(State.IN_DOUBT, new) for new in _FROM_SUPPLIER],
    *[(State.PENDING, new) for new in _FROM_SUPPLIER if new != State.PENDING],
    (State.OTP_RECEIVED, State.SUCCESS),
]


class Reason(models.TextChoices):
    """Why an order ended without a code, in words for the customer."""

    NONE = "", ""
    OUT_OF_STOCK = "out_of_stock", _("The supplier had no number left for this offer.")
    SUPPLIER_SHORT = "supplier_short", _("The supplier could not serve us just now. The mistake is on our side.")
    PRODUCT_GONE = "product_gone", _("The supplier no longer sells this offer.")
    REFUSED = "refused", _("The supplier refused the order.")
    UNREACHABLE = "unreachable", _("The supplier could not be reached.")
    NO_CODE = "no_code", _("No code arrived before the time was over.")
    NUMBER_FAILED = "number_failed", _("The supplier reported that the number failed.")
    CANCELLED_BY_CUSTOMER = "cancelled_by_customer", _("You cancelled it.")
    CANCELLED_BY_SUPPLIER = "cancelled_by_supplier", _("The supplier cancelled it.")
    REPLACED = "replaced", _("You took another number instead.")
    REPLACEMENT_LOST = "replacement_lost", _("The supplier took the number back and never told us the new one.")
    WITHHELD = "withheld", _("The message came from a service that must not be used here.")
    SETTLED_BY_STAFF = "settled_by_staff", _("Our staff closed it, because the supplier never answered.")


class Refusal(models.TextChoices):
    """Why the supplier did not do what was asked of a number that goes on."""

    NONE = "", ""
    UNSUPPORTED = "unsupported", _("This service cannot send a message again.")
    OUT_OF_STOCK = "out_of_stock", _("The supplier has no other number for this offer.")
    REFUSED = "refused", _("The supplier did not accept it.")
    UNREACHABLE = "unreachable", _("The supplier could not be reached.")
