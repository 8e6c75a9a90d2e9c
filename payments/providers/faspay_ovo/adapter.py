"""What the payments app asks of OVO Tokenize, in our own dataclasses.

Amounts are rupiah. A phone number may be given in any form that `phone_of` takes, else `UnusablePhone` is raised.
Every function raises `ProviderError` as `client.call` does; `Refused` is code 01. Addresses carry a token and phone
numbers are people's: neither stands in a ``repr`` nor in the text of an error.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings

from config.lib.errors import ProviderError
from payments.providers.faspay_ovo import client, repair, schemas
from payments.providers.faspay_ovo.client import Refused
from payments.providers.faspay_ovo.schemas import UnusablePhone, phone_of

__all__ = ["Refused", "UnusablePhone", "phone_of"]

logger = logging.getLogger(__name__)

MERCHANT = "GERBANG"
NAME_LIMIT, DESCRIPTION_LIMIT, BILL_LIMIT, EMAIL_LIMIT = 40, 60, 32, 128
PAGE_LIMIT = 200


class PayType(StrEnum):
    """From which purse OVO takes the money."""

    CASH = "0"
    POINTS = "1"
    POINTS_FIRST = "2"


@dataclass(frozen=True)
class Activation:
    """The browser goes to ``redirect_url`` for OTP and PIN; the account is not linked before a balance says so."""

    status: str
    redirect_url: str = field(repr=False)


@dataclass(frozen=True)
class OvoOrder:
    """A payment to be made: whole rupiah, ``bill_no`` digits only, new for every attempt."""

    bill_no: str
    amount: Decimal
    phone: str = field(repr=False)
    name: str
    email: str
    description: str
    pay_type: PayType = PayType.CASH


@dataclass(frozen=True)
class StartedPayment:
    """Accepted, and to be confirmed by PIN at ``redirect_url``. ``trx_id`` is Faspay's and unique for a day only."""

    bill_no: str
    trx_id: str
    status: str
    started_at: datetime | None
    redirect_url: str = field(repr=False)


@dataclass(frozen=True)
class Balance:
    cash: Decimal
    points: Decimal


@dataclass(frozen=True)
class Movement:
    """One payment in the history. ``amount`` is None when it cannot be read; of ``cash`` and ``points`` likewise."""

    trx_id: str
    status: str
    paid_at: datetime | None
    amount: Decimal | None
    cash: Decimal | None
    points: Decimal | None


@dataclass(frozen=True)
class HistoryPage:
    """``full`` says that there may be another page; ``refunds`` is undocumented and kept as it came."""

    movements: tuple[Movement, ...]
    full: bool
    refunds: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Instruction:
    """A way to put money into OVO, explained at ``url``."""

    option: str
    icon: str
    url: str


class TokenExpired(ProviderError):
    """Code 02: nothing was paid. The browser goes to ``url`` for a new token, then a new attempt is made."""

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message, retryable=False, outcome_unknown=False, code=client.REGENERATE)
        self.url = url


