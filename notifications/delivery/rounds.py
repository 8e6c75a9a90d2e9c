"""Deliver webhooks: claim, send with many hands, record. An event may go twice after a crash, never not at all."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from config.lib import public_http, sealing
from config.lib.clock import now
from config.lib.jobs import LINGER
from notifications.delivery.board import Board
from notifications.delivery.results import Result, record
from notifications.delivery.signing import PURPOSE, signed_headers
from notifications.models import Claimed, WebhookDelivery

# Hands of one round; how many of them one endpoint may keep busy; and all endpoints together that were slow lately,
# each of which keeps one.
HANDS, EACH, SLOW_HANDS = 64, 4, 12
# What one endpoint may have claimed at a time over all rounds, and a round for each hand.
_CLAIMED_EACH, _CLAIMED_PER_HAND = 16, 8
# Longer than a look-up, a connection and an answer can take together, for all that one endpoint has in hand.
LEASE = timedelta(seconds=60)
_BATCH, _BATCH_SECONDS = 64, 0.03

logger = logging.getLogger(__name__)


def deliver_due(*, seconds: float = 20.0, hands: int = HANDS, still_mine: Callable[[], None] = lambda: None) -> int:
    """Send what is due, and what falls due meanwhile for up to ``seconds``; returns how many attempts were made.

    ``hands`` is how many may be on their way at a time; ``still_mine`` is called in every turn. Several rounds may run
    at once: each delivery is in one pair of hands.
    """
    started = time.monotonic()
    hold_back_paused()
    board = Board(_Sender().send, hands=hands, each=EACH)
    try:
        return _turns(board, hands, still_mine, at_least=started + LINGER, until=started + seconds)
    finally:
        board.close()


def _turns(board: Board, hands: int, still_mine: Callable[[], None], *, at_least: float, until: float) -> int:
    made = 0
    while True:
        looked = time.monotonic()
        still_mine()
        if looked < until and board.waiting < hands * _CLAIMED_PER_HAND // 2:
            board.add(_claim(board, hands))
        results, returned = board.collect(at_least=_BATCH, seconds=_BATCH_SECONDS)
        made += record(results)
        give_back(returned)
        # What was recorded has made room for more of the same endpoint: look again before leaving.
        if results or returned or not board.is_idle:
            continue
        if looked >= min(at_least, until):
            return made
        time.sleep(LINGER / 2)


def _claim(board: Board, hands: int) -> list[Claimed]:
    limits: dict[str, Any] = {
        "most": hands * _CLAIMED_PER_HAND - board.waiting,
        "each": _CLAIMED_EACH,
        "slow_each": 1,
        "slow": max(0, SLOW_HANDS - board.slow),
        "lease": LEASE,
    }
    return WebhookDelivery.objects.claim(limits)


class _Sender:
    """Sends, and remembers for one round what opening each secret gave."""

    def __init__(self) -> None:
        self._opened: dict[bytes, str] = {}

    def send(self, claimed: Claimed) -> Result:
        """One attempt, in a thread of its own. Whatever goes wrong is a failed attempt, not a lost one."""
        at, headers = now(), dict[str, str]()
        try:
            secrets = [self._open(one) for one in (claimed.secret, claimed.old_secret) if one]
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

    def _open(self, token: bytes) -> str:
        if token not in self._opened:
            self._opened[token] = sealing.unseal(PURPOSE, token)
        return self._opened[token]


def give_back(claimed: list[Claimed]) -> None:
    """Let go of what was claimed and not sent."""
    if claimed:
        mine = Q(pk__in=[one.pk for one in claimed], lease_token__in={one.lease_token for one in claimed})
        WebhookDelivery.objects.filter(mine).update(lease_token=None, lease_until=None)


def hold_back_paused() -> None:
    """What waits for an endpoint that is paused waits no longer: its owner may have it sent again."""
    unheld = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    waiting = WebhookDelivery.objects.filter(unheld, state=WebhookDelivery.State.PENDING, endpoint__is_active=False)
    waiting.update(state=WebhookDelivery.State.HELD, ended_at=Now(), lease_token=None, lease_until=None)
