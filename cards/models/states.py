"""The words for what a card payment, a capture and a refund are, and which may follow which (TeraPay contract 11)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Of a payment by card: from asking the processor to its end."""

    SENDING = "sending", _("being sent")
    # The processor may have it: asked about, never sent again.
    IN_DOUBT = "in_doubt", _("being checked")
    REQUIRES_3DS = "requires_3ds", _("waiting for the holder")
    AUTHORIZED = "authorized", _("authorised")
    DECLINED = "declined", _("declined")
    CAPTURED = "captured", _("captured")
    VOIDED = "voided", _("released")
    EXPIRED = "expired", _("expired")


# The end of the authorisation itself; refunds follow a capture and have states of their own.
ENDS = (State.DECLINED, State.CAPTURED, State.VOIDED, State.EXPIRED)
OPEN = (State.SENDING, State.IN_DOUBT, State.REQUIRES_3DS, State.AUTHORIZED)

MOVES: list[tuple[str, str]] = [
    *[
        (was, new)
        for was in (State.SENDING, State.IN_DOUBT)
        for new in (State.REQUIRES_3DS, State.AUTHORIZED, State.DECLINED)
    ],
    (State.SENDING, State.IN_DOUBT),
    # The answer to the challenge is on its way to the processor.
    (State.REQUIRES_3DS, State.IN_DOUBT),
    (State.REQUIRES_3DS, State.AUTHORIZED),
    (State.REQUIRES_3DS, State.DECLINED),
    (State.AUTHORIZED, State.CAPTURED),
    (State.AUTHORIZED, State.VOIDED),
    (State.AUTHORIZED, State.EXPIRED),
]


class ActState(models.TextChoices):
    """Of what is done with an authorisation: a capture, a release, a refund."""

    SENDING = "sending", _("being sent")
    IN_DOUBT = "in_doubt", _("being checked")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


ACT_OPEN = (ActState.SENDING, ActState.IN_DOUBT)
ACT_MOVES: list[tuple[str, str]] = [
    (ActState.SENDING, ActState.IN_DOUBT),
    *[(was, new) for was in ACT_OPEN for new in (ActState.DONE, ActState.FAILED)],
    # The processor surely never saw it: it goes out again under the same reference.
    (ActState.IN_DOUBT, ActState.SENDING),
]


class Act(models.TextChoices):
    CAPTURE = "capture", _("capture")
    VOID = "void", _("release")
    REFUND = "refund", _("refund")


class Reason(models.TextChoices):
    """Why a card was declined or an act failed, in words for the client; the payer's words are the pay page's."""

    NONE = "", ""
    DECLINED = "declined", _("The bank declined the payment.")
    INSUFFICIENT_FUNDS = "insufficient_funds", _("There is not enough money on the card.")
    EXPIRED_CARD = "expired_card", _("The card has expired.")
    WRONG_CODE = "wrong_code", _("The security code is wrong.")
    LOST_OR_STOLEN = "lost_or_stolen", _("The card is reported lost or stolen.")
    LIMIT = "limit", _("The card's limit is reached.")
    NOT_CONFIRMED = "not_confirmed", _("The holder did not confirm the payment.")
    CHALLENGE_TOO_LATE = "challenge_too_late", _("The holder did not confirm the payment in time.")
    PROCESSING = "processing", _("The processor could not handle the payment.")
    NEVER_ARRIVED = "never_arrived", _("The payment never reached the processor.")
    SETTLED_BY_STAFF = "settled_by_staff", _("Our staff closed it, because the processor never answered.")
