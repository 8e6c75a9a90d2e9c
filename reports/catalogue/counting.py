"""How many rows a report has, for a page: exact, and as of a moment that is said beside it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from config.lib.clock import now
from reports.catalogue.reading import Report, Scope

# Counting a few rows costs nothing; many are counted again after a minute.
_MANY, _SECONDS = 10_000, 60


@dataclass(frozen=True)
class Counted:
    rows: int
    as_of: datetime


def counted(report: Report, scope: Scope) -> Counted:
    """For the reader of ``scope`` alone, whose rights it reflects."""
    key = _key(report, scope)
    known: Counted | None = cache.get(key)
    if known is not None:
        return known
    found = Counted(report.count(scope), now())
    if found.rows > _MANY:
        cache.set(key, found, _SECONDS)
    return found


def _key(report: Report, scope: Scope) -> str:
    who = scope.actor.user.pk if scope.actor.user else 0
    client = scope.actor.client.pk if scope.actor.client else 0
    asked = hashlib.sha256(scope.wanted.as_query().encode()).hexdigest()[:32]
    return f"report:{report.slug}:{who}:{client}:{asked}"
