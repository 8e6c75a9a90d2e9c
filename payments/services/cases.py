"""Cases of money that two people decide: one proposes, another one approves. Nothing moves before."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import Customer, Role, User
from accounts.services import audit
from config.lib.clock import now
from config.lib.money import format_money
from payments.errors import AboveLimit, ActionRefused, CaseMoved, MoneyGone, SamePerson, WalletClosed
from payments.methods import METHODS
from payments.models import Deposit, PaymentAttempt, PaymentCase, Receipt
from payments.services import case_mail
from payments.settlement import remedies, static
from payments.settlement.cases import open_case
from payments.settlement.remedies import Remedy, Subject
from payments.settlement.rows import touch
from wallets.errors import AccountFrozen, InsufficientFunds

__all__ = [
    "Choice",
    "Remedy",
    "approve",
    "choices_of",
    "foresee",
    "needs_super_admin",
    "open_correction",
    "propose",
    "proposed",
    "reject",
    "withdraw",
]

State = PaymentCase.State
PROPOSE, APPROVE = "PaymentCases.Propose", "PaymentCases.Approve"


@dataclass(frozen=True)
class Choice:
    """An action that fits a case, and what it would do with what is known; ``remedy`` is None while more is needed."""

    action: PaymentCase.Action
    remedy: Remedy | None
    takes_amount: bool
    takes_customer: bool
    is_loss: bool


def choices_of(case: PaymentCase) -> list[Choice]:
    """What can be proposed about ``case`` where its money is now. Nothing is locked or changed."""
    subject = _subject(case)
    return [_choice(subject, action) for action in remedies.actions_of(subject)]


def _choice(subject: Subject, action: PaymentCase.Action) -> Choice:
    waits = subject.place == Receipt.Place.SUSPENSE
    moves = action != PaymentCase.Action.EXPLAIN
    return Choice(
        action=action,
        remedy=_perhaps(subject, action),
        takes_amount=moves and not waits,
        takes_customer=action == PaymentCase.Action.CREDIT,
        is_loss=action == PaymentCase.Action.WRITE_OFF and not waits,
    )


def _perhaps(subject: Subject, action: str) -> Remedy | None:
    try:
        return remedies.remedy_of(subject, action, amount=None if subject.receipt else subject.case.amount)
    except ActionRefused:
        return None


def foresee(
    case: PaymentCase, action: str, *, customer: Customer | None = None, amount: Decimal | None = None
) -> Remedy:
    """What a proposal would move. Raises `ActionRefused`."""
    return remedies.remedy_of(_subject(case), action, customer=customer, amount=amount)


def proposed(case: PaymentCase) -> Remedy | None:
    """What approving would move now; None when it fits no more."""
    if _came_meanwhile(_subject(case)):
        return None
    try:
        return foresee(case, case.action, customer=case.action_customer, amount=case.action_amount)
    except ActionRefused:
        return None


@transaction.atomic
def propose(
    *,
    actor: Actor,
    case: PaymentCase,
    action: str,
    note: str,
    customer: Customer | None = None,
    amount: Decimal | None = None,
) -> PaymentCase:
    """Propose what to do about an open case; ``note`` is the reason, ``amount`` in the currency of the money.

    Raises `CaseMoved` when somebody was faster, `ActionRefused`.
    """
    policy.require(actor, PROPOSE)
    subject = _locked(case)
    if subject.case.state != State.OPEN or subject.case.version != case.version:
        raise CaseMoved
    if not note.strip():
        raise ActionRefused(code="note")
    remedy = remedies.remedy_of(subject, action, customer=customer, amount=amount)
    _not_for_oneself(actor, remedy)
    held = subject.case
    held.state, held.action, held.action_note = State.PROPOSED, remedy.action, note.strip()[:300]
    held.action_customer, held.action_amount = remedy.customer, remedy.amount
    held.proposed_by, held.proposed_at = _person(actor), subject.now
    _save(held, "action", "action_customer", "action_amount", "action_note", "proposed_by", "proposed_at")
    audit.record(actor, "payment_case.proposed", target=held, after=_facts(held))
    return held


@transaction.atomic
def withdraw(*, actor: Actor, case: PaymentCase, note: str = "") -> PaymentCase:
    """Take one's own proposal back. Raises `CaseMoved`, and `SamePerson` for the proposal of somebody else."""
    policy.require(actor, PROPOSE)
    held = _waiting(case)
    if held.case.proposed_by_id != _person(actor).pk:
        raise CaseMoved
    return _reopen(actor, held.case, "payment_case.withdrawn", note)


