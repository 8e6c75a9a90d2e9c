"""What providers say was paid, line by line, against what arrived here."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from payments.models.receipts import PaymentCase, Receipt


class ReconciliationRun(models.Model):
    """One comparison of a provider's day (Asia/Jakarta) with ours; the newest one of a day is what counts."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Stopped")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(_("provider"), max_length=20)
    day = models.DateField(_("day in Jakarta"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    # None: the nightly one.
    requested_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Questions to the provider: how many there are, answered, and without an answer.
    to_ask = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    breaks = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    # Phones whose whole history of the day was read: what is missing there is missing.
    histories = models.JSONField(default=list)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "day"], name="run_one_at_a_time", condition=Q(state__in=["waiting", "running"])
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]), name="run_state_known"
            ),
        )
        indexes = (models.Index(fields=["provider", "day", "-id"], name="run_of_day"),)

    def __str__(self) -> str:
        return f"{self.provider} {self.day}"


class SettlementFile(models.Model):
    """A report of a provider as it was uploaded. It has no effect before somebody has looked and takes it in.

    ``covers_from`` to ``covers_to`` and ``channels`` say for what it is whole: only there is something missing from it.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("To be looked at")
        TAKING = "taking", _("Being taken in")
        TAKEN = "taken", _("Taken in")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(_("provider"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField(_("size"))
    content = models.BinaryField()
    # Which column means what, by its place; and what reading with it found.
    columns = models.JSONField(default=dict)
    findings = models.JSONField(default=dict)
    channels = ArrayField(models.CharField(max_length=20), default=list)
    covers_from = models.DateField(_("from"), null=True, blank=True)
    covers_to = models.DateField(_("to"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.UPLOADED)
    rows = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now())
    taken_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    taken_at = models.DateTimeField(_("taken in"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("settlement file")
        verbose_name_plural = _("settlement files")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=["uploaded", "taking", "taken"]), name="file_state_known"),
            models.CheckConstraint(
                condition=Q(state="uploaded")
                | Q(covers_from__isnull=False, covers_to__isnull=False, covers_to__gte=models.F("covers_from")),
                name="file_covers_days",
            ),
        )
        indexes = (models.Index(fields=["provider", "-id"], name="file_of_provider"),)
        triggers = (
            pgtrigger.FSM(name="legal_moves", field="state", transitions=[("uploaded", "taking"), ("taking", "taken")]),
            pgtrigger.ReadOnly(
                name="kept_as_uploaded", fields=["public_id", "provider", "name", "sha256", "size", "content"]
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.name


class SettlementLine(models.Model):
    """One payment as a provider tells of it: in a settlement file, in an answer to a status question, in a history.

    Every line that says "paid" ends matched with exactly one receipt of ours, or in a case.
    """

    class Source(models.TextChoices):
        STATUS = "status", _("Status question")
        HISTORY = "history", _("History")
        FILE = "file", _("Settlement file")

    class Status(models.TextChoices):
        PAID = "paid", _("Paid")
        PENDING = "pending", _("Pending")
        FAILED = "failed", _("Not paid")
        REVERSED = "reversed", _("Taken back")
        UNKNOWN = "unknown", _("Not known there")

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("To be matched")
        MATCHED = "matched", _("Matched")
        REPEATED = "repeated", _("Told before")
        NOT_PAID = "not_paid", _("Not paid")
        MISSING_HERE = "missing_here", _("They have it, we do not")
        AMOUNT_DIFFERS = "amount_differs", _("The amounts differ")
        FEE_DIFFERS = "fee_differs", _("The fee differs")
        DUPLICATE = "duplicate", _("They list it twice")
        REVERSED = "reversed", _("Taken back")

    provider = models.CharField(_("provider"), max_length=20)
    channel = models.CharField(_("channel"), max_length=20)
    day = models.DateField(_("day in Jakarta"))
    source = models.CharField(_("source"), max_length=8, choices=Source)
    # Tells one line of a source from another; what is told again under the same key is the same line.
    key = models.CharField(max_length=120)
    file = models.ForeignKey(
        SettlementFile, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    row = models.PositiveIntegerField(_("row"), null=True, blank=True)
    external_id = models.CharField(_("provider's id"), max_length=64, blank=True)
    reference = models.CharField(_("our reference"), max_length=64, blank=True)
    number = models.CharField(_("number"), max_length=32, blank=True)
    # The payment it speaks of, as far as the line itself names it.
    ident = models.CharField(max_length=120)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=2, null=True, blank=True)
    net = models.DecimalField(_("net"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="IDR")
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    raw = models.JSONField(default=dict)
    verdict = models.CharField(_("verdict"), max_length=16, choices=Verdict, default=Verdict.WAITING)
    receipt = models.ForeignKey(
        Receipt, on_delete=models.PROTECT, null=True, blank=True, related_name="settlement_lines", db_index=False
    )
    case = models.ForeignKey(
        PaymentCase, on_delete=models.PROTECT, null=True, blank=True, related_name="settlement_lines", db_index=False
    )
    told_at = models.DateTimeField(_("told"), db_default=Now())

    class Meta:
        verbose_name = _("settlement line")
        verbose_name_plural = _("settlement lines")
        constraints = (
            models.UniqueConstraint(fields=["provider", "source", "key"], name="line_told_once"),
            # One receipt answers one line of each source; whatever else speaks of it is a break.
            models.UniqueConstraint(
                fields=["receipt", "source"],
                name="line_one_to_one",
                condition=Q(verdict__in=["matched", "amount_differs", "fee_differs"]),
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=["matched", "amount_differs", "fee_differs"]) | Q(receipt__isnull=False),
                name="line_match_has_receipt",
            ),
            models.CheckConstraint(condition=Q(source__in=["status", "history", "file"]), name="line_source_known"),
        )
        indexes = (
            models.Index(fields=["provider", "day", "id"], name="line_of_day"),
            models.Index(fields=["provider", "source", "ident"], name="line_ident"),
            models.Index(
                fields=["provider", "day"],
                name="line_undecided",
                condition=Q(verdict__in=["waiting", "missing_here"]),
            ),
            models.Index(fields=["file", "row"], name="line_of_file", condition=Q(file__isnull=False)),
            models.Index(fields=["receipt"], name="line_of_receipt", condition=Q(receipt__isnull=False)),
            models.Index(fields=["case"], name="line_of_case", condition=Q(case__isnull=False)),
        )
        triggers = (
            pgtrigger.ReadOnly(name="named_once", fields=["provider", "source", "key", "file", "row"]),
            pgtrigger.Protect(
                name="files_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__source="file")
                & (
                    pgtrigger.Q(old__amount__df=pgtrigger.F("new__amount"))
                    | pgtrigger.Q(old__status__df=pgtrigger.F("new__status"))
                    | pgtrigger.Q(old__external_id__df=pgtrigger.F("new__external_id"))
                    | pgtrigger.Q(old__reference__df=pgtrigger.F("new__reference"))
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.external_id or self.reference or self.number}"
