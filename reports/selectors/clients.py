"""What there is to report about one client (TeraPay contract 15): its transactions, its calls. Each in the reader's own
world, live or sandbox."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, DateTimeField, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.models import ApiCall, ApiUser, Client
from payouts.models import Bank, Payout, Telco
from payouts.models.states import State
from payouts.selectors import transfers
from reports.selectors.money import MAIN

BANK, MOBILE, ALL = "bank", "mobile", "all"
_END = 2**63 - 1


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
    return transactions(actor, client).filter(api_user__isnull=False).select_related("api_user", "client")


@dataclass(frozen=True)
class Volume:
    """In whole transactions and ``MAIN`` money; completed are those paid and not sent back."""

    kind: str
    count: int
    amount: Decimal
    completed_count: int
    completed_amount: Decimal


def volume(actor: Actor, client: Client, asked: str) -> Volume:
    """Count and sum of every status. "bank" and "mobile" go by the codes in our tables; any other word means all
    (TeraPay contract 15). What is of neither counts in all of them only."""
    kind = asked if asked in (BANK, MOBILE) else ALL
    paid = Q(state=State.COMPLETED)
    rows = _of_kind(transactions(actor, client).filter(currency=MAIN), kind).order_by()
    found = rows.aggregate(
        all=Count("pk"),
        all_money=Coalesce(Sum("amount"), Decimal(0)),
        paid=Count("pk", filter=paid),
        paid_money=Coalesce(Sum("amount", filter=paid), Decimal(0)),
    )
    return Volume(kind, found["all"], found["all_money"], found["paid"], found["paid_money"])


def _of_kind(rows: QuerySet[Payout], kind: str) -> QuerySet[Payout]:
    if kind == BANK:
        return rows.filter(receiver_code__in=list(Bank.objects.values_list("code", flat=True)))
    if kind == MOBILE:
        # Behind one leading zero: "076" is the operator of "76".
        return rows.filter(receiver_code__in=[f"0{code}" for code in Telco.objects.values_list("code", flat=True)])
    return rows


# --- calls ---------------------------------------------------------------------------------------


def callers(actor: Actor, client: Client) -> QuerySet[ApiUser]:
    """The API users of ``client`` with ``call_count`` and ``last_call_at``; those who never called too, with 0."""
    calls = ApiCall.objects.filter(api_user=OuterRef("pk"), is_sandbox=actor.is_sandbox)
    counted = calls.order_by().values("api_user").annotate(count=Count("pk")).values("count")
    last = calls.order_by("-id").values("created_at")[:1]
    return programs(client).annotate(
        call_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        last_call_at=Subquery(last, output_field=DateTimeField()),
    )


def programs(client: Client) -> QuerySet[ApiUser]:
    """The API users of ``client``, the oldest first."""
    return ApiUser.objects.filter(client=client).order_by("pk")


def calls(actor: Actor, client: Client) -> QuerySet[ApiCall]:
    """Every call of its API users that we still keep, refused ones too (TeraPay contract 15)."""
    return ApiCall.objects.filter(api_user__client=client, is_sandbox=actor.is_sandbox)


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
