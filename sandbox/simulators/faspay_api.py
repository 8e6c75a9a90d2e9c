"""The wire of the simulated Faspay: create-va, status, delete-va (Faspay contract 1, 3 and 7)."""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from flask import Flask, Response, request

from .control import json_response
from .faspay_bank import CHANNELS, FLAGS, Account, Bank, snap_time
from .faspay_signing import string_to_sign, verify
from .misbehave import Misbehaviour, Rule, bad_gateway

SERVICES = {"status": "26", "create-va": "27", "delete-va": "31"}
METHODS = {"status": "POST", "create-va": "POST", "delete-va": "DELETE"}
HEADERS = ("X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")
TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z", re.ASCII)
AMOUNT_PATTERN = re.compile(r"\d{1,13}\.\d\d\Z", re.ASCII)
DEFAULT_LIFE = timedelta(hours=24)


class Problem(Exception):
    """An answer other than success: HTTP status, case code, text (section 7)."""

    def __init__(self, status: int, case: str, message: str) -> None:
        super().__init__(message)
        self.status, self.case, self.message = status, case, message


def missing(field: str) -> Problem:
    return Problem(400, "02", f"Missing Mandatory Field {{{field}}}")


def wrong(field: str) -> Problem:
    return Problem(400, "01", f"Invalid Field Format {{{field}}}")


def service() -> str:
    """The two digits of the called service, in the middle of every response code."""
    return SERVICES.get(request.path.rpartition("/")[2], "00")


def answer(code: str, message: str, data: dict[str, Any] | None = None, status: int = 0) -> Response:
    body: dict[str, Any] = {"responseCode": code, "responseMessage": message}
    if data is not None:
        body["virtualAccountData"] = data
    made = json_response(body, status or int(code[:3]))
    made.headers["X-TIMESTAMP"] = snap_time(time.time())
    return made


def success(data: dict[str, Any]) -> Response:
    return answer(f"200{service()}00", "Successful", data)


def problem_answer(status: int, case: str, message: str) -> Response:
    return answer(f"{status}{service()}{case}", message)


class Fields:
    """Reads a JSON object strictly: text is text, never a number. Raises Problem 400."""

    def __init__(self, data: Any, name: str) -> None:
        if data is None:
            raise missing(name)
        if not isinstance(data, dict):
            raise wrong(name)
        self.data = data

    def text(self, name: str, most: int, pattern: str = "") -> str:
        value = self.data.get(name)
        if value is None or value == "":
            raise missing(name)
        return self.checked(name, value, most, pattern)

    def checked(self, name: str, value: Any, most: int, pattern: str = "") -> str:
        if not isinstance(value, str) or len(value) > most:
            raise wrong(name)
        if pattern and not re.fullmatch(pattern, value):
            raise wrong(name)
        return value

    def optional(self, name: str, most: int, pattern: str = "") -> str:
        value = self.data.get(name)
        return "" if value in (None, "") else self.checked(name, value, most, pattern)

    def time(self, name: str, value: str) -> datetime:
        if not TIME_PATTERN.match(value):
            raise wrong(name)
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise wrong(name) from None

    def inner(self, name: str) -> "Fields":
        return Fields(self.data.get(name), name)

    def amount(self, name: str) -> str:
        """value with exactly two decimals, more than zero, in rupiah."""
        money = self.inner(name)
        value = money.text("value", 16)
        if not AMOUNT_PATTERN.match(value) or Decimal(value) <= 0:
            raise wrong(f"{name}.value")
        if money.text("currency", 3) != "IDR":
            raise wrong(f"{name}.currency")
        return value


