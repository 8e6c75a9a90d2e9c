"""Where allauth asks us: how people get in, what is told by mail and record, how secrets of a second factor rest."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access.credentials import actor_of
from accounts.errors import BadCredentials
from accounts.models import User
from accounts.services import audit, passwords, people, second_factor, second_factor_keys, sessions, sign_in, step_up
from config.lib import languages
from config.lib.addresses import address_of
from config.lib.errors import ServiceError
from config.lib.mailable import check_mailable

# What people are told by mail is also on record. The mail's name, and what it is called there.
_ON_RECORD = {
    "mfa/email/totp_activated": ("user.mfa_added", "app"),
    "mfa/email/totp_deactivated": ("user.mfa_removed", "app"),
    "mfa/email/webauthn_added": ("user.mfa_added", "passkey"),
    "mfa/email/webauthn_removed": ("user.mfa_removed", "passkey"),
    "mfa/email/recovery_codes_generated": ("user.recovery_codes_made", ""),
    "account/email/email_changed": ("user.email_changed", ""),
    "account/email/email_deleted": ("user.email_removed", ""),
}


_WAYS = {
    "reauthenticate": gettext_lazy("Use your password"),
    "mfa_reauthenticate": gettext_lazy("Use a code"),
    "mfa_reauthenticate:webauthn": gettext_lazy("Use a passkey"),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """A new account is a customer, wrong tries are counted by us, and mails speak the reader's language."""

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name", "")
        user.language = translation.get_language() or "en"
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            customer = people.open_customer(user=saved)
            audit.record(actor_of(request), "customer.registered", target=customer, after={"email": saved.email})
        return saved

    def clean_email(self, email: str) -> str:
        """Sign-up, added addresses: nothing is stored that no mail can reach."""
        check_mailable(email)
        return str(super().clean_email(email))

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """There are no user names."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "0.0.0.0"  # noqa: S104 - an address that is not known

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The sign-in page, and proving it again. A refusal is shown above the form."""
        try:
            return sign_in.check_password(request, email=credentials["email"], password=credentials["password"])
        except BadCredentials:
            return None
        except ServiceError as error:
            raise ValidationError(str(error.message), code=error.code) from error

    def reauthenticate(self, user: User, password: str) -> bool:
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """One rule for what allauth guards and what we guard."""
        return not step_up.is_fresh(context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [way | {"description": _WAYS.get(way["id"], way["description"])} for way in ways]

    def login(self, request: HttpRequest, user: User) -> None:
        request.is_first_sign_in = user.last_login is None  # type: ignore[attr-defined]
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        self.welcome(request, response, user)
        return response

    def welcome(self, request: HttpRequest, response: HttpResponse, user: User) -> None:
        """After every sign-in: own zone and language, the device is known from now on, a stranger's is told of."""
        request.session["timezone"] = user.timezone
        languages.remember(response, user.language)
        sessions.keep_few(user)
        is_new = sign_in.remember_device(request, response, user)
        sign_in.note(request, user)
        if is_new and not getattr(request, "is_first_sign_in", True):
            device, _icon = sessions.device_of(self.get_http_user_agent(request))
            self.send_notification_mail("account/email/new_device", user, {"device": device})

    def set_password(self, user: User, password: str) -> None:
        request = context.request
        own = request.user.is_authenticated and request.user.pk == user.pk
        actor = sign_in.actor_for(request, user) if own else actor_of(request)
        kept = request.session.session_key if own else ""
        passwords.set_new(actor=actor, user=user, password=password, kept_session=kept or "")

    def send_notification_mail(
        self, template_prefix: str, user: User, context: Any = None, email: str | None = None
    ) -> None:
        if template_prefix in _ON_RECORD:
            action, kind = _ON_RECORD[template_prefix]
            sign_in.note(self.request, user, action, **({"kind": kind} if kind else {}))
        more = {
            "device": sessions.device_of(self.get_http_user_agent(self.request))[0],
            "secure_url": settings.BASE_URL + reverse("account_reset_password"),
            **(context or {}),
        }
        with translation.override(user.language), timezone.override(user.timezone):
            super().send_notification_mail(template_prefix, user, more, email or user.email)

    def send_account_already_exists_mail(self, email: str) -> None:
        people.pretend_to_register(actor=actor_of(context.request), email=email)
        super().send_account_already_exists_mail(email)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        if message_template not in {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}:
            super().add_message(request, level, message_template, *args, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps rest encrypted, and nobody drops below what their role demands."""

    def encrypt(self, text: str) -> str:
        return second_factor_keys.box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor_keys.box().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        user: Any = authenticator.user
        if not second_factor.is_required(sign_in.actor_for(context.request, user)):
            return True
        proofs = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
        return bool(proofs.exclude(pk=authenticator.pk).exists())

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}
