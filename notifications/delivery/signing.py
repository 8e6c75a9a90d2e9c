"""How a receiver knows that we sent it: Standard Webhooks, and a plain HMAC for receivers written for OTPZap
(OTPZap contract 12.1). Key of both: the UTF-8 bytes of the secret as typed, nothing decoded."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from django.conf import settings

# What webhook secrets are sealed for.
PURPOSE = "webhook"


def signed_headers(event_id: str, body: bytes, secrets: Sequence[str], timestamp: int) -> dict[str, str]:
    """The headers of one attempt at ``timestamp`` (Unix seconds); while two secrets count, both sign."""
    plain = settings.WEBHOOK_SIGNATURE_HEADER
    content = f"{event_id}.{timestamp}.".encode() + body
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Gerbang-Webhooks/1",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{standard_signature(secret, content)}" for secret in secrets),
        plain: f"sha256={plain_signature(secrets[0], body)}",
    }
    if len(secrets) > 1:
        headers[f"{plain}-Previous"] = f"sha256={plain_signature(secrets[1], body)}"
    return headers


def library_secret(secret: str) -> str:
    """How libraries of Standard Webhooks want to be told the secret: they decode what follows ``whsec_``."""
    return "whsec_" + base64.b64encode(secret.encode()).decode()


def standard_signature(secret: str, content: bytes) -> str:
    """In base64, over ``{id}.{timestamp}.{body}``."""
    return base64.b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()


def plain_signature(secret: str, body: bytes) -> str:
    """In hexadecimal digits, over the body."""
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()