class FaspayApi:
    """Hangs the three services into a Flask application; every call must carry our signature."""

    def __init__(self, bank: Bank, merchant_key: RSAPublicKey) -> None:
        self.bank, self.merchant_key = bank, merchant_key
        self.faults = Misbehaviour(SERVICES, REFUSALS, EDITS)

    def register(self, app: Flask) -> None:
        views: dict[str, Callable[[Fields], Response]] = {
            "create-va": self.create,
            "status": self.status,
            "delete-va": self.delete,
        }
        for operation, view in views.items():
            path = f"/v1.0/transfer-va/{operation}"
            app.add_url_rule(path, operation, self.guarded(operation, view), methods=[METHODS[operation]])
        app.register_error_handler(404, lambda e: problem_answer(404, "02", "Invalid Routing"))
        app.register_error_handler(405, lambda e: problem_answer(405, "00", "Requested Function Is Not Supported"))

    def guarded(self, operation: str, view: Callable[[Fields], Response]) -> Callable[[], Response]:
        """Headers, partner, signature, then ordered misbehaviour around the service itself."""

        def accepted() -> Response:
            try:
                if not self.bank.first_use(request.headers["X-EXTERNAL-ID"]):
                    raise Problem(409, "00", "Conflict")
                return view(Fields(body_json(), "body"))
            except Problem as problem:
                return problem_answer(problem.status, problem.case, problem.message)

        def guard() -> Response:
            try:
                self.check_headers()
                self.check_signature()
            except Problem as problem:
                return problem_answer(problem.status, problem.case, problem.message)
            return self.faults.perform(operation, accepted)

        return guard

    def check_headers(self) -> None:
        for name in HEADERS:
            if not request.headers.get(name):
                raise missing(name)
            if name != "X-SIGNATURE" and len(request.headers[name]) > 36:
                raise wrong(name)
        if request.mimetype != "application/json":
            raise Problem(400, "00", "Bad Request")
        if not TIME_PATTERN.match(request.headers["X-TIMESTAMP"]):
            raise wrong("X-TIMESTAMP")
        if not request.headers["X-EXTERNAL-ID"].isdecimal():
            raise wrong("X-EXTERNAL-ID")

    def check_signature(self) -> None:
        if request.headers["X-PARTNER-ID"] != self.bank.merchant:
            raise Problem(401, "00", "Unauthorized. [Unknown client]")
        path, stamp = request.environ["RAW_URI"], request.headers["X-TIMESTAMP"]
        text = string_to_sign(request.method, path, request.get_data(), stamp)
        if not verify(self.merchant_key, text, request.headers["X-SIGNATURE"]):
            print(f"Faspay simulator: signature does not fit {text}", file=sys.stderr, flush=True)
            raise Problem(401, "00", "Unauthorized. [Signature]")

    # -- the three services

    def create(self, body: Fields) -> Response:
        """Section 3.1; totalAmount is asked for, since open amounts are not simulated."""
        account = self.account_from(body)
        with self.bank.lock:
            if self.bank.find(account.trx_id) is not None:
                raise Problem(409, "01", "Duplicate partnerReferenceNo")
            self.bank.open(account)
        return success(account_data(account))

    def account_from(self, body: Fields) -> Account:
        now = self.bank.now()
        info = body.inner("additionalInfo")
        expired_text = body.optional("expiredDate", 25) or snap_time(now + DEFAULT_LIFE.total_seconds())
        expires = body.time("expiredDate", expired_text)
        channel = info.text("channelCode", 32)
        bill_date = info.text("billDate", 25)
        info.time("billDate", bill_date)
        if channel not in CHANNELS:
            raise wrong("channelCode")
        if expires.timestamp() <= now:
            raise wrong("expiredDate")
        return Account(
            trx_id=body.text("trxId", 32, r"[0-9A-Za-z]+"),
            partner_service_id=self.bank.service_id,
            customer_no=self.bank.free_customer_no(),
            name=body.text("virtualAccountName", 128),
            email=body.text("virtualAccountEmail", 128, r"[^@\s]+@[^@\s]+"),
            phone=body.text("virtualAccountPhone", 30, r"62[0-9]+"),
            amount=body.amount("totalAmount"),
            channel_code=channel,
            bill_date=bill_date,
            bill_description=info.text("billDescription", 18),
            expired_date=expired_text,
            expires_at=expires.timestamp(),
            faspay_trx_id=self.bank.next_trx_id(),
            created_at=now,
        )

    def status(self, body: Fields) -> Response:
        """Section 3.4. A merchant whose create-va got no answer knows only its trxId: no numbers then."""
        account = self.named_account(body, body.inner("additionalInfo"), may_lack_number=True)
        return success(status_data(account, self.bank.now()))

    def delete(self, body: Fields) -> Response:
        """Section 3.5: a paid account cannot be deleted, an ended one only reports how it ended."""
        info = body.inner("additionalInfo")
        info.text("reason", 50)
        with self.bank.lock:
            account = self.named_account(body, info)
            flag = account.flag_at(self.bank.now())
            if flag == "00":
                raise Problem(404, "14", "Bill has been paid")
            if flag == "05":
                raise Problem(404, "04", "Transaction Cancelled")
            if flag == "07":
                raise Problem(404, "19", "Bill expired")
            self.bank.cancel(account)
        ended = {"billNo": account.trx_id, "trxStatusCode": "3", "trxStatusDesc": "Order Canceled"}
        return success({**numbers_of(account), "additionalInfo": ended})

    def named_account(self, body: Fields, info: Fields, may_lack_number: bool = False) -> Account:
        """The account of trxId, if the numbers sent with it are its own and padded to eight."""
        for name in ("partnerServiceId", "customerNo", "virtualAccountNo"):
            if name not in body.data:
                raise missing(name)
        service_id = body.text("partnerServiceId", 8)
        customer_no = body.optional("customerNo", 20, r"[0-9]+")
        number = body.optional("virtualAccountNo", 28, r" *[0-9]+")
        if len(service_id) != 8:
            raise wrong("partnerServiceId")
        account = self.bank.find(info.text("trxId", 32))
        if account is None or service_id != account.padded_service_id:
            raise Problem(404, "01", "Transaction Not Found")
        if may_lack_number and not customer_no and not number.strip():
            return account
        if (customer_no, number) != (account.customer_no, account.padded_number):
            raise Problem(404, "12", "Bill not found")
        return account


