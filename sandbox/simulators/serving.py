"""A small threaded HTTP/1.1 server that keeps connections open and can break them on purpose."""

import io
import os
import select
import signal
import socket
import socketserver
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
MAX_BODY_BYTES = 1024 * 1024
IDLE_SECONDS = 600.0


class Fault(Exception):
    """Raised by an application that wants no proper answer to be sent."""


class Hang(Fault):
    """Say nothing until the caller gives up, at most so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer for {seconds:g} s")
        self.seconds = seconds


class Reset(Fault):
    """Break the connection with a TCP reset."""


class Cut(Fault):
    """Promise a whole answer and end the connection in the middle of it."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        super().__init__("answer cut in half")
        self.status, self.headers, self.body = status, headers, body


class Handler(BaseHTTPRequestHandler):
    """Runs a WSGI application with the whole request read first and the answer written at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: "Server"

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """Stay quiet: the simulators keep their own log of requests."""

    def run(self) -> None:
        body = self.read_body()
        if body is None:
            self.reply("413 Content Too Large", [("Connection", "close")], b"")
            return
        try:
            status, headers, answer = self.call(body)
        except Fault as fault:
            self.misbehave(fault)
        except Exception:
            traceback.print_exc()
            self.reply("500 Internal Server Error", [("Content-Type", "text/plain")], b"simulator error")
        else:
            self.reply(status, headers, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = run

    def read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def call(self, body: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started.append((status, headers))

        chunks = self.server.app(self.environ(body), start_response)
        answer = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
        status, headers = started[-1]
        return status, headers, answer

    def environ(self, body: bytes) -> dict[str, Any]:
        parts = urlsplit(self.path)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "RAW_URI": self.path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            if "_" not in name:
                environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ

    def reply(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        names = {name.lower() for name, _ in headers}
        if "content-length" not in names:
            headers = [*headers, ("Content-Length", str(len(body)))]
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}", "Server: simulator"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self.close_connection and "connection" not in names:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def misbehave(self, fault: Fault) -> None:
        self.close_connection = True
        if isinstance(fault, Hang):
            wait_for_hangup(self.connection, fault.seconds)
        elif isinstance(fault, Cut):
            full = [(n, v) for n, v in fault.headers if n.lower() != "content-length"]
            full.append(("Content-Length", str(len(fault.body))))
            self.reply(fault.status, full, fault.body[: len(fault.body) // 2])
        else:
            reset_connection(self.connection)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True


def wait_for_hangup(connection: socket.socket, seconds: float) -> None:
    """Wait until the other side closes its connection, at most so many seconds."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        readable, _, _ = select.select([connection], [], [], min(left, 1.0))
        if readable and not connection.recv(1024, socket.MSG_PEEK):
            return
        if readable:
            time.sleep(0.05)


def reset_connection(connection: socket.socket) -> None:
    """Close the descriptor under the files made from it, so that the kernel sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, app: WsgiApp) -> None:
        self.app = app
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def serve(app: WsgiApp, port: int, name: str) -> None:
    """Answer on 127.0.0.1 until SIGTERM or Ctrl-C; both end the process quietly with code 0."""
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server = Server(port, app)
    except OSError as error:
        raise SystemExit(f"{name}: cannot listen on 127.0.0.1:{port}: {error.strerror}") from None
    with server:
        print(f"{name} on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever(poll_interval=0.2)
