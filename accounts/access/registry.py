"""Brings the permissions and roles of the database in line with the table of routes. Runs after every migration."""

import re

from django.db import transaction

from accounts.access.table import SYSTEM_ROLES, Right, rights
from accounts.models import Permission, Role


def shape_of(route: str) -> str:
    """The pattern with nameless parameters: ``/api/banks/{code}`` and ``/api/banks/{x}`` are one route."""
    return re.sub(r"\{[^}]*\}", "{}", route)


@transaction.atomic
def sync() -> list[str]:
    """Make what is missing; returns the names of new permissions. What staff changed since is left as it is.

    A new permission goes to SuperAdmin and to the roles the table names, a new role gets what the table gives it; a
    later run gives nothing back that somebody took away.
    """
    made = [_role(name) for name in SYSTEM_ROLES]
    roles = {role.name: role for role, _ in made}
    known = {permission.name: permission for permission in Permission.objects.all()}
    for role in (role for role, is_new in made if is_new):
        role.permissions.add(*(known[right.name] for right in _rights_of(role) if right.name in known))
    fresh = [_follow(right, known, roles) for right in rights()]
    return [name for name in fresh if name]


def _role(name: str) -> tuple[Role, bool]:
    return Role.objects.get_or_create(name=name, defaults={"audience": SYSTEM_ROLES[name], "is_system": True})


def _rights_of(role: Role) -> list[Right]:
    return [right for right in rights() if role.name in right.holders]


def _follow(right: Right, known: dict[str, Permission], roles: dict[str, Role]) -> str:
    permission = known.get(right.name)
    if permission is None:
        permission = Permission.objects.create(
            name=right.name, http_method=right.method, route_pattern=right.route, route_shape=shape_of(right.route)
        )
        permission.roles.add(roles[Role.SUPER_ADMIN], *(roles[holder] for holder in right.holders))
        return right.name
    if (permission.http_method, permission.route_pattern) != (right.method, right.route):
        permission.http_method, permission.route_pattern = right.method, right.route
        permission.route_shape = shape_of(right.route)
        permission.save(update_fields=["http_method", "route_pattern", "route_shape"])
    return ""
