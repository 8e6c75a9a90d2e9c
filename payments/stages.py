"""What the page of a top-up says at each stage of each way to pay: a table of texts, no decisions."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.methods import CRYPTO, OVO, QRIS, VA

Text = str | Promise

_BY_ITSELF = _("It usually takes a second or two; this page shows it by itself.")
_HURRY = _("Nothing has been charged. If you are in a hurry, you can start another top up, paid another way.")
_OVER = _("The time to pay is over")


@dataclass(frozen=True)
class Words:
    """``hurry`` is added when it takes longer than usual. ``%(bank)s`` may stand in each of them."""

    title: Text
    text: Text = ""
    hurry: Text = ""


# Stage and method; an empty method stands for all others.
STAGES: dict[tuple[str, str], Words] = {
    ("preparing", VA): Words(
        _("We are getting your number"),
        _("%(bank)s is making a number for you. It usually takes a second or two; this page shows it by itself."),
        _HURRY,
    ),
    ("preparing", QRIS): Words(_("We are getting your QR"), _BY_ITSELF, _HURRY),
    ("preparing", OVO): Words(_("We are asking OVO"), _("Have your phone ready: OVO will ask you there."), _HURRY),
    ("preparing", ""): Words(_("We are getting it ready"), _BY_ITSELF, _HURRY),
    ("in_doubt", VA): Words(
        _("The bank has not answered yet"),
        _(
            "We asked for a number and do not know yet whether it was made. We keep asking, and this page shows the "
            "number as soon as we have it."
        ),
        _HURRY,
    ),
    ("in_doubt", QRIS): Words(
        _("Your QR has not come yet"),
        _("We asked for a QR and do not know yet whether it was made. We keep asking; you can have a new one soon."),
        _HURRY,
    ),
    ("in_doubt", OVO): Words(
        _("OVO has not answered yet"),
        _(
            "We do not know yet whether OVO asks you for this payment. If your phone shows it, you can pay. We keep "
            "asking, and this page changes by itself."
        ),
    ),
    ("in_doubt", ""): Words(
        _("There is no answer yet"),
        _("We do not know yet whether it was made. We keep asking, and this page changes by itself."),
        _HURRY,
    ),
    ("waiting", VA): Words(_("Pay to this number")),
    ("waiting", QRIS): Words(_("Pay with this QR")),
    ("waiting", OVO): Words(_("Confirm in your OVO app")),
    ("waiting", CRYPTO): Words(_("Pay with Bitcoin")),
    ("waiting", ""): Words(_("Pay now")),
    ("ended", QRIS): Words(_("This QR has ended"), _("Please do not pay it any more. Have a new one made.")),
    ("ended", OVO): Words(_("OVO does not wait for this payment any more"), _("You can have OVO ask you again.")),
    ("ended", ""): Words(_("This way to pay has ended"), _("Please do not use it any more.")),
    ("confirming", CRYPTO): Words(
        _("Your payment is on its way"),
        _(
            "We have seen it, and wait until the network has confirmed it. That takes ten minutes to an hour. Your "
            "money goes to your wallet by itself; you can leave this page."
        ),
    ),
    ("confirming", ""): Words(_("Your payment is on its way"), _("It goes to your wallet by itself.")),
    ("set_aside", ""): Words(
        _("Your payment has arrived"),
        _("It came otherwise than agreed, so it did not go to your wallet by itself. Below stands where it is."),
    ),
    ("ending", VA): Words(
        _OVER,
        _("Please do not pay this number any more. We are asking the bank one last time whether a payment came."),
    ),
    ("ending", QRIS): Words(
        _OVER, _("Please do not pay this QR any more. We are asking one last time whether a payment came.")
    ),
    ("ending", CRYPTO): Words(
        _OVER,
        _("Please do not send anything to this address any more. We are looking one last time whether coins came."),
    ),
    ("ending", ""): Words(_OVER, _("Please do not pay any more. We are asking one last time whether a payment came.")),
}


def words_of(stage: str, method: str) -> Words:
    """The texts of a stage; those of all methods when this one has none of its own."""
    return STAGES.get((stage, method)) or STAGES.get((stage, "")) or Words("")


@dataclass(frozen=True)
class Ending:
    """How a top up ended without money: what happened, whose side, where the money is, what to do now."""

    title: Text
    side: Text = ""
    money: Text = ""
    next: Text = ""
    action: Text = ""
    tone: str = "danger"


_NOT_MADE = _("Nothing was made, nothing was charged.")
_STRANGE = _("Nothing was charged. We do not show it, so that you cannot pay a wrong amount.")
_TOLD = _("Start again. We have been told and look into it.")
_START_AGAIN, _OTHER_WAY, _NEW = _("Start again"), _("Pay another way"), _("New top up")

# State or reason, and method.
ENDINGS: dict[tuple[str, str], Ending] = {
    ("expired", VA): Ending(
        _("The time to pay is over"),
        _("Nobody's: no payment arrived in time."),
        _(
            "Nothing was charged here. If you have paid, your money is not lost: it goes to your wallet as soon as the "
            "bank tells us."
        ),
        _("Please do not pay this number any more. Start a new top up when you are ready."),
        _NEW,
        "warning",
    ),
    ("expired", QRIS): Ending(
        _("The time to pay is over"),
        _("Nobody's: no payment arrived in time."),
        _(
            "Nothing was charged here. If you have paid, your money is not lost: it goes to your wallet as soon as we "
            "are told."
        ),
        _("Please delete a saved picture of this QR. Start a new top up when you are ready."),
        _NEW,
        "warning",
    ),
    ("expired", OVO): Ending(
        _("OVO did not confirm in time"),
        _("Nobody's: OVO waits one minute for your confirmation."),
        _("Nothing was charged here. If OVO shows the payment, your money goes to your wallet as soon as we are told."),
        _("Start a new top up, and open your OVO app first."),
        _NEW,
        "warning",
    ),
    ("expired", CRYPTO): Ending(
        _("The time to pay is over"),
        _("Nobody's: no payment was seen in time."),
        _("The rate is no longer valid. Coins that arrive now are not lost: our people look at them and write to you."),
        _("Please do not send anything to this address any more. A new top up has a new rate."),
        _NEW,
        "warning",
    ),
    ("cancelled", ""): Ending(
        _("You cancelled this top up"),
        "",
        _("Nothing was charged. If you have paid all the same, your money goes to your wallet as soon as we are told."),
        _("Please do not pay it any more."),
        _NEW,
        "warning",
    ),
    ("cancelled", CRYPTO): Ending(
        _("You cancelled this top up"),
        "",
        _(
            "Nothing was charged. Coins that arrive all the same are not lost: our people look at them and write to "
            "you."
        ),
        _("Please do not send anything to this address any more."),
        _NEW,
        "warning",
    ),
    ("closed_by_bank", VA): Ending(
        _("The bank closed this number"),
        "bank",
        _("Nothing was charged. If you have paid, your money goes to your wallet as soon as the bank tells us."),
        _("Please do not pay this number. Start a new top up, perhaps with another bank."),
        _NEW,
    ),
    ("closed_by_bank", QRIS): Ending(
        _("This QR was called off"),
        _("The QR maker's."),
        _("Nothing was charged. If you have paid, your money goes to your wallet as soon as we are told."),
        _("Please do not pay this QR. Start a new top up."),
        _NEW,
    ),
    ("closed_by_bank", OVO): Ending(
        _("OVO did not take the payment"),
        _("OVO's, or the payment was declined in the app."),
        _("Nothing was charged."),
        _("Try again, or pay another way."),
        _START_AGAIN,
    ),
    ("closed_by_bank", ""): Ending(
        _("It was called off"), "", _("Nothing was charged."), _("Start a new top up."), _NEW
    ),
    ("unreachable", VA): Ending(
        _("The bank could not be reached"),
        "bank",
        _("No number was made, nothing was charged."),
        _("Try again in a few minutes, or use another bank."),
        _START_AGAIN,
    ),
    ("unreachable", ""): Ending(
        _("%(bank)s could not be reached"),
        "",
        _NOT_MADE,
        _("Try again in a few minutes, or pay another way."),
        _START_AGAIN,
    ),
    ("refused", VA): Ending(
        _("The bank did not make a number"),
        "bank",
        _("No number was made, nothing was charged."),
        _("Use another bank. We have been told and look into it."),
        _("Use another bank"),
    ),
    ("refused", OVO): Ending(
        _("OVO did not take the payment"),
        "",
        _("Nothing was charged."),
        _("Try again, or pay another way."),
        _OTHER_WAY,
    ),
    ("refused", ""): Ending(
        _("%(bank)s did not take the order"),
        "",
        _NOT_MADE,
        _("Pay another way. We have been told and look into it."),
        _OTHER_WAY,
    ),
    ("wrong_answer", VA): Ending(
        _("The bank made a wrong number"),
        "bank",
        _("Nothing was charged. We do not show the number, so that you cannot pay a wrong amount."),
        _TOLD,
        _START_AGAIN,
    ),
    ("wrong_answer", QRIS): Ending(
        _("The QR that came was wrong"), _("The QR maker's."), _STRANGE, _TOLD, _START_AGAIN
    ),
    ("wrong_answer", ""): Ending(_("What came back was wrong"), "", _STRANGE, _TOLD, _START_AGAIN),
    ("", VA): Ending(
        _("The bank made no number"),
        "bank",
        _("No number was made, nothing was charged."),
        _("Start again; it usually works the second time."),
        _START_AGAIN,
    ),
    ("", QRIS): Ending(
        _("No QR was made"), "", _NOT_MADE, _("Start again; it usually works the second time."), _START_AGAIN
    ),
    ("", ""): Ending(
        _("It could not be made ready"),
        "",
        _NOT_MADE,
        _("Start again; it usually works the second time."),
        _START_AGAIN,
    ),
}
_SAME = {"busy": "unreachable"}


def ending_of(state: str, reason: str, method: str) -> Ending:
    """How to tell of the end of a top up: by its state, or by the reason when it failed."""
    key = reason if state == "failed" else state
    key = _SAME.get(key, key)
    tries = ((key, method), (key, ""), (key, VA) if key == "expired" else ("", method), ("", ""))
    return next(ENDINGS[one] for one in tries if one in ENDINGS)
