"""TeraPay contract, section Reports: what a client's programs did."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api.base import ApiRequest, ApiSchema, Figure, operation, uuid_path
from accounts.api.paging import NEXT, CursorPaging, Paging, cut, part, say_total
from accounts.models import ApiCall, ApiUser
from config.lib.masking import last_four
from payouts import wire
from payouts.api.shapes import REFERENCE, STATUS, TransactionOut, Type, transaction
from payouts.models import Payout
from payouts.routing import Routes
from payouts.wire import Status
from reports.selectors import clients as selectors
from reports.selectors.money import MAIN

router = Router(tags=["Reports"])


class ProgramTransactionOut(TransactionOut):
    receiver_account: str = Field(examples=["••••0184"], description="Only its last four digits.")
    developer_name: str


class VolumeQuery(Schema):
    type: str = Field("", description="bank or mobile; anything else counts both.")


class VolumeOut(ApiSchema):
    """Every status counts in ``count`` and ``totalAmount``; completed are those paid and not sent back. What is of a
    bank or an operator that we no longer know counts in all only."""

    client_id: UUID
    type: Literal["bank", "mobile", "all"]
    count: int
    total_amount: Figure
    currency: str = Field(examples=["SLE"])
    completed_count: int
    completed_amount: Figure


class CallerOut(ApiSchema):
    """Calls are kept for a while (90 days unless the gateway says otherwise); ``callCount`` counts those."""

    api_user_id: UUID
    developer_name: str
    call_count: int
    last_call_at: datetime | None


class LoggedCallOut(ApiSchema):
    timestamp: datetime
    method: str = Field(examples=["POST"])
    endpoint: str = Field(examples=["/api/payment/initiate"])
    status_code: int = Field(examples=[201])
    duration_ms: int
    ip_address: str | None = Field(examples=["198.51.100.7"])
    request_id: str


class CallLogOut(ApiSchema):
    """Those of this part of the log; an API user without any has an empty list."""

    api_user_id: UUID
    developer_name: str
    entries: list[LoggedCallOut]


class LogPaging(Schema):
    pageSize: int = Field(500, ge=1, le=500, description="Entries of all API users together.")
    cursor: str = Field("", max_length=24, description=f"Where the answer before went on: its {NEXT}.")


class DetailOut(ApiSchema):
    transaction_id: UUID
    amount: Figure
    currency: str = Field(examples=["SLE"])
    type: Type
    date: datetime
    status: Status = STATUS
    reference_number: str = REFERENCE


@operation(
    router,
    "reports.client-transactions",
    answer=list[ProgramTransactionOut],
    path=uuid_path("reports.client-transactions", "clientId"),
)
def transactions(
    request: ApiRequest, response: HttpResponse, clientId: UUID, paging: Query[CursorPaging]
) -> list[ProgramTransactionOut]:
    """All transactions started by a client's API users, newest first. Of account and number the last four digits."""
    client = selectors.one(request.actor, clientId)
    found = part(selectors.by_programs(request.actor, client), "-id", paging, response)
    routes = Routes()
    return [_by_program(payout, routes) for payout in found]


def _by_program(payout: Payout, routes: Routes) -> ProgramTransactionOut:
    known = dict(transaction(payout, routes)) | {"receiver_account": last_four(payout.receiver)}
    return ProgramTransactionOut(**known, developer_name=cast(ApiUser, payout.api_user).developer_name)


@operation(router, "reports.client-volume", answer=VolumeOut, path=uuid_path("reports.client-volume", "clientId"))
def volume(request: ApiRequest, clientId: UUID, query: Query[VolumeQuery]) -> VolumeOut:
    """Count and sum of a client's transactions, by kind if asked."""
    client = selectors.one(request.actor, clientId)
    found = selectors.volume(request.actor, client, query.type.strip().lower())
    return VolumeOut(
        client_id=client.public_id,
        type=cast(Any, found.kind),
        count=found.count,
        total_amount=found.amount,
        currency=MAIN,
        completed_count=found.completed_count,
        completed_amount=found.completed_amount,
    )


@operation(
    router, "reports.client-api-calls", answer=list[CallerOut], path=uuid_path("reports.client-api-calls", "clientId")
)
def api_calls(request: ApiRequest, response: HttpResponse, clientId: UUID, paging: Query[Paging]) -> list[CallerOut]:
    """API calls of a client, grouped by API user."""
    actor, client = request.actor, selectors.one(request.actor, clientId)
    found = selectors.callers(selectors.programs(client), selectors.calls_of_world(actor))
    return [
        CallerOut(
            api_user_id=one.public_id,
            developer_name=one.developer_name,
            call_count=one.call_count,
            last_call_at=one.last_call_at,
        )
        for one in cast(Iterable[Any], cut(found, paging, response))
    ]


@operation(
    router, "reports.client-audit-log", answer=list[CallLogOut], path=uuid_path("reports.client-audit-log", "clientId")
)
def audit_log(
    request: ApiRequest, response: HttpResponse, clientId: UUID, paging: Query[LogPaging]
) -> list[CallLogOut]:
    """Audit-log entries of each API user of a client, newest first."""
    actor, client = request.actor, selectors.one(request.actor, clientId)
    found = selectors.newest_calls(actor, client, cursor=paging.cursor, size=paging.pageSize)
    say_total(response, selectors.calls(actor, client))
    if found.next_cursor:
        response[NEXT] = found.next_cursor
    entries: dict[int | None, list[LoggedCallOut]] = {}
    for call in found.rows:
        entries.setdefault(call.api_user_id, []).append(_entry(call))
    return [
        CallLogOut(api_user_id=one.public_id, developer_name=one.developer_name, entries=entries.get(one.pk, []))
        for one in selectors.programs(client)
    ]


def _entry(call: ApiCall) -> LoggedCallOut:
    return LoggedCallOut(
        timestamp=call.created_at,
        method=call.method,
        endpoint=call.route,
        status_code=call.status,
        duration_ms=call.milliseconds,
        ip_address=call.address,
        request_id=call.request_id,
    )


@operation(
    router,
    "reports.client-transaction-details",
    answer=list[DetailOut],
    path=uuid_path("reports.client-transaction-details", "clientId"),
)
def details(
    request: ApiRequest, response: HttpResponse, clientId: UUID, paging: Query[CursorPaging]
) -> list[DetailOut]:
    """Detailed transaction list of a client, newest first."""
    client = selectors.one(request.actor, clientId)
    found = part(selectors.transactions(request.actor, client), "-id", paging, response)
    return [
        DetailOut(
            transaction_id=payout.public_id,
            amount=payout.amount,
            currency=payout.currency,
            type=cast(Type, payout.kind),
            date=payout.created_at,
            status=wire.wire_status(payout),
            reference_number=payout.reference,
        )
        for payout in found
    ]
