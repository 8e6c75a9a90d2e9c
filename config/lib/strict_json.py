"""JSON from strangers: what two readers could understand differently, or a database cannot hold, is refused."""

import json
import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

# Deep enough for every schema of ours, and far from the end of the stack.
DEEPEST = 32
# What every integer column can hold.
_LONGEST_WHOLE = 18
_WIDEST_EXPONENT = 30
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class Unacceptable(ValueError):
    """Why a text is not taken, in words for its writer."""


def loads(body: bytes) -> Any:
    """The value in ``body``: UTF-8, decimals exact, no name twice, no NaN, no NUL, no half of a surrogate pair.

    Raises `Unacceptable` for everything else.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_int=_whole,
            parse_constant=_constant,
        )
    except Unacceptable:
        raise
    except RecursionError:
        raise Unacceptable(_("This is nested too deeply.")) from None
    except ValueError:
        raise Unacceptable(_("This is not JSON in UTF-8.")) from None
    _walk(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unacceptable(_("A name stands twice in one object."))
    return found


def _decimal(text: str) -> Decimal:
    # The check comes first: the exponent of a decimal can be too large to be made.
    exponent = text.lower().partition("e")[2]
    if len(text) > 60 or len(exponent.lstrip("+-0")) > 2 or abs(int(exponent or 0)) > _WIDEST_EXPONENT:
        raise Unacceptable(_("A number is too large or too fine."))
    return Decimal(text)


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > _LONGEST_WHOLE:
        raise Unacceptable(_("A number is too large."))
    return int(text)


def _constant(name: str) -> Any:
    raise Unacceptable(_("%(name)s is no number.") % {"name": name})


def _walk(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise Unacceptable(_("This is nested too deeply."))
        level = [inner for item in level for inner in _inside(item)]


def _inside(value: Any) -> list[Any]:
    if isinstance(value, str):
        _check_text(value)
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Unacceptable(_("A text holds a NUL."))
    if _HALF_PAIR.search(text):
        raise Unacceptable(_("A text holds half of a surrogate pair."))
