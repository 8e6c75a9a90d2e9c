"""The virtual accounts of the simulated Faspay: create-va, status, delete-va (Faspay contract 1, 3 and 7)."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from flask import Flask, Response, request

from .faspay_bank import CHANNELS, FLAGS, Account, Bank, snap_time
from .faspay_faults import EDITS, REFUSALS
from .faspay_signing import string_to_sign, verify
from .faspay_wire import SERVICES, TIME_PATTERN, Fields, Problem, body_json, missing, problem_answer, success, wrong
from .misbehave import Misbehaviour

HEADERS = ("X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")
DEFAULT_LIFE = timedelta(hours=24)


class FaspayApi:
    """Hangs the three services into a Flask application; every call must carry our signature."""

    def __init__(self, bank: Bank, merchant_key: RSAPublicKey) -> None:
        self.bank, self.merchant_key = bank, merchant_key
        self.faults = Misbehaviour(SERVICES, REFUSALS, EDITS)
        # Answers for permanent numbers, asked by inquiryRequestId.
        self.static_status: Callable[[Fields], dict[str, Any]] | None = None

    def register(self, app: Flask) -> None:
        self.add(app, "POST", "transfer-va", "create-va", self.create)
        self.add(app, "POST", "transfer-va", "status", self.status)
        self.add(app, "DELETE", "transfer-va", "delete-va", self.delete)
        app.register_error_handler(404, lambda e: problem_answer(404, "02", "Invalid Routing"))
        app.register_error_handler(405, lambda e: problem_answer(405, "00", "Requested Function Is Not Supported"))

    def add(self, app: Flask, method: str, group: str, operation: str, view: Callable[[Fields], Response]) -> None:
        """Hang a service in; every call of it must carry the merchant's signature."""
        guarded = self.guarded(operation, view)
        app.add_url_rule(f"/v1.0/{group}/{operation}", operation, guarded, methods=[method])

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
        info = body.inner("additionalInfo")
        if self.static_status is not None and body.data.get("inquiryRequestId") and not info.data.get("trxId"):
            return success(self.static_status(body))
        account = self.named_account(body, info, may_lack_number=True)
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
