"""TeraPay contract, section Reports: hosted checkouts."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api import ranges
from accounts.api.base import ApiRequest, ApiSchema, Figure, operation
from accounts.api.paging import TOTAL
from checkout.wire import Status, page_url
from reports.selectors import checkout as selectors
from reports.selectors.money import currency_of_totals

router = Router(tags=["Reports"])


class CheckoutReportOut(ApiSchema):
    """``paymentReference`` is the card payment or deposit that paid it."""

    session_id: UUID
    session_url: str = Field(examples=["https://pay.example/pay/0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10"])
    reference: str = Field(examples=["CO20261121K7M2P9QXA3"])
    client_id: UUID
    amount: Figure
    currency: str = Field(examples=["SLE"])
    description: str = Field(examples=["Order 4711"])
    return_url: str = Field(examples=["https://shop.example/thanks"])
    status: Status
    payment_reference: str | None = Field(examples=[None])
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None


class SessionPaging(Schema):
    page: int = Field(1, ge=1, le=1_000_000, description="From 1.")
    pageSize: int = Field(50, ge=1, le=200)


class CheckoutPageOut(ApiSchema):
    items: list[CheckoutReportOut]
    page: int
    page_size: int
    total: int
    total_pages: int


class SummaryQuery(Schema):
    since: str = ranges.FROM
    until: str = ranges.TO
    currency: Literal["", "SLE", "IDR", "USD"] = Field(
        "", description="What totals are in; else the only currency there is, else SLE."
    )


class CheckoutStatusOut(ApiSchema):
    status: Status
    currency: str = Field(examples=["SLE"])
    count: int
    amount: Figure


class CheckoutSummaryOut(ApiSchema):
    """Of the sessions made from ``from`` to ``to``, both inclusive. ``totalSessions`` counts every one; money totals
    are in ``currency``, and ``byStatus`` keeps the currencies apart."""

    since: datetime | None = Field(alias="from")
    until: datetime | None = Field(alias="to")
    currency: str = Field(examples=["SLE"])
    total_sessions: int
    total_amount: Figure
    completed_amount: Figure
    by_status: list[CheckoutStatusOut]


@operation(router, "reports.checkout-sessions", answer=CheckoutPageOut)
def list_sessions(request: ApiRequest, response: HttpResponse, paging: Query[SessionPaging]) -> CheckoutPageOut:
    """Hosted-checkout sessions, paged, newest first."""
    found = selectors.page(request.actor, number=paging.page, size=paging.pageSize)
    response[TOTAL] = str(found.total)
    return CheckoutPageOut(
        items=[_shown(one) for one in found.items],
        page=paging.page,
        page_size=paging.pageSize,
        total=found.total,
        total_pages=-(-found.total // paging.pageSize),
    )


@operation(router, "reports.checkout-summary", answer=CheckoutSummaryOut)
def summary(request: ApiRequest, query: Query[SummaryQuery]) -> CheckoutSummaryOut:
    """Checkout volume and counts by status."""
    asked = ranges.between(query.since, query.until)
    found = selectors.summary(request.actor, asked.on("created_at"))
    currency = currency_of_totals(query.currency, (one.currency for one in found))
    ours = [one for one in found if one.currency == currency]
    return CheckoutSummaryOut(
        currency=currency,
        total_sessions=sum(one.count for one in found),
        total_amount=sum((one.amount for one in ours), Decimal(0)),
        completed_amount=sum((one.amount for one in ours if one.status == "Completed"), Decimal(0)),
        by_status=[
            CheckoutStatusOut(status=one.status, currency=one.currency, count=one.count, amount=one.amount)
            for one in found
        ],
        **{"from": asked.first, "to": asked.last},
    )


def _shown(one: selectors.Listed) -> CheckoutReportOut:
    session = one.session
    return CheckoutReportOut(
        session_id=session.public_id,
        session_url=page_url(session),
        reference=session.reference,
        client_id=session.client.public_id,
        amount=session.amount,
        currency=session.currency,
        description=session.description,
        return_url=session.return_url,
        status=one.status,
        payment_reference=session.payment_reference or None,
        created_at=session.created_at,
        expires_at=session.expires_at,
        completed_at=session.completed_at,
    )
