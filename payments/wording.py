"""What we say about payments that did not go the usual way: what happened, where the money is, what comes next."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.money import format_money
from payments.models import Deposit, PaymentCase, Receipt

Kind, State, Action, Place = PaymentCase.Kind, PaymentCase.State, PaymentCase.Action, Receipt.Place


@dataclass(frozen=True)
class Words:
    """``happened`` tells the customer, ``means`` tells staff. Both may name ``%(amount)s`` and ``%(asked)s``."""

    happened: str | Promise
    means: str | Promise


CASES: dict[str, Words] = {
    Kind.PAID_TWICE: Words(
        gettext_lazy("This top-up was paid a second time: %(amount)s more arrived."),
        gettext_lazy("The deposit had been credited already when another attempt at it was paid as well."),
    ),
    Kind.OTHER_AMOUNT: Words(
        gettext_lazy("After your payment the bank told us another amount, %(amount)s."),
        gettext_lazy("The provider told one amount, which was credited, and later another one."),
    ),
    Kind.WRONG_CURRENCY: Words(
        gettext_lazy("A payment of %(amount)s arrived, in another currency than this top-up."),
        gettext_lazy("The provider says that it was paid in a currency other than the deposit's."),
    ),
    Kind.ODD_AMOUNT: Words(
        gettext_lazy("The bank told us an amount that cannot be right."),
        gettext_lazy("The amount cannot exist in this currency, so no money could be booked."),
    ),
    Kind.OTHER_NUMBER: Words(
        gettext_lazy("The bank told us of a payment to another number than yours."),
        gettext_lazy("The message names our transaction, but another account number."),
    ),
    Kind.NO_AMOUNT: Words(
        gettext_lazy("The bank says that this was paid, but not how much."),
        gettext_lazy("The provider says paid and tells no amount that can be read."),
    ),
    Kind.REFUNDED: Words(
        gettext_lazy("The bank says that it took this payment back."),
        gettext_lazy("The provider says refunded. If money was credited, it still stands in the wallet."),
    ),
    Kind.CLOSED_AFTER_SUCCESS: Words(
        gettext_lazy("The bank called this payment off after it had arrived."),
        gettext_lazy("The provider says cancelled or failed after it had said paid. The money stands in the wallet."),
    ),
    Kind.WRONG_ANSWER: Words(
        gettext_lazy("The bank made something else than we asked for, so it was not shown to you."),
        gettext_lazy("What the provider made does not fit the order. Nobody was told to pay it."),
    ),
    Kind.OUT_OF_TERMS: Words(
        gettext_lazy("A payment of %(amount)s arrived after its time or otherwise than agreed."),
        gettext_lazy("Coins came after their rate had ended, or somebody marked the invoice by hand. See BTCPay."),
    ),
    Kind.LEDGER_REFUSED: Words(
        gettext_lazy("Your payment of %(amount)s arrived, but your wallet is blocked."),
        gettext_lazy("The money came, and the wallet is closed: it would not take it."),
    ),
    Kind.UNKNOWN_REFERENCE: Words(
        gettext_lazy("A payment of %(amount)s arrived that we could not assign at once."),
        gettext_lazy("A signed message tells of money for a reference that nobody here has."),
    ),
    Kind.MISSING_HERE: Words(
        gettext_lazy("The bank's list shows a payment that we have not seen."),
        gettext_lazy("The provider lists a payment that is not in our books."),
    ),
    Kind.MISSING_THERE: Words(
        gettext_lazy("We are comparing this payment with the bank's list."),
        gettext_lazy("We have booked a payment that the provider's list does not show."),
    ),
    Kind.AMOUNT_DIFFERS: Words(
        gettext_lazy("The bank's list shows another amount for this payment."),
        gettext_lazy("The provider's list shows another amount than we have booked."),
    ),
    Kind.FEE_DIFFERS: Words(
        gettext_lazy("We are checking a fee with the bank. It does not change what you paid or received."),
        gettext_lazy("The provider kept another fee than agreed. No customer's money is concerned."),
    ),
    Kind.SETTLED_TWICE: Words(
        gettext_lazy("We are comparing this payment with the bank's list."),
        gettext_lazy("The provider's lists show the same payment more than once."),
    ),
    Kind.CORRECTION: Words(
        gettext_lazy("We are looking at this payment again."),
        gettext_lazy("Somebody here found something wrong with this deposit and asks for a decision."),
    ),
}

_WAITS = {
    Place.SUSPENSE: gettext_lazy("The money is safe with us, set aside until we have decided where it belongs."),
    Place.WALLET: gettext_lazy("What you received is in your wallet meanwhile."),
    "": gettext_lazy("No money has moved because of this."),
}
_NEXT = gettext_lazy("Two of our people look at it; we write to you as soon as money moves. You need not do anything.")
_SETTLED = {
    Action.CREDIT: gettext_lazy("%(moved)s is in your wallet now."),
    Action.RETURN: gettext_lazy(
        "%(moved)s goes back the way it came. Ask your bank if you do not see it in a few days."
    ),
    Action.TAKE_BACK: gettext_lazy("%(moved)s was taken out of your wallet again."),
    Action.WRITE_OFF: gettext_lazy("We have closed the matter. Your wallet has not changed."),
    Action.EXPLAIN: gettext_lazy("We have checked it. Everything is right, and no money had to move."),
    Action.MATCHED: gettext_lazy("We have found where it belongs: %(moved)s is in your wallet."),
}
_OUTCOMES = {
    Deposit.Outcome.PAID_LATE: gettext_lazy(
        "Your payment of %(received)s arrived after the invoice had ended. It is in your wallet."
    ),
    Deposit.Outcome.UNDERPAID: gettext_lazy(
        "%(received)s arrived instead of %(asked)s. What arrived is in your wallet; the rest is not owed."
    ),
    Deposit.Outcome.OVERPAID: gettext_lazy("%(received)s arrived instead of %(asked)s. All of it is in your wallet."),
}


def outcome_sentence(deposit: Deposit) -> str:
    """How a paid deposit differs from what was asked, and where its money is; empty when it does not."""
    words = _OUTCOMES.get(Deposit.Outcome(deposit.outcome)) if deposit.outcome else None
    if words is None or deposit.received_amount is None:
        return ""
    received = format_money(deposit.received_amount, deposit.currency)
    return str(words) % {"received": received, "asked": format_money(deposit.amount, deposit.currency)}


def case_sentences(deposit: Deposit) -> list[str]:
    """What the customer should know of the cases about a deposit, the oldest first: one text for each.

    Each says what happened, where the money is, and what comes next. Uses ``cases`` and their receipts when loaded.
    """
    cases = sorted(deposit.cases.select_related("receipt"), key=lambda case: case.pk)
    return [sentence_of(case) for case in cases if case.kind != Kind.FEE_DIFFERS]


def sentence_of(case: PaymentCase) -> str:
    """One case in the customer's words."""
    happened = _filled(_happened(case), case)
    if case.state != State.SETTLED:
        place = case.receipt.place if case.receipt else ""
        return " ".join([happened, str(_WAITS.get(place, _WAITS[""])), str(_NEXT)])
    if case.action == Action.CREDIT and _of_somebody_else(case):
        return f"{happened} {_('It belonged to somebody else and is there now.')}"
    return f"{happened} {_filled(_SETTLED[Action(case.action)], case)}"


