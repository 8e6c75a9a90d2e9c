"""TeraPay contract, section Reports: payments by card."""

from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from accounts.api import ranges
from accounts.api.base import ApiRequest, ApiSchema, Figure, operation
from accounts.api.paging import CursorPaging, part
from accounts.errors import BadField
from cards import wire
from cards.models import CardPayment
from cards.wire import Status
from reports.selectors import cards as selectors
from reports.selectors.money import currency_of_totals

router = Router(tags=["Reports"])

_WORDS: dict[str, Status] = {word.lower(): word for word in get_args(Status)}


class CardPaymentReportOut(ApiSchema):
    """``status`` Pending: the processor has not answered yet and is asked."""

    authorization_id: UUID
    reference_number: str = Field(examples=["CP20261121K7M2P9QXA3"])
    order_id: str | None = Field(examples=["order-4711"])
    brand: str = Field(examples=["Visa"])
    last4: str = Field(examples=["4242"])
    amount: Figure
    captured_amount: Figure
    refunded_amount: Figure
    fee: Figure = Field(examples=[2.5])
    currency: str = Field(examples=["SLE"])
    status: Status
    reason: str | None = Field(examples=[None], description="Why it was declined, in words; null otherwise.")
    client_id: UUID
    created_at: datetime
    captured_at: datetime | None


class CardPaging(CursorPaging):
    status: str = Field("", max_length=20, description=f"One of {', '.join(get_args(Status))}; in any case.")


class CardRange(CursorPaging):
    since: str = ranges.FROM
    until: str = ranges.TO


class SummaryQuery(Schema):
    currency: Literal["", "SLE", "IDR", "USD"] = Field(
        "", description="What totals are in; else the only currency there is, else SLE."
    )


class CardStatusOut(ApiSchema):
    status: Status
    currency: str = Field(examples=["SLE"])
    count: int
    amount: Figure


class CardCurrencyOut(ApiSchema):
    currency: str = Field(examples=["SLE"])
    count: int
    amount: Figure
    authorized_amount: Figure
    captured_amount: Figure


class CardSummaryOut(ApiSchema):
    """``totalCount`` counts every payment; money totals are in ``currency``, and every currency stands by itself in
    ``byCurrency``. Authorised is what a bank agreed to once, whatever became of it."""

    currency: str = Field(examples=["SLE"])
    total_count: int
    total_authorized: Figure
    total_captured: Figure
    by_status: list[CardStatusOut]
    by_currency: list[CardCurrencyOut]


@operation(router, "reports.cards", answer=list[CardPaymentReportOut])
def list_cards(request: ApiRequest, response: HttpResponse, query: Query[CardPaging]) -> list[CardPaymentReportOut]:
    """Card transactions, by status if asked, newest first."""
    found = selectors.listed(request.actor)
    if query.status:
        found = selectors.with_status(found, _status(query.status))
    return _listed(found, query, response)


@operation(router, "reports.cards-range", answer=list[CardPaymentReportOut])
def in_range(request: ApiRequest, response: HttpResponse, query: Query[CardRange]) -> list[CardPaymentReportOut]:
    """Card transactions in a date range, newest first."""
    asked = ranges.between(query.since, query.until)
    return _listed(selectors.listed(request.actor).filter(**asked.on("created_at")), query, response)


@operation(router, "reports.cards-summary", answer=CardSummaryOut)
def summary(request: ApiRequest, query: Query[SummaryQuery]) -> CardSummaryOut:
    """Card transaction statistics."""
    found = selectors.summary(request.actor)
    by_currency = [
        _together(currency, [one for one in found if one.currency == currency])
        for currency in sorted({one.currency for one in found})
    ]
    currency = currency_of_totals(query.currency, (one.currency for one in found))
    totals = next((one for one in by_currency if one.currency == currency), None)
    return CardSummaryOut(
        currency=currency,
        total_count=sum(one.count for one in found),
        total_authorized=totals.authorized_amount if totals else Decimal(0),
        total_captured=totals.captured_amount if totals else Decimal(0),
        by_status=[
            CardStatusOut(status=one.status, currency=one.currency, count=one.count, amount=one.amount) for one in found
        ],
        by_currency=by_currency,
    )


def _together(currency: str, parts: list[selectors.Figures]) -> CardCurrencyOut:
    return CardCurrencyOut(
        currency=currency,
        count=sum(one.count for one in parts),
        amount=sum((one.amount for one in parts), Decimal(0)),
        authorized_amount=sum((one.authorized for one in parts), Decimal(0)),
        captured_amount=sum((one.captured for one in parts), Decimal(0)),
    )


def _status(word: str) -> Status:
    found = _WORDS.get(word.strip().lower())
    if found is None:
        raise BadField("status", _("One of these: %(words)s.") % {"words": ", ".join(_WORDS.values())})
    return found


def _listed(rows: QuerySet[CardPayment], paging: CursorPaging, response: HttpResponse) -> list[CardPaymentReportOut]:
    return [_shown(payment) for payment in part(rows, "-id", paging, response)]


def _shown(payment: CardPayment) -> CardPaymentReportOut:
    return CardPaymentReportOut(
        authorization_id=payment.public_id,
        reference_number=payment.reference,
        order_id=payment.order_id or None,
        brand=payment.card.brand,
        last4=payment.card.last4,
        amount=payment.amount,
        captured_amount=payment.captured,
        refunded_amount=payment.refunded,
        fee=payment.fee,
        currency=payment.currency,
        status=wire.wire_status(payment),
        reason=str(payment.get_reason_display()) or None,
        client_id=payment.client.public_id,
        created_at=payment.created_at,
        captured_at=payment.captured_at,
    )
