"""OTPZap's names for things: the one place that knows them. Read leniently, written strictly.

Most of the shapes are not documented (OTPZap contract 4 to 7); what a real answer teaches is changed here alone.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from otp.providers.otpzap.lenient import (
    Row,
    Unreadable,
    identifier,
    moment,
    percentage,
    pick,
    rows,
    rupiah,
    stock,
    switched_off,
    text,
    whole,
    words,
)
from otp.providers.types import (
    Country,
    Float,
    Hook,
    MailDomain,
    Message,
    Operator,
    PricedService,
    Product,
    Service,
    Snapshot,
    Topup,
)

ANY_OPERATOR = "any"

STATUS_WORDS = {
    "pending": "pending",
    "waiting": "pending",
    "wait": "pending",
    "active": "pending",
    "otp_received": "otp_received",
    "received": "otp_received",
    "success": "success",
    "finished": "success",
    "completed": "success",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "cancel": "cancelled",
    "refunded": "cancelled",
    "replaced": "cancelled",
    "failed": "failed",
    "expired": "expired",
    "timeout": "expired",
}
TOPUP_WORDS = {
    "pending": "pending",
    "unpaid": "pending",
    "waiting": "pending",
    "success": "success",
    "paid": "success",
    "completed": "success",
    "expired": "expired",
    "failed": "failed",
    "cancelled": "failed",
    "canceled": "failed",
}
# A bare string in otps[] this short, without a blank, is a code and not a whole message.
_LONGEST_BARE_CODE = 12
_LONGEST_CODE, _LONGEST_SENDER, _LONGEST_SUBJECT, _LONGEST_ADDRESS = 64, 254, 255, 254


# --- what we send ------------------------------------------------------------------------------------------------

Body = dict[str, Any]
Query = dict[str, str]


def country_query(country_id: str) -> Query:
    return {"country_id": country_id} if country_id else {}


def product_query(service_id: str, country_id: str, *, page: int, size: int) -> Query:
    place = {"platform_id": service_id, "country_id": country_id}
    named = {name: value for name, value in place.items() if value}
    return {**named, "page": str(page), "limit": str(size), "sort": "price_asc"}


def site_query(site: str) -> Query:
    return {"site": site}


def order_query(order_id: str) -> Query:
    return {"order_id": order_id}


def order_body(order_id: str) -> Body:
    return {"order_id": _wire_id(order_id)}


def inbox(ref: str) -> Query:
    """Names an inbox, as query or body."""
    return {"ref": ref}


def product_order(product_id: str) -> Body:
    return {"server": 1, "product_id": _wire_id(product_id)}


def service_order(service_id: str, country_id: str, operator_id: str) -> Body:
    """Server 2; without country a special service, which has neither country nor operator (OTPZap contract 6.1)."""
    body = {"server": 2, "service_id": _wire_id(service_id)}
    if not country_id:
        return body
    return {**body, "country_id": _wire_id(country_id), "operator_id": _wire_id(operator_id or ANY_OPERATOR)}


def mail_order(site: str, domains: Sequence[str], *, subject: str, pattern: str) -> Body:
    where = {"domain": domains[0]} if len(domains) == 1 else {"domains": list(domains)}
    filters = {"subject": subject, "regex": pattern}
    return {"site": site, **where, "qty": 1, **{name: value for name, value in filters.items() if value}}


def topup_order(amount: Decimal) -> Body:
    return {"amount": int(amount)}


def hook_change(url: str, events: Sequence[str], *, is_active: bool, secret: str) -> Body:
    body: Body = {"url": url, "events": list(events), "is_active": is_active}
    return body | {"secret": secret} if secret else body


def _wire_id(value: str) -> int | str:
    """Numbers where OTPZap has numbers."""
    return int(value) if value.isascii() and value.isdecimal() and str(int(value)) == value else value


# --- what we get: money and shelves ------------------------------------------------------------------------------


def read_float(data: Any) -> Float:
    amount = rupiah(pick(data, "balance", "amount")) if isinstance(data, Mapping) else None
    if amount is None:
        raise Unreadable("no balance")
    return Float(amount, text(data.get("currency")) or "IDR")


def read_topup(data: Any) -> Topup:
    """A deposit of ours (OTPZap contract 3.2, 3.3). Raises `Unreadable` without an id or amount."""
    row = _object(data)
    order_id, amount = identifier(pick(row, "order_id", "id")), rupiah(row.get("amount"))
    if not order_id or amount is None:
        raise Unreadable("no deposit")
    address = text(pick(row, "payment_url", "pay_url", "url"))
    total = rupiah(pick(row, "total_amount", "total"))
    return Topup(
        order_id=order_id,
        amount=amount,
        total=amount if total is None else total,
        payment_url=address if address.startswith(("https://", "http://")) else "",
        status=TOPUP_WORDS.get(text(row.get("status") or "pending").lower(), ""),
        expires_at=moment(pick(row, "expired_at", "expires_at")),
        paid_at=moment(row.get("paid_at")),
    )


def read_countries(data: Any) -> list[Country]:
    return [country for row in rows(data, "countries") if (country := read_country(row))]


def read_country(row: Row) -> Country | None:
    number, name = identifier(pick(row, "id", "country_id")), text(pick(row, "name", "country_name"))
    return Country(number, name) if number and name else None


def read_services(data: Any) -> list[Service]:
    return [service for row in rows(data, "services", "platforms") if (service := read_service(row))]


def read_service(row: Row) -> Service | None:
    number = identifier(pick(row, "id", "platform_id", "service_id"))
    name = text(pick(row, "name", "platform_name", "service_name"))
    return Service(number, name) if number and name else None


def read_product(row: Row, service_id: str, country_id: str) -> Product | None:
    """A product for sale; None when it has no id or price, or is switched off."""
    number, cost = identifier(pick(row, "product_id", "id")), rupiah(pick(row, "price", "cost"))
    if not number or cost is None or switched_off(row):
        return None
    return Product(
        id=number,
        name=text(pick(row, "name", "product_name", "tier")),
        service_id=identifier(pick(row, "platform_id", "service_id")) or service_id,
        service_name=text(pick(row, "service_name", "platform_name", "service", "platform")),
        country_id=identifier(row.get("country_id")) or country_id,
        country_name=text(pick(row, "country_name", "country")),
        cost=cost,
        stock=stock(row),
    )


def read_priced_services(data: Any) -> list[PricedService]:
    """Services of Server 2, in a country or special ones (OTPZap contract 5)."""
    found = rows(data, "services", "platforms", "special", "special_services")
    return [service for row in found if (service := _priced_service(row))]


def _priced_service(row: Row) -> PricedService | None:
    number, name = identifier(pick(row, "service_id", "id")), text(pick(row, "service_name", "name"))
    cost = rupiah(pick(row, "price", "cost"))
    if not number or not name or cost is None or switched_off(row):
        return None
    return PricedService(number, name, cost, stock(row))


def read_operators(data: Any) -> list[Operator]:
    """Operators, which may be bare names; the one that leaves the choice may come without an id (contract 5)."""
    found = pick(data, "operators") if isinstance(data, Mapping) else data
    if not isinstance(found, list):
        raise Unreadable("no list of operators")
    return [operator for item in found if (operator := _operator(item))]


def _operator(item: Any) -> Operator | None:
    row = item if isinstance(item, Mapping) else {"name": item}
    name = text(pick(row, "name", "operator_name"))
    number = identifier(pick(row, "id", "operator_id")) or identifier(name)
    return Operator(number, name) if number and name else None


def read_sites(data: Any) -> list[str]:
    return words(data, "sites")


def read_domains(data: Any) -> list[MailDomain]:
    return [domain for row in rows(data, "domains") if (domain := _domain(row))]


def _domain(row: Row) -> MailDomain | None:
    name, cost = text(pick(row, "domain", "name")), rupiah(pick(row, "price", "cost"))
    if not name or len(name) > 120 or cost is None or switched_off(row):
        return None
    fee = rupiah(pick(row, "cancel_fee", "cancellation_fee", "cancel_fee_preview")) or Decimal(0)
    rate = percentage(pick(row, "activation_rate", "rate", "success_rate"))
    return MailDomain(name, cost, stock(row), rate, min(fee, cost))


# --- what we get: orders -----------------------------------------------------------------------------------------


def read_order(data: Any, *, known: str = "") -> Snapshot:
    """The order object of OTPZap contract 6.2, also when wrapped in ``order``. ``known`` is the order it is about,
    which short answers may leave out. Raises `Unreadable` without an id, or for another order's."""
    row = _object(data, "order")
    order_id = identifier(pick(row, "order_id", "new_order_id", "id")) or known
    if not order_id:
        raise Unreadable("no order id")
    if known and order_id != known:
        raise Unreadable("another order's answer")
    return Snapshot(
        order_id=order_id,
        status=STATUS_WORDS.get(text(pick(row, "status", "state")).lower(), ""),
        phone_number=_phone(text(pick(row, "phone_number", "number", "phone"))),
        messages=_messages(row),
        cost=rupiah(pick(row, "price", "cost")),
        cancel_allowed_at=moment(pick(row, "cancel_available_at", "cancel_allowed_at")),
        expires_at=moment(pick(row, "expires_at", "expired_at")),
        resend_count=max(0, whole(row.get("resend_count")) or 0),
        resend_locked_until=moment(row.get("resend_locked_until")),
        replaced_by=identifier(pick(row, "replaced_by_order_id", "replaced_by")),
        refund=rupiah(row.get("refund_amount")),
    )


