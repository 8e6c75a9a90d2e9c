"""A batch of payouts: uploaded, pasted or sent by a program, checked, approved by a second person, then sent."""

import uuid
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiUser, Client, User
from config.lib import clock
from payouts.models.payouts import Payout
from payouts.models.states import BATCH_MOVES, BatchState, Kind, RowState


class Batch(models.Model):
    """Counters ``valid`` + ``warning`` + ``error`` + ``excluded`` = ``rows``, always; amounts are of good rows.

    Of a batch that has begun, ``paid`` + ``failed`` + ``cancelled`` + what is still on its way = the good rows; they
    are written together with the states they count.
    """

    class Origin(models.TextChoices):
        FILE = "file", _("file")
        PASTE = "paste", _("pasted")
        API = "api", _("API")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="batches", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    name = models.CharField(_("name"), max_length=200)
    currency = models.CharField(_("currency"), max_length=3, default="SLE")
    origin = models.CharField(max_length=6, choices=Origin)
    file_name = models.CharField(_("file"), max_length=200, blank=True, default="")
    # SHA-256 of what was uploaded: the same file again is noticed.
    file_digest = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(_("state"), max_length=18, choices=BatchState, default=BatchState.CHECKING)
    # Of a file that cannot be read: why, as a code of payouts.files.
    trouble = models.CharField(max_length=40, blank=True, default="")

    rows = models.PositiveIntegerField(_("rows"), default=0)
    valid = models.PositiveIntegerField(default=0)
    warning = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    excluded = models.PositiveIntegerField(default=0)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, default=0)
    fees = models.DecimalField(_("fees"), max_digits=18, decimal_places=2, default=0)
    excluded_amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)

    # The maker: whoever made it or changed a row last, and the checker. Never the same one.
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    made_by_api_user = models.ForeignKey(ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Everybody who had a hand in it ("user:<id>", "api_user:<id>"): none of them may approve it.
    makers = models.JSONField(default=list, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    # Typed by the maker when rows repeat earlier payments.
    duplicates_reason = models.CharField(max_length=200, blank=True, default="")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approved_by_api_user = models.ForeignKey(ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    # What exactly was approved: a hash over every good row in its order.
    approved_digest = models.CharField(max_length=64, blank=True, default="")
    sent_back_reason = models.CharField(max_length=500, blank=True, default="")

    started_at = models.DateTimeField(null=True, blank=True)
    # What is not sent yet is called off; it ends when the last row on its way has ended.
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When people were told of its end; it may end again after failed rows were tried again.
    told_at = models.DateTimeField(null=True, blank=True)
    paid = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    # Of the paid ones: sent back later by the bank.
    returned = models.PositiveIntegerField(default=0)
    paid_amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    failed_amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    # Grows at every change a page shows.
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = (
            models.CheckConstraint(
                condition=Q(rows=models.F("valid") + models.F("warning") + models.F("error") + models.F("excluded"))
                | Q(state="checking"),
                name="batch_rows_add_up",
            ),
            models.CheckConstraint(
                condition=Q(paid__lte=models.F("rows") - models.F("failed") - models.F("cancelled")),
                name="batch_ends_within_rows",
            ),
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="batch_state_known"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_digest="")
                | (Q(approved_at__isnull=False) & ~Q(approved_digest="")),
                name="batch_approval_whole",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=["approved", "awaiting_funds", "processing", "paused", "completed", "partly_completed"]
                )
                | Q(approved_at__isnull=False),
                name="batch_sent_was_approved",
            ),
        )
        indexes = (
            models.Index(fields=["client", "is_sandbox", "-id"], name="batch_of_client"),
            models.Index(fields=["client", "file_digest"], name="batch_by_file", condition=~Q(file_digest="")),
            models.Index(
                fields=["state", "id"],
                name="batch_open",
                condition=Q(state__in=["checking", "approved", "awaiting_funds", "processing"]),
            ),
            models.Index(
                fields=["finished_at"],
                name="batch_untold",
                condition=Q(finished_at__isnull=False)
                & (Q(told_at__isnull=True) | Q(told_at__lt=models.F("finished_at"))),
            ),
        )
        triggers = (
            pgtrigger.FSM(name="batch_moves", field="state", transitions=[(str(a), str(b)) for a, b in BATCH_MOVES]),
            pgtrigger.Protect(name="batch_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def good(self) -> int:
        """Rows that are to be sent."""
        return self.valid + self.warning

    @property
    def open(self) -> int:
        """Rows on their way, once it has begun."""
        return self.good - self.paid - self.failed - self.cancelled if self.started_at else self.good

    @property
    def total(self) -> Decimal:
        """What it takes from the balance: amounts and fees of good rows."""
        return self.amount + self.fees

    @property
    def subject(self) -> str:
        return f"batch:{self.public_id}"


class BatchRow(models.Model):
    """One row as it was given and as it is understood. ``payout`` is its transaction, once the batch has begun."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="items", db_index=False)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # What the rail will know it by, from the first moment.
    reference = models.CharField(max_length=32, unique=True, editable=False)
    # Its place in the upload, from 1; of a file, the line is in `line`.
    position = models.PositiveIntegerField()
    line = models.PositiveIntegerField(default=0)
    # As given; shown, edited and downloaded again.
    destination = models.CharField(max_length=120, blank=True, default="")
    amount_text = models.CharField(max_length=60, blank=True, default="")
    receiver_name = models.CharField(max_length=200, blank=True, default="")
    narration = models.CharField(max_length=300, blank=True, default="")
    # As understood; empty where it cannot be.
    kind = models.CharField(max_length=12, choices=Kind, blank=True, default="")
    receiver = models.CharField(max_length=34, blank=True, default="")
    receiver_code = models.CharField(max_length=3, blank=True, default="")
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    fee = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    state = models.CharField(max_length=8, choices=RowState)
    # Codes of payouts.models.states.Problem, comma separated: errors first.
    problems = models.CharField(max_length=200, blank=True, default="")
    payout = models.OneToOneField(Payout, on_delete=models.PROTECT, null=True, blank=True, related_name="row")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["batch", "position"], name="row_position_once"),
            models.CheckConstraint(
                condition=Q(state__in=["error", "excluded"])
                | Q(amount__gt=0) & ~Q(receiver="") & ~Q(kind="") & ~Q(receiver_code=""),
                name="row_good_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(payout__isnull=True) | Q(state__in=["valid", "warning"]), name="row_sent_is_good"
            ),
        )
        indexes = (models.Index(fields=["batch", "state", "position"], name="row_by_state"),)

    def __str__(self) -> str:
        return f"row {self.position} of batch {self.batch_id}"
