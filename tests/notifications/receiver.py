"""A customer's program that listens: a real server on loopback that hears, remembers and behaves as it is told."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from typing import BinaryIO

Behaviour = Callable[["Heard", socket.socket], None]


@dataclass
class Heard:
    """One request."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float
    peer: int


@dataclass
class Receiver:
    port: int
    scheme: str = "http"
    heard: list[Heard] = field(default_factory=list)
    behave: Behaviour = lambda heard, peer: _answer(peer, 200, b"ok", {})
    connections: set[socket.socket] = field(default_factory=set)
    open_now: int = 0
    most_open: int = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.place}"

    # --- how it behaves from now on

    def answers(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.behave = lambda heard, peer: _answer(peer, status, body, headers or {})

    def answers_in_turn(self, *statuses: int) -> None:
        """One after the other; the last one for ever."""
        rest = list(statuses)
        self.behave = lambda heard, peer: _answer(peer, rest.pop(0) if len(rest) > 1 else rest[0], b"", {})

    def says(self, raw: bytes) -> None:
        def behave(_heard: Heard, peer: socket.socket) -> None:
            peer.sendall(raw)
            raise ConnectionAbortedError

        self.behave = behave

    def echoes(self) -> None:
        self.behave = lambda heard, peer: _answer(peer, 200, heard.body, {})

    def hangs(self, seconds: float) -> None:
        def behave(_heard: Heard, peer: socket.socket) -> None:
            time.sleep(seconds)
            _answer(peer, 200, b"", {})

        self.behave = behave

    def drips(self, start: bytes) -> None:
        def behave(_heard: Heard, peer: socket.socket) -> None:
            peer.sendall(start)
            while True:
                time.sleep(0.05)
                peer.sendall(b"x")

        self.behave = behave

    def floods(self) -> None:
        def behave(_heard: Heard, peer: socket.socket) -> None:
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                peer.sendall(b"x" * 65536)

        self.behave = behave

    def close_connections(self) -> None:
        for peer in list(self.connections):
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    # --- inside

    def serve(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        while True:
            try:
                peer, address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer, address[1], tls), daemon=True).start()

    def _talk(self, peer: socket.socket, number: int, tls: ssl.SSLContext | None) -> None:
        with suppress(OSError, ValueError), peer:
            talked = tls.wrap_socket(peer, server_side=True) if tls else peer
            self.connections.add(talked)
            stream = talked.makefile("rb")
            try:
                while (heard := _read(stream, number)) is not None:
                    self.heard.append(heard)
                    self.open_now += 1
                    self.most_open = max(self.most_open, self.open_now)
                    try:
                        self.behave(heard, talked)
                    finally:
                        self.open_now -= 1
            finally:
                self.connections.discard(talked)
                stream.close()
                talked.close()


def _read(stream: BinaryIO, number: int) -> Heard | None:
    line = stream.readline()
    if not line:
        return None
    method, path, _version = line.decode("latin-1").split()
    lines = []
    while (one := stream.readline()) not in {b"\r\n", b""}:
        lines.append(one)
    headers = BytesHeaderParser().parsebytes(b"".join(lines))
    body = stream.read(int(headers.get("Content-Length", 0)))
    return Heard(method, path, headers, body, time.time(), number)


def _answer(peer: socket.socket, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    peer.sendall("\r\n".join([*lines, "", ""]).encode() + body)


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """One that answers 200 to everything until it is told otherwise."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    made = Receiver(port=listener.getsockname()[1], scheme="https" if tls else "http")
    threading.Thread(target=made.serve, args=(listener, tls), daemon=True).start()
    yield made
    listener.close()
    made.close_connections()
