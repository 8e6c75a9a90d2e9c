"""Deliver webhooks: claim, send with many hands, record. An event may go twice after a crash, never not at all.

Threads send and touch no database; the one that started them claims and records for all.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from config.lib import public_http, sealing
from config.lib.clock import now
from config.lib.jobs import LINGER
from notifications.delivery.results import Result, record
from notifications.delivery.signing import PURPOSE, signed_headers
from notifications.models import Claimed, WebhookDelivery

# Hands of one round; how many of them one endpoint may keep busy, one that was slow lately, and all slow ones together.
HANDS, EACH = 64, 4
SLOW_HANDS, SLOW_EACH = 12, 1
# Longer than a look-up, a connection and an answer can take together.
LEASE = timedelta(seconds=45)
_LOOK_AGAIN_SECONDS = 0.1

logger = logging.getLogger(__name__)


def deliver_due(*, seconds: float = 20.0, still_mine: Callable[[], None] = lambda: None) -> int:
    """Send what is due, and what falls due meanwhile for up to ``seconds``; returns how many attempts were made.

    ``still_mine`` is called in every turn. Several rounds may run at once: each delivery is in one pair of hands.
    """
    started = time.monotonic()
    hold_back_paused()
    with ThreadPoolExecutor(HANDS, thread_name_prefix="webhook") as hands:
        return _turns(hands, still_mine, at_least=started + LINGER, until=started + seconds)


def _turns(hands: ThreadPoolExecutor, still_mine: Callable[[], None], *, at_least: float, until: float) -> int:
    busy: dict[Future[Result], Claimed] = {}
    made = 0
    while True:
        looked = time.monotonic()
        still_mine()
        if looked < until:
            busy |= {hands.submit(_send, one): one for one in _claim(busy)}
        if busy:
            done, _others = wait(busy, timeout=_LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            made += record([future.result() for future in done if busy.pop(future)])
        elif looked >= min(at_least, until):
            return made
        else:
            time.sleep(LINGER / 2)


def _claim(busy: dict[Future[Result], Claimed]) -> list[Claimed]:
    room = HANDS - len(busy)
    if room <= 0:
        return []
    slow = max(0, SLOW_HANDS - sum(one.is_slow for one in busy.values()))
    limits: dict[str, Any] = {"most": room, "each": EACH, "slow_each": SLOW_EACH, "slow": slow, "lease": LEASE}
    return WebhookDelivery.objects.claim(limits)


def _send(claimed: Claimed) -> Result:
    """One attempt, in a thread of its own. Whatever goes wrong is a failed attempt, not a lost one."""
    at, headers = now(), dict[str, str]()
    try:
        secrets = [sealing.unseal(PURPOSE, one) for one in (claimed.secret, claimed.old_secret) if one]
        headers = signed_headers(claimed.event_id, claimed.body, secrets, int(at.timestamp()))
        outcome = public_http.post(
            claimed.url,
            headers=headers,
            body=claimed.body,
            seconds=settings.WEBHOOK_TIMEOUT_SECONDS,
            label=f"webhook {claimed.event_id}",
        )
    except Exception:
        logger.exception("webhook %s could not be sent", claimed.event_id)
        outcome = public_http.Outcome(None, "ours")
    return Result(claimed, outcome, at, headers)


def hold_back_paused() -> None:
    """What waits for an endpoint that is paused waits no longer: its owner may have it sent again."""
    unheld = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    waiting = WebhookDelivery.objects.filter(unheld, state=WebhookDelivery.State.PENDING, endpoint__is_active=False)
    waiting.update(state=WebhookDelivery.State.HELD, ended_at=Now(), lease_token=None, lease_until=None)
