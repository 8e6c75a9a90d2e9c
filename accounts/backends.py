from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.db.models import FilteredRelation, Q

from accounts.access.credentials import live_customer_of, portal_of, rights_of_portal
from accounts.models import Client, User
from accounts.selectors.addresses import owner_of

# Who was rejected may still come in and read why.
_GONE = (Client.Status.DEACTIVATED,)
# The first is the name that get_user gives to the customer profile that is not the sandbox one.
_WITH: Any = ("live_customer", "portal__client")


class AuthenticationBackend(AllauthBackend):  # type: ignore[misc]
    """Sign-in as allauth does it; who a request belongs to is one read, customer profile included."""

    def get_user(self, user_id: Any) -> User | None:
        # Every page asks this: no order, no limit, one row by its key.
        real = FilteredRelation("customers", condition=Q(customers__is_sandbox=False))
        people = User.objects.annotate(live_customer=real).select_related(*_WITH)
        user = next(iter(people.filter(pk=user_id)), None)
        return user if user and self.user_can_authenticate(user) else None

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        # One question and one hash, known or not.
        found: User | None = self._check_password(owner_of(email), password)
        return found

    def user_can_authenticate(self, user: Any) -> bool:
        """Whoever was switched off is out at the next request; so are people of a client that was, and no customers."""
        if not super().user_can_authenticate(user):
            return False
        portal = portal_of(user)
        gone = portal is not None and portal.client is not None and portal.client.status in _GONE
        return not gone or live_customer_of(user) is not None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """The administration asks here: looking is one permission, everything else another."""
        portal = portal_of(user_obj) if isinstance(user_obj, User) and user_obj.is_active else None
        wanted = "Administration.Read" if "." in perm and ".view_" in perm else "Administration.Update"
        return portal is not None and wanted in rights_of_portal(portal)[1]

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return self.has_perm(user_obj, f"{app_label}.view_any")
