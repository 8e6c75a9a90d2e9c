"""What came of attempts: written down, tried again later, given up, and what that means for the endpoint."""

import logging
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from config.lib.clock import now
from config.lib.public_http import Outcome
from notifications.delivery import letters
from notifications.models import Claimed, WebhookAttempt, WebhookDelivery, WebhookEndpoint

# Before each attempt (OTPZap contract 12.3): a code is of no use after 20 minutes, so most of them come early.
PAUSES = [timedelta(seconds=s) for s in (0, 5, 30, 120, 600, 1800, 7200, 21600)]
JITTER = 0.1
# However long a receiver asks us to wait.
LONGEST_WAIT = timedelta(hours=6)
# Nothing got through for so long: its owner is told. So many events given up one after the other: it is paused.
WARN_AFTER = timedelta(minutes=30)
PAUSE_AFTER = 10
# An endpoint that let us wait gets few hands for so long.
SLOW_FOR = timedelta(minutes=15)
_SLOW_ERRORS = frozenset({"timeout", "unreachable", "unknown_host"})
_ANSWER_LETTERS = 2000
_ANSWER_HEADERS = ("content-type", "content-length", "location", "retry-after", "server", "date")

State = WebhookDelivery.State
Pause = WebhookEndpoint.Pause

logger = logging.getLogger(__name__)


class Result(NamedTuple):
    """One attempt that was made."""

    claimed: Claimed
    outcome: Outcome
    at: datetime
    headers: Mapping[str, str]


def let_us_wait(outcome: Outcome) -> bool:
    """Whether a hand was kept busy by it, whatever the answer was in the end."""
    return outcome.error in _SLOW_ERRORS or outcome.elapsed >= settings.WEBHOOK_TIMEOUT_SECONDS / 3


class Verdict(NamedTuple):
    """What becomes of the delivery."""

    state: str
    due_at: datetime
    ended_at: datetime | None


_RECORD = """
UPDATE notifications_webhookdelivery d
   SET state = v.state, tries = d.tries + 1, attempt_count = d.attempt_count + 1, last_status = v.status,
       last_error = v.error, due_at = v.due_at, ended_at = v.ended_at, lease_token = NULL, lease_until = NULL
  FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[])
       AS v(id, token, state, status, error, due_at, ended_at)
 WHERE d.id = v.id AND d.lease_token = v.token AND d.state = 'pending'
RETURNING d.id
"""


def record(results: Sequence[Result]) -> int:
    """Write down what came of ``results`` while their leases stand; returns how many those were."""
    if not results:
        return 0
    moment = now()
    with transaction.atomic():
        places = _places(results)
        mine = _write(results, [_verdict(result, moment, places) for result in results])
        kept = [result for result in results if result.claimed.pk in mine]
        WebhookAttempt.objects.bulk_create([_attempt(result) for result in kept])
        _judge_endpoints([result for result in kept if _is_current(result, places)], moment)
    return len(kept)


def _places(results: Sequence[Result]) -> dict[int, str]:
    endpoints = {result.claimed.endpoint_id for result in results}
    return dict(WebhookEndpoint.objects.filter(pk__in=endpoints).values_list("pk", "url"))


def _is_current(result: Result, places: Mapping[int, str]) -> bool:
    """Whether that is still the address: what an address before said counts no longer."""
    return places.get(result.claimed.endpoint_id) == result.claimed.url


def _write(results: Sequence[Result], verdicts: Sequence[Verdict]) -> set[int]:
    columns: Any = [
        [result.claimed.pk for result in results],
        [result.claimed.lease_token for result in results],
        [verdict.state for verdict in verdicts],
        [result.outcome.status for result in results],
        [result.outcome.error for result in results],
        [verdict.due_at for verdict in verdicts],
        [verdict.ended_at for verdict in verdicts],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, columns)
        return {row[0] for row in cursor.fetchall()}


def _verdict(result: Result, moment: datetime, places: Mapping[int, str]) -> Verdict:
    if result.outcome.is_success:
        return Verdict(State.DELIVERED, moment, moment)
    tries = result.claimed.tries + 1
    if tries < len(PAUSES) and not _is_current(result, places):
        return Verdict(State.PENDING, moment, None)
    if result.outcome.status == 410 or tries >= len(PAUSES):
        return Verdict(State.FAILED, moment, moment)
    pause = max(PAUSES[tries] * random.uniform(1 - JITTER, 1 + JITTER), _asked_to_wait(result.outcome, moment))  # noqa: S311
    return Verdict(State.PENDING, moment + pause, None)


