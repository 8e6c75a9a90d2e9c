"""Customers of the API: register and sign in (TeraPay contract 13)."""

import hashlib
from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.access.actors import Actor
from accounts.errors import BadCredentials, NotConfirmed, Taken, TooOften, Unmeasured
from accounts.models import Customer, User
from accounts.selectors.addresses import owner_of
from accounts.services import audit, passwords, sign_in
from accounts.services.fields import Fields
from accounts.services.people import open_customer
from config.lib.limits import TokenWindow, take_from_all

_HOUR = 3600.0


def register(*, actor: Actor, request: HttpRequest, given: Mapping[str, Any]) -> Customer:
    """Open an account with a wallet for the e-mail address in ``given`` (email, password, full_name).

    The mail that asks to confirm the address is sent as the sign-up page sends it; ``request`` says in which language
    and under which host. Raises `Invalid`, `Taken` (the address, in any spelling), `TooMany`, `Unmeasured`.
    """
    email, name = _clean(given)
    _throttle(email, actor.origin.address)
    passwords.check_rules(given["password"], User(email=email, display_name=name))
    try:
        with transaction.atomic():
            customer, address = _open(actor, email, given["password"], name)
            address.send_confirmation(request, signup=True)
    except IntegrityError as error:
        raise _taken() from error
    return customer


def _clean(given: Mapping[str, Any]) -> tuple[str, str]:
    fields = Fields(given)
    email, name = fields.email("email"), fields.line("full_name", most=200)
    fields.check()
    return email, name


def _throttle(email: str, address: str | None) -> None:
    """Per network address, and per e-mail address, which is how somebody would be flooded with mails."""
    most = settings.CUSTOMER_REGISTRATIONS_PER_HOUR
    name = hashlib.sha256(email.encode()).hexdigest()[:32]
    windows = [
        TokenWindow(f"customers:register:{address}", limit=most, seconds=_HOUR),
        TokenWindow(f"customers:register:{name}", limit=max(1, most // 3), seconds=_HOUR),
    ]
    try:
        wait, _full = take_from_all(windows)
    except (RedisError, OSError) as error:
        raise Unmeasured from error
    if wait:
        raise TooOften(wait)


def _open(actor: Actor, email: str, password: str, name: str) -> tuple[Customer, EmailAddress]:
    if owner_of(email) is not None:
        raise _taken()
    user = User.objects.create_user(email, password, display_name=name, language=(get_language() or "en")[:2])
    address = EmailAddress.objects.create(user=user, email=email, primary=True)
    customer = open_customer(user=user)
    for path in settings.CUSTOMER_OPENERS:
        import_string(path)(customer)
    audit.record(actor, "customer.registered", target=customer, after={"email": email})
    return customer, address


def _taken() -> Taken:
    return Taken(
        _("There is an account with this address already."),
        fields={"email": [_("There is an account with this address already.")]},
    )


def customer_signing_in(*, request: HttpRequest, email: str, password: str, code: str = "") -> Customer:
    """The customer whose address and password these are; ``code`` where the person has set up a second factor.

    Whatever is wrong, the answer and the time it takes are the same. Raises `BadCredentials`, `SecondFactorNeeded`
    and what `sign_in.check_password` raises. A wrong address counts as an attempt like a wrong password.
    """
    user = sign_in.check_password(request, email=email.strip().lower(), password=password)
    customer = Customer.objects.select_related("user").filter(user=user, is_sandbox=False).first()
    if customer is None:
        raise BadCredentials
    sign_in.check_second_factor(request, user=user, code=code)
    return customer


def require_confirmed(customer: Customer) -> None:
    """Raise `NotConfirmed` where the installation wants money to wait for the confirmation of the address."""
    if not settings.REQUIRE_CONFIRMED_EMAIL_FOR_API or customer.is_sandbox:
        return
    if not EmailAddress.objects.filter(user=customer.user_id, verified=True).exists():
        raise NotConfirmed
