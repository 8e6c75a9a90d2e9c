"""What customers were told, and how they want to be told."""

import uuid

from django.db import models
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, User
from config.lib import clock
from notifications.kinds import KINDS, Kind

# Where a notice leads, by what it is about.
_PAGES = {"order": "otp:order", "deposit": "payments:deposit"}
_PLAIN_PAGES = {"wallet": "payments:topup", "webhook": "webhook:overview"}


class NoticeQuerySet(models.QuerySet["Notice"]):
    def shown_to(self, customer: Customer) -> "NoticeQuerySet":
        return self.filter(customer=customer, in_app=True)

    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """One thing a customer was told, once. The mail it owes, if any, stands in ``mail_due_at`` until it is written."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="notices", db_index=False)
    kind = models.CharField(_("kind"), max_length=30)
    subject = models.CharField(_("about"), max_length=80, blank=True)
    key = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    in_app = models.BooleanField(_("shown in the app"), default=True)
    created_at = models.DateTimeField(_("told"), default=clock.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = (models.UniqueConstraint(fields=["customer", "key"], name="notice_once"),)
        indexes = (
            models.Index(fields=["customer", "-id"], name="notice_newest", condition=Q(in_app=True)),
            models.Index(fields=["customer"], name="notice_unread", condition=Q(in_app=True, read_at__isnull=True)),
            models.Index(fields=["mail_due_at"], name="notice_mail", condition=Q(mail_due_at__isnull=False)),
            models.Index(fields=["created_at"], name="notice_age"),
        )

    def __str__(self) -> str:
        return f"{self.kind} for customer {self.customer_id}"

    @property
    def about(self) -> Kind:
        return KINDS[self.kind]

    @property
    def title(self) -> str:
        return self.about.title_of(self.facts)

    @property
    def text(self) -> str:
        return self.about.text_of(self.facts)

    @property
    def page(self) -> str:
        """The address of what it is about, or "" when that has no page."""
        word, _colon, key = self.subject.partition(":")
        try:
            return reverse(_PAGES[word], args=[key]) if word in _PAGES else reverse(_PLAIN_PAGES.get(word, ""))
        except NoReverseMatch:
            return ""


class Preference(models.Model):
    """How a person wants to be told of one kind. Without a row the kind's defaults hold."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=30)
    in_app = models.BooleanField()
    mail = models.BooleanField()

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = (models.UniqueConstraint(fields=["user", "kind"], name="preference_once"),)

    def __str__(self) -> str:
        return f"{self.kind} for user {self.user_id}"


class BalanceWatch(models.Model):
    """From which balance down a customer wants to hear of it, in whole rupiah; 0 is never."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="+")
    below = models.DecimalField(_("below"), max_digits=18, decimal_places=2)

    class Meta:
        verbose_name = _("balance watch")
        verbose_name_plural = _("balance watches")
        constraints = (models.CheckConstraint(condition=Q(below__gte=0), name="balance_watch_amount"),)

    def __str__(self) -> str:
        return f"customer {self.customer_id} below {self.below}"
