"""Short messages that leave us, and the names clients may send them under."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, User
from config.lib.clock import now


class ClaimedSms(NamedTuple):
    """A message that somebody has in hand, with all that sending it takes. Plain, because other threads hold it."""

    pk: int
    reference: str
    recipient: str
    sender: str
    text: bytes
    encoding: str
    is_sandbox: bool
    is_late: bool
    lease_token: uuid.UUID

    def __repr__(self) -> str:
        return f"ClaimedSms({self.reference})"


# What the house says comes first; then one of each client in turn, so that a long list of one holds up nobody else.
_CLAIM = """
WITH due AS (
    SELECT id, client_id, row_number() OVER (PARTITION BY client_id ORDER BY due_at, id) AS turn
      FROM notifications_sms
     WHERE state = 'queued' AND due_at <= statement_timestamp()
       AND (lease_until IS NULL OR lease_until <= statement_timestamp())
       AND (%(only)s::bigint[] IS NULL OR id = ANY(%(only)s::bigint[]))
), picked AS (
    SELECT s.id FROM notifications_sms s JOIN due ON due.id = s.id
     WHERE s.state = 'queued' AND (s.lease_until IS NULL OR s.lease_until <= statement_timestamp())
     ORDER BY due.client_id IS NOT NULL, due.turn, s.id LIMIT %(most)s
       FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE notifications_sms s
   SET lease_token = %(token)s, lease_until = statement_timestamp() + %(lease)s
  FROM picked p WHERE s.id = p.id
RETURNING s.id, s.reference, s.recipient, s.sender, s.text, s.encoding, s.is_sandbox,
          s.expires_at <= statement_timestamp(), s.lease_token
"""


class SmsQuerySet(models.QuerySet["Sms"]):
    def claim(self, *, most: int, lease: timedelta, only: Sequence[int] | None = None) -> list[ClaimedSms]:
        """Lease what is due, at most ``most``; with ``only``, of these."""
        given: dict[str, Any] = {
            "most": most,
            "lease": lease,
            "only": list(only) if only is not None else None,
            "token": uuid.uuid4(),
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_CLAIM, given)
            return [_claimed(row) for row in cursor.fetchall()]


def _claimed(row: Sequence[Any]) -> ClaimedSms:
    found = ClaimedSms(*row)
    return found._replace(text=bytes(found.text))


class Sms(models.Model):
    """One message to one number. The row is the queue; its text is forgotten once it has been handed over."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        # The gateway has it.
        SENT = "sent", _("sent")
        # The gateway broke off, and asking it again could send the message twice.
        UNCLEAR = "unclear", _("not known")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")
        # It was never sent: whoever paid for it has the money back.
        FAILED = "failed", _("not sent")

    class Reason(models.TextChoices):
        BAD_NUMBER = "bad_number", _("The gateway knows no such number.")
        BAD_SENDER = "bad_sender", _("The gateway refuses this sender name.")
        BAD_TEXT = "bad_text", _("The gateway refuses this text.")
        REFUSED = "refused", _("The gateway refused the message.")
        TOO_LATE = "too_late", _("The gateway could not be reached in time.")
        UNCLEAR = "unclear", _("The gateway broke off and never said what became of it.")
        NO_GATEWAY = "no_gateway", _("No gateway is set up.")
        UNREACHABLE = "unreachable", _("The phone was off, out of reach, or its operator refused.")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # What the gateway knows it by; committed before the first attempt, the same for all of them.
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    # Messages of one request are paid for together.
    request_id = models.UUIDField(_("request"), editable=False)
    # Empty for what the house says.
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="messages", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    sent_by = models.CharField(_("sent by"), max_length=254, blank=True, default="")
    # What it is about ("payout:<id>").
    subject = models.CharField(_("about"), max_length=80, blank=True, default="")
    sender = models.CharField(_("sender"), max_length=11)
    recipient = models.CharField(_("to"), max_length=20)
    # Sealed, and emptied as soon as nobody needs it any more. What may be shown has its codes masked.
    text = models.BinaryField(default=b"")
    shown = models.CharField(_("text"), max_length=400, blank=True, default="")
    encoding = models.CharField(_("alphabet"), max_length=5)
    segments = models.PositiveSmallIntegerField(_("parts"))
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=2, default=0)
    state = models.CharField(_("state"), max_length=11, choices=State, default=State.QUEUED)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")
    gateway = models.CharField(_("gateway"), max_length=20, blank=True, default="")
    gateway_id = models.CharField(_("id at the gateway"), max_length=100, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    # Nobody wants it after this.
    expires_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # When the gateway is asked next what became of it.
    ask_at = models.DateTimeField(null=True, blank=True)
    asked = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(_("written"), default=now)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[SmsQuerySet] = SmsQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("SMS")
        verbose_name_plural = _("SMS")
        constraints = (
            models.CheckConstraint(condition=Q(state="queued") | Q(text=b""), name="sms_text_forgotten"),
            models.CheckConstraint(condition=Q(state="queued") | Q(lease_token__isnull=True), name="sms_lease_waits"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="sms_cost"),
            models.CheckConstraint(condition=Q(client__isnull=False) | Q(cost=0), name="sms_house_is_free"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sent", "unclear", "delivered", "undelivered", "failed"]),
                name="sms_state_known",
            ),
        )
        indexes = (
            models.Index(fields=["client", "due_at"], name="sms_due", condition=Q(state="queued")),
            models.Index(fields=["ask_at"], name="sms_ask", condition=Q(ask_at__isnull=False)),
            models.Index(fields=["client", "is_sandbox", "-id"], name="sms_of_client"),
            models.Index(fields=["client", "recipient", "-id"], name="sms_to_number"),
            models.Index(fields=["subject"], name="sms_about", condition=~Q(subject="")),
            models.Index(fields=["gateway_id"], name="sms_gateway_id", condition=~Q(gateway_id="")),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def look(self) -> str:
        """How `config.lib.states` names its state."""
        return f"sms:{self.state}"

    @property
    def is_open(self) -> bool:
        """Whether its state may still change by itself."""
        return self.state in {self.State.QUEUED, self.State.SENT, self.State.UNCLEAR}


class SmsDay(models.Model):
    """How many messages a client has sent on one day, in UTC."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", db_index=False)
    is_sandbox = models.BooleanField()
    day = models.DateField()
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["client", "is_sandbox", "day"], name="sms_day_once"),)

    def __str__(self) -> str:
        return f"{self.day}: {self.taken}"


class SmsSender(models.Model):
    """A name that a client wants to send under. Ours decide: nobody writes in the name of somebody else."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked for")
        ALLOWED = "allowed", _("allowed")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="sms_senders", db_index=False)
    name = models.CharField(_("sender name"), max_length=11)
    # Names that look the same are the same: capitals and gaps make no difference.
    key = models.CharField(max_length=11, editable=False)
    purpose = models.CharField(_("what for"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("asked"), default=now)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sender name")
        verbose_name_plural = _("sender names")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "key"], name="sms_sender_once", condition=Q(state__in=["asked", "allowed"])
            ),
        )
        indexes = (models.Index(fields=["id"], name="sms_sender_open", condition=Q(state="asked")),)

    def __str__(self) -> str:
        return self.name

    @property
    def look(self) -> str:
        """How `config.lib.states` names its state."""
        return f"sender:{self.state}"
