"""What allauth's pages of the second factor ask; codes are counted and used up by us."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.errors import BadCredentials
from accounts.models import User
from accounts.services import sign_in
from config.lib.errors import ServiceError

_WRONG = _("This code is not right, or it was used already. Take the one your app shows now.")
_DIGITS = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}


class AuthenticateForm(forms.Form):
    """A code after the password: of the app, or one of the recovery codes."""

    code = forms.CharField(label=_("Code"), max_length=20, widget=forms.TextInput(attrs=_DIGITS))
    reauthenticated = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.user: User = kwargs.pop("user")
        super().__init__(*args, **kwargs)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = sign_in.check_code(context.request, user=self.user, code=code)
        except BadCredentials as error:
            raise ValidationError(_WRONG) from error
        except ServiceError as error:
            raise ValidationError(str(error.message), code=error.code) from error
        self.authenticator.user = self.user
        return code

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class ReauthenticateForm(AuthenticateForm):
    reauthenticated = True


class ActivateForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code proves that the app has the secret."""

    code = forms.CharField(label=_("Code shown by the app"), max_length=20, widget=forms.TextInput(attrs=_DIGITS))


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(
        label=_("Name"), max_length=60, required=False, help_text=_("So that you know it again, for example: my phone.")
    )
    passwordless = forms.BooleanField(
        label=_("It may sign me in without the password"),
        required=False,
        initial=True,
        help_text=_("Needs fingerprint, face or PIN on the device. Switch it off for simple security keys."),
    )


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label=_("Name"), max_length=60)
