"""A payment by card, and what is done with it. Rows are the queue, as everywhere money meets a provider."""

import uuid
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiUser, Client, User
from cards.models.cards import Card
from cards.models.states import ACT_MOVES, ACT_OPEN, ENDS, MOVES, OPEN, Act, ActState, Reason, State
from config.lib import clock
from config.lib.moves import moves_trigger


class CardPayment(models.Model):
    """What the API calls an authorisation (TeraPay contract 11). No money moves before it is captured.

    ``reference`` is what the processor knows it by, committed before the first byte leaves; it is sent once. After a
    silence the processor is asked by it. ``due_at`` set means: something is to be done then (ask, expire).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="card_payments", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="payments", db_index=False)
    api_user = models.ForeignKey(
        ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Paid on a page of ours: "checkout:<session id>", for whoever looks at it later.
    origin = models.CharField(max_length=60, blank=True, default="")
    order_id = models.CharField(_("order"), max_length=100, blank=True, default="")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    captured = models.DecimalField(_("captured"), max_digits=18, decimal_places=2, default=0)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=2, default=0)
    # Given back or on its way back.
    refunded = models.DecimalField(_("refunded"), max_digits=18, decimal_places=2, default=0)

    state = models.CharField(_("state"), max_length=12, choices=State, default=State.SENDING)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")
    # The processor's own code and words, for the client and staff; never for the payer.
    processor_code = models.CharField(max_length=40, blank=True, default="")
    processor_message = models.CharField(max_length=200, blank=True, default="")
    processor = models.CharField(max_length=16, blank=True, default="")
    processor_id = models.CharField(_("processor's id"), max_length=64, blank=True, default="")
    # The challenge: where the holder confirms, what is handed over there, until when.
    acs_url = models.TextField(blank=True, default="")
    pa_req = models.TextField(blank=True, default="")
    challenge_until = models.DateTimeField(null=True, blank=True)
    # One answer to a challenge, ever.
    challenge_used_at = models.DateTimeField(null=True, blank=True)

    asked = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    in_doubt_since = models.DateTimeField(null=True, blank=True)
    authorized_at = models.DateTimeField(null=True, blank=True)
    # Seven days after it was authorised.
    expires_at = models.DateTimeField(null=True, blank=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = _("card payment")
        verbose_name_plural = _("card payments")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**16, fee__gte=0), name="card_pay_amount"),
            models.CheckConstraint(condition=Q(currency__in=["IDR", "SLE", "USD"]), name="card_pay_currency"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="card_pay_state"),
            models.CheckConstraint(
                condition=Q(state="captured", captured__gt=0, captured__lte=F("amount"), captured_at__isnull=False)
                | (~Q(state="captured") & Q(captured=0, refunded=0, captured_at__isnull=True)),
                name="card_pay_captured",
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("captured"), fee__lte=F("amount")), name="card_pay_refund"
            ),
            # Nothing on its way is forgotten; nothing over is worked on.
            models.CheckConstraint(
                condition=Q(state__in=OPEN, due_at__isnull=False, closed_at__isnull=True)
                | Q(state__in=ENDS, due_at__isnull=True, closed_at__isnull=False, lease_token__isnull=True),
                name="card_pay_open_is_due",
            ),
            # An order is paid once; what was declined, released or ran out does not count.
            models.UniqueConstraint(
                fields=["client", "is_sandbox", "order_id"],
                condition=~Q(order_id="") & ~Q(state__in=["declined", "voided", "expired"]),
                name="card_pay_order_once",
            ),
        )
        indexes = (
            models.Index(fields=["client", "is_sandbox", "-id"], name="card_pay_of_client"),
            models.Index(fields=["client", "is_sandbox", "state", "-id"], name="card_pay_by_state"),
            models.Index(fields=["client", "is_sandbox", "-created_at"], name="card_pay_by_day"),
            models.Index(fields=["card", "-id"], name="card_pay_of_card"),
            # What staff find a payment by, whoever's it is.
            models.Index(fields=["order_id"], name="card_pay_order", condition=~Q(order_id="")),
            models.Index(fields=["processor_id"], name="card_pay_processor_id", condition=~Q(processor_id="")),
            models.Index(fields=["due_at"], name="card_pay_due", condition=Q(due_at__isnull=False)),
        )
        triggers = (
            moves_trigger("card_pay_moves", "card payment", MOVES),
            pgtrigger.ReadOnly(
                name="card_pay_frozen",
                fields=[
                    *("public_id", "reference", "client", "is_sandbox", "card", "api_user", "created_by", "origin"),
                    *("order_id", "amount", "currency", "processor", "created_at"),
                ],
            ),
            pgtrigger.Protect(name="card_pay_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def refundable(self) -> Decimal:
        """What may still be given back."""
        return self.captured - self.refunded

    @property
    def subject(self) -> str:
        """What the ledger says a movement is about."""
        return f"card:{self.public_id}"


class CardAct(models.Model):
    """A capture, a release or a refund, under a reference of its own that is committed before it is sent."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    payment = models.ForeignKey(CardPayment, on_delete=models.PROTECT, related_name="acts", db_index=False)
    kind = models.CharField(max_length=8, choices=Act)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    # Why money is given back, in the words of whoever asked.
    note = models.CharField(_("reason"), max_length=200, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=ActState, default=ActState.SENDING)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")
    processor_code = models.CharField(max_length=40, blank=True, default="")
    processor_id = models.CharField(_("processor's id"), max_length=64, blank=True, default="")
    asked_by = models.CharField(max_length=254, blank=True, default="")
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    asked = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    in_doubt_since = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("card act")
        verbose_name_plural = _("card acts")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**16), name="card_act_amount"),
            models.CheckConstraint(condition=Q(state__in=ActState.values, kind__in=Act.values), name="card_act_known"),
            models.CheckConstraint(
                condition=Q(state__in=ACT_OPEN, due_at__isnull=False, done_at__isnull=True)
                | (~Q(state__in=ACT_OPEN) & Q(due_at__isnull=True, done_at__isnull=False, lease_token__isnull=True)),
                name="card_act_open_is_due",
            ),
            # One capture or release at a time, and one that came through, ever.
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind__in=["capture", "void"]) & ~Q(state="failed"),
                name="card_act_end_once",
            ),
        )
        indexes = (
            models.Index(fields=["payment", "id"], name="card_act_of_payment"),
            models.Index(fields=["due_at"], name="card_act_due", condition=Q(due_at__isnull=False)),
        )
        triggers = (
            moves_trigger("card_act_moves", "card act", ACT_MOVES),
            pgtrigger.ReadOnly(
                name="card_act_frozen",
                fields=["public_id", "reference", "payment", "kind", "amount", "created_by", "created_at"],
            ),
            pgtrigger.Protect(name="card_act_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.reference
