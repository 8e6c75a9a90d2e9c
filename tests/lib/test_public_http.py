"""Requests to strangers, against servers that behave badly on purpose."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.lib import public_http
from config.lib.public_http import Outcome
from tests.notifications.receiver import Receiver, receiver

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def place(settings: Any) -> Any:
    with receiver() as made:
        settings.WEBHOOK_LOCAL_RECEIVERS = [made.place]
        yield made


def send(place: Receiver, *, seconds: float = 5, path: str = "/hook", body: bytes = b"{}") -> Outcome:
    headers = {"Content-Type": "application/json", "X-Name": "value"}
    return public_http.post(f"{place.url}{path}", headers=headers, body=body, seconds=seconds, label="test")


def test_an_answer(place: Receiver) -> None:
    place.answers(200, b"thanks", {"X-Seen": "yes"})
    outcome = send(place, path="/hook?a=1%202", body=b'{"a":1}')
    assert (outcome.status, outcome.error, outcome.body, outcome.is_success) == (200, "", b"thanks", True)
    assert outcome.address == "127.0.0.1"
    assert (outcome.headers or {})["x-seen"] == "yes"
    heard = place.heard[0]
    assert (heard.method, heard.path, heard.body) == ("POST", "/hook?a=1%202", b'{"a":1}')
    assert heard.headers["Host"] == place.place
    assert heard.headers["X-Name"] == "value"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 404, 410, 429, 500, 503])
def test_no_redirect_is_followed_and_other_statuses_are_answers(place: Receiver, status: int) -> None:
    place.answers(status, b"", {"Location": f"{place.url}/elsewhere"})
    outcome = send(place)
    assert (outcome.status, outcome.is_success, len(place.heard)) == (status, False, 1)


def test_connections_are_kept(place: Receiver) -> None:
    for _number in range(5):
        assert send(place).is_success
    assert len({heard.peer for heard in place.heard}) == 1


def test_a_kept_connection_that_was_closed_meanwhile(place: Receiver) -> None:
    assert send(place).is_success
    place.close_connections()
    time.sleep(0.1)
    assert send(place).is_success


def test_cookies_are_not_kept(place: Receiver) -> None:
    place.answers(200, b"", {"Set-Cookie": "who=ayu; Path=/"})
    send(place)
    send(place)
    assert "Cookie" not in place.heard[1].headers


@pytest.mark.parametrize(
    ("raw", "status", "error"),
    [
        (b"", None, "broken"),
        (b"HTTP/1.1 2", None, "broken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None, "broken"),
        (b"\x16\x03\x01", None, "broken"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 70_000 + b"\r\n\r\n", None, "broken"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n", None, "broken"),
        # The status has been said: how the rest ends changes nothing.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", 200, ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", 200, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 200, ""),
    ],
    ids=["nothing", "half a line", "no HTTP", "TLS", "long header", "many headers", "short", "bad chunk", "bad gzip"],
)
def test_odd_answers(place: Receiver, raw: bytes, status: int | None, error: str) -> None:
    place.says(raw)
    outcome = send(place)
    assert (outcome.status, outcome.error, len(place.heard)) == (status, error, 1)


def test_nobody_listens(settings: Any) -> None:
    settings.WEBHOOK_LOCAL_RECEIVERS = ["127.0.0.1:1"]
    outcome = public_http.post("http://127.0.0.1:1/", headers={}, body=b"", seconds=2, label="test")
    assert (outcome.status, outcome.error) == (None, "unreachable")


@pytest.mark.parametrize(
    "drip", [b"", b"HTTP/1.1 200 OK\r\nX-A: 1\r\n", b"HTTP/1.1 "], ids=["silent", "header", "line"]
)
def test_an_answer_that_never_ends_in_time(place: Receiver, drip: bytes) -> None:
    place.drips(drip)
    outcome = send(place, seconds=0.6)
    assert (outcome.status, outcome.error) == (None, "timeout")
    assert outcome.elapsed < 4


def test_a_body_that_drips_does_not_hold_us(place: Receiver) -> None:
    place.drips(b"HTTP/1.1 200 OK\r\n\r\n")
    outcome = send(place, seconds=0.6)
    assert (outcome.status, outcome.error) == (200, "")
    assert outcome.elapsed < 4


def test_a_body_without_end_is_cut(place: Receiver) -> None:
    place.floods()
    outcome = send(place)
    assert (outcome.status, len(outcome.body)) == (200, public_http.MAX_BODY)
    assert outcome.elapsed < 4


def test_a_packed_body_is_not_unpacked(place: Receiver) -> None:
    import gzip

    packed = gzip.compress(b"0" * 50_000_000)
    place.answers(200, packed, {"Content-Encoding": "gzip"})
    assert send(place).body == packed[: public_http.MAX_BODY]
    assert place.heard[0].headers["Accept-Encoding"] == "identity"


def test_many_at_once_get_their_own_answers(place: Receiver) -> None:
    place.echoes()
    found: dict[int, bytes] = {}

    def ask(number: int) -> None:
        found[number] = send(place, body=str(number).encode()).body

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {number: str(number).encode() for number in range(40)}


# --- TLS ----------------------------------------------------------------------------------------------------


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server side of ``hooks.example.com``, which leads here and whose certificate is trusted during the test."""
    certificate, private = _certificate(tmp_path, "hooks.example.com")
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, *arguments: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == "hooks.example.com" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(public_http, "_pools", public_http._manager())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context


def test_the_name_is_kept_in_tls_and_host(tls: ssl.SSLContext, settings: Any) -> None:
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)  # type: ignore[assignment]
    with receiver(tls) as made:
        settings.WEBHOOK_LOCAL_RECEIVERS = [f"hooks.example.com:{made.port}"]
        outcome = public_http.post(
            f"https://hooks.example.com:{made.port}/hook", headers={}, body=b"{}", seconds=5, label="test"
        )
        assert (outcome.status, outcome.error) == (200, "")
        # Connected to the address that was looked up, under the name that was asked for.
        assert outcome.address == "127.0.0.1"
        assert made.heard[0].headers["Host"] == f"hooks.example.com:{made.port}"
    assert asked == ["hooks.example.com"]


def test_a_certificate_for_another_name(tls: ssl.SSLContext, settings: Any) -> None:
    with receiver(tls) as made:
        settings.WEBHOOK_LOCAL_RECEIVERS = [made.place]
        outcome = public_http.post(f"https://{made.place}/", headers={}, body=b"{}", seconds=5, label="test")
        assert (outcome.status, outcome.error, made.heard) == (None, "tls", [])


def test_a_certificate_nobody_vouches_for(tls: ssl.SSLContext, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setattr(public_http, "_pools", public_http._manager())
    with receiver(tls) as made:
        settings.WEBHOOK_LOCAL_RECEIVERS = [f"hooks.example.com:{made.port}"]
        url = f"https://hooks.example.com:{made.port}/"
        outcome = public_http.post(url, headers={}, body=b"{}", seconds=5, label="test")
        assert (outcome.status, outcome.error, made.heard) == (None, "tls", [])


def test_a_handshake_that_never_ends(place: Receiver, settings: Any) -> None:
    place.drips(b"")
    outcome = public_http.post(f"https://{place.place}/", headers={}, body=b"{}", seconds=0.6, label="test")
    assert outcome.status is None
    assert outcome.error in {"timeout", "tls", "unreachable"}
    assert outcome.elapsed < 5
