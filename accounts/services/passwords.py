"""A new password: one place for pages, links and the API."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.models import PortalUser, User
from accounts.services import audit, lockout, sessions


def check_rules(password: str, user: User | None = None, *, field: str = "password") -> None:
    """Raise `BadField` for ``field`` unless ``password`` may be taken: length, and none that everybody uses."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadField(field, " ".join(error.messages)) from error


@transaction.atomic
def set_new(*, actor: Actor, user: User, password: str, kept_session: str = "") -> None:
    """Store ``password`` for ``user``. All sessions of the person end but ``kept_session``; older tokens die.

    Whoever had to change a password has done so, and what strangers tried with the older one is forgotten. Nobody
    signed in means that the person came by a mail: that proves the address.
    """
    user.set_password(password)
    user.save(update_fields=["password", "credentials_version"])
    PortalUser.objects.filter(user=user, must_change_password=True).update(must_change_password=False)
    sessions.end_all(user, but=kept_session)
    if actor.user is None:
        _prove_address(user)
    audit.record(actor, "user.password_changed", target=user)
    transaction.on_commit(lambda: lockout.forgive(email=user.email))


def _prove_address(user: User) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=False).update(verified=True)
