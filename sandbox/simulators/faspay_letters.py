"""Bodies of what the simulated Faspay sends, honest or broken on purpose; which text is signed and which travels."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .state import Row

MODES = (
    "bad_signature",
    "foreign_key",
    "no_signature",
    "unpadded",
    "one_blank",
    "padding_lost",
    "duplicate",
    "out_of_order",
    "same_external_id",
    "tampered",
    "malformed",
    "duplicate_keys",
    "nan",
    "numbers",
    "huge",
    "wrong_path",
    "escaped_slashes",
    "whitespace",
    "wrong_amount",
    "other_currency",
    "no_amount",
    "glued_date",
    "basic_date",
    "old_timestamp",
    "bad_timestamp",
    "lost",
)
# Two letters of which one has to come first.
ORDERED = ("out_of_order", "same_external_id")
PADDED = ("partnerServiceId", "virtualAccountNo", "paymentRequestId")
AMOUNTS = ("paidAmount", "amount")
OTHER_PATHS = {
    "/v1.0/transfer-va/payment": "/v1.0/transfer-va/inquiry",
    "/v1.0/transfer-va/inquiry": "/v1.0/transfer-va/payment",
    "/v1.0/qr/qr-mpm-notify": "/v1.0/transfer-va/payment",
}


@dataclass
class Letter:
    """What is written before it is sent: `wire` goes out, `signed` is what the signature covers."""

    wire: str
    signed: str
    path: str
    mode: str = ""


def write_letter(body: Row, path: str, mode: str) -> Letter:
    """The body as text, broken as ordered. An unknown or empty mode is an honest letter."""
    own = copy.deepcopy(body)
    if mode in CHANGES:
        CHANGES[mode](own)
    return on_the_wire(own, path, mode)


def money_of(body: Row) -> dict[str, Any]:
    """The amount object of any of the bodies; an inquiry has none, so one is made that belongs nowhere."""
    for name in AMOUNTS:
        if name in body:
            inner: dict[str, Any] = body[name]
            return inner
    return {"value": "0.00", "currency": "IDR"}


def raise_amount(body: Row) -> None:
    money = money_of(body)
    money["value"] = f"{Decimal(money['value']) + 900_000:.2f}"


def drop_amount(body: Row) -> None:
    for name in AMOUNTS:
        body.pop(name, None)


def other_currency(body: Row) -> None:
    money_of(body)["currency"] = "USD"


def pad_with(padding: str) -> Callable[[Row], None]:
    def change(body: Row) -> None:
        for name in PADDED:
            if name in body and str(body[name]).strip().isdecimal():
                body[name] = padding + body[name].strip()

    return change


def glue_date(body: Row) -> None:
    info = body.get("additionalInfo", {})
    if "paymentDate" in info:
        info["paymentDate"] = info["paymentDate"].replace(" ", "")


def basic_date(body: Row) -> None:
    if "trxDateTime" in body:
        moment = datetime.fromisoformat(body["trxDateTime"]).astimezone(UTC)
        body["trxDateTime"] = moment.strftime("%Y%m%dT%H%M%SZ")


def add_slashes(body: Row) -> None:
    body.get("additionalInfo", body)["transactionStatusDesc"] = "Success/Sukses"


def fatten(body: Row) -> None:
    """More than a mebibyte."""
    body.get("additionalInfo", body)["transactionStatusDesc"] = "x" * 1_200_000


def as_numbers(body: Row) -> None:
    """Digits without quotation marks, as in printed samples."""
    for name in ("customerNo", "virtualAccountNo", "originalReferenceNo"):
        if name in body and body[name].strip().isdecimal():
            body[name] = int(body[name])
    money_of(body)["value"] = float(money_of(body)["value"])


CHANGES: dict[str, Callable[[Row], None]] = {
    "unpadded": pad_with(""),
    "one_blank": pad_with(" "),
    "wrong_amount": raise_amount,
    "other_currency": other_currency,
    "no_amount": drop_amount,
    "glued_date": glue_date,
    "basic_date": basic_date,
    "escaped_slashes": add_slashes,
    "huge": fatten,
    "numbers": as_numbers,
}


def on_the_wire(body: Row, path: str, mode: str) -> Letter:
    signed = compact(body)
    match mode:
        case "tampered":
            return Letter(altered(body, raise_amount), signed, path, mode)
        case "padding_lost":
            return Letter(altered(body, pad_with(" ")), signed, path, mode)
        case "malformed":
            return Letter(signed[:-1], signed[:-1], path, mode)
        case "wrong_path":
            return Letter(signed, signed, OTHER_PATHS.get(path, path), mode)
        case "escaped_slashes":
            return Letter(signed.replace("/", "\\/"), signed, path, mode)
        case "whitespace":
            return Letter(json.dumps(body, indent=2), signed, path, mode)
        case "nan":
            text = compact({**body, "feeAmount": "?"}).replace('"?"', "NaN")
            return Letter(text, text, path, mode)
        case "duplicate_keys":
            text = twice(body)
            return Letter(text, text, path, mode)
    return Letter(signed, signed, path, mode)


def altered(body: Row, change: Callable[[Row], None]) -> str:
    other = copy.deepcopy(body)
    change(other)
    return compact(other)


def twice(body: Row) -> str:
    """The same names again with another amount, so that readers disagree about which one holds."""
    other = altered(body, raise_amount)
    return compact(body)[:-1] + "," + other[1:]


def compact(body: Row) -> str:
    return json.dumps(body, separators=(",", ":"))
