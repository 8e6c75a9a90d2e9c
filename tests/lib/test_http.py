"""What leaves us, against a server that speaks HTTP badly on purpose."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from config.lib import http
from config.lib.http import HttpError, HttpReply, HttpTimeout, HttpUnreachable, send

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
Behaviour = Callable[[socket.socket], None]


@dataclass
class Server:
    """Answers every connection by ``behave``, after the whole request has been read."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    behave: Behaviour = lambda peer: peer.sendall(OK)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            data = b""
            while b"\r\n\r\n" not in data:
                data += peer.recv(65536)
            self.requests.append(data)
            try:
                self.behave(peer)
            except OSError:
                return


@pytest.fixture
def server() -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    made = Server(url=f"http://127.0.0.1:{port}/api/thing")
    threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def ask(server: Server, **options: Any) -> HttpReply:
    given: dict[str, Any] = {"headers": {}, "label": "test", "connect_timeout": 2, "read_timeout": 0.5}
    return send(options.pop("method", "GET"), options.pop("url", server.url), **{**given, **options})


def says(text: bytes) -> Behaviour:
    return lambda peer: peer.sendall(text)


def test_an_answer(server: Server) -> None:
    reply = ask(server, method="POST", body=b"{}", headers={"X-Key": "k"}, params={"a": "1 2"})
    assert (reply.status, reply.body) == (200, b"ok")
    assert server.requests[0].startswith(b"POST /api/thing?a=1+2 HTTP/1.1\r\n")
    assert b"X-Key: k\r\n" in server.requests[0]
    assert server.requests[0].endswith(b"\r\n\r\n{}") or b"Content-Length: 2" in server.requests[0]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
def test_every_status_is_an_answer_and_no_redirect_is_followed(server: Server, status: int) -> None:
    server.behave = says(
        b"HTTP/1.1 %d X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
    )
    assert ask(server).status == status
    assert len(server.requests) == 1


def test_headers_are_found_whatever_their_case(server: Server) -> None:
    server.behave = says(OK.replace(b"Connection", b"RETRY-after: 7\r\nConnection"))
    assert ask(server).headers["Retry-After"] == "7"


def _hang(peer: socket.socket) -> None:
    peer.settimeout(20)
    peer.recv(1)


def _drip(text: bytes, every: float = 0.1) -> Behaviour:
    def behave(peer: socket.socket) -> None:
        peer.sendall(text)
        while True:
            time.sleep(every)
            peer.sendall(b"x")

    return behave


def _reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


BROKEN: dict[str, Behaviour] = {
    "no answer": _hang,
    "closed without a word": lambda peer: None,
    "reset": _reset,
    "half a status line": says(b"HTTP/1.1 2"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "less than promised": says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
    "a broken chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"),
    "no last chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    "a body that drips": _drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "a body that drips without an end": _drip(b"HTTP/1.1 200 OK\r\n\r\n"),
    "a body too long": says(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000),
    "compressed rubbish": says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
}


@pytest.mark.parametrize("behave", BROKEN.values(), ids=BROKEN.keys())
def test_after_a_byte_was_sent_the_outcome_is_unknown(server: Server, behave: Behaviour) -> None:
    server.behave = behave
    with pytest.raises(HttpTimeout) as caught:
        ask(server, connect_timeout=0.5)
    assert caught.value.sent
    assert len(server.requests) == 1, "no second try behind the caller's back"


def test_a_body_that_unpacks_to_too_much(server: Server) -> None:
    import gzip

    packed = gzip.compress(b"0" * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    server.behave = says(head + packed)
    with pytest.raises(HttpTimeout):
        ask(server, read_timeout=10)


@pytest.mark.parametrize("size", [http.MAX_BODY - 1, http.MAX_BODY])
def test_a_body_just_short_enough(server: Server, size: int) -> None:
    server.behave = says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    assert len(ask(server, read_timeout=10).body) == size


def _refusing_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return f"http://127.0.0.1:{gone.getsockname()[1]}/"


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://no-such-host.invalid/"},
        {"url": "http://"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "nothing"},
        {"url": "http://127.0.0.1:99999/"},
        {"headers": {"X-Key": "a\r\nX-Other: b"}},
    ],
)
def test_before_a_byte_was_sent_nothing_can_have_happened(server: Server, options: dict[str, Any]) -> None:
    with pytest.raises(HttpUnreachable) as caught:
        ask(server, **options)
    assert not caught.value.sent
    assert server.requests == []


def test_nobody_listens() -> None:
    with pytest.raises(HttpUnreachable):
        ask(Server(), url=_refusing_port())


def test_the_log_has_one_line_and_no_secret(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="config.lib.http"):
        ask(server, headers={"Authorization": "Bearer hush"}, params={"pin": "hush"}, body=b"hush", method="POST")
        server.behave = _reset
        with pytest.raises(HttpError):
            ask(server, headers={"Authorization": "Bearer hush"}, params={"pin": "hush"})
    ours = [record for record in caplog.records if record.name == "config.lib.http"]
    assert [record.levelname for record in ours] == ["INFO", "WARNING"]
    assert "test POST " in ours[0].getMessage()
    assert "/api/thing -> 200" in ours[0].getMessage()
    assert "hush" not in caplog.text


def test_an_answers_cookies_are_not_sent_to_the_next(server: Server) -> None:
    server.behave = says(OK.replace(b"Connection", b"Set-Cookie: who=ayu; Path=/\r\nConnection"))
    ask(server)
    ask(server)
    assert b"cookie" not in server.requests[1].lower()


def test_threads_do_not_get_each_others_answers(server: Server) -> None:
    def echo(peer: socket.socket) -> None:
        number = server_path(server.requests, peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(number), number))

    def server_path(_requests: list[bytes], peer: socket.socket) -> bytes:
        return str(peer.getpeername()[1]).encode()

    server.behave = echo
    with ThreadPoolExecutor(8) as pool:
        answers = [reply.body for reply in pool.map(lambda _: ask(server, read_timeout=10), range(64))]
    assert len(set(answers)) == 64
