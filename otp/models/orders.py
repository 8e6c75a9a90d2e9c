"""Orders of numbers and of mail inboxes. Rows are the queue: what is due stands in ``next_poll_at``."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pgtrigger
import phonenumbers
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from config.lib import clock
from otp.models.queue import LEASE, OrderQuerySet
from otp.models.states import ACTIVE, DELIVERED, ENDS, LIVE, MOVES, UNSENT, Reason, Refusal, Server, State

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# When the supplier names no time, one more message should not be asked for again sooner.
RESEND_PATIENCE = timedelta(seconds=30)

_LEASED = (
    *("state", "sent_at", "key_name", "doubted_at", "replace_doubted_at", "version"),
    *("lease_token", "lease_until"),
)


class Order(models.Model):
    """One number bought for one customer. Money: held at creation, captured by a code or given back, once."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Our Idempotency-Key towards the supplier, committed before the first byte leaves.
    reference = models.CharField(_("reference"), max_length=40, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders", db_index=False)
    idempotency_key = models.CharField(max_length=64)
    # One purchase of several: its orders share this.
    batch = models.UUIDField(null=True, blank=True)
    via = models.CharField(max_length=8, default="page")
    server = models.PositiveSmallIntegerField(_("server"), choices=Server, default=Server.PRODUCTS)
    # The supplier's ids are opaque; which of them are set depends on the server. At a mail order the service is the
    # site that sends the message.
    product_id = models.CharField(_("product"), max_length=64, blank=True, default="")
    product_name = models.CharField(_("offer"), max_length=200, blank=True)
    service_id = models.CharField(max_length=120)
    service_name = models.CharField(_("service"), max_length=120)
    country_id = models.CharField(max_length=64, blank=True, default="")
    country_name = models.CharField(_("country"), max_length=120, blank=True, default="")
    operator_id = models.CharField(max_length=64, blank=True, default="")
    operator_name = models.CharField(_("operator"), max_length=120, blank=True, default="")
    is_special = models.BooleanField(default=False)
    # Mail: what may be bought, in the order wanted, as [{"domain", "cost", "price", "cancel_fee"}] in whole rupiah as
    # text, and what was obtained.
    domains = models.JSONField(default=list, blank=True)
    domain = models.CharField(_("domain"), max_length=120, blank=True, default="")
    mail_address = models.CharField(_("address"), max_length=254, blank=True, default="")
    subject_filter = models.CharField(max_length=255, blank=True, default="")
    pattern = models.CharField(max_length=255, blank=True, default="")
    # What it may cost at most: of several domains the dearest.
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=2)
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=2)
    cancel_fee = models.DecimalField(_("cancellation fee"), max_digits=18, decimal_places=2, default=Decimal(0))
    # What was taken in the end: the price, a cancellation fee, or nothing.
    charged = models.DecimalField(_("charged"), max_digits=18, decimal_places=2, default=Decimal(0))
    charged_cost = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    currency = models.CharField(max_length=3, default="IDR")
    hold_reference = models.CharField(max_length=80, editable=False)

    state = models.CharField(_("state"), max_length=12, choices=State, default=State.CREATED)
    reason = models.CharField(_("reason"), max_length=30, choices=Reason, blank=True, default="")
    provider_order_id = models.CharField(_("supplier's order"), max_length=64, blank=True, default="")
    # What the supplier says it charged us, when it says so.
    provider_cost = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    # Which of our keys bought it (a fingerprint): only that one may ask about it.
    key_name = models.CharField(max_length=16, blank=True, default="")
    phone_number = models.CharField(_("number"), max_length=24, blank=True, default="")
    code_count = models.PositiveSmallIntegerField(_("codes"), default=0)
    # Messages we keep from the customer because of who sent them.
    withheld_count = models.PositiveSmallIntegerField(default=0)

    created_at = models.DateTimeField(_("created"), default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    doubted_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    cancel_allowed_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_next_at = models.DateTimeField(null=True, blank=True)
    cancel_tries = models.PositiveSmallIntegerField(default=0)
    cancel_refused_at = models.DateTimeField(null=True, blank=True)
    finish_requested_at = models.DateTimeField(null=True, blank=True)
    finish_tries = models.PositiveSmallIntegerField(default=0)
    # One more message on the same number, or the same inbox.
    resend_count = models.PositiveSmallIntegerField(default=0)
    resend_requested_at = models.DateTimeField(null=True, blank=True)
    resend_tries = models.PositiveSmallIntegerField(default=0)
    resend_next_at = models.DateTimeField(null=True, blank=True)
    resend_locked_until = models.DateTimeField(null=True, blank=True)
    # Until this many messages have come, another resend waits (OTPZap contract 6.6).
    resend_gate = models.PositiveSmallIntegerField(default=0)
    resend_refusal = models.CharField(max_length=20, choices=Refusal, blank=True, default="")
    # A fresh number instead of this one; the reference is the Idempotency-Key of that call.
    replace_requested_at = models.DateTimeField(null=True, blank=True)
    replace_reference = models.CharField(max_length=40, blank=True, default="")
    replace_tries = models.PositiveSmallIntegerField(default=0)
    replace_next_at = models.DateTimeField(null=True, blank=True)
    replace_doubted_at = models.DateTimeField(null=True, blank=True)
    replace_refusal = models.CharField(max_length=20, choices=Refusal, blank=True, default="")
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by", editable=False
    )
    # When a note of the supplier last told us to look.
    hinted_at = models.DateTimeField(null=True, blank=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("over"), null=True, blank=True)
    # Until when the live page shows the order: a while after its end, so that the end is seen.
    shown_until = models.DateTimeField(default=NEVER)
    # Grows at every change a customer can see; what the live page asks for.
    version = models.BigIntegerField(default=1)

    next_poll_at = models.DateTimeField(null=True, blank=True)
    poll_failures = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[OrderQuerySet] = OrderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = (
            models.UniqueConstraint(fields=["customer", "idempotency_key"], name="order_key_once"),
            models.UniqueConstraint(
                fields=["server", "provider_order_id"], name="order_activation_once", condition=~Q(provider_order_id="")
            ),
            models.UniqueConstraint(
                fields=["replace_reference"], name="order_replaced_once", condition=~Q(replace_reference="")
            ),
            models.CheckConstraint(condition=Q(server__in=Server.values), name="order_server_known"),
            models.CheckConstraint(
                condition=Q(charged__gte=0, charged__lte=F("price"), charged_cost__gte=0)
                & Q(charged_cost__lte=F("charged")),
                name="order_charge",
            ),
            # A code is paid, a cancelled inbox may cost its fee, nothing else costs anything.
            models.CheckConstraint(
                condition=Q(charged=0) | Q(captured_at__isnull=False) | Q(state=State.CANCELLED),
                name="order_charged_for_something",
            ),
            models.CheckConstraint(condition=Q(cancel_fee__gte=0, cancel_fee__lte=F("price")), name="order_fee"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="order_state_known"),
            models.CheckConstraint(condition=Q(price__gt=0, cost__gte=0, price__gte=F("cost")), name="order_price"),
            # No live order is ever forgotten, no finished one is ever polled.
            models.CheckConstraint(
                condition=Q(state__in=LIVE, next_poll_at__isnull=False, finished_at__isnull=True)
                | Q(state__in=ENDS, next_poll_at__isnull=True, finished_at__isnull=False, lease_token__isnull=True),
                name="order_live_is_due",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DELIVERED, captured_at__isnull=False, code_count__gt=0)
                | (~Q(state__in=DELIVERED) & Q(captured_at__isnull=True, code_count=0)),
                name="order_paid_by_code",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[*ACTIVE, State.SUCCESS]) | ~Q(provider_order_id=""),
                name="order_active_has_activation",
            ),
            models.CheckConstraint(
                condition=Q(state=State.CREATED) | Q(sent_at__isnull=False), name="order_sent_is_dated"
            ),
        )
        indexes = (
            models.Index(fields=["next_poll_at"], name="order_due", condition=Q(state__in=LIVE)),
            models.Index(fields=["customer", "shown_until"], name="order_shown"),
            models.Index(fields=["customer", "-id"], name="order_history"),
            models.Index(fields=["customer", "state", "-id"], name="order_by_state"),
            models.Index(fields=["customer", "-created_at"], name="order_by_day"),
            models.Index(fields=["customer"], name="order_withheld", condition=Q(withheld_count__gt=0)),
            models.Index(fields=["batch"], name="order_batch", condition=Q(batch__isnull=False)),
            # What staff find an order by, from its beginning.
            models.Index(
                fields=["phone_number"],
                name="order_number_begins",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(phone_number=""),
            ),
            models.Index(
                fields=["mail_address"],
                name="order_mail_begins",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(mail_address=""),
            ),
            models.Index(fields=["activated_at"], name="order_activated", condition=Q(activated_at__isnull=False)),
        )
        triggers = (
            pgtrigger.FSM(name="order_moves", field="state", transitions=[(str(a), str(b)) for a, b in MOVES]),
            pgtrigger.ReadOnly(
                name="order_frozen",
                fields=[
                    "public_id",
                    "reference",
                    "customer",
                    "idempotency_key",
                    "server",
                    "product_id",
                    "cost",
                    "price",
                    "cancel_fee",
                    "currency",
                    "hold_reference",
                    "created_at",
                ],
            ),
            pgtrigger.Protect(name="order_kept", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"{self.title} ({self.reference})"

    @property
    def is_mail(self) -> bool:
        return self.server == Server.MAIL

    @property
    def title(self) -> str:
        """``WhatsApp, Indonesia``; for an inbox ``openai.com, outlook.com``."""
        where = (self.domain or self.domains[0]["domain"]) if self.is_mail and self.domains else self.country_name
        return ", ".join(part for part in (self.service_name, where) if part)

    @property
    def message_count(self) -> int:
        """Messages the supplier has told us of, also those we withhold."""
        return self.code_count + self.withheld_count

    def get_absolute_url(self) -> str:
        return reverse("otp:order", args=[self.public_id])

    def take_lease(self, key: Callable[[], str], token: uuid.UUID) -> bool:
        """Mark the row as being worked on. What was already out and never came back is in doubt from here on.

        True when that changed more than the lease; then all of it has been saved.
        """
        was_lost = self.lease_token is not None
        self.lease_token, self.lease_until = token, self.db_now + LEASE
        if self.state == State.CREATED:
            self.state, self.sent_at, self.key_name = State.SUBMITTING, self.db_now, key()
        elif self.state == State.SUBMITTING and was_lost:
            self.state, self.doubted_at = State.IN_DOUBT, self.db_now
        elif self.replace_next_at and was_lost:
            self.replace_doubted_at = self.replace_doubted_at or self.db_now
        else:
            return False
        self.version += 1
        self.save(update_fields=_LEASED)
        return True

    @property
    def db_now(self) -> datetime:
        """The database's clock when the row was locked; only for rows read that way."""
        moment: datetime = self.__dict__["locked_at"]
        return moment

    @property
    def subject(self) -> str:
        """What the ledger calls us."""
        return f"order:{self.public_id}"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_delivered(self) -> bool:
        return self.state in DELIVERED

    @property
    def is_over(self) -> bool:
        return self.state in ENDS

    @property
    def is_replacing(self) -> bool:
        """A fresh number was asked for, and it is not settled whether there is one."""
        return self.replace_requested_at is not None

    def resend_free_at(self, now: datetime) -> datetime:
        """From when on one more message may be asked for; in the past when it may be now."""
        if self.message_count >= self.resend_gate:
            return self.resend_locked_until or now
        return self.resend_locked_until or now + RESEND_PATIENCE

    def is_awaiting_supplier(self, now: datetime) -> bool:
        """Something was asked for that the supplier can be asked now, and it has not been settled."""
        wishes = (self.cancel_next_at, self.replace_next_at, self.resend_next_at)
        due = any(moment is not None and moment <= now for moment in wishes)
        return self.state in UNSENT or due or (self.is_live and self.finish_requested_at is not None)

    @property
    def shown_state(self) -> str:
        """The state as a word for people: a cancellation under way is said."""
        return "cancelling" if self.state == State.PENDING and self.cancel_requested_at else self.state

    @property
    def dial_code(self) -> str:
        """``+62``; "" for a number nobody can parse."""
        parsed = _parsed(self.phone_number)
        return f"+{parsed.country_code}" if parsed else ""

    @property
    def national_number(self) -> str:
        """The number without its country code, for sites that ask for the country separately."""
        parsed = _parsed(self.phone_number)
        return phonenumbers.national_significant_number(parsed) if parsed else ""

    @property
    def spaced_number(self) -> str:
        """The number in groups, as people read one aloud; copying gives the plain digits."""
        parsed = _parsed(self.phone_number)
        international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
        return phonenumbers.format_number(parsed, international) if parsed else self.phone_number


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
