"""Refusals about money: wallets, payouts and batches, cards, checkouts."""

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import (
    AGAIN_SOON,
    ALLOWED,
    ANEW,
    BANK,
    CHANGED,
    FIX,
    FUND,
    FUNDED,
    LATER,
    LOOKED,
    NO,
    NOBODY,
    OURS,
    PAUSE,
    PAYER,
    PERSON,
    READ,
    TELL_US,
    WAIT,
    YOURS,
    Group,
)
from config.guides.knowledge.words import Refusal as R

_TOMORROW = _("Send less, or go on when the day is over.")
_VERIFY = _("Send less, or verify the identity: that raises the limits.")

WALLETS = Group(
    "wallets",
    _("Wallets and balances"),
    (
        R(
            "insufficient_funds",
            _("The balance, less what is held, does not cover amount and fee."),
            YOURS,
            FUNDED,
            FUND,
        ),
        R("amount", _("Not an amount of this currency, or outside what is allowed."), YOURS, CHANGED, FIX),
        R("single_limit", _("More than one payment may be."), YOURS, CHANGED, _VERIFY),
        R("daily_limit", _("More than may be sent in one day."), YOURS, CHANGED, _TOMORROW),
        R("balance_limit", _("The wallet would hold more than it may."), YOURS, CHANGED, _VERIFY),
        R("to_yourself", _("Sender and recipient are the same wallet."), YOURS, CHANGED, FIX),
        R(
            "unknown_recipient",
            _("Nobody of this name can receive money in this world, live or sandbox."),
            YOURS,
            CHANGED,
            _("Check the name with the recipient."),
        ),
        R(
            "already_paid",
            _("This reference was paid before."),
            YOURS,
            NO,
            _("Nothing: it is paid. Another bill has another reference."),
        ),
        R("account_frozen", _("The wallet is blocked."), YOURS, ALLOWED, _("Write to us.")),
        R("reference_conflict", _("The same was done before with other details."), YOURS, NO, READ),
        R("hold_closed", _("What was held has been used or given back."), NOBODY, NO, READ),
        R("already_reversed", _("This movement was taken back before."), NOBODY, NO, READ),
        R("ledger", _("The ledger refused the movement."), OURS, NO, TELL_US),
        R("unbalanced", _("The ledger refused the movement."), OURS, NO, TELL_US),
        R("unknown_account", _("The ledger knows no such account."), OURS, NO, TELL_US),
        R("unknown_hold", _("The ledger knows no such hold."), OURS, NO, TELL_US),
        R("unknown_transaction", _("The ledger knows no such movement."), OURS, NO, TELL_US),
    ),
)

PAYOUTS = Group(
    "payouts",
    _("Transfers"),
    (
        R(
            "bad_destination",
            _("Neither an account number nor a phone number that we can pay to."),
            YOURS,
            CHANGED,
            FIX,
        ),
        R(
            "destination_inactive",
            _("The client that is to be paid is not active."),
            YOURS,
            ALLOWED,
            _("Ask the client."),
        ),
        R(
            "blocked",
            _("A rule against fraud stopped it; flags says which."),
            OURS,
            NO,
            _("Write to us if the payment is right."),
        ),
        R(
            "wrong_code",
            _("Not the code that was sent for this payment."),
            YOURS,
            CHANGED,
            _("Ask the person again. attemptsLeft says how often."),
        ),
        R("code_expired", _("The code is too old."), YOURS, CHANGED, _("Have a new code sent.")),
        R(
            "too_many_wrong_codes",
            _("One wrong code too many: the payment has failed, nothing was paid."),
            YOURS,
            NO,
            ANEW,
        ),
        R("too_soon", _("A code was sent a moment ago."), YOURS, WAIT, PAUSE),
        R(
            "no_resends_left",
            _("As many codes were sent as may be."),
            YOURS,
            NO,
            _("Use the last code, or begin anew."),
        ),
        R("not_pending", _("It does not wait for a decision or a code any more."), NOBODY, NO, READ),
        R("no_rail", _("No way to pay this receiver is open just now."), BANK, LATER, AGAIN_SOON),
    ),
)

