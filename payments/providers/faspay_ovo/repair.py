"""From the text that Faspay writes to a tree that can be read: the repairs of Faspay contract 5.5, and no others.

A tree is a dictionary of text, of trees, and of lists of both. Pure; nothing here raises anything but `Unreadable`.
"""

import json
import re
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

JSON, XML = "json", "xml"
_DEPTH = 8
_NODES = 20_000
_URL_LIMIT = 4000
_DECLARATION = re.compile(r"<\?xml\b[^<>]{0,200}>", re.ASCII)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)", re.ASCII)
_HALF_ENTITY = re.compile(r"&amp;?(?=[A-Za-z])", re.ASCII)
_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)

Tree = dict[str, Any]


class Unreadable(ValueError):
    """Neither JSON nor XML of the kind we know, even after the repairs."""


def format_of(body: bytes) -> str:
    """`XML` or `JSON`, by the first character; anything that is not XML is treated as JSON."""
    return XML if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" else JSON


def read_answer(body: bytes) -> Tree:
    """The tree of an answer, in whichever format it came. Raises `Unreadable`."""
    if format_of(body) == XML:
        return read_xml(body)
    try:
        return read_json(body)
    except Unreadable:
        # A sample of theirs lacks its last brace. After a quote no value can have lost its end.
        text = body.rstrip()
        if not text.endswith((b'"', b"}")):
            raise
        return read_json(text + b"}")


def read_json(body: bytes) -> Tree:
    """The object in ``body``: numbers stay text, no name twice, no NaN. Raises `Unreadable`."""
    try:
        value = json.loads(
            body, parse_int=str, parse_float=str, parse_constant=_no_constant, object_pairs_hook=_each_once
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    if not isinstance(value, dict):
        raise Unreadable("no JSON object")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> Tree:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_xml(body: bytes) -> Tree:
    """The children of the root element. A name that stands several times is a list. Raises `Unreadable`.

    The declaration is dropped, since one of theirs is misspelt; ampersands that begin no entity are taken as
    themselves. No document types and no entities of its own: such a document is refused whole.
    """
    text = _DECLARATION.sub("", _decoded(body).lstrip(), count=1)
    text = _BARE_AMPERSAND.sub("&amp;", text)
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("no XML") from error
    if sum(1 for _ in root.iter()) > _NODES:
        raise Unreadable("too many elements")
    tree = _tree_of(root, _DEPTH)
    if not isinstance(tree, dict):
        raise Unreadable("no fields")
    return tree


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _tree_of(element: Element, depth: int) -> Tree | str:
    if not len(element):
        return element.text or ""
    if not depth:
        raise Unreadable("too deep")
    found: Tree = {}
    for child in element:
        value = _tree_of(child, depth - 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def clean_url(value: object) -> str:
    """An address as it was meant: no blank space, ``&amp`` before a name is ``&``. Empty when it cannot be one.

    Not ``html.unescape``: that would turn ``&notify`` and ``&copy`` into signs (Faspay contract 5.5).
    """
    if not isinstance(value, str) or len(value) > _URL_LIMIT:
        return ""
    text = _HALF_ENTITY.sub("&", "".join(value.split()))
    return text if _URL.fullmatch(text) else ""


def code_of(value: object) -> str:
    """A response code as two digits: ``0`` is ``00``. Empty when there is none that could be one."""
    text = value.strip() if isinstance(value, str) else ""
    return text.zfill(2) if re.fullmatch(r"[0-9]{1,2}", text, re.ASCII) else ""


def items_of(value: object, *, depth: int = _DEPTH) -> list[Tree]:
    """The rows of a list, whatever shape it came in: numbered names, one row alone, a list, or nothing at all.

    Numbered names are put in the order of their numbers (Faspay contract 5.3).
    """
    if depth and isinstance(value, list):
        return [row for part in value for row in items_of(part, depth=depth - 1)]
    if not depth or not isinstance(value, dict):
        return []
    # A row has text of its own; what has none only holds rows.
    if any(isinstance(part, str) and part.strip() for part in value.values()):
        return [value]
    return [row for name in sorted(value, key=_number_in) for row in items_of(value[name], depth=depth - 1)]


def _number_in(name: str) -> tuple[int, str]:
    found = re.search(r"([0-9]{1,9})$", name, re.ASCII)
    return (int(found[1]) if found else 0, name)
