"""What we know of the supplier: our money there, how it was topped up, what it told us. Whole rupiah."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib import clock


class FloatReading(models.Model):
    """Our own balance at the supplier as one of our keys saw it. Whole rupiah."""

    key_name = models.CharField(max_length=16)
    amount = models.DecimalField(_("balance"), max_digits=18, decimal_places=2)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("balance at the supplier")
        verbose_name_plural = _("balances at the supplier")
        indexes = (models.Index(fields=["key_name", "-read_at"], name="float_newest"),)

    def __str__(self) -> str:
        return f"{self.key_name}: {self.amount}"


class SupplierTopup(models.Model):
    """A deposit of ours at the supplier, paid by a person of ours at its payment page."""

    class State(models.TextChoices):
        ASKED = "asked", _("being asked for")
        PENDING = "pending", _("to be paid")
        SUCCESS = "success", _("paid")
        EXPIRED = "expired", _("expired")
        FAILED = "failed", _("failed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Our Idempotency-Key, committed before the first byte leaves.
    reference = models.CharField(max_length=40, unique=True, editable=False)
    key_name = models.CharField(max_length=16)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    # What is to be paid, which may be a little more.
    total = models.DecimalField(_("to be paid"), max_digits=18, decimal_places=2, null=True, blank=True)
    provider_order_id = models.CharField(max_length=64, blank=True, default="")
    payment_url = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    expires_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("top-up at the supplier")
        verbose_name_plural = _("top-ups at the supplier")
        constraints = (models.CheckConstraint(condition=Q(amount__gt=0), name="supplier_topup_of_something"),)

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.ASKED, self.State.PENDING)


class SupplierNote(models.Model):
    """What the supplier posted to us: only ever a hint to look (OTPZap contract 12.2). Kept for a while."""

    class Outcome(models.TextChoices):
        LOOKED = "looked", _("order looked at")
        OVER = "over", _("order was over")
        UNKNOWN = "unknown", _("no order of ours")
        DEPOSIT = "deposit", _("balance looked at")
        UNREADABLE = "unreadable", _("not readable")
        REFUSED = "refused", _("not signed")

    event = models.CharField(_("event"), max_length=60, blank=True)
    subject = models.CharField(_("order or deposit"), max_length=64, blank=True)
    note_id = models.CharField(max_length=120, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    body = models.TextField(blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("note of the supplier")
        verbose_name_plural = _("notes of the supplier")
        indexes = (models.Index(fields=["-received_at"], name="note_newest"),)

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"
