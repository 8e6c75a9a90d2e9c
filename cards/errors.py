"""What can be wrong about cards, in words for whoever asked. No message ever carries a number or a security code."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Invalid, Missing, ServiceError, Unaffordable

if TYPE_CHECKING:
    from cards.models import CardAct, CardPayment


class CardsClosed(ServiceError):
    """No processor is configured for this world."""

    code = "cards_closed"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("Payments by card are not open here yet."))


class ProcessorAway(ServiceError):
    """The processor took nothing: the same may be asked again."""

    code = "processor_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("The processor cannot be reached at the moment. Try again in a minute."))


class BadCard(Invalid):
    """Number, expiry or security code cannot be right; ``fields`` says which."""

    code = "bad_card"


class NoSuchCard(Missing):
    code = "card_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no card behind this token."))


class OrderTaken(Conflict):
    """The order is authorised or paid already (TeraPay contract 11)."""

    code = "order_taken"

    def __init__(self) -> None:
        super().__init__(_("There is a payment for this order already."))


class NotInState(Conflict):
    """What was asked for does not fit the state of the payment."""

    code = "wrong_state"

    def __init__(self, payment: "CardPayment") -> None:
        super().__init__(_("The payment is %(state)s.") % {"state": payment.get_state_display()})
        self.more = {"authorizationId": str(payment.public_id)}


class TooMuch(Invalid):
    """More than was authorised, or than is left to give back."""

    code = "too_much"


class OutcomeUnknown(ServiceError):
    """The processor did not answer: the payment is being checked, and must not be made a second time."""

    code = "outcome_unknown"
    status = 503

    def __init__(self, payment: "CardPayment") -> None:
        super().__init__(_("The processor did not answer. The payment is being checked; do not make it again."))
        self.payment = payment
        self.more = {"authorizationId": str(payment.public_id), "paymentStatus": "Pending"}


class NotEnoughMoney(Unaffordable):
    """The client's balance does not cover the refund."""

    code = "insufficient_funds"

    def __init__(self) -> None:
        super().__init__(_("The balance is not enough for this refund."))


class NoSuchPayment(Missing):
    code = "payment_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such payment by card."))


class BadAnswer(Invalid):
    """The answer to a challenge cannot be read, or belongs to another payment (TeraPay contract 11)."""

    code = "bad_pares"

    def __init__(self) -> None:
        words = _("This answer cannot be read, or it belongs to another payment.")
        super().__init__(words, fields={"pa_res": [words]})


class ActRefused(Conflict):
    """The processor refused a capture, a release or a refund; nothing was moved."""

    code = "refused_by_processor"

    def __init__(self, act: "CardAct") -> None:
        super().__init__(_("The processor refused: %(reason)s") % {"reason": act.get_reason_display()})
        self.act = act
        self.more = {"authorizationId": str(act.payment.public_id)}


class ClosingMoved(Conflict):
    """Another proposal stands, or this one was confirmed or taken back."""

    code = "closing_moved"

    def __init__(self) -> None:
        super().__init__(_("Somebody has changed this meanwhile: here is where it stands now."))


class SamePerson(Conflict):
    """Whoever proposed how a payment ends does not confirm it."""

    code = "same_person"

    def __init__(self) -> None:
        super().__init__(_("A second person must confirm this: whoever proposed it cannot."))


class ProcessorGone(CardsClosed):
    """The processor that has a payment is not configured here any more."""

    code = "processor_not_configured"

    def __init__(self, name: str) -> None:
        words = _("The processor of this payment (%(name)s) is not configured here. Nothing was done.")
        ServiceError.__init__(self, words % {"name": name})


class NotInDoubt(Conflict):
    """Only what a processor has left open for twelve hours is closed by hand."""

    code = "not_in_doubt"

    def __init__(self) -> None:
        super().__init__(_("There is nothing to settle here: the processor has answered, or has not had twelve hours."))
