"""Registering permissions beyond those of the table of routes (TeraPay contract 4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from accounts.access.registry import shape_of
from accounts.errors import Taken
from accounts.models import Permission, Role
from accounts.services import audit
from config.lib.errors import Invalid

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_AT_ONCE = 500
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)+", re.ASCII)
_ROUTE = re.compile(r"/api(/([A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9_]*\}))+", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """A permission to be: ``route_pattern`` starts with /api/, ``{name}`` in it stands for one segment."""

    name: str
    http_method: str
    route_pattern: str

    @property
    def shape(self) -> str:
        return shape_of(self.route_pattern)


@dataclass(frozen=True)
class Skipped:
    name: str
    reason: str


@transaction.atomic
def create_permission(*, actor: Actor, wanted: Wanted) -> Permission:
    """Register one permission and give it to SuperAdmin. Raises `Invalid`, `Taken` (name, or method and route)."""
    clean = _clean(wanted)
    super_admin = _lock()
    reason = _reason_to_skip(clean, *_known())
    if reason:
        raise Taken(reason)
    return _create(actor, clean, super_admin)


@transaction.atomic
def create_permissions(*, actor: Actor, wanted: Sequence[Wanted]) -> tuple[list[Permission], list[Skipped]]:
    """Register those that do not exist; the second of two alike is skipped. An invalid element stores nothing.

    Raises `Invalid` for an empty list, one of over 500, or a wrong element.
    """
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise Invalid(_("Send between 1 and %(most)d permissions.") % {"most": MOST_AT_ONCE})
    clean = [_clean(one, place=place) for place, one in enumerate(wanted, 1)]
    super_admin = _lock()
    names, routes = _known()
    created, skipped = [], []
    for one in clean:
        reason = _reason_to_skip(one, names, routes)
        if reason:
            skipped.append(Skipped(one.name, reason))
            continue
        created.append(_create(actor, one, super_admin))
        names.add(one.name.lower())
        routes.add((one.http_method, one.shape))
    return created, skipped


def _clean(wanted: Wanted, *, place: int = 0) -> Wanted:
    clean = Wanted(wanted.name.strip(), wanted.http_method.strip().upper(), wanted.route_pattern.strip())
    wrong: dict[str, list[str]] = {}
    if len(clean.name) > 100 or not _NAME.fullmatch(clean.name):
        wrong["name"] = [_("A name looks like Resource.Action, at most 100 characters.")]
    if clean.http_method not in METHODS:
        wrong["http_method"] = [_("One of %(methods)s.") % {"methods": ", ".join(METHODS)}]
    if len(clean.route_pattern) > 200 or not _ROUTE.fullmatch(clean.route_pattern):
        wrong["route_pattern"] = [_("A route starts with /api/; {name} stands for one segment.")]
    if wrong:
        where = _("Permission %(place)d is not right.") % {"place": place} if place else _("This is not right.")
        raise Invalid(where, code="invalid", fields=wrong)
    return clean


def _lock() -> Role:
    """SuperAdmin gets whatever is made, so its row is where makers wait for each other."""
    return Role.objects.select_for_update().get(name=Role.SUPER_ADMIN)


def _known() -> tuple[set[str], set[tuple[str, str]]]:
    rows = list(Permission.objects.values_list("name", "http_method", "route_shape"))
    return {name.lower() for name, _method, _shape in rows}, {(method, shape) for _name, method, shape in rows}


def _reason_to_skip(wanted: Wanted, names: set[str], routes: set[tuple[str, str]]) -> str:
    if wanted.name.lower() in names:
        return _("This name is taken.")
    if (wanted.http_method, wanted.shape) in routes:
        return _("This method of this route has a permission already.")
    return ""


def _create(actor: Actor, wanted: Wanted, super_admin: Role) -> Permission:
    permission = Permission.objects.create(
        name=wanted.name,
        http_method=wanted.http_method,
        route_pattern=wanted.route_pattern,
        route_shape=wanted.shape,
    )
    permission.roles.add(super_admin)
    after = {"method": wanted.http_method, "route": wanted.route_pattern, "roles": [super_admin.name]}
    audit.record(actor, "permission.created", target=permission, after=after)
    return permission
