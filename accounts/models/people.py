import uuid
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from config.lib.passwords import one_form


def validate_timezone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("Choose a time zone from the list."), code="timezone")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Everybody who signs in, by e-mail. What a person may do comes from what hangs on it."""

    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(
        _("language"), max_length=5, default="en", choices=[("en", "English"), ("id", "Bahasa Indonesia")]
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="Asia/Jakarta", validators=[validate_timezone])
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)
    # Counts password changes, wherever they are made: a token that names an older number is dead.
    credentials_version = models.PositiveIntegerField(default=1, db_default=1)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower"),)

    def __str__(self) -> str:
        return self.display_name or self.email

    def set_password(self, raw_password: str | None) -> None:
        """The only way a password changes: every token and session that knows the older one dies with it."""
        super().set_password(raw_password and one_form(raw_password))
        if self.pk is not None:
            self.credentials_version += 1

    def check_password(self, raw_password: str | None) -> bool:
        def rehash(raw: str) -> None:
            # A stronger hash of the same password: nothing has changed for tokens.
            self.password = make_password(raw)
            self.save(update_fields=["password"])

        return check_password(raw_password and one_form(raw_password), self.password, rehash)

    def get_full_name(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields is not None and "password" in fields:
            kwargs["update_fields"] = {*fields, "credentials_version"}
        super().save(*args, **kwargs)

    def get_short_name(self) -> str:
        return self.display_name.split(" ")[0] or self.email


class Customer(models.Model):
    """A person with a wallet.

    Whoever makes a sandbox key gets a second profile beside the real one. Everything that key touches hangs on the
    second, so that sandbox and real rows never share an owner and no list has to tell them apart.
    """

    class KycStatus(models.TextChoices):
        NONE = "None", _("not verified")
        PENDING = "Pending", _("in review")
        VERIFIED = "Verified", _("verified")
        REJECTED = "Rejected", _("not accepted")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="customers", verbose_name=_("user"))
    is_sandbox = models.BooleanField(default=False, db_default=False)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    kyc_status = models.CharField(
        _("identity"), max_length=10, choices=KycStatus, default=KycStatus.NONE, db_default=KycStatus.NONE
    )
    # A whole case was accepted: this lifts the limits. ``kyc_status`` is what programs read, by single documents.
    is_verified = models.BooleanField(_("verified"), default=False, db_default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = (models.UniqueConstraint(fields=["user", "is_sandbox"], name="customer_once_per_mode"),)
        indexes = (
            # What staff find a customer by, from its beginning.
            models.Index(
                fields=["phone"],
                name="customer_phone_begins",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(phone=""),
            ),
        )

    def __str__(self) -> str:
        return f"customer {self.pk}"
