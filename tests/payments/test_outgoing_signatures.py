"""What we send to Faspay, judged by openssl: it shares no line with us."""

import base64
import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from config.lib import http
from payments.providers.faspay_snap import adapter
from payments.providers.types import Order, Ref
from tests.payments.conftest import House

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def openssl() -> str:
    """The program. Without it these tests fail: nobody else here can say that our signatures are right."""
    found = shutil.which("openssl")
    assert found, "the program openssl is needed on the PATH to judge our signatures"
    return found


def judge(openssl: str, exchange: http.Exchange, public_key: str, folder: Path) -> str:
    """What openssl says of the signature over the text put together from what went out, byte for byte."""
    headers = {name.upper(): value for name, value in exchange.headers.items()}
    (folder / "body").write_bytes(exchange.body)
    hashed = subprocess.run([openssl, "dgst", "-sha256", "-r", "body"], cwd=folder, capture_output=True, check=True)
    path = "/" + exchange.url.split("/", 3)[3]
    text = f"{exchange.method}:{path}:{hashed.stdout.decode().split()[0]}:{headers['X-TIMESTAMP']}"
    (folder / "text").write_text(text)
    (folder / "signature").write_bytes(base64.b64decode(headers["X-SIGNATURE"], validate=True))
    command = [openssl, "dgst", "-sha256", "-verify", public_key, "-signature", "signature", "text"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture(params=["pkcs8", "pkcs1"])
def sent(house: House, request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> list[http.Exchange]:
    """create-va, status and delete-va as they went out, with our key in each of its two forms."""
    if request.param == "pkcs1":
        settings.FASPAY_PRIVATE_KEY_FILE = as_pkcs1(settings.FASPAY_PRIVATE_KEY_FILE, tmp_path)
    heard: list[http.Exchange] = []
    with http.heard_by(heard.append):
        made = adapter.create_va(order())
        ref = Ref(order().trx_id, "702", made.partner_service_id, made.customer_no, made.number)
        adapter.ask_status(ref)
        adapter.delete_va(ref, "test")
    return heard


def order() -> Order:
    moment = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    return Order(
        trx_id="JUDGED0000000001",
        amount=Decimal(50_000),
        currency="IDR",
        bank="702",
        name="Ayu <Lestari> & Söhne / \\",
        email="ayu@example.id",
        phone="+62 812-3456-7890",
        description="Top up",
        created_at=moment,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )


def as_pkcs1(file: str, folder: Path) -> str:
    key = serialization.load_pem_private_key(Path(file).read_bytes(), None)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    assert b"BEGIN RSA PRIVATE KEY" in pem
    (folder / "pkcs1.key").write_bytes(pem)
    return str(folder / "pkcs1.key")


def test_openssl_verifies_all_that_we_send(
    sent: list[http.Exchange], house: House, openssl: str, tmp_path: Path
) -> None:
    public = house.sim.secrets["merchant_public"]
    operations = [(exchange.method, exchange.url.rpartition("/")[2]) for exchange in sent]
    assert operations == [("POST", "create-va"), ("POST", "status"), ("DELETE", "delete-va")]
    for exchange in sent:
        assert judge(openssl, exchange, public, tmp_path) == "Verified OK"
        assert exchange.reply is not None
        assert exchange.reply.status == 200, "the far side agrees"


def test_openssl_denies_what_was_touched(sent: list[http.Exchange], house: House, openssl: str, tmp_path: Path) -> None:
    for exchange in sent:
        touched = http.Exchange(**{**vars(exchange), "body": exchange.body.replace(b" ", b"", 1) + b" "})
        assert judge(openssl, touched, house.sim.secrets["merchant_public"], tmp_path) != "Verified OK"


def test_what_is_sent_survives_a_stranger_that_writes_it_anew(sent: list[http.Exchange]) -> None:
    """Compact ASCII, no empty objects, no escaped slashes: the same bytes come out of other people's JSON."""
    for exchange in sent:
        exchange.body.decode("ascii")
        again = json.dumps(json.loads(exchange.body), separators=(",", ":")).encode()
        assert again == exchange.body
        assert hashlib.sha256(again).digest() == hashlib.sha256(exchange.body).digest()
        for unwanted in (b"{}", b"\\/", b"<", b">", b"&"):
            assert unwanted not in exchange.body
        data = json.loads(exchange.body)
        if "partnerServiceId" in data:
            assert len(data["partnerServiceId"]) == 8
            assert data["virtualAccountNo"] == data["partnerServiceId"] + data["customerNo"]


def test_headers(sent: list[http.Exchange]) -> None:
    ids = {exchange.headers["X-EXTERNAL-ID"] for exchange in sent}
    assert len(ids) == len(sent)
    for exchange in sent:
        assert exchange.headers["X-TIMESTAMP"][-6:] == "+07:00"
        assert len(exchange.headers["X-TIMESTAMP"]) == 25
        assert (exchange.headers["X-PARTNER-ID"], exchange.headers["CHANNEL-ID"]) == ("37020", "77001")
        assert exchange.headers["Content-Type"] == "application/json"
        assert len(exchange.headers["X-EXTERNAL-ID"]) <= 36
