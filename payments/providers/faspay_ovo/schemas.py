"""The wire of OVO Tokenize: names, text forms, and what may be read out of a tree."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from config.lib.clock import JAKARTA
from payments.providers.faspay_ovo.repair import XML

CHANNEL = "720"
# Faspay contract 4.1: some of their totals have a comma before the decimals.
_AMOUNT = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,2}))?", re.ASCII)
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d%H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_LOOPBACK = {"127.0.0.1", "localhost"}


class UnusablePhone(ValueError):
    """No Indonesian mobile number: OVO knows no other."""


def phone_of(text: str) -> str:
    """The number as Faspay writes and signs it: a leading 0, digits only. Raises `UnusablePhone`."""
    digits = re.sub(r"[\s().+-]", "", text)
    if digits.startswith("62"):
        digits = "0" + digits[2:]
    if not re.fullmatch(r"08[0-9]{7,11}", digits, re.ASCII):
        raise UnusablePhone("no Indonesian mobile number")
    return digits


def clean_text(text: str, *, limit: int) -> str:
    """Plain letters, digits, blanks and a little punctuation: the same in XML and JSON, and nothing to escape."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^A-Za-z0-9 .,'/-]+", " ", plain).split())[:limit].strip()


def render(form: str, fields: Mapping[str, str]) -> bytes:
    """Flat text fields as JSON or as XML, plain ASCII (XML writes the rest as character references)."""
    if form == XML:
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        text = f'<?xml version="1.0" encoding="UTF-8"?><faspay>{inner}</faspay>'
        return text.encode("ascii", "xmlcharrefreplace")
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def text_of(tree: Mapping[str, Any], name: str, *, limit: int = 200) -> str:
    """A text field, stripped; empty when missing, not text, or longer than it can be."""
    value = tree.get(name)
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= limit and text.isprintable() else ""


def read_amount(value: object) -> Decimal | None:
    """An amount in rupiah, or None when it cannot be read."""
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    return Decimal(f"{found[1]}.{found[2] or 0}") if found else None


def read_time(value: object) -> datetime | None:
    """``YYYY-MM-DD HH:MM:SS`` of Jakarta as an aware moment in UTC, None if unreadable."""
    text = value.strip() if isinstance(value, str) and len(value) <= 40 else ""
    for form in _TIMES:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=JAKARTA)
        except ValueError:
            continue
        # A year at either end of the calendar would overflow.
        return moment.astimezone(UTC) if 2000 < moment.year < 9000 else None
    return None


def may_be_opened(url: str, hosts: Iterable[str]) -> bool:
    """Whether a browser may be sent to ``url``: https, and a host on the list, nothing odd about the rest.

    An entry with a scheme, ``http://127.0.0.1:8102``, is a whole origin of this machine, for a simulator.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc:
        return False
    listed = {entry.strip().lower().rstrip("/") for entry in hosts}
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return f"http://{parts.netloc.lower()}" in listed
    return parts.scheme == "https" and port in (None, 443) and parts.hostname in listed


def is_web_address(url: str) -> bool:
    """Whether ``url`` can be shown as a link: https and a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
