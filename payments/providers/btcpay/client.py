"""HTTP to the Greenfield API of BTCPay Server: address, token, and what an answer means. No business words here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from config.lib import http
from config.lib.errors import ProviderError

_TOKEN_SAFE = re.compile(r"[\x21-\x7e]+", re.ASCII)


@dataclass(frozen=True)
class Reply:
    """What came back with a success status; fractions are kept as their text, whole numbers are ints."""

    status: int
    data: Any


def call(
    name: str,
    method: str,
    path: str,
    *,
    payload: Mapping[str, Any] | None = None,
    params: Mapping[str, str] | None = None,
) -> Reply:
    """One request about the store's invoices; ``path`` follows ``/api/v1/stores/<store>``.

    Raises `ProviderError`: ``retryable`` when nothing was sent or they asked us to come back (429), ``outcome_unknown``
    for a timeout, 3xx, 5xx and whatever is not JSON. Its ``code`` is the HTTP status.
    """
    if not (settings.BTCPAY_BASE_URL and settings.BTCPAY_API_KEY and settings.BTCPAY_STORE_ID):
        raise ProviderError("BTCPAY_* is not set", retryable=True, outcome_unknown=False)
    body = (
        json.dumps(payload, ensure_ascii=True, separators=(",", ":")).encode("ascii") if payload is not None else None
    )
    try:
        reply = http.send(
            method,
            f"{settings.BTCPAY_BASE_URL}/api/v1/stores/{settings.BTCPAY_STORE_ID}{path}",
            headers=_headers(body),
            body=body,
            params=params,
            label=f"btcpay {name}",
            read_timeout=settings.BTCPAY_READ_TIMEOUT_SECONDS,
        )
    except http.HttpError as error:
        raise ProviderError(f"{name}: no answer", retryable=not error.sent, outcome_unknown=error.sent) from error
    return _read(name, reply)


def _headers(body: bytes | None) -> dict[str, str]:
    if not _TOKEN_SAFE.fullmatch(settings.BTCPAY_API_KEY):
        raise ProviderError("BTCPAY_API_KEY cannot be sent", retryable=True, outcome_unknown=False)
    kind = {"Content-Type": "application/json"} if body is not None else {}
    return {"Authorization": f"token {settings.BTCPAY_API_KEY}", "Accept": "application/json", **kind}


def _read(name: str, reply: http.HttpReply) -> Reply:
    if reply.status // 100 != 2:
        raise _refusal(name, reply)
    if not reply.body.strip():
        return Reply(reply.status, None)
    try:
        return Reply(reply.status, json.loads(reply.body, parse_float=str))
    except (ValueError, RecursionError) as error:
        raise ProviderError(
            f"{name}: no JSON", retryable=False, outcome_unknown=True, code=str(reply.status), status=reply.status
        ) from error


def _refusal(name: str, reply: http.HttpReply) -> ProviderError:
    """4xx is a definite no; whatever a proxy or a broken server says tells nothing of what was done."""
    return ProviderError(
        f"{name}: HTTP {reply.status}",
        retryable=reply.status == 429,
        outcome_unknown=reply.status // 100 != 4 or reply.status in {408, 409},
        code=str(reply.status),
        status=reply.status,
        retry_after=_seconds(reply.headers.get("Retry-After", "")),
    )


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,5}", text, re.ASCII) else None
