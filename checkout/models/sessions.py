"""A checkout: one amount a client asks a payer for, on a page of ours, and every way the payer tried."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiUser, Client, User
from cards.models import CardPayment
from config.lib import clock
from config.lib.moves import moves_trigger
from payments.models import Deposit


class Method(models.TextChoices):
    CARD = "card", _("Card")
    VA = "va", _("Bank transfer (virtual account)")
    QRIS = "qris", _("QRIS")
    OVO = "ovo", _("OVO")


class State(models.TextChoices):
    """As the contract names them (TeraPay contract 12), in small letters."""

    OPEN = "open", _("open")
    COMPLETED = "completed", _("paid")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")
    FAILED = "failed", _("failed")


MOVES: list[tuple[str, str]] = [
    (State.OPEN, State.COMPLETED),
    (State.OPEN, State.CANCELLED),
    (State.OPEN, State.EXPIRED),
    (State.OPEN, State.FAILED),
    # Money that was on its way when the time was up.
    (State.EXPIRED, State.COMPLETED),
    (State.CANCELLED, State.COMPLETED),
    (State.FAILED, State.COMPLETED),
]


class Session(models.Model):
    """``public_id`` is the credential of the page: whoever has the link may pay. Open for half an hour unless asked
    otherwise; while a try is in doubt it does not end."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=32, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="checkouts", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    api_user = models.ForeignKey(
        ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    # What it is for, in the client's words; the payer reads it.
    description = models.CharField(_("description"), max_length=200, blank=True, default="")
    # Empty: a link made on a page of ours, which ends on our own page.
    return_url = models.CharField(_("return address"), max_length=2000, blank=True, default="")
    # Ways to pay that were open to it when it was made.
    methods = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    # The try that paid it: its card payment's or deposit's reference.
    payment_reference = models.CharField(max_length=40, blank=True, default="")
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("created"), default=clock.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = _("checkout")
        verbose_name_plural = _("checkouts")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**16), name="checkout_amount"),
            models.CheckConstraint(condition=Q(currency__in=["IDR", "SLE", "USD"]), name="checkout_currency"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="checkout_state_known"),
            models.CheckConstraint(
                condition=Q(state="completed", completed_at__isnull=False) & ~Q(payment_reference="")
                | ~Q(state="completed") & Q(completed_at__isnull=True, payment_reference=""),
                name="checkout_completed_is_paid",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="checkout_closed_is_dated",
            ),
        )
        indexes = (
            models.Index(fields=["client", "is_sandbox", "-id"], name="checkout_of_client"),
            models.Index(fields=["client", "is_sandbox", "state", "-id"], name="checkout_by_state"),
            models.Index(fields=["client", "is_sandbox", "created_at"], name="checkout_by_day"),
            models.Index(fields=["expires_at"], name="checkout_open", condition=Q(state="open")),
        )
        triggers = (
            moves_trigger("checkout_moves", "checkout", MOVES),
            pgtrigger.ReadOnly(
                name="checkout_frozen",
                fields=[
                    *("public_id", "reference", "client", "is_sandbox", "api_user", "created_by", "amount"),
                    *("currency", "return_url", "created_at"),
                ],
            ),
            pgtrigger.Protect(name="checkout_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def subject(self) -> str:
        """What the ledger says a movement is about."""
        return f"checkout:{self.public_id}"


class Try(models.Model):
    """One way the payer tried: a card, or a deposit of ours that the provider collects. At most one is under way."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="tries", db_index=False)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    method = models.CharField(max_length=8, choices=Method)
    # Made by one press of a button: the page's own key, so that a second press finds the first try.
    press = models.UUIDField()
    # What its card payment is called, noted before the processor is asked.
    reference = models.CharField(max_length=32, blank=True, default="")
    card_payment = models.OneToOneField(
        CardPayment, on_delete=models.PROTECT, null=True, blank=True, related_name="checkout_try"
    )
    deposit = models.OneToOneField(
        Deposit, on_delete=models.PROTECT, null=True, blank=True, related_name="checkout_try"
    )
    is_over = models.BooleanField(default=False)
    # Why it did not work, for the payer (cards' Reason or a deposit's).
    reason = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["session", "press"], name="checkout_try_once"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="checkout_try_reference"),
            models.CheckConstraint(
                condition=Q(method="card", deposit__isnull=True) | ~Q(method="card") & Q(card_payment__isnull=True),
                name="checkout_try_kind",
            ),
        )
        indexes = (
            models.Index(fields=["session", "-id"], name="checkout_try_of"),
            models.Index(fields=["id"], name="checkout_try_open", condition=Q(is_over=False)),
        )

    def __str__(self) -> str:
        return f"{self.method} for checkout {self.session_id}"


class Shop(models.Model):
    """How a client's checkouts look and which ways to pay they offer; without a row everything that is open."""

    client = models.OneToOneField(Client, on_delete=models.PROTECT, related_name="shop")
    name = models.CharField(_("name payers read"), max_length=60, blank=True, default="")
    methods = models.JSONField(_("ways to pay"), default=list)
    minutes = models.PositiveSmallIntegerField(_("minutes open"), default=30)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(minutes__gte=5, minutes__lte=10080), name="shop_minutes"),)

    def __str__(self) -> str:
        return f"shop of {self.client_id}"
