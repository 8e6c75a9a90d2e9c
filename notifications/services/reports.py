"""What the gateway tells us of its own accord. The address is secret, and what is told is a hint all the same: a
gateway that can be asked is asked."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from config.lib.clock import now
from config.lib.jobs import nudge
from notifications.delivery.sms import apply_word
from notifications.models import Sms
from notifications.providers import gateway_for
from notifications.providers.generic import status_of, text_at
from notifications.providers.types import Word
from notifications.tasks import ask_sms


def is_our_token(given: str) -> bool:
    """Whether this is the secret part of the address; none is while settings.SMS_REPORT_TOKEN is empty."""
    token = settings.SMS_REPORT_TOKEN
    return bool(token) and secrets.compare_digest(given.encode(), token.encode())


def receive(told: Mapping[str, Any]) -> bool:
    """Take in what is told of one message; False when it is none of ours. Repetitions change nothing."""
    gateway = gateway_for(is_sandbox=False)
    message = _meant(told)
    if gateway is None or message is None:
        return False
    if gateway.can_be_asked:
        _ask_soon(message)
        return True
    status = status_of(text_at(told, settings.SMS_HTTP["report_status"]))
    return status is not None and apply_word(message, Word(status))


def _meant(told: Mapping[str, Any]) -> Sms | None:
    """By our reference where they send it back, otherwise by their id."""
    live = Sms.objects.filter(is_sandbox=False)
    reference = text_at(told, settings.SMS_HTTP["report_reference"])[:32]
    gateway_id = text_at(told, settings.SMS_HTTP["report_id"])[:100]
    found = live.filter(reference=reference).first() if reference else None
    if found is None and gateway_id:
        found = live.filter(gateway_id=gateway_id, gateway=settings.SMS_GATEWAY).first()
    return found


@transaction.atomic
def _ask_soon(message: Sms) -> None:
    if Sms.objects.filter(pk=message.pk, state=Sms.State.SENT).update(ask_at=now()):
        nudge(ask_sms)
