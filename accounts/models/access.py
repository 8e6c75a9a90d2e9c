"""Who may do what: permissions, the roles that hold them, and the clients and people that hold roles."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from config.lib.clock import now


class Permission(models.Model):
    """A name for one method of one route template. `accounts.access.table` is the source of those we ship."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    http_method = models.CharField(_("method"), max_length=6)
    route_pattern = models.CharField(_("route"), max_length=200)
    # The pattern with every {name} as {}: what a parameter is called makes no difference.
    route_shape = models.CharField(max_length=200, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("permission")
        verbose_name_plural = _("permissions")
        constraints = (models.UniqueConstraint(fields=["http_method", "route_shape"], name="permission_route_once"),)

    def __str__(self) -> str:
        return self.name


class RoleQuerySet(models.QuerySet["Role"]):
    def fitting(self, *audiences: str) -> "RoleQuerySet":
        """Roles that somebody of one of ``audiences`` can hold."""
        return self.filter(audience__in=(*audiences, Role.Audience.ANY))


class Role(models.Model):
    """A named set of permissions. ``audience`` says who can hold it."""

    class Audience(models.TextChoices):
        STAFF = "staff", _("staff of the gateway")
        CLIENT = "client", _("people of a client")
        API = "api", _("API users")
        ANY = "any", _("everybody")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=60)
    audience = models.CharField(_("for"), max_length=10, choices=Audience, default=Audience.STAFF)
    is_system = models.BooleanField(_("shipped with the portal"), default=False)
    permissions = models.ManyToManyField(Permission, related_name="roles", blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = RoleQuerySet.as_manager()

    SUPER_ADMIN: ClassVar[str] = "SuperAdmin"
    COMPANY_ADMIN: ClassVar[str] = "CompanyAdmin"
    APPROVER: ClassVar[str] = "Approver"
    SUPPORT: ClassVar[str] = "Support"
    AUDITOR: ClassVar[str] = "Auditor"
    PORTAL_ADMIN: ClassVar[str] = "PortalAdmin"
    API_USER: ClassVar[str] = "ApiUser"
    # The two people that a client needs to send money to many.
    PAYOUT_MAKER: ClassVar[str] = "PayoutMaker"
    PAYOUT_APPROVER: ClassVar[str] = "PayoutApprover"

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = (models.UniqueConstraint(Lower("name"), name="role_name_once"),)

    def __str__(self) -> str:
        return self.name

    def fits(self, audience: str) -> bool:
        """Can somebody of ``audience`` hold this role?"""
        return self.audience in (audience, self.Audience.ANY)


class Client(models.Model):
    """A company or a single developer that moves money through the gateway (TeraPay contract 3)."""

    class Kind(models.TextChoices):
        INDIVIDUAL = "Individual", _("individual")
        COMPANY = "Company", _("company")

    class Status(models.TextChoices):
        PENDING = "Pending", _("waiting for approval")
        ACTIVE = "Active", _("active")
        REJECTED = "Rejected", _("rejected")
        DEACTIVATED = "Deactivated", _("deactivated")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client_type = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=200)
    contact_person = models.CharField(_("contact person"), max_length=200)
    phone_number = models.CharField(_("phone"), max_length=20)
    email = models.EmailField(_("e-mail address"), max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=100, default="Sierra Leone")
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PENDING)
    rejection_reason = models.CharField(_("reason"), max_length=500, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        indexes = (
            models.Index(fields=["status", "created_at"], name="client_by_status"),
            models.Index(fields=["-created_at", "id"], name="client_newest"),
        )
        constraints = (models.UniqueConstraint(Lower("email"), name="client_email_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE


class PortalUser(models.Model):
    """The profile of a person who works here: staff of the gateway, or of one client."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="portal", verbose_name=_("user"))
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("client")
    )
    user_name = models.CharField(_("user name"), max_length=200)
    roles = models.ManyToManyField(Role, related_name="people", blank=True)
    must_change_password = models.BooleanField(default=False)
    # Where codes go besides the e-mail address; E.164.
    phone_number = models.CharField(_("phone for codes"), max_length=20, blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("portal user")
        verbose_name_plural = _("portal users")
        constraints = (models.UniqueConstraint(Lower("user_name"), name="portal_user_name_once"),)

    def __str__(self) -> str:
        return self.user_name

    @property
    def state(self) -> str:
        """active, invited (has chosen no password yet) or inactive."""
        if not self.user.is_active:
            return "inactive"
        return "active" if self.user.has_usable_password() else "invited"


class ApiUser(models.Model):
    """A developer of a client: a role, overrides and keys, no password."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="api_users", verbose_name=_("client"))
    developer_name = models.CharField(_("developer"), max_length=200)
    developer_email = models.EmailField(_("e-mail address"), max_length=200)
    developer_phone_number = models.CharField(_("phone"), max_length=20)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="api_users", verbose_name=_("role"))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("API user")
        verbose_name_plural = _("API users")
        constraints = (models.UniqueConstraint("client", Lower("developer_email"), name="api_user_email_once"),)

    def __str__(self) -> str:
        return self.developer_name


class PermissionOverride(models.Model):
    """What one API user may do beyond its role, or may not although the role allows it."""

    api_user = models.ForeignKey(ApiUser, on_delete=models.CASCADE, related_name="overrides")
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="overrides")
    is_allowed = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["api_user", "permission"], name="override_once"),)

    def __str__(self) -> str:
        return f"override {self.pk}"


