"""The rail's words, read strictly: whatever is not as agreed is no answer at all, and so an unknown outcome."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from config.lib import strict_json
from payouts.providers.types import Holder, Instruction, Outcome, Word

NETWORKS = {"BankTransfer": "bank", "MobileMoney": "mobile"}
# Codes of rejection that have a reason of ours; any other is a refusal.
_REASONS = frozenset({"no_account", "account_closed", "name_mismatch", "limit", "refused"})
_AMOUNT = re.compile(r"[0-9]{1,16}\.[0-9]{2}", re.ASCII)
_SPOKEN = {"paid": Outcome.PAID, "accepted": Outcome.ACCEPTED, "rejected": Outcome.REJECTED}
_ALL = {**_SPOKEN, "returned": Outcome.RETURNED}


class Strange(ValueError):
    """Not what the rail promised to say."""


def written(one: Instruction) -> dict[str, str]:
    """An instruction as the rail wants it."""
    return {
        "reference": one.reference,
        "network": NETWORKS[one.kind],
        "institution": one.code,
        "account": one.receiver,
        "holder": one.name,
        "amount": f"{one.amount:.2f}",
        "currency": one.currency,
        "narration": one.narration,
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


def answer_to(one: Instruction, row: Mapping[str, Any]) -> Word:
    """What was said of an instruction; it must be about that very one. Raises `Strange`."""
    word = read(row)
    if word.reference != one.reference:
        raise Strange("another reference")
    if word.amount != one.amount or word.currency != one.currency:
        raise Strange("another amount")
    if word.receiver != one.receiver:
        raise Strange("another account")
    return word


def read(row: Any) -> Word:
    """One payout as the rail shows it. Raises `Strange`."""
    if not isinstance(row, dict):
        raise Strange("not an object")
    outcome = _ALL.get(_text(row, "status"))
    if outcome is None:
        raise Strange("an unknown status")
    code = _text(row, "code")
    return Word(
        reference=_text(row, "reference"),
        outcome=outcome,
        rail_id=_text(row, "id")[:64],
        reason=_reason(outcome, code),
        message=_text(row, "message")[:200],
        amount=_amount(row.get("amount")),
        at=_moment(row.get("at")),
        currency=_text(row, "currency"),
        receiver=_text(row, "account"),
    )


def _reason(outcome: Outcome, code: str) -> str:
    if outcome == Outcome.RETURNED:
        return "returned"
    if outcome != Outcome.REJECTED:
        return ""
    return code if code in _REASONS else "refused"


def holder(row: Mapping[str, Any]) -> Holder:
    """Whose account it is. Raises `Strange`."""
    if not isinstance(row.get("found"), bool):
        raise Strange("found or not")
    return Holder(row["found"], _text(row, "holder")[:120])


def number(value: Any) -> int:
    """A number of an event. Raises `Strange`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Strange("not a number")
    return value


def refusal(body: bytes) -> str:
    """The rail's words about a call that it refused; nothing when it has none."""
    try:
        return _text(reply(body), "message")[:200]
    except Strange:
        return ""


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise Strange(f"{name} is no text")
    return value


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise Strange("not an amount")
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise Strange("not an amount") from error


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
