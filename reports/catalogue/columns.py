"""A column is one expression of the database with two forms: on the page, and as text in a file.

The text is made by the database, so that a million rows need no Python each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, CharField, DateTimeField, F, Func, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Ord
from django.db.models.lookups import Exact, In
from django.utils.functional import Promise

from config.lib.states import look_of

TEXT, PLAIN, MONEY, COUNT, MOMENT, STATE, WORD = "text", "plain", "money", "count", "moment", "state", "word"
# Which rows read as which code.
Over = Sequence[tuple[Q, str]]
# With these a spreadsheet takes a cell for a formula (as config.lib.sheets has it for short files).
_FORMULA = [ord(sign) for sign in "=+-@\t\r\n"]


class _Stamp(Func):
    """A moment to the second with its offset, in the zone of the database's session: 2026-11-21 09:02:11+07.

    The cast rounds. As text it is a third of what to_char costs, which is most of what a row costs.
    """

    template = "(%(expressions)s - interval '500000 microseconds')::timestamptz(0)"
    output_field = DateTimeField()


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
    # Of a state: its field, and what stands in front of its codes in `config.lib.states`; and those rows of which the
    # state reads otherwise than the field has it.
    bare: tuple[str, str] | None = None
    over: Over = ()

    @property
    def alias(self) -> str:
        """Its name in a query, which no field of a table has."""
        return f"c_{self.name}"

    @property
    def is_figure(self) -> bool:
        return self.kind in (MONEY, COUNT)

    @property
    def is_reference(self) -> bool:
        return self.name in ("reference", "bank_reference", "transaction")

    def expression(self) -> Combinable:
        return F(self.value) if isinstance(self.value, str) else self.value

    def in_file(self) -> Combinable:
        """As text for a file, in the language that is active now."""
        if self.kind == TEXT:
            return _harmless(self.expression())
        if self.kind == MOMENT:
            return _Stamp(self.expression())
        if self.bare:
            name, prefix = self.bare
            words = {code.removeprefix(prefix): word for code, word in self.words.items()}
            return _but(self.over, _worded(F(name), words), lambda code: str(words[code]))
        if self.kind in (STATE, WORD):
            return _worded(self.expression(), self.words)
        return self.expression()

    def shown(self, value: Any) -> Any:
        """As a page draws it: codes as words, everything else as it is."""
        return str(self.words.get(value, value)) if self.kind == WORD and value is not None else value


def states(name: str, title: str | Promise, prefix: str, path: str, codes: Iterable[str], over: Over = ()) -> Column:
    """A field with the codes of a state, which `config.lib.states` knows as ``prefix`` and code; rows that fit one of
    ``over`` read as that code instead."""
    words = {f"{prefix}{code}": look_of(f"{prefix}{code}").word for code in codes}
    value = _but(over, named(prefix, path), lambda code: f"{prefix}{code}")
    return Column(name, title, value, STATE, words, bare=(path, prefix), over=over)


def looks(name: str, title: str | Promise, value: Combinable, codes: Iterable[str]) -> Column:
    """An expression whose codes are whole names of `config.lib.states`."""
    return Column(name, title, value, STATE, {code: look_of(code).word for code in codes})


def named(prefix: str, path: str) -> Combinable:
    """The codes of a field as `config.lib.states` names them."""
    return Concat(Value(prefix), F(path), output_field=CharField())


def _but(over: Over, value: Combinable, told: Callable[[str], str]) -> Combinable:
    cases = [When(fits, then=Value(told(code))) for fits, code in over]
    return Case(*cases, default=value, output_field=TextField()) if cases else value


def _harmless(value: Combinable) -> Combinable:
    dangerous = In(Ord(value), _FORMULA)
    return Case(When(dangerous, then=Concat(Value("'"), value)), default=value, output_field=TextField())


def _worded(value: Combinable, words: Mapping[str, str | Promise]) -> Combinable:
    cases = [When(Exact(value, Value(code)), then=Value(str(word))) for code, word in words.items()]
    return Case(*cases, default=value, output_field=TextField()) if cases else value
