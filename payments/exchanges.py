"""Keep what went out to a provider and what came back, without secrets."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models.functions import Now

from config.lib import http
from config.lib.errors import ProviderError
from payments.models import PaymentAttempt, ProviderExchange

Outcome = ProviderExchange.Outcome
_BODY = 16 * 1024
_SECRET_HEADERS = frozenset(
    {
        "X-SIGNATURE",
        "AUTHORIZATION",
        "PROXY-AUTHORIZATION",
        "COOKIE",
        "SET-COOKIE",
        "BTCPAY-SIG",
        "X-API-KEY",
        # Where a provider sends a browser carries a token.
        "LOCATION",
    }
)
# Signatures that can be used again, and addresses that open a page by themselves (Faspay contract 3.1, 5.1, 5.5). A
# body that was cut off may end inside of one.
_SECRET = (
    rb"signature|redirect_?url|web_?view_?url|qr_?(?:image_?)?url|url|checkout_?link|api_?key|password|pin|otp|"
    rb"access_?token|token"
)
_SECRET_FIELDS = re.compile(
    rb'("(?:' + _SECRET + rb')"\s*:\s*")(?:[^"\\]|\\.)*("|\\?\Z)'
    rb"|(<(" + _SECRET + rb")(?:\s[^>]*)?>).*?(</\4\s*>|\Z)"
    rb"|((?:^|[?&;\s\"'])(?:" + _SECRET + rb")=)[^&\s\"'<>]+()",
    re.IGNORECASE | re.DOTALL,
)
# A token stands in three parts wherever it stands; the query of any address may hold one.
_TOKENS = re.compile(rb"eyJ[\w-]{6,}(?:\.[\w-]*){0,2}|(?<=[\w/])\?[\w.%~-]+=[^\s\"'<>\\]*")
_PHONE_FIELDS = re.compile(
    rb'("(?:virtualAccountPhone|phone(?:_?(?:no|number))?|mobile(?:_?(?:no|number))?|msisdn)"\s*:\s*"?)(\+?\d{6,})'
    rb"|(<(?:phone(?:_?(?:no|number))?|mobile|msisdn)>\s*)(\+?\d{6,})"
    rb"|((?:^|[?&])(?:phone(?:_?(?:no|number))?|mobile|msisdn)=)((?:\+|%2[bB])?\d{6,})",
    re.IGNORECASE,
)
# What is secret by our own settings is left out wherever it turns up.
_SECRET_SETTINGS = ("BTCPAY_API_KEY", "BTCPAY_WEBHOOK_SECRET", "FASPAY_OVO_PASSWORD", "OTPZAP_API_KEY")
_LEFT_OUT = b"[left out]"

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
    return {name: without_secrets(str(headers[name]).encode())[:300] for name in kept[:40]}


def without_secrets(body: bytes) -> str:
    """``body`` as text to be kept: what can be used again is left out, phone numbers are masked in their middle."""
    plain = body
    for secret in _known_secrets():
        plain = plain.replace(secret, _LEFT_OUT)
    # Cut before looking: what was cut off cannot be recognised by its end.
    plain = _SECRET_FIELDS.sub(_blanked, plain[:_BODY])
    plain = _TOKENS.sub(_LEFT_OUT, plain)
    plain = _PHONE_FIELDS.sub(_masked, plain)
    return plain.decode("utf-8", "replace").replace("\x00", "")


def _known_secrets() -> list[bytes]:
    values = (str(getattr(settings, name, "") or "") for name in _SECRET_SETTINGS)
    return [value.encode() for value in values if len(value) >= 6]


def _blanked(found: "re.Match[bytes]") -> bytes:
    opening = found[1] or found[3] or found[6]
    closing = found[2] or found[5] or b""
    return opening + _LEFT_OUT + closing


def _masked(found: "re.Match[bytes]") -> bytes:
    opening, digits = next((found[at], found[at + 1]) for at in (1, 3, 5) if found[at])
    return opening + digits[:4] + b"*" * (len(digits) - 7) + digits[-3:]


def _code_in(body: bytes) -> str:
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = answer.get("responseCode") or answer.get("response_code") if isinstance(answer, dict) else ""
    return str(code or "")[:16]


def forget(limit: int = 5000) -> int:
    """Delete what was kept for longer than settings.EXCHANGES_KEPT_DAYS, a part at a time; how many went."""
    old = ProviderExchange.objects.filter(sent_at__lt=Now() - timedelta(days=settings.EXCHANGES_KEPT_DAYS))
    ids = list(old.order_by("sent_at").values_list("pk", flat=True)[:limit])
    ProviderExchange.objects.filter(pk__in=ids).delete()
    return len(ids)