def _asked_to_wait(outcome: Outcome, moment: datetime) -> timedelta:
    """What Retry-After says, in seconds or as a date; zero when it says nothing that can be read."""
    text = (outcome.headers or {}).get("Retry-After", "").strip()
    if outcome.status is None or not text:
        return timedelta(0)
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - moment, timedelta(0)), LONGEST_WAIT)


def _attempt(result: Result) -> WebhookAttempt:
    claimed, outcome = result.claimed, result.outcome
    given = {name.lower(): value for name, value in (outcome.headers or {}).items()}
    return WebhookAttempt(
        delivery_id=claimed.pk,
        number=claimed.attempt_count + 1,
        at=result.at,
        url=claimed.url,
        address=outcome.address,
        headers=dict(result.headers),
        status=outcome.status,
        error=outcome.error,
        answer_headers={name: _clean(given[name], 300) for name in _ANSWER_HEADERS if name in given},
        answer=_clean(outcome.body.decode(errors="replace"), _ANSWER_LETTERS),
        milliseconds=int(outcome.elapsed * 1000),
    )


def _clean(text: str, most: int) -> str:
    return text[:most].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _judge_endpoints(results: Sequence[Result], moment: datetime) -> None:
    outcomes: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        outcomes[result.claimed.endpoint_id].append(result)
    well = [pk for pk, some in outcomes.items() if all(_went_well(one.outcome) for one in some)]
    _note_success(well)
    for pk in sorted(set(outcomes) - set(well)):
        _note_trouble(pk, outcomes[pk], moment)


def _went_well(outcome: Outcome) -> bool:
    return outcome.is_success and not let_us_wait(outcome)


def _note_success(endpoints: Iterable[int]) -> None:
    troubled = Q(failing_since__isnull=False) | Q(given_up_in_row__gt=0) | Q(slow_until__isnull=False)
    WebhookEndpoint.objects.filter(troubled, pk__in=list(endpoints)).update(
        failing_since=None, given_up_in_row=0, warned_at=None, slow_until=None
    )


def _note_trouble(pk: int, results: Sequence[Result], moment: datetime) -> None:
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=pk)
    if any(one.outcome.is_success for one in results):
        endpoint.failing_since, endpoint.given_up_in_row, endpoint.warned_at = None, 0, None
    if any(let_us_wait(one.outcome) for one in results):
        endpoint.slow_until = moment + SLOW_FOR
    failed = [one for one in results if not one.outcome.is_success]
    if failed:
        _note_failures(endpoint, failed, moment)
    endpoint.save(
        update_fields=[
            *("failing_since", "given_up_in_row", "warned_at", "not_before", "slow_until"),
            *("is_active", "pause", "paused_at"),
        ]
    )


def _note_failures(endpoint: WebhookEndpoint, failed: Sequence[Result], moment: datetime) -> None:
    endpoint.failing_since = endpoint.failing_since or min(one.at for one in failed)
    endpoint.given_up_in_row += sum(one.claimed.tries + 1 >= len(PAUSES) for one in failed)
    wait = max(_asked_to_wait(one.outcome, moment) for one in failed)
    if wait:
        endpoint.not_before = max(endpoint.not_before or moment, moment + wait)
    _warn_or_pause(endpoint, failed, moment)


def _warn_or_pause(endpoint: WebhookEndpoint, failed: Sequence[Result], moment: datetime) -> None:
    """A warning first, then a pause: what is sent to nobody for hours helps nobody."""
    if not endpoint.is_active:
        return
    if any(one.outcome.status == 410 for one in failed):
        _pause(endpoint, Pause.GONE, moment)
    elif endpoint.given_up_in_row >= PAUSE_AFTER:
        _pause(endpoint, Pause.FAILING, moment)
    elif endpoint.warned_at is None and endpoint.failing_since and moment - endpoint.failing_since >= WARN_AFTER:
        endpoint.warned_at = moment
        letters.send("webhook_failing", endpoint, **_facts(failed[-1]))


def _pause(endpoint: WebhookEndpoint, why: Pause, moment: datetime) -> None:
    endpoint.is_active, endpoint.pause, endpoint.paused_at = False, why, moment
    logger.warning("%s is paused: %s", endpoint, why)
    letters.send("webhook_paused", endpoint)


def _facts(last: Result) -> dict[str, Any]:
    return {"status": last.outcome.status, "error": last.outcome.error}
