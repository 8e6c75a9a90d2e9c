"""People who work here, staff of the gateway and of clients: made, given roles, switched off and on again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.tokens import count_password_change
from accounts.errors import BadField, LastSuperAdmin, NotAllowed, NotFound, Taken, TooMuchGranted, WrongState
from accounts.models import ApiKey, Client, PortalUser, Role, User
from accounts.selectors.addresses import owner_of
from accounts.services import audit, invitations, keys, sessions
from accounts.services.fields import Fields
from config.lib.clock import now


@dataclass(frozen=True)
class Created:
    """A new person; ``issued`` is the key pair that was asked for, whose secret is shown this once."""

    portal: PortalUser
    issued: keys.Issued | None


def create_portal_user(
    *,
    actor: Actor,
    email: str,
    user_name: str = "",
    display_name: str = "",
    roles: Iterable[str] = (),
    client: Client | None = None,
    with_key: bool = False,
    language: str = "en",
) -> Created:
    """Make a person of ``client`` (None: of the gateway) with ``roles`` (names), and mail a link to choose a password.

    People of a client make people of that client only. Raises `Invalid` with the wrong fields, `TooMuchGranted`,
    `Taken` for an e-mail address or user name in use, `WrongState` for a client that was turned away.
    """
    fields = Fields({"email": email, "user_name": user_name, "display_name": display_name})
    facts = {"email": fields.email("email"), "display_name": fields.line("display_name", most=100)}
    facts["user_name"] = fields.line("user_name", most=200) or facts["email"]
    fields.check()
    home = actor.client or client
    if home is not None and home.status in (Client.Status.REJECTED, Client.Status.DEACTIVATED):
        raise WrongState(_("This client was turned away: nobody can be added to it."))
    try:
        with transaction.atomic():
            return _create(actor, facts, home, set(roles), with_key=with_key, language=language)
    except IntegrityError:
        # Two of one address at the same moment: the table decided.
        raise _taken("email") from None


def _create(
    actor: Actor, facts: dict[str, str], client: Client | None, names: set[str], *, with_key: bool, language: str
) -> Created:
    _require_free(facts["email"], facts["user_name"])
    roles = _roles(actor, names, client)
    policy.require_assignable(actor, roles)
    user = User.objects.create_user(
        facts["email"],
        display_name=facts["display_name"],
        language=language,
        timezone="Africa/Freetown" if client is not None and client.country == "Sierra Leone" else "Asia/Jakarta",
    )
    portal = PortalUser.objects.create(user=user, client=client, user_name=facts["user_name"])
    _give(portal, roles)
    invitations.invite(user)
    after = {"email": user.email, "client": client.name if client else None, "roles": _names(roles)}
    audit.record(actor, "portal_user.created", target=portal, after=after)
    return Created(portal, keys.issue_for_person(actor=actor, user=user) if with_key else None)


@transaction.atomic
def change_roles(*, actor: Actor, portal: PortalUser, roles: Iterable[str]) -> PortalUser:
    """Let ``portal`` hold exactly ``roles`` (names), from its next request on.

    Raises `NotAllowed` for the own roles, `BadField` ("roles"), `TooMuchGranted` when a role given or taken has more
    rights than the actor, `LastSuperAdmin`.
    """
    names = set(roles)
    if actor.user is not None and actor.user.pk == portal.user_id:
        raise NotAllowed(_("Nobody changes their own roles. Ask somebody else."))
    _lock_super_admin()
    locked = _lock(portal)
    held = list(locked.roles.prefetch_related("permissions"))
    kept = [role for role in held if role.name in names]
    given = _roles(actor, names - {role.name for role in held}, locked.client)
    taken = [role for role in held if role.name not in names]
    if not given and not taken:
        return locked
    policy.require_assignable(actor, [*given, *taken])
    if any(role.name == Role.SUPER_ADMIN for role in taken):
        _require_another_super_admin(locked)
    _give(locked, [*kept, *given])
    before, after = {"roles": _names(held)}, {"roles": _names([*kept, *given])}
    audit.record(actor, "portal_user.roles_changed", target=locked, before=before, after=after)
    return locked


@transaction.atomic
def deactivate(*, actor: Actor, portal: PortalUser) -> PortalUser:
    """Shut somebody out: sessions end, keys are revoked, the password is gone; row and records stay.

    Raises `WrongState` for the own account, `LastSuperAdmin`, `TooMuchGranted` for somebody with more rights.
    """
    if actor.user is not None and actor.user.pk == portal.user_id:
        raise WrongState(_("Nobody deactivates their own account. Ask somebody else."))
    _lock_super_admin()
    locked = _lock(portal)
    _require_not_above(actor, locked)
    if not locked.user.is_active:
        return locked
    if locked.roles.filter(name=Role.SUPER_ADMIN).exists():
        _require_another_super_admin(locked)
    _switch(locked, on=False)
    revoked = _revoke_keys(locked.user)
    sessions.end_all(locked.user)
    audit.record(
        actor, "portal_user.deactivated", target=locked, before={"active": True}, after={"active": False, **revoked}
    )
    return locked


@transaction.atomic
def reactivate(*, actor: Actor, portal: PortalUser) -> PortalUser:
    """Let somebody in again with the roles they had; they choose a new password by mail. Revoked keys stay so."""
    locked = _lock(portal)
    _require_not_above(actor, locked)
    if locked.user.is_active:
        return locked
    _switch(locked, on=True)
    invitations.invite(locked.user)
    audit.record(actor, "portal_user.reactivated", target=locked, before={"active": False}, after={"active": True})
    return locked


@transaction.atomic
def send_link_again(*, actor: Actor, portal: PortalUser) -> None:
    """Mail another link to somebody who has not chosen a password yet. Raises `WrongState` otherwise."""
    locked = _lock(portal)
    if not locked.user.is_active or locked.user.has_usable_password():
        raise WrongState(_("This person has a password already. Forgotten ones are replaced on the sign-in page."))
    invitations.invite(locked.user)
    audit.record(actor, "portal_user.invited", target=locked)


def appoint_first_administrator(user: User) -> User:
    """Give ``user`` SuperAdmin and CompanyAdmin: approving clients is CompanyAdmin's alone (TeraPay contract 1)."""
    with transaction.atomic():
        portal, _created = PortalUser.objects.get_or_create(user=user, defaults={"user_name": user.email})
        powers = Role.objects.filter(name__in=[Role.SUPER_ADMIN, Role.COMPANY_ADMIN])
        _give(portal, [*portal.roles.exclude(pk__in=powers), *powers])
    user.is_staff = True
    return user


