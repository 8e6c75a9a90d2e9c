"""The text of the simulated OVO Tokenize: JSON and XML, and every way in which Faspay's samples break them.

An answer is a row of text, of rows, and of lists (contract 5.3). `QUIRKS` are the malformations of contract 5.5.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .state import Row

JSON, XML = "json", "xml"
URLS = ("redirectURL", "url")
TYPES = {JSON: "application/json", XML: "text/xml; charset=UTF-8"}
DECLARATIONS = {
    "bad_declaration": '<?xml version="1.0" encodin0g="UTF-8"?>\n',
    "spaced_declaration": '<?xml version="1.0" encoding="UTF-8" ?>\n',
    "no_declaration": "",
    "samples": '<?xml version="1.0" encodin0g="UTF-8"?>\n',
}
LISTS = ("list_transaction", "list_refund", "topup_instruction")


def digest(*parts: str) -> str:
    """hex sha1 of the hex text of md5 of everything in a row (contract 4.1, 5.1)."""
    inner = hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
    return hashlib.sha1(inner.encode(), usedforsecurity=False).hexdigest()


def read(form: str, body: bytes) -> Row:
    """A flat request. What is no such thing is empty."""
    try:
        if form == JSON:
            found = json.loads(body)
            return found if isinstance(found, dict) else {}
        return {child.tag: (child.text or "").strip() for child in fromstring(body, forbid_dtd=True)}
    except (ValueError, RecursionError, ParseError, DefusedXmlException):
        return {}


def write(form: str, row: Row, quirk: str = "") -> str:
    """An answer as text, broken by one quirk."""
    row = reshaped(row, quirk)
    if form == JSON:
        text = json.dumps(row, indent=2)
        return text.rstrip().removesuffix("}") if quirk == "missing_brace" else text
    declaration = DECLARATIONS.get(quirk, '<?xml version="1.0" encoding="UTF-8"?>\n')
    raw = quirk in ("bare_ampersand", "half_entities", "samples")
    return f"{declaration}<faspay>\n{elements(row, raw)}</faspay>\n"


def elements(row: Row, raw: bool) -> str:
    return "".join(element(name, value, raw) for name, value in row.items())


def element(name: str, value: Any, raw: bool) -> str:
    if isinstance(value, list):
        return "".join(element(name, one, raw) for one in value) or f"<{name}/>\n"
    if isinstance(value, dict):
        return f"<{name}>\n{elements(value, raw)}</{name}>\n"
    text = str(value)
    return f"<{name}>{text if raw else escape(text)}</{name}>\n" if text else f"<{name}/>\n"


def reshaped(row: Row, quirk: str) -> Row:
    change = QUIRKS.get(quirk)
    return change(row) if change else row


def with_urls(row: Row, change: Callable[[str], str]) -> Row:
    return {name: change(value) if name in URLS else value for name, value in row.items()}


def half_entities(row: Row) -> Row:
    return with_urls(row, lambda url: re.sub(r"&(?=[a-z])", "&amp", url))


def whole_entities(row: Row) -> Row:
    return with_urls(row, lambda url: url.replace("&", "&amp;"))


def broken_lines(row: Row) -> Row:
    return with_urls(row, lambda url: "\n".join(url[at : at + 73] for at in range(0, len(url), 73)) + "\n    ")


def short_code(row: Row) -> Row:
    return {**row, "response_code": str(row["response_code"]).lstrip("0") or "0"}


def like_the_samples(row: Row) -> Row:
    return short_code(broken_lines(half_entities({**row, "response_desc": "Sukses"})))


def lists_as(change: Callable[[Any], Any]) -> Callable[[Row], Row]:
    return lambda row: {name: change(value) if name in LISTS else value for name, value in row.items()}


def rows_in(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def without_lists(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in LISTS}


def elsewhere(start: str) -> Callable[[Row], Row]:
    return lambda row: with_urls(row, lambda url: start + url.partition("//")[2].partition("/")[2])


def other_amount(row: Row) -> Row:
    return {**row, "amount": f"{row['amount']}00"} if "amount" in row else row


def as_numbers(row: Row) -> Row:
    return {name: int(value) if str(value).isdecimal() and value[0] != "0" else value for name, value in row.items()}


def same(row: Row) -> Row:
    return row


QUIRKS: dict[str, Callable[[Row], Row]] = {
    "samples": like_the_samples,
    "half_entities": half_entities,
    "whole_entities": whole_entities,
    "bare_ampersand": same,
    "bad_declaration": same,
    "spaced_declaration": same,
    "no_declaration": same,
    "missing_brace": same,
    "broken_lines": broken_lines,
    "short_code": short_code,
    "numbers": as_numbers,
    "empty_lists": lists_as(lambda value: ""),
    "empty_arrays": lists_as(lambda value: []),
    "arrays": lists_as(rows_in),
    "single_rows": lists_as(lambda value: (rows_in(value) or [""])[0]),
    "no_lists": without_lists,
    "wrong_amount": other_amount,
    "wrong_bill": lambda row: {**row, "bill_no": "1" + str(row.get("bill_no", ""))},
    "wrong_phone": lambda row: {**row, "phone_no": "081200000000"},
    "foreign_host": elsewhere("https://evil.example/"),
    "plain_http": elsewhere("http://webview.byte-stack.net/"),
    "no_url": lambda row: {name: value for name, value in row.items() if name not in URLS},
    "unknown_code": lambda row: {**row, "response_code": "96", "response_desc": "System malfunction"},
    "no_code": lambda row: {name: value for name, value in row.items() if name != "response_code"},
}
