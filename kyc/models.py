"""Identity documents and their review. A case gathers what a customer sent in one attempt."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, User

# The moves the database allows; a decided case stays as it was decided.
CASE_MOVES = [
    ("open", "second"),
    ("open", "verified"),
    ("open", "rejected"),
    ("second", "lead"),
    ("second", "verified"),
    ("second", "rejected"),
    ("lead", "verified"),
    ("lead", "rejected"),
]


class KycCase(models.Model):
    """One attempt of a customer to be verified: what they say about themselves, and the documents that show it."""

    class State(models.TextChoices):
        OPEN = "open", _("waiting for review")
        SECOND = "second", _("waiting for a second reviewer")
        LEAD = "lead", _("waiting for a lead")
        VERIFIED = "verified", _("verified")
        REJECTED = "rejected", _("not accepted")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="kyc_cases", verbose_name=_("customer"), db_index=False
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    full_name = models.CharField(_("full name"), max_length=200, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    # The identity number is kept encrypted; the keyed hash finds the same number under another account.
    identity_number = models.BinaryField(default=b"")
    identity_hash = models.CharField(max_length=64, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    risk = models.PositiveSmallIntegerField(_("risk"), default=0)
    # Submitted: complete as far as the customer is concerned. The clock of the queue starts here.
    submitted_at = models.DateTimeField(_("sent"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)

    class Meta:
        verbose_name = _("identity case")
        verbose_name_plural = _("identity cases")
        indexes = (
            models.Index(
                fields=["submitted_at", "id"], name="kyc_queue", condition=Q(state__in=["open", "second", "lead"])
            ),
            models.Index(fields=["identity_hash"], name="kyc_same_identity"),
            models.Index(fields=["submitted_at"], name="kyc_sent", condition=Q(submitted_at__isnull=False)),
            models.Index(fields=["decided_at"], name="kyc_decided", condition=Q(decided_at__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(fields=["customer", "attempt"], name="kyc_attempt_once"),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state__in=["open", "second", "lead"]), name="kyc_one_open_case"
            ),
        )
        triggers = (pgtrigger.FSM(name="kyc_case_moves", field="state", transitions=CASE_MOVES),)

    def __str__(self) -> str:
        return f"case {self.pk}"


class KycDocument(models.Model):
    """One file of a case. The file itself lies encrypted in the storage under a random name."""

    class Kind(models.TextChoices):
        IDENTITY = "identity", _("Identity card")
        SELFIE = "selfie", _("Selfie")
        ADDRESS = "address", _("Proof of address")
        BUSINESS = "business", _("Business papers")
        OTHER = "other", _("Other document")

    class Status(models.TextChoices):
        PENDING = "Pending", _("in review")
        VERIFIED = "Verified", _("accepted")
        REJECTED = "Rejected", _("not accepted")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(KycCase, on_delete=models.PROTECT, related_name="documents")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="kyc_documents", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.OTHER)
    file_name = models.CharField(_("file name"), max_length=150)
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    pages = models.PositiveSmallIntegerField(default=1)
    # Of the file as it was sent: the same file is noticed wherever it turns up again.
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=120)
    thumbnail_as = models.CharField(max_length=120, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    reason_code = models.CharField(max_length=40, blank=True)
    # What the customer reads; kept as it was sent, because the list of reasons may change.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    may_retry = models.BooleanField(default=True)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("identity document")
        verbose_name_plural = _("identity documents")
        indexes = (
            models.Index(fields=["customer", "-id"], name="kyc_document_of_customer"),
            models.Index(fields=["status", "id"], name="kyc_document_waiting", condition=Q(status="Pending")),
            models.Index(fields=["sha256"], name="kyc_same_file"),
            models.Index(fields=["reviewed_at"], name="kyc_document_refused", condition=Q(status="Rejected")),
        )
        triggers = (
            pgtrigger.FSM(
                name="kyc_document_moves",
                field="status",
                transitions=[("Pending", "Verified"), ("Pending", "Rejected")],
            ),
        )

    def __str__(self) -> str:
        return self.file_name


class KycDecision(models.Model):
    """What one reviewer thought of one document. Two of them exist where a second reviewer is needed."""

    document = models.ForeignKey(KycDocument, on_delete=models.PROTECT, related_name="decisions")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(default=1)
    verified = models.BooleanField()
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    # From the claim to this decision; empty where nobody claimed first (a decision by the API).
    seconds = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["document", "reviewer", "round"], name="kyc_decision_once"),
            models.UniqueConstraint(fields=["document", "round"], name="kyc_one_decision_a_round"),
        )
        indexes = (models.Index(fields=["reviewer", "-created_at"], name="kyc_decision_of_reviewer"),)
        triggers = (pgtrigger.Protect(name="kyc_decision_kept", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"decision {self.pk}"
