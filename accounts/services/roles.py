"""Roles and what they hold (TeraPay contract 4). A change counts from the next request of whoever holds the role."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.table import GATEWAY_ONLY
from accounts.errors import BadField, ChangedMeanwhile, NotAllowed, NotFound, Taken, WrongState
from accounts.models import Permission, Role
from accounts.selectors.roles import version_of
from accounts.services import audit


@dataclass(frozen=True)
class Edit:
    """What an editor did to one role: of the permissions ``shown`` those ``wanted``; keys of the database.

    ``version`` is `selectors.roles.version_of` what the role held of them when the editor was shown it.
    """

    role: int
    shown: frozenset[int]
    wanted: frozenset[int]
    version: str


@transaction.atomic
def create_role(
    *, actor: Actor, name: str, permission_ids: Iterable[UUID], audience: str = Role.Audience.STAFF
) -> Role:
    """Make a role of ``name`` (unique whatever its case) with its first permissions.

    Raises `BadField` (``name``, ``permission_ids``, ``audience``), `Taken`, `TooMuchGranted`.
    """
    permissions = _permissions(permission_ids)
    role = _create(actor, name, audience, permissions)
    audit.record(actor, "role.created", target=role, after=_facts(role, permissions))
    return role


@transaction.atomic
def clone_role(*, actor: Actor, role: Role, name: str) -> Role:
    """Make a role that holds what ``role`` holds. What SuperAdmin may beyond its permissions is not cloned."""
    permissions = list(role.permissions.all())
    copy = _create(actor, name, role.audience, permissions)
    audit.record(actor, "role.cloned", target=copy, after={"from": role.name, **_facts(copy, permissions)})
    return copy


@transaction.atomic
def replace_permissions(*, actor: Actor, role: Role, permission_ids: Iterable[UUID]) -> Role:
    """Let ``role`` hold exactly these. Raises as `create_role`; `NotAllowed` for SuperAdmin."""
    locked = _lock(role.pk)
    wanted = {permission.pk for permission in _permissions(permission_ids)}
    if _is_fixed(locked):
        raise NotAllowed(_("SuperAdmin always has every right."))
    _change(actor, locked, wanted)
    return locked


@transaction.atomic
def add_permission(*, actor: Actor, role: Role, permission_id: UUID) -> Role:
    """Give one permission to ``role``; what it holds already changes nothing."""
    locked = _lock(role.pk)
    held = _held(locked)
    _change(actor, locked, held | {permission.pk for permission in _permissions([permission_id], "permission_id")})
    return locked


@transaction.atomic
def remove_permission(*, actor: Actor, role: Role, permission_id: UUID) -> None:
    """Take one permission from ``role``. Raises `NotAllowed` for SuperAdmin, `NotFound` if it has no such one."""
    locked = _lock(role.pk)
    if _is_fixed(locked):
        raise NotAllowed(_("SuperAdmin always has every right."))
    gone = locked.permissions.filter(public_id=permission_id).first()
    if gone is None:
        raise NotFound(_("This role has no such permission."))
    _change(actor, locked, _held(locked) - {gone.pk})


@transaction.atomic
def save_matrix(*, actor: Actor, edits: Sequence[Edit]) -> list[Role]:
    """Store what somebody did in the matrix, all of it or nothing; returns the roles that changed.

    Raises `ChangedMeanwhile` if a role that this editor touched was changed by somebody else since it was shown;
    roles that only the other one touched stay as the other one left them.
    """
    locked = {role.pk: role for role in _lock_all(edit.role for edit in edits)}
    touched: list[tuple[Role, set[int], Edit]] = []
    stale: list[tuple[Role, set[int], Edit]] = []
    for edit in edits:
        role = locked.get(edit.role)
        if role is None or _is_fixed(role):
            continue
        held = _held(role)
        if held & edit.shown == edit.wanted or version_of(edit.wanted) == edit.version:
            continue
        (touched if version_of(held & edit.shown) == edit.version else stale).append((role, held, edit))
    if stale:
        raise ChangedMeanwhile([role.name for role, _held_now, _edit in stale])
    for role, held, edit in touched:
        _change(actor, role, (held - edit.shown) | edit.wanted)
    return [role for role, _held_before, _edit in touched]


@transaction.atomic
def rename_role(*, actor: Actor, role: Role, name: str) -> Role:
    """Raises `WrongState` for a role that we ship, `BadField`, `Taken`."""
    locked = _lock(role.pk)
    _check_ours(actor, locked)
    before, locked.name = locked.name, _clean_name(name)
    if locked.name == before:
        return locked
    _store(locked)
    audit.record(actor, "role.renamed", target=locked, before={"name": before}, after={"name": locked.name})
    return locked


@transaction.atomic
def delete_role(*, actor: Actor, role: Role) -> None:
    """Delete a role that staff made and nobody holds. Raises `WrongState` otherwise."""
    # The lock also keeps away whoever would give this role to somebody now: that takes the same row.
    locked = _lock(role.pk)
    _check_ours(actor, locked)
    if locked.people.exists() or locked.api_users.exists():
        raise WrongState(_("Somebody still holds this role. Give them another one first."))
    audit.record(actor, "role.deleted", target=locked, before=_facts(locked, locked.permissions.all()))
    locked.delete()


def _create(actor: Actor, name: str, audience: str, permissions: Sequence[Permission]) -> Role:
    if audience not in Role.Audience.values:
        raise BadField("audience", _("One of %(words)s.") % {"words": ", ".join(Role.Audience.values)})
    role = Role(name=_clean_name(name), audience=audience)
    _check_grant(actor, role, permissions)
    _store(role)
    role.permissions.set(permissions)
    return role


def _store(role: Role) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError:
        raise Taken(
            _("There is a role of this name already."), fields={"name": [_("There is a role of this name already.")]}
        ) from None


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > 60 or not clean.isprintable():
        raise BadField("name", _("A name of 1 to 60 characters is needed."))
    return clean


def _permissions(ids: Iterable[UUID], field: str = "permission_ids") -> list[Permission]:
    wanted = set(ids)
    found = list(Permission.objects.filter(public_id__in=wanted))
    unknown = wanted - {permission.public_id for permission in found}
    if unknown:
        raise BadField(field, _("There is no permission %(id)s.") % {"id": sorted(map(str, unknown))[0]})
    return found


def _lock(pk: int) -> Role:
    role = Role.objects.select_for_update().filter(pk=pk).first()
    if role is None:
        raise NotFound
    return role


def _lock_all(pks: Iterable[int]) -> list[Role]:
    return list(Role.objects.select_for_update().filter(pk__in=set(pks)).order_by("pk"))


def _held(role: Role) -> set[int]:
    return set(role.permissions.values_list("pk", flat=True))


def _change(actor: Actor, role: Role, wanted: set[int]) -> None:
    held = _held(role)
    added = list(Permission.objects.filter(pk__in=wanted - held).order_by("name"))
    removed = list(Permission.objects.filter(pk__in=held - wanted).order_by("name"))
    if not added and not removed:
        return
    # Taking away is bound too: nobody could give back what they do not hold.
    policy.require_grantable(actor, [permission.name for permission in removed])
    _check_grant(actor, role, added)
    role.permissions.remove(*removed)
    role.permissions.add(*added)
    before, after = [one.name for one in removed], [one.name for one in added]
    audit.record(actor, "role.changed", target=role, before={"removed": before}, after={"added": after})


def _check_grant(actor: Actor, role: Role, permissions: Iterable[Permission]) -> None:
    names = [permission.name for permission in permissions]
    policy.require_grantable(actor, names)
    misplaced = sorted(GATEWAY_ONLY & set(names)) if not role.fits(Role.Audience.STAFF) else []
    if misplaced:
        raise BadField(
            "permission_ids", _("Only for staff of the gateway: %(names)s.") % {"names": ", ".join(misplaced)}
        )


def _is_fixed(role: Role) -> bool:
    return role.name == Role.SUPER_ADMIN


def _check_ours(actor: Actor, role: Role) -> None:
    if role.is_system:
        raise WrongState(_("This role comes with the portal: it keeps its name and stays."))
    policy.require_grantable(actor, role.permissions.values_list("name", flat=True))


def _facts(role: Role, permissions: Iterable[Permission]) -> dict[str, object]:
    return {
        "name": role.name,
        "audience": role.audience,
        "permissions": sorted(permission.name for permission in permissions),
    }
