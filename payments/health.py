"""How each provider does at the moment, from our own calls of the last minutes. Says nothing of what it owes us."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from payments.methods import METHODS, QRIS

_CACHED_SECONDS = 10
# The operations of QRIS; virtual accounts share its provider, and either may fail alone (Faspay contract 3, 4.2).
_QR = "qr-%"

logger = logging.getLogger(__name__)


class State(StrEnum):
    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Health:
    """``success_rate`` is answered calls of all, 0 to 1, None without calls; ``since`` the first failure of the
    unbroken row of failures at the end; times in milliseconds, of answered and unanswered calls alike."""

    state: State
    success_rate: float | None = None
    median_ms: int | None = None
    p90_ms: int | None = None
    calls: int = 0
    last_error: str = ""
    last_error_at: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Figures:
    """What is judged: calls of some minutes, and the unbroken rows of failures or answers at their end."""

    calls: int
    failures: int
    median_ms: float | None
    p90_ms: float | None
    last_error: str | None
    last_error_at: datetime | None
    since: datetime | None
    failed_in_a_row: int
    answered_in_a_row: int


# A business refusal is an answer. No answer, a 5xx, and something that is no answer in their language are failures.
FAILED = """(outcome = 'unsent' OR status IS NULL OR status >= 500 OR code ~ '^5[0-9]{6}$'
               OR (outcome = 'unknown' AND code = ''))"""
# What a failure is called.
MISTAKE = """CASE WHEN outcome = 'unsent' THEN 'unsent' WHEN status IS NULL THEN 'no answer'
                           WHEN code <> '' THEN code ELSE 'HTTP ' || status END"""
_QUERY = f"""
    WITH recent AS MATERIALIZED (
      SELECT sent_at, elapsed_ms, status, code, outcome, {FAILED} AS failed
        FROM payments_providerexchange
       WHERE provider = %(provider)s AND sent_at > now() - make_interval(mins => %(minutes)s)
         AND (NOT %(qr_only)s OR operation LIKE %(qr)s) AND (NOT %(no_qr)s OR operation NOT LIKE %(qr)s)
    ), turns AS (
      SELECT coalesce(max(sent_at) FILTER (WHERE NOT failed), '-infinity') AS answered,
             coalesce(max(sent_at) FILTER (WHERE failed), '-infinity') AS failed
        FROM recent
    )
    SELECT count(*), count(*) FILTER (WHERE r.failed),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY elapsed_ms),
           percentile_cont(0.9) WITHIN GROUP (ORDER BY elapsed_ms),
           (array_agg({MISTAKE} ORDER BY sent_at DESC) FILTER (WHERE r.failed))[1],
           max(sent_at) FILTER (WHERE r.failed),
           min(sent_at) FILTER (WHERE r.failed AND sent_at > t.answered),
           count(*) FILTER (WHERE r.failed AND sent_at > t.answered),
           count(*) FILTER (WHERE NOT r.failed AND sent_at > t.failed)
      FROM recent r, turns t
"""  # noqa: S608 - no part of it comes from outside


def of(provider: str) -> Health:
    """How ``provider`` does, at most ten seconds old."""
    return _cached(f"health:{provider}", lambda: judge(_figures(provider)))


def of_method(method: str) -> Health:
    """How one way to pay does; with too few calls of its own, how its provider does."""
    known = METHODS.get(method)
    if known is None or not known.provider:
        return Health(State.UNKNOWN)
    if known.provider != METHODS[QRIS].provider:
        return of(known.provider)
    qr = method == QRIS
    own = _cached(f"health:{known.provider}:{qr}", lambda: judge(_figures(known.provider, qr_only=qr, no_qr=not qr)))
    return own if own.calls >= settings.PROVIDER_HEALTH["few_calls"] else of(known.provider)


def _cached(key: str, count: Callable[[], Health]) -> Health:
    """A cache that is away costs a query, nothing else."""
    try:
        known = cache.get(key)
    except Exception:
        logger.warning("health is counted anew: no cache")
        return count()
    if isinstance(known, Health):
        return known
    counted = count()
    try:
        cache.set(key, counted, timeout=_CACHED_SECONDS)
    except Exception:
        logger.warning("health is not remembered: no cache")
    return counted


def _figures(provider: str, *, qr_only: bool = False, no_qr: bool = False) -> Figures:
    minutes = int(settings.PROVIDER_HEALTH["window_minutes"])
    wanted: dict[str, str | int | bool] = {
        "provider": provider,
        "minutes": minutes,
        "qr": _QR,
        "qr_only": qr_only,
        "no_qr": no_qr,
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, wanted)
        return Figures(*cursor.fetchone())


def judge(figures: Figures) -> Health:
    """The state that the settings give to ``figures``, of any provider."""
    if not figures.calls:
        return Health(State.UNKNOWN)
    rate = (figures.calls - figures.failures) / figures.calls
    return Health(
        state=_state(figures, rate),
        success_rate=rate,
        median_ms=round(figures.median_ms or 0),
        p90_ms=round(figures.p90_ms or 0),
        calls=figures.calls,
        last_error=figures.last_error or "",
        last_error_at=figures.last_error_at,
        since=figures.since,
    )


def _state(figures: Figures, rate: float) -> State:
    """What just happened counts for more than the rate: a row of failures is down, a row of answers is not."""
    rules = settings.PROVIDER_HEALTH
    few = rules["few_calls"]
    if figures.calls < few:
        return State.UNKNOWN if figures.failures else State.OK
    recovered = figures.answered_in_a_row >= few
    if figures.failed_in_a_row >= few or (rate < rules["down_below"] and not recovered):
        return State.DOWN
    if (rate < rules["slow_below"] and not recovered) or (figures.median_ms or 0) > rules["slow_ms"]:
        return State.SLOW
    return State.OK
