"""A card as we keep it: what may be shown, a keyed hash to know it again, and its number under a key of its own."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiUser, Client
from config.lib import clock


class Card(models.Model):
    """Behind a reusable token of one client in one world (TeraPay contract 11).

    ``sealed_number`` is opened only to hand the number to a processor (cards/vault.py); the security code is nowhere.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="cards", db_index=False)
    is_sandbox = models.BooleanField(default=False)
    token = models.CharField(max_length=40, unique=True, editable=False)
    brand = models.CharField(_("brand"), max_length=16)
    first6 = models.CharField(max_length=6)
    last4 = models.CharField(_("ends in"), max_length=4)
    expiry_month = models.PositiveSmallIntegerField(_("month"))
    expiry_year = models.PositiveSmallIntegerField(_("year"))
    # HMAC-SHA256 of the number: the same card is known again, and nothing else.
    fingerprint = models.CharField(max_length=64)
    sealed_number = models.BinaryField(null=True, blank=True)
    # Which key seals it, to see how far a change of keys has come.
    key_id = models.CharField(max_length=16, blank=True, default="")
    api_user = models.ForeignKey(ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"), default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # A number that nobody asked to keep: given up then at the latest, whatever has become of its payment.
    keep_until = models.DateTimeField(null=True, blank=True)
    # Forgotten: the number is gone, what was paid with it stays.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        constraints = (
            models.CheckConstraint(condition=Q(first6__regex=r"^\d{6}$", last4__regex=r"^\d{4}$"), name="card_digits"),
            models.CheckConstraint(
                condition=Q(expiry_month__gte=1, expiry_month__lte=12, expiry_year__gte=2021, expiry_year__lte=2100),
                name="card_expiry",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, sealed_number__isnull=False)
                | Q(removed_at__isnull=False, sealed_number__isnull=True),
                name="card_number_until_removed",
            ),
        )
        indexes = (
            models.Index(fields=["client", "is_sandbox", "-id"], name="card_of_client"),
            models.Index(fields=["fingerprint"], name="card_fingerprint"),
            models.Index(fields=["key_id"], name="card_key", condition=Q(sealed_number__isnull=False)),
            models.Index(
                fields=["keep_until"],
                name="card_to_forget",
                condition=Q(keep_until__isnull=False, sealed_number__isnull=False),
            ),
        )
        triggers = (pgtrigger.Protect(name="card_stays", operation=pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.brand} •••• {self.last4}"
