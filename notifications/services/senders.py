"""The names clients send under: asked for by them, allowed or refused by ours."""

import re

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.models import Client
from accounts.services import audit
from config.lib.clock import now
from notifications.errors import SenderDecided, SenderNotAllowed
from notifications.models import SmsSender
from notifications.services.mails import queue_mail

State = SmsSender.State
_FORM = re.compile(r"[A-Za-z0-9 ]{1,11}", re.ASCII)
MOST_NAMES = 20


def key_of(name: str) -> str:
    """What makes two names the same to a reader."""
    return name.replace(" ", "").lower()


def checked(name: str) -> str:
    """1 to 11 letters, digits and spaces, one of them a letter (TeraPay contract 17). Raises `BadField` sender_id."""
    tidy = " ".join(name.split())
    if not _FORM.fullmatch(tidy) or not any(letter.isalpha() for letter in tidy):
        raise BadField("sender_id", _("A sender name has 1 to 11 letters, digits and spaces, at least one a letter."))
    return tidy


def usable(client: Client, name: str, *, is_sandbox: bool) -> str:
    """``name`` as it was allowed to this client. In the sandbox, where nothing leaves, every well-formed one will do.

    Raises `BadField`, `SenderNotAllowed`.
    """
    tidy = checked(name)
    own = settings.SMS_SENDER_ID
    if key_of(tidy) == key_of(own):
        return str(own)
    found = SmsSender.objects.filter(client=client, key=key_of(tidy), state=State.ALLOWED).first()
    if found is None and not is_sandbox:
        raise SenderNotAllowed(tidy)
    return found.name if found else tidy


@transaction.atomic
def ask(*, actor: Actor, name: str, purpose: str) -> SmsSender:
    """Ask for a name. Raises `BadField` (sender_id, purpose), also for the house's name and one they have."""
    client = policy.own_client(actor)
    tidy = checked(name)
    if key_of(tidy) == key_of(settings.SMS_SENDER_ID):
        raise BadField("sender_id", _("This is our own name."))
    if not purpose.strip():
        raise BadField("purpose", _("Say what you will send under this name."))
    if SmsSender.objects.filter(client=client, state__in=[State.ASKED, State.ALLOWED]).count() >= MOST_NAMES:
        raise BadField("sender_id", _("You have enough names: withdraw one first."))
    sender = SmsSender(client=client, name=tidy, key=key_of(tidy), purpose=purpose.strip()[:300], asked_by=actor.user)
    try:
        with transaction.atomic():
            sender.save()
    except IntegrityError:
        raise BadField("sender_id", _("You have this name already, or have asked for it.")) from None
    audit.record(actor, "sms_sender.asked", target=sender, after={"name": tidy, "purpose": sender.purpose})
    return sender


def withdraw(*, actor: Actor, sender: SmsSender) -> SmsSender:
    """Give a name up, whether it was allowed or not. Quiet when it was given up already."""
    return _move(actor, sender, State.WITHDRAWN, {State.ASKED, State.ALLOWED})


def allow(*, actor: Actor, sender: SmsSender) -> SmsSender:
    """Let the client send under this name. Raises `SenderDecided` unless it waits."""
    return _move(actor, sender, State.ALLOWED, {State.ASKED})


def refuse(*, actor: Actor, sender: SmsSender, reason: str) -> SmsSender:
    """Refuse a name, or take it back. Raises `BadField` without a reason, `SenderDecided` when it is gone."""
    if not reason.strip():
        raise BadField("reason", _("Say why: the client reads it."))
    return _move(actor, sender, State.REFUSED, {State.ASKED, State.ALLOWED}, reason.strip()[:300])


@transaction.atomic
def _move(actor: Actor, sender: SmsSender, to: str, allowed: set[State], reason: str = "") -> SmsSender:
    locked = SmsSender.objects.select_for_update().get(pk=sender.pk)
    if locked.state == to:
        return locked
    if locked.state not in allowed:
        raise SenderDecided
    before = {"state": locked.state}
    locked.state, locked.reason, locked.decided_at = to, reason, now()
    locked.decided_by = actor.user
    locked.save(update_fields=["state", "reason", "decided_at", "decided_by"])
    if to != State.WITHDRAWN:
        _tell(locked)
    after = {"state": to, **({"reason": reason} if reason else {})}
    audit.record(actor, f"sms_sender.{to}", target=locked, client=locked.client, before=before, after=after)
    return locked


def _tell(sender: SmsSender) -> None:
    """Write to whoever asked for the name how it was decided; programs have nobody to write to."""
    person = sender.asked_by
    if person is None or not person.is_active:
        return
    page = settings.BASE_URL + reverse("company:sms_senders")
    with translation.override(person.language):
        text = render_to_string("notifications/mail/sms_sender_decided.txt", {"sender": sender, "page": page})
    subject, _line, body = text.strip().partition("\n")
    queue_mail(message=EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[person.email]))
