"""What can be done about a case, as movements of the ledger; and doing it. Rules only: who may is decided above."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from accounts.models import Customer, User
from config.lib.money import InvalidAmount, check_amount
from payments.errors import ActionRefused
from payments.models import Deposit, PaymentAttempt, PaymentCase, Receipt
from payments.payees import Move, Payee, payee_of
from payments.settlement import crediting
from payments.settlement.rows import Locked
from wallets.services import move_in_house, reverse

Place = Receipt.Place
# Where money goes that nobody comes for, and where what we lose comes from.
UNCLAIMED, LOSSES = "revenue:unclaimed", "expense:payment_losses"
MEMO_CREDIT, MEMO_BACK = "Payment put right", "Payment taken back"
WALLET = "wallet"


@dataclass
class Subject:
    """A case with everything that is locked along with it; ``receipt`` is the money it is about, if any came."""

    case: PaymentCase
    receipt: Receipt | None
    deposit: Deposit | None
    attempt: PaymentAttempt | None
    now: datetime

    @property
    def place(self) -> str:
        """Where the money is, "" when none came."""
        return self.receipt.place if self.receipt else ""

    @property
    def money(self) -> Receipt:
        """The receipt, where there must be one. Raises `ActionRefused`."""
        if self.receipt is None:
            raise ActionRefused(code="action")
        return self.receipt

    @property
    def rows(self) -> Locked | None:
        return Locked(self.attempt, self.deposit, self.now) if self.attempt and self.deposit else None


@dataclass(frozen=True)
class Remedy:
    """What an action moves: ``amount`` from the account ``source`` to ``target``, of which one may be the wallet or
    the balance of ``payee`` (`WALLET`). Without an amount nothing moves."""

    action: PaymentCase.Action
    amount: Decimal | None = None
    currency: str = ""
    source: str = ""
    target: str = ""
    payee: Payee | None = None
    is_whole: bool = True

    @property
    def customer(self) -> Customer | None:
        """The customer whose wallet it is, if it is one's."""
        return self.payee.customer if self.payee is not None else None

    @property
    def owner(self) -> Payee:
        """Whose wallet or balance it is, where there must be one. Raises `ActionRefused`."""
        if self.payee is None:
            raise ActionRefused(code="customer")
        return self.payee

    def is_for(self, deposit: Deposit) -> bool:
        """Whether it gives the money to whom that of ``deposit`` belongs."""
        if self.payee is None:
            return False
        of_client = self.payee.client is not None and self.payee.client.pk == deposit.client_id
        return of_client or (self.customer is not None and self.customer.pk == deposit.customer_id)


def actions_of(subject: Subject) -> list[PaymentCase.Action]:
    """What can be proposed now. Money in suspense must go somewhere; explaining alone would leave it there."""
    if subject.place == Place.SUSPENSE:
        return [PaymentCase.Action.CREDIT, PaymentCase.Action.RETURN, PaymentCase.Action.WRITE_OFF]
    if not subject.case.channel:
        return [PaymentCase.Action.EXPLAIN]
    if subject.place == Place.WALLET:
        return [
            PaymentCase.Action.TAKE_BACK,
            PaymentCase.Action.CREDIT,
            PaymentCase.Action.WRITE_OFF,
            PaymentCase.Action.EXPLAIN,
        ]
    return [PaymentCase.Action.CREDIT, PaymentCase.Action.EXPLAIN]


def remedy_of(
    subject: Subject, action: str, *, customer: Customer | None = None, amount: Decimal | None = None
) -> Remedy:
    """What ``action`` would do. ``customer`` and ``amount`` are needed where the case does not say them.

    Raises `ActionRefused` with words for staff when it does not fit the place of the money.
    """
    if action not in actions_of(subject):
        raise ActionRefused(code="action")
    chosen = PaymentCase.Action(action)
    if chosen is PaymentCase.Action.EXPLAIN:
        return Remedy(chosen)
    rule = _IN_SUSPENSE if subject.place == Place.SUSPENSE else _ELSEWHERE
    remedy = rule[chosen](subject, customer, amount)
    _check(remedy)
    return remedy


def _check(remedy: Remedy) -> None:
    try:
        check_amount(remedy.amount or Decimal(0), remedy.currency)
    except (InvalidAmount, KeyError) as error:
        raise ActionRefused(code="amount") from error


def _whole(subject: Subject, amount: Decimal | None) -> tuple[Decimal, str, str]:
    """(amount, currency, suspense account); what waits in suspense is moved as one."""
    receipt = subject.money
    if amount is not None and amount != receipt.amount:
        raise ActionRefused(code="whole")
    return receipt.amount, receipt.currency, f"suspense:{receipt.channel}"