BATCHES = Group(
    "batches",
    _("Batches and their files"),
    (
        R(
            "maker_is_checker",
            _("Whoever made or changed a batch does not approve it."),
            YOURS,
            NO,
            _("Somebody else approves it."),
        ),
        R("batch_busy", _("Somebody is approving or starting it at this moment."), NOBODY, LOOKED, READ),
        R("batch_changed", _("Not the rows, or not the total, that were looked at."), NOBODY, LOOKED, READ),
        R(
            "not_ready",
            _("Rows are wrong, or none is left to be sent."),
            YOURS,
            CHANGED,
            _("Put the rows right, or leave them out."),
        ),
        R("reason_needed", _("It only goes with a reason in words."), YOURS, CHANGED, FIX),
        R("too_many_items", _("More items than one call takes."), YOURS, CHANGED, _("Split them."), (413,)),
        R("no_items", _("The list of items is empty."), YOURS, CHANGED, FIX, (400,)),
        R("bad_items", _("Items are wrong; errors names each."), YOURS, CHANGED, FIX, (400,)),
        R("no_name", _("The batch has no name."), YOURS, CHANGED, FIX, (400,)),
        R("places_twice", _("Two rows replace the same row."), YOURS, CHANGED, FIX, (400,)),
        R("no_places", _("No row says which row it replaces."), YOURS, CHANGED, FIX, (400,)),
        R(
            "too_many_uploads",
            _("Several uploads of this client are still being read."),
            YOURS,
            LATER,
            _("Wait until they are read."),
        ),
    ),
)

FUNDING = Group(
    "funding",
    _("Top-ups of clients"),
    (
        R("funding", _("Something about the top-up is wrong by itself."), YOURS, CHANGED, FIX),
        R("no_funding", _("We have no bank account for this currency."), YOURS, NO, _("Choose another currency.")),
        R("too_many_open", _("As many wait for payment as may."), YOURS, LOOKED, _("Pay one, or call it off.")),
        R("funding_moved", _("Somebody else was quicker."), NOBODY, LOOKED, READ),
        R("bank_reference_used", _("Another top-up was found under this reference."), NOBODY, NO, PERSON),
    ),
)

CARDS = Group(
    "cards",
    _("Cards and checkouts"),
    (
        R(
            "cards_closed",
            _("No processor of cards is configured in this world."),
            OURS,
            LATER,
            _("Offer another way to pay."),
        ),
        R(
            "processor_not_configured",
            _("The processor that has this payment is not configured here any more."),
            OURS,
            LATER,
            TELL_US,
        ),
        R(
            "bad_card",
            _("Number, expiry or security code cannot be right."),
            PAYER,
            CHANGED,
            _("Have the payer look at the card again."),
        ),
        R(
            "card_not_found",
            _("There is no card behind this token, or it is another client's."),
            YOURS,
            NO,
            _("Tokenise the card again."),
        ),
        R("order_taken", _("There is a payment for this order already."), YOURS, NO, READ),
        R(
            "too_much",
            _("More than was authorised or is left; of a file, more than payments need."),
            YOURS,
            CHANGED,
            FIX,
        ),
        R("closing_moved", _("Somebody has changed how the payment is to be closed."), NOBODY, LOOKED, READ),
        R(
            "outcome_unknown",
            _("The processor did not answer. We go on asking; the payment reads Pending."),
            BANK,
            NO,
            _("Never make it a second time. Read its status until it is final."),
        ),
        R("payment_not_found", _("There is no such payment by card, or it is another client's."), YOURS, NO, READ),
        R("processor_unavailable", _("The processor took nothing."), BANK, LATER, AGAIN_SOON),
        R("refused_by_processor", _("The processor refused it; nothing was moved."), BANK, LOOKED, READ),
        R("bad_pares", _("The answer to a challenge cannot be read, or is another payment's."), PAYER, CHANGED, FIX),
        R("bad_checkout", _("Something about the checkout is wrong by itself."), YOURS, CHANGED, FIX),
        R("no_way_to_pay", _("Nothing that is offered takes this amount in this currency."), YOURS, CHANGED, FIX),
        R("checkout_not_found", _("There is no such checkout, or it is another client's."), YOURS, NO, READ),
        R("checkout_over", _("Paid, called off or out of time."), NOBODY, NO, ANEW),
        R("payment_under_way", _("A payment is on its way and its end is not known."), BANK, LOOKED, READ),
        R("payment_checked", _("A payment has come that our people look at."), NOBODY, LOOKED, READ),
        R("not_offered", _("Not a way to pay this checkout."), PAYER, CHANGED, FIX),
    ),
)
