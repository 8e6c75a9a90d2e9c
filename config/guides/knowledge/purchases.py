"""Refusals about numbers, inboxes and deposits of customers."""

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import (
    AGAIN_SOON,
    ALLOWED,
    ANEW,
    BANK,
    CHANGED,
    EITHER,
    FIX,
    LATER,
    LOOKED,
    NO,
    NOBODY,
    OTHER_OFFER,
    PAUSE,
    READ,
    SUPPLIER,
    WAIT,
    YOURS,
    Group,
)
from config.guides.knowledge.words import Refusal as R

_ORDER = _("Ask /order/check: the order goes on as it is.")

NUMBERS = Group(
    "numbers",
    _("Numbers and inboxes"),
    (
        R("product_gone", _("The offer is no longer sold."), SUPPLIER, NO, OTHER_OFFER),
        R("sold_out", _("No number or inbox is left for this offer."), SUPPLIER, LATER, OTHER_OFFER),
        R(
            "price_changed",
            _("The price is no longer what was shown."),
            SUPPLIER,
            CHANGED,
            _("Agree to the new price, or take another offer."),
        ),
        R(
            "fee_changed",
            _("Cancelling costs more than was shown."),
            SUPPLIER,
            CHANGED,
            _("Agree to the new fee, or take another offer."),
        ),
        R("duplicate", _("The key for once was used for another order."), YOURS, CHANGED, ANEW),
        R("supplier_away", _("The supplier does not answer. Nothing was charged."), SUPPLIER, LATER, AGAIN_SOON),
        R(
            "supplier_short",
            _("Our own money at the supplier is nearly used up. Nothing was charged."),
            SUPPLIER,
            LATER,
            AGAIN_SOON,
        ),
        R("supplier_refused", _("The supplier said no; the order goes on as it was."), SUPPLIER, LATER, _ORDER),
        R("not_confirmed", _("Asked for, and not confirmed by the supplier yet."), SUPPLIER, LOOKED, _ORDER),
        R("too_many_live", _("As many orders wait as may."), YOURS, LOOKED, _("Finish or cancel one.")),
        R(
            "code_arrived",
            _("A code is there, and codes are paid for: too late to cancel."),
            NOBODY,
            NO,
            _("Read the code, then finish the order."),
        ),
        R("order_over", _("The order is over."), NOBODY, NO, EITHER),
        R("not_now", _("It does not fit the state the order is in."), YOURS, LOOKED, READ),
        R(
            "not_possible",
            _("This kind of order can never do that."),
            YOURS,
            NO,
            _("Look at the reference: numbers and inboxes differ."),
        ),
        R(
            "resend_not_supported",
            _("This service cannot send a message again."),
            SUPPLIER,
            NO,
            _("Take another number instead."),
        ),
        R("too_early", _("The supplier does not allow it yet."), SUPPLIER, WAIT, PAUSE),
        R("resend_locked", _("One more message was asked for and has not come yet."), SUPPLIER, WAIT, PAUSE),
        R("bad_pattern", _("The pattern for the code cannot be used."), YOURS, CHANGED, FIX),
        R("bad_subject", _("The words of the subject are too long."), YOURS, CHANGED, FIX),
        R(
            "service_blocked",
            _("This service may not be used with our numbers."),
            YOURS,
            NO,
            _("Take another service."),
        ),
    ),
)

LIMITS = Group(
    "buying",
    _("Limits of buying"),
    (
        R("daily_orders", _("As many orders in 24 hours as the level allows."), YOURS, WAIT, PAUSE),
        R(
            "daily_spending",
            _("More in 24 hours than the level allows."),
            YOURS,
            CHANGED,
            _("Spend less, or verify the identity."),
        ),
        R("paused", _("Too many numbers were given back unused."), YOURS, WAIT, PAUSE),
        R(
            "stopped",
            _("Messages of banks or payment services came to the numbers of this account."),
            YOURS,
            ALLOWED,
            _("Write to us."),
        ),
        R(
            "no_fresh_start",
            _("There is no pause to end, or the month's fresh starts are used up."),
            YOURS,
            NO,
            _("Wait until the pause is over."),
        ),
    ),
)

DEPOSITS = Group(
    "deposits",
    _("Deposits"),
    (
        R("deposit_refused", _("Refused for the reason in detail."), YOURS, CHANGED, _("Read detail.")),
        R("unknown_method", _("Not a way to pay, or not open here."), YOURS, CHANGED, _("Choose another way.")),
        R("unknown_bank", _("Not a bank of the list."), YOURS, CHANGED, FIX),
        R("not_cancellable", _("It is paid, or over."), NOBODY, NO, READ),
        R("not_payable", _("It is paid, over, or nearly over."), NOBODY, NO, ANEW),
        R("not_again", _("There is nothing to repeat, or a try is under way."), YOURS, LOOKED, READ),
        R("one_moment", _("The try before is still being prepared."), BANK, LATER, AGAIN_SOON),
        R("asked_too_soon", _("The bank was asked a moment ago."), YOURS, LATER, _("Wait some seconds.")),
        R("too_many_tries", _("The way to pay was changed many times."), YOURS, WAIT, PAUSE),
        R("no_top_up", _("There is no way to pay in this currency."), YOURS, NO, _("Choose another currency.")),
        R(
            "no_permanent_number",
            _("There are no permanent numbers in the sandbox."),
            YOURS,
            NO,
            _("Pay by a single invoice."),
        ),
        R("too_many_numbers", _("Many permanent numbers were taken lately."), YOURS, LATER, _("Use the one there is.")),
        R("ovo_not_linked", _("No OVO account is linked."), YOURS, CHANGED, _("Link one on the top-up page.")),
        R("ovo_refused", _("Refused for the reason in detail."), YOURS, NO, _("Read detail.")),
        R("phone", _("Not an Indonesian mobile number."), YOURS, CHANGED, FIX),
        R(
            "ovo_number_taken",
            _("This number cannot be linked now."),
            YOURS,
            LATER,
            _("Remove the link in the OVO app, wait half an hour."),
        ),
        R("ovo_already_linked", _("An OVO account is linked already."), YOURS, NO, _("Unlink it first.")),
        R("too_many_links", _("Linking was tried several times."), YOURS, LATER, _("Try later, or pay another way.")),
        R("linking_paused", _("Tries cannot be counted just now."), BANK, LATER, AGAIN_SOON),
    ),
)
