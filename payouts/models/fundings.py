"""Money that a client says it has sent us by bank transfer, until two of our people have found it."""

import uuid
from datetime import UTC

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, User
from config.lib import clock


class Funding(models.Model):
    """A top-up of a client's balance. ``reference`` is what the client writes on its transfer."""

    class State(models.TextChoices):
        ANNOUNCED = "announced", _("announced")
        # One of our people has found it on our bank statement; a second one confirms.
        FOUND = "found", _("found")
        CREDITED = "credited", _("in the balance")
        CANCELLED = "cancelled", _("called off")
        REFUSED = "refused", _("not found")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="fundings", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="SLE")
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ANNOUNCED)
    # What stands on our statement.
    received_amount = models.DecimalField(_("received"), max_digits=18, decimal_places=2, null=True, blank=True)
    bank_reference = models.CharField(_("bank's reference"), max_length=100, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    announced_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    found_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("announced"), default=clock.now)
    found_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("top-up of a client")
        verbose_name_plural = _("top-ups of clients")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="funding_amount"),
            models.CheckConstraint(
                condition=~Q(state="credited", is_sandbox=False)
                | (
                    Q(confirmed_by__isnull=False, found_by__isnull=False, received_amount__gt=0)
                    & ~Q(confirmed_by=F("found_by"))
                    & ~Q(bank_reference="")
                ),
                name="funding_by_two_people",
            ),
            # One transfer on our statement is credited once.
            models.UniqueConstraint(
                fields=["currency", "bank_reference"],
                name="funding_bank_reference_once",
                condition=~Q(bank_reference="") & Q(state__in=["found", "credited"]),
            ),
        )
        indexes = (
            models.Index(fields=["client", "is_sandbox", "-id"], name="funding_of_client"),
            models.Index(fields=["id"], name="funding_open", condition=Q(state__in=["announced", "found"])),
        )
        triggers = (
            pgtrigger.FSM(
                name="funding_moves",
                field="state",
                transitions=[
                    ("announced", "found"),
                    ("announced", "credited"),
                    ("announced", "cancelled"),
                    ("announced", "refused"),
                    ("found", "announced"),
                    ("found", "credited"),
                ],
            ),
            pgtrigger.Protect(name="funding_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def finding(self) -> str:
        """Names what was found: another one after it was put back has another name."""
        return self.found_at.astimezone(UTC).isoformat() if self.found_at else ""
