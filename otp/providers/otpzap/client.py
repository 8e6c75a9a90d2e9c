"""HTTP towards OTPZap: key, envelope, the shared rate limit, and what each failure means."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from redis import RedisError

from config.lib import http
from config.lib.errors import ProviderError
from otp.providers.otpzap import keys
from otp.providers.otpzap.lenient import retry_after, text
from otp.providers.otpzap.operations import Operation

# A key that was refused, or has no money left, is not chosen for new orders for so many seconds.
_REST_SECONDS = 60.0


def call(
    operation: Operation,
    *,
    key: str = "",
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
) -> Any:
    """Do one call with the key called ``key`` ("" is the main one) and return its ``data``. Raises `ProviderError`.

    Code ``busy`` means the call was not made because our share of the key's rate is used up; ``no_key`` that there is
    no key to make it with.
    """
    secret = _secret(operation, key)
    name = keys.name_of(secret)
    _wait_for_nobody(operation, name)
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
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
    return _data(operation, name, reply)


def _secret(operation: Operation, key: str) -> str:
    """The key to call with. One that is gone was perhaps exchanged for another of the same account, so others may ask
    about its orders; only buying goes with the very key that may have bought already, or not at all."""
    secret = keys.secret_of(key)
    if secret is None and not operation.buys:
        secret = keys.secret_of("")
    if secret is None:
        raise ProviderError(
            f"{operation.path}: no key",
            retryable=bool(key),
            outcome_unknown=bool(key) and operation.buys,
            code="no_key",
            status=0 if key else 401,
        )
    return secret


def _wait_for_nobody(operation: Operation, name: str) -> None:
    """Take a place in the shared window or refuse at once: a worker never sleeps for the limit."""
    try:
        wait = keys.take(name, share=operation.share, smooth=operation.smooth)
    except RedisError as error:
        raise ProviderError("no limiter", retryable=True, outcome_unknown=False, code="busy", retry_after=5) from error
    if wait:
        raise ProviderError(
            f"{operation.path}: rate used up", retryable=True, outcome_unknown=False, code="busy", retry_after=wait
        )


def _data(operation: Operation, name: str, reply: http.HttpReply) -> Any:
    document = _document(reply.body)
    if 200 <= reply.status < 300 and isinstance(document, Mapping) and document.get("success") is True:
        return document.get("data")
    raise _failure(operation, name, reply, document)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _failure(operation: Operation, name: str, reply: http.HttpReply, document: Any) -> ProviderError:
    code = _code(document)
    wait = retry_after(reply.headers.get("Retry-After"))
    if reply.status == 429 and _about_the_key(operation, code):
        wait = keys.pause(name, wait)
    if reply.status in (401, 402, 403) or code == "INSUFFICIENT_BALANCE":
        keys.rest(name, _REST_SECONDS)
    refused = reply.status == 429 or (400 <= reply.status < 500 and reply.status != 408)
    # A 200 that says success: false is an answer, and the answer is no (OTPZap contract 12.26).
    said_no = reply.status < 300 and isinstance(document, Mapping) and document.get("success") is False
    return ProviderError(
        f"{operation.path}: {reply.status} {code}".rstrip(),
        retryable=reply.status == 429 or not (refused or said_no),
        outcome_unknown=operation.acts and not (refused or said_no),
        code=code or ("refused" if said_no else "garbled" if reply.status < 400 else str(reply.status)),
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
