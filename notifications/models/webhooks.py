"""Programs of customers and clients that want to be told: where, of what, and what came of each time we tried."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import pgtrigger
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, Customer
from config.lib.clock import now
from config.lib.ids import opaque_id, read_opaque_id

EVENTS = (
    "order.otp_received",
    "order.cancelled",
    "order.finished",
    "order.replaced",
    "order.failed",
    "email.received",
    "email.cancelled",
    "email.finished",
    "email.expired",
    "deposit.success",
    "deposit.expired",
    "deposit.failed",
)
# What programs of clients are told of.
CLIENT_EVENTS = (
    "checkout.completed",
    "checkout.expired",
    "checkout.failed",
    "card.captured",
    "card.declined",
    "card.refunded",
    "card.voided",
    "card.expired",
    "payout.completed",
    "payout.failed",
    "batch.finished",
)
ALL_EVENTS = "*"
# Sent by hand from the page, whatever is asked for.
TEST_EVENT = "webhook.test"


@dataclass(frozen=True)
class Owner:
    """Whose program listens: a customer's (OTPZap contract 10.1), or a client's, which may have another one for its
    play money. Exactly one of ``customer`` and ``client`` is given."""

    customer: Customer | None = None
    client: Client | None = None
    is_sandbox: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """The endpoint's fields that say so; there is one endpoint at most that has them."""
        if self.customer is not None:
            return {"customer": self.customer}
        return {"client": self.client, "is_sandbox": self.is_sandbox}

    @property
    def events(self) -> tuple[str, ...]:
        """What this program can be told of."""
        return EVENTS if self.customer is not None else CLIENT_EVENTS

    @property
    def name(self) -> str:
        """A short name, unlike any other owner's."""
        if self.customer is not None:
            return str(self.customer.pk)
        return f"client:{self.client.pk if self.client else ''}:{int(self.is_sandbox)}"

    def lock(self) -> None:
        """Keep others from making its first webhook until the transaction ends."""
        if self.customer is not None:
            Customer.objects.select_for_update(no_key=True).get(pk=self.customer.pk)
        elif self.client is not None:
            Client.objects.select_for_update(no_key=True).get(pk=self.client.pk)


