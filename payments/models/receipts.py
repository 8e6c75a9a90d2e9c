"""What arrived, once each; and what about it needs a person."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, User
from payments.models.deposits import Deposit, PaymentAttempt
from payments.models.messages import ProviderMessage
from payments.models.static import StaticPayment


class Receipt(models.Model):
    """Money of which a provider said once that it arrived. ``key`` is that payment's own name in its channel.

    Every receipt stands in the ledger: ``ledger_reference`` brought it in through ``clearing:<channel>``, to a wallet
    or, when nobody can say whose it is, to ``suspense:<channel>``.
    """

    class Place(models.TextChoices):
        WALLET = "wallet", _("In the wallet")
        SUSPENSE = "suspense", _("Waiting in suspense")
        RETURNED = "returned", _("Given back")
        KEPT = "kept", _("Written off")

    channel = models.CharField(_("channel"), max_length=20)
    key = models.CharField(max_length=80)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    place = models.CharField(_("place"), max_length=10, choices=Place)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), db_default=Now())
    ledger_reference = models.CharField(_("ledger reference"), max_length=80, unique=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts")
    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts", db_index=False
    )
    static_payment = models.ForeignKey(
        StaticPayment, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts", db_index=False
    )
    message = models.ForeignKey(
        ProviderMessage, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = (
            models.UniqueConstraint(fields=["channel", "key"], name="receipt_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_amount_positive"),
            models.CheckConstraint(
                condition=Q(place__in=["wallet", "suspense", "returned", "kept"]), name="receipt_place_known"
            ),
        )
        indexes = (
            models.Index(fields=["channel", "received_at"], name="receipt_of_channel"),
            # The day it belongs to when it is compared with what the provider says.
            models.Index("channel", Coalesce("paid_at", "received_at"), name="receipt_by_day"),
            models.Index(fields=["-id"], name="receipt_in_suspense", condition=Q(place="suspense")),
            models.Index(
                fields=["static_payment"], name="receipt_of_static", condition=Q(static_payment__isnull=False)
            ),
        )
        triggers = (
            pgtrigger.FSM(
                name="legal_moves",
                field="place",
                transitions=[
                    ("suspense", "wallet"),
                    ("suspense", "returned"),
                    ("suspense", "kept"),
                    ("wallet", "returned"),
                    ("wallet", "suspense"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="received_once",
                fields=["channel", "key", "amount", "currency", "received_at", "ledger_reference"],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"receipt {self.channel}:{self.key}"


class PaymentCase(models.Model):
    """Something about money that no rule may decide alone. One person proposes what to do, another one approves it."""

    class Kind(models.TextChoices):
        PAID_TWICE = "paid_twice", _("Paid twice")
        OTHER_AMOUNT = "other_amount", _("Another amount told later")
        WRONG_CURRENCY = "wrong_currency", _("Another currency")
        ODD_AMOUNT = "odd_amount", _("An amount that cannot be")
        OTHER_NUMBER = "other_number", _("Another number")
        NO_AMOUNT = "paid_without_amount", _("Paid, amount not told")
        REFUNDED = "refunded", _("Taken back by the bank")
        CLOSED_AFTER_SUCCESS = "closed_after_success", _("Called off after it was paid")
        WRONG_ANSWER = "wrong_answer", _("The bank made something else")
        OUT_OF_TERMS = "out_of_terms", _("Paid otherwise than agreed")
        LEDGER_REFUSED = "ledger_refused", _("The wallet would not take it")
        UNKNOWN_REFERENCE = "unknown_reference", _("Nobody's reference")
        MISSING_HERE = "missing_here", _("They have it, we do not")
        MISSING_THERE = "missing_there", _("We have it, they do not")
        AMOUNT_DIFFERS = "amount_differs", _("The amounts differ")
        FEE_DIFFERS = "fee_differs", _("The fee differs")
        SETTLED_TWICE = "settled_twice", _("They list it twice")
        CORRECTION = "correction", _("Correction")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        PROPOSED = "proposed", _("Waiting for approval")
        SETTLED = "settled", _("Settled")

    class Action(models.TextChoices):
        CREDIT = "credit", _("Put it into a wallet")
        RETURN = "return", _("Give it back to the payer")
        TAKE_BACK = "take_back", _("Take it out of the wallet")
        WRITE_OFF = "write_off", _("Write it off")
        EXPLAIN = "explain", _("Nothing to move, explained")
        MATCHED = "matched", _("Solved by itself")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # What makes a second case out of the same thing impossible.
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    provider = models.CharField(_("provider"), max_length=20, blank=True)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="payment_cases", db_index=False
    )
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, null=True, blank=True, related_name="cases", db_index=False
    )
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    message = models.ForeignKey(
        ProviderMessage, on_delete=models.PROTECT, null=True, blank=True, related_name="cases", db_index=False
    )
    created_at = models.DateTimeField(_("opened"), db_default=Now())

    action = models.CharField(_("proposed"), max_length=12, choices=Action, blank=True)
    action_customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    action_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    action_note = models.CharField(_("reason"), max_length=300, blank=True)
    proposed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(_("settled"), null=True, blank=True)
    ledger_reference = models.CharField(_("ledger reference"), max_length=80, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = _("payment case")
        verbose_name_plural = _("payment cases")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=["open", "proposed", "settled"]), name="case_state_known"),
            models.CheckConstraint(
                condition=Q(state="open")
                | (~Q(action="") & Q(proposed_by__isnull=False, proposed_at__isnull=False))
                | Q(action="matched"),
                name="case_proposal_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="settled")
                | Q(action="matched", decided_at__isnull=False)
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="case_two_people",
            ),
        )
        indexes = (
            models.Index(fields=["id"], name="case_open", condition=~Q(state="settled")),
            models.Index(fields=["kind", "-id"], name="case_of_kind"),
            models.Index(fields=["customer"], name="case_of_customer", condition=Q(customer__isnull=False)),
        )
        triggers = (
            pgtrigger.FSM(
                name="legal_moves",
                field="state",
                transitions=[
                    ("open", "proposed"),
                    ("proposed", "open"),
                    ("proposed", "settled"),
                    ("open", "settled"),
                ],
            ),
            pgtrigger.ReadOnly(name="opened_once", fields=["public_id", "key", "kind", "created_at"]),
            pgtrigger.Protect(
                name="settled_stays", operation=pgtrigger.Update, condition=pgtrigger.Q(old__state="settled")
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"case {self.public_id}"

    @property
    def subject(self) -> str:
        """What the ledger calls it."""
        return f"case:{self.public_id}"
