"""What a simulator remembers: rows in memory, and a file of JSON lines that survives a kill at any moment."""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TextIO

Row = dict[str, Any]
WIB = timezone(timedelta(hours=7), "WIB")
COMPACT_AFTER_LINES = 20_000


def private(path: str, flags: int) -> int:
    """How to open a file that nobody else may read."""
    return os.open(path, flags, 0o600)


class StateFile:
    """Tables of JSON rows. The file is rewritten atomically at start and grows by one line per change.

    A line reaches the kernel before the change is answered, so killing the process loses nothing.
    Deleting the file is a clean start. Without a path everything stays in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.tables: dict[str, dict[str, Row]] = {}
        self.lines = 0
        self.file: TextIO | None = None
        self.load()
        self.compact()

    def load(self) -> None:
        if self.path is None or not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                table, key, row = json.loads(line)
            except ValueError:
                continue  # the last line of a killed process may be cut
            self.remember(table, key, row)

    def remember(self, table: str, key: str, row: Row | None) -> None:
        rows = self.tables.setdefault(table, {})
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row

    def compact(self) -> None:
        """Write every row once into a new file and put it in the place of the old one."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        # Keys of the simulated Faspay stand in it too.
        with open(fresh, "w", encoding="utf-8", opener=private) as file:
            for table, rows in self.tables.items():
                file.writelines(line_of(table, key, row) for key, row in rows.items())
        os.replace(fresh, self.path)
        if self.file is not None:
            self.file.close()
        self.file = self.path.open("a", encoding="utf-8", buffering=1)
        self.lines = 0

    def rows(self, table: str) -> dict[str, Row]:
        return self.tables.setdefault(table, {})

    def put(self, table: str, key: str | int, row: Row | None) -> None:
        """Keep a row (None forgets it), in memory and in the file."""
        with self.lock:
            self.remember(table, str(key), row)
            if self.file is None:
                return
            self.file.write(line_of(table, str(key), row))
            self.lines += 1
            if self.lines > COMPACT_AFTER_LINES:
                self.compact()

    def clear(self, *tables: str) -> None:
        with self.lock:
            for table in tables:
                self.tables.pop(table, None)
            self.compact()


def line_of(table: str, key: str, row: Row | None) -> str:
    return json.dumps([table, key, row], separators=(",", ":")) + "\n"


class RequestLog:
    """The last requests of the provider's own API, and the highest number of them within 60 seconds."""

    def __init__(self, keep: int = 10_000) -> None:
        self.lock = threading.Lock()
        self.clear(keep)

    def clear(self, keep: int = 10_000) -> None:
        with self.lock:
            self.entries: deque[Row] = deque(maxlen=keep)
            self.recent: deque[float] = deque()
            self.total = self.peak = 0

    def arrived(self, entry: Row) -> None:
        """Note a request when it comes in; the caller fills in `status` when it is answered."""
        now = time.monotonic()
        with self.lock:
            self.recent.append(now)
            while self.recent[0] <= now - 60:
                self.recent.popleft()
            self.total += 1
            self.peak = max(self.peak, len(self.recent))
            self.entries.append(entry)

    def as_json(self, limit: int) -> Row:
        with self.lock:
            newest = list(self.entries)[-limit:][::-1] if limit else []
            return {"total": self.total, "peak_per_60_seconds": self.peak, "requests": newest}


def logged(app: Any, log: RequestLog, describe: Callable[[dict[str, Any]], Row]) -> Any:
    """Wrap a WSGI application so that every call but the control API's is noted, broken ones too."""

    def wrapper(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"].startswith("/_control"):
            return app(environ, start_response)
        entry = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "request_id": environ.get("HTTP_X_REQUEST_ID", "")[:64],
            "at": datetime.now(WIB).isoformat(timespec="milliseconds"),
            "status": None,
            **describe(environ),
        }
        log.arrived(entry)

        def noting(status: str, *rest: Any) -> Any:
            entry["status"] = int(status[:3])
            return start_response(status, *rest)

        return app(environ, noting)

    return wrapper
