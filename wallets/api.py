from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback
from pydantic import Field

from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation
from accounts.api.paging import NEXT, TOTAL
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.errors import BadField, NotAllowed
from accounts.models import Customer
from accounts.services.customers import require_confirmed
from accounts.services.idempotency import Body
from config.lib.clock import now
from config.lib.pagination import keyset
from wallets import selectors, services
from wallets.export import api_csv_lines
from wallets.lines import Line, lines_of
from wallets.models import Account, Posting
from wallets.selectors import Period
from wallets.services import Moved

router = Router(tags=["CustomerWallet"])

# Lines in one JSON statement; the next ones go on from there. CSV has no end.
MOST_LINES = 5000

Description = Annotated[str, Field(min_length=1, max_length=200)]


class BalanceOut(ApiSchema):
    customer_id: UUID
    balance: Figure
    available: Figure
    held: Figure
    currency: str
    as_of: datetime


class TransferIn(ApiSchema):
    recipient_customer_id: UUID
    amount: Amount
    description: Description


class TransferOut(ApiSchema):
    transfer_id: UUID
    debit_entry_id: UUID
    amount: Figure
    balance: Figure
    currency: str
    recipient_customer_id: UUID
    created_at: datetime


class PayIn(ApiSchema):
    amount: Amount
    description: Description
    external_reference: Annotated[str, Field(min_length=1, max_length=100)]


class PayOut(ApiSchema):
    payment_id: UUID
    entry_id: UUID
    type: Literal["debit"] = "debit"
    amount: Figure
    balance: Figure
    currency: str
    external_reference: str
    created_at: datetime


class EntryOut(ApiSchema):
    entry_id: UUID
    date: datetime
    type: Literal["credit", "debit"]
    amount: Figure
    balance_after: Figure
    description: str
    external_reference: str | None
    counterparty: str | None
    reference: str


class StatementOut(ApiSchema):
    opening_balance: Figure
    closing_balance: Figure
    total_credits: Figure
    total_debits: Figure
    currency: str
    start_date: date
    end_date: date
    time_zone: str
    entries: list[EntryOut]


@operation(router, "customer-wallet.balance", answer=BalanceOut)
def balance(request: ApiRequest) -> BalanceOut:
    """Read the caller's wallet balance."""
    customer = _customer(request)
    found = selectors.balance_of(_wallet(customer), settings.CUSTOMER_WALLET_CURRENCY)
    return BalanceOut(
        customer_id=customer.public_id,
        balance=found.balance,
        available=found.available,
        held=found.held,
        currency=found.currency,
        as_of=now(),
    )


