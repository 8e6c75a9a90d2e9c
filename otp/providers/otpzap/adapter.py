"""OTPZap in our words. Every function makes one call (products: one per page) and raises `ProviderError`.

``key`` is a name from `keys.names()`, "" the main key. What belongs to an order goes with the key that bought it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from config.lib.errors import ProviderError
from otp.providers.otpzap import client, keys, lenient, schemas
from otp.providers.otpzap import operations as ops
from otp.providers.types import (
    Country,
    Float,
    Hook,
    MailDomain,
    Operator,
    PricedService,
    Product,
    Service,
    Snapshot,
    Topup,
)

T = TypeVar("T")

_PAGE_SIZE = 100
_MOST_PAGES = 5
OPERATORS, MAIL = 2, 3


# --- our money there ---------------------------------------------------------------------------------------------


def balance(*, key: str = "") -> Float:
    """What is left of our own money there, in rupiah (OTPZap contract 3.1)."""
    return _call(ops.BALANCE, schemas.read_float, key=key)


def create_topup(*, amount: Decimal, reference: str, key: str = "") -> Topup:
    """An invoice for whole rupiah, to be paid by QRIS at its ``payment_url``. ``reference`` is the Idempotency-Key:
    asking again with it makes no second one (OTPZap contract 3.2)."""
    body = schemas.topup_order(amount)
    return _call(ops.TOPUP_CREATE, schemas.read_topup, key=key, body=body, idempotency_key=reference)


def check_topup(order_id: str, *, key: str = "") -> Topup:
    """A deposit of ours; asking makes OTPZap look for the payment (OTPZap contract 3.3)."""
    return _call(ops.TOPUP_CHECK, schemas.read_topup, key=key, params=schemas.order_query(order_id))


# --- Server 1 ----------------------------------------------------------------------------------------------------


def countries() -> list[Country]:
    """All countries of Server 1 (OTPZap contract 4.1)."""
    return _call(ops.COUNTRIES, schemas.read_countries, key=keys.choose())


def services(country_id: str) -> list[Service]:
    """What numbers of a country, or at all, are sold for; OTPZap calls it platforms or services (contract 4.2)."""
    params = schemas.country_query(country_id)
    return _call(ops.SERVICES, schemas.read_services, key=keys.choose(), params=params)


def products(service_id: str, country_id: str) -> list[Product]:
    """Price tiers of a service in a country, cheapest first; without one of them, of all. Cost in whole rupiah
    (OTPZap contract 4.3)."""
    found: list[Product] = []
    key = keys.choose()
    for page in range(1, _MOST_PAGES + 1):
        params = schemas.product_query(service_id, country_id, page=page, size=_PAGE_SIZE)
        rows = _call(ops.PRODUCTS, lambda data: lenient.rows(data, "products"), key=key, params=params)
        found += [product for row in rows if (product := schemas.read_product(row, service_id, country_id))]
        if len(rows) < _PAGE_SIZE:
            break
    mine = {p.id: p for p in found if service_id in ("", p.service_id) and country_id in ("", p.country_id)}
    return sorted(mine.values(), key=lambda product: (product.cost, len(product.id), product.id))


# --- Server 2 ----------------------------------------------------------------------------------------------------


def s2_countries() -> list[Country]:
    """All countries of Server 2, whose ids are its own (OTPZap contract 5)."""
    return _call(ops.S2_COUNTRIES, schemas.read_countries, key=keys.choose())


def s2_services(country_id: str) -> list[PricedService]:
    """What is sold in a country, with cost in whole rupiah and stock."""
    params = schemas.country_query(country_id)
    return _call(ops.S2_SERVICES, schemas.read_priced_services, key=keys.choose(), params=params)


def s2_operators(country_id: str) -> list[Operator]:
    """Whose numbers one may ask for in a country."""
    params = schemas.country_query(country_id)
    return _call(ops.S2_OPERATORS, schemas.read_operators, key=keys.choose(), params=params)


def s2_special() -> list[PricedService]:
    """Services with numbers set aside for them: no country, no operator."""
    return _call(ops.S2_SPECIAL, schemas.read_priced_services, key=keys.choose())


# --- Server 3: mail ----------------------------------------------------------------------------------------------


def mail_sites() -> list[str]:
    """Sites somebody may want a mail from: suggestions, any other will do as well (OTPZap contract 7.1)."""
    return _call(ops.S3_SITES, schemas.read_sites, key=keys.choose())


def mail_domains(site: str) -> list[MailDomain]:
    """Where an inbox for a site may be had; whole rupiah (OTPZap contract 7.2)."""
    params = schemas.site_query(site)
    return _call(ops.S3_DOMAINS, schemas.read_domains, key=keys.choose(), params=params)


# --- orders of numbers -------------------------------------------------------------------------------------------


def create_order(
    *,
    server: int = 1,
    product_id: str = "",
    service_id: str = "",
    country_id: str = "",
    operator_id: str = "",
    is_special: bool = False,
    reference: str,
    key: str = "",
) -> Snapshot:
    """Buy a number: at server 1 by product, at 2 by service, country and operator, or a special service alone.

    ``reference`` is the Idempotency-Key: asking again with it answers with the same order. It is also the only way to
    look an order up whose number we do not know (OTPZap contract 6.1 and 9).
    """
    if server == OPERATORS:
        body = schemas.service_order(service_id, "" if is_special else country_id, operator_id)
    else:
        body = schemas.product_order(product_id)
    return _call(ops.CREATE, schemas.read_order, key=key, body=body, idempotency_key=reference)


def check_order(order_id: str, *, key: str = "", at_once: bool = False) -> Snapshot:
    """The order now, with all messages (OTPZap contract 6.2). ``at_once`` goes before other polls."""
    operation = ops.CHECK_NOW if at_once else ops.CHECK
    return _call(operation, schemas.read_order, key=key, params=schemas.order_query(order_id), known=order_id)


def cancel_order(order_id: str, *, key: str = "") -> Snapshot:
    """Ask for a refund of a pending order: 429 inside the cooldown, 409 when not pending, 502 when their system
    refuses (OTPZap contract 6.4)."""
    return _order_call(ops.CANCEL, order_id, key)


def finish_order(order_id: str, *, key: str = "") -> Snapshot:
    """Say that the number is no longer needed; may be repeated (OTPZap contract 6.5)."""
    return _order_call(ops.FINISH, order_id, key)


def resend_order(order_id: str, *, key: str = "") -> Snapshot:
    """Ask for one more message: 429 until the last resend has brought one and a check has seen it, 422 where the
    service cannot (OTPZap contract 6.6)."""
    return _order_call(ops.RESEND, order_id, key)


def replace_order(order_id: str, *, reference: str, key: str = "") -> Snapshot:
    """Swap for a fresh number of the same product and price; returns the new order (OTPZap contract 6.7)."""
    body = schemas.order_body(order_id)
    found = _call(ops.REPLACE, schemas.read_order, key=key, body=body, idempotency_key=reference)
    if found.order_id == order_id:
        raise _unreadable(ops.REPLACE, "the old order's answer")
    return found


def _order_call(operation: ops.Operation, order_id: str, key: str) -> Snapshot:
    return _call(operation, schemas.read_order, key=key, body=schemas.order_body(order_id), known=order_id)


# --- orders of inboxes -------------------------------------------------------------------------------------------


def create_mail(
    *, site: str, domains: Sequence[str], subject: str = "", pattern: str = "", reference: str, key: str = ""
) -> Snapshot:
    """Rent one inbox at the first of ``domains`` that has one; ``domain`` and ``cost`` of the answer say which
    (OTPZap contract 7.3). ``subject`` and ``pattern`` choose among the mails."""
    body = schemas.mail_order(site, domains, subject=subject, pattern=pattern)
    return _call(ops.MAIL_CREATE, _bought_inbox, key=key, body=body, idempotency_key=reference)


def _bought_inbox(data: Any) -> Snapshot:
    if schemas.none_bought(data):
        raise ProviderError("no inbox left", retryable=False, outcome_unknown=False, code="OUT_OF_STOCK", status=200)
    return schemas.read_mail_order(data)


def check_mail(ref: str, *, key: str = "", at_once: bool = False) -> Snapshot:
    """The inbox now, with all mails (OTPZap contract 7.4). ``at_once`` goes before other polls."""
    operation = ops.MAIL_CHECK_NOW if at_once else ops.MAIL_CHECK
    return _call(operation, schemas.read_mail_order, key=key, params=schemas.inbox(ref), known=ref)


def cancel_mail(ref: str, *, key: str = "") -> Snapshot:
    """Give an inbox back that got nothing: 409 when it did. ``refund`` is the price less their fee (contract 7.6)."""
    return _mail_call(ops.MAIL_CANCEL, ref, key)


def finish_mail(ref: str, *, key: str = "") -> Snapshot:
    """Close an inbox that got its mail; may be repeated (OTPZap contract 7.7)."""
    return _mail_call(ops.MAIL_FINISH, ref, key)


def reorder_mail(ref: str, *, reference: str, key: str = "") -> Snapshot:
    """Wait for one more mail at the same inbox, without a second charge (OTPZap contract 7.5). The answer may name
    another ref; the old one stays good."""
    body = schemas.inbox(ref)
    return _call(ops.MAIL_REORDER, schemas.read_mail_order, key=key, body=body, idempotency_key=reference)


def _mail_call(operation: ops.Operation, ref: str, key: str) -> Snapshot:
    return _call(operation, schemas.read_mail_order, key=key, body=schemas.inbox(ref), known=ref)


# --- where they post to us ---------------------------------------------------------------------------------------


def hook(*, key: str = "") -> Hook:
    """Where their notes go now; never with the secret (OTPZap contract 10.4)."""
    return _call(ops.HOOK_GET, schemas.read_hook, key=key)


def change_hook(*, url: str, events: Sequence[str], is_active: bool, secret: str = "", key: str = "") -> Hook:
    """Set where notes go. A secret under 16 characters is replaced by theirs, shown in this answer only; refused
    (422) unless the address is https and public."""
    body = schemas.hook_change(url, events, is_active=is_active, secret=secret)
    return _call(ops.HOOK_UPDATE, schemas.read_hook, key=key, body=body)


def _call(operation: ops.Operation, reader: Callable[..., T], *, known: str = "", **how: Any) -> T:
    data = client.call(operation, **how)
    try:
        return reader(data, known=known) if known else reader(data)
    except lenient.Unreadable as error:
        raise _unreadable(operation, str(error)) from error


def _unreadable(operation: ops.Operation, what: str) -> ProviderError:
    return ProviderError(f"{operation.path}: {what}", retryable=True, outcome_unknown=operation.acts, code="garbled")
