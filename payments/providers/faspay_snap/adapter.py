"""What the payments app asks of Faspay, in our own dataclasses."""

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from config.lib.errors import ProviderError
from payments.providers.faspay_snap import client, schemas
from payments.providers.types import Flag, Made, NoSuchPayment, Order, Ref, Status, WrongAnswer

__all__ = ["Flag", "Made", "NoSuchPayment", "Order", "Ref", "Status", "WrongAnswer"]

logger = logging.getLogger(__name__)

# Some gateways print the service number of payments in the success code of create-va (Faspay contract 3.1).
_ODD_SUCCESS = "2002500"
_NOT_FOUND = {"01", "11", "12"}
DESCRIPTION_LIMIT = 18


_FLAGS = {
    "00": Flag.PAID,
    "01": Flag.PENDING,
    "02": Flag.PENDING,
    "03": Flag.PENDING,
    "04": Flag.REFUNDED,
    "05": Flag.CANCELLED,
    "06": Flag.FAILED,
    "07": Flag.NOT_PAID,
}


def flag_of(code: str) -> Flag:
    """The meaning of a two-digit status; anything not in the list is `Flag.UNKNOWN`."""
    return _FLAGS.get(code, Flag.UNKNOWN)


def create_va(order: Order) -> Made:
    """Make a number. Never call it twice with one ``trx_id``.

    Raises `ProviderError` as `client.call` does, and `WrongAnswer`. An answer of success without a number is of
    unknown outcome. Source: Faspay contract 3.1.
    """
    reply = client.call(client.CREATE_VA, _create_payload(order), also_success=(_ODD_SUCCESS,))
    service, customer, number = schemas.number_of(reply.data)
    if not number:
        raise ProviderError("create-va: no number", retryable=False, outcome_unknown=True, code=reply.code)
    if reply.code == _ODD_SUCCESS:
        logger.warning("faspay create-va answered %s with a number", reply.code)
    made = Made(
        number=number,
        partner_service_id=service,
        customer_no=customer,
        provider_trx_id=_provider_trx_id(reply.data),
        code=reply.code,
    )
    _check_answer(order, reply.data, made)
    return made


def _create_payload(order: Order) -> dict[str, Any]:
    return {
        "virtualAccountName": schemas.clean_name(order.name) or "Customer",
        "virtualAccountEmail": order.email[:128],
        "virtualAccountPhone": schemas.clean_phone(order.phone),
        "trxId": order.trx_id,
        "totalAmount": {"value": schemas.amount_text(order.amount), "currency": order.currency},
        "expiredDate": schemas.time_text(order.expires_at),
        "additionalInfo": {
            "billDate": schemas.time_text(order.created_at),
            "channelCode": order.bank,
            "billDescription": schemas.clean_name(order.description, limit=DESCRIPTION_LIMIT) or "Top up",
        },
    }


def _check_answer(order: Order, data: Mapping[str, Any], made: Made) -> None:
    trx_id = schemas.text_of(data, "trxId")
    if trx_id and trx_id != order.trx_id:
        raise WrongAnswer("create-va: answered for another trxId", made)
    if "totalAmount" in data:
        amount, currency = schemas.amount_of(data["totalAmount"])
        if amount != order.amount or currency != order.currency:
            raise WrongAnswer("create-va: answered with another amount", made)


def _provider_trx_id(data: Mapping[str, Any]) -> str:
    """Faspay's own id out of redirectUrl's query; the rest of that address opens the page, so it is dropped."""
    info = data.get("additionalInfo")
    url = info.get("redirectUrl") if isinstance(info, dict) else None
    if not isinstance(url, str) or len(url) > 2000:
        return ""
    try:
        found = parse_qs(urlsplit(url).query).get("trx_id", [""])[0]
    except ValueError:
        return ""
    return found if re.fullmatch(r"[A-Za-z0-9]{1,32}", found) else ""


def ask_status(ref: Ref) -> Status:
    """Ask what became of a number, by our ``trx_id``; once more by Faspay's own id when ours is not known there.

    Raises `NoSuchPayment`, or `ProviderError` (nothing is known). Source: Faspay contract 3.4.
    """
    try:
        return _ask(ref, ref.trx_id)
    except NoSuchPayment:
        if not ref.provider_trx_id:
            raise
    return _ask(ref, ref.provider_trx_id)


def ask_static(ref: Ref) -> Status:
    """Ask what became of one payment to a permanent number; ``trx_id`` of ``ref`` is its paymentRequestId.

    Raises `NoSuchPayment`, or `ProviderError` (nothing is known). Source: Faspay contract 3.4.
    """
    payload = {
        **_naming(ref),
        "inquiryRequestId": ref.trx_id,
        "additionalInfo": {"channelCode": ref.bank},
    }
    reply = _asked(payload)
    named = schemas.text_of(reply.data, "inquiryRequestId")
    if named and named != ref.trx_id:
        raise ProviderError("status: another payment", retryable=True, outcome_unknown=True, code=reply.code)
    return _status_of(reply, ref)


def _ask(ref: Ref, trx_id: str) -> Status:
    payload = {**_naming(ref), "additionalInfo": {"channelCode": ref.bank, "trxId": trx_id}}
    return _status_of(_asked(payload), ref)


def _asked(payload: Mapping[str, Any]) -> client.Reply:
    try:
        return client.call(client.STATUS, payload)
    except ProviderError as error:
        if error.code[:3] == "404" and error.code[5:] in _NOT_FOUND:
            raise NoSuchPayment(str(error), retryable=False, outcome_unknown=False, code=error.code) from error
        raise


def _status_of(reply: client.Reply, ref: Ref) -> Status:
    raw = schemas.text_of(reply.data, "paymentFlagStatus", limit=8)
    service, customer, number = schemas.number_of(reply.data)
    if flag_of(raw) is Flag.NOT_PAID and not number and not ref.number:
        # 07 means expired or not found (same number twice); with no number on either side it is the latter.
        raise NoSuchPayment("status: 07 without a number", retryable=False, outcome_unknown=False, code=reply.code)
    if number and ref.number and number != ref.number:
        raise ProviderError("status: another number", retryable=True, outcome_unknown=True, code=reply.code)
    if flag_of(raw) is Flag.UNKNOWN:
        logger.error("faspay status: unknown paymentFlagStatus %.8r", raw)
    amount, currency = schemas.amount_of(reply.data.get("paidAmount"))
    paid_at = schemas.read_time(reply.data.get("transactionDate"))
    return Status(flag_of(raw), raw, number, service, customer, amount, currency, paid_at, reply.code)


def delete_va(ref: Ref, reason: str) -> str:
    """Close a number for good and return the response code. After any error ask for the status.

    Raises `ProviderError`. Source: Faspay contract 3.5.
    """
    payload = {**_naming(ref), "additionalInfo": {"reason": reason[:50], "trxId": ref.trx_id}}
    return client.call(client.DELETE_VA, payload).code


def _naming(ref: Ref) -> dict[str, str]:
    service = ref.partner_service_id or settings.FASPAY_PARTNER_SERVICE_ID
    customer = ref.customer_no or ref.number.removeprefix(service)
    whole = schemas.pad(service) + customer if ref.number == service + customer else ref.number
    return {"partnerServiceId": schemas.pad(service), "customerNo": customer, "virtualAccountNo": whole}
