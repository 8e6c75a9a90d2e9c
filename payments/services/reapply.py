"""Have a kept message carried out once more, and look at a refused signature with the keys of today.

Nothing here moves money: a message is carried out by the same step as ever, which credits a payment once, whatever
is asked for how often.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor
from accounts.services.audit import record
from config.lib.errors import Conflict
from config.lib.jobs import nudge
from payments import tasks
from payments.methods import FASPAY_SNAP
from payments.models import ProviderMessage
from payments.providers.faspay_snap import client, signing

Decision, Kind = ProviderMessage.Decision, ProviderMessage.Kind
# What is carried out by a task. The others are answered at once, and that answer is their whole effect.
APPLIED = frozenset({Kind.NOTIFICATION, Kind.QR, Kind.INVOICE, Kind.LEGACY})
UNDECIDED = frozenset({Decision.WAITING, Decision.UNMATCHED, Decision.FLAGGED, Decision.ASKED, Decision.ACKNOWLEDGED})
# Of those that SNAP signs, which may still be taken in after their answer was a refusal.
_TAKEN_IN_LATER = frozenset({Kind.NOTIFICATION, Kind.QR})


class NotApplicable(Conflict):
    """This message is not carried out again; the words say why."""

    code = "not_applicable"


@dataclass(frozen=True)
class Check:
    """``fits``: the signature is right by a key of today. ``words`` say so, or what is missing; ``may_be_taken`` in."""

    fits: bool
    words: str | Promise
    matched: str = ""
    may_be_taken: bool = False


def why_not(message: ProviderMessage) -> str | Promise:
    """Why a message cannot be applied again; empty when it can."""
    if not message.verified:
        return _("Nobody knows who sent it: its signature did not fit.")
    if message.repeat_of_id is not None or message.kind not in APPLIED:
        return _("Messages of this kind are answered at once and have no other effect.")
    if message.decision in {Decision.CREDITED, Decision.REPEATED}:
        return _("Its money is in the wallet already.")
    if message.decision not in UNDECIDED:
        return _("It was refused for what it says, and says the same today.")
    return ""


def apply_again(*, actor: Actor, message: ProviderMessage) -> None:
    """Make a verified message due now. Raises `NotApplicable`. Safe to ask for at any time and any number of times."""
    with transaction.atomic():
        locked = ProviderMessage.objects.select_for_update(no_key=True).get(pk=message.pk)
        refusal = why_not(locked)
        if refusal:
            raise NotApplicable(refusal)
        before = {"decision": locked.decision, "tries": locked.tries}
        ProviderMessage.objects.filter(pk=locked.pk).update(next_try_at=Now())
        nudge(tasks.apply_message, message_id=locked.pk)
        record(actor, "message.reapplied", target=locked, before=before)


def check_again(message: ProviderMessage) -> Check:
    """Whether a signature that was refused fits today's keys. Reads only."""
    signature = _header(message, "X-SIGNATURE")
    body = bytes(message.body)
    if message.verified:
        return Check(True, _("It fitted when it came."), message.matched_key)
    if message.provider != FASPAY_SNAP or not signature:
        return Check(False, _("Its signature was not kept, so it cannot be checked again."))
    if _is_cut(message):
        return Check(False, _("Only the beginning of it was kept, so it cannot be checked again."))
    match = signing.verify(
        client.public_keys(),
        method="POST",
        path=message.path,
        body=body,
        timestamp=_header(message, "X-TIMESTAMP"),
        signature=signature,
    )
    if match is None:
        return Check(False, _("It fits none of the keys that are set today."))
    refusal = _not_taken(message)
    words = refusal or _("It fits a key that is set today. It was not carried out, and may be taken in now.")
    return Check(True, words, f"{match.key_name} {match.form}", not refusal)


def _header(message: ProviderMessage, name: str) -> str:
    headers = {key.upper(): str(value) for key, value in message.headers.items()}
    return headers.get(name, "")


def _is_cut(message: ProviderMessage) -> bool:
    return hashlib.sha256(bytes(message.body)).hexdigest() != message.body_sha256


def _not_taken(message: ProviderMessage) -> str | Promise:
    """Why a message with a right signature is not taken in after all: age, kind, or it was here already."""
    if message.kind not in _TAKEN_IN_LATER:
        return _("The signature fits. Messages of this kind are answered at once, so there is nothing to take in.")
    if _header(message, "X-PARTNER-ID").strip() != settings.FASPAY_PARTNER_ID:
        return _("The signature fits, but it was meant for another merchant.")
    sent = parse_datetime(_header(message, "X-TIMESTAMP"))
    tolerance = timedelta(seconds=settings.FASPAY_TIMESTAMP_TOLERANCE_SECONDS)
    if sent is None or sent.tzinfo is None or abs(message.received_at - sent) > tolerance:
        return _("The signature fits, but it was old when it came: somebody may have sent it a second time.")
    if _same_id(message).exists():
        return _("The signature fits. A message with this id came in and was accepted that day, so this one is done.")
    return ""


def _same_id(message: ProviderMessage) -> QuerySet[ProviderMessage]:
    wanted = {"provider": message.provider, "day": message.day, "path": message.path}
    return ProviderMessage.objects.filter(
        **wanted, external_id=message.external_id, verified=True, repeat_of__isnull=True
    )


def take_in(*, actor: Actor, message: ProviderMessage) -> ProviderMessage:
    """Keep a refused message whose signature fits today as a verified one, of the day on which it came; make it due.

    Raises `NotApplicable`. The refused one stays as it is. One id is taken in once a day: the unique constraint that
    judges messages when they come judges here too.
    """
    check = check_again(message)
    if not (check.fits and check.may_be_taken):
        raise NotApplicable(check.words)
    try:
        with transaction.atomic():
            taken = _verified_copy(message, check.matched)
            nudge(tasks.apply_message, message_id=taken.pk)
            record(
                actor, "message.taken_in", target=taken, before={"refused": message.pk}, after={"key": check.matched}
            )
    except IntegrityError as error:
        raise NotApplicable(_("Somebody has just taken it in.")) from error
    return taken


def _verified_copy(message: ProviderMessage, matched: str) -> ProviderMessage:
    same = ("provider", "path", "day", "external_id", "reference", "headers", "body", "body_sha256", "kind")
    return ProviderMessage.objects.create(
        **{name: getattr(message, name) for name in same},
        verified=True,
        matched_key=matched[:40],
        # What they were told then is what they know.
        answer_code=message.answer_code,
        answer_body=message.answer_body,
        received_at=message.received_at,
        decision=Decision.WAITING,
        next_try_at=Now(),
        note="signature checked again",
    )
