"""How the answers of the simulated Faspay are broken when that is ordered."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Response

from . import faspay_emv as emv
from .faspay_wire import answer, problem_answer, service
from .misbehave import Rule, bad_gateway


def refuse(status: int, case: str, message: str, http_status: int = 0) -> Callable[[Rule], Response]:
    return lambda rule: answer(f"{status}{service()}{case}", message, status=http_status)


def too_many(rule: Rule) -> Response:
    made = problem_answer(429, "00", "Too Many Requests")
    made.headers["Retry-After"] = str(rule.retry_after)
    return made


def given_code(rule: Rule) -> Response:
    code = rule.code if re.fullmatch(r"[1-5][0-9]{6}", rule.code) else "5002701"
    return answer(code, "As ordered")


def changed(change: Callable[[dict[str, Any]], None]) -> Callable[[Rule, Response], Response]:
    """An edit of the JSON body of a successful answer."""

    def edit(rule: Rule, made: Response) -> Response:
        body = json.loads(made.get_data())
        if str(body.get("responseCode", "")).startswith("200"):
            change(body)
            made.set_data(json.dumps(body, separators=(",", ":")))
        return made

    return edit


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """Where the facts stand: inside virtualAccountData, or beside the code for QRIS."""
    inner: dict[str, Any] = body.get("virtualAccountData", body)
    return inner


def other_success_code(body: dict[str, Any]) -> None:
    body["responseCode"] = "2002500"


def other_amount(body: dict[str, Any]) -> None:
    data = data_of(body)
    for name in ("totalAmount", "paidAmount", "amount"):
        if name in data:
            data[name]["value"] = more(data[name]["value"])
    if "qrContent" in data:
        data["qrContent"] = emv.changed(data["qrContent"], t54=more(emv.read(data["qrContent"])["54"]))


def more(amount: str) -> str:
    return f"{Decimal(amount) + 1000:.2f}"


def other_currency(body: dict[str, Any]) -> None:
    data = data_of(body)
    for name in ("totalAmount", "paidAmount", "amount"):
        if name in data:
            data[name]["currency"] = "USD"
    if "qrContent" in data:
        data["qrContent"] = emv.changed(data["qrContent"], t53=emv.DOLLAR)


def bad_checksum(body: dict[str, Any]) -> None:
    if "qrContent" in body:
        text = body["qrContent"]
        body["qrContent"] = text[:-4] + ("0000" if text[-4:] != "0000" else "FFFF")


def other_date(body: dict[str, Any]) -> None:
    data = data_of(body)
    if "expiredDate" in data:
        at = datetime.fromisoformat(data["expiredDate"]).timestamp()
        data["expiredDate"] = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def no_padding(body: dict[str, Any]) -> None:
    data = data_of(body)
    for name in ("partnerServiceId", "virtualAccountNo"):
        if name in data:
            data[name] = data[name].strip()


def no_data(body: dict[str, Any]) -> None:
    for name in set(body) - {"responseCode", "responseMessage"}:
        del body[name]


def other_reference(body: dict[str, Any]) -> None:
    """The answer to somebody else's question."""
    data = data_of(body)
    for name in ("trxId", "partnerReferenceNo", "originalPartnerReferenceNo"):
        if name in data:
            data[name] = data[name][::-1]


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": too_many,
    "502": bad_gateway,
    "unauthorized": refuse(401, "00", "Unauthorized. [Signature]"),
    "forbidden": refuse(403, "06", "Feature Not Allowed At This Time. [Cut off]"),
    "not_found": refuse(404, "01", "Transaction Not Found"),
    "conflict": refuse(409, "00", "Conflict"),
    "duplicate": refuse(409, "01", "Duplicate partnerReferenceNo"),
    "general_error": refuse(500, "00", "General Error"),
    "success_false": refuse(500, "00", "General Error", http_status=200),
    "code": given_code,
}
EDITS: dict[str, Callable[[Rule, Response], Response]] = {
    "code_2002500": changed(other_success_code),
    "wrong_amount": changed(other_amount),
    "other_currency": changed(other_currency),
    "other_reference": changed(other_reference),
    "bad_crc": changed(bad_checksum),
    "basic_date": changed(other_date),
    "unpadded": changed(no_padding),
    "no_data": changed(no_data),
    "in_progress": lambda rule, made: problem_answer(202, "00", "Request In Progress"),
    "504_after_accept": lambda rule, made: problem_answer(504, "00", "Timeout"),
}
