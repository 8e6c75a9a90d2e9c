"""What a payer reads when a way to pay did not work: never the processor's words, always what to do next."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

_NOTHING: Text = _("Nothing was charged.")
_ANOTHER: Text = _("Use another card, or choose another way to pay below.")


@dataclass(frozen=True)
class Words:
    """``side`` as in the failure card: yours, bank, ours."""

    title: Text
    next: Text
    money: Text = _NOTHING
    side: str = "bank"


_BANK_SAID_NO = Words(
    _("Your bank declined the card"),
    _("Your bank gave us no reason. Use another card or another way to pay below, or ask your bank."),
)
_CARDS = {
    "declined": _BANK_SAID_NO,
    # Whoever holds such a card is told no more than of any other.
    "lost_or_stolen": _BANK_SAID_NO,
    "insufficient_funds": Words(_("There is not enough money on this card"), _ANOTHER, side="yours"),
    "expired_card": Words(
        _("This card has expired"), _("Check the date on the card, or use another card."), side="yours"
    ),
    "wrong_code": Words(
        _("The security code is not right"),
        _("Type the card again, with the three or four digits printed on it apart from its number."),
        side="yours",
    ),
    "limit": Words(
        _("This card has reached its limit"),
        _("Raise the limit in your bank's app and try again, or pay another way below."),
        side="yours",
    ),
    "not_confirmed": Words(
        _("You did not confirm the payment at your bank"),
        _("Try again and confirm it there, or pay another way below."),
        side="yours",
    ),
    "challenge_too_late": Words(
        _("The time to confirm at your bank is over"), _("Try the card again, or pay another way below."), side="yours"
    ),
    "processing": Words(
        _("The payment could not be handled"),
        _("Try again in a minute, or pay another way below."),
        _("Nothing was charged. What your bank may have set aside is released."),
        side="ours",
    ),
    "never_arrived": Words(
        _("The payment did not reach the bank"), _("Try the card again, or pay another way below."), side="ours"
    ),
    "voided": Words(
        _("The payment could not be completed"),
        _("Try again, or pay another way below."),
        _("Nothing was charged. What your bank has set aside is released."),
        side="ours",
    ),
}
_DEPOSITS = {
    "expired": Words(
        _("The time for this way to pay is over"),
        _("Choose a way below to begin anew."),
        _("If you have paid, your money is not lost: it still arrives."),
        side="yours",
    ),
    "failed": Words(_("It could not be made ready"), _("Try again, or choose another way below.")),
    "cancelled": Words(_("This way to pay was closed"), _("Choose a way below to begin anew."), side="ours"),
}
_OVO = {
    "called_off": Words(
        _("You did not confirm in OVO"), _("Try again and confirm it there, or choose another way below."), side="yours"
    ),
    "declined": Words(
        _("OVO did not take the payment"),
        _("The PIN was wrong, or there is too little in your OVO account. Try again, or choose another way below."),
        side="yours",
    ),
    "window_over": Words(
        _("The 60 seconds to confirm in OVO are over"),
        _("Try again with the OVO app at hand, or choose another way below."),
        side="yours",
    ),
    "refused": Words(
        _("OVO did not take this number"),
        _("Check the number of your OVO account and try again, or choose another way below."),
        side="yours",
    ),
}
OVO_REASONS = frozenset(_OVO)
UNDERPAID = Words(
    _("Less than the amount has arrived"),
    _("Please do not pay again here. Ask the shop how to go on."),
    _("What you paid has reached the shop."),
    side="yours",
)


def words_for(method: str, reason: str) -> Words:
    """Why a try of ``method`` (`checkout.models.Method`) is over, for whoever tried."""
    known, usual = (_CARDS, _BANK_SAID_NO) if method == "card" else (_DEPOSITS | _OVO, _DEPOSITS["failed"])
    return known.get(reason, usual)
