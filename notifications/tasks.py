from contextlib import suppress
from functools import partial

from celery import shared_task
from django.core.cache import cache
from redis.exceptions import RedisError

from config.lib.jobs import begun
from notifications import delivery, retention

# Rounds of webhooks at one time. A lane whose worker died is free again after so many seconds.
LANES = 2
_LANE_SECONDS = 10


@shared_task(name="notifications.sweep")
def send_due_mail() -> None:
    """Send everything that is due; safe to run twice at once."""
    delivery.send_due_mail()


@shared_task(name="notifications.send_sms")
def send_sms() -> None:
    """Send every SMS that is due; safe to run twice at once."""
    begun(send_sms)
    delivery.send_due_sms()


@shared_task(name="notifications.ask_sms")
def ask_sms() -> None:
    """Ask the gateway what became of messages."""
    delivery.ask_due_sms()


@shared_task(name="notifications.mail_notices")
def mail_notices() -> None:
    """Write the mails that notices owe; safe to run twice at once."""
    delivery.mail_due_notices()


@shared_task(name="notifications.deliver_webhooks")
def deliver_webhooks() -> None:
    """Send every webhook that is due. A few rounds at once are enough: each has many hands, and looks again and again
    while receivers let it wait, so that slow ones cannot fill the workers."""
    begun(deliver_webhooks)
    for lane in range(LANES):
        key = f"notifications:webhooks:{lane}"
        if cache.add(key, 1, timeout=_LANE_SECONDS):
            try:
                delivery.deliver_due(still_mine=partial(_hold, key))
            finally:
                with suppress(RedisError):
                    cache.delete(key)
            return


def _hold(key: str) -> None:
    # Without Redis there may be a round too many; leases keep each delivery in one pair of hands.
    with suppress(RedisError):
        cache.touch(key, _LANE_SECONDS)


@shared_task(name="notifications.forget_deliveries")
def forget_deliveries() -> None:
    """What customers' programs were told is kept for a while, no longer."""
    while retention.forget_deliveries():
        pass


@shared_task(name="notifications.forget_codes")
def forget_codes() -> None:
    """Messages of the house are kept for a while, no longer."""
    while retention.forget_codes():
        pass


@shared_task(name="notifications.forget_notices")
def forget_notices() -> None:
    """What stood in inboxes is kept for a while, no longer."""
    while retention.forget_notices():
        pass
