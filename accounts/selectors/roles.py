"""Reading roles: lists, the matrix of roles and permissions, two roles side by side."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count, Prefetch, Q, QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.table import GATEWAY_ONLY
from accounts.models import ApiUser, Permission, PortalUser, Role

# Every tick is a field of one form, and a form has an end (DATA_UPLOAD_MAX_NUMBER_FIELDS). The style sheet knows
# twelve columns.
MOST_TICKS, MOST_COLUMNS = 900, 12


def permissions() -> QuerySet[Permission]:
    """All of them, resource by resource."""
    return Permission.objects.order_by("name")


def with_permissions(roles: QuerySet[Role]) -> QuerySet[Role]:
    """``roles`` by name with the permissions each holds, in two reads."""
    return roles.order_by("name").prefetch_related(Prefetch("permissions", permissions()))


def counted(actor: Actor) -> QuerySet[Role]:
    """The roles ``actor`` sees, ours first, with how many rights each has and how many hold it."""
    return (
        policy.roles_seen_by(actor)
        .annotate(
            rights=Count("permissions", distinct=True),
            holders=Count("people", filter=Q(people__user__is_active=True), distinct=True)
            + Count("api_users", filter=Q(api_users__is_active=True), distinct=True),
        )
        .order_by("-audience", "name")
    )


def people_with(actor: Actor, role: Role) -> QuerySet[PortalUser]:
    """Who holds ``role``, of those ``actor`` sees."""
    return policy.portal_users_seen_by(actor).filter(roles=role).select_related("user", "client").order_by("user_name")


def api_users_with(actor: Actor, role: Role) -> QuerySet[ApiUser]:
    return policy.api_users_seen_by(actor).filter(role=role).select_related("client").order_by("developer_name")


def version_of(held: Iterable[int]) -> str:
    """A short name for a set of permissions (keys of the database): equal sets have equal names."""
    return hashlib.sha256(",".join(map(str, sorted(held))).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Cell:
    """A tick of the matrix. ``fixed`` says why it cannot be changed by this editor; empty = it can."""

    role: Role
    permission: Permission
    is_held: bool
    fixed: str
    is_news: bool = False


@dataclass(frozen=True)
class Row:
    permission: Permission
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Group:
    """The rights over one resource: the part of their names before the point."""

    resource: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Column:
    role: Role
    shown: frozenset[int]
    version: str


@dataclass(frozen=True)
class Matrix:
    columns: Sequence[Column]
    groups: Sequence[Group]
    left_out: int

    @property
    def can_change(self) -> bool:
        return any(column.shown for column in self.columns)


def matrix(
    actor: Actor, roles: QuerySet[Role], *, words: str = "", ticks: dict[int, frozenset[int]] | None = None
) -> Matrix:
    """Roles by permissions as ``actor`` may edit them, in three reads whatever their number.

    ``words`` keeps the permissions that contain them. ``ticks`` (role -> permissions) are what an editor wants
    whose form was refused: they stand in place of what the role holds, and what differs is marked.
    """
    wanted = permissions()
    for word in words.split()[:5]:
        wanted = wanted.filter(Q(name__icontains=word) | Q(route_pattern__icontains=word))
    shown = list(wanted)
    found = list(roles.prefetch_related("permissions"))
    most = min(MOST_COLUMNS, max(1, MOST_TICKS // max(1, len(shown))))
    columns = [_column(actor, role, shown) for role in found[:most]]
    held = {column.role.pk: frozenset(one.pk for one in column.role.permissions.all()) for column in columns}
    rows = [Row(one, [_cell(actor, column, one, held, ticks or {}) for column in columns]) for one in shown]
    by_resource = groupby(rows, key=lambda row: _resource_of(row.permission))
    groups = [Group(resource, list(part)) for resource, part in by_resource]
    return Matrix(columns, groups, left_out=max(0, len(found) - most))


def _column(actor: Actor, role: Role, shown: Iterable[Permission]) -> Column:
    open_to = frozenset(permission.pk for permission in shown if not why_fixed(actor, role, permission))
    held = {permission.pk for permission in role.permissions.all()}
    return Column(role, open_to, version_of(held & open_to))


def _cell(
    actor: Actor,
    column: Column,
    permission: Permission,
    held: dict[int, frozenset[int]],
    ticks: dict[int, frozenset[int]],
) -> Cell:
    fixed = why_fixed(actor, column.role, permission)
    is_held = permission.pk in held[column.role.pk]
    asked = is_held if fixed or column.role.pk not in ticks else permission.pk in ticks[column.role.pk]
    return Cell(column.role, permission, asked, fixed, is_news=asked != is_held)


def why_fixed(actor: Actor, role: Role, permission: Permission) -> str:
    """A code for why ``actor`` cannot change whether ``role`` holds ``permission``; empty when it can."""
    if role.name == Role.SUPER_ADMIN:
        return "super"
    if not policy.allows(actor, "RolePermissions.Update"):
        return "look"
    if not role.fits(Role.Audience.STAFF) and permission.name in GATEWAY_ONLY:
        return "gateway"
    return "" if policy.may_grant(actor, permission.name) else "beyond"


@dataclass(frozen=True)
class Held:
    """What a role may over one resource."""

    resource: str
    permissions: Sequence[Permission]


def by_resource(role: Role) -> list[Held]:
    """The rights of ``role``, resource by resource."""
    rights = role.permissions.order_by("name")
    return [Held(resource, list(part)) for resource, part in groupby(rights, key=_resource_of)]


def _resource_of(permission: Permission) -> str:
    return permission.name.partition(".")[0]


@dataclass(frozen=True)
class Difference:
    permission: Permission
    in_first: bool
    in_second: bool

    @property
    def differs(self) -> bool:
        return self.in_first != self.in_second


def compare(first: Role, second: Role, *, only_differences: bool = False) -> list[Difference]:
    """Every permission that one of the two holds, and which of them does."""
    left, right = (set(role.permissions.values_list("pk", flat=True)) for role in (first, second))
    lines = [Difference(one, one.pk in left, one.pk in right) for one in permissions() if one.pk in left | right]
    return [line for line in lines if line.differs or not only_differences]


def assignable(actor: Actor, audiences: Collection[str]) -> list[Role]:
    """The roles ``actor`` may give to holders of the kinds in ``audiences``, two reads."""
    roles = with_permissions(policy.roles_seen_by(actor).fitting(*audiences))
    return [role for role in roles if policy.may_assign(actor, role)]
