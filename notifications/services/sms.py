"""Sending short messages: those of the house, and those that clients pay for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.models import Client
from accounts.services import phone_numbers
from config.lib import sealing
from config.lib.clock import now
from config.lib.ids import new_reference
from config.lib.jobs import nudge_once
from config.lib.lanes import lane
from config.lib.masking import masked_codes, masked_phone
from notifications import charges
from notifications.delivery import sms as delivery
from notifications.errors import NoGateway, QuotaReached
from notifications.models import Sms, SmsDay
from notifications.providers import gateway_for
from notifications.segments import Segments, segments_of
from notifications.services import senders
from notifications.tasks import send_sms

__all__ = ["Quote", "Segments", "Sent", "attend", "quote", "segments_of", "send", "send_code", "send_many"]

MOST_NUMBERS = 500
LONGEST_TEXT = 320
# A code that comes later than this is of no use; what clients say keeps for a day.
_CODE_LIFE, _LIFE = timedelta(minutes=5), timedelta(hours=24)
# Requests that wait for the gateway at a time, and how many messages one of them waits for.
_WAITING, _WAITED_FOR = 6, 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Quote:
    """What sending would take and cost, in leones."""

    segments: Segments
    count: int
    each: Decimal
    total: Decimal
    left_today: int


@dataclass(frozen=True)
class Sent:
    """What became of one number of a list: ``given`` as it was written, ``message`` unless ``error`` says why not."""

    given: str
    message: Sms | None = None
    error: str = ""


@sensitive_variables("text")
def send_code(*, to: str, text: str, subject: str, is_sandbox: bool) -> None:
    """Write a message of the house that carries a code, in the caller's transaction; it goes once that has committed.

    ``to`` is a number with its country code; ``subject`` what it is about (``payout:<id>``). The text is in no log and
    no list, and is forgotten once sent. Nobody is charged. A number nobody can have is left out without a word.
    """
    try:
        number = number_of(to)
    except BadField:
        logger.warning("no SMS about %s: %s is no number", subject, masked_phone(to))
        return
    message = _written(number, text, is_sandbox=is_sandbox, life=_CODE_LIFE)
    message.subject = subject
    message.save()
    nudge_once(send_sms)


@sensitive_variables("text")
def send(*, actor: Actor, to: str, text: str, sender: str = "") -> Sms:
    """Send one message for the actor's client and charge it; with ``sender``, under a name the client may use.

    Raises `BadField` (phone_number, message, sender_id), `SenderNotAllowed`, `NotEnoughForSms`, `QuotaReached`,
    `NoGateway`, `NoClient`.
    """
    return _send(actor, [number_of(to)], text, sender)[0]


@sensitive_variables("text")
def send_many(*, actor: Actor, to: Sequence[str], text: str, sender: str = "") -> list[Sent]:
    """Send one text to at most 500 numbers, each once however often and however it is written.

    A bad number fails alone; the rest is charged and sent together or not at all. Raises as `send`, with the field
    phone_numbers.
    """
    numbers, bad = read_numbers(to)
    messages = {one.recipient: one for one in _send(actor, list(numbers), text, sender)} if numbers else {}
    if not numbers:
        checked_text(text)
    good = [Sent(given, messages[number]) for number, given in numbers.items()]
    return [*good, *(Sent(given, error=words) for given, words in bad.items())]


def read_numbers(to: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Numbers as they are dialled, each with how it was given, and the bad ones with what is wrong with them.

    Raises `BadField` for phone_numbers when there are none or too many.
    """
    if not to or len(to) > MOST_NUMBERS:
        raise BadField("phone_numbers", _("Give 1 to %(most)s numbers.") % {"most": MOST_NUMBERS})
    numbers, bad = dict[str, str](), dict[str, str]()
    for given in to:
        try:
            numbers.setdefault(number_of(given), given)
        except BadField as error:
            bad[given[:50]] = str(error.message)
    return numbers, bad


def number_of(given: str) -> str:
    """A number in E.164, given with or without its + (TeraPay contract 17). Raises `BadField` for phone_number."""
    bare = given.strip()
    try:
        return phone_numbers.normalise(bare)
    except BadField:
        # Without a sign it is read as a number at home first.
        if not bare[:1].isdecimal() or bare.startswith("0"):
            raise
        return phone_numbers.normalise(f"+{bare}")


