"""What came in from providers and what went out to them, as it was."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.models.deposits import PaymentAttempt
from payments.models.static import StaticAccount


class ProviderMessage(models.Model):
    """Something that came in on a provider's path, exactly as it came. Only what we made of it may change."""

    class Kind(models.TextChoices):
        NOTIFICATION = "notification", _("Notification")
        INQUIRY = "inquiry", _("Inquiry (static)")
        PAYMENT_FLAG = "payment_flag", _("Payment flag (static)")
        QR = "qr", _("QR notification")
        LINK = "link", _("OVO link callback")
        INVOICE = "invoice", _("Crypto invoice event")
        LEGACY = "legacy", _("Legacy notification")
        UNKNOWN = "unknown", _("Unknown")

    class Decision(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CREDITED = "credited", _("Credited")
        REPEATED = "repeated", _("Already credited")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        ASKED = "asked", _("Status asked")
        UNMATCHED = "unmatched", _("No such number")
        FLAGGED = "flagged", _("For staff")
        CONFLICT = "conflict", _("Id used twice")
        REFUSED = "refused", _("Refused")

    provider = models.CharField(_("provider"), max_length=20, default="faspay_snap")
    path = models.CharField(_("path"), max_length=80)
    day = models.DateField(_("day in Jakarta"))
    # X-EXTERNAL-ID; where a provider sends none, what tells one event from another.
    external_id = models.CharField(_("external id"), max_length=64, blank=True)
    # What it speaks of, to be found by: the number, our reference or the provider's.
    reference = models.CharField(_("reference"), max_length=64, blank=True, default="")
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))
    body_sha256 = models.CharField(max_length=64)
    verified = models.BooleanField(_("signature verified"))
    matched_key = models.CharField(_("key that matched"), max_length=40, blank=True)
    # What should have been signed, kept when the signature fails: method, path, hash and time; nothing personal.
    string_to_sign = models.CharField(_("string to sign"), max_length=300, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.UNKNOWN)
    answer_code = models.CharField(_("answered"), max_length=7)
    answer_body = models.TextField(blank=True)
    repeat_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeats", db_index=False
    )
    received_at = models.DateTimeField(_("received"), db_default=Now())
    decision = models.CharField(_("decision"), max_length=16, choices=Decision, default=Decision.WAITING)
    note = models.CharField(_("note"), max_length=80, blank=True)
    times_received = models.PositiveIntegerField(_("times received"), default=1)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    attempt = models.ForeignKey(
        PaymentAttempt,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("payment attempt"),
    )
    static_account = models.ForeignKey(
        StaticAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="messages"
    )

    class Meta:
        verbose_name = _("provider message")
        verbose_name_plural = _("provider messages")
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "day", "path", "external_id"],
                name="message_once_a_day",
                condition=Q(verified=True, repeat_of__isnull=True) & ~Q(external_id=""),
            ),
        )
        indexes = (
            models.Index(fields=["next_try_at"], name="message_due", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["received_at"], name="message_unverified", condition=Q(verified=False)),
            models.Index(fields=["received_at", "id"], name="message_by_time"),
            models.Index(fields=["-id"], name="message_open", condition=Q(decision__in=["unmatched", "flagged"])),
            models.Index(fields=["reference"], name="message_reference", condition=~Q(reference="")),
            models.Index(fields=["external_id"], name="message_external_id", condition=~Q(external_id="")),
        )
        triggers = (
            pgtrigger.ReadOnly(
                name="kept_as_received",
                exclude=[
                    "decision",
                    "note",
                    "times_received",
                    "tries",
                    "next_try_at",
                    "processed_at",
                    "attempt",
                    "static_account",
                    "reference",
                ],
            ),
            pgtrigger.Protect(
                name="kept_for_ever", operation=pgtrigger.Delete, condition=pgtrigger.Q(old__verified=True)
            ),
        )

    def __str__(self) -> str:
        return f"message {self.pk}"


class ProviderExchange(models.Model):
    """One call of ours to a provider: what went out, what came back, without secrets (payments/exchanges.py)."""

    class Outcome(models.TextChoices):
        OK = "ok", _("Done")
        REFUSED = "refused", _("Refused")
        UNKNOWN = "unknown", _("Unknown")
        UNSENT = "unsent", _("Not sent")

    provider = models.CharField(_("provider"), max_length=20)
    operation = models.CharField(_("operation"), max_length=40)
    method = models.CharField(max_length=8)
    address = models.CharField(_("address"), max_length=300)
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)
    code = models.CharField(_("code"), max_length=16, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    elapsed_ms = models.PositiveIntegerField(_("milliseconds"))
    sent_at = models.DateTimeField(_("sent"), db_default=Now())
    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="exchanges", db_index=False
    )

    class Meta:
        verbose_name = _("provider exchange")
        verbose_name_plural = _("provider exchanges")
        indexes = (
            models.Index(fields=["provider", "-sent_at"], name="exchange_of_provider"),
            models.Index(fields=["sent_at", "id"], name="exchange_by_time"),
            models.Index(KT("request_headers__X-EXTERNAL-ID"), name="exchange_external_id"),
            models.Index(fields=["reference"], name="exchange_reference", condition=~Q(reference="")),
            models.Index(fields=["attempt"], name="exchange_attempt", condition=Q(attempt__isnull=False)),
        )

    def __str__(self) -> str:
        return f"exchange {self.pk}"
