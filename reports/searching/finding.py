"""Who looks where: for each kind of thing the right one must hold, its look-ups, and the page a hit leads to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise

from accounts.access import policy
from accounts.access.actors import Actor
from reports.searching.asking import Asked

MOST = 5
# Of what `config.lib.ids` makes; names of jobs are shorter.
_REQUEST = 20
Match = Callable[[Asked], Q | None]


@dataclass(frozen=True)
class Hit:
    """``title`` is what it is known by, ``text`` what tells it from its like, ``state`` for its badge."""

    title: str
    url: str
    text: str = ""
    state: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Finder:
    """One kind of thing. ``match`` says what would find it, None for nothing that was typed."""

    title: str | Promise
    icon: str
    permission: str
    rows: Callable[[Actor], QuerySet[Any]]
    match: Match
    hit: Callable[[Any], Hit]


@dataclass(frozen=True)
class Group:
    """What was found of one kind; ``more`` when there is more than is shown."""

    title: str | Promise
    icon: str
    hits: Sequence[Hit]
    more: bool


def find(actor: Actor, asked: Asked, finders: Iterable[Finder]) -> list[Group]:
    """What ``actor`` may read and ``asked`` names; at most a query for each kind, however much there is."""
    if asked.is_empty:
        return []
    found = (_group(actor, asked, finder) for finder in finders if policy.allows(actor, finder.permission))
    return [group for group in found if group]


def _group(actor: Actor, asked: Asked, finder: Finder) -> Group | None:
    match = finder.match(asked)
    if match is None:
        return None
    # No order: the few rows of an index look-up need none, and one by id would tempt the planner to walk the table.
    rows: list[Model] = list(finder.rows(actor).filter(match).order_by()[: MOST + 1])
    if not rows:
        return None
    return Group(finder.title, finder.icon, [finder.hit(row) for row in rows[:MOST]], len(rows) > MOST)


def either(*matches: Match) -> Match:
    """Any of them, on one table."""

    def match(asked: Asked) -> Q | None:
        found = [one for each in matches if (one := each(asked)) is not None]
        joined = found[0] if found else None
        for one in found[1:]:
            joined = joined | one if joined is not None else one
        return joined

    return match


def by_id(field: str = "public_id") -> Match:
    """An id, or its beginning."""
    return lambda asked: Q(**{f"{field}__gte": asked.ids[0], f"{field}__lte": asked.ids[1]}) if asked.ids else None


def by_reference(field: str = "reference") -> Match:
    """A reference of ours, or its beginning: all of them are in capitals."""
    return lambda asked: Q(**{f"{field}__startswith": asked.reference.upper()}) if asked.reference else None


def by_foreign(field: str, **besides: Any) -> Match:
    """A reference of somebody else's, whole and as it was written. ``besides`` is what its index begins with."""
    return lambda asked: Q(**{field: asked.reference}, **besides) if asked.reference else None


def by_request(field: str = "request_id") -> Match:
    """The reference that a page of ours names after a mistake; jobs and commands have names instead."""
    return lambda asked: Q(**{field: asked.reference}) if len(asked.reference) >= _REQUEST else None


def by_number(field: str) -> Match:
    """A phone number, an account number or a virtual account, or its beginning."""

    def match(asked: Asked) -> Q | None:
        found = Q()
        for number in asked.numbers if asked.number else []:
            found |= Q(**{f"{field}__startswith": number})
        # The indexes leave out what is empty; the database does not conclude by itself that this does not matter.
        return found & ~Q(**{field: ""}) if found else None

    return match


def by_part(*fields: str) -> Match:
    """Any part of a text; of few rows only, for no index helps."""

    def match(asked: Asked) -> Q | None:
        found = Q()
        for field in fields:
            found |= Q(**{f"{field}__icontains": asked.text})
        return found if asked.text else None

    return match


def by_email(field: str) -> Match:
    """An address, or its beginning up to the sign at least."""
    return lambda asked: Q(**{f"{field}__startswith": asked.email}) & ~Q(**{field: ""}) if asked.email else None
