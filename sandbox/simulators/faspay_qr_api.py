"""QRIS at the simulated Faspay: generate (service 47) and query (51), after Faspay's public SNAP QRIS page."""

from typing import Any

from flask import Flask, Response

from . import faspay_emv as emv
from .faspay_api import FaspayApi
from .faspay_bank import FLAGS, QR_CHANNELS, Bank, QrCode, snap_time
from .faspay_wire import Fields, Problem, answer, service, wrong

GROUP, GENERATE, QUERY = "qr", "qr-mpm-generate", "qr-mpm-query"


class QrApi:
    def __init__(self, api: FaspayApi) -> None:
        self.api, self.bank = api, api.bank

    def register(self, app: Flask) -> None:
        self.api.add(app, "POST", GROUP, GENERATE, self.generate)
        self.api.add(app, "POST", GROUP, QUERY, self.query)

    def generate(self, body: Fields) -> Response:
        code = code_from(self.bank, body)
        with self.bank.lock:
            if code.trx_id in self.bank.codes:
                raise Problem(409, "01", "Duplicate partnerReferenceNo")
            self.bank.open(code)
        return success(code_data(code))

    def query(self, body: Fields) -> Response:
        """By either reference; when both are sent they must belong together."""
        ours = body.optional("originalPartnerReferenceNo", 32)
        theirs = body.optional("originalReferenceNo", 32)
        if body.text("serviceCode", 2) != "47":
            raise wrong("serviceCode")
        check_merchant(self.bank, body.optional("merchantId", 5) or self.bank.merchant)
        if not (ours or theirs):
            body.text("originalPartnerReferenceNo", 32)
        code = self.bank.find_code(ours or theirs)
        if code is None or theirs not in ("", code.faspay_trx_id):
            raise Problem(404, "01", "Transaction Not Found")
        return success(query_data(code, self.bank.now()))


def code_from(bank: Bank, body: Fields) -> QrCode:
    now, info = bank.now(), body.inner("additionalInfo")
    reference, amount = body.text("partnerReferenceNo", 32, r"[0-9A-Za-z_-]+"), body.amount("amount")
    check_merchant(bank, body.text("merchantId", 5))
    until = body.text("validityPeriod", 25)
    expires = body.time("validityPeriod", until)
    bill_date, channel = info.text("billDate", 25), info.text("channelCode", 32)
    info.time("billDate", bill_date)
    if channel not in QR_CHANNELS:
        raise wrong("channelCode")
    if expires.timestamp() <= now:
        raise wrong("validityPeriod")
    return QrCode(
        trx_id=reference,
        amount=amount,
        channel_code=channel,
        bill_date=bill_date,
        bill_description=info.text("billDescription", 128),
        expired_date=until,
        expires_at=expires.timestamp(),
        faspay_trx_id=bank.next_trx_id(),
        created_at=now,
        content=emv.write(amount=amount, reference=reference, merchant=bank.merchant),
    )


def check_merchant(bank: Bank, merchant: str) -> None:
    if merchant != bank.merchant:
        raise Problem(404, "08", "Invalid Merchant")


def success(data: dict[str, Any]) -> Response:
    """QRIS answers carry their fields beside the code, not inside an object."""
    return answer(f"200{service()}00", "Successful", extra=data)


def code_data(code: QrCode) -> dict[str, Any]:
    return {
        "referenceNo": code.faspay_trx_id,
        "partnerReferenceNo": code.trx_id,
        "qrContent": code.content,
        "qrUrl": f"https://simulator.invalid/qr/{code.faspay_trx_id}.png",
        "redirectUrl": f"https://simulator.invalid/pws/100003/{code.faspay_trx_id[::-1]}",
        "merchantName": "GERBANG",
        "additionalInfo": {
            "billDate": code.bill_date,
            "billDescription": code.bill_description,
            "channelCode": code.channel_code,
            "validityPeriod": code.expired_date,
        },
    }


def query_data(code: QrCode, now: float) -> dict[str, Any]:
    flag = code.flag_at(now)
    data: dict[str, Any] = {
        "originalReferenceNo": code.faspay_trx_id,
        "originalPartnerReferenceNo": code.trx_id,
        "serviceCode": "47",
        "latestTransactionStatus": flag,
        "transactionStatusDesc": FLAGS.get(flag, "Unknown"),
        "amount": {"value": code.paid_amount if code.payments else code.amount, "currency": "IDR"},
        "additionalInfo": {"channelCode": code.channel_code, "merchantId": code.faspay_trx_id[:5]},
    }
    if code.payments:
        data["paidTime"] = snap_time(code.payments[-1]["at"])
    return data