def _for_whom(subject: Subject, customer: Customer | None) -> Payee:
    """Who is named, else whose deposit it is about: a client's money goes to its balance."""
    found = customer or subject.case.customer
    if found is None and subject.deposit is not None:
        return payee_of(subject.deposit)
    if found is None:
        raise ActionRefused(code="customer")
    if found.is_sandbox:
        raise ActionRefused(code="sandbox")
    return Payee(found)


def _credit_waiting(subject: Subject, customer: Customer | None, amount: Decimal | None) -> Remedy:
    owed, currency, source = _whole(subject, amount)
    return Remedy(PaymentCase.Action.CREDIT, owed, currency, source, WALLET, _for_whom(subject, customer))


def _return_waiting(subject: Subject, _customer: Customer | None, amount: Decimal | None) -> Remedy:
    owed, currency, source = _whole(subject, amount)
    return Remedy(PaymentCase.Action.RETURN, owed, currency, source, f"clearing:{_channel(subject)}")


def _keep_waiting(subject: Subject, _customer: Customer | None, amount: Decimal | None) -> Remedy:
    owed, currency, source = _whole(subject, amount)
    return Remedy(PaymentCase.Action.WRITE_OFF, owed, currency, source, UNCLAIMED)


def _credit_anew(subject: Subject, customer: Customer | None, amount: Decimal | None) -> Remedy:
    owner = _for_whom(subject, customer)
    currency = subject.deposit.currency if subject.deposit else subject.case.currency or "IDR"
    if amount is None:
        raise ActionRefused(code="amount")
    return Remedy(PaymentCase.Action.CREDIT, amount, currency, f"clearing:{_channel(subject)}", WALLET, owner)


def _take_back(subject: Subject, _customer: Customer | None, amount: Decimal | None) -> Remedy:
    receipt, asked, whole = _of_wallet(subject, amount)
    target = f"clearing:{receipt.channel}"
    return Remedy(PaymentCase.Action.TAKE_BACK, asked, receipt.currency, WALLET, target, _holder(receipt), whole)


def _lose(subject: Subject, _customer: Customer | None, amount: Decimal | None) -> Remedy:
    receipt, asked, whole = _of_wallet(subject, amount)
    return Remedy(
        PaymentCase.Action.WRITE_OFF, asked, receipt.currency, LOSSES, f"clearing:{receipt.channel}", None, whole
    )


def _of_wallet(subject: Subject, amount: Decimal | None) -> tuple[Receipt, Decimal, bool]:
    """(receipt, amount, whether that is all of it); never more than came, less what was taken back already."""
    receipt = subject.money
    before = taken_back(receipt)
    asked = receipt.amount - before if amount is None else amount
    if asked > receipt.amount - before:
        raise ActionRefused(code="too_much")
    return receipt, asked, asked + before == receipt.amount


def _holder(receipt: Receipt) -> Payee | None:
    """In whose wallet or balance the money of a receipt is."""
    if receipt.customer is not None:
        return Payee(receipt.customer)
    return payee_of(receipt.deposit) if receipt.deposit is not None and receipt.deposit.client_id else None


def taken_back(receipt: Receipt) -> Decimal:
    """How much of a receipt was taken out of the wallet again, or given up, by earlier cases."""
    before = PaymentCase.objects.filter(receipt=receipt, state=PaymentCase.State.SETTLED).filter(
        Q(action=PaymentCase.Action.TAKE_BACK) | Q(action=PaymentCase.Action.WRITE_OFF)
    )
    return before.aggregate(total=Sum("action_amount"))["total"] or Decimal(0)


def _channel(subject: Subject) -> str:
    return subject.receipt.channel if subject.receipt else subject.case.channel


Rule = Callable[[Subject, Customer | None, Decimal | None], Remedy]
_IN_SUSPENSE: dict[PaymentCase.Action, Rule] = {
    PaymentCase.Action.CREDIT: _credit_waiting,
    PaymentCase.Action.RETURN: _return_waiting,
    PaymentCase.Action.WRITE_OFF: _keep_waiting,
}
_ELSEWHERE: dict[PaymentCase.Action, Rule] = {
    PaymentCase.Action.CREDIT: _credit_anew,
    PaymentCase.Action.TAKE_BACK: _take_back,
    PaymentCase.Action.WRITE_OFF: _lose,
}


# --- doing it -------------------------------------------------------------------------------------------------


