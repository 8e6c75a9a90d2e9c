"""Whose an e-mail address is: the same single question whether anybody has it or nobody."""

from accounts.models import User


def owner_of(email: str) -> User | None:
    """Who signs in with ``email``: the person it is a confirmed address of, or whose main address it is.

    Whoever only says that a further address is theirs has it not, and keeps nobody from registering with it.
    """
    wanted = email.strip().lower()
    confirmed = User.objects.filter(emailaddress__email=wanted, emailaddress__verified=True)
    found = User.objects.filter(email=wanted).union(confirmed)
    # Should two people have it, the one who has confirmed it as a further address does.
    return min(found, key=lambda user: (user.email == wanted, user.pk), default=None)
