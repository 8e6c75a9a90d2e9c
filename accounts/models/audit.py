from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """Who did what to which object: written once, never changed (the database refuses), sealed into a hash chain.

    Names and ids are copied, not referenced: an entry must read the same after its object was renamed or is gone.
    """

    at = models.DateTimeField(_("time"), db_default=Now())
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(_("who"), max_length=254)
    # Whose people the actor is one of; None for the gateway's own, customers and the system.
    actor_client_id = models.UUIDField(null=True, blank=True)
    acting_as = models.CharField(_("as"), max_length=200, blank=True)
    action = models.CharField(_("what"), max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=80, blank=True)
    object_label = models.CharField(_("object"), max_length=254, blank=True)
    client_id = models.UUIDField(null=True, blank=True)
    is_sandbox = models.BooleanField(default=False, db_default=False)
    via = models.CharField(_("by way of"), max_length=10)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = (
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["actor_id", "-id"], name="audit_of_actor"),
            models.Index(fields=["client_id", "-id"], name="audit_of_client"),
            models.Index(fields=["action", "-id"], name="audit_of_action"),
            models.Index(fields=["at"], name="audit_time"),
            models.Index(fields=["request_id"], name="audit_of_request"),
            models.Index(fields=["address"], name="audit_from_address"),
            models.Index(fields=["actor_label"], name="audit_who_begins", opclasses=["text_pattern_ops"]),
            models.Index(fields=["object_label"], name="audit_object_begins", opclasses=["text_pattern_ops"]),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"


class AuditSeal(models.Model):
    """The place of an entry in the chain, and the hash over it and all before it. Written by the database alone.

    Both are empty between the moment an entry's transaction begins to commit and the moment it has.
    """

    # No foreign key: an entry that was taken away must leave its seal behind.
    entry_id = models.BigIntegerField(primary_key=True)
    position = models.BigIntegerField(null=True, unique=True)
    hash = models.BinaryField(null=True)

    def __str__(self) -> str:
        return f"seal {self.position}"


class AuditHead(models.Model):
    """The end of the chain: one row, whose lock puts commits in a line. Written by the database alone."""

    id = models.SmallIntegerField(primary_key=True)
    position = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="audit_head_once"),)

    def __str__(self) -> str:
        return f"head {self.position}"


class AuditCheck(models.Model):
    """One run of check_audit: the end of the chain as it was then, and what did not fit. Written once.

    A later run holds the chain against these rows, so that a chain written anew from some place on does not pass.
    """

    at = models.DateTimeField(_("time"), db_default=Now())
    seconds = models.DecimalField(max_digits=10, decimal_places=3)
    position = models.BigIntegerField()
    hash = models.CharField(max_length=64, blank=True)
    problems = models.JSONField(default=list)

    class Meta:
        verbose_name = _("audit check")
        verbose_name_plural = _("audit checks")

    def __str__(self) -> str:
        return f"{len(self.problems)} problems"