def meaning_of(case: PaymentCase) -> str:
    """One case in the words of staff."""
    return _filled(CASES[case.kind].means, case)


def _happened(case: PaymentCase) -> str | Promise:
    if case.kind == Kind.REFUNDED and case.receipt is None and case.deposit and not case.deposit.received_amount:
        return _("The bank says that it gave a payment for this top-up back before it reached us.")
    return CASES[case.kind].happened


def _of_somebody_else(case: PaymentCase) -> bool:
    owner = case.deposit.customer_id if case.deposit else case.customer_id
    return case.action_customer_id not in {None, owner}


def _filled(text: str | Promise, case: PaymentCase) -> str:
    moved = case.action_amount if case.action_amount is not None else case.amount
    return str(text) % {"amount": _money(case.amount, case), "moved": _money(moved, case)}


def _money(amount: Decimal | None, case: PaymentCase) -> str:
    return _("an unknown amount") if amount is None else format_money(amount, case.currency)


# --- for staff: what an approval will do ----------------------------------------------------------------------

_MEANT = {
    Action.CREDIT: gettext_lazy("Put it into a wallet"),
    Action.RETURN: gettext_lazy("Give it back to the payer"),
    Action.TAKE_BACK: gettext_lazy("Take it out of the wallet"),
    Action.WRITE_OFF: gettext_lazy("Keep it: nobody comes for it"),
    Action.EXPLAIN: gettext_lazy("Move nothing, explain"),
}
_HINTS = {
    Action.CREDIT: gettext_lazy("The customer gets the money and a mail."),
    Action.RETURN: gettext_lazy("Have the provider send it back. Here it leaves suspense."),
    Action.TAKE_BACK: gettext_lazy("The provider took it back, or it never came. The wallet must still hold it."),
    Action.WRITE_OFF: gettext_lazy("The payer cannot be found or does not answer. It becomes ours."),
    Action.EXPLAIN: gettext_lazy("Books and provider agree after all. Write down why."),
}


def action_words(action: str, *, is_loss: bool) -> tuple[str, str]:
    """(name, hint) of an action as the form offers it; a loss is a write-off of money that is gone."""
    if is_loss:
        return _("Take the loss"), _("The provider took it back, and the wallet does not hold it any more. We pay.")
    return str(_MEANT[Action(action)]), str(_HINTS[Action(action)])


def consequence(
    amount: Decimal | None, currency: str, *, source: str, target: str, owner: str, is_client: bool = False
) -> str:
    """What moves, in one sentence: "Rp50.000 moves from suspense:faspay_va to the wallet of Ayu"."""
    if amount is None:
        return _("No money moves. The case is closed with your reason.")
    wallet = (_("the balance of %(name)s") if is_client else _("the wallet of %(name)s")) % {"name": owner}
    places = {"source": source if ":" in source else wallet, "target": target if ":" in target else wallet}
    return _("%(amount)s moves from %(source)s to %(target)s.") % {"amount": format_money(amount, currency), **places}
