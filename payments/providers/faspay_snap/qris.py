"""QRIS at Faspay: one QR for one payment. Source: docs/qris.md, "What Faspay says"."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from config.lib.errors import ProviderError
from payments import emv
from payments.providers.faspay_snap import client, schemas
from payments.providers.faspay_snap.adapter import flag_of
from payments.providers.types import Flag, Made, NoSuchPayment, Order, Ref, Status, WrongAnswer

DESCRIPTION_LIMIT = 128
_REFERENCE_LIMIT = 64
_NOT_FOUND = {"01", "11", "12"}

logger = logging.getLogger(__name__)


def generate(order: Order) -> Made:
    """Have a QR made for ``order``. Never call it twice with one ``trx_id``.

    Raises `ProviderError` as `client.call` does, and `WrongAnswer` when what came back is not a QR for this amount:
    nobody may be shown it. There is no service that would cancel it.
    """
    reply = client.call(client.QR_GENERATE, _generate_payload(order))
    reference = schemas.text_of(reply.answer, "referenceNo", limit=_REFERENCE_LIMIT)
    content = schemas.text_of(reply.answer, "qrContent", limit=emv.MAX_LENGTH + 1)
    _check_answer(order, reply, content, Made(provider_trx_id=reference, code=reply.code))
    return Made(provider_trx_id=reference, content=content, code=reply.code)


def _generate_payload(order: Order) -> dict[str, Any]:
    return {
        "partnerReferenceNo": order.trx_id,
        "amount": {"value": schemas.amount_text(order.amount), "currency": order.currency},
        "merchantId": settings.FASPAY_PARTNER_ID,
        "validityPeriod": schemas.time_text(order.expires_at),
        "additionalInfo": {
            "billDate": schemas.time_text(order.created_at),
            "billDescription": schemas.clean_name(order.description, limit=DESCRIPTION_LIMIT) or "Top up",
            "channelCode": order.bank or settings.FASPAY_QRIS_CHANNEL,
        },
    }


def _check_answer(order: Order, reply: client.Reply, content: str, made: Made) -> None:
    """``made`` carries no content on purpose: a QR that failed here is not kept where a page could find it."""
    echoed = schemas.text_of(reply.answer, "partnerReferenceNo")
    if echoed and echoed != order.trx_id:
        raise WrongAnswer("qr-mpm-generate: answered for another partnerReferenceNo", made)
    info = reply.answer.get("additionalInfo")
    told, currency = schemas.amount_of(info.get("amount") if isinstance(info, dict) else None)
    if told is not None and (told, currency) != (order.amount, order.currency):
        raise WrongAnswer("qr-mpm-generate: answered with another amount", made)
    try:
        emv.check(content, order.amount)
    except emv.UnfitCode as error:
        raise WrongAnswer(f"qr-mpm-generate: {error}", made) from error


def ask_status(ref: Ref) -> Status:
    """Ask what became of a QR, by our number and by Faspay's when we know it.

    Raises `NoSuchPayment`, or `ProviderError` (nothing is known).
    """
    try:
        reply = client.call(client.QR_QUERY, _query_payload(ref))
    except ProviderError as error:
        if error.code[:3] == "404" and error.code[5:] in _NOT_FOUND:
            raise NoSuchPayment(str(error), retryable=False, outcome_unknown=False, code=error.code) from error
        raise
    return _status_of(reply, ref)


def _query_payload(ref: Ref) -> dict[str, Any]:
    theirs = {"originalReferenceNo": ref.provider_trx_id} if ref.provider_trx_id else {}
    return {
        **theirs,
        "originalPartnerReferenceNo": ref.trx_id,
        "serviceCode": client.QR_GENERATE.number,
        "merchantId": settings.FASPAY_PARTNER_ID,
        "additionalInfo": {"channelCode": ref.bank or settings.FASPAY_QRIS_CHANNEL},
    }


def _status_of(reply: client.Reply, ref: Ref) -> Status:
    answer: Mapping[str, Any] = reply.answer
    raw = schemas.text_of(answer, "latestTransactionStatus", limit=8)
    theirs = schemas.text_of(answer, "originalReferenceNo", limit=_REFERENCE_LIMIT)
    ours = schemas.text_of(answer, "originalPartnerReferenceNo")
    if (ours and ours != ref.trx_id) or (theirs and ref.provider_trx_id and theirs != ref.provider_trx_id):
        raise ProviderError("qr-mpm-query: another reference", retryable=True, outcome_unknown=True, code=reply.code)
    flag = flag_of(raw)
    if flag is Flag.NOT_PAID and not theirs and not ref.provider_trx_id:
        raise NoSuchPayment(
            "qr-mpm-query: 07 without a number", retryable=False, outcome_unknown=False, code=reply.code
        )
    if flag is Flag.UNKNOWN:
        logger.error("faspay qr-mpm-query: unknown latestTransactionStatus %.8r", raw)
    amount, currency = schemas.amount_of(answer.get("amount"))
    paid_at = schemas.read_time(answer.get("paidTime"))
    return Status(flag, raw, "", "", "", amount, currency, paid_at, reply.code, provider_trx_id=theirs)
