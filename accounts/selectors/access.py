"""Who may do what, and why: the same sets as the policy decides by, with the role or override that decides."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.table import PEOPLE_ONLY, ROLE_BESIDES
from accounts.models import ApiUser, Client, Permission, PermissionOverride, PortalUser, Role
from accounts.selectors import portal_users


@dataclass(frozen=True)
class Verdict:
    """Whether one right is there, and what decided.

    ``roles`` hold it, ``elsewhere`` are roles that would give it; ``override`` is True (granted), False (revoked) or
    None. ``but`` says what still stands in the way of a right that is held: "gateway" (never for people of a
    client), "asleep" (their client is not active), "off" (the account is switched off) or "people" (no key can use
    it). ``needs_role`` is a role that the operation wants besides.
    """

    permission: Permission
    roles: Sequence[str] = ()
    elsewhere: Sequence[str] = ()
    override: bool | None = None
    but: str = ""
    needs_role: str = ""

    @property
    def resource(self) -> str:
        return self.permission.name.partition(".")[0]

    @property
    def is_held(self) -> bool:
        return self.override if self.override is not None else bool(self.roles)

    @property
    def is_allowed(self) -> bool:
        return self.is_held and not self.but and not self.needs_role


def api_users_with_overrides(actor: Actor) -> QuerySet[ApiUser]:
    """The API users ``actor`` sees with client, role and overrides: two reads."""
    overrides = PermissionOverride.objects.select_related("permission").order_by("permission__name")
    return (
        policy.api_users_seen_by(actor)
        .select_related("client", "role")
        .prefetch_related(Prefetch("overrides", overrides))
        .order_by("developer_name", "pk")
    )


def api_user(actor: Actor, public_id: str) -> ApiUser | None:
    """One of those ``actor`` sees; None for anybody else, and for what is no id."""
    try:
        return api_users_with_overrides(actor).filter(public_id=UUID(public_id)).first()
    except ValueError:
        return None


def explain_person(portal: PortalUser) -> list[Verdict]:
    """Every permission there is, as ``portal`` has it or not: two reads beside its roles."""
    given = _given_by(Role.Audience.CLIENT if portal.client else Role.Audience.STAFF)
    held = {role.name for role in portal.roles.all()}
    return [
        Verdict(
            one,
            roles=[name for name in given.get(one.pk, ()) if name in held],
            elsewhere=[name for name in given.get(one.pk, ()) if name not in held],
            but=_what_stops(one.name, portal.client, is_on=portal.user.is_active),
            needs_role=_missing_role(one.name, held),
        )
        for one in Permission.objects.order_by("name")
    ]


def explain_api_user(api_user: ApiUser) -> list[Verdict]:
    """Every permission there is, as ``api_user`` has it or not: three reads."""
    given = _given_by(Role.Audience.API)
    overrides = {one.permission_id: one.is_allowed for one in api_user.overrides.all()}
    held = {api_user.role.name}
    return [
        Verdict(
            one,
            roles=[name for name in given.get(one.pk, ()) if name in held],
            elsewhere=[name for name in given.get(one.pk, ()) if name not in held],
            override=overrides.get(one.pk),
            but=_what_stops_key(one.name, api_user),
        )
        for one in Permission.objects.order_by("name")
    ]


@dataclass(frozen=True)
class Choice:
    """One line of an API user's rights as ``actor`` may edit them."""

    verdict: Verdict
    may_give: bool

    @property
    def permission(self) -> Permission:
        return self.verdict.permission

    @property
    def is_in_role(self) -> bool:
        return bool(self.verdict.roles)

    @property
    def may_follow_role(self) -> bool:
        """Letting the role decide gives the right back when the role has it."""
        return self.may_give or not self.is_in_role or self.verdict.override is None


def choices(actor: Actor, api_user: ApiUser) -> list[Choice]:
    """The rights an API user can use, and any other that somebody has set for it."""
    verdicts = explain_api_user(api_user)
    return [
        Choice(one, policy.may_grant(actor, one.permission.name))
        for one in verdicts
        if one.override is not None or one.permission.name not in PEOPLE_ONLY
    ]


def version_of(api_user: ApiUser) -> str:
    """A short name for the overrides of ``api_user``: two editors notice each other by it."""
    pairs = sorted((one.permission_id, one.is_allowed) for one in api_user.overrides.all())
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class PersonHolding:
    portal: PortalUser
    verdict: Verdict


@dataclass(frozen=True)
class ApiUserHolding:
    api_user: ApiUser
    verdict: Verdict


def people_who_may(actor: Actor, permission: Permission) -> list[PersonHolding]:
    """The people ``actor`` sees that hold ``permission`` by a role, with what stands in the way."""
    roles = set(permission.roles.values_list("name", flat=True))
    found = portal_users.people(actor).filter(roles__permissions=permission).distinct().order_by("user_name")
    return [PersonHolding(one, _verdict_of(one, permission, roles)) for one in found]


def _verdict_of(portal: PortalUser, permission: Permission, roles: set[str]) -> Verdict:
    names = {role.name for role in portal.roles.all()}
    return Verdict(
        permission,
        roles=sorted(names & roles),
        but=_what_stops(permission.name, portal.client, is_on=portal.user.is_active),
        needs_role=_missing_role(permission.name, names),
    )


def api_users_who_may(actor: Actor, permission: Permission) -> list[ApiUserHolding]:
    """The API users ``actor`` sees that hold ``permission``, or would if an override did not take it away."""
    roles = set(permission.roles.values_list("pk", flat=True))
    seen = api_users_with_overrides(actor)
    found = seen.filter(role__in=roles) | seen.filter(overrides__permission=permission)
    return [ApiUserHolding(one, _api_verdict(one, permission, roles)) for one in found.distinct()]


def _api_verdict(api_user: ApiUser, permission: Permission, roles: set[int]) -> Verdict:
    overrides = {one.permission_id: one.is_allowed for one in api_user.overrides.all()}
    return Verdict(
        permission,
        roles=(api_user.role.name,) if api_user.role_id in roles else (),
        override=overrides.get(permission.pk),
        but=_what_stops_key(permission.name, api_user),
    )


def _given_by(audience: str) -> Mapping[int, Sequence[str]]:
    """Names of the roles for ``audience`` by the permission they hold. One read."""
    pairs = Role.permissions.through.objects.filter(role__in=Role.objects.fitting(audience)).order_by("role__name")
    found: dict[int, list[str]] = {}
    for permission, name in pairs.values_list("permission_id", "role__name"):
        found.setdefault(permission, []).append(name)
    return found


def _what_stops(permission: str, client: Client | None, *, is_on: bool) -> str:
    return policy.obstacle(permission, client) if is_on else "off"


def _what_stops_key(permission: str, api_user: ApiUser) -> str:
    """An API user has no session, so what only people can do stays shut."""
    stopped = _what_stops(permission, api_user.client, is_on=api_user.is_active)
    return stopped or ("people" if permission in PEOPLE_ONLY else "")


def _missing_role(permission: str, held: set[str]) -> str:
    needed = ROLE_BESIDES.get(permission, "")
    return "" if needed in held else needed
