"""One intention to pay in, and each attempt at a provider to have it paid."""

import uuid

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, Customer
from config.lib.clock import now
from config.lib.masking import masked_phone
from payments.methods import name_of


class Deposit(models.Model):
    """One intention to pay in: to a customer's wallet, or by anybody to a client's balance. ``version`` grows with
    every change a person can see, also those of its account."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SUCCESS = "success", _("Success")
        EXPIRED = "expired", _("Expired")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Outcome(models.TextChoices):
        AS_ASKED = "", _("As asked")
        PAID_LATE = "paid_late", _("Paid late")
        UNDERPAID = "underpaid", _("Underpaid")
        OVERPAID = "overpaid", _("Overpaid")

    # How it is to be paid now; on its pay page the payer may choose another way until something has arrived.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deposits",
        db_index=False,
        verbose_name=_("customer"),
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deposits",
        db_index=False,
        verbose_name=_("client"),
    )
    method = models.CharField(_("method"), max_length=16, default="va")
    # The provider's channel code: of a virtual account the bank.
    bank = models.CharField(_("bank"), max_length=8, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="IDR")
    memo = models.CharField(_("description"), max_length=200, blank=True, db_default="", default="")
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, blank=True, default="")
    received_amount = models.DecimalField(_("received"), max_digits=18, decimal_places=2, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    attention = models.CharField(_("needs attention"), max_length=40, blank=True)
    expires_at = models.DateTimeField(_("expires"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    updated_at = models.DateTimeField(_("updated"), db_default=Now())
    version = models.BigIntegerField(default=1)
    ledger_reference = models.CharField(_("ledger reference"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="deposit_amount_positive"),
            models.CheckConstraint(condition=Q(currency__in=["IDR", "SLE", "USD"]), name="deposit_currency"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "success", "expired", "failed", "cancelled"]),
                name="deposit_state_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", "paid_late", "underpaid", "overpaid"]), name="deposit_outcome_known"
            ),
            models.CheckConstraint(
                condition=(Q(state="success", received_amount__gt=0, paid_at__isnull=False) & ~Q(ledger_reference=""))
                | (
                    ~Q(state="success")
                    & Q(received_amount__isnull=True, paid_at__isnull=True, ledger_reference="", outcome="")
                ),
                name="deposit_success_has_money",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="underpaid") | Q(received_amount__lt=F("amount")),
                name="deposit_underpaid_is_less",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="overpaid") | Q(received_amount__gt=F("amount")),
                name="deposit_overpaid_is_more",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=False, client__isnull=True)
                | Q(customer__isnull=True, client__isnull=False),
                name="deposit_of_one",
            ),
        )
        indexes = (
            models.Index(fields=["customer", "-id"], name="deposit_of_customer"),
            models.Index(fields=["client", "-id"], name="deposit_of_client", condition=Q(client__isnull=False)),
            BrinIndex(fields=["created_at"], name="deposit_by_day"),
            models.Index(fields=["expires_at"], name="deposit_due", condition=Q(state="pending")),
            models.Index(fields=["-id"], name="deposit_attention", condition=~Q(attention="")),
        )
        triggers = (
            pgtrigger.FSM(
                name="legal_moves",
                field="state",
                transitions=[
                    ("pending", "success"),
                    ("pending", "expired"),
                    ("pending", "failed"),
                    ("pending", "cancelled"),
                    ("expired", "success"),
                    ("failed", "success"),
                    ("cancelled", "success"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="asked_once",
                fields=["public_id", "customer", "client", "amount", "currency", "memo", "created_at"],
            ),
            pgtrigger.Protect(
                name="way_settled",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state="pending")
                & (
                    pgtrigger.Q(old__method__df=pgtrigger.F("new__method"))
                    | pgtrigger.Q(old__bank__df=pgtrigger.F("new__bank"))
                ),
            ),
            pgtrigger.Protect(
                name="received_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state="success")
                & (
                    pgtrigger.Q(old__received_amount__df=pgtrigger.F("new__received_amount"))
                    | pgtrigger.Q(old__outcome__df=pgtrigger.F("new__outcome"))
                    | pgtrigger.Q(old__paid_at__df=pgtrigger.F("new__paid_at"))
                    | pgtrigger.Q(old__ledger_reference__df=pgtrigger.F("new__ledger_reference"))
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"deposit {self.public_id}"

    @property
    def reference(self) -> str:
        """What the ledger calls it: reference and subject of its one transaction."""
        return f"deposit:{self.public_id}"

    @property
    def bank_name(self) -> str:
        """Where it is paid, in words: the bank, or the method when that has no banks."""
        return name_of(self.method, self.bank)


class DepositRequest(models.Model):
    """One press of the button: which deposit answered which idempotency key."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    method = models.CharField(max_length=16, default="va", db_default="va")
    bank = models.CharField(max_length=8, blank=True)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="requests")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["customer", "idempotency_key"], name="deposit_request_once"),)

    def __str__(self) -> str:
        return f"request {self.pk} for deposit {self.deposit_id}"


