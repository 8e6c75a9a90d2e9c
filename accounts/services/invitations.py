"""The first way in for somebody whose account was made by somebody else: a link to choose a password."""

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from accounts.services import letters


def invite(user: User, *, letter: str = "invitation") -> None:
    """Mail ``user`` a link to choose a password. It works once, and for ``PASSWORD_RESET_TIMEOUT`` seconds.

    Only the mailbox gets the link, so opening it proves the address: it needs no confirmation besides.
    """
    from allauth.account.models import EmailAddress

    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    portal = getattr(user, "portal", None)
    letters.send(
        letter,
        to=user.email,
        language=user.language,
        user=user,
        client=portal.client if portal is not None else None,
        link=_link(user),
        hours=max(1, settings.PASSWORD_RESET_TIMEOUT // 3600),
        again=settings.BASE_URL + reverse("account_reset_password"),
    )


def _link(user: User) -> str:
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    path: str = reverse("account_reset_password_from_key", kwargs=key)
    return f"{settings.BASE_URL}{path}"
