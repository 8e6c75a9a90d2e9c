"""What staff decide about money out: which banks and operators are served, what a payment costs, whom nobody pays."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts.access.actors import Actor
from accounts.models import Client
from accounts.services import audit
from payouts.errors import AlreadyThere, LastRule
from payouts.models import Bank, BlockedReceiver, FeeRule, Telco
from payouts.models.states import Kind
from payouts.routing import Routes


@dataclass(frozen=True)
class BankFacts:
    """What may be changed about a bank; its code never."""

    name: str
    short_name: str
    swift_code: str
    is_verified: bool


def add_bank(*, actor: Actor, code: str, facts: BankFacts) -> Bank:
    """Serve one more bank. Raises `AlreadyThere` for a code that is taken."""
    try:
        with transaction.atomic():
            bank = Bank.objects.create(code=code, **_fields(facts))
            audit.record(actor, "bank.added", target=bank, after={"code": code, **_fields(facts)})
    except IntegrityError as error:
        raise AlreadyThere from error
    return bank


@transaction.atomic
def change_bank(*, actor: Actor, bank: Bank, facts: BankFacts) -> None:
    """Put right what a bank is called."""
    bank = Bank.objects.select_for_update().get(pk=bank.pk)
    before = {name: getattr(bank, name) for name in _fields(facts)}
    if before == _fields(facts):
        return
    for name, value in _fields(facts).items():
        setattr(bank, name, value)
    bank.save(update_fields=list(before))
    audit.record(actor, "bank.changed", target=bank, before=before, after=_fields(facts))


def _fields(facts: BankFacts) -> dict[str, object]:
    return {
        "name": facts.name,
        "short_name": facts.short_name,
        "swift_code": facts.swift_code,
        "is_verified": facts.is_verified,
    }


@transaction.atomic
def switch(*, actor: Actor, place: Bank | Telco, is_active: bool) -> None:
    """Serve a bank or an operator's prefix from now on, or no longer. What is on its way goes on; quiet if it is so
    already."""
    row = type(place)._default_manager.select_for_update().get(pk=place.pk)
    if row.is_active == is_active:
        return
    row.is_active = is_active
    row.save(update_fields=["is_active"])
    kind = "bank" if isinstance(row, Bank) else "operator"
    word = "opened" if is_active else "closed"
    audit.record(actor, f"{kind}.{word}", target=row, after={"code": row.code, "name": row.name})


@dataclass(frozen=True)
class Price:
    """``fixed`` plus ``percent`` of the amount, at least ``minimum`` and at most ``maximum``; in SLE."""

    fixed: Decimal
    percent: Decimal
    minimum: Decimal
    maximum: Decimal | None


def add_fee(*, actor: Actor, client: Client, kind: str, price: Price) -> FeeRule:
    """A price of its own for one client. Raises `AlreadyThere`."""
    try:
        with transaction.atomic():
            rule = FeeRule.objects.create(client=client, kind=Kind(kind), **_figures(price))
            audit.record(actor, "fee_rule.added", target=rule, client=client, after=_told(rule))
    except IntegrityError as error:
        raise AlreadyThere from error
    return rule


@transaction.atomic
def change_fee(*, actor: Actor, rule: FeeRule, price: Price) -> None:
    """What payments cost from now on; those that were asked for keep their fee."""
    rule = FeeRule.objects.select_for_update(of=("self",)).select_related("client").get(pk=rule.pk)
    before = _told(rule)
    for name, value in _figures(price).items():
        setattr(rule, name, value)
    rule.save(update_fields=[*_figures(price), "updated_at"])
    if _told(rule) != before:
        audit.record(actor, "fee_rule.changed", target=rule, client=rule.client, before=before, after=_told(rule))


@transaction.atomic
def remove_fee(*, actor: Actor, rule: FeeRule) -> None:
    """The client pays what everybody pays. Raises `LastRule` for the rule for everybody."""
    if rule.client is None:
        raise LastRule
    audit.record(actor, "fee_rule.removed", target=rule, client=rule.client, before=_told(rule))
    rule.delete()


def _figures(price: Price) -> dict[str, Decimal | None]:
    return {"fixed": price.fixed, "percent": price.percent, "minimum": price.minimum, "maximum": price.maximum}


def _told(rule: FeeRule) -> dict[str, object]:
    figures = {name: getattr(rule, name) for name in ("fixed", "percent", "minimum", "maximum")}
    told = {name: "" if value is None else f"{value.normalize():f}" for name, value in figures.items()}
    return {"kind": rule.kind, "client": rule.client.name if rule.client else "", **told}


def block(*, actor: Actor, destination: str, client: Client | None, why: str) -> BlockedReceiver:
    """Let nobody (or one client not) pay an account or number from now on; what is on its way goes on.

    Raises `BadDestination`, `AlreadyThere`.
    """
    receiver = Routes().of(destination).receiver
    try:
        with transaction.atomic():
            row = BlockedReceiver.objects.create(receiver=receiver, client=client, why=why[:200], created_by=actor.user)
            after = {"receiver": receiver, "client": client.name if client else "", "reason": row.why}
            audit.record(actor, "blocked_receiver.added", target=row, client=client, after=after)
    except IntegrityError as error:
        raise AlreadyThere from error
    return row


@transaction.atomic
def unblock(*, actor: Actor, row: BlockedReceiver) -> None:
    """It may be paid again."""
    before = {"receiver": row.receiver, "client": row.client.name if row.client else "", "reason": row.why}
    audit.record(actor, "blocked_receiver.removed", target=row, client=row.client, before=before)
    row.delete()
