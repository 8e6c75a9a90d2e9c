"""A column is one expression of the database with two forms: on the page, and as text in a file.

The text is made by the database, so that a million rows need no Python each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, CharField, F, Func, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Left
from django.db.models.lookups import Exact, In
from django.utils.functional import Promise

from config.lib.states import look_of

TEXT, PLAIN, MONEY, COUNT, MOMENT, STATE, WORD = "text", "plain", "money", "count", "moment", "state", "word"
# With these a spreadsheet takes a cell for a formula (as config.lib.sheets has it for short files).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Stamp(Func):
    """A moment with its offset, in the zone of the database's session: 2026-11-21T09:02:11+07:00."""

    template = "to_char(%(expressions)s, 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM')"
    output_field = TextField()


@dataclass(frozen=True)
class Column:
    """``value`` is a field by its path, or an expression. ``words`` are those of codes (kind `WORD`); the codes of a
    `STATE` are names of `config.lib.states`. ``of_staff``: only where rows are of many clients. ``of_file``: what a
    page writes into another column, the currency into its amounts."""

    name: str
    title: str | Promise
    value: str | Combinable
    kind: str = PLAIN
    words: Mapping[str, str | Promise] = field(default_factory=dict)
    of_staff: bool = False
    of_file: bool = False

    @property
    def alias(self) -> str:
        """Its name in a query, which no field of a table has."""
        return f"c_{self.name}"

    @property
    def is_figure(self) -> bool:
        return self.kind in (MONEY, COUNT)

    def expression(self) -> Combinable:
        return F(self.value) if isinstance(self.value, str) else self.value

    def in_file(self) -> Combinable:
        """As text for a file, in the language that is active now."""
        if self.kind == TEXT:
            return _harmless(self.expression())
        if self.kind == MOMENT:
            return _Stamp(self.expression())
        if self.kind in (STATE, WORD):
            return _worded(self.expression(), self.words)
        return self.expression()

    def shown(self, value: Any) -> Any:
        """As a page draws it: codes as words, everything else as it is."""
        return str(self.words.get(value, value)) if self.kind == WORD and value is not None else value


def states(name: str, title: str | Promise, value: str | Combinable, codes: Iterable[str]) -> Column:
    """A column whose codes are names of `config.lib.states`."""
    return Column(name, title, value, STATE, {code: look_of(code).word for code in codes})


def named(prefix: str, value: str) -> Combinable:
    """The codes of a field as `config.lib.states` names them: ``payout:`` and the code."""
    return Concat(Value(prefix), F(value), output_field=CharField())


def _harmless(value: Combinable) -> Combinable:
    dangerous = In(Left(value, 1), list(_FORMULA))
    return Case(When(dangerous, then=Concat(Value("'"), value)), default=value, output_field=TextField())


def _worded(value: Combinable, words: Mapping[str, str | Promise]) -> Combinable:
    cases = [When(Exact(value, Value(code)), then=Value(str(word))) for code, word in words.items()]
    return Case(*cases, default=value, output_field=TextField()) if cases else value
