"""People who work here: staff of the gateway, and of clients."""

from django.db import transaction

from accounts.models import PortalUser, Role, User


@transaction.atomic
def appoint_first_administrator(user: User) -> User:
    """Give ``user`` SuperAdmin and CompanyAdmin: approving clients is CompanyAdmin's alone (TeraPay contract 1)."""
    portal, _created = PortalUser.objects.get_or_create(user=user, defaults={"user_name": user.email})
    portal.roles.add(*Role.objects.filter(name__in=[Role.SUPER_ADMIN, Role.COMPANY_ADMIN]))
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.is_staff = True
    return user