class PaymentAttempt(models.Model):
    """One attempt at a provider to have a deposit paid: a virtual account, a QR, a push to OVO, a crypto invoice.

    ``next_check_at`` set means: something is to be done then (send, ask); ``sent_at`` is committed before the
    request leaves us, so a crash afterwards is known to be in doubt. What the payer needs is ``number`` (virtual
    account), ``content`` (text of a QR) or ``page_url`` (a page of the provider; it may carry a token, is never
    logged, and is emptied when the attempt ends).
    """

    class State(models.TextChoices):
        SUBMITTING = "submitting", _("Submitting")
        IN_DOUBT = "in_doubt", _("In doubt")
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        CLOSED = "closed", _("Closed")
        FAILED = "failed", _("Failed")

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("deposit"))
    method = models.CharField(_("method"), max_length=16, default="va")
    bank = models.CharField(_("bank"), max_length=8, blank=True)
    trx_id = models.CharField(_("our trxId"), max_length=32, unique=True)
    partner_service_id = models.CharField(max_length=8, blank=True)
    customer_no = models.CharField(max_length=20, blank=True)
    number = models.CharField(_("number"), max_length=28, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.SUBMITTING)
    provider_trx_id = models.CharField(_("provider's id"), max_length=64, blank=True)
    content = models.TextField(blank=True, default="")
    page_url = models.TextField(blank=True, default="")
    phone = models.CharField(max_length=16, blank=True, default="")
    # OVO: from which purse; the page to renew the token stands in ``page_url`` then.
    pay_type = models.CharField(max_length=1, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    # What a signed notice said of its end: the ``reason``, once the provider knows of no payment.
    told_end = models.CharField(max_length=40, blank=True, default="")
    # None: as long as the deposit.
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    in_doubt_since = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    questions = models.PositiveIntegerField(_("questions"), default=0)
    not_found = models.PositiveIntegerField(_("times not found"), default=0)
    asked_at = models.DateTimeField(_("last asked"), null=True, blank=True)
    next_check_at = models.DateTimeField(_("next check"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_code = models.CharField(_("last answer"), max_length=12, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment attempt")
        verbose_name_plural = _("payment attempts")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["submitting", "in_doubt", "open", "paid", "closed", "failed"]),
                name="attempt_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="open")
                | (Q(method="va") & ~Q(number=""))
                | (~Q(method="va") & ~(Q(content="") & Q(provider_trx_id=""))),
                name="attempt_open_can_be_paid",
            ),
            models.CheckConstraint(condition=~Q(number__contains=" "), name="attempt_number_stripped"),
        )
        indexes = (
            models.Index(
                fields=["number"], name="attempt_number", opclasses=["varchar_pattern_ops"], condition=~Q(number="")
            ),
            models.Index(fields=["next_check_at"], name="attempt_due", condition=Q(next_check_at__isnull=False)),
            models.Index(fields=["provider_trx_id"], name="attempt_provider_trx_id", condition=~Q(provider_trx_id="")),
            models.Index(
                fields=["created_at"], name="attempt_unsettled", condition=Q(state__in=["submitting", "in_doubt"])
            ),
        )
        triggers = (
            pgtrigger.FSM(
                name="legal_moves",
                field="state",
                transitions=[
                    ("submitting", "in_doubt"),
                    ("submitting", "open"),
                    ("submitting", "failed"),
                    ("submitting", "paid"),
                    ("submitting", "closed"),
                    ("in_doubt", "open"),
                    ("in_doubt", "failed"),
                    ("in_doubt", "paid"),
                    ("in_doubt", "closed"),
                    ("open", "paid"),
                    ("open", "closed"),
                    ("open", "failed"),
                    ("closed", "paid"),
                    ("failed", "paid"),
                ],
            ),
            pgtrigger.ReadOnly(name="named_once", fields=["deposit", "method", "bank", "trx_id", "created_at"]),
            pgtrigger.Protect(
                name="number_stays",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__number="") & pgtrigger.Q(old__number__df=pgtrigger.F("new__number")),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"payment attempt {self.trx_id}"

    @property
    def bank_name(self) -> str:
        return name_of(self.method, self.bank)

    @property
    def is_lost(self) -> bool:
        """It was made, and what the payer needs never reached us: nobody can pay it."""
        return self.state == self.State.OPEN and self.method == "qris" and not self.content

    @property
    def masked_phone(self) -> str:
        return masked_phone(self.phone)

    @property
    def is_over(self) -> bool:
        """Whether its time to be paid is over by the clock, whatever has been found out."""
        return self.expires_at is not None and self.expires_at <= now()
