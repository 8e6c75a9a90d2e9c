"""What is wrong with a field, in the reader's language: pydantic's kinds of errors in our words."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_OWN = "Value error, "
_SHORT = {"string_too_short", "too_short"}
_LIMITS = {"gt", "ge", "lt", "le"}
# Limits of decimals come as Python writes them.
_PYTHON_NUMBER = re.compile(r"Decimal\('(.*)'\)")
_EMPTY = gettext_lazy("This must not be empty.")
_TEXT = gettext_lazy("This must be a text.")
_NUMBER = gettext_lazy("This must be a number.")
_WHOLE = gettext_lazy("This must be a whole number.")
_YES_OR_NO = gettext_lazy("This must be true or false.")
_LIST = gettext_lazy("This must be a list.")
_OBJECT = gettext_lazy("This must be an object.")
_UUID = gettext_lazy("This must be a UUID.")
_DAY = gettext_lazy("This must be a day such as 2026-11-21.")
_MOMENT = gettext_lazy("This must be a time such as 2026-11-21T09:30:00Z.")

_WORDS: dict[str, Promise] = {
    "missing": gettext_lazy("This is missing."),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": gettext_lazy("This must have at least %(min_length)s characters."),
    "string_too_long": gettext_lazy("This must have at most %(max_length)s characters."),
    "string_pattern_mismatch": gettext_lazy("This does not look as it should."),
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "uuid_version": _UUID,
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": gettext_lazy("This number is too large."),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": gettext_lazy("This must have at most %(max_digits)s digits."),
    "decimal_max_places": gettext_lazy("This must have at most %(decimal_places)s digits after the point."),
    "decimal_whole_digits": gettext_lazy("This must have at most %(whole_digits)s digits before the point."),
    "greater_than": gettext_lazy("This must be more than %(gt)s."),
    "greater_than_equal": gettext_lazy("This must be at least %(ge)s."),
    "less_than": gettext_lazy("This must be less than %(lt)s."),
    "less_than_equal": gettext_lazy("This must be at most %(le)s."),
    "enum": gettext_lazy("This must be one of: %(expected)s."),
    "literal_error": gettext_lazy("This must be one of: %(expected)s."),
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "json_invalid": gettext_lazy("This is not JSON in UTF-8."),
    "list_type": _LIST,
    "too_short": gettext_lazy("This must have at least %(min_length)s items."),
    "too_long": gettext_lazy("This must have at most %(max_length)s items."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}


def message_of(error: Mapping[str, Any]) -> str:
    """The sentence for one error of pydantic. What a validator of ours said is translated already."""
    kind, said = error["type"], str(error["msg"])
    if kind in {"value_error", "assertion_error"} and said.startswith(_OWN):
        return said.removeprefix(_OWN)
    details = _details(error)
    if details.get("field_type") == "Value":
        # A text that is kept secret is not called one.
        kind = f"string_{kind}"
    words = _EMPTY if details.get("min_length") == 1 and kind in _SHORT else _WORDS.get(kind)
    return str(words) % details if words else _("This value cannot be taken.")


def _details(error: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(error.get("ctx", {}))
    for name in found.keys() & _LIMITS:
        found[name] = _PYTHON_NUMBER.sub(r"\1", str(found[name]))
    if "expected" in found:
        # pydantic joins choices with an English "or"; commas are read everywhere.
        found["expected"] = str(found["expected"]).replace(" or ", ", ").replace("'", "")
    return found
