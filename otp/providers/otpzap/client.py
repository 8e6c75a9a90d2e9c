"""HTTP towards OTPZap: key, envelope, the shared rate limit, and what each failure means."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis import RedisError

from config.lib import http
from config.lib.errors import ProviderError
from config.lib.limits import TokenWindow
from otp.providers.otpzap.schemas import retry_after, text

# Ours is counted before a request leaves, theirs when it arrives: a few requests of air for what bunches up.
_SAFETY = 0.02
_PAUSE_KEY = "otpzap:pause"
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Operation:
    """One endpoint. ``acts``: a missing answer leaves us not knowing. ``gated``: its own 429 is about the order,
    not the key (OTPZap contract 11). ``share``: the part of the minute's budget it may not touch."""

    method: str
    path: str
    acts: bool = False
    gated: bool = False
    share: float = 0.0
    smooth: bool = False
    connect: float = 2.0
    read: float = 4.0


# Buying, cancelling and finishing come first, then the catalogue, then polls.
CATALOGUE_SHARE, POLL_SHARE = 0.05, 0.12
BALANCE = Operation("GET", "/balance", share=CATALOGUE_SHARE)
COUNTRIES = Operation("GET", "/countries", share=CATALOGUE_SHARE)
SERVICES = Operation("GET", "/services", share=CATALOGUE_SHARE)
PRODUCTS = Operation("GET", "/products", share=CATALOGUE_SHARE)
CREATE = Operation("POST", "/order/create", acts=True, connect=3.0, read=10.0)
CHECK = Operation("GET", "/order/check", share=POLL_SHARE, smooth=True)
# The look that follows a cancel or finish is part of it.
CHECK_NOW = Operation("GET", "/order/check")
CANCEL = Operation("POST", "/order/cancel", acts=True, gated=True, read=8.0)
FINISH = Operation("POST", "/order/finish", acts=True, gated=True, read=8.0)
RESEND = Operation("POST", "/order/resend", acts=True, gated=True, read=8.0)
REPLACE = Operation("POST", "/order/replace", acts=True, gated=True, connect=3.0, read=10.0)


def call(
    operation: Operation,
    *,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
) -> Any:
    """Do one call and return its ``data``. Raises `ProviderError`.

    Code ``busy`` means the call was not made because our share of the key's rate is used up.
    """
    _wait_for_nobody(operation)
    headers = {"Authorization": f"Bearer {settings.OTPZAP_API_KEY}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    try:
        reply = http.send(
            operation.method,
            f"{settings.OTPZAP_BASE_URL}{operation.path}",
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            params=params,
            connect_timeout=operation.connect,
            read_timeout=operation.read,
            label="otpzap",
        )
    except http.HttpError as error:
        code = "timeout" if error.sent else "unreachable"
        unknown = operation.acts and error.sent
        raise ProviderError(f"{operation.path}: {code}", retryable=True, outcome_unknown=unknown, code=code) from error
    return _data(operation, reply)


def _wait_for_nobody(operation: Operation) -> None:
    """Take a place in the shared window or refuse at once: a worker never sleeps for the limit."""
    limit = max(1, int(settings.OTPZAP_RATE_PER_MINUTE * (1 - _SAFETY)))
    reserve = int(limit * operation.share)
    try:
        wait = max(0.0, float(cache.get(_PAUSE_KEY) or 0) - time.time())
        if not wait and operation.smooth:
            # Spread over the minute: a burst of polls would leave the rest of it blind.
            wait = TokenWindow("otpzap:polls", limit=max(1, (limit - reserve) // 12), seconds=5).take()
        wait = wait or TokenWindow("otpzap", limit=limit, seconds=60).take(reserve=reserve)
    except RedisError as error:
        raise ProviderError("no limiter", retryable=True, outcome_unknown=False, code="busy", retry_after=5) from error
    if wait:
        raise ProviderError(
            f"{operation.path}: rate used up", retryable=True, outcome_unknown=False, code="busy", retry_after=wait
        )


def _data(operation: Operation, reply: http.HttpReply) -> Any:
    document = _document(reply.body)
    if 200 <= reply.status < 300 and isinstance(document, Mapping) and document.get("success") is True:
        return document.get("data")
    raise _failure(operation, reply, document)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _failure(operation: Operation, reply: http.HttpReply, document: Any) -> ProviderError:
    code = _code(document)
    wait = retry_after(reply.headers.get("Retry-After"))
    if reply.status == 429 and _about_the_key(operation, code):
        wait = _pause(wait)
    refused = reply.status == 429 or (400 <= reply.status < 500 and reply.status != 408)
    # A 200 that says success: false is an answer, and the answer is no (OTPZap contract 12.26).
    said_no = reply.status < 300 and isinstance(document, Mapping) and document.get("success") is False
    return ProviderError(
        f"{operation.path}: {reply.status} {code}".rstrip(),
        retryable=reply.status == 429 or not (refused or said_no),
        outcome_unknown=operation.acts and not (refused or said_no),
        code=code or ("garbled" if reply.status < 400 else str(reply.status)),
        status=reply.status,
        retry_after=wait,
    )


def _code(document: Any) -> str:
    """The code of an error, which may be an object, a string or missing (OTPZap contract 11)."""
    if not isinstance(document, Mapping):
        return ""
    error = document.get("error")
    found = error.get("code") if isinstance(error, Mapping) else document.get("code") or error
    return text(found).upper().replace(" ", "_")[:60]


def _about_the_key(operation: Operation, code: str) -> bool:
    return not operation.gated or code == "RATE_LIMIT_EXCEEDED"


def _pause(wait: float | None) -> float:
    """The key itself is over its rate: nobody calls until they let us."""
    seconds = min(_LONGEST_PAUSE, 5.0 if wait is None else max(1.0, wait))
    try:
        cache.set(_PAUSE_KEY, time.time() + seconds, timeout=int(seconds) + 1)
    except RedisError:
        return seconds
    return seconds
