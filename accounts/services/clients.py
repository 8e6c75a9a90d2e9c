"""The life of a client: registered, approved or rejected, changed, deactivated (TeraPay contract 3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor
from accounts.errors import BadField, NotFound, Taken, WrongState
from accounts.models import ApiUser, Client, PortalUser, Role, User
from accounts.reasons import REJECTIONS
from accounts.selectors.addresses import owner_of
from accounts.services import audit, invitations, keys, letters, sessions
from accounts.services.fields import Fields
from config.lib.clock import now
from config.lib.errors import TooMany
from config.lib.limits import TokenWindow

HOME = "Sierra Leone"
MOST_REASON = 500

# What a client says about how it is reached, which its own people change, and what was looked at before it was let in,
# which staff change (never its kind, on which the number of its API users hangs).
REACHED_BY = ("contact_person", "phone_number", "address", "city", "state")
APPROVED = ("name", "email", "country")

# How each fact about a client is read from what was given, by the name of its column.
_READ: dict[str, Callable[[Fields], str]] = {
    "client_type": lambda fields: fields.choice("client_type", dict(Client.Kind.choices)),
    "name": lambda fields: fields.line("name", most=200, required=True),
    "contact_person": lambda fields: fields.line("contact_person", most=200, required=True),
    "phone_number": lambda fields: fields.phone("phone_number"),
    "email": lambda fields: fields.email("email_address"),
    "address": lambda fields: fields.line("address", most=300),
    "city": lambda fields: fields.line("city", most=100),
    "state": lambda fields: fields.line("state", most=100),
    "country": lambda fields: fields.line("country", most=100) or HOME,
}


@dataclass(frozen=True)
class Approval:
    """What approving did; ``api_user`` is the one an individual got."""

    client: Client
    api_user: ApiUser | None


def register(*, actor: Actor, language: str = "en", **given: Any) -> Client:
    """Take a registration: the client in Pending, and its portal admin with a link to choose a password by mail.

    ``given``: client_type, name, contact_person, phone_number, email_address, and maybe address, city, state,
    country. Raises `Invalid` with every wrong field, `TooMany` (per address and per hour), `Taken` for an e-mail
    address that any client or user has.
    """
    facts = _facts_of(given)
    _count(actor, facts["email"])
    try:
        with transaction.atomic():
            return _register(actor, facts, language)
    except IntegrityError:
        # Two registrations of one address at the same moment: the table decided.
        raise _taken() from None


def _facts_of(given: dict[str, Any]) -> dict[str, str]:
    return _read(given, _READ)


def _read(given: dict[str, Any], columns: Iterable[str]) -> dict[str, str]:
    fields = Fields(given)
    facts = {column: _READ[column](fields) for column in columns}
    fields.check()
    return facts


def _count(actor: Actor, email: str) -> None:
    """Registrations per hour: a few from one network address, fewer for one e-mail address."""
    most = settings.CLIENT_REGISTRATIONS_PER_HOUR
    for name, limit in ((f"ip:{actor.origin.address}", most), (f"mail:{email}", max(3, most // 3))):
        wait = TokenWindow(f"join:{name}", limit=limit, seconds=3600).take()
        if wait:
            raise TooMany(_("Too many registrations. Please try again later."), retry_after=wait, code="throttled")


def _register(actor: Actor, facts: dict[str, str], language: str) -> Client:
    _require_free(facts["email"])
    client = Client.objects.create(**facts)
    user = _first_person(client, language)
    invitations.invite(user, letter="registration")
    audit.record(actor, "client.registered", target=client, after={**facts, "status": client.status})
    return client


def _require_free(email: str, *, client: Client | None = None) -> None:
    """Nobody has the address but ``client`` and its own people."""
    owner = owner_of(email)
    clients, people = Client.objects.all(), PortalUser.objects.all()
    if client is not None:
        clients, people = clients.exclude(pk=client.pk), people.exclude(client=client)
        owner = None if client.people.filter(user=owner).exists() else owner
    if (
        clients.filter(email__iexact=email).exists()
        or owner is not None
        or people.filter(user_name__iexact=email).exists()
    ):
        raise _taken()


def _taken() -> Taken:
    return Taken(
        _("This e-mail address is registered already."),
        fields={"email_address": [_("This e-mail address is registered already. Sign in, or use another one.")]},
    )


def _first_person(client: Client, language: str) -> User:
    """The portal admin every client starts with; there is no password until the link was opened."""
    at_home = client.phone_number.startswith("+232")
    user = User.objects.create_user(
        client.email,
        display_name=client.contact_person[:100],
        language=language if language in dict(settings.LANGUAGES) else "en",
        timezone="Africa/Freetown" if at_home else "Asia/Jakarta",
    )
    portal = PortalUser.objects.create(user=user, client=client, user_name=user.email)
    portal.roles.add(Role.objects.get(name=Role.PORTAL_ADMIN))
    return user


@transaction.atomic
def approve(*, actor: Actor, client: Client) -> Approval:
    """Let a pending client in. An individual gets its one API user, and that one's key by mail, never here.

    Raises `WrongState` unless the client is Pending.
    """
    found = _locked(client, Client.Status.PENDING, _("Only a client that waits for approval can be approved."))
    found.status, found.approved_by = Client.Status.ACTIVE, actor.user
    found.approved_at = found.decided_at = now()
    found.save(update_fields=["status", "approved_by", "approved_at", "decided_at"])
    api_user, raw = _provision(actor, found) if _needs_api_user(found) else (None, "")
    _tell(found, "approved", api_user=api_user, key=raw)
    audit.record(actor, "client.approved", target=found, before={"status": "Pending"}, after={"status": found.status})
    return Approval(found, api_user)


def _needs_api_user(client: Client) -> bool:
    return client.client_type == Client.Kind.INDIVIDUAL and not client.api_users.exists()


def _provision(actor: Actor, client: Client) -> tuple[ApiUser, str]:
    """The one API user of an individual, with a live key: the second value is for its mail alone."""
    api_user = ApiUser.objects.create(
        client=client,
        developer_name=client.contact_person or client.name,
        developer_email=client.email,
        developer_phone_number=client.phone_number,
        role=Role.objects.get(name=Role.API_USER),
    )
    audit.record(
        actor,
        "api_user.created",
        target=api_user,
        after={"developer_email": api_user.developer_email, "role": api_user.role.name},
    )
    return api_user, keys.issue(actor=actor, api_user=api_user, is_sandbox=False, name=_key_name(client)).raw


def _key_name(client: Client) -> str:
    with translation.override(_language_of(client)):
        return translation.gettext("First key")


@transaction.atomic
def reject(*, actor: Actor, client: Client, code: str = "", reason: str = "") -> Client:
    """Turn a registration down. ``code`` is one of `accounts.reasons.REJECTIONS`, ``reason`` free words; both may be
    empty. What results is kept and mailed in the client's language, at most 500 characters.

    Raises `WrongState` unless the client is Pending, `BadField` ("code", "reason").
    """
    found = _locked(client, Client.Status.PENDING, _("Only a client that waits for approval can be rejected."))
    found.rejection_reason = _reason(found, code, reason)
    found.status, found.decided_at = Client.Status.REJECTED, now()
    found.save(update_fields=["status", "rejection_reason", "decided_at"])
    _tell(found, "rejected")
    after = {"status": found.status, "code": code, "reason": found.rejection_reason}
    audit.record(actor, "client.rejected", target=found, before={"status": "Pending"}, after=after)
    return found


def _reason(client: Client, code: str, words: str) -> str:
    if code and code not in REJECTIONS:
        raise BadField("code", _("Choose a reason from the list."))
    with translation.override(_language_of(client)):
        text = " ".join(part for part in (str(REJECTIONS.get(code, "")), words.strip()) if part)
    if len(text) > MOST_REASON:
        raise BadField("reason", _("At most %(most)d characters.") % {"most": MOST_REASON})
    return text


@transaction.atomic
def deactivate(*, actor: Actor, client: Client, reason: str = "") -> Client:
    """Shut an active client out: its keys are refused from the next call on, its people are signed out.

    Raises `WrongState` unless the client is Active. There is no way back (TeraPay contract 3).
    """
    found = _locked(client, Client.Status.ACTIVE, _("Only an active client can be deactivated."))
    if len(reason) > MOST_REASON:
        raise BadField("reason", _("At most %(most)d characters.") % {"most": MOST_REASON})
    found.status, found.decided_at = Client.Status.DEACTIVATED, now()
    found.save(update_fields=["status", "decided_at"])
    for person in User.objects.filter(portal__client=found):
        sessions.end_all(person)
    _tell(found, "deactivated", reason=reason.strip())
    after = {"status": found.status, "reason": reason.strip()}
    audit.record(actor, "client.deactivated", target=found, before={"status": "Active"}, after=after)
    return found


@transaction.atomic
def send_key_again(*, actor: Actor, client: Client) -> ApiUser:
    """For an individual whose mail with the key did not arrive: end the keys never used, and mail a new one.

    Raises `WrongState` unless the client is an active individual whose key was never used.
    """
    found = _locked(client, Client.Status.ACTIVE, _("The client is not active."))
    api_user = found.api_users.filter(is_active=True).first()
    if found.client_type != Client.Kind.INDIVIDUAL or api_user is None:
        raise WrongState(_("Only an individual gets its key by mail. Companies make their keys themselves."))
    _end_unused_keys(actor, api_user)
    raw = keys.issue(actor=actor, api_user=api_user, is_sandbox=False, name=_key_name(found)).raw
    _tell(found, "key", api_user=api_user, key=raw)
    return api_user


def _end_unused_keys(actor: Actor, api_user: ApiUser) -> None:
    live = api_user.keys.select_for_update(of=("self",)).filter(is_sandbox=False, revoked_at__isnull=True)
    if live.filter(last_used_at__isnull=False).exists():
        raise WrongState(_("The key has been used, so it arrived. A new one is made on the page of the API user."))
    for key in live:
        keys.revoke(actor=actor, key=key)


def changeable_by(actor: Actor, client: Client) -> tuple[str, ...]:
    """Which facts about ``client`` this actor may change; none of one that was turned down or shut out."""
    if client.status not in {Client.Status.PENDING, Client.Status.ACTIVE}:
        return ()
    # A single developer is its own contact person.
    reached = REACHED_BY[1:] if client.client_type == Client.Kind.INDIVIDUAL else REACHED_BY
    return (*APPROVED, *reached) if actor.is_gateway_staff else reached


def change(*, actor: Actor, client: Client, **given: Any) -> Client:
    """Change what a client has told about itself: ``given`` as for `register`, and all that `changeable_by` names.

    What staff change is mailed to the client, at its old address and at the new one. Quiet when nothing is new.
    Raises `WrongState` unless it waits or is active, `Invalid` with every wrong field, `Taken` for an e-mail address
    of somebody else.
    """
    try:
        with transaction.atomic():
            return _change(actor, _locked(client), given)
    except IntegrityError:
        raise _taken() from None


def _change(actor: Actor, client: Client, given: dict[str, Any]) -> Client:
    columns = changeable_by(actor, client)
    if not columns:
        raise WrongState(_("Only a client that waits or is active can be changed."))
    facts = _read(given, columns)
    if "name" in facts and "contact_person" not in facts:
        facts["contact_person"] = facts["name"]
    before = {column: getattr(client, column) for column in facts if getattr(client, column) != facts[column]}
    if not before:
        return client
    if "email" in before:
        _require_free(facts["email"], client=client)
    for column in before:
        setattr(client, column, facts[column])
    client.save(update_fields=list(before))
    if actor.is_gateway_staff:
        _tell_of_change(client, before)
    audit.record(actor, "client.changed", target=client, before=before, after={name: facts[name] for name in before})
    return client


def _tell_of_change(client: Client, before: dict[str, str]) -> None:
    words = [field.verbose_name for field in Client._meta.fields if field.name in before]
    for address in dict.fromkeys([before.get("email", client.email), client.email]):
        _tell(client, "changed", to=address, words=words)


def _locked(client: Client, state: str = "", otherwise: Any = "") -> Client:
    """The row as it is now, held until the end of the transaction; in ``state``, if one is named."""
    found = Client.objects.select_for_update().filter(pk=client.pk).first()
    if found is None:
        raise NotFound
    if state and found.status != state:
        raise WrongState(otherwise)
    return found


def _language_of(client: Client) -> str:
    first = User.objects.filter(portal__client=client).order_by("pk").values_list("language", flat=True).first()
    return first or "en"


def _tell(client: Client, letter: str, *, to: str = "", **context: Any) -> None:
    letters.send(
        f"client_{letter}",
        to=to or client.email,
        language=_language_of(client),
        client=client,
        base_url=settings.BASE_URL,
        **context,
    )
