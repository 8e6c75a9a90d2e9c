from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend

from accounts.models import User


class AuthenticationBackend(AllauthBackend):  # type: ignore[misc]
    """Sign-in as allauth does it; who a request belongs to is one read, customer profile included."""

    def get_user(self, user_id: Any) -> User | None:
        # Every page asks this: no order, no limit, one row by its key.
        user = next(iter(User.objects.select_related("customer").filter(pk=user_id)), None)
        return user if user and self.user_can_authenticate(user) else None
