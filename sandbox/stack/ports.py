"""Free ports on this machine."""

import errno
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
_REASONS = {
    errno.EADDRINUSE: "is taken by another program",
    errno.EACCES: "is only for root",
    errno.EADDRNOTAVAIL: "cannot be used: this machine has no such address (HOST)",
}


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether we could listen on `host:port`."""
    return not why_taken(port, host)


def why_taken(port: int, host: str) -> str:
    """Why we cannot listen on `host:port`, in words; empty when we can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return _REASONS.get(error.errno or 0, f"cannot be used: {error.strerror}")
    return ""


def any_free() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def next_free(after: int, taken: Collection[int] = ()) -> int:
    """The first free loopback port above `after` that is not in `taken`; OSError when there is none."""
    for port in range(after + 1, 65536):
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port above {after}")
