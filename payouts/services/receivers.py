"""What is known of a payment before anybody asks for it: whose account it is, what it costs, what it leaves."""

from dataclasses import dataclass
from decimal import Decimal

from redis.exceptions import RedisError

from accounts.access import policy
from accounts.access.actors import Actor
from config.lib.limits import TokenWindow
from payouts import fraud, rails
from payouts.errors import BadDestination
from payouts.fees import Fees
from payouts.providers.types import Holder
from payouts.routing import Route, Routes
from payouts.selectors import balances

# Names are for who is about to pay, not for who collects them.
_LOOKUPS_A_MINUTE = 40


@dataclass(frozen=True)
class Outlook:
    """``route`` where the destination is understood, else ``problem`` in words (none while nothing was entered).

    ``fits`` compares the name that was typed with the one the bank gave, as far as it shows it; None: not known.
    Money in SLE; ``spent`` counts against ``limit`` of any 24 hours.
    """

    route: Route | None
    problem: str
    holder: Holder | None
    fits: bool | None
    amount: Decimal | None
    fee: Decimal
    available: Decimal
    spent: Decimal
    limit: Decimal

    @property
    def total(self) -> Decimal:
        return (self.amount or Decimal(0)) + self.fee

    @property
    def after(self) -> Decimal:
        return self.available - self.total

    @property
    def left(self) -> Decimal:
        """Of the day's limit, this payment counted."""
        return self.limit - self.spent - (self.amount or Decimal(0))

    @property
    def low(self) -> Decimal:
        """Below it little is left."""
        return self.limit / 5

    @property
    def unknown_account(self) -> bool:
        return self.holder is not None and not self.holder.found


def look_ahead(*, actor: Actor, destination: str, amount: Decimal | None = None, name: str = "") -> Outlook:
    """Everything worth knowing before a transfer; asks the rail whose account it is, so no transaction may be open."""
    client = policy.own_client(actor)
    route, problem = _route(destination)
    holder = holder_of(actor=actor, route=route) if route else None
    asker = fraud.Asker(client, actor.is_sandbox)
    return Outlook(
        route=route,
        problem=problem,
        holder=holder,
        fits=names_fit(name, holder.name) if holder and holder.found else None,
        amount=amount,
        fee=Fees(client).of(route.kind, amount) if route and amount else Decimal(0),
        available=balances.available(client, is_sandbox=actor.is_sandbox),
        spent=fraud.spent_lately(asker),
        limit=Decimal(fraud.limit_of_day(asker)),
    )


def _route(destination: str) -> tuple[Route | None, str]:
    if not destination.strip():
        return None, ""
    try:
        return Routes().of(destination), ""
    except BadDestination as refusal:
        return None, str(refusal.message)


def holder_of(*, actor: Actor, route: Route) -> Holder | None:
    """Whose account or number it is; None when the rail does not say just now, or was asked too often."""
    who = f"user:{actor.user.pk}" if actor.user else "nobody"
    try:
        wait = TokenWindow(f"payouts:names:{who}", limit=_LOOKUPS_A_MINUTE, seconds=60).take()
    except RedisError:
        return None
    return None if wait else rails.holder_of(route.kind, route.code, route.receiver, is_sandbox=actor.is_sandbox)


def names_fit(typed: str, given: str) -> bool | None:
    """Whether a name that was typed can be the bank's, whose letters may be masked ("A*** S****").

    Every word of the shorter one must stand in the other, in any order. None where there is nothing to compare.
    """
    wanted, words = typed.casefold().split(), given.casefold().split()
    if not wanted or not words:
        return None
    left = list(words)
    hits = 0
    for word in wanted:
        match = next((other for other in left if _same_word(word, other)), None)
        if match is not None:
            left.remove(match)
            hits += 1
    return hits >= min(len(wanted), len(words))


def _same_word(typed: str, given: str) -> bool:
    if "*" not in given:
        return typed == given
    bare = given.rstrip("*")
    return len(typed) == len(given) and typed.startswith(bare)