@transaction.atomic
def appoint_administrator(*, actor: Actor, email: str, force: bool = False) -> tuple[User, bool]:
    """Make the person of ``email`` (a new one if nobody has it) administrator; whether a link was mailed.

    Raises `WrongState` when an administrator exists (unless ``force``), or for a person of a client; `Invalid`.
    """
    fields = Fields({"email": email})
    address = fields.email("email")
    fields.check()
    _lock_super_admin()
    if not force and _super_admins().exists():
        raise WrongState(_("There is an administrator already."))
    user = User.objects.filter(email=address).first() or User.objects.create_user(address)
    portal = getattr(user, "portal", None)
    if not user.is_active or (portal is not None and portal.client_id is not None):
        raise WrongState(_("This account is switched off, or belongs to a client."))
    before = list(portal.roles.all()) if portal is not None else []
    appoint_first_administrator(user)
    portal = PortalUser.objects.get(user=user)
    needs_link = not user.has_usable_password()
    if needs_link:
        invitations.invite(user)
    after = {"roles": _names(portal.roles.all())}
    audit.record(actor, "portal_user.appointed", target=portal, before={"roles": _names(before)}, after=after)
    return user, needs_link


def _give(portal: PortalUser, roles: Collection[Role]) -> None:
    """The one place where somebody's roles are set; whether they are staff follows from them."""
    portal.roles.set(roles)
    is_staff = portal.client_id is None and any(role.fits(Role.Audience.STAFF) for role in roles)
    User.objects.filter(pk=portal.user_id).update(is_staff=is_staff)


def _switch(portal: PortalUser, *, on: bool) -> None:
    user = portal.user
    user.is_active = on
    # A session or token from before must not come to life again with the account.
    user.set_unusable_password()
    count_password_change(user)
    user.save(update_fields=["is_active", "password", "credentials_version"])


def _revoke_keys(user: User) -> dict[str, list[str]]:
    live = list(ApiKey.objects.select_for_update(of=("self",)).filter(user=user, revoked_at__isnull=True))
    ApiKey.objects.filter(pk__in=[key.pk for key in live]).update(revoked_at=now())
    return {"revoked_keys": [key.prefix for key in live]} if live else {}


def _require_free(email: str, user_name: str) -> None:
    if owner_of(email) is not None:
        raise _taken("email")
    # The address of somebody else is no name to be called by: it is what they sign in with.
    of_another = User.objects.filter(email=user_name.lower())
    if of_another.exists() or PortalUser.objects.filter(user_name__iexact=user_name).exists():
        raise _taken("user_name")


def _taken(field: str) -> Taken:
    words = {"email": _("This e-mail address is in use."), "user_name": _("This user name is in use.")}
    return Taken(words[field], fields={field: [words[field]]})


def _roles(actor: Actor, names: Collection[str], client: Client | None) -> list[Role]:
    """The roles called ``names``, locked so that none is deleted meanwhile. Raises `BadField` for others."""
    seen = policy.roles_seen_by(actor).filter(name__in=names).order_by("pk")
    found = list(seen.select_for_update(of=("self",)).prefetch_related("permissions"))
    unknown = sorted(set(names) - {role.name for role in found})
    if unknown:
        raise BadField("roles", _("There is no role called %(name)s.") % {"name": unknown[0][:60]})
    fitting = Role.Audience.CLIENT if client is not None else Role.Audience.STAFF
    misplaced = [role.name for role in found if not role.fits(fitting)]
    if misplaced:
        raise BadField("roles", _("Not for this kind of person: %(names)s.") % {"names": ", ".join(misplaced)})
    return found


def _lock(portal: PortalUser) -> PortalUser:
    rows = PortalUser.objects.select_for_update(of=("self", "user")).select_related("user", "client")
    found = rows.filter(pk=portal.pk).first()
    if found is None:
        raise NotFound
    return found


def _lock_super_admin() -> Role:
    """Whoever may end up removing a SuperAdmin waits here: two who remove each other go one after the other."""
    return Role.objects.select_for_update().get(name=Role.SUPER_ADMIN)


def _super_admins() -> QuerySet[PortalUser]:
    return PortalUser.objects.filter(roles__name=Role.SUPER_ADMIN, user__is_active=True)


def _require_another_super_admin(portal: PortalUser) -> None:
    if not _super_admins().filter(~Q(pk=portal.pk)).exists():
        raise LastSuperAdmin


def _require_not_above(actor: Actor, portal: PortalUser) -> None:
    if policy.is_unbound(actor):
        return
    # Shutting somebody out takes every role away, with the powers that go beyond its rights.
    if not all(policy.may_assign(actor, role) for role in portal.roles.prefetch_related("permissions")):
        raise TooMuchGranted(_("This person has rights that you do not have."))


def _names(roles: Iterable[Role]) -> Sequence[str]:
    return sorted(role.name for role in roles)
