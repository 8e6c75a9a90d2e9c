"""Environment variables, read so that one that cannot be read is named, and its value, perhaps a secret, is not."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_YES_AND_NO = {"1", "true", "t", "yes", "y", "on", "ok", "0", "false", "f", "no", "n", "off", ""}
_FORMS = {int: "a whole number", float: "a number", bool: "on or off", dict: "name=value, comma separated"}


class Surroundings(environ.Env):  # type: ignore[misc]
    """django-environ's reader. Raises `ImproperlyConfigured` with the name of the variable."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        # The reader takes any word for off, and of a number what looks like one.
        text = str(self.ENVIRON.get(var, "")).strip().lower()
        if (cast is bool and text not in _YES_AND_NO) or (
            cast is float and not re.fullmatch(r"(-?\d+(\.\d+)?)?", text)
        ):
            raise _unreadable(var, cast)
        try:
            return super().get_value(var, cast=cast, default=default, parse_default=parse_default)
        except (ValueError, TypeError):
            # Not chained: the refusal quotes the value.
            raise _unreadable(var, cast) from None

    def decimal(self, var: str, default: str) -> Decimal:
        """A number as it is written, never by way of a float."""
        try:
            number = Decimal(self.str(var, default=default))
        except InvalidOperation:
            raise _unreadable(var, float) from None
        if not number.is_finite():
            raise _unreadable(var, float)
        return number


def _unreadable(var: str, cast: Any) -> ImproperlyConfigured:
    form = "whole numbers, comma separated" if isinstance(cast, list) else _FORMS.get(cast, "what it should be")
    return ImproperlyConfigured(f"The environment variable {var} is not {form}. README.md says what it takes.")