def body_json() -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise Problem(400, "00", "Bad Request") from None


def numbers_of(account: Account) -> dict[str, Any]:
    return {
        "partnerServiceId": account.padded_service_id,
        "customerNo": account.customer_no,
        "virtualAccountNo": account.padded_number,
    }


def account_data(account: Account) -> dict[str, Any]:
    page = f"https://simulator.invalid/pws/100003/0830000010100000/{account.faspay_trx_id[::-1]}"
    query = f"trx_id={account.faspay_trx_id}&merchant_id={account.faspay_trx_id[:5]}&bill_no={account.trx_id}"
    return {
        **numbers_of(account),
        "virtualAccountName": account.name,
        "virtualAccountEmail": account.email,
        "virtualAccountPhone": account.phone,
        "trxId": account.trx_id,
        "totalAmount": {"value": account.amount, "currency": "IDR"},
        "expiredDate": account.expired_date,
        "additionalInfo": {
            "billDate": account.bill_date,
            "channelCode": account.channel_code,
            "billDescription": account.bill_description,
            "redirectUrl": f"{page}?{query}",
        },
    }


def status_data(account: Account, now: float) -> dict[str, Any]:
    flag = account.flag_at(now)
    data: dict[str, Any] = {
        "paymentFlagReason": {"english": FLAGS.get(flag, "Unknown")},
        **numbers_of(account),
    }
    if account.payments:
        data["paymentRequestId"] = account.faspay_trx_id
        data["transactionDate"] = snap_time(account.payments[-1]["at"])
    return {
        **data,
        "paidAmount": {"value": account.paid_amount, "currency": "IDR"},
        "paymentFlagStatus": flag,
        "additionalInfo": {"channelCode": account.channel_code},
    }


# -- ordered misbehaviour


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
        if "virtualAccountData" in body:
            change(body)
            made.set_data(json.dumps(body, separators=(",", ":")))
        return made

    return edit


def other_success_code(body: dict[str, Any]) -> None:
    body["responseCode"] = "2002500"


def other_amount(body: dict[str, Any]) -> None:
    for name in ("totalAmount", "paidAmount"):
        if name in body["virtualAccountData"]:
            money = body["virtualAccountData"][name]
            money["value"] = f"{Decimal(money['value']) + 1000:.2f}"


def other_date(body: dict[str, Any]) -> None:
    data = body["virtualAccountData"]
    if "expiredDate" in data:
        at = datetime.fromisoformat(data["expiredDate"]).timestamp()
        data["expiredDate"] = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def no_padding(body: dict[str, Any]) -> None:
    data = body["virtualAccountData"]
    for name in ("partnerServiceId", "virtualAccountNo"):
        data[name] = data[name].strip()


def no_data(body: dict[str, Any]) -> None:
    del body["virtualAccountData"]


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
    "basic_date": changed(other_date),
    "unpadded": changed(no_padding),
    "no_data": changed(no_data),
    "in_progress": lambda rule, made: problem_answer(202, "00", "Request In Progress"),
    "504_after_accept": lambda rule, made: problem_answer(504, "00", "Timeout"),
}
