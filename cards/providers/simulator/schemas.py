"""The processor's words, read strictly: whatever is not as agreed is no answer at all, and so an unknown outcome."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.views.decorators.debug import sensitive_variables

from cards.providers.types import Outcome, Plain, Wanted, Word
from config.lib import strict_json

# Codes of refusal that have a reason of ours; any other is a plain refusal.
_REASONS = frozenset(
    {
        *("declined", "insufficient_funds", "expired_card", "wrong_code", "lost_or_stolen", "limit", "processing"),
        *("not_confirmed", "challenge_too_late"),
    }
)
_AMOUNT = re.compile(r"[0-9]{1,16}\.[0-9]{2}", re.ASCII)
_PAYMENT = {"approved": Outcome.APPROVED, "challenge": Outcome.CHALLENGE, "declined": Outcome.DECLINED}
_ACT = {"done": Outcome.DONE, "refused": Outcome.REFUSED}
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][!-~]*)?", re.ASCII)
_LONGEST_URL, _LONGEST_REQUEST = 2000, 4000


class Strange(ValueError):
    """Not what the processor promised to say."""


@sensitive_variables()
def written(wanted: Wanted, card: Plain) -> dict[str, Any]:
    """An authorisation as the processor wants it."""
    details = {"number": card.number, "expiryMonth": card.expiry_month, "expiryYear": card.expiry_year}
    return {
        "reference": wanted.reference,
        "amount": f"{wanted.amount:.2f}",
        "currency": wanted.currency,
        "orderId": wanted.order_id,
        "returnUrl": wanted.return_url,
        "askHolder": wanted.ask_holder,
        "card": details | ({"code": card.code} if card.code else {}),
    }


def reply(body: bytes) -> Mapping[str, Any]:
    """The JSON object in ``body``. Raises `Strange`."""
    try:
        value = strict_json.loads(body)
    except strict_json.Unacceptable as error:
        raise Strange("not JSON") from error
    if not isinstance(value, dict):
        raise Strange("not an object")
    return value


def payment(reference: str, row: Mapping[str, Any]) -> Word:
    """What was said of the authorisation ``reference``; it must be about that very one. Raises `Strange`."""
    outcome = _PAYMENT.get(text(row, "status"))
    word = _word(reference, outcome, row)
    return _with_challenge(word, row) if word.outcome == Outcome.CHALLENGE else word


def act(reference: str, row: Mapping[str, Any]) -> Word:
    """The same of a capture, a release or a refund. Raises `Strange`."""
    return _word(reference, _ACT.get(text(row, "status")), row)


def about(word: Word, amount: Decimal, currency: str) -> Word:
    """``word``, if it is about that amount. Raises `Strange`."""
    if word.amount != amount or word.currency != currency:
        raise Strange("another amount")
    return word


def _word(reference: str, outcome: Outcome | None, row: Mapping[str, Any]) -> Word:
    if outcome is None:
        raise Strange("an unknown status")
    if text(row, "reference") != reference:
        raise Strange("another reference")
    code = text(row, "code")[:40]
    return Word(
        reference=reference,
        outcome=outcome,
        processor_id=text(row, "id")[:64],
        reason=_reason(outcome, code),
        code=code,
        message=text(row, "message")[:200],
        amount=_amount(row.get("amount")),
        currency=text(row, "currency"),
        at=_moment(row.get("at")),
    )


def _with_challenge(word: Word, row: Mapping[str, Any]) -> Word:
    url, request, until = text(row, "acsUrl"), text(row, "paReq"), _moment(row.get("challengeUntil"))
    if until is None or not request or len(request) > _LONGEST_REQUEST or not _is_address(url):
        raise Strange("a challenge without its address")
    return Word(
        reference=word.reference,
        outcome=word.outcome,
        processor_id=word.processor_id,
        amount=word.amount,
        currency=word.currency,
        acs_url=url,
        pa_req=request,
        challenge_until=until,
        at=word.at,
    )


def _is_address(url: str) -> bool:
    # A holder is led there, and the page's security policy names its host: nothing but a plain address of the web.
    return len(url) <= _LONGEST_URL and _ADDRESS.fullmatch(url) is not None


def _reason(outcome: Outcome, code: str) -> str:
    if outcome not in (Outcome.DECLINED, Outcome.REFUSED):
        return ""
    return code if code in _REASONS else "declined"


def is_signed(reference: str, pa_res: str, key: str) -> bool:
    """Whether an answer to a challenge is signed with ``key`` and about ``reference``: ``<base64url JSON>.<HMAC>``."""
    packed, _dot, signature = pa_res.strip().partition(".")
    wanted = hmac.new(key.encode(), packed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature.encode(), wanted.encode()):
        return False
    try:
        said = strict_json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("reference") == reference and said.get("status") in {"Y", "A", "N"}


def code_of(body: bytes) -> str:
    """The processor's word for why it refused a call; nothing when it has none."""
    try:
        return text(reply(body), "code")[:40]
    except Strange:
        return ""


def text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise Strange(f"{name} is no text")
    return value.replace("\0", "")


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise Strange("not an amount")
    return Decimal(value)


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
