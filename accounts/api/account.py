"""Signing in with a session, for programs of people who work here (terapay.yaml, section Account)."""

from typing import Annotated, Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import logout as end_session
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import StringConstraints

from accounts.access.credentials import portal_of
from accounts.adapter import AccountAdapter
from accounts.api.base import ApiRequest, ApiSchema, operation
from accounts.models import PortalUser, User
from accounts.services import password_resets, sessions, sign_in

router = Router(tags=["Account"])

# Spaces belong to a password; nothing is cut off it.
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=4096)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class LoginIn(ApiSchema):
    username: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Password
    remember_me: bool = False
    otp_code: Annotated[str, StringConstraints(max_length=20)] = ""


class LoginOut(ApiSchema):
    user_id: str
    user_name: str
    email: str
    roles: list[str]
    client_id: str | None
    must_change_password: bool
    csrf_token: str


class EmailIn(ApiSchema):
    email: Email


class ResetIn(ApiSchema):
    email: Email
    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    new_password: Password


class MessageOut(ApiSchema):
    message: str


@operation(router, "account.login", answer=LoginOut)
def login(request: ApiRequest, body: LoginIn, response: HttpResponse) -> Any:
    """Sign a portal user in with a session cookie and report their roles."""
    email = sign_in.email_of(body.username)
    user = sign_in.check_password(request, email=email, password=body.password, portal_only=True)
    sign_in.check_second_factor(request, user=user, code=body.otp_code)
    _begin_session(request, response, user, remember=body.remember_me)
    return _description(request, cast(PortalUser, portal_of(user)))


@operation(router, "account.logout", answer=MessageOut)
def logout(request: ApiRequest) -> Any:
    """End the portal session and clear its cookie."""
    end_session(request)
    return {"message": _("You are signed out.")}


@operation(router, "account.forgot-password", answer=MessageOut)
def forgot_password(request: ApiRequest, body: EmailIn) -> Any:
    """Send a password-reset e-mail."""
    password_resets.ask(request, email=body.email)
    return {"message": _("If the address has an account, a mail with a link to a new password is on its way.")}


@operation(router, "account.reset-password", answer=MessageOut)
def reset_password(request: ApiRequest, body: ResetIn) -> Any:
    """Set a new password with the token that was mailed."""
    password_resets.redeem(request, email=body.email, token=body.token, password=body.new_password)
    return {"message": _("Your password is changed. Sign in with it.")}


def _begin_session(request: HttpRequest, response: HttpResponse, user: User, *, remember: bool) -> None:
    adapter = cast(AccountAdapter, get_adapter(request))
    # A second sign-in in the same session starts a new one, with a new key and nothing left of the first.
    request.session.flush()
    adapter.login(request, user)
    record_authentication(request, user, method="password")
    sessions.last_for(request, remember=remember)
    sessions.keep(request)
    adapter.welcome(request, response, user)


def _description(request: HttpRequest, portal: PortalUser) -> dict[str, Any]:
    return {
        "user_id": str(portal.public_id),
        "user_name": portal.user_name,
        "email": portal.user.email,
        "roles": sorted(portal.roles.values_list("name", flat=True)),
        "client_id": str(portal.client.public_id) if portal.client else None,
        "must_change_password": portal.must_change_password,
        # The cookie is out of reach of scripts; whoever calls unsafe methods sends this as X-CSRFToken.
        "csrf_token": get_token(request),
    }
