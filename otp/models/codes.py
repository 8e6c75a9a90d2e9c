"""Messages that arrived for an order."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from otp.models.orders import Order


class OrderCode(models.Model):
    """One message that arrived, by SMS or mail.

    ``code`` is text, zeros in front included, or null when none was recognised.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="codes")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(_("code"), max_length=64, null=True, blank=True)
    message = models.TextField(_("message"), blank=True)
    # Mail only: who wrote, about what, and the link a person is to follow. Text, never markup.
    sender = models.CharField(_("sender"), max_length=254, blank=True, default="")
    subject = models.CharField(_("subject"), max_length=255, blank=True, default="")
    link = models.CharField(_("link"), max_length=2000, blank=True, default="")
    # Kept from the customer because of who sent it: then neither code nor text is stored.
    withheld = models.BooleanField(default=False)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=["order", "position"], name="code_position_once"),)
        indexes = (models.Index(fields=["code"], name="code_search"),)
        triggers = (pgtrigger.Protect(name="code_kept", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"code {self.position} of order {self.order_id}"
