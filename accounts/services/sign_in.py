"""Signing in, for pages and the API: the same counting, the same time, the same answer for every wrong try."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from accounts.access.actors import Actor
from accounts.access.credentials import actor_of, portal_of, rights_of_portal
from accounts.errors import BadCredentials, SecondFactorNeeded
from accounts.models import Client, User
from accounts.selectors.addresses import owner_of
from accounts.services import audit, lockout, second_factor
from config.lib.addresses import address_of

DEVICE_COOKIE_AGE = 400 * 24 * 3600


def check_password(request: HttpRequest, *, email: str, password: str, portal_only: bool = False) -> User:
    """Whose e-mail address and password these are. With ``portal_only`` a customer is nobody.

    Raises `BadCredentials` for whatever is wrong, `TooMany` and `SignInUnavailable` as `lockout.check` does.
    """
    counted = _counted_address(email)
    where = _where(request, counted)
    lockout.check(**where)
    user = _authenticate(request, email=email, password=password)
    if user is None or (portal_only and not _may_use_portal(user)):
        lockout.failed(**where)
        _note_failure(request, counted)
        raise BadCredentials
    lockout.succeeded(**where)
    return user


def check_code(request: HttpRequest, *, user: User, code: str) -> Any:
    """Use up a code of the second factor; returns its authenticator. Raises as `check_password` does."""
    where = _where(request, user.email) | {"step": "code"}
    lockout.check(**where)
    used = second_factor.use_code(user, code)
    if used is None:
        lockout.failed(**where)
        _note_failure(request, user.email)
        raise BadCredentials
    lockout.succeeded(**where)
    return used


def check_second_factor(request: HttpRequest, *, user: User, code: str) -> None:
    """For callers that send everything at once: raises `SecondFactorNeeded` when the password was not enough."""
    if not second_factor.has_any(user):
        return
    if not code:
        raise SecondFactorNeeded
    check_code(request, user=user, code=code)


def email_of(name: str) -> str:
    """The e-mail address of the portal user who is called ``name``, or ``name`` itself. One query either way."""
    address = name.strip().lower()
    named = User.objects.filter(Q(portal__user_name__iexact=name) | Q(email=address))
    found = set(named.values_list("email", flat=True))
    # Whose address it is comes before whoever calls themselves so.
    return address if address in found else next(iter(found), name)


def note(request: HttpRequest, user: User, action: str = "user.signed_in", **after: Any) -> None:
    """Record what ``user`` did to their own way in."""
    audit.record(actor_for(request, user), action, target=user, after=after)


def actor_for(request: HttpRequest, user: User) -> Actor:
    """``user`` as an actor, also before the request belongs to them."""
    portal = portal_of(user)
    return Actor(
        kind="session",
        origin=actor_of(request).origin,
        user=user,
        portal=portal,
        roles=rights_of_portal(portal)[0] if portal else frozenset(),
    )


def device_of(request: HttpRequest) -> str:
    return request.COOKIES.get(_cookie_name(), "")


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> bool:
    """Give the browser the cookie of a device that ``user`` has signed in with. False when it had it before."""
    before = device_of(request)
    known = bool(before) and lockout.knows(before, email=user.email)
    response.set_cookie(
        _cookie_name(),
        lockout.remember(before, email=user.email),
        max_age=DEVICE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return not known


def _cookie_name() -> str:
    return "__Host-device" if settings.HTTPS else "gerbang_device"


def _counted_address(email: str) -> str:
    """The main address of whose address ``email`` is, so that somebody with several is one account. One query."""
    owner = owner_of(email)
    return owner.email if owner is not None else email


def _where(request: HttpRequest, email: str) -> dict[str, Any]:
    return {"email": email, "address": address_of(request), "device": device_of(request)}


def _authenticate(request: HttpRequest, *, email: str, password: str) -> User | None:
    from allauth.account.auth_backends import AuthenticationBackend

    user = authenticate(request, email=email, password=password)
    AuthenticationBackend.unstash_authenticated_user()  # it keeps people who were switched off aside for itself
    return user if isinstance(user, User) else None


def _may_use_portal(user: User) -> bool:
    """A client that waits for approval lets its people in; one that was rejected or deactivated does not."""
    portal = portal_of(user)
    if portal is None:
        return False
    return portal.client is None or portal.client.status in {Client.Status.PENDING, Client.Status.ACTIVE}


def _note_failure(request: HttpRequest, email: str) -> None:
    # Written for addresses that nobody has too: a line that is written for some only would tell which.
    if not lockout.may_be_noted(email=email, address=address_of(request)):
        return
    found = User.objects.filter(email=email.strip().lower()).first()
    nobody = Actor(kind="anonymous", origin=actor_of(request).origin)
    audit.record(nobody, "user.sign_in_failed", target=found)