def read_mail_order(data: Any, *, known: str = "") -> Snapshot:
    """An inbox (OTPZap contract 7.3, 7.4): flat, or the first of ``orders``. ``known`` is the ref it was asked by, for
    answers without one; another one in the answer is its newer name (contract 7.5). Raises `Unreadable`."""
    row = _object(data, "order")
    if not pick(row, "ref", "email"):
        row = next(iter(rows(row, "orders")), row) if isinstance(row.get("orders"), list) else row
    ref = identifier(pick(row, "ref", "order_id", "id")) or known
    if not ref:
        raise Unreadable("no inbox")
    address = text(pick(row, "email", "mail", "address"))[:_LONGEST_ADDRESS]
    return Snapshot(
        order_id=ref,
        status=STATUS_WORDS.get(text(pick(row, "status", "state")).lower(), ""),
        messages=_mails(row),
        cost=rupiah(pick(row, "price", "cost")),
        cancel_allowed_at=moment(pick(row, "cancel_available_at", "cancel_allowed_at")),
        expires_at=moment(pick(row, "expires_at", "expired_at")),
        refund=rupiah(row.get("refund_amount")),
        domain=(text(row.get("domain")) or address.rpartition("@")[2])[:120],
        mail_address=address,
    )


def none_bought(data: Any) -> bool:
    """Whether an answer to a purchase of inboxes says that not one was to be had."""
    row = _object(data)
    return not pick(row, "ref", "email", "order") and row.get("orders") == [] and bool(whole(row.get("failed_count")))