class ApiKey(models.Model):
    """A bearer key of an API user or of a person. Only a hash of its secret is kept (TeraPay contract 5)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_user = models.ForeignKey(ApiUser, on_delete=models.PROTECT, null=True, blank=True, related_name="keys")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="keys")
    is_sandbox = models.BooleanField(_("sandbox"), default=False)
    public_part = models.CharField(_("key id"), max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=100, blank=True)
    allowed_addresses = models.JSONField(_("allowed addresses"), default=list, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_address = models.GenericIPAddressField(_("last address"), null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = (models.Index(fields=["user", "-created_at"], name="api_key_of_user"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(api_user__isnull=False, user__isnull=True) | Q(api_user__isnull=True, user__isnull=False),
                name="api_key_one_owner",
            ),
        )

    def __str__(self) -> str:
        return self.prefix

    @property
    def prefix(self) -> str:
        """What may be shown of a key: its kind and its id."""
        return f"tp_{'test' if self.is_sandbox else 'live'}_{self.public_part}"

    @property
    def works(self) -> bool:
        """Neither revoked nor over; its owner may still be switched off."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())

    @property
    def state(self) -> str:
        """works, paused (its owner or client is switched off), ending (replaced), expired, revoked. Select owner,
        client and successor with it."""
        if not self.works:
            return "revoked" if self.revoked_at else "expired"
        owner = self.api_user or self.user
        client = self.api_user.client if self.api_user else None
        if (owner and not owner.is_active) or (client and not client.is_active):
            return "paused"
        return "ending" if hasattr(self, "replaced_by") else "works"


class ApiCall(models.Model):
    """One request made with a key: what a developer looks up, and what reports count. No body, no query."""

    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="calls", db_index=False)
    api_user = models.ForeignKey(ApiUser, on_delete=models.PROTECT, null=True, related_name="calls", db_index=False)
    is_sandbox = models.BooleanField()
    method = models.CharField(max_length=7)
    route = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField()
    milliseconds = models.PositiveIntegerField()
    # Why the key itself was not accepted: revoked, expired, address. Empty for a call that was let in.
    refusal = models.CharField(max_length=10, blank=True, default="", db_default="")
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(fields=["key", "-id"], name="api_call_of_key"),
            # Of each world by itself: reports count them, and show the newest.
            models.Index(fields=["api_user", "is_sandbox", "-id"], name="api_call_of_program"),
            models.Index(fields=["created_at"], name="api_call_time"),
            models.Index(fields=["request_id"], name="api_call_request"),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}"


class IdempotencyRecord(models.Model):
    """The first answer to a call that carried an Idempotency-Key; a repetition within a day is answered with it."""

    KEPT: ClassVar[timedelta] = timedelta(hours=24)

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["created_at"], name="idempotency_age"),)
        constraints = (models.UniqueConstraint(fields=["scope", "key"], name="idempotency_once"),)

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
