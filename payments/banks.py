"""The banks and shops a virtual account can be paid at: Faspay's channel codes (Faspay contract 6), names and ways."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
NO_FEE = _("No fee")
AT_ONCE = _("about a minute")


@dataclass(frozen=True)
class Way:
    """One way to pay, as numbered steps; ``{number}`` and ``{amount}`` stand for the invoice's own.

    ``open_end`` replaces the last step where any amount may be paid; ``{name}`` is whom the bank shows then.
    """

    title: Text
    steps: Sequence[Text]
    open_end: Text = ""

    @property
    def open_steps(self) -> Sequence[Text]:
        return (*self.steps[:-1], self.open_end)


@dataclass(frozen=True)
class Bank:
    """``code`` is Faspay's channel code; ``fee`` and ``speed`` in words."""

    code: str
    name: str
    ways: Sequence[Way]
    fee: Text = NO_FEE
    speed: Text = AT_ONCE


def _app(name: str, menu: Text) -> Way:
    return Way(
        name,
        (
            _("Open the app and sign in."),
            menu,
            _("Enter the number {number}."),
            _("Check the name and the amount {amount}, then confirm with your PIN."),
        ),
        _("Enter any amount, check the name {name}, then confirm with your PIN."),
    )


def _atm(menu: Text) -> Way:
    return Way(
        _("ATM"),
        (
            _("Put in your card and enter your PIN."),
            menu,
            _("Enter the number {number}."),
            _("Check the name and the amount {amount}, then confirm. Keep the receipt."),
        ),
        _("Enter any amount, check the name {name}, then confirm. Keep the receipt."),
    )


def _counter() -> Way:
    return Way(
        _("At the counter"),
        (
            _("Tell the cashier that you want to pay a Faspay bill."),
            _("Show or read out the number {number}."),
            _("Pay {amount} in cash and keep the receipt."),
        ),
        _("Say how much you want to pay in, pay it in cash and keep the receipt."),
    )


_FROM_ELSEWHERE = Way(
    _("From another bank"),
    (
        _("Choose a transfer to another bank in your own bank's app."),
        _("Choose this bank as the destination and enter the number {number} as the account."),
        _("Enter exactly {amount} and confirm. Your own bank may charge you for the transfer."),
    ),
    _("Enter any amount, check the name {name} and confirm. Your own bank may charge you for the transfer."),
)

_BANKS = (
    Bank(
        "702",
        "BCA",
        (
            _app("BCA mobile", _("Choose m-Transfer, then BCA Virtual Account.")),
            _atm(_("Choose Other transactions, Transfer, then To BCA Virtual Account.")),
        ),
    ),
    Bank(
        "802",
        "Mandiri",
        (
            _app("Livin' by Mandiri", _("Choose Pay, then search for the company Faspay.")),
            _atm(_("Choose Pay or buy, Others, then Multipayment.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "800",
        "BRI",
        (
            _app("BRImo", _("Choose BRIVA, then New payment.")),
            _atm(_("Choose Other transactions, Payment, Others, then BRIVA.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "801",
        "BNI",
        (
            _app("wondr by BNI", _("Choose Transfer, then Virtual Account Billing.")),
            _atm(_("Choose Other menu, Transfer, then Virtual Account Billing.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "402",
        "Permata",
        (
            _app("PermataMobile X", _("Choose Pay bills, then Virtual Account.")),
            _atm(_("Choose Other transactions, Payment, Others, then Virtual Account.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "825",
        "CIMB Niaga",
        (
            _app("OCTO", _("Choose Transfer, then Virtual Account.")),
            _atm(_("Choose Payment, then Virtual Account.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "708",
        "Danamon",
        (
            _app("D-Bank PRO", _("Choose Payment, then Virtual Account.")),
            _atm(_("Choose Payment, Others, then Virtual Account.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "837",
        "BTN",
        (
            _app("balé by BTN", _("Choose Payment, then Virtual Account.")),
            _atm(_("Choose Other transactions, Payment, then Virtual Account.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "408",
        "Maybank",
        (
            _app("M2U ID", _("Choose Transfer, then Virtual Account.")),
            _atm(_("Choose Payment, Other payments, then Virtual Account.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "818",
        "Sinarmas",
        (
            _app("SimobiPlus", _("Choose Transfer, then Virtual Account.")),
            _atm(_("Choose Payment, Next, then Virtual Account.")),
            _FROM_ELSEWHERE,
        ),
    ),
    Bank(
        "718",
        "Bank Neo Commerce",
        (_app("neobank", _("Choose Transfer, then Virtual Account.")), _FROM_ELSEWHERE),
    ),
    Bank("706", "Indomaret", (_counter(),), fee=_("The shop may charge a fee")),
    Bank("707", "Alfamart", (_counter(),), fee=_("The shop may charge a fee")),
)

BANKS = {bank.code: bank for bank in _BANKS}
# The ones most people have; the rest is one click further away.
USUAL = ("702", "802", "800", "801", "402")
# Where numbers can be permanent because we answer for them ourselves (Faspay contract 2).
STATIC_BANKS = frozenset({"402", "408", "702", "706", "707", "708", "800", "802", "818", "825"})


def name_of(code: str) -> str:
    """The bank's name; the bare code for one we no longer offer."""
    bank = BANKS.get(code)
    return bank.name if bank else code
