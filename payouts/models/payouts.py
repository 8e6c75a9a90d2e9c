"""One payment to one receiver, the code that lets it go, and each attempt at a rail. Rows are the queue."""

import uuid
from decimal import Decimal

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiUser, Client, User
from config.lib import clock
from config.lib.moves import moves_trigger
from payouts.models.states import ENDS, IN_FLIGHT, MOVES, OPEN, Kind, Reason, Source, State


class Payout(models.Model):
    """What the API calls a transaction. Money: taken from the client's balance to ``payable:payouts`` when it is
    authorised, from there to the rail's clearing account and our fees when it is paid, or back; each exactly once.

    ``reference`` is what the rail knows it by, committed before the first byte leaves and the same for every attempt.
    ``due_at`` set means: something is to be done then (send, ask). A lease says that somebody is doing it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="payouts", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    # Who asked for it: an API user, or a person of the client.
    api_user = models.ForeignKey(
        ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="payouts", db_index=False
    )
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    source = models.CharField(max_length=14, choices=Source, default=Source.TRANSFER)
    # One call for several: what its payouts share.
    batch_reference = models.CharField(max_length=32, blank=True, default="")
    batch = models.ForeignKey(
        "payouts.Batch", on_delete=models.PROTECT, null=True, blank=True, related_name="payouts", db_index=False
    )
    destination_client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    # An account number in bare digits, or a phone number as 0 and eight digits.
    receiver = models.CharField(_("receiver"), max_length=34)
    # Its first three characters, which name the bank ("003") or the operator ("076").
    receiver_code = models.CharField(max_length=3)
    receiver_name = models.CharField(_("name"), max_length=120, blank=True, default="")
    # What the bank says whose account it is.
    holder_name = models.CharField(max_length=120, blank=True, default="")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3, default="SLE")
    narration = models.CharField(_("narration"), max_length=200)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")
    # The rail's own words, for staff.
    rail_message = models.CharField(max_length=200, blank=True, default="")
    is_flagged = models.BooleanField(default=False)
    # What the rules against fraud said: [{"rule", "severity", "detail"}].
    flags = models.JSONField(default=list, blank=True)

    rail = models.CharField(max_length=16, blank=True, default="")
    rail_id = models.CharField(_("rail's id"), max_length=64, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    asked = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    # Its money (amount and fee) stands on ``payable:payouts``.
    is_reserved = models.BooleanField(default=False)

    created_at = models.DateTimeField(_("created"), default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    authorized_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    in_doubt_since = models.DateTimeField(null=True, blank=True)
    # Paid.
    completed_at = models.DateTimeField(null=True, blank=True)
    # At its end, whatever that is; a return moves it on.
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**16, fee__gte=0), name="payout_amount"),
            models.CheckConstraint(condition=Q(currency__in=["IDR", "SLE", "USD"]), name="payout_currency"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="payout_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="payout_kind_known"),
            # Money is set aside exactly while it is on its way.
            models.CheckConstraint(
                condition=Q(state__in=IN_FLIGHT, is_reserved=True) | (~Q(state__in=IN_FLIGHT) & Q(is_reserved=False)),
                name="payout_reserved_in_flight",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["completed", "returned"], completed_at__isnull=False)
                | (~Q(state__in=["completed", "returned"]) & Q(completed_at__isnull=True)),
                name="payout_paid_is_dated",
            ),
            # Nothing on its way is forgotten; nothing over is worked on.
            models.CheckConstraint(
                condition=Q(state__in=OPEN, due_at__isnull=False, closed_at__isnull=True)
                | Q(state__in=ENDS, due_at__isnull=True, closed_at__isnull=False, lease_token__isnull=True),
                name="payout_open_is_due",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sending", "in_doubt", "completed", "returned"]) | Q(sent_at__isnull=False),
                name="payout_sent_is_dated",
            ),
        )
        indexes = (
            models.Index(fields=["client", "is_sandbox", "-id"], name="payout_of_client"),
            # Without rows of batches, of which there may be a hundred thousand between two transfers.
            models.Index(fields=["client", "is_sandbox", "-id"], name="payout_single", condition=Q(batch__isnull=True)),
            models.Index(
                fields=["client", "is_sandbox", "-id"], name="payout_by_program", condition=Q(api_user__isnull=False)
            ),
            models.Index(fields=["client", "is_sandbox", "state", "-id"], name="payout_by_state"),
            models.Index(fields=["client", "receiver", "-created_at"], name="payout_by_receiver"),
            models.Index(fields=["client", "is_sandbox", "-created_at"], name="payout_by_day"),
            # What staff find a payout by, whoever's it is.
            models.Index(fields=["receiver"], name="payout_receiver_begins", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["rail_id"], name="payout_rail_id", condition=~Q(rail_id="")),
            BrinIndex(fields=["created_at"], name="payout_by_time"),
            models.Index(fields=["batch", "state"], name="payout_of_batch", condition=Q(batch__isnull=False)),
            models.Index(fields=["api_user", "-created_at"], name="payout_of_api_user"),
            # What is to be sent, client by client and batch by batch; and everything else that is due.
            models.Index(fields=["client", "batch", "id"], name="payout_to_send", condition=Q(state="authorized")),
            models.Index(
                fields=["due_at"], name="payout_due", condition=Q(state__in=["pending", "sending", "in_doubt"])
            ),
        )
        triggers = (
            moves_trigger("payout_moves", "payout", MOVES),
            pgtrigger.ReadOnly(
                name="payout_frozen",
                fields=[
                    *("public_id", "reference", "client", "is_sandbox", "api_user", "created_by", "source", "batch"),
                    *("kind", "receiver", "receiver_code", "amount", "fee", "currency", "created_at"),
                ],
            ),
            pgtrigger.Protect(name="payout_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def total(self) -> Decimal:
        """What it takes from the balance: amount and fee."""
        return self.amount + self.fee

    @property
    def subject(self) -> str:
        """What the ledger says a movement is about."""
        return f"payout:{self.public_id}"


class Attempt(models.Model):
    """One time that a payout was given to its rail; the first, and each retry (TeraPay contract 10)."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="tries", db_index=False)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveSmallIntegerField()
    # paid, failed, or empty while it goes on.
    result = models.CharField(max_length=10, blank=True, default="")
    reason = models.CharField(max_length=20, choices=Reason, blank=True, default="")
    asked_by = models.CharField(max_length=254, blank=True, default="")
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["payout", "number"], name="attempt_once"),)
        # Few among many: nearly every payout has one attempt.
        indexes = (models.Index(fields=["-id"], name="attempt_again", condition=Q(number__gt=1)),)

    def __str__(self) -> str:
        return f"attempt {self.number} of payout {self.payout_id}"


class TransferCode(models.Model):
    """The one code that lets a payout go: a keyed hash over it, the amount and the receiver (TeraPay contract 8)."""

    payout = models.OneToOneField(Payout, on_delete=models.PROTECT, related_name="code")
    digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    resends = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    # Where it went, masked: [{"by": "sms"|"mail", "to": "+232••••456"}].
    sent_to = models.JSONField(default=list)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(resends__lte=3, wrong_tries__lte=5), name="code_bounds"),)

    def __str__(self) -> str:
        return f"code of payout {self.payout_id}"
