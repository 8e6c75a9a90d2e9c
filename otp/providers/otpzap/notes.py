"""Notes that OTPZap posts to us: whether they are signed, and what they are about. Pure.

How they are signed is not known (OTPZap contract 10.3), so header names, prefixes and encodings are settings.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from otp.providers.otpzap.lenient import Row, identifier, pick, text

EVENTS = ("order.otp_received", "order.cancelled", "order.finished", "order.replaced", "deposit.success")
EVERYTHING = "*"
# A secret shorter than this OTPZap replaces by one of its own (OTPZap contract 10.4).
SHORTEST_SECRET = 16
# Words that say nothing about a customer and may be kept as they came; of all else only that it was there.
_HARMLESS = {
    *("id", "event", "type", "timestamp", "created_at", "expires_at", "finished_at", "paid_at", "server", "status"),
    *("order_id", "ref", "old_order_id", "new_order_id", "replaced_by_order_id", "product_id", "service_id"),
    *("country_id", "operator_id", "price", "amount", "total_amount", "refund_amount", "refunded", "currency"),
    *("resend_count", "resend_locked_until", "cancel_available_at", "expired_at"),
}
_DEEPEST, _MOST_ITEMS, _LONGEST_SHOWN = 6, 40, 80


@dataclass(frozen=True)
class Scheme:
    """How a note may be signed: any of ``headers``, after any of ``prefixes``, in any of ``encodings`` (hex,
    base64), by any of ``secrets``: an HMAC-SHA256 over the bytes as they came."""

    secrets: Sequence[str] = field(repr=False)
    headers: Sequence[str] = ("X-Webhook-Signature", "X-OTPZap-Signature", "X-Signature")
    prefixes: Sequence[str] = ("sha256=", "")
    encodings: Sequence[str] = ("hex",)


@dataclass(frozen=True)
class Note:
    """What a note is about: ids are opaque, ``note_id`` is theirs for the event, all may be "".

    ``subjects`` are orders, numbers as well as inboxes, or one deposit.
    """

    event: str
    subjects: tuple[str, ...]
    note_id: str

    @property
    def is_deposit(self) -> bool:
        return self.event.startswith("deposit.")


class NotANote(ValueError):
    """Signed, perhaps, but nothing that can be read as a note."""


def is_signed(scheme: Scheme, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the headers carries a good signature. Never true without a secret. Constant in time over the
    secrets and forms; ``headers`` by their names in capitals."""
    given = [headers.get(name.upper(), "").strip() for name in scheme.headers]
    offered = [part.strip().encode() for value in given if value for part in value.split(",")][:8]
    good = False
    for expected in _signatures(scheme, body):
        for signature in offered:
            good |= hmac.compare_digest(expected, signature)
    return good


def _signatures(scheme: Scheme, body: bytes) -> Iterator[bytes]:
    """Every form a good signature may have. The key is the secret as typed, never decoded."""
    for secret in filter(None, scheme.secrets):
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        for encoding in scheme.encodings:
            encoded = base64.b64encode(digest).decode() if encoding == "base64" else digest.hex()
            for prefix in scheme.prefixes:
                yield f"{prefix}{encoded}".encode()


def read(body: bytes) -> Note:
    """Read a note leniently. Raises `NotANote`."""
    document = _document(body)
    row = document.get("data")
    about: Row = row if isinstance(row, Mapping) else document
    if isinstance(about.get("order"), Mapping):
        about = {**about["order"], **about}
    found = (identifier(about.get(name)) for name in ("order_id", "ref", "old_order_id", "new_order_id", "id"))
    event = text(pick(document, "event", "type"))[:60]
    subjects = tuple(dict.fromkeys(subject for subject in found if subject))
    if not event and not subjects:
        raise NotANote("neither event nor order")
    outer = "" if row is None else identifier(document.get("id"))
    return Note(event, subjects, outer)


def _document(body: bytes) -> Row:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotANote("no JSON") from error
    if not isinstance(document, Mapping):
        raise NotANote("no object")
    return document


def outline(body: bytes) -> str:
    """A note as it may be kept: its shape, its ids and times, and of codes, texts and numbers only that they were
    there. "" for what is no JSON."""
    try:
        return json.dumps(_outlined(_document(body), 0), ensure_ascii=False)[:4000]
    except NotANote:
        return ""


def _outlined(value: Any, depth: int, name: str = "") -> Any:
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        shown = list(value.items())[:_MOST_ITEMS]
        return {text(key)[:40]: _outlined(inner, depth + 1, text(key)) for key, inner in shown}
    if isinstance(value, list):
        return [_outlined(inner, depth + 1) for inner in value[:_MOST_ITEMS]]
    if value is None or isinstance(value, bool):
        return value
    return (text(value) or str(type(value).__name__))[:_LONGEST_SHOWN] if name in _HARMLESS else "…"
