"""What a report is, and its rows for somebody: the one source of the page, of its count and of its exports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import Client
from payouts.models import Batch
from payouts.selectors import batches
from reports.catalogue.columns import Column
from reports.catalogue.wanted import ALL, PRESETS, Wanted, day, words
from reports.searching.asking import read
from reports.searching.finding import Match

Rows = QuerySet[Any, Any]
Choices = Sequence[tuple[str, str | Promise]]
# Of a report that adds up there are few rows, and they come all at once.
MOST_GROUPS = 500
_MOST_FOUND = 1_000_000
# Bytes of what is looked for: with a client's name beside it there is still room in a saved view.
_LONGEST = 80


@dataclass(frozen=True)
class Scope:
    """Who reads, and what is asked for; without presets."""

    actor: Actor
    wanted: Wanted

    @property
    def is_of_staff(self) -> bool:
        return self.actor.client is None

    def batch(self) -> Batch | None:
        """The one that is asked for by reference or id, as far as the reader may see it."""
        text = self.wanted.batch
        found = Q(reference=text.upper())
        try:
            found |= Q(public_id=UUID(text))
        except ValueError:
            if not text:
                return None
        return batches.listed(self.actor).filter(found).first()


@dataclass(frozen=True)
class Detail:
    """Where a row leads: the field with the id, and the page of a client's people and of staff ("": there is none)."""

    field: str
    company: str = ""
    staff: str = ""

    def page(self, scope: Scope) -> str:
        return self.staff if scope.is_of_staff else self.company


