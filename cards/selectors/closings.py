"""Proposals to close a card payment by hand, and what would follow from them."""

from django.utils.translation import gettext_lazy as _

from cards import fees
from cards.models import CardPayment, Closing
from cards.models.states import Act
from cards.selectors.search import Doubt
from config.lib.errors import Text
from config.lib.money import format_money

_OF_PAYMENT: dict[bool, Text] = {
    True: _("The payment counts as authorised, and %(client)s can capture up to %(amount)s. No money moves by this."),
    False: _("The payment counts as declined: nothing of %(amount)s can be captured, and its order is free again."),
}
_OF_ACTS: dict[tuple[Act, bool], Text] = {
    (Act.CAPTURE, True): _("%(net)s goes to the balance of %(client)s at once, and a fee of %(fee)s to us."),
    (Act.CAPTURE, False): _("Nothing of %(amount)s counts as collected. The payment is authorised as before."),
    (Act.VOID, True): _("The payment counts as released to the holder: nothing of it can be captured any more."),
    (Act.VOID, False): _("Nothing counts as released. The payment is authorised as before."),
    (Act.REFUND, True): _("%(amount)s counts as given back to the holder."),
    (Act.REFUND, False): _("%(amount)s goes back to the balance of %(client)s at once."),
}


def standing(doubt: Doubt) -> Closing | None:
    """The proposal about this very doubt, if one waits for a second person."""
    rows = Closing.objects.select_related("proposed_by", "act", "payment__client")
    wanted = {"payment": doubt.payment, "act": doubt.act, "since": doubt.since, "state": Closing.State.PROPOSED}
    return rows.filter(**wanted).first()


def of(payment: CardPayment) -> list[Closing]:
    """Everything that was proposed about ``payment``, the first first."""
    rows = Closing.objects.select_related("proposed_by", "decided_by", "act", "payment__client")
    return list(rows.filter(payment=payment).order_by("id"))


def consequence(closing: Closing) -> str:
    """What confirming does, in words for staff."""
    payment, act = closing.payment, closing.act
    facts = {"client": payment.client.name, "amount": format_money((act or payment).amount, payment.currency)}
    if act is None:
        return str(_OF_PAYMENT[closing.is_done]) % facts
    if act.kind == Act.CAPTURE and closing.is_done:
        fee = fees.fee_of(act.amount, payment.currency)
        facts |= {"net": format_money(act.amount - fee, payment.currency), "fee": format_money(fee, payment.currency)}
    return str(_OF_ACTS[Act(act.kind), closing.is_done]) % facts