def _object(data: Any, wrapper: str = "") -> Row:
    row: Row = data if isinstance(data, Mapping) else {}
    inner = row.get(wrapper)
    return inner if isinstance(inner, Mapping) else row


def _phone(number: str) -> str:
    """E.164 with its plus, which OTPZap may leave out (OTPZap contract 12.14)."""
    digits = re.sub(r"[^0-9]", "", number)[:20]
    return f"+{digits}" if digits else ""


def _messages(row: Row) -> tuple[Message, ...]:
    latest = _code(row.get("otp_code"))
    listed = pick(row, "otps", "sms", "messages")
    found = [_message(item, latest) for item in listed] if isinstance(listed, list) else []
    if not found and isinstance(listed, str) and listed.strip():
        found = [_message(listed, latest)]
    if not found and (latest or text(row.get("otp_message"))):
        found = [Message(latest, text(row.get("otp_message")), None)]
    return tuple(message for message in found if message.code or message.text)


def _message(item: Any, latest: str | None) -> Message:
    if isinstance(item, Mapping):
        code = _code(pick(item, "otp", "code", "otp_code"))
        said = text(pick(item, "message", "text", "sms", "full_sms"))
        sender = text(pick(item, "from", "sender"))[:_LONGEST_SENDER]
        return Message(code, said or (code or ""), moment(pick(item, "received_at", "created_at")), sender)
    said = text(item)
    if said and " " not in said and len(said) <= _LONGEST_BARE_CODE:
        return Message(said, said, None)
    return Message(latest if latest and latest in said else None, said, None)


def _mails(row: Row) -> tuple[Message, ...]:
    latest = _code(row.get("otp_code"))
    listed = pick(row, "messages", "mails", "emails", "inbox")
    found = [_mail(item, latest) for item in listed] if isinstance(listed, list) else []
    glimpse = text(row.get("preview")) or text(row.get("headline"))
    if not found and (latest or glimpse):
        found = [Message(latest, glimpse, None, subject=text(row.get("headline"))[:_LONGEST_SUBJECT])]
    return tuple(mail for mail in found if mail.code or mail.text or mail.subject)


def _mail(item: Any, latest: str | None) -> Message:
    row = item if isinstance(item, Mapping) else {"text": item}
    body = text(pick(row, "text", "body", "message", "content", "html", "preview"))
    subject = text(row.get("subject"))[:_LONGEST_SUBJECT]
    code = _code(pick(row, "otp", "otp_code", "code"))
    if code is None and latest and (latest in body or latest in subject):
        code = latest
    return Message(
        code=code,
        text=body,
        received_at=moment(pick(row, "received_at", "date", "created_at")),
        sender=text(pick(row, "from", "sender"))[:_LONGEST_SENDER],
        subject=subject,
    )


def _code(value: Any) -> str | None:
    return text(value)[:_LONGEST_CODE] or None


# --- what we get: where they post to us --------------------------------------------------------------------------


def read_hook(data: Any) -> Hook:
    """Where notes go, nowhere when it was never set up (OTPZap contract 10.4)."""
    row = _object(data, "webhook")
    listed = row.get("events")
    return Hook(
        url=text(pick(row, "url", "webhook_url")),
        events=tuple(words(listed, "events")) if isinstance(listed, list) else (),
        is_active=row.get("is_active") is True or whole(row.get("is_active")) == 1,
        secret=text(row.get("secret")),
    )
