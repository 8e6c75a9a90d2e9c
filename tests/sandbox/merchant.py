"""A merchant of the simulated Faspay, and the inbox where it is called back.

Signatures are made and checked here by openssl, so that neither side's own code is trusted.
"""

import base64
import hashlib
import itertools
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.simulators import Simulator

WIB = timezone(timedelta(hours=7))
PAYMENT = "/v1.0/transfer-va/payment"
counter = itertools.count(1)


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def signed_by_openssl(key: str, text: str) -> str:
    return base64.b64encode(openssl("dgst", "-sha256", "-sign", key, given=text.encode())).decode()


def verified_by_openssl(folder: Path, public_key: str, text: str, signature: str) -> bool:
    (folder / "signature").write_bytes(base64.b64decode(signature))
    arguments = ["openssl", "dgst", "-sha256", "-verify", public_key, "-signature", str(folder / "signature")]
    return subprocess.run(arguments, input=text.encode(), capture_output=True).returncode == 0


def stamp(at: datetime | None = None) -> str:
    return (at or datetime.now(WIB)).astimezone(WIB).isoformat(timespec="seconds")


def new_trx_id() -> str:
    return f"TRX{next(counter):013d}"


@dataclass
class Merchant:
    """Signs and sends like a merchant."""

    simulator: Simulator

    def call(
        self, operation: str, body: Any, method: str = "POST", timeout: float = 10, **changed: str | None
    ) -> requests.Response:
        """`changed` replaces headers (underscores for dashes, None leaves one out); `raw` replaces the body."""
        raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        path = f"/v1.0/{'qr' if operation.startswith('qr-') else 'transfer-va'}/{operation}"
        headers = self.headers(method, path, raw) | {k.replace("_", "-"): v for k, v in changed.items()}
        kept = {name: value for name, value in headers.items() if value is not None}
        return requests.request(method, self.simulator.url + path, data=raw, headers=kept, timeout=timeout)

    def headers(self, method: str, path: str, raw: bytes) -> dict[str, str | None]:
        now = stamp()
        text = f"{method}:{path}:{hashlib.sha256(raw).hexdigest()}:{now}"
        return {
            "Content-Type": "application/json",
            "X-TIMESTAMP": now,
            "X-SIGNATURE": signed_by_openssl(self.simulator.secrets["merchant_private"], text),
            "X-PARTNER-ID": "37020",
            "X-EXTERNAL-ID": f"{next(counter):030d}",
            "CHANNEL-ID": "77001",
        }

    def create(self, **changed: Any) -> requests.Response:
        return self.call("create-va", create_body(**changed))

    def account(self, **changed: Any) -> dict[str, Any]:
        reply = self.create(**changed)
        assert reply.json()["responseCode"] == "2002700", reply.text
        return dict(reply.json()["virtualAccountData"])

    def status(self, account: dict[str, Any]) -> dict[str, Any]:
        reply = self.call("status", named(account))
        assert reply.json()["responseCode"] == "2002600", reply.text
        return dict(reply.json()["virtualAccountData"])

    def control(self, path: str, **body: Any) -> Any:
        return self.simulator.control(path, **body)


def create_body(**changed: Any) -> dict[str, Any]:
    now = datetime.now(WIB)
    body: dict[str, Any] = {
        "virtualAccountName": "Ayu Lestari",
        "virtualAccountEmail": "ayu@example.id",
        "virtualAccountPhone": "6281234567890",
        "trxId": new_trx_id(),
        "totalAmount": {"value": "50000.00", "currency": "IDR"},
        "expiredDate": stamp(now + timedelta(hours=2)),
        "additionalInfo": {"billDate": stamp(now), "channelCode": "702", "billDescription": "Top up"},
    }
    info = changed.pop("additionalInfo", {})
    return {**body, **changed, "additionalInfo": {**body["additionalInfo"], **info}}


def named(account: dict[str, Any], **info: str) -> dict[str, Any]:
    ids = {name: account[name] for name in ("partnerServiceId", "customerNo", "virtualAccountNo")}
    return {**ids, "additionalInfo": {"channelCode": "702", "trxId": account["trxId"], **info}}


def code(reply: requests.Response) -> str:
    answered = str(reply.json()["responseCode"])
    assert reply.status_code == int(answered[:3])
    return answered


@dataclass
class Inbox:
    """The merchant's end of notifications: answers by a list, then always OK."""

    url: str
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


DEFAULT_CODES = {"/payment": "2002500", "/inquiry": "2002400", "/qr-mpm-notify": "2005200"}


@contextmanager
def listening() -> Iterator[Inbox]:
    """Takes what is sent to it, and answers what its kind of letter wants unless told otherwise."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            box.received.append((self.path, dict(self.headers.items()), raw))
            usual = next((code for end, code in DEFAULT_CODES.items() if self.path.endswith(end)), "2002500")
            status, answer = box.answers.pop(0) if box.answers else (200, {"responseCode": usual})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *args: Any, **kwargs: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box = Inbox(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield box
    server.shutdown()
    server.server_close()


def fits(merchant: Merchant, folder: Path, headers: dict[str, str], body: bytes, path: str = PAYMENT) -> bool:
    text = f"POST:{path}:{hashlib.sha256(body).hexdigest()}:{headers['X-TIMESTAMP']}"
    return verified_by_openssl(folder, merchant.simulator.secrets["faspay_public"], text, headers["X-SIGNATURE"])
