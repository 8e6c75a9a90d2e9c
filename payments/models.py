"""Money in by virtual account: the invoice, each attempt at the provider, and every message that came in."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from payments.banks import name_of


class Deposit(models.Model):
    """One intention to pay in. ``version`` grows with every change a person can see, also those of its account."""

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

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="deposits", db_index=False, verbose_name=_("customer")
    )
    method = models.CharField(_("method"), max_length=16, default="va")
    bank = models.CharField(_("bank"), max_length=8)
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
        )
        indexes = (
            models.Index(fields=["customer", "-id"], name="deposit_of_customer"),
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
                fields=["public_id", "customer", "method", "bank", "amount", "currency", "memo", "created_at"],
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
        return name_of(self.bank)


class DepositRequest(models.Model):
    """One press of the button: which deposit answered which idempotency key."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    bank = models.CharField(max_length=8)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="requests")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["customer", "idempotency_key"], name="deposit_request_once"),)

    def __str__(self) -> str:
        return f"request {self.pk} for deposit {self.deposit_id}"


class VirtualAccount(models.Model):
    """One attempt at the provider to make a number for a deposit.

    ``next_check_at`` set means: something is to be done then (send, ask); ``sent_at`` is committed before the
    request leaves us, so a crash afterwards is known to be in doubt.
    """

    class State(models.TextChoices):
        SUBMITTING = "submitting", _("Submitting")
        IN_DOUBT = "in_doubt", _("In doubt")
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        CLOSED = "closed", _("Closed")
        FAILED = "failed", _("Failed")

    deposit = models.ForeignKey(
        Deposit, on_delete=models.PROTECT, related_name="virtual_accounts", verbose_name=_("deposit")
    )
    trx_id = models.CharField(_("our trxId"), max_length=16, unique=True)
    partner_service_id = models.CharField(max_length=8, blank=True)
    customer_no = models.CharField(max_length=20, blank=True)
    number = models.CharField(_("number"), max_length=28, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.SUBMITTING)
    provider_trx_id = models.CharField(_("Faspay's id"), max_length=32, blank=True)
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
        verbose_name = _("virtual account")
        verbose_name_plural = _("virtual accounts")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["submitting", "in_doubt", "open", "paid", "closed", "failed"]),
                name="va_state_known",
            ),
            models.CheckConstraint(condition=~Q(state="open") | ~Q(number=""), name="va_open_has_number"),
            models.CheckConstraint(condition=~Q(number__contains=" "), name="va_number_stripped"),
        )
        indexes = (
            models.Index(fields=["number"], name="va_number", condition=~Q(number="")),
            models.Index(fields=["next_check_at"], name="va_due", condition=Q(next_check_at__isnull=False)),
            models.Index(fields=["created_at"], name="va_unsettled", condition=Q(state__in=["submitting", "in_doubt"])),
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
            pgtrigger.ReadOnly(name="named_once", fields=["deposit", "trx_id", "created_at"]),
            pgtrigger.Protect(
                name="number_stays",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__number="") & pgtrigger.Q(old__number__df=pgtrigger.F("new__number")),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"virtual account {self.trx_id}"


class ProviderMessage(models.Model):
    """Something that came in on a provider's path, exactly as it came. Only what we made of it may change."""

    class Kind(models.TextChoices):
        NOTIFICATION = "notification", _("Notification")
        PAYMENT_FLAG = "payment_flag", _("Payment flag (static)")
        LEGACY = "legacy", _("Legacy notification")
        UNKNOWN = "unknown", _("Unknown")

    class Decision(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CREDITED = "credited", _("Credited")
        REPEATED = "repeated", _("Already credited")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        ASKED = "asked", _("Status asked")
        UNMATCHED = "unmatched", _("No such number")
        FLAGGED = "flagged", _("For staff")
        CONFLICT = "conflict", _("Id used twice")
        REFUSED = "refused", _("Refused")

    provider = models.CharField(_("provider"), max_length=20, default="faspay_snap")
    path = models.CharField(_("path"), max_length=80)
    day = models.DateField(_("day in Jakarta"))
    external_id = models.CharField(_("external id"), max_length=36, blank=True)
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))
    body_sha256 = models.CharField(max_length=64)
    verified = models.BooleanField(_("signature verified"))
    matched_key = models.CharField(_("key that matched"), max_length=40, blank=True)
    signed_text_sha256 = models.CharField(max_length=64, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.UNKNOWN)
    answer_code = models.CharField(_("answered"), max_length=7)
    answer_body = models.TextField(blank=True)
    repeat_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeats", db_index=False
    )
    received_at = models.DateTimeField(_("received"), db_default=Now())
    decision = models.CharField(_("decision"), max_length=16, choices=Decision, default=Decision.WAITING)
    note = models.CharField(_("note"), max_length=80, blank=True)
    times_received = models.PositiveIntegerField(_("times received"), default=1)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    virtual_account = models.ForeignKey(
        VirtualAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("virtual account"),
    )

    class Meta:
        verbose_name = _("provider message")
        verbose_name_plural = _("provider messages")
        constraints = (
            models.UniqueConstraint(
                fields=["day", "path", "external_id"],
                name="message_once_a_day",
                condition=Q(verified=True, repeat_of__isnull=True),
            ),
        )
        indexes = (
            models.Index(fields=["next_try_at"], name="message_due", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["received_at"], name="message_unverified", condition=Q(verified=False)),
        )
        triggers = (
            pgtrigger.ReadOnly(
                name="kept_as_received",
                exclude=[
                    "decision",
                    "note",
                    "times_received",
                    "tries",
                    "next_try_at",
                    "processed_at",
                    "virtual_account",
                ],
            ),
            pgtrigger.Protect(
                name="kept_for_ever", operation=pgtrigger.Delete, condition=pgtrigger.Q(old__verified=True)
            ),
        )

    def __str__(self) -> str:
        return f"message {self.pk}"
