"""Permanent numbers: a customer's own virtual account at a bank, paid as often and as much as the customer likes."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from payments.methods import name_of
from payments.models.deposits import Deposit


class StaticAccount(models.Model):
    """A permanent number. A closed one is never given to anybody else: money may come to it for years."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        CLOSED = "closed", _("Closed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="static_accounts", db_index=False)
    bank = models.CharField(_("bank"), max_length=8)
    partner_service_id = models.CharField(max_length=8)
    customer_no = models.CharField(max_length=20)
    number = models.CharField(_("number"), max_length=28, unique=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("permanent number")
        verbose_name_plural = _("permanent numbers")
        constraints = (
            models.UniqueConstraint(fields=["customer", "bank"], name="static_one_a_bank", condition=Q(state="active")),
            models.CheckConstraint(condition=Q(state__in=["active", "closed"]), name="static_state_known"),
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]+$"), name="static_number_digits"),
        )
        indexes = (models.Index(fields=["customer", "bank"], name="static_of_customer"),)
        triggers = (
            pgtrigger.FSM(name="legal_moves", field="state", transitions=[("active", "closed")]),
            pgtrigger.ReadOnly(name="given_once", exclude=["state", "closed_at"]),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"permanent number {self.public_id}"

    @property
    def bank_name(self) -> str:
        return name_of("va_static", self.bank)

    @property
    def grouped_number(self) -> str:
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


class StaticPayment(models.Model):
    """One payment to a permanent number: flagged when the bank asks us, booked when it is told as done.

    Named by ``payment_request_id`` (Faspay contract 3.3); notifications carry a reference of their own beside it
    (4.2). A flag that nobody confirms is asked about; what is taken back after booking waits for staff.
    """

    class State(models.TextChoices):
        FLAGGED = "flagged", _("Announced")
        BOOKED = "booked", _("Booked")
        FAILED = "failed", _("Did not come")
        REVERSED = "reversed", _("Taken back")

    account = models.ForeignKey(StaticAccount, on_delete=models.PROTECT, related_name="payments")
    payment_request_id = models.CharField(max_length=128)
    reference_no = models.CharField(_("Faspay's id"), max_length=32, blank=True)
    told_reference = models.CharField(_("reference told"), max_length=32, blank=True, default="")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="IDR")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.FLAGGED)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    raw_time = models.CharField(max_length=40, blank=True)
    deposit = models.ForeignKey(
        Deposit, on_delete=models.PROTECT, null=True, blank=True, related_name="static_payments", db_index=False
    )
    # When we heard that it was taken back or failed: money told of afterwards is only believed after asking.
    undone_at = models.DateTimeField(null=True, blank=True)
    questions = models.PositiveIntegerField(default=0)
    next_check_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_code = models.CharField(_("last answer"), max_length=12, blank=True, default="")
    created_at = models.DateTimeField(_("announced"), db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("payment to a permanent number")
        verbose_name_plural = _("payments to permanent numbers")
        constraints = (
            models.UniqueConstraint(fields=["account", "payment_request_id"], name="static_payment_once"),
            models.CheckConstraint(
                condition=Q(state__in=["flagged", "booked", "failed", "reversed"]), name="static_payment_state_known"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="static_payment_amount_positive"),
            models.UniqueConstraint(fields=["deposit"], name="static_payment_own_deposit"),
            models.CheckConstraint(
                condition=Q(state__in=["booked", "reversed"], deposit__isnull=False)
                | (Q(deposit__isnull=True) & ~Q(state__in=["booked", "reversed"])),
                name="static_payment_booked_has_deposit",
            ),
        )
        indexes = (
            models.Index(fields=["next_check_at"], name="static_payment_due", condition=Q(next_check_at__isnull=False)),
            # What staff find a payment by: the bank's own reference.
            models.Index(fields=["reference_no"], name="static_payment_reference", condition=~Q(reference_no="")),
        )
        triggers = (
            pgtrigger.FSM(
                name="legal_moves",
                field="state",
                transitions=[
                    ("flagged", "booked"),
                    ("flagged", "failed"),
                    ("failed", "booked"),
                    ("booked", "reversed"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="announced_once", fields=["account", "payment_request_id", "amount", "currency", "created_at"]
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"static payment {self.pk}"
