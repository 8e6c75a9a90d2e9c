"""What one API user may beyond its role, or may not although its role says so (TeraPay contract 4)."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField, NotFound
from accounts.models import ApiUser, Permission, PermissionOverride
from accounts.services import audit


@transaction.atomic
def apply_overrides(*, actor: Actor, api_user: ApiUser, overrides: Mapping[UUID, bool | None]) -> ApiUser:
    """Grant (True), revoke (False) or let the role decide again (None), by permission; others stay as they are.

    Raises `BadField` ("overrides") for an unknown permission, `TooMuchGranted` for one the actor does not hold:
    giving it, and undoing what somebody with more rights took away.
    """
    locked = ApiUser.objects.select_for_update(of=("self",)).select_related("role", "client").filter(pk=api_user.pk)
    found = locked.first()
    if found is None:
        raise NotFound
    permissions = _permissions(overrides)
    now_set = {one.permission_id: one.is_allowed for one in found.overrides.all()}
    changes = {one: overrides[one.public_id] for one in permissions if overrides[one.public_id] != now_set.get(one.pk)}
    _check(actor, found, changes)
    before = {one.name: now_set.get(one.pk) for one in changes}
    for permission, value in changes.items():
        _store(found, permission, value)
    if changes:
        after = {one.name: value for one, value in changes.items()}
        audit.record(actor, "api_user.overridden", target=found, before=before, after=after)
    return found


def _permissions(overrides: Mapping[UUID, bool | None]) -> list[Permission]:
    found = list(Permission.objects.filter(public_id__in=overrides).order_by("name"))
    unknown = set(overrides) - {one.public_id for one in found}
    if unknown:
        raise BadField("overrides", _("There is no permission %(id)s.") % {"id": sorted(map(str, unknown))[0]})
    return found


def _check(actor: Actor, api_user: ApiUser, changes: Mapping[Permission, bool | None]) -> None:
    in_role = set(api_user.role.permissions.values_list("pk", flat=True))
    gains = [one.name for one, value in changes.items() if value or (value is None and one.pk in in_role)]
    policy.require_grantable(actor, gains)


def _store(api_user: ApiUser, permission: Permission, value: bool | None) -> None:
    if value is None:
        PermissionOverride.objects.filter(api_user=api_user, permission=permission).delete()
    else:
        PermissionOverride.objects.update_or_create(
            api_user=api_user, permission=permission, defaults={"is_allowed": value}
        )