def checked_text(text: str) -> str:
    """1 to 320 characters that a phone can show. Raises `BadField` for message."""
    tidy = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not 1 <= len(tidy) <= LONGEST_TEXT:
        raise BadField("message", _("Write 1 to %(most)s characters.") % {"most": LONGEST_TEXT})
    if any(letter != "\n" and not letter.isprintable() and letter not in _HARMLESS for letter in tidy):
        raise BadField("message", _("There is a control character in this text."))
    return tidy


# Spaces that join or do not break, joiners of letters and pictures, marks of direction: nobody sees them.
_HARMLESS = "\t\u00a0\u202f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def _send(actor: Actor, numbers: Sequence[str], text: str, sender: str) -> list[Sms]:
    client = policy.own_client(actor)
    text = checked_text(text)
    name = senders.usable(client, sender, is_sandbox=actor.is_sandbox) if sender else settings.SMS_SENDER_ID
    if gateway_for(is_sandbox=actor.is_sandbox) is None:
        raise NoGateway
    with transaction.atomic():
        _take_from_quota(client, actor.is_sandbox, len(numbers))
        messages = [_written(number, text, is_sandbox=actor.is_sandbox, life=_LIFE) for number in numbers]
        request_id = uuid4()
        for one in messages:
            one.client, one.sent_by, one.request_id = client, actor.label[:254], request_id
            one.sender, one.shown = name, masked_codes(text)
            one.cost = charges.price_of(one.segments)
        Sms.objects.bulk_create(messages)
        charges.charge(
            client=client,
            is_sandbox=actor.is_sandbox,
            amount=sum((one.cost for one in messages), Decimal(0)),
            request_id=request_id,
            count=len(messages),
            caused_by=actor.user,
        )
        nudge_once(send_sms)
    return messages


def _written(number: str, text: str, *, is_sandbox: bool, life: timedelta) -> Sms:
    parts, moment = segments_of(text), now()
    return Sms(
        reference=new_reference("SM"),
        request_id=uuid4(),
        is_sandbox=is_sandbox,
        sender=settings.SMS_SENDER_ID,
        recipient=number,
        text=sealing.seal(delivery.PURPOSE, text),
        encoding=parts.encoding,
        segments=parts.count,
        due_at=moment,
        created_at=moment,
        expires_at=moment + life,
    )


def _take_from_quota(client: Client, is_sandbox: bool, count: int) -> None:
    """Counted in the same transaction as the messages: what is not sent is not counted."""
    most, moment = settings.SMS_PER_CLIENT_AND_DAY, now().astimezone(UTC)
    day = SmsDay.objects.get_or_create(client=client, is_sandbox=is_sandbox, day=moment.date())[0]
    fits = SmsDay.objects.filter(pk=day.pk, taken__lte=most - count)
    if not fits.update(taken=F("taken") + count):
        day.refresh_from_db()
        raise QuotaReached(max(0, most - day.taken), (_tomorrow(moment) - moment).total_seconds())


def _tomorrow(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)


def left_today(client: Client, *, is_sandbox: bool) -> int:
    """How many messages a client may still send today (UTC)."""
    day = SmsDay.objects.filter(client=client, is_sandbox=is_sandbox, day=now().astimezone(UTC).date()).first()
    most: int = settings.SMS_PER_CLIENT_AND_DAY
    return max(0, most - (day.taken if day else 0))


def quote(*, client: Client, text: str, count: int, is_sandbox: bool = False) -> Quote:
    """What ``text`` to ``count`` numbers would cost a client; the text need not be good yet."""
    parts = segments_of(text.replace("\r\n", "\n").strip())
    each = charges.price_of(parts.count)
    return Quote(parts, count, each, each * count, left_today(client, is_sandbox=is_sandbox))


def attend(messages: Sequence[UUID]) -> None:
    """Send a message now, while somebody waits for its answer; what cannot be sent now is left to the worker.

    Call it outside any transaction.
    """
    waiting = Sms.objects.filter(public_id__in=list(messages)[:_WAITED_FOR], state=Sms.State.QUEUED)
    pks = list(waiting.values_list("pk", flat=True))
    if not pks:
        return
    with lane("sms", _WAITING) as is_free:
        if is_free:
            delivery.send_now(pks)
