"""OTPZap in our words. Every function makes one call (products: one per page) and raises `ProviderError`."""

from collections.abc import Callable
from typing import Any, TypeVar

from config.lib.errors import ProviderError
from otp.providers.otpzap import client, schemas
from otp.providers.types import Country, Float, Product, Service, Snapshot

T = TypeVar("T")

_PAGE_SIZE = 100
_MOST_PAGES = 5


def balance() -> Float:
    """What is left of our own money there, in rupiah (OTPZap contract 3.1)."""
    return _read(client.BALANCE, client.call(client.BALANCE), schemas.read_float)


def countries() -> list[Country]:
    """All countries of Server 1 (OTPZap contract 4.1)."""
    data = client.call(client.COUNTRIES)
    found = _read(client.COUNTRIES, data, lambda data: schemas.rows(data, "countries"))
    return [country for row in found if (country := schemas.read_country(row))]


def services(country_id: str) -> list[Service]:
    """What numbers of a country are sold for; OTPZap calls it platforms or services (OTPZap contract 4.2)."""
    data = client.call(client.SERVICES, params={"country_id": country_id})
    found = _read(client.SERVICES, data, lambda data: schemas.rows(data, "services", "platforms"))
    return [service for row in found if (service := schemas.read_service(row))]


def products(service_id: str, country_id: str) -> list[Product]:
    """Price tiers of a service in a country, cheapest first. Cost in whole rupiah (OTPZap contract 4.3)."""
    found: list[Product] = []
    for page in range(1, _MOST_PAGES + 1):
        data = client.call(client.PRODUCTS, params=_product_query(service_id, country_id, page))
        rows = _read(client.PRODUCTS, data, lambda data: schemas.rows(data, "products"))
        found += [product for row in rows if (product := schemas.read_product(row, service_id, country_id))]
        if len(rows) < _PAGE_SIZE:
            break
    mine = {p.id: p for p in found if p.service_id == service_id and p.country_id == country_id}
    return sorted(mine.values(), key=lambda product: (product.cost, len(product.id), product.id))


def _product_query(service_id: str, country_id: str, page: int) -> dict[str, str]:
    query = {"platform_id": service_id, "country_id": country_id, "page": page, "limit": _PAGE_SIZE}
    return {name: str(value) for name, value in query.items()} | {"sort": "price_asc"}


def create_order(*, product_id: str, reference: str) -> Snapshot:
    """Buy a number. ``reference`` is the Idempotency-Key: asking again with it answers with the same order.

    It is also the only way to look an order up whose number we do not know (OTPZap contract 6.1 and 9).
    """
    data = client.call(client.CREATE, body={"server": 1, "product_id": _wire_id(product_id)}, idempotency_key=reference)
    return _read(client.CREATE, data, schemas.read_order)


def check_order(order_id: str, *, at_once: bool = False) -> Snapshot:
    """The order now, with all messages (OTPZap contract 6.2). ``at_once`` goes before other polls."""
    operation = client.CHECK_NOW if at_once else client.CHECK
    snapshot = _read(operation, client.call(operation, params={"order_id": order_id}), schemas.read_order)
    if snapshot.order_id != order_id:
        raise _unreadable(operation, "another order's answer")
    return snapshot


def cancel_order(order_id: str) -> Snapshot:
    """Ask for a refund of a pending order: 429 inside the cooldown, 409 when not pending, 502 when their system
    refuses (OTPZap contract 6.4)."""
    return _order_call(client.CANCEL, order_id)


def finish_order(order_id: str) -> Snapshot:
    """Say that the number is no longer needed; may be repeated (OTPZap contract 6.5)."""
    return _order_call(client.FINISH, order_id)


def resend_order(order_id: str) -> Snapshot:
    """Ask for one more message: 429 until the last resend has brought one (OTPZap contract 6.6)."""
    return _order_call(client.RESEND, order_id)


def replace_order(order_id: str, *, reference: str) -> Snapshot:
    """Swap for a fresh number of the same product and price; returns the new order (OTPZap contract 6.7)."""
    data = client.call(client.REPLACE, body=_body(order_id), idempotency_key=reference)
    return _read(client.REPLACE, data, schemas.read_order)


def _order_call(operation: client.Operation, order_id: str) -> Snapshot:
    return _read(operation, client.call(operation, body=_body(order_id)), schemas.read_order)


def _body(order_id: str) -> dict[str, int | str]:
    return {"order_id": _wire_id(order_id)}


def _wire_id(value: str) -> int | str:
    return int(value) if value.isascii() and value.isdecimal() else value


def _read(operation: client.Operation, data: Any, reader: Callable[[Any], T]) -> T:
    try:
        return reader(data)
    except schemas.Unreadable as error:
        raise _unreadable(operation, str(error)) from error


def _unreadable(operation: client.Operation, what: str) -> ProviderError:
    return ProviderError(f"{operation.path}: {what}", retryable=True, outcome_unknown=operation.acts, code="garbled")
