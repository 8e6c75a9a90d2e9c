"""What is kept of our limits: the fresh starts given to customers."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, User


class Pardon(models.Model):
    """A fresh start: cancellations, and with ``clears_strikes`` also strikes, count from here on only.

    ``given_by`` is empty when the customer took one of their own.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="pardons", db_index=False)
    clears_strikes = models.BooleanField(_("clears strikes"), default=False)
    why = models.CharField(_("reason"), max_length=200, blank=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("given"))

    class Meta:
        verbose_name = _("fresh start")
        verbose_name_plural = _("fresh starts")
        indexes = (models.Index(fields=["customer", "-created_at"], name="pardon_newest"),)
        triggers = (pgtrigger.Protect(name="pardon_kept", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"fresh start of customer {self.customer_id}"
