"""Providers at our doors, without any simulator: letters signed by keys that belong to the test."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client
from django.utils import timezone

from payments import settlement
from payments.models import Deposit, PaymentAttempt, ProviderMessage, StaticAccount

INQUIRY, PAYMENT = "/v1.0/transfer-va/inquiry", "/v1.0/transfer-va/payment"
QR, LEGACY = "/v1.0/qr/qr-mpm-notify", "/faspay/notification"
WEBHOOK = "/btcpay/webhook"
PARTNER = "37020"
BOT, PASSWORD = "bot37020", "legacy-password"
NUMBER = "3702020000000001"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def stamp_now() -> str:
    return timezone.localtime().isoformat(timespec="seconds")


def signature(key: rsa.RSAPrivateKey, path: str, signed: bytes, stamp: str, method: str = "POST") -> str:
    """Written out here, not borrowed from the code under test."""
    text = f"{method}:{path}:{hashlib.sha256(signed).hexdigest()}:{stamp}".encode()
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def compact(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


@dataclass
class Gate:
    """Faspay with a key of its own."""

    key: rsa.RSAPrivateKey
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def headers(self, path: str, signed: bytes, **changes: str) -> dict[str, str]:
        stamp = changes.pop("timestamp", stamp_now())
        given = {
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": signature(self.key, path, signed, stamp),
            "X-PARTNER-ID": PARTNER,
            "X-EXTERNAL-ID": f"{secrets.randbelow(10**35):035}",
            "CHANNEL-ID": "77001",
        }
        return {name: value for name, value in {**given, **changes}.items() if value != "-"}

    def send(self, path: str, body: Any, *, signed: Any = None, at: str = "", **changes: str) -> Any:
        """POST ``body`` (bytes, or something to be written as JSON), signed over ``signed`` or itself."""
        raw = body if isinstance(body, bytes) else compact(body)
        headers = self.headers(path, raw if signed is None else signed, **changes)
        kind = headers.pop("CONTENT-TYPE", "application/json")
        return self.client.generic("POST", at or path, raw, content_type=kind, headers=headers)


def code_of(answer: Any) -> str:
    """The code in a SNAP answer, everything about whose form is checked on the way."""
    said = json.loads(answer.content)
    code = str(said["responseCode"])
    assert len(code) == 7
    assert answer.status_code == int(code[:3]), "the real HTTP status"
    assert answer["Content-Type"] == "application/json"
    assert len(answer["X-TIMESTAMP"]) == 25
    assert said["responseMessage"]
    return code


def naming(number: str = NUMBER) -> dict[str, str]:
    return {"partnerServiceId": f"  {number[:6]}", "customerNo": number[6:], "virtualAccountNo": f"  {number}"}


def inquiry(number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    return changed({**naming(number), "inquiryRequestId": "ask-1"}, changes)


def flag(number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    body = {
        **naming(number),
        "paymentRequestId": "pay-1",
        "paidAmount": {"value": "50000.00", "currency": "IDR"},
        "trxDateTime": "2026-11-21T09:00:00+07:00",
        "referenceNo": "3702000000000001",
    }
    return changed(body, changes)


def news(number: str, **changes: Any) -> dict[str, Any]:
    """A notification; of a permanent number unless ``trxId`` is given."""
    body = {
        **naming(number),
        "paymentRequestId": f"  {number}",
        "paidAmount": {"value": "50000.00", "currency": "IDR"},
        "additionalInfo": {
            "paymentDate": "2026-11-21 09:00:00",
            "channelCode": "702",
            "merchantId": PARTNER,
            "latestTransactionStatus": "00",
        },
    }
    return changed(body, changes)


def qr_news(trx_id: str, **changes: Any) -> dict[str, Any]:
    body = {
        "originalReferenceNo": "3702000000000077",
        "originalPartnerReferenceNo": trx_id,
        "latestTransactionStatus": "00",
        "transactionStatusDesc": "success",
        "amount": {"value": "50000.00", "currency": "IDR"},
        "additionalInfo": {"merchantId": PARTNER, "paymentDate": "2026-11-21T09:00:00+07:00"},
    }
    return changed(body, changes)


def notice(bill_no: str, **changes: Any) -> dict[str, Any]:
    body = {
        "request": "Payment Notification",
        "trx_id": "3702072000000001",
        "merchant_id": PARTNER,
        "merchant": "Gerbang",
        "bill_no": bill_no,
        "payment_reff": "null",
        "payment_date": "2026-11-21 09:00:00",
        "payment_status_code": "2",
        "payment_status_desc": "Payment Sukses",
        "bill_total": "50000",
        "payment_total": "50000",
        "payment_channel_uid": "720",
        "payment_channel": "OVO OpenAPI",
    }
    body = changed(body, changes)
    text = f"{BOT}{PASSWORD}{body['bill_no']}{body['payment_status_code']}".encode()
    inner = hashlib.md5(text, usedforsecurity=False).hexdigest().encode()
    return {"signature": hashlib.sha1(inner, usedforsecurity=False).hexdigest(), **body}


def xml_of(fields: dict[str, Any]) -> bytes:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="utf-8"?><faspay>{inside}</faspay>'.encode()


def changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``...`` takes a field away."""
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def open_number(customer: Any, trx_id: str, number: str, amount: int = 50_000, method: str = "va") -> PaymentAttempt:
    """A deposit that can be paid, its rows written straight away."""
    deposit = Deposit.objects.create(
        customer=customer,
        amount=amount,
        bank="702" if method == "va" else "711",
        method=method,
        expires_at=timezone.now() + timedelta(hours=1),
    )
    more = {"number": number} if method == "va" else {"content": "00020101", "provider_trx_id": "3702000000000077"}
    return PaymentAttempt.objects.create(
        deposit=deposit, trx_id=trx_id, bank=deposit.bank, method=method, state="open", sent_at=timezone.now(), **more
    )


def permanent(customer: Any, number: str = NUMBER, bank: str = "702") -> StaticAccount:
    return StaticAccount.objects.create(
        customer=customer, bank=bank, partner_service_id=number[:6], customer_no=number[6:], number=number
    )


def last_message() -> ProviderMessage:
    return ProviderMessage.objects.latest("id")


def write(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def work(times: int = 1) -> None:
    """Act on every stored message, also on those that wait for a later look."""
    for _ in range(times):
        ProviderMessage.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
        for message_id in settlement.due.messages():
            settlement.apply_message(message_id)
