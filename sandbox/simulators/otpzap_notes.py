"""What the notes of the simulated OTPZap say, and the ways in which they can be wrong."""

import json
import secrets
from dataclasses import dataclass, field, replace

from .state import Row

MODES = (
    *("bad_signature", "no_signature", "foreign_secret", "sha1", "tampered"),
    *("malformed", "not_object", "duplicate_keys", "nan", "huge", "numbers", "no_order", "unknown_order"),
    *("unknown_event", "no_event", "lying", "old_timestamp"),
    *("duplicate", "out_of_order", "lost"),
)


@dataclass(frozen=True)
class Note:
    """`about` is the order or deposit."""

    event: str
    about: str
    data: Row
    id: str = field(default_factory=lambda: f"evt_{secrets.token_hex(12)}")


def written(note: Note, mode: str, times: int) -> list[Note]:
    """The notes that one event becomes."""
    notes = [note, *(replace(note, id=f"evt_{secrets.token_hex(12)}") for _ in range(times - 1))]
    match mode:
        case "duplicate":
            notes.append(note)
        case "out_of_order":
            before = {**note.data, "status": "pending", "otps": [], "otp_code": None}
            notes.append(Note("order.otp_received", note.about, before))
    return notes


def tampered(event: Row, mode: str) -> tuple[str, str]:
    """What travels and what is signed."""
    event = wrong(event, mode)
    text = compact(event)
    match mode:
        case "tampered":
            return compact({**event, "event": "order.cancelled"}), text
        case "malformed":
            text = text[:-1]
        case "not_object":
            text = compact([event])
        case "duplicate_keys":
            text = text[:-1] + ',"data":{"order_id":1}}'
        case "nan":
            text = text[:-1] + ',"amount":NaN}'
    return text, text


def wrong(event: Row, mode: str) -> Row:
    match mode:
        case "huge":
            return {**event, "note": "x" * 1_200_000}
        case "numbers":
            return {**event, "id": 12345, "event": 67890}
        case "no_order":
            return {**event, "data": {}}
        case "unknown_order":
            return {**event, "data": {**event["data"], "order_id": 1}}
        case "unknown_event":
            return {**event, "event": "order.sneezed"}
        case "no_event":
            return {name: value for name, value in event.items() if name != "event"}
        case "lying":
            return {**event, "data": {**event["data"], "status": "success", "otp_code": "666666"}}
    return event


def compact(event: object) -> str:
    return json.dumps(event, separators=(",", ":"))