@transaction.atomic
def reject(*, actor: Actor, case: PaymentCase, note: str) -> PaymentCase:
    """Refuse somebody's proposal; the case is open again. Raises `CaseMoved`, `SamePerson`, `ActionRefused`."""
    policy.require(actor, APPROVE)
    held = _waiting(case)
    if held.case.proposed_by_id == _person(actor).pk:
        raise SamePerson
    if not note.strip():
        raise ActionRefused(code="note")
    return _reopen(actor, held.case, "payment_case.rejected", note)


def _reopen(actor: Actor, case: PaymentCase, what: str, note: str) -> PaymentCase:
    before = _facts(case)
    case.state, case.action, case.action_note = State.OPEN, "", ""
    case.action_customer = case.action_amount = case.proposed_by = case.proposed_at = None
    _save(case, "action", "action_customer", "action_amount", "action_note", "proposed_by", "proposed_at")
    audit.record(actor, what, target=case, before=before, after={"reason": note.strip()[:300]})
    return case


def approve(*, actor: Actor, case: PaymentCase) -> PaymentCase:
    """Carry out the proposal that ``case``, as it was read, shows. Everything is checked again under its lock.

    The same person again is answered with what stands. Raises `CaseMoved` (another proposal, or settled by somebody),
    `SamePerson`, `AboveLimit`, `ActionRefused`, `MoneyGone`, `WalletClosed`.
    """
    policy.require(actor, APPROVE)
    try:
        with transaction.atomic():
            return _approve(actor, case)
    except InsufficientFunds as error:
        currency = case.receipt.currency if case.receipt else case.currency
        raise MoneyGone(format_money(max(error.available, Decimal(0)), currency)) from error
    except AccountFrozen as error:
        raise WalletClosed from error
    except IntegrityError as error:
        # The provider's own news of the payment has taken its name a moment ago.
        raise CaseMoved from error


def _approve(actor: Actor, case: PaymentCase) -> PaymentCase:
    subject, person = _locked(case), _person(actor)
    held = subject.case
    if held.state == State.SETTLED and held.decided_by_id == person.pk:
        return held
    if held.state != State.PROPOSED or held.version != case.version:
        raise CaseMoved
    if held.proposed_by_id == person.pk:
        raise SamePerson
    if _came_meanwhile(subject):
        raise CaseMoved
    remedy = remedies.remedy_of(subject, held.action, customer=held.action_customer, amount=held.action_amount)
    if (remedy.customer, remedy.amount) != (held.action_customer, held.action_amount):
        raise CaseMoved
    _not_for_oneself(actor, remedy)
    _check_limit(actor, remedy)
    remedies.carry_out(subject, remedy, caused_by=person)
    held.state, held.decided_by, held.decided_at = State.SETTLED, person, subject.now
    _save(held, "decided_by", "decided_at", "ledger_reference", "receipt")
    _after(subject, remedy)
    audit.record(actor, "payment_case.approved", target=held, after=_facts(held))
    return held


def _came_meanwhile(subject: Subject) -> bool:
    """Whether money that was to be credited by hand arrived by itself after that was proposed."""
    case = subject.case
    if case.action != PaymentCase.Action.CREDIT or subject.place == Receipt.Place.SUSPENSE:
        return False
    same = Q(channel=case.channel, key=case.reference) if case.reference else Q(pk=None)
    if case.deposit_id is not None:
        same |= Q(deposit=case.deposit_id)
    return Receipt.objects.filter(same, received_at__gt=case.proposed_at).exists()


def _after(subject: Subject, remedy: Remedy) -> None:
    """What follows from a case that is settled: for the deposit, the permanent number, and whom it concerns."""
    if subject.deposit is not None:
        clear_attention(subject.deposit, subject)
        if remedy.action == PaymentCase.Action.TAKE_BACK and remedy.is_whole:
            static.mark_reversed(subject.deposit)
    case_mail.send(subject.case, remedy)


def clear_attention(deposit: Deposit, subject: Subject) -> None:
    """A deposit needs attention for as long as a case about it is open."""
    others = deposit.cases.exclude(state=State.SETTLED).exclude(pk=subject.case.pk)
    left = others.order_by("pk").values_list("kind", flat=True).first() or ""
    if deposit.attention != left:
        deposit.attention = left
    touch(deposit, subject.now, "attention")