class WrongAnswer(ProviderError):
    """They agreed, but not to what we asked, or sent the browser where it may not go. Nobody is sent anywhere.

    For a payment the outcome is unknown, since ``trx_id`` exists over there.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False, trx_id: str = "") -> None:
        super().__init__(message, retryable=False, outcome_unknown=outcome_unknown, code=client.SUCCESS)
        self.trx_id = trx_id


def activate(*, phone: str, name: str) -> Activation:
    """Begin to link an account. Raises `WrongAnswer` besides. Source: Faspay contract 5.2, 5.3."""
    fields = {"cust_name": schemas.clean_text(name, limit=NAME_LIMIT) or "Customer"}
    tree = client.call(client.ACTIVATE, phone_of(phone), fields).tree
    url = repair.clean_url(tree.get("redirectURL"))
    if not _allowed(url):
        raise WrongAnswer("ovo activate: a page that is not on the list")
    return Activation(schemas.text_of(tree, "status", limit=40), url)


def pay(order: OvoOrder) -> StartedPayment:
    """Begin a payment. Never call it twice with one ``bill_no``.

    Raises `TokenExpired`, and `WrongAnswer` when the bill or the amount in the answer are not those of the order. The
    end of it comes by notification only. Source: Faspay contract 5.2-5.4.
    """
    reply = client.call(client.PAY, phone_of(order.phone), _bill(order), also=(client.REGENERATE,))
    if reply.code == client.REGENERATE:
        url = repair.clean_url(reply.tree.get("url") or reply.tree.get("redirectURL"))
        raise TokenExpired("ovo pay: 02", url if _allowed(url) else "")
    started = StartedPayment(
        bill_no=order.bill_no,
        trx_id=schemas.text_of(reply.tree, "trx_id", limit=32),
        status=schemas.text_of(reply.tree, "status", limit=40),
        started_at=schemas.read_time(reply.tree.get("payment_day")),
        redirect_url=repair.clean_url(reply.tree.get("redirectURL")),
    )
    _check_payment(order, reply.tree, started)
    return started


def _bill(order: OvoOrder) -> dict[str, str]:
    if not (order.bill_no.isascii() and order.bill_no.isdigit() and len(order.bill_no) <= BILL_LIMIT):
        raise ValueError("bill_no is up to 32 digits")
    total = order.amount * settings.FASPAY_OVO_AMOUNT_MULTIPLIER
    if total <= 0 or total != total.to_integral_value():
        raise ValueError("amount is whole rupiah, more than zero")
    return {
        "bill_no": order.bill_no,
        "bill_desc": schemas.clean_text(order.description, limit=DESCRIPTION_LIMIT) or "Top up",
        "bill_total": f"{total:.0f}",
        "bill_currency": "IDR",
        "cust_name": schemas.clean_text(order.name, limit=NAME_LIMIT) or "Customer",
        "email": order.email[:EMAIL_LIMIT],
        "pay_type": order.pay_type.value,
    }


def _check_payment(order: OvoOrder, tree: repair.Tree, started: StartedPayment) -> None:
    """The signature covers neither bill nor amount, and the unit of amounts is not certain (Faspay contract 5.4)."""
    wrong = ""
    if schemas.text_of(tree, "bill_no", limit=64) != order.bill_no:
        wrong = "another bill"
    elif schemas.read_amount(tree.get("amount")) != order.amount:
        wrong = "another amount"
    elif not started.trx_id:
        wrong = "no trx_id"
    elif not _allowed(started.redirect_url):
        wrong = "a page that is not on the list"
    if wrong:
        logger.error("ovo pay answered for %s", wrong)
        raise WrongAnswer(f"ovo pay: {wrong}", outcome_unknown=True, trx_id=started.trx_id)


def _allowed(url: str) -> bool:
    return bool(url) and schemas.may_be_opened(url, settings.FASPAY_OVO_REDIRECT_HOSTS)


def balance(phone: str) -> Balance:
    """What is in a linked account; `Refused` when it is not linked. Source: Faspay contract 5.3."""
    number = phone_of(phone)
    tree = client.call(client.BALANCE, number, {}).tree
    detail = tree.get("detail")
    cash, points = _purse(detail, "cash"), _purse(detail, "points")
    if cash is None or points is None or _other_phone(tree, number):
        raise ProviderError("ovo balance: unreadable", retryable=True, outcome_unknown=True, code=client.SUCCESS)
    return Balance(cash, points)


def _purse(detail: object, name: str) -> Decimal | None:
    purse = detail.get(name) if isinstance(detail, dict) else None
    return schemas.read_amount(purse.get("balance") if isinstance(purse, dict) else purse)


def _other_phone(tree: repair.Tree, number: str) -> bool:
    answered = schemas.text_of(tree, "phone_no", limit=20)
    return bool(answered) and answered != number


def is_linked(phone: str) -> bool:
    """Whether a balance is answered: how a link, or its end, is confirmed (Faspay contract 5.3)."""
    try:
        balance(phone)
    except Refused:
        return False
    return True


def unlink(phone: str) -> None:
    """Give a link up. The answer is undocumented: confirm with `is_linked` before believing it."""
    client.call(client.UNLINK, phone_of(phone), {"merchant": MERCHANT})


def history(phone: str, *, start: date, end: date, page: int = 1, limit: int = 50) -> HistoryPage:
    """One page of payments between two days of Jakarta, both included, in the order of the answer.

    ``end`` is not after today. There is no total: a page with fewer than ``limit`` is the last (Faspay contract 5.3).
    """
    number = phone_of(phone)
    fields = {
        "merchant": MERCHANT,
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "page": str(page),
        "limit": str(limit),
    }
    tree = client.call(client.HISTORY, number, fields).tree
    if _other_phone(tree, number):
        raise ProviderError("ovo history: another phone", retryable=True, outcome_unknown=True, code=client.SUCCESS)
    rows = repair.items_of(tree.get("list_transaction"))
    refunds = tuple(repair.items_of(tree.get("list_refund")))
    return HistoryPage(tuple(_movement(row) for row in rows), len(rows) >= limit, refunds)


def _movement(row: repair.Tree) -> Movement:
    parts = repair.items_of(row.get("amount_detail"))
    return Movement(
        trx_id=schemas.text_of(row, "trx_id", limit=32),
        status=schemas.text_of(row, "status", limit=40).upper(),
        paid_at=schemas.read_time(row.get("payment_date")),
        amount=schemas.read_amount(row.get("trx_amount")),
        cash=_part(parts, "CASH"),
        points=_part(parts, "POINTS"),
    )


def _part(parts: list[repair.Tree], kind: str) -> Decimal | None:
    named = [part for part in parts if schemas.text_of(part, "type", limit=20).upper() == kind]
    return schemas.read_amount(named[0].get("amt")) if named else None


def whole_history(phone: str, *, start: date, end: date, limit: int = 50) -> Iterator[Movement]:
    """Every payment between two days, page after page; a page that comes twice ends it, as does the 200th."""
    before: HistoryPage | None = None
    for number in range(1, PAGE_LIMIT + 1):
        page = history(phone, start=start, end=end, page=number, limit=limit)
        if page == before:
            return
        yield from page.movements
        if not page.full:
            return
        before = page
    logger.error("ovo history: more than %d pages", PAGE_LIMIT)


def find_payment(phone: str, *, trx_id: str, start: date, end: date) -> Movement | None:
    """The payment of this ``trx_id`` in the history of these days, if it is there already.

    The history is the only question that OVO Tokenize answers about a payment; ids are unique for a day, so keep the
    days few. None proves nothing: it may come later.
    """
    return next((one for one in whole_history(phone, start=start, end=end) if one.trx_id == trx_id), None)


def topup_instructions(phone: str) -> list[Instruction]:
    """How money gets into OVO, in the order of the answer; what has no https address is left out."""
    tree = client.call(client.TOPUP, phone_of(phone), {"merchant": MERCHANT}).tree
    found = [_instruction(row) for row in repair.items_of(tree.get("topup_instruction"))]
    return [one for one in found if one.option and schemas.is_web_address(one.url)]


def _instruction(row: repair.Tree) -> Instruction:
    icon = repair.clean_url(row.get("icon"))
    return Instruction(
        option=schemas.text_of(row, "option", limit=80),
        icon=icon if schemas.is_web_address(icon) else "",
        url=repair.clean_url(row.get("url")),
    )
