"""What people keep of reports: a view with its filters, and a file that is prepared in the background."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib import clock


class SavedView(models.Model):
    """A report with its filters under a name of one's own; ``query`` is what stands behind the address's ``?``."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="report_views", db_index=False)
    report = models.CharField(max_length=40)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000, blank=True, default="")
    # The one a report opens with, when nothing else is asked for.
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "report", "name"], name="saved_view_once"),
            models.UniqueConstraint(
                fields=["user", "report"], condition=Q(is_default=True), name="saved_view_one_default"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Export(models.Model):
    """A report written to a file by a worker. Rows are the queue; the file is sealed, and gone after a few days."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        GONE = "gone", _("expired")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exports", db_index=False)
    report = models.CharField(max_length=40)
    query = models.CharField(max_length=1000, blank=True, default="")
    language = models.CharField(max_length=8, default="en")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    file = models.CharField(max_length=200, blank=True, default="")
    # The moment whose truth the file tells.
    as_of = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(rows_done__lte=models.F("rows")), name="export_no_more_than_all"),
        )
        indexes = (
            models.Index(fields=["user", "-id"], name="export_of_user"),
            models.Index(fields=["id"], name="export_open", condition=Q(state__in=["waiting", "running"])),
        )

    def __str__(self) -> str:
        return f"{self.report} for user {self.user_id}"
