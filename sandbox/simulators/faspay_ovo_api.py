"""The wire of the simulated OVO Tokenize: six operations in JSON and XML (contract 5.1-5.4)."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, request

from . import faspay_ovo_books as books
from .faspay_ovo_books import OvoBooks, Payment, Purse, Visit
from .faspay_ovo_wire import JSON, QUIRKS, TYPES, XML, digest, read, write
from .misbehave import Misbehaviour, Rule, bad_gateway

NUMBERS = {
    "100037": "activate",
    "100038": "pay",
    "100039": "balance",
    "100040": "unlink",
    "100041": "history",
    "100042": "topup",
}
TITLES = {
    "activate": "Account Activation OVO Open API",
    "pay": "Transfer OVO Open API",
    "balance": "Check Balance OVO Open API",
    "unlink": "Unlink OVO Open API",
    "history": "History OVO Open API",
    "topup": "Top Up Instruction OVO Open API",
}
XML_PATH = re.compile(r"(183|189)[0-9]{2}00010100000", re.ASCII)
PATTERNS = {
    "merchant_id": r"[0-9]{5}",
    "payment_channel": r"720",
    "phone_no": r"0[0-9]{8,13}",
    "signature": r"[0-9a-f]{40}",
    "cust_name": r".{1,64}",
    "bill_no": r"[0-9]{1,32}",
    "bill_desc": r".{1,128}",
    "bill_total": r"[1-9][0-9]{0,14}",
    "bill_currency": r"IDR",
    "email": r"[^@\s]+@[^@\s]+",
    "pay_type": r"[012]",
    "merchant": r".{1,64}",
    "start_date": r"\d{4}-\d\d-\d\d",
    "end_date": r"\d{4}-\d\d-\d\d",
    "page": r"[1-9][0-9]{0,5}",
    "limit": r"[1-9][0-9]{0,3}",
}
COMMON = ("merchant_id", "payment_channel", "phone_no", "signature")
FIELDS = {
    "activate": ("cust_name",),
    "pay": ("bill_no", "bill_desc", "bill_total", "bill_currency", "cust_name", "email", "pay_type"),
    "balance": (),
    "unlink": ("merchant",),
    "history": ("merchant", "start_date", "end_date", "page", "limit"),
    "topup": ("merchant",),
}
OPTIONS = ("ATM", "Internet / Mobile Banking", "Grab", "Tokopedia", "Merchant / Mitra OVO")
MULTIPLIER = 100


class OvoProblem(Exception):
    """Code 01 with its text."""


def answered(row: dict[str, Any], quirk: str = "") -> Response:
    """An answer in the format of the question."""
    g.ovo_row = row
    return Response(write(g.ovo_form, row, quirk), 200, content_type=TYPES[g.ovo_form])


def failed(text: str) -> Response:
    return answered({"response": TITLES[g.ovo_operation], "response_code": "01", "response_desc": text})


class OvoApi:
    def __init__(self, own: OvoBooks, user_id: str, password: str) -> None:
        self.books, self.user_id, self.password = own, user_id, password
        self.window_seconds = 60.0
        self.ignore_pages = False
        self.faults = Misbehaviour(NUMBERS.values(), REFUSALS, EDITS)
        self.views: dict[str, Callable[[dict[str, str]], Response]] = {
            "activate": self.activate,
            "pay": self.pay,
            "balance": self.balance,
            "unlink": self.unlink,
            "history": self.history,
            "topup": self.topup,
        }

    def register(self, app: Flask) -> None:
        app.add_url_rule("/cvr/<number>/10", "ovo-json", lambda number: self.answer(number, JSON), methods=["POST"])
        app.add_url_rule("/pws/<number>/<path>/", "ovo-xml", self.answer_xml, methods=["POST"])

    def answer_xml(self, number: str, path: str) -> Response:
        found = XML_PATH.fullmatch(path)
        if not found or (found[1] == "189") != (NUMBERS.get(number) == "pay"):
            return Response("Not Found", 404, mimetype="text/plain")
        return self.answer(number, XML)

    def answer(self, number: str, form: str) -> Response:
        if number not in NUMBERS:
            return Response("Not Found", 404, mimetype="text/plain")
        g.ovo_form, g.ovo_operation = form, NUMBERS[number]
        try:
            wanted = self.checked(read(form, request.get_data()))
        except OvoProblem as problem:
            return failed(str(problem))
        return self.faults.perform(g.ovo_operation, lambda: self.perform(wanted))

    def perform(self, wanted: dict[str, str]) -> Response:
        try:
            return self.views[g.ovo_operation](wanted)
        except OvoProblem as problem:
            return failed(str(problem))

    def checked(self, wanted: dict[str, Any]) -> dict[str, str]:
        """Fields as text, of the right form, and a signature over the phone number as it was sent."""
        for name in (*COMMON, *FIELDS[g.ovo_operation]):
            value = wanted.get(name)
            if not isinstance(value, str) or not re.fullmatch(PATTERNS[name], value, re.ASCII):
                raise OvoProblem(f"Invalid {name}")
        if wanted["merchant_id"] != self.books.merchant:
            raise OvoProblem("Invalid merchant")
        if wanted["signature"] != digest(self.user_id, self.password, wanted["phone_no"]):
            raise OvoProblem("Invalid signature")
        return wanted

    # -- the six operations

    def activate(self, wanted: dict[str, str]) -> Response:
        with self.books.lock:
            purse = self.books.purse(wanted["phone_no"])
            if not purse.registered:
                raise OvoProblem("Phone number is not registered")
            if purse.link != books.LINKED:
                purse.link = books.PENDING
                self.books.keep(purse)
            visit = self.books.visit("activation", purse.phone)
        return self.done(
            {"status": "ALLOWED", "message": "SUCCESS", "redirectURL": page_url(visit, self.books.merchant)}
        )

    def pay(self, wanted: dict[str, str]) -> Response:
        with self.books.lock:
            purse = self.books.purse(wanted["phone_no"])
            if self.books.of_bill(wanted["bill_no"]) is not None:
                raise OvoProblem("Duplicate bill")
            if int(wanted["bill_total"]) % MULTIPLIER:
                raise OvoProblem("Invalid bill_total")
            if purse.link in (books.TOKEN_EXPIRED, books.BROKEN):
                return self.regenerate(purse)
            if purse.link != books.LINKED:
                raise OvoProblem("Account is not linked")
            payment = self.books.start(
                bill_no=wanted["bill_no"],
                phone=purse.phone,
                amount=int(wanted["bill_total"]) // MULTIPLIER,
                pay_type=wanted["pay_type"],
                seconds=self.window_seconds,
            )
            visit = self.books.visit("payment", purse.phone, payment.trx_id)
        return self.done(payment_row(payment, page_url(visit, self.books.merchant)))

    def regenerate(self, purse: Purse) -> Response:
        url = page_url(self.books.visit("regenerate", purse.phone), self.books.merchant)
        text = "Failed, please regenerate payment token"
        return answered(
            {"response": TITLES["pay"], "response_code": "02", "response_desc": text, "url": url},
        )

    def linked(self, wanted: dict[str, str]) -> Purse:
        purse = self.books.purse(wanted["phone_no"])
        if purse.link not in (books.LINKED, books.TOKEN_EXPIRED):
            raise OvoProblem("Account is not linked")
        return purse

    def balance(self, wanted: dict[str, str]) -> Response:
        purse = self.linked(wanted)
        detail = {"cash": {"balance": str(purse.cash)}, "points": {"balance": str(purse.points)}}
        return self.done({**self.who(wanted), "detail": detail})

    def unlink(self, wanted: dict[str, str]) -> Response:
        """The contract has no answer to this: the fields that every other one has."""
        with self.books.lock:
            purse = self.linked(wanted)
            purse.link = books.NONE
            self.books.keep(purse)
        return self.done(self.who(wanted))

    def history(self, wanted: dict[str, str]) -> Response:
        today = books.day_of(self.books.now())
        if not wanted["start_date"] <= wanted["end_date"] <= today or not real_day(wanted["start_date"]):
            raise OvoProblem("Invalid date")
        self.linked(wanted)
        found = self.books.paid(wanted["phone_no"], wanted["start_date"], wanted["end_date"])
        limit, page = int(wanted["limit"]), 1 if self.ignore_pages else int(wanted["page"])
        rows = [history_row(one) for one in found[limit * (page - 1) : limit * page]]
        named = {f"transaction_{number}": row for number, row in enumerate(rows, 1)}
        return self.done(
            {**self.who(wanted), "merchant": wanted["merchant"], "list_transaction": named or "", "list_refund": ""}
        )

    def topup(self, wanted: dict[str, str]) -> Response:
        rows = {f"instruction_{number}": instruction(number, one) for number, one in enumerate(OPTIONS, 1)}
        return self.done({**self.who(wanted), "merchant": wanted["merchant"], "topup_instruction": rows})

    def who(self, wanted: dict[str, str]) -> dict[str, Any]:
        return {name: wanted[name] for name in ("phone_no", "merchant_id", "payment_channel")}

    def done(self, row: dict[str, Any]) -> Response:
        ending = {"response_code": "00", "response_desc": "Success"}
        return answered({"response": TITLES[g.ovo_operation], **row, **ending})


def page_url(visit: Visit, merchant: str) -> str:
    """Where OTP and PIN are typed in, with the parameters that the samples have."""
    page = {"activation": "partner/activation", "payment": "v2/paymentPin", "regenerate": "v2/paymentPin"}[visit.kind]
    action = {"activation": "otpLinkage", "payment": "payment", "regenerate": "regeneratePayment"}[visit.kind]
    query = {"clientTxnId": visit.trx_id} if visit.trx_id else {}
    query |= {"action": action, "authType": "2FA", "client-id": f"OA{merchant}"}
    query |= {"phoneNumber": visit.phone[:-4] + "****", "token": visit.token, "submissionType": "redirect"}
    query |= {"destination": f"{request.host_url}pws/ovo_openapi/callback", "theme": "theme1"}
    return f"{request.host_url}cellblockui/{page}?{urlencode(query)}"


def payment_row(payment: Payment, url: str) -> dict[str, Any]:
    return {
        "redirectURL": url,
        "status": "PENDING",
        "trx_id": payment.trx_id,
        "bill_no": payment.bill_no,
        "amount": str(payment.amount),
        "payment_day": books.time_text(payment.created_at),
    }


def history_row(payment: Payment) -> dict[str, Any]:
    parts = [{"type": "CASH", "amt": str(payment.cash)}] if payment.cash else []
    parts += [{"type": "POINTS", "amt": str(payment.points)}] if payment.points else []
    return {
        "payment_date": books.time_text(payment.paid_at),
        "status": "SUCCESS",
        "trx_id": payment.trx_id,
        "trx_amount": str(payment.amount),
        "amount_detail": parts[0] if len(parts) == 1 else parts,
    }


def instruction(number: int, option: str) -> dict[str, str]:
    start = "https://images.ovo.id/fintech/topup"
    return {
        "option": option,
        "icon": f"{start}/icons/ic_{number}.png",
        "url": f"{start}/topup_{number}.html?20181102&id={number}",
    }


def real_day(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


# -- ordered misbehaviour


def too_many(rule: Rule) -> Response:
    return Response("Too Many Requests", 429, {"Retry-After": str(rule.retry_after)}, mimetype="text/plain")


def token_expired(rule: Rule) -> Response:
    query = "action=regeneratePayment&client-id=OA&token=eyJ0.none&theme=theme1"
    row = {"response": TITLES["pay"], "response_code": "02", "response_desc": "Failed, please regenerate payment token"}
    return answered({**row, "url": f"{request.host_url}cellblockui/v2/paymentPin?{query}"})


def reworded(rule: Rule, made: Response) -> Response:
    return answered(g.ovo_row, rule.mode)


def server_error(rule: Rule, made: Response) -> Response:
    made.status_code = 500
    return made


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": too_many,
    "502": bad_gateway,
    "failed": lambda rule: failed("Failed"),
    "token_expired": token_expired,
}
EDITS: dict[str, Callable[[Rule, Response], Response]] = {
    **dict.fromkeys(QUIRKS, reworded),
    "500_after_accept": server_error,
}