class WebhookEndpoint(models.Model):
    """Where a program listens. One a customer, one a client and world: see `Owner`."""

    class Pause(models.TextChoices):
        NONE = "", ""
        OWNER = "owner", _("You paused it.")
        FAILING = "failing", _("It failed for too long.")
        GONE = "gone", _("The receiver answered 410: it is gone for good.")

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="webhook")
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="webhooks", db_index=False
    )
    # Of a client's: the one that hears of play money.
    is_sandbox = models.BooleanField(default=False, db_default=False)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    url = models.CharField(_("address"), max_length=600)
    events = models.JSONField(_("events"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    pause = models.CharField(_("paused because"), max_length=8, choices=Pause, blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    # Encrypted; during a rotation the older one signs too, until its time is over.
    secret = models.BinaryField()
    secret_set_at = models.DateTimeField()
    old_secret = models.BinaryField(null=True, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    # Since when nothing has got through, how many events in a row were given up, and when we said so.
    failing_since = models.DateTimeField(null=True, blank=True)
    given_up_in_row = models.PositiveIntegerField(default=0)
    warned_at = models.DateTimeField(null=True, blank=True)
    # The receiver asked us to wait, and: it was slow lately, so it gets few hands at a time.
    not_before = models.DateTimeField(null=True, blank=True)
    slow_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = (
            models.CheckConstraint(
                condition=Q(is_active=True, pause="", paused_at__isnull=True)
                | Q(is_active=False, paused_at__isnull=False) & ~Q(pause=""),
                name="webhook_paused_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(old_secret__isnull=True, old_secret_until__isnull=True)
                | Q(old_secret__isnull=False, old_secret_until__isnull=False),
                name="webhook_old_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=False, client__isnull=True, is_sandbox=False)
                | Q(customer__isnull=True, client__isnull=False),
                name="webhook_of_one",
            ),
            models.UniqueConstraint(
                fields=["client", "is_sandbox"], name="webhook_once_a_world", condition=Q(client__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"webhook of {'client' if self.client_id else 'customer'} {self.client_id or self.customer_id}"

    @property
    def owner(self) -> Owner:
        return Owner(self.customer, self.client, self.is_sandbox)

    @property
    def old_signs(self) -> bool:
        """Whether the secret before signs beside the new one."""
        return self.old_secret_until is not None and self.old_secret_until > now()

    def wants(self, event: str) -> bool:
        return ALL_EVENTS in self.events or event in self.events


class Claimed(NamedTuple):
    """A delivery that somebody has in hand, with all that sending it takes. Plain, because other threads hold it."""

    pk: int
    public_id: uuid.UUID
    endpoint_id: int
    body: bytes
    tries: int
    attempt_count: int
    lease_token: uuid.UUID
    url: str
    secret: bytes
    old_secret: bytes | None
    is_slow: bool

    @property
    def event_id(self) -> str:
        return event_id(self.public_id)


# Endpoint by endpoint, each only so much at once: a queue of one customer cannot stand before another's. Endpoints
# with something waiting are found by hopping through the index, so a long queue costs no more than a short one.
_CLAIM = """
WITH RECURSIVE waiting(endpoint_id) AS (
    (SELECT endpoint_id FROM notifications_webhookdelivery WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.endpoint_id FROM notifications_webhookdelivery d
             WHERE d.state = 'pending' AND d.endpoint_id > w.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
      FROM waiting w WHERE w.endpoint_id IS NOT NULL
), open AS (
    SELECT e.id, e.url, e.secret, e.old_secret, e.old_secret_until,
           coalesce(e.slow_until > statement_timestamp(), false) AS is_slow,
           (SELECT count(*) FROM notifications_webhookdelivery held
             WHERE held.endpoint_id = e.id AND held.lease_token IS NOT NULL
               AND held.lease_until > statement_timestamp()) AS held
      FROM waiting w JOIN notifications_webhookendpoint e ON e.id = w.endpoint_id
     WHERE e.is_active AND (e.not_before IS NULL OR e.not_before <= statement_timestamp())
), chosen AS (
    SELECT due.id, due.due_at, o.id AS endpoint_id, o.url, o.secret, o.old_secret, o.old_secret_until, o.is_slow,
           sum(CASE WHEN o.is_slow THEN 1 ELSE 0 END) OVER (ORDER BY due.due_at, due.id) AS slow_rank
      FROM open o CROSS JOIN LATERAL (
        SELECT d.id, d.due_at FROM notifications_webhookdelivery d
         WHERE d.state = 'pending' AND d.endpoint_id = o.id AND d.due_at <= statement_timestamp()
           AND (d.lease_until IS NULL OR d.lease_until <= statement_timestamp())
         ORDER BY d.due_at, d.id
         LIMIT greatest(0, CASE WHEN o.is_slow THEN %(slow_each)s ELSE %(each)s END - o.held)) due
), picked AS (
    SELECT d.id, c.url, c.secret, c.old_secret, c.old_secret_until, c.is_slow
      FROM notifications_webhookdelivery d JOIN chosen c ON c.id = d.id
     WHERE (NOT c.is_slow OR c.slow_rank <= %(slow)s)
       AND d.state = 'pending' AND (d.lease_until IS NULL OR d.lease_until <= statement_timestamp())
     ORDER BY c.due_at, c.id LIMIT %(most)s
       FOR NO KEY UPDATE OF d SKIP LOCKED
)
UPDATE notifications_webhookdelivery d
   SET lease_token = %(token)s, lease_until = statement_timestamp() + %(lease)s
  FROM picked p WHERE d.id = p.id
RETURNING d.id, d.public_id, d.endpoint_id, d.body, d.tries, d.attempt_count, d.lease_token, p.url, p.secret,
          CASE WHEN p.old_secret_until > statement_timestamp() THEN p.old_secret END, p.is_slow
"""


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def claim(self, limits: Mapping[str, Any]) -> list[Claimed]:
        """Lease what is due: at most ``most``, ``each`` for one endpoint (``slow_each`` for one that was slow
        lately, ``slow`` for all of those together), for the interval ``lease``."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_CLAIM, {**limits, "token": uuid.uuid4()})
            return [_claimed(row) for row in cursor.fetchall()]


def _claimed(row: Sequence[Any]) -> Claimed:
    found = Claimed(*row)
    old = bytes(found.old_secret) if found.old_secret is not None else None
    return found._replace(body=bytes(found.body), secret=bytes(found.secret), old_secret=old)


class WebhookDelivery(models.Model):
    """One event for one endpoint, written in the transaction of what it tells. The row is the queue."""

    class State(models.TextChoices):
        PENDING = "pending", _("on its way")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")
        HELD = "held", _("kept back")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(_("event"), max_length=40)
    # The object's id on the wire, to search by; and what makes the event one.
    subject = models.CharField(_("object"), max_length=80, blank=True)
    key = models.CharField(max_length=120)
    # The very bytes of every attempt. They may hold a code, so they are nowhere else and not for ever.
    body = models.BinaryField()
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    # Attempts of this round (a resend begins another one), and of all rounds.
    tries = models.PositiveSmallIntegerField(default=0)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=20, blank=True, default="")
    due_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("happened"))
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[DeliveryQuerySet] = DeliveryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = (
            models.UniqueConstraint(fields=["endpoint", "key"], name="webhook_told_once"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "delivered", "failed", "held"]), name="webhook_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", ended_at__isnull=True)
                | ~Q(state="pending") & Q(ended_at__isnull=False, lease_token__isnull=True),
                name="webhook_pending_has_no_end",
            ),
        )
        indexes = (
            models.Index(fields=["endpoint", "due_at"], name="webhook_due", condition=Q(state="pending")),
            models.Index(fields=["endpoint"], name="webhook_leased", condition=Q(lease_token__isnull=False)),
            models.Index(fields=["endpoint", "-id"], name="webhook_history"),
            models.Index(fields=["endpoint", "state", "-id"], name="webhook_by_state"),
            models.Index(fields=["endpoint", "subject", "-id"], name="webhook_by_object"),
            models.Index(fields=["created_at"], name="webhook_age"),
        )
        triggers = (
            pgtrigger.ReadOnly(name="webhook_frozen", fields=["public_id", "endpoint", "event", "key", "body"]),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.event_id}"

    @property
    def event_id(self) -> str:
        """The id on the wire: the same at every attempt, so that a receiver knows a repetition."""
        return event_id(self.public_id)

    @property
    def look(self) -> str:
        """How `config.lib.states` names its state."""
        return f"hook:{self.state}"


class WebhookAttempt(models.Model):
    """One time we tried, and what came of it."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    url = models.CharField(max_length=600)
    # The address we were connected to, if we got so far.
    address = models.CharField(max_length=45, blank=True, default="")
    headers = models.JSONField(default=dict)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=20, blank=True, default="")
    answer_headers = models.JSONField(default=dict)
    answer = models.TextField(blank=True, default="")
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_once"),)

    def __str__(self) -> str:
        return f"attempt {self.number}"

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def event_id(public_id: uuid.UUID) -> str:
    return opaque_id("evt_", public_id)


def read_event_id(text: str) -> uuid.UUID | None:
    """The delivery that an id on the wire names; None for anything else."""
    return read_opaque_id("evt_", text)


def rfc3339(moment: datetime) -> str:
    """``2026-05-28T20:26:40Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
