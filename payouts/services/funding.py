"""Top-ups of clients: announced by the client, found on our bank statement by one of us, confirmed by another."""

from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import Client
from accounts.services import audit
from config.lib.clock import now
from config.lib.ids import new_dated_reference
from config.lib.jobs import nudge
from config.lib.money import EXPONENTS, InvalidAmount, check_amount, format_money
from payouts import books, tasks
from payouts.errors import BadFunding, FundingMoved, NoFundingHere, SameBankReference, SamePerson, TooManyFundings
from payouts.models import Funding
from wallets.services import Purse, credit_client

OPEN_LIMIT = 20
State = Funding.State
_OPEN = (State.ANNOUNCED, State.FOUND)


def currencies() -> list[str]:
    """What a client can be topped up in: the currencies we have a bank account for."""
    return [currency for currency in settings.CLIENT_FUNDING_ACCOUNTS if currency in EXPONENTS]


@transaction.atomic
def announce(*, actor: Actor, amount: Decimal, currency: str, note: str = "") -> Funding:
    """Say that ``amount`` is on its way to our bank account; the reference is to be written on the transfer.

    Raises `BadFunding` (amount, currency), `NoFundingHere`, `TooManyFundings`.
    """
    client = policy.own_client(actor)
    if currency not in currencies():
        raise NoFundingHere
    _check(amount, currency)
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    if Funding.objects.filter(client=client, is_sandbox=False, state__in=_OPEN).count() >= OPEN_LIMIT:
        raise TooManyFundings
    funding = _new(actor, client, amount, currency, note)
    audit.record(actor, "funding.announced", target=funding, client=client, after=_facts(funding))
    return funding


@transaction.atomic
def play(*, actor: Actor, amount: Decimal, currency: str = "SLE") -> Funding:
    """Play money for the sandbox balance, at once. Raises `BadFunding`."""
    client = policy.own_client(actor)
    _check(amount, currency)
    if amount > settings.CLIENT_PLAY_MONEY_MAXIMUM:
        most = format_money(Decimal(settings.CLIENT_PLAY_MONEY_MAXIMUM), currency)
        raise BadFunding("amount", _("At most %(most)s at a time.") % {"most": most})
    moment = now()
    funding = _new(actor, client, amount, currency, "", is_sandbox=True, state=State.CREDITED, closed_at=moment)
    _credit(actor, funding, amount)
    return funding


@transaction.atomic
def call_off(*, actor: Actor, funding: Funding) -> Funding:
    """Take an announcement back. Raises `FundingMoved` once somebody here has found the money."""
    funding = _locked(funding, State.ANNOUNCED)
    funding.state, funding.closed_at = State.CANCELLED, now()
    funding.save(update_fields=["state", "closed_at"])
    audit.record(actor, "funding.cancelled", target=funding)
    return funding


@transaction.atomic
def find(*, actor: Actor, funding: Funding, received: Decimal, bank_reference: str) -> Funding:
    """The first person: ``received`` stands on our statement under ``bank_reference``.

    Raises `FundingMoved`, `BadFunding`, `SameBankReference` when that line was used for another top-up.
    """
    funding = _locked(funding, State.ANNOUNCED)
    _check(received, funding.currency)
    funding.state, funding.found_by, funding.found_at = State.FOUND, actor.user, now()
    # Spaces and small letters are the typist's, not the bank's: one line is one line.
    funding.received_amount, funding.bank_reference = received, "".join(bank_reference.split()).upper()
    try:
        with transaction.atomic():
            funding.save(update_fields=["state", "found_by", "found_at", "received_amount", "bank_reference"])
    except IntegrityError as error:
        raise SameBankReference from error
    audit.record(actor, "funding.found", target=funding, after=_facts(funding))
    return funding


@transaction.atomic
def confirm(*, actor: Actor, funding: Funding, seen: str = "") -> Funding:
    """The second person: what was found goes into the client's balance. ``seen`` names what the person has looked at
    (`Funding.finding`); another finding since then is not confirmed.

    Raises `FundingMoved`, `SamePerson`, `AccountFrozen` of the ledger.
    """
    funding = _locked(funding, State.FOUND)
    found = funding.received_amount
    if found is None or seen not in ("", funding.finding):
        raise FundingMoved
    if actor.user is None or funding.found_by_id == actor.user.pk:
        raise SamePerson
    funding.state, funding.confirmed_by, funding.closed_at = State.CREDITED, actor.user, now()
    funding.save(update_fields=["state", "confirmed_by", "closed_at"])
    _credit(actor, funding, found)
    audit.record(actor, "funding.confirmed", target=funding, after=_facts(funding))
    return funding


@transaction.atomic
def put_back(*, actor: Actor, funding: Funding, reason: str) -> Funding:
    """The second person does not agree: it is looked for again. Raises `FundingMoved`."""
    funding = _locked(funding, State.FOUND)
    funding.state, funding.reason = State.ANNOUNCED, reason
    funding.found_by = funding.found_at = funding.received_amount = None
    funding.bank_reference = ""
    funding.save()
    audit.record(actor, "funding.put_back", target=funding, after={"reason": reason})
    return funding


@transaction.atomic
def refuse(*, actor: Actor, funding: Funding, reason: str) -> Funding:
    """The money never came. Raises `FundingMoved`."""
    funding = _locked(funding, State.ANNOUNCED)
    funding.state, funding.reason, funding.closed_at = State.REFUSED, reason, now()
    funding.save(update_fields=["state", "reason", "closed_at"])
    audit.record(actor, "funding.refused", target=funding, after={"reason": reason})
    return funding


def _check(amount: Decimal, currency: str) -> None:
    try:
        check_amount(amount, currency)
    except InvalidAmount as error:
        raise BadFunding("amount", _("Enter an amount, with at most two decimals.")) from error


def _new(actor: Actor, client: Client, amount: Decimal, currency: str, note: str, **more: object) -> Funding:
    return Funding.objects.create(
        reference=new_dated_reference("TF"),
        client=client,
        amount=amount,
        currency=currency,
        note=note,
        announced_by=actor.user,
        **more,
    )


def _credit(actor: Actor, funding: Funding, amount: Decimal) -> None:
    credit_client(
        purse=Purse(funding.client, funding.currency, funding.is_sandbox),
        source=books.funding(funding.is_sandbox),
        amount=amount,
        kind="funding",
        reference=f"funding:{funding.public_id}",
        subject=f"funding:{funding.public_id}",
        memo=funding.note,
        caused_by=actor.user,
    )
    # Batches may have waited for it.
    nudge(tasks.batches)


def _locked(funding: Funding, *states: str) -> Funding:
    row = Funding.objects.select_for_update(of=("self",)).select_related("client").get(pk=funding.pk)
    if row.state not in states:
        raise FundingMoved
    return row


def _facts(funding: Funding) -> dict[str, str]:
    return {
        "amount": str(funding.amount),
        "currency": funding.currency,
        "received": str(funding.received_amount or ""),
        "bank_reference": funding.bank_reference,
    }