@dataclass(frozen=True)
class Report:
    """``rows`` are what somebody may see at all. ``dated``, ``state``, ``kind`` and ``client`` are the fields that the
    filters mean; "" for a filter that it does not have. ``dated_as`` says what the days are about ("": there are none);
    without ``dated`` the rows heed them themselves. ``with_states`` chooses by state where that is more than its
    field. ``search`` is what a row may be found by, in words ``search_by``. ``group_by`` makes it one that adds up:
    it is then not cut into pages. ``operation`` is the call of the API that tells the same."""

    slug: str
    title: str | Promise
    about: str | Promise
    section: str
    permission: str
    operation: str
    rows: Callable[[Scope], Rows]
    columns: tuple[Column, ...]
    dated: str = ""
    dated_as: str | Promise = ""
    state: str = ""
    states: Choices = ()
    kind: str = ""
    kinds: Choices = ()
    client: str = ""
    of_batch: bool = False
    # With sums above its rows, over all of the batch (payouts.selectors.reconciling).
    adds_up: bool = False
    order_by: str = "-id"
    with_states: Callable[[Rows, list[str]], Rows] | None = None
    search: Match | None = None
    search_by: str | Promise = ""
    group_by: tuple[str, ...] = ()
    sums: dict[str, Any] = field(default_factory=dict)
    detail: Detail | None = None
    preset: str = ""

    def columns_for(self, scope: Scope) -> list[Column]:
        """Of the file; the page leaves `Column.of_file` out, which stands beside its amounts."""
        return [column for column in self.columns if scope.is_of_staff or not column.of_staff]

    def found(self, scope: Scope) -> Rows:
        """The rows that are asked for, in order."""
        wanted, rows = scope.wanted, between(self.rows(scope), self.dated, scope.wanted)
        if self.state and wanted.state:
            rows = self._of_states(rows, wanted.state.split("."))
        if self.kind and wanted.kind:
            rows = rows.filter(**{self.kind: wanted.kind})
        if self.client and wanted.client and scope.is_of_staff:
            rows = rows.filter(**{f"{self.client}__in": Subquery(_clients(wanted.client).values("pk"))})
        if self.search and wanted.q:
            rows = _matching(rows, self.search(read(wanted.q)))
        if not self.group_by:
            return rows.order_by(self.order_by)
        groups: Rows = rows.order_by().values(*self.group_by).annotate(**self.sums)
        return groups.order_by(*self.group_by)

    def _of_states(self, rows: Rows, states: list[str]) -> Rows:
        if self.with_states is not None:
            return self.with_states(rows, states)
        return rows.filter(**{f"{self.state}__in": states})

    def lines(self, scope: Scope) -> Rows:
        """The rows as a page draws them, by the aliases of the columns; ``link_id`` is what `detail` needs."""
        columns = {column.alias: column.expression() for column in self.columns_for(scope)}
        key = () if self.group_by else (self.order_by.lstrip("-"),)
        leads = {"link_id": F(self.detail.field)} if self.detail and self.detail.page(scope) else {}
        found: Rows = self.found(scope).annotate(**columns, **leads)
        return found.values_list(*key, *columns, *leads, named=True)

    def texts(self, scope: Scope) -> Rows:
        """The same rows and columns as texts for a file, in the language that is active now."""
        columns = {column.alias: column.in_file() for column in self.columns_for(scope)}
        found: Rows = self.found(scope).annotate(**columns)
        return found.values_list(*columns)

    def wanted(self, given: Mapping[str, str]) -> Wanted:
        """What an address asks for. Filters that the report does not have, and nonsense, count as not asked."""
        dated = self.dated_as != ""
        first, last = (day(given.get(name, "")) if dated else None for name in ("first", "last"))
        preset = given.get("range", self.preset) if dated and not (first or last) else ""
        return Wanted(
            preset=_one_of(PRESETS, preset) if preset != ALL or self.preset else "",
            first=first,
            last=last,
            state=_one_of(self.states, given.get("state", "")),
            kind=_one_of(self.kinds, given.get("kind", "")),
            client=words(given, "client") if self.client else "",
            batch=words(given, "batch") if self.of_batch else "",
            q=words(given, "q", most_bytes=_LONGEST) if self.search else "",
        )

    def unheard(self, given: Mapping[str, str]) -> list[str]:
        """What an address asks for that means nothing here, in the words of the address."""
        wanted, days = self.wanted(given), [given.get(name, "") for name in ("first", "last")]
        odd = [text for text in days if text and self.dated_as and day(text) is None]
        if self.dated_as and not any(days) and given.get("range", "") not in dict([("", ""), *PRESETS]):
            odd.append(given["range"])
        pairs = [(self.state, "state", wanted.state), (self.kind, "kind", wanted.kind)]
        return odd + [given[name] for field, name, heard in pairs if field and given.get(name) and not heard]

    def count(self, scope: Scope, most: int) -> int:
        """How many rows there are now, at most ``most``: the database counts no further."""
        rows = self.found(scope)
        return (rows if self.group_by else rows.order_by().values("pk"))[:most].count()


def _matching(rows: Rows, fits: Q | None) -> Rows:
    """Found without an order first, and put in order then: few rows of an index look-up are soon in order, but the
    order would tempt the planner to walk all that there are, looking for them. The limit keeps the two apart."""
    if fits is None:
        return rows.none()
    return rows.filter(pk__in=rows.filter(fits).order_by().values("pk")[:_MOST_FOUND])


def _one_of(choices: Choices, value: str) -> str:
    return value if value in {name for name, _text in choices} else ""


def between(rows: Rows, name: str, wanted: Wanted) -> Rows:
    """Those whose moment ``name`` is within the days asked for, in the zone that is active now."""
    if name and wanted.first:
        rows = rows.filter(**{f"{name}__gte": _midnight(wanted.first)})
    if name and wanted.last:
        rows = rows.filter(**{f"{name}__lt": _midnight(wanted.last + timedelta(days=1))})
    return rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _clients(text: str) -> QuerySet[Client]:
    """By a part of the name, or by the id."""
    try:
        return Client.objects.filter(public_id=UUID(text))
    except ValueError:
        return Client.objects.filter(name__icontains=text)


def may_read(actor: Actor, report: Report) -> bool:
    """Whether the report is there for ``actor``: for the gateway's staff and people of clients, by its permission."""
    return actor.portal is not None and policy.allows(actor, report.permission)
