"""Keep what went out to a provider and what came back, without secrets."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError

from config.lib import http
from config.lib.errors import ProviderError
from payments.models import PaymentAttempt, ProviderExchange

Outcome = ProviderExchange.Outcome
_BODY = 16 * 1024
_SECRET_HEADERS = frozenset({"X-SIGNATURE", "AUTHORIZATION", "COOKIE", "SET-COOKIE", "BTCPAY-SIG"})
# Signatures that can be used again, and addresses that open a page by themselves (Faspay contract 3.1, 5.1, 5.5).
_SECRET_FIELDS = re.compile(
    rb'("(?:signature|redirectURL|redirectUrl|url|checkoutLink|apiKey)"\s*:\s*")[^"]*(")'
    rb"|(<(signature|redirectURL|url)>)[^<]*(</)",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


@contextmanager
def recorded(
    provider: str, *, operation: str = "", reference: str = "", attempt: PaymentAttempt | None = None
) -> Iterator[None]:
    """Keep every request sent inside as a `ProviderExchange`. Never inside a database transaction.

    What a `ProviderError` says of the outcome is kept with the last request. A record that cannot be written is
    logged and changes nothing: the call has been made.
    """
    heard: list[http.Exchange] = []
    error: ProviderError | None = None
    try:
        with http.heard_by(heard.append):
            yield
    except ProviderError as raised:
        error = raised
        raise
    finally:
        _keep(provider, operation, reference, attempt, heard, error)


def _keep(
    provider: str,
    operation: str,
    reference: str,
    attempt: PaymentAttempt | None,
    heard: list[http.Exchange],
    error: ProviderError | None,
) -> None:
    rows = [_row(exchange, provider, operation, reference) for exchange in heard]
    for row in rows:
        row.attempt = attempt
    if rows and error is not None:
        rows[-1].outcome = _outcome_of(error, heard[-1])
        rows[-1].code = error.code[:16]
    try:
        ProviderExchange.objects.bulk_create(rows)
    except DatabaseError:
        logger.exception("%s: %d exchanges could not be kept", provider, len(rows))


def _outcome_of(error: ProviderError, exchange: http.Exchange) -> Outcome:
    if not exchange.sent:
        return Outcome.UNSENT
    return Outcome.UNKNOWN if error.outcome_unknown else Outcome.REFUSED


def _row(exchange: http.Exchange, provider: str, operation: str, reference: str) -> ProviderExchange:
    reply = exchange.reply
    body = reply.body if reply else b""
    return ProviderExchange(
        provider=provider,
        operation=operation or exchange.label.rpartition(" ")[2][:40],
        method=exchange.method,
        address=exchange.url[:300],
        reference=reference,
        request_headers=_headers(exchange.headers),
        request_body=without_secrets(exchange.body),
        status=reply.status if reply else None,
        response_headers=_headers(reply.headers) if reply else {},
        response_body=without_secrets(body),
        code=_code_in(body),
        outcome=Outcome.OK if reply else Outcome.UNKNOWN if exchange.sent else Outcome.UNSENT,
        elapsed_ms=int(exchange.elapsed * 1000),
    )


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    kept = [name for name in headers if name.upper() not in _SECRET_HEADERS]
    return {name: str(headers[name])[:300].replace("\x00", "") for name in kept[:40]}


def without_secrets(body: bytes) -> str:
    """``body`` as text to be kept: reusable signatures and addresses that carry a token are left out."""
    plain = _SECRET_FIELDS.sub(_blanked, body[:_BODY])
    return plain.decode("utf-8", "replace").replace("\x00", "")


def _blanked(found: "re.Match[bytes]") -> bytes:
    opening, closing = (found[1], found[2]) if found[1] else (found[3], found[5])
    return opening + b"[left out]" + closing


def _code_in(body: bytes) -> str:
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = answer.get("responseCode") or answer.get("response_code") if isinstance(answer, dict) else ""
    return str(code or "")[:16]
