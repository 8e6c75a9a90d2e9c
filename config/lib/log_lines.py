"""How lines of the log are written: for people, or (``LOG_FORMAT=json``) one JSON object a line for machines. Both
say which request a line belongs to, in web, worker and calls to partners alike."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from config.lib import tracing

# What a line may say besides its words: names and figures that we chose, never bodies, headers or queries.
FIELDS = ("method", "route", "status", "ms", "label", "call", "outcome", "task")


# What a database adds to a refusal: the row as it would stand there, with everything that is in it.
_ROWS = re.compile(r"^DETAIL:.*?(?=\n\n(?:The above|During handling)|\Z)", re.DOTALL | re.MULTILINE)


def without_rows(text: str) -> str:
    """``text`` of an exception without the rows that PostgreSQL quotes."""
    return _ROWS.sub("DETAIL: [rows]", text)


class _Lines(logging.Formatter):
    def formatException(self, ei: Any) -> str:
        return without_rows(super().formatException(ei))


class TextLines(_Lines):
    """``2026-11-21 09:02:11,250 INFO gerbang.request GET topup/ 200 12 ms id=01K…``"""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line, request_id = super().formatMessage(record), tracing.current()
        return f"{line} id={request_id}" if request_id else line


class JsonLines(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": tracing.current() or None,
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, ensure_ascii=False, default=str)