@operation(router, "customer-wallet.transfer", answer=TransferOut, status=201)
def transfer(
    request: ApiRequest, response: HttpResponse, payload: TransferIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Move funds to another customer's wallet."""
    customer = _spender(request)

    def act() -> Body:
        recipient = selectors.recipient(customer, public_id=payload.recipient_customer_id)
        moved = services.send_money(
            actor=request.actor,
            sender=customer,
            recipient=recipient,
            amount=payload.amount,
            note=payload.description,
        )
        return {
            "transferId": str(moved.id),
            "debitEntryId": str(moved.entry_id),
            "recipientCustomerId": str(recipient.public_id),
            **_facts(moved),
        }

    return answer_once(
        request, response, operation="customer-wallet.transfer", key=idempotency_key, payload=payload, act=act
    )


@operation(router, "customer-wallet.pay", answer=PayOut, status=201)
def pay(
    request: ApiRequest, response: HttpResponse, payload: PayIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Pay from the caller's wallet."""
    customer = _spender(request)

    def act() -> Body:
        moved = services.pay_merchant(
            actor=request.actor,
            payer=customer,
            amount=payload.amount,
            note=payload.description,
            external_reference=payload.external_reference,
        )
        return {
            "paymentId": str(moved.id),
            "entryId": str(moved.entry_id),
            "externalReference": payload.external_reference,
            **_facts(moved),
        }

    return answer_once(
        request, response, operation="customer-wallet.pay", key=idempotency_key, payload=payload, act=act
    )


class StatementQuery(ApiSchema):
    start_date: str = Field(
        "",
        description="First day, yyyy-MM-dd; thirty days before the last when not given.",
        json_schema_extra={"format": "date"},
    )
    end_date: str = Field(
        "",
        description="Last day, yyyy-MM-dd, the whole of it; today when not given.",
        json_schema_extra={"format": "date"},
    )
    type: Literal["", "credit", "debit"] = ""
    format: Literal["json", "csv"] = "json"
    cursor: str = Field("", max_length=24, description=f"Where the answer before went on: its {NEXT}. JSON only.")


def _also_csv(operation: Operation) -> None:
    head = "".join(api_csv_lines(None, Posting.objects.none(), selectors.wallet_zone()))
    answers = {200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": head}}}}
    operation.openapi_extra = {**(operation.openapi_extra or {}), "responses": answers}


def _or_csv(view: Callable[..., Any]) -> Callable[..., Any]:
    contribute_operation_callback(view, _also_csv)
    return view


@operation(router, "customer-wallet.statement", answer=StatementOut)
@_or_csv
def statement(request: ApiRequest, response: HttpResponse, query: Query[StatementQuery]) -> Any:
    """Statement of the caller's wallet as JSON or CSV."""
    account = _wallet(_customer(request))
    period = _period(query)
    rows = selectors.entries(account, period) if account else Posting.objects.none()
    total = str(rows.count())
    if query.format == "csv":
        return _csv(account, rows, period, total)
    response[TOTAL] = total
    page = keyset(rows, order_by="-version", cursor=query.cursor, size=MOST_LINES)
    if page.next_cursor:
        response[NEXT] = page.next_cursor
    return _statement(account, page.items, period)


def _period(query: StatementQuery) -> Period:
    """Days in the zone of the wallets, both included; without days, the last thirty."""
    zone = selectors.wallet_zone()
    last = _day(query, "end_date") or now().astimezone(zone).date()
    first = _day(query, "start_date") or max(last, date(1970, 2, 1)) - timedelta(days=30)
    if first > last:
        raise BadField("start_date", _("The end is before the beginning."))
    return Period(zone, first, last, query.type)


def _day(query: StatementQuery, name: str) -> date | None:
    text = getattr(query, name)
    if not text:
        return None
    with suppress(ValueError):
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        if len(text) == 10 and date(1970, 1, 1) <= day <= date(2200, 1, 1):
            return day
    raise BadField(name, _("Write a day as 2026-11-21."))


def _statement(account: Account | None, page: Sequence[Posting], period: Period) -> StatementOut:
    """The sums are the period's, whichever page of its lines this is."""
    sums = selectors.sums(account, period)
    return StatementOut(
        opening_balance=sums.opening,
        closing_balance=sums.closing,
        total_credits=sums.credits,
        total_debits=sums.debits,
        currency=settings.CUSTOMER_WALLET_CURRENCY,
        start_date=period.first or date.min,
        end_date=period.last or date.max,
        time_zone=str(period.zone),
        entries=[_entry(account, line) for line in lines_of(account, page)] if account else [],
    )


def _entry(account: Account, line: Line) -> EntryOut:
    posting = line.posting
    return EntryOut(
        entry_id=selectors.entry_id(line.moved.reference, account.code),
        date=posting.created_at,
        type="credit" if posting.amount > 0 else "debit",
        amount=abs(posting.amount),
        balance_after=posting.balance_after,
        description=line.moved.memo,
        external_reference=line.external_reference or None,
        counterparty=line.party or None,
        reference=line.moved.reference,
    )


def _csv(account: Account | None, rows: QuerySet[Posting], period: Period, total: str) -> HttpResponseBase:
    """All lines, however many: they are read and sent piece by piece."""
    pieces = api_csv_lines(account, rows, period.zone)
    answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="statement-{period.first}-{period.last}.csv"'
    answer[TOTAL] = total
    return answer


def _facts(moved: Moved) -> Body:
    return {
        "amount": str(moved.amount),
        "balance": str(moved.balance),
        "currency": settings.CUSTOMER_WALLET_CURRENCY,
        "createdAt": moved.created_at.isoformat(),
    }


def _spender(request: ApiRequest) -> Customer:
    customer = _customer(request)
    require_confirmed(customer)
    return customer


def _customer(request: ApiRequest) -> Customer:
    """The caller; with a sandbox key its twin of the sandbox."""
    if request.actor.customer is None:
        raise NotAllowed
    return request.actor.customer


def _wallet(customer: Customer) -> Account | None:
    return Account.objects.filter(customer=customer, currency=settings.CUSTOMER_WALLET_CURRENCY).first()
