"""Numbers that exist nowhere else, and every place where something is kept: who searches finds none of them."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from django.core.cache import cache
from django.db import connection

from cards import numbers

# Every one approves at the simulator. Nothing else in a database looks like them.
CODES = ["0860", "0490", "0570"]


def checked(stem: str) -> str:
    """``stem`` with the last digit that makes it a number."""

    return next(stem + last for last in "0123456789" if numbers.is_number(stem + last))


NUMBERS = [checked(stem) for stem in ("411119928377461", "555590837261948", "401288730961527")]


@lru_cache
def needles(number: str) -> dict[str, re.Pattern[bytes]]:
    """A number in every writing that somebody may have kept it in; also all but its first four or last four digits."""
    groups = [number[at : at + 4] for at in range(0, 16, 4)]
    plain = [number[:12], number[4:]]
    texts = {
        "plain": plain,
        "spaced": [" ".join(groups), "%20".join(groups), "+".join(groups), "\\u0020".join(groups)],
        "hyphened": ["-".join(groups)],
        "reversed": [one[::-1] for one in plain],
        "hex": [number.encode().hex(), number.encode().hex().upper(), f"{int(number):x}"],
        "base64": [*_base64s(number), *_base64s(" ".join(groups)), *_base64s(f'"{number}"')],
        "hashed": [new(number.encode()).hexdigest() for new in (hashlib.sha256, hashlib.sha1, hashlib.md5)],
    }
    raw = {"packed": bytes.fromhex(number), "integer": int(number).to_bytes(8, "big")}
    found = {name: re.compile(b"|".join(re.escape(one.encode()) for one in ones)) for name, ones in texts.items()}
    return found | {name: re.compile(re.escape(one)) for name, one in raw.items()}


def _base64s(text: str) -> list[str]:
    """Whatever stands before it in the same text: three ways to begin, without what the neighbours decide."""
    return [base64.b64encode(b"x" * shift + text.encode()).decode()[4 if shift else 0 : -6] for shift in range(3)]


@lru_cache
def codes(code: str) -> dict[str, re.Pattern[bytes]]:
    """A security code, where it stands by itself; it begins and ends with 0, so no figure looks like it."""
    alone = rb"(?<![0-9A-Za-z._+/=-])(?:%s|%s)(?![0-9A-Za-z._+/=-])"
    return {
        "code": re.compile(alone % (code.encode(), code[::-1].encode())),
        "code in base64": re.compile(rb"(?<![0-9A-Za-z+/])%s(?![0-9A-Za-z+/])" % base64.b64encode(code.encode())),
        "code in hex": re.compile(rb"(?<![0-9A-Fa-f])%s(?![0-9A-Fa-f])" % code.encode().hex().encode()),
    }


def found_in(where: str, content: bytes) -> Iterator[str]:
    """What is found, without saying it again."""
    for number in NUMBERS:
        yield from [f"{where}: number, {name}" for name, one in needles(number).items() if one.search(content)]
    for code in CODES:
        yield from [f"{where}: {name}" for name, one in codes(code).items() if one.search(content)]


def database() -> Iterator[tuple[str, bytes]]:
    """Every row of every table, and what the server remembers of statements."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield table, b"\n".join(as_bytes(value) for value in row)
        cursor.execute("SELECT query FROM pg_stat_activity")
        for (query,) in cursor.fetchall():
            yield "pg_stat_activity", as_bytes(query)


def redis() -> Iterator[tuple[str, bytes]]:
    """Every key with everything in it: cache, broker, limits."""
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    for key in client.scan_iter(count=1000):
        yield "redis", key + b"\n" + _content(client, key)


def _content(client: Any, key: bytes) -> bytes:
    kind = client.type(key)
    reads: dict[bytes, Callable[[], Iterable[Any]]] = {
        b"string": lambda: [client.get(key)],
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"hash": lambda: [part for pair in client.hgetall(key).items() for part in pair],
    }
    return b"\n".join(as_bytes(one) for one in reads.get(kind, list)())


def as_bytes(value: Any) -> bytes:
    if isinstance(value, memoryview | bytes | bytearray):
        return bytes(value)
    return str(value).encode(errors="replace")


def leaks(places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where something is kept that must not be."""
    return sorted({found for where, content in places for found in found_in(where, content)})
