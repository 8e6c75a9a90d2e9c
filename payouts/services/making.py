"""From what was asked for to rows: checked, judged by the rules against fraud, stored (TeraPay contract 8 and 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.models import Client
from accounts.services.fields import Fields
from config.lib.clock import now
from config.lib.ids import new_dated_reference
from config.lib.money import InvalidAmount, check_amount
from payouts import fraud
from payouts.errors import BadDestination
from payouts.fees import Fees
from payouts.fraud import Asker, Candidate, Flag
from payouts.models import Payout
from payouts.models.states import Problem, Reason, Source, State
from payouts.routing import Route, Routes

# No currency is on the wire of the contract: it is leones.
CURRENCY = "SLE"
LONGEST_NARRATION, LONGEST_NAME = 200, 120


@dataclass(frozen=True, slots=True)
class Wish:
    """One payment that is asked for, clean: ``amount`` in leones."""

    route: Route
    amount: Decimal
    narration: str
    receiver_name: str = ""


@dataclass(frozen=True)
class Call:
    """What all payments of one call share."""

    actor: Actor
    client: Client
    source: Source = Source.TRANSFER
    batch_reference: str = ""
    destination: Client | None = None

    @property
    def asker(self) -> Asker:
        return Asker(
            client=self.client,
            is_sandbox=self.actor.is_sandbox,
            api_user=self.actor.api_user,
            person=self.actor.user,
            is_bulk=self.source != Source.TRANSFER,
            currency=CURRENCY,
        )


def account_of(routes: Routes, number: str, field: str) -> Route:
    """Raises `BadDestination` for ``field``."""
    try:
        return routes.account(number)
    except BadDestination as error:
        raise BadDestination(error.problem, field=field) from None


def phone_of(routes: Routes, number: str, field: str) -> Route:
    """Raises `BadDestination` for ``field``."""
    try:
        return routes.phone(number)
    except BadDestination as error:
        raise BadDestination(error.problem, field=field) from None


def check(amount: Decimal, field: str = "amount") -> Decimal:
    """A positive amount of leones. Raises `BadField`."""
    try:
        return check_amount(amount, CURRENCY)
    except InvalidAmount:
        is_fine = amount.is_finite() and amount.as_tuple().exponent < -2  # type: ignore[operator]
        problem = Problem.TOO_FINE if is_fine and amount > 0 else Problem.BAD_AMOUNT
        raise BadField(field, problem.label) from None


def texts(given: Mapping[str, Any]) -> tuple[str, str]:
    """Narration and name of the receiver, each one line, possibly empty. Raises `Invalid` with what is wrong."""
    fields = Fields(given)
    narration = fields.line("narration", most=LONGEST_NARRATION)
    name = fields.line("receiver_name", most=LONGEST_NAME)
    fields.check()
    return narration, name


def store(call: Call, wishes: Sequence[Wish]) -> list[Payout]:
    """A row for each wish, in order: waiting (for its code, or for the caller to let it go), or rejected where a rule
    blocks it. In the caller's transaction, in which nobody else's payments of this client are judged meanwhile."""
    fraud.take_turn(call.client, is_sandbox=call.actor.is_sandbox)
    verdicts = fraud.judge(call.asker, [Candidate(wish.route.receiver, wish.amount) for wish in wishes])
    fees = Fees(call.client, CURRENCY)
    payouts = [
        _payout(call, wish, fees.of(wish.route.kind, wish.amount), flags)
        for wish, flags in zip(wishes, verdicts, strict=True)
    ]
    return Payout.objects.bulk_create(payouts)


def _payout(call: Call, wish: Wish, fee: Decimal, flags: Sequence[Flag]) -> Payout:
    return Payout(
        reference=new_dated_reference("TP"),
        client=call.client,
        is_sandbox=call.actor.is_sandbox,
        api_user=call.actor.api_user,
        created_by=call.actor.user,
        source=call.source,
        batch_reference=call.batch_reference,
        destination_client=call.destination,
        kind=wish.route.kind,
        receiver=wish.route.receiver,
        receiver_code=wish.route.code,
        receiver_name=wish.receiver_name,
        amount=wish.amount,
        fee=fee,
        currency=CURRENCY,
        narration=wish.narration,
        is_flagged=bool(flags),
        flags=[flag.as_json() for flag in flags],
        **_beginning(call.source, fraud.is_blocked(flags)),
    )


def _beginning(source: Source, is_blocked: bool) -> dict[str, Any]:
    moment = now()
    if is_blocked:
        return {"state": State.REJECTED, "reason": Reason.BLOCKED, "created_at": moment, "closed_at": moment}
    patience = timedelta(minutes=settings.PAYOUT_PENDING_MINUTES) if source == Source.TRANSFER else timedelta(0)
    until = moment + patience
    return {"created_at": moment, "due_at": until, "expires_at": until if patience else None}
