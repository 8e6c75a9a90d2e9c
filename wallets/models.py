"""The double-entry ledger. The rules stand in wallets/sql/ledger.sql; these classes only describe the tables."""

import uuid
from decimal import Decimal

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, Customer, User


class Account(models.Model):
    """Somewhere money stands: a customer's wallet, a client's balance, or an account of the house (clearing, revenue).

    A positive balance is money we owe to its owner. ``balance``, ``held``, ``version``, ``head`` and
    ``moved_at`` are written by the database alone, from postings and holds.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        FROZEN = "frozen", _("frozen")
        CLOSED = "closed", _("closed")

    code = models.CharField(_("code"), max_length=80)
    currency = models.CharField(_("currency"), max_length=3)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts", db_index=False
    )
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts", db_index=False
    )
    # Of a client: play money, in books of its own.
    is_sandbox = models.BooleanField(default=False, db_default=False)
    balance = models.DecimalField(_("balance"), max_digits=18, decimal_places=2, default=0, db_default=0)
    held = models.DecimalField(_("held"), max_digits=18, decimal_places=2, default=0, db_default=0)
    version = models.BigIntegerField(default=0, db_default=0)
    head = models.BinaryField(default=b"", db_default=b"")
    moved_at = models.DateTimeField(null=True, editable=False)
    may_go_negative = models.BooleanField(default=False, db_default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN, db_default=Status.OPEN)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = (
            models.UniqueConstraint(fields=["code", "currency"], name="account_code_once"),
            models.UniqueConstraint(
                fields=["customer", "currency"], name="wallet_once", condition=Q(customer__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["client", "currency", "is_sandbox"],
                name="client_balance_once",
                condition=Q(client__isnull=False),
            ),
            # What an account may be like stands in ledger.sql: account_covered and ledger_check_account.
        )

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"

    @property
    def available(self) -> Decimal:
        return self.balance - self.held


class Hold(models.Model):
    """Money promised to one purpose: still in the balance, no longer available."""

    class State(models.TextChoices):
        OPEN = "open", _("reserved")
        CAPTURED = "captured", _("paid")
        RELEASED = "released", _("given back")
        EXPIRED = "expired", _("given back, time over")

    reference = models.CharField(max_length=80)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    captured = models.DecimalField(max_digits=18, decimal_places=2, default=0, db_default=0)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_default=State.OPEN)
    subject = models.CharField(max_length=80, blank=True)
    memo = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = (
            models.UniqueConstraint(fields=["reference"], name="hold_reference_once"),
            # The upper end keeps NaN out, which PostgreSQL takes for greater than any number.
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**16), name="hold_amount_positive"),
            models.CheckConstraint(
                condition=Q(captured__gte=0) & Q(captured__lte=F("amount")), name="hold_captured_within"
            ),
            models.CheckConstraint(
                condition=Q(state="captured", captured__gt=0)
                | Q(state__in=["open", "released", "expired"], captured=0),
                name="hold_captured_matches_state",
            ),
        )
        indexes = (
            models.Index(fields=["account", "-id"], name="hold_open", condition=Q(state="open")),
            models.Index(fields=["expires_at"], name="hold_due", condition=Q(state="open", expires_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.reference} ({self.state})"


class Transaction(models.Model):
    """One movement of money. Inserting the row *is* the posting: the database applies its legs or refuses it."""

    reference = models.CharField(_("reference"), max_length=80)
    kind = models.CharField(_("kind"), max_length=30)
    account_ids = ArrayField(models.BigIntegerField())
    # Wider than a posting, in the database of any precision: what is finer than the currency must be refused, not
    # rounded.
    amounts = ArrayField(models.DecimalField(max_digits=30, decimal_places=10))
    hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, null=True, blank=True, related_name="captures", db_index=False
    )
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals", db_index=False
    )
    subject = models.CharField(_("about"), max_length=80, blank=True)
    memo = models.CharField(_("memo"), max_length=200, blank=True)
    caused_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(_("time"), db_default=Now())

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        # Every index costs every posting: none for LIKE, and none over columns that are mostly empty.
        constraints = (
            models.UniqueConstraint(fields=["reference"], name="transaction_reference_once"),
            models.UniqueConstraint(fields=["hold"], name="transaction_hold_once", condition=Q(hold__isnull=False)),
            models.UniqueConstraint(
                fields=["reverses"], name="transaction_reverses_once", condition=Q(reverses__isnull=False)
            ),
        )
        indexes = (
            models.Index(fields=["subject"], name="transaction_subject", condition=~Q(subject="")),
            models.Index(fields=["caused_by"], name="transaction_caused_by", condition=Q(caused_by__isnull=False)),
        )

    def __str__(self) -> str:
        return self.reference


class Posting(models.Model):
    """One leg of a transaction, as it hit its account. Order is ``version``, never the clock."""

    # Only the engine writes postings, for the transaction at hand and for accounts it has just changed; neither can
    # be deleted. A constraint would look each of them up again.
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="postings", db_constraint=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings", db_index=False, db_constraint=False
    )
    version = models.BigIntegerField()
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    balance_after = models.DecimalField(_("balance"), max_digits=18, decimal_places=2)
    hash = models.BinaryField()
    created_at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = (models.UniqueConstraint(fields=["account", "version"], name="posting_version_once"),)
        indexes = (models.Index(fields=["account", "created_at"], name="posting_by_time"),)

    def __str__(self) -> str:
        return f"{self.amount} on account {self.account_id}"


class Payment(models.Model):
    """What a customer paid to a merchant: the merchant's own reference is paid once per customer, for ever."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="payments", db_index=False)
    external_reference = models.CharField(_("merchant's reference"), max_length=100)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = (
            models.UniqueConstraint(fields=["customer", "external_reference"], name="payment_reference_once"),
        )
        triggers = (
            pgtrigger.ReadOnly(name="paid_once", fields=["public_id", "customer", "external_reference", "created_at"]),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"payment {self.public_id}"

    @property
    def reference(self) -> str:
        """What the ledger calls it: reference and subject of its one transaction."""
        return f"payment:{self.public_id}"


class LedgerCheck(models.Model):
    """One run of check_ledger: when, and what it could not explain."""

    started_at = models.DateTimeField(db_default=Now())
    seconds = models.DecimalField(max_digits=10, decimal_places=3)
    postings = models.BigIntegerField()
    problems = models.JSONField(default=list)

    class Meta:
        verbose_name = _("ledger check")
        verbose_name_plural = _("ledger checks")

    def __str__(self) -> str:
        return f"{len(self.problems)} problems"
