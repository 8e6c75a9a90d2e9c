"""TeraPay contract, section Metrics: what an operator looks at first."""

from datetime import datetime
from decimal import Decimal

from ninja import Field, Router

from accounts.api.base import ApiRequest, ApiSchema, Figure, operation
from payouts.wire import Status
from reports.selectors import metrics as selectors
from reports.selectors.money import MAIN

router = Router(tags=["Metrics"])


class StatusClassesOut(ApiSchema):
    """Answers of the last 24 hours; redirects count as 2xx."""

    ok: int = Field(alias="2xx")
    refused: int = Field(alias="4xx")
    broken: int = Field(alias="5xx")


class TopEndpointOut(ApiSchema):
    endpoint: str = Field(examples=["POST /api/payment/initiate"])
    count: int


class ClientFiguresOut(ApiSchema):
    total: int
    active: int
    pending: int


class TransactionStatusOut(ApiSchema):
    status: Status
    count: int
    amount: Figure


class TransactionFiguresOut(ApiSchema):
    """Since the beginning; every status counts in ``total`` and ``totalAmount``."""

    total: int
    by_status: list[TransactionStatusOut]
    total_amount: Figure
    currency: str = Field(examples=["SLE"])


class MetricsOut(ApiSchema):
    """Of the whole gateway for its staff, of their own client for everybody else; at most a minute old, as ``asOf``
    says. ``totalRequests`` are those still kept (90 days unless the gateway says otherwise). What follows it, down to
    ``topEndpoints``, is of the last 24 hours. Rates go from 0 to 1: ``errorRate`` counts 4xx and 5xx,
    ``serverErrorRate`` 5xx."""

    as_of: datetime
    total_requests: int
    requests_last24h: int = Field(alias="requestsLast24h")
    error_rate: float
    server_error_rate: float
    average_response_ms: float
    p95_response_ms: float = Field(alias="p95ResponseMs")
    requests_by_status: StatusClassesOut
    top_endpoints: list[TopEndpointOut]
    clients: ClientFiguresOut
    api_users: int
    transactions: TransactionFiguresOut


@operation(router, "metrics.get", answer=MetricsOut)
def get(request: ApiRequest) -> MetricsOut:
    """Overall API figures."""
    found = selectors.metrics(request.actor)
    day = found.last_day
    return MetricsOut(
        as_of=found.as_of,
        total_requests=found.total_requests,
        error_rate=_share(day["refused"] + day["broken"], day["count"]),
        server_error_rate=_share(day["broken"], day["count"]),
        average_response_ms=round(day["mean"], 1),
        requests_by_status=StatusClassesOut(**{"2xx": day["ok"], "4xx": day["refused"], "5xx": day["broken"]}),
        top_endpoints=[TopEndpointOut(endpoint=name, count=count) for name, count in found.top_endpoints],
        clients=ClientFiguresOut(**found.clients),
        api_users=found.api_users,
        transactions=_transactions(found),
        requestsLast24h=day["count"],
        p95ResponseMs=round(day["p95"], 1),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _transactions(found: selectors.Metrics) -> TransactionFiguresOut:
    return TransactionFiguresOut(
        total=sum(count for _, count, _ in found.transactions),
        by_status=[
            TransactionStatusOut(status=status, count=count, amount=amount)
            for status, count, amount in found.transactions
        ],
        total_amount=sum((amount for _, _, amount in found.transactions), Decimal(0)),
        currency=MAIN,
    )
