"""HTTP to Faspay: headers, signature, and what an answer means for the caller. No business words here."""

import functools
import json
import logging
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings

from config.lib import http
from config.lib.clock import JAKARTA
from config.lib.errors import ProviderError
from payments.providers.faspay_snap import signing

_CODE = re.compile(r"[2-5]\d{6}")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """One of Faspay's services: how it is called and the number that stands in its response codes."""

    name: str
    method: str
    path: str
    number: str


CREATE_VA = Service("create-va", "POST", "/v1.0/transfer-va/create-va", "27")
STATUS = Service("status", "POST", "/v1.0/transfer-va/status", "26")
DELETE_VA = Service("delete-va", "DELETE", "/v1.0/transfer-va/delete-va", "31")
QR_GENERATE = Service("qr-mpm-generate", "POST", "/v1.0/qr/qr-mpm-generate", "47")
QR_QUERY = Service("qr-mpm-query", "POST", "/v1.0/qr/qr-mpm-query", "51")


@dataclass(frozen=True)
class Reply:
    """A success answer: its response code, ``virtualAccountData``, and the whole of it (numbers are kept as their
    text)."""

    code: str
    data: Mapping[str, Any]
    answer: Mapping[str, Any] = field(default_factory=dict)


def call(service: Service, payload: Mapping[str, Any], *, also_success: tuple[str, ...] = ()) -> Reply:
    """Send one signed request; return the answer of a success code.

    Raises `ProviderError`: ``retryable`` when nothing was sent or they asked us to come back, ``outcome_unknown``
    for 202, 409, 5xx, a timeout, anything that is not a SNAP answer (Faspay contract 1.5, 3.1). Its ``code`` is the
    response code, if there was one.
    """
    if not settings.FASPAY_BASE_URL:
        raise ProviderError("FASPAY_BASE_URL is not set", retryable=True, outcome_unknown=False)
    body = json.dumps(payload, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    headers = _signed_headers(service, body)
    try:
        reply = http.send(
            service.method,
            settings.FASPAY_BASE_URL + service.path,
            headers=headers,
            body=body,
            label=f"faspay {service.name}",
            read_timeout=settings.FASPAY_READ_TIMEOUT_SECONDS,
        )
    except http.HttpError as error:
        raise ProviderError(
            f"{service.name}: no answer", retryable=not error.sent, outcome_unknown=error.sent
        ) from error
    return _read(service, reply, also_success)


def _signed_headers(service: Service, body: bytes) -> dict[str, str]:
    timestamp = datetime.now(JAKARTA).isoformat(timespec="seconds")
    text = signing.string_to_sign(service.method, service.path, body, timestamp)
    return {
        "Content-Type": "application/json",
        "X-TIMESTAMP": timestamp,
        "X-SIGNATURE": signing.sign(_private_key(), text),
        "X-PARTNER-ID": settings.FASPAY_PARTNER_ID,
        "X-EXTERNAL-ID": f"{secrets.randbelow(10**32):032}",
        "CHANNEL-ID": settings.FASPAY_CHANNEL_ID,
    }


def _private_key() -> RSAPrivateKey:
    path = Path(settings.FASPAY_PRIVATE_KEY_FILE)
    try:
        return _load_private_key(str(path), path.stat().st_mtime_ns)
    except (OSError, signing.UnusableKey) as error:
        raise ProviderError("our Faspay key cannot be read", retryable=True, outcome_unknown=False) from error


@functools.lru_cache(maxsize=4)
def _load_private_key(path: str, changed: int) -> RSAPrivateKey:
    return signing.load_private_key(Path(path).read_bytes())


def public_keys() -> list[signing.PublicKey]:
    """Faspay's active keys, as configured; a file that cannot be used is logged and left out."""
    keys = []
    for name in settings.FASPAY_PUBLIC_KEY_FILES:
        try:
            # Not a Path: this is asked for every message.
            keys.append(_load_public_key(name, os.stat(name).st_mtime_ns))
        except (OSError, signing.UnusableKey) as error:
            logger.error("Faspay key file %s cannot be used: %s", Path(name).name, type(error).__name__)
    return keys


@functools.lru_cache(maxsize=16)
def _load_public_key(path: str, changed: int) -> signing.PublicKey:
    return signing.load_public_key(Path(path).read_bytes())


def _read(service: Service, reply: http.HttpReply, also_success: tuple[str, ...]) -> Reply:
    answer = _parse(reply.body)
    code = str(answer.get("responseCode", "")) if answer else ""
    if answer is None or not _CODE.fullmatch(code):
        raise ProviderError(
            f"{service.name}: HTTP {reply.status} without a SNAP answer",
            retryable=False,
            outcome_unknown=True,
            status=reply.status,
        )
    if code == f"200{service.number}00" or code in also_success:
        data = answer.get("virtualAccountData")
        return Reply(code, data if isinstance(data, dict) else {}, answer)
    raise _refusal(service, code, reply)


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        # Numbers stay text: a 20-digit customerNo must not lose digits (Faspay contract 3.4).
        answer = json.loads(body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _refusal(service: Service, code: str, reply: http.HttpReply) -> ProviderError:
    """What a code that is no success means. 404xx18 and every 409 say that the id is known already: ask."""
    family = code[:3]
    logger.warning("faspay %s answered %s", service.name, code)
    unknown = family in {"200", "202", "409"} or family[0] == "5" or (family, code[5:]) == ("404", "18")
    return ProviderError(
        f"{service.name}: {code}",
        retryable=family == "429",
        outcome_unknown=unknown,
        code=code,
        status=reply.status,
        retry_after=_seconds(reply.headers.get("Retry-After", "")),
    )


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,5}", text) else None