@transaction.atomic
def open_correction(*, actor: Actor, deposit: Deposit, note: str) -> PaymentCase:
    """A case about a deposit that staff found something wrong with; one at a time. Raises `ActionRefused`."""
    policy.require(actor, PROPOSE)
    if not note.strip():
        raise ActionRefused(code="note")
    row = Deposit.objects.select_for_update(no_key=True).get(pk=deposit.pk)
    mine = row.cases.filter(kind=PaymentCase.Kind.CORRECTION)
    if (standing := mine.exclude(state=State.SETTLED).first()) is not None:
        return standing
    receipt = row.receipts.order_by("pk").first()
    case = open_case(
        PaymentCase.Kind.CORRECTION,
        key=f"correction:{row.public_id}:{mine.count() + 1}",
        channel=receipt.channel if receipt else METHODS[row.method].channel,
        amount=row.received_amount or row.amount,
        currency=row.currency,
        deposit=row,
        attempt=(receipt.attempt if receipt else None) or row.attempts.order_by("-pk").first(),
        note=note.strip(),
        receipt=receipt,
    )
    row.attention = row.attention or PaymentCase.Kind.CORRECTION
    touch(row, now(), "attention")
    audit.record(
        actor, "payment_case.opened", target=case, after={"deposit": str(row.public_id), "reason": note.strip()}
    )
    return case


# --- locks: the deposit, its attempt, the case, the money (the order of payments/settlement) ---------------------


def _locked(case: PaymentCase) -> Subject:
    """The case and what it is about, locked and read again. Inside a transaction."""
    if case.deposit_id is not None:
        Deposit.objects.select_for_update(no_key=True).get(pk=case.deposit_id)
        list(PaymentAttempt.objects.select_for_update(no_key=True).filter(deposit=case.deposit_id).order_by("pk"))
    row = PaymentCase.objects.select_for_update(no_key=True, of=("self",)).annotate(database_now=Now()).get(pk=case.pk)
    if row.deposit_id != case.deposit_id:
        raise CaseMoved
    subject = _subject(row)
    if subject.receipt is not None:
        subject.receipt = Receipt.objects.select_for_update(no_key=True).get(pk=subject.receipt.pk)
    return subject


def _subject(case: PaymentCase) -> Subject:
    deposit = case.deposit
    receipt = case.receipt or (_main_receipt(deposit, case) if deposit else None)
    return Subject(case, receipt, deposit, case.attempt, getattr(case, "database_now", now()))


def _main_receipt(deposit: Deposit, case: PaymentCase) -> Receipt | None:
    """The money a deposit was paid with, for a case that came without any."""
    known = deposit.receipts.filter(place=Receipt.Place.WALLET)
    return known.filter(attempt=case.attempt_id).first() if case.attempt_id else known.order_by("pk").first()


def _waiting(case: PaymentCase) -> Subject:
    subject = _locked(case)
    if subject.case.state != State.PROPOSED or subject.case.version != case.version:
        raise CaseMoved
    return subject


def _save(case: PaymentCase, *fields: str) -> None:
    case.version += 1
    case.save(update_fields=["state", "version", *fields])


def _person(actor: Actor) -> User:
    if actor.user is None:
        raise SamePerson
    return actor.user


def _not_for_oneself(actor: Actor, remedy: Remedy) -> None:
    if remedy.customer is not None and actor.user is not None and remedy.customer.user_id == actor.user.pk:
        raise ActionRefused(code="own_wallet")


def needs_super_admin(remedy: Remedy) -> bool:
    """Above ``CASE_APPROVAL_LIMIT`` rupiah, and for money in another currency, a SuperAdmin approves."""
    if remedy.amount is None:
        return False
    return remedy.currency != "IDR" or remedy.amount > settings.CASE_APPROVAL_LIMIT


def _check_limit(actor: Actor, remedy: Remedy) -> None:
    if needs_super_admin(remedy) and Role.SUPER_ADMIN not in actor.roles:
        raise AboveLimit(format_money(Decimal(settings.CASE_APPROVAL_LIMIT), "IDR"))


def _facts(case: PaymentCase) -> Mapping[str, Any]:
    return {
        "action": case.action,
        "amount": str(case.action_amount) if case.action_amount is not None else "",
        "customer": str(case.action_customer.public_id) if case.action_customer else "",
        "reason": case.action_note,
        "ledger_reference": case.ledger_reference,
    }
