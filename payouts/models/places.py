"""Where money can go: banks by the first three digits of an account, operators by the prefix of a number."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, User
from payouts.models.states import Kind


class Bank(models.Model):
    """A bank and its code (TeraPay contract 6 and 19). Never deleted: reports count by it."""

    code = models.CharField(_("code"), max_length=3, unique=True)
    name = models.CharField(_("name"), max_length=120)
    short_name = models.CharField(_("short name"), max_length=40)
    swift_code = models.CharField(_("BIC"), max_length=11, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # The contract has no official list; what one source alone says is marked.
    is_verified = models.BooleanField(_("confirmed"), default=False)

    class Meta:
        verbose_name = _("bank")
        verbose_name_plural = _("banks")
        ordering: ClassVar = ["code"]
        constraints = (models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{3}$"), name="bank_code_digits"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Telco(models.Model):
    """A two-digit prefix of an operator whose mobile money we pay to (TeraPay contract 7 and 19)."""

    code = models.CharField(_("prefix"), max_length=2, unique=True)
    name = models.CharField(_("operator"), max_length=60)
    wallet_name = models.CharField(_("mobile money"), max_length=60)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("operator prefix")
        verbose_name_plural = _("operator prefixes")
        ordering: ClassVar = ["code"]
        constraints = (models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{2}$"), name="telco_code_digits"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class BlockedReceiver(models.Model):
    """An account or number, as we normalise it, that nothing is paid to: for one client, or for all."""

    receiver = models.CharField(_("receiver"), max_length=34)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    why = models.CharField(_("reason"), max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("blocked receiver")
        verbose_name_plural = _("blocked receivers")
        constraints = (
            models.UniqueConstraint(fields=["receiver", "client"], name="blocked_receiver_once", nulls_distinct=False),
        )

    def __str__(self) -> str:
        return self.receiver


class FeeRule(models.Model):
    """What one payout of a kind costs: a fixed part and a percentage, within bounds; for one client, or for all."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, blank=True, related_name="fee_rules")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    currency = models.CharField(_("currency"), max_length=3, default="SLE")
    fixed = models.DecimalField(_("fixed part"), max_digits=18, decimal_places=2, default=0)
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=3, default=0)
    minimum = models.DecimalField(_("at least"), max_digits=18, decimal_places=2, default=0)
    maximum = models.DecimalField(_("at most"), max_digits=18, decimal_places=2, null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("fee")
        verbose_name_plural = _("fees")
        constraints = (
            models.UniqueConstraint(fields=["client", "kind", "currency"], name="fee_rule_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(fixed__gte=0, percent__gte=0, percent__lte=100, minimum__gte=0)
                & (Q(maximum__isnull=True) | Q(maximum__gte=models.F("minimum"))),
                name="fee_rule_sound",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}"
