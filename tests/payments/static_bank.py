"""A bank at which permanent numbers are paid: it writes Faspay's letters to us, and answers our questions."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import Customer
from payments import settlement
from payments.models import PaymentCase, ProviderMessage, StaticAccount, StaticPayment
from payments.providers.faspay_snap import signing
from payments.services import static_accounts
from payments.settlement import static
from tests.simulators import private_key_of
from wallets.models import Posting
from wallets.selectors import balances

INQUIRY, PAYMENT = "/v1.0/transfer-va/inquiry", "/v1.0/transfer-va/payment"
SERVICE_IDS = {"702": "370202", "802": "370203", "800": "370204"}


@dataclass
class Truth:
    """What the bank says when asked about one payment."""

    status: str = "00"
    amount: int | str = 50_000
    currency: str = "IDR"
    named: str = ""


@dataclass
class Desk:
    """Faspay's status service for permanent numbers (Faspay contract 3.4): one answer for each payment's name."""

    answers: dict[str, Truth] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    is_down: bool = False

    def answer(self, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(question)
        name = question.get("inquiryRequestId", "")
        truth = self.answers.get(name)
        if self.is_down:
            return 503, {"responseCode": "5032600", "responseMessage": "Service Unavailable"}
        if truth is None:
            return 404, {"responseCode": "4042601", "responseMessage": "Transaction Not Found"}
        value = truth.amount if isinstance(truth.amount, str) else f"{truth.amount}.00"
        data = {
            **{part: question[part] for part in ("partnerServiceId", "customerNo", "virtualAccountNo")},
            "inquiryRequestId": truth.named or name,
            "paymentRequestId": name[:16],
            "paidAmount": {"value": value, "currency": truth.currency},
            "paymentFlagStatus": truth.status,
            "paymentFlagReason": {"english": "as the desk says"},
            "transactionDate": "2026-11-21T09:00:00+07:00",
            "additionalInfo": {"channelCode": question["additionalInfo"]["channelCode"]},
        }
        return 200, {"responseCode": "2002600", "responseMessage": "Successful", "virtualAccountData": data}


@contextmanager
def running_desk() -> Iterator[tuple[Desk, str]]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = desk.answer(asked)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield desk, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()


@dataclass
class StaticBank:
    """Ayu's permanent numbers from both sides."""

    customer: Customer
    desk: Desk
    faspay_key: str
    client: Client = field(default_factory=Client)

    def number_at(self, bank: str = "702", customer: Customer | None = None) -> StaticAccount:
        return static_accounts.open_number(customer=customer or self.customer, bank=bank)

    def inquire(self, number: str, request_id: str = "", **changes: Any) -> Any:
        body = {**self._named(number), "inquiryRequestId": request_id or new_name()}
        return self.post(INQUIRY, {**body, **changes})

    def flag(
        self, number: str, amount: int | str = 50_000, request_id: str = "", *, reference: str = "9876540000001115"
    ) -> Any:
        body = {
            **self._named(number),
            "paymentRequestId": request_id or new_name(),
            "paidAmount": _money(amount),
            "trxDateTime": timezone.localtime().isoformat(timespec="seconds"),
            "referenceNo": reference,
        }
        return self.post(PAYMENT, body)

    def letter(
        self,
        number: str,
        amount: int | str | None = 50_000,
        request_id: str = "",
        *,
        status: str = "00",
        reference: str = "BILL-1",
        currency: str = "IDR",
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            **self._named(number),
            "paymentRequestId": request_id or new_name(),
            "referenceNo": reference,
            "additionalInfo": {
                "paymentDate": f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
                "channelCode": "702",
                "merchantId": "37020",
                "latestTransactionStatus": status,
            },
        }
        return body if amount is None else {**body, "paidAmount": _money(amount, currency)}

    def tell(self, number: str, amount: int | str | None = 50_000, request_id: str = "", **more: Any) -> Any:
        """A notification arrives; nothing is done about it yet."""
        return self.post(PAYMENT, self.letter(number, amount, request_id, **more))

    def told(
        self, number: str, amount: int | str | None = 50_000, request_id: str = "", **more: Any
    ) -> ProviderMessage:
        """A notification arrives and is acted on."""
        assert code_of(self.tell(number, amount, request_id, **more)) == "2002500"
        message = ProviderMessage.objects.latest("id")
        settlement.apply_message(message.pk)
        message.refresh_from_db()
        return message

    def post(self, path: str, body: dict[str, Any]) -> Any:
        raw = json.dumps(body, separators=(",", ":")).encode()
        stamp = timezone.localtime().isoformat(timespec="seconds")
        key = private_key_of(self.faspay_key)
        headers = {
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": signing.sign(key, signing.string_to_sign("POST", path, raw, stamp)),
            "X-PARTNER-ID": "37020",
            "X-EXTERNAL-ID": f"{secrets.randbelow(10**35):035}",
            "CHANNEL-ID": "77001",
        }
        return self.client.post(path, data=raw, content_type="application/json", headers=headers)

    def ask(self, payment: StaticPayment) -> StaticPayment:
        """A status question right now, whatever the pace says."""
        StaticPayment.objects.filter(pk=payment.pk).update(next_check_at=timezone.now())
        static.ask(payment.pk)
        payment.refresh_from_db()
        return payment

    def payment(self, request_id: str) -> StaticPayment:
        return StaticPayment.objects.select_related("deposit", "account").get(payment_request_id=request_id)

    @property
    def balance(self) -> Decimal:
        return balances(self.customer)[0].balance

    @property
    def credits(self) -> int:
        return Posting.objects.filter(account__customer=self.customer).count()

    @property
    def cases(self) -> list[str]:
        return list(PaymentCase.objects.order_by("id").values_list("kind", flat=True))

    def _named(self, number: str) -> dict[str, str]:
        account = StaticAccount.objects.filter(number=number).first()
        service = account.partner_service_id if account else number[:6]
        padded = service.rjust(8)
        customer_no = number.removeprefix(service)
        return {"partnerServiceId": padded, "customerNo": customer_no, "virtualAccountNo": padded + customer_no}


def _money(amount: int | str, currency: str = "IDR") -> dict[str, str]:
    return {"value": amount if isinstance(amount, str) else f"{amount}.00", "currency": currency}


def new_name() -> str:
    return secrets.token_hex(16)


def code_of(response: Any) -> str:
    return str(json.loads(response.content)["responseCode"])
