"""What there is to report about one client (TeraPay contract 15): its transactions, its calls. Each in the reader's own
world, live or sandbox."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.models import ApiCall, ApiUser, Client
from payouts.models import Bank, Payout, Telco
from payouts.models.states import Kind, State
from payouts.selectors import transfers
from reports.selectors.money import MAIN

BANK, MOBILE, ALL = "bank", "mobile", "all"
_PLACES = {BANK: Kind.BANK, MOBILE: Kind.MOBILE}
_END = 2**63 - 1
_PAID = Q(state=State.COMPLETED)
# What transactions add up to: all of them, and those paid and not sent back.
SUMS = {
    "s_count": Count("pk"),
    "s_amount": Coalesce(Sum("amount"), Decimal(0)),
    "s_paid": Count("pk", filter=_PAID),
    "s_paid_amount": Coalesce(Sum("amount", filter=_PAID), Decimal(0)),
}


def one(actor: Actor, public_id: UUID) -> Client:
    """Raises `NotFound` for an unknown client and for a stranger's alike."""
    found = policy.clients_seen_by(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def transactions(actor: Actor, client: Client) -> QuerySet[Payout]:
    """All transactions of ``client``, newest first."""
    return transfers.seen(actor).filter(client=client)


def by_programs(actor: Actor, client: Client) -> QuerySet[Payout]:
    """Those that its API users asked for."""
    return of_programs(transactions(actor, client)).select_related("api_user", "client")


def of_programs(payouts: QuerySet[Payout]) -> QuerySet[Payout]:
    """Those of ``payouts`` that API users asked for."""
    return payouts.filter(api_user__isnull=False)


@dataclass(frozen=True)
class Volume:
    """In whole transactions and ``MAIN`` money; completed are those paid and not sent back."""

    kind: str
    count: int
    amount: Decimal
    completed_count: int
    completed_amount: Decimal


def volume(actor: Actor, client: Client, asked: str) -> Volume:
    """Count and sum of every status; any word but "bank" and "mobile" means all (TeraPay contract 15)."""
    kind = asked if asked in (BANK, MOBILE) else ALL
    rows = transactions(actor, client).filter(currency=MAIN).order_by()
    chosen: QuerySet[Any, Any] = rows if kind == ALL else by_place(rows).filter(place=_PLACES[kind])
    found = chosen.aggregate(**SUMS)
    return Volume(kind, found["s_count"], found["s_amount"], found["s_paid"], found["s_paid_amount"])


def by_place(payouts: QuerySet[Payout]) -> QuerySet[Any, Any]:
    """``payouts`` with ``place``: a kind by the codes in our tables, "" for what is of neither and counts in all of
    them only (TeraPay contract 15). Two queries."""
    banks = list(Bank.objects.values_list("code", flat=True))
    # Behind one leading zero: "076" is the operator of "76".
    operators = [f"0{code}" for code in Telco.objects.values_list("code", flat=True)]
    known = {Kind.BANK: banks, Kind.MOBILE: operators}
    cases = [When(receiver_code__in=codes, then=Value(kind.value)) for kind, codes in known.items()]
    return payouts.annotate(place=Case(*cases, default=Value(""), output_field=CharField()))


# --- calls ---------------------------------------------------------------------------------------


def callers(users: QuerySet[ApiUser], calls: QuerySet[ApiCall]) -> QuerySet[ApiUser]:
    """``users`` with ``call_count`` and ``last_call_at``, of theirs among ``calls``; those without any too, with 0."""
    theirs = calls.filter(api_user=OuterRef("pk"))
    counted = theirs.order_by().values("api_user").annotate(count=Count("pk")).values("count")
    last = theirs.order_by("-id").values("created_at")[:1]
    return users.annotate(
        call_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        last_call_at=Subquery(last, output_field=DateTimeField()),
    )


def programs(client: Client) -> QuerySet[ApiUser]:
    """The API users of ``client``, the oldest first."""
    return ApiUser.objects.filter(client=client).order_by("pk")


def calls(actor: Actor, client: Client) -> QuerySet[ApiCall]:
    """Every call of its API users that we still keep, refused ones too (TeraPay contract 15)."""
    return calls_of_world(actor).filter(api_user__client=client)


def calls_seen(actor: Actor) -> QuerySet[ApiCall]:
    """Every call of the API users that ``actor`` sees."""
    return calls_of_world(actor).filter(api_user__in=policy.api_users_seen_by(actor))


def calls_of_world(actor: Actor) -> QuerySet[ApiCall]:
    """Every call with a key of the world, live or sandbox, that ``actor`` is in."""
    return ApiCall.objects.filter(is_sandbox=actor.is_sandbox)


# The newest of all: each API user gives its own newest by its index, however many calls there are of each.
_NEWEST = """
    SELECT newest.id FROM accounts_apiuser u CROSS JOIN LATERAL (
        SELECT id FROM accounts_apicall
         WHERE api_user_id = u.id AND is_sandbox = %(is_sandbox)s AND id < %(before)s
         ORDER BY id DESC LIMIT %(most)s
    ) newest
     WHERE u.client_id = %(client)s ORDER BY newest.id DESC LIMIT %(most)s
"""


@dataclass(frozen=True)
class Calls:
    """A part of the log, newest first; ``next_cursor`` says where it goes on."""

    rows: list[ApiCall]
    next_cursor: str


def newest_calls(actor: Actor, client: Client, *, cursor: str, size: int) -> Calls:
    """``size`` calls from where ``cursor`` (of an earlier part) says. Two queries."""
    edge = cursor[1:]
    follows = cursor[:1] == "n" and edge.isascii() and edge.isdigit() and len(edge) < 19
    given = {"is_sandbox": actor.is_sandbox, "client": client.pk, "most": size + 1}
    with connection.cursor() as asked:
        asked.execute(_NEWEST, {**given, "before": int(edge) if follows else _END})
        found = [row[0] for row in asked.fetchall()]
    rows = list(ApiCall.objects.filter(pk__in=found[:size]).order_by("-id"))
    return Calls(rows, f"n{found[size - 1]}" if len(found) > size else "")
