"""A customer's OVO account, linked to pay with a PIN only (Faspay contract 5)."""

import uuid
from datetime import datetime, timedelta

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from config.lib.masking import masked_phone

# How long the customer has at OVO's page, for code and PIN.
LINKING = timedelta(minutes=10)


class OvoLink(models.Model):
    """One link, from the wish to its end. ``balance_*`` is what OVO said at ``balance_at``, in rupiah.

    ``next_check_at`` set means: something is to be done then (begin, confirm, look at the balance, unlink). A number
    belongs to one person at a time: OVO only says that it is linked with us, not by whom.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for you")
        LINKED = "linked", _("Linked")
        BROKEN = "broken", _("Must be linked again")
        FAILED = "failed", _("Not linked")
        UNLINKED = "unlinked", _("Unlinked")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="ovo_links", db_index=False)
    phone = models.CharField(_("phone"), max_length=16)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    # OVO's page for OTP and PIN; carries a token, is emptied when the link is decided.
    page_url = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    balance_cash = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    balance_points = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    balance_at = models.DateTimeField(null=True, blank=True)
    # "unlink" while the customer wants the link given up.
    wish = models.CharField(max_length=10, blank=True, default="")
    # How often in a row OVO has denied the link.
    denials = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True)
    questions = models.PositiveIntegerField(default=0)
    next_check_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    linked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("OVO link")
        verbose_name_plural = _("OVO links")
        constraints = (
            models.UniqueConstraint(
                fields=["customer"], name="ovo_one_link", condition=Q(state__in=["pending", "linked", "broken"])
            ),
            models.UniqueConstraint(
                fields=["phone"], name="ovo_one_owner", condition=Q(state__in=["pending", "linked"])
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "linked", "broken", "failed", "unlinked"]), name="ovo_state_known"
            ),
        )
        indexes = (
            models.Index(fields=["customer", "-id"], name="ovo_of_customer"),
            models.Index(fields=["next_check_at"], name="ovo_due", condition=Q(next_check_at__isnull=False)),
        )
        triggers = (
            pgtrigger.FSM(
                name="legal_moves",
                field="state",
                transitions=[
                    ("pending", "linked"),
                    ("pending", "failed"),
                    ("linked", "broken"),
                    ("linked", "unlinked"),
                    ("broken", "unlinked"),
                ],
            ),
            pgtrigger.ReadOnly(name="named_once", fields=["public_id", "customer", "phone", "created_at"]),
        )

    def __str__(self) -> str:
        return f"OVO link {self.public_id}"

    @property
    def ends_at(self) -> datetime:
        """Until when it can be confirmed."""
        return self.created_at + LINKING

    @property
    def masked_phone(self) -> str:
        return masked_phone(self.phone)