def carry_out(subject: Subject, remedy: Remedy, *, caused_by: User | None) -> None:
    """Move the money of an approved case, once: the ledger reference is the case's own. Raises `LedgerError`."""
    if remedy.amount is None:
        return
    if subject.place == Place.SUSPENSE:
        _leave_suspense(subject, remedy, caused_by)
    elif remedy.action is PaymentCase.Action.CREDIT:
        _receive(subject, remedy, caused_by)
    elif remedy.action is PaymentCase.Action.TAKE_BACK:
        _out_of_wallet(subject, remedy, caused_by)
    else:
        _move(subject, remedy, caused_by)
    subject.case.ledger_reference = subject.case.subject


def _leave_suspense(subject: Subject, remedy: Remedy, caused_by: User | None) -> None:
    receipt = subject.money
    if remedy.payee is None:
        _move(subject, remedy, caused_by)
        receipt.place = Place.RETURNED if remedy.action is PaymentCase.Action.RETURN else Place.KEPT
    else:
        remedy.payee.credit(remedy.source, _moved(subject, remedy, _memo(subject, remedy), caused_by))
        receipt.place, receipt.customer = Place.WALLET, remedy.customer
    receipt.save(update_fields=["place", "customer"])
    _close_deposit(subject, remedy, receipt)


def _receive(subject: Subject, remedy: Remedy, caused_by: User | None) -> None:
    """Staff have found out that it arrived: a receipt, by the payment's own name where no other bears it."""
    key = _free_name(subject)
    receipt = Receipt.objects.create(
        channel=_channel(subject),
        key=key,
        amount=remedy.amount or 0,
        currency=remedy.currency,
        place=Place.WALLET,
        ledger_reference=subject.case.subject,
        customer=remedy.owner.customer,
        deposit=subject.deposit,
        attempt=subject.attempt if subject.attempt and key == subject.attempt.trx_id else None,
        message=subject.case.message,
    )
    source = f"clearing:{receipt.channel}"
    remedy.owner.credit(source, _moved(subject, remedy, _memo(subject, remedy), caused_by))
    if subject.case.receipt is None:
        subject.case.receipt = receipt
    _close_deposit(subject, remedy, receipt)


def _free_name(subject: Subject) -> str:
    """What a later message about the same payment would be known by, so that it is a repeat and no second payment."""
    names = [subject.attempt.trx_id] if subject.attempt else [subject.case.reference]
    taken = Receipt.objects.filter(channel=_channel(subject), key__in=names).exists()
    return subject.case.subject if taken or not names[0] else names[0]


def _close_deposit(subject: Subject, remedy: Remedy, receipt: Receipt) -> None:
    """Money for a deposit that nothing had arrived for makes it a success."""
    rows, deposit = subject.rows, subject.deposit
    if rows is None or deposit is None or receipt.attempt_id is None:
        return
    if deposit.state == Deposit.State.SUCCESS or not remedy.is_for(deposit):
        return
    if remedy.currency == deposit.currency:
        arrival = crediting.Arrival(receipt.amount, receipt.currency, receipt.paid_at)
        crediting.succeed(rows, arrival, reference=subject.case.subject)


def _out_of_wallet(subject: Subject, remedy: Remedy, caused_by: User | None) -> None:
    receipt = subject.money
    if remedy.amount == receipt.amount and came_straight(receipt):
        reverse(
            reference_of_original=receipt.ledger_reference,
            reference=subject.case.subject,
            reason=MEMO_BACK,
            caused_by=caused_by,
        )
    else:
        remedy.owner.debit(remedy.target, _moved(subject, remedy, MEMO_BACK, caused_by))
    subject.case.receipt = receipt
    if remedy.is_whole:
        receipt.place = Place.RETURNED
        receipt.save(update_fields=["place"])


def came_straight(receipt: Receipt) -> bool:
    """Whether it never waited in suspense: then its one transaction can be mirrored."""
    return not receipt.ledger_reference.startswith("suspense:")


def _move(subject: Subject, remedy: Remedy, caused_by: User | None) -> None:
    memo = subject.case.get_kind_display()
    move_in_house(source=remedy.source, target=remedy.target, **_moved(subject, remedy, memo, caused_by))
    if subject.case.receipt is None:
        subject.case.receipt = subject.receipt


def _moved(subject: Subject, remedy: Remedy, memo: str, caused_by: User | None) -> Move:
    about = subject.deposit.reference if subject.deposit else subject.case.subject
    return {
        "amount": remedy.amount or Decimal(0),
        "currency": remedy.currency,
        "kind": "correction",
        "reference": subject.case.subject,
        "subject": about,
        "memo": memo,
        "caused_by": caused_by,
    }


def _memo(subject: Subject, remedy: Remedy) -> str:
    deposit = subject.deposit
    if deposit is None or not remedy.is_for(deposit):
        return MEMO_CREDIT
    return deposit.memo or (crediting.memo_of(subject.attempt) if subject.attempt else MEMO_CREDIT)
