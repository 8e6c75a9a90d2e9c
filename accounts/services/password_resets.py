"""A forgotten password: a mail with a link, or with a token for programs; good for an hour and once."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.access.credentials import actor_of
from accounts.errors import SignInUnavailable
from accounts.models import User
from accounts.selectors.addresses import owner_of
from accounts.services import passwords
from config.lib.errors import Invalid, TooMany
from config.lib.mailable import check_mailable

_TOO_OFTEN = _("Too many requests for a new password. Try again in an hour.")
_BAD_TOKEN = _("This token does not work: it is wrong, has expired, or was used before.")


def ask(request: HttpRequest, *, email: str) -> None:
    """Mail a way to a new password to ``email``; an address without an account gets a mail that says so.

    The caller answers the same either way. Raises `TooMany` (setting ``RATE_LIMIT_RESET_PASSWORD``).
    """
    from allauth.account.forms import default_token_generator
    from allauth.account.internal.flows.password_reset import request_password_reset

    _count(request, "reset_password", email)
    if not _can_be_mailed(email.strip()):
        return
    request_password_reset(request, email.strip().lower(), owners_of(email), default_token_generator)


def _can_be_mailed(email: str) -> bool:
    try:
        check_mailable(email)
    except ValidationError:
        return False
    return True


def owners_of(email: str) -> list[User]:
    """Who may choose a new password by a mail to ``email``: one person, or nobody."""
    owner = owner_of(email)
    return [owner] if owner is not None and owner.is_active else []


@transaction.atomic
def redeem(request: HttpRequest, *, email: str, token: str, password: str) -> None:
    """Store ``password`` for the owner of ``email``; ``token`` is from the mail. All sessions of the person end.

    Raises `Invalid` for a token that does not work (one message), `BadField` for a password against the rules.
    """
    from allauth.account.forms import default_token_generator

    _count(request, "reset_password_from_key", email)
    # Under a lock: of two that bring the same token one finds it used.
    owner = owner_of(email)
    user = User.objects.select_for_update().filter(pk=owner.pk if owner else 0, is_active=True).first()
    good = default_token_generator.check_token(user or User(pk=0, email=email), token)
    if user is None or not good:
        raise Invalid(_BAD_TOKEN, code="bad_token")
    passwords.check_rules(password, user, field="new_password")
    passwords.set_new(actor=actor_of(request), user=user, password=password)


def _count(request: HttpRequest, action: str, email: str) -> None:
    from allauth.core import ratelimit

    try:
        allowed = ratelimit.consume(request, action=action, key=email.strip().lower())
    except (RedisError, OSError) as error:
        raise SignInUnavailable from error
    if not allowed:
        raise TooMany(_TOO_OFTEN, retry_after=3600)
