"""The life of bearer keys: made, replaced, fenced in, ended (TeraPay contract 5)."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import keys
from accounts.access.actors import Actor
from accounts.errors import AlreadyMade, BadField, TooManyKeys, WrongState
from accounts.models import ApiKey, ApiUser, Client, User
from accounts.services import audit, sandbox
from config.lib.clock import now

# Keys of one owner that work at the same time: five in the sandbox by contract, a generous end for live ones.
MOST_KEYS = {True: 5, False: 20}
MOST_ADDRESSES = 20


@dataclass(frozen=True)
class Issued:
    """A key as its maker sees it, once: ``raw`` is stored nowhere."""

    key: ApiKey
    raw: str

    @property
    def api_key(self) -> str:
        """The public half of the pair: ``tp_live_<id>``. The bearer is ``<api_key>_<api_secret>``."""
        return self.key.prefix

    @property
    def api_secret(self) -> str:
        """The secret half of the pair."""
        return self.raw.removeprefix(f"{self.key.prefix}_")


@transaction.atomic
def issue(
    *,
    actor: Actor,
    api_user: ApiUser | None = None,
    user: User | None = None,
    is_sandbox: bool,
    name: str = "",
    expires_at: datetime | None = None,
    allowed_addresses: Iterable[str] = (),
    public_id: UUID | None = None,
) -> Issued:
    """Make a key for an API user or for a person: exactly one of the two.

    ``expires_at`` is aware; ``allowed_addresses`` are IP addresses or networks, none = any. ``public_id`` is chosen
    by a form, so that a repeated submission is known. Raises `AlreadyMade` then, `BadField` (``expires_at``,
    ``allowed_addresses``), `TooManyKeys`, and `WrongState` for an owner that was switched off.
    """
    owner = _lock_owner(api_user, user)
    _check_new(public_id)
    _check_expiry(expires_at)
    if _working(owner, is_sandbox=is_sandbox).count() >= MOST_KEYS[is_sandbox]:
        raise TooManyKeys(MOST_KEYS[is_sandbox])
    if is_sandbox and isinstance(owner, User) and not hasattr(owner, "portal"):
        sandbox.open_sandbox_customer(user=owner)
    issued = _make(
        actor,
        api_user=api_user,
        user=user,
        is_sandbox=is_sandbox,
        name=name.strip(),
        expires_at=expires_at,
        allowed_addresses=clean_addresses(allowed_addresses),
        public_id=public_id or uuid4(),
    )
    audit.record(actor, "key.issued", target=issued.key, client=client_of(issued.key), after=_facts(issued.key))
    return issued


def issue_for_person(*, actor: Actor, user: User, is_sandbox: bool = False, name: str = "") -> Issued:
    """The key/secret pair of a portal user; it acts with that person's own rights. Raises as `issue`."""
    return issue(actor=actor, user=user, is_sandbox=is_sandbox, name=name)


@transaction.atomic
def rotate(*, actor: Actor, key: ApiKey, overlap: timedelta, public_id: UUID | None = None) -> Issued:
    """Make the successor of ``key``: same owner, name and addresses, and as long a life. The old one works for
    ``overlap`` more (zero: not at all).

    Raises `AlreadyMade` for a repeated form, `WrongState` when ``key`` does not work any more, was replaced before,
    or its own predecessor still works: so at most two keys of a line work at once.
    """
    old, moment = _lock_key(key), now()
    _check_new(public_id)
    _check_rotatable(old, moment)
    _lock_owner(old.api_user, old.user)
    issued = _make(
        actor,
        api_user=old.api_user,
        user=old.user,
        is_sandbox=old.is_sandbox,
        name=old.name,
        expires_at=moment + (old.expires_at - old.created_at) if old.expires_at else None,
        allowed_addresses=old.allowed_addresses,
        replaces=old,
        public_id=public_id or uuid4(),
    )
    _let_end(old, moment, overlap)
    after = {**_facts(issued.key), "replaces": old.prefix, "old_works_until": old.revoked_at or old.expires_at}
    audit.record(actor, "key.rotated", target=issued.key, client=client_of(old), after=after)
    return issued


@transaction.atomic
def revoke(*, actor: Actor, key: ApiKey) -> None:
    """End ``key`` at once and for good. Quiet when it has been revoked already."""
    locked = _lock_key(key)
    if locked.revoked_at is not None:
        return
    locked.revoked_at = now()
    locked.save(update_fields=["revoked_at"])
    audit.record(actor, "key.revoked", target=locked, client=client_of(locked), before=_facts(locked))


@transaction.atomic
def change(
    *, actor: Actor, key: ApiKey, name: str, allowed_addresses: Iterable[str], expires_at: datetime | None
) -> ApiKey:
    """Name ``key`` anew, fence it in, move its end. Raises `BadField`, and `WrongState` for a dead one."""
    locked = _lock_key(key)
    if not locked.works:
        raise WrongState(_("This key does not work any more."))
    if expires_at != locked.expires_at:
        _check_expiry(expires_at)
        _check_overlap(locked, expires_at)
    before = _facts(locked)
    locked.name, locked.expires_at = name.strip(), expires_at
    locked.allowed_addresses = clean_addresses(allowed_addresses)
    locked.save(update_fields=["name", "expires_at", "allowed_addresses"])
    after = _facts(locked)
    if after != before:
        audit.record(actor, "key.changed", target=locked, client=client_of(locked), before=before, after=after)
    return locked


def client_of(key: ApiKey) -> Client | None:
    """The client whose log shows what happens to ``key``."""
    if key.api_user is not None:
        return key.api_user.client
    portal = getattr(key.user, "portal", None)
    return portal.client if portal is not None else None


def clean_addresses(given: Iterable[str]) -> list[str]:
    """Addresses and networks in their one spelling, without repetitions. Raises `BadField`."""
    cleaned: dict[str, None] = {}
    for text in given:
        network = _network(text.strip())
        cleaned[str(network.network_address if network.num_addresses == 1 else network)] = None
    if len(cleaned) > MOST_ADDRESSES:
        raise BadField("allowed_addresses", _("At most %(count)d addresses.") % {"count": MOST_ADDRESSES})
    return list(cleaned)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        if "%" in text:
            raise ValueError("the name of an interface is none of an address")
        return ipaddress.ip_network(text)
    except ValueError:
        words = _("“%(text)s” is no address and no network such as 203.0.113.0/24.") % {"text": text[:60]}
        raise BadField("allowed_addresses", words) from None


def _lock_owner(api_user: ApiUser | None, user: User | None) -> ApiUser | User:
    """The owner's row, locked: two keys made at the same moment are counted one after the other."""
    if (api_user is None) == (user is None):
        raise ValueError("a key has exactly one owner")
    if api_user is not None:
        owner: ApiUser | User = ApiUser.objects.select_for_update(of=("self",), no_key=True).get(pk=api_user.pk)
    else:
        owner = User.objects.select_for_update(no_key=True).get(pk=user.pk)  # type: ignore[union-attr]
    if not owner.is_active:
        raise WrongState(_("This account is switched off: it cannot have new keys."))
    return owner


def _lock_key(key: ApiKey) -> ApiKey:
    related = ("api_user__client", "user__portal__client")
    return ApiKey.objects.select_for_update(of=("self",)).select_related(*related).get(pk=key.pk)


def _check_new(public_id: UUID | None) -> None:
    if public_id is not None and ApiKey.objects.filter(public_id=public_id).exists():
        raise AlreadyMade


def _check_rotatable(key: ApiKey, moment: datetime) -> None:
    if not key.works:
        raise WrongState(_("This key does not work any more. Make a new one."))
    if ApiKey.objects.filter(replaces=key).exists():
        raise WrongState(_("This key has been replaced already."))
    if key.replaces is not None and key.replaces.works:
        raise WrongState(_("The key before this one still works. Revoke it first."))


def _let_end(key: ApiKey, moment: datetime, overlap: timedelta) -> None:
    if overlap:
        key.expires_at = min(key.expires_at or moment + overlap, moment + overlap)
    else:
        key.revoked_at = moment
    key.save(update_fields=["expires_at", "revoked_at"])


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= now():
        raise BadField("expires_at", _("Choose a moment in the future."))


def _check_overlap(key: ApiKey, expires_at: datetime | None) -> None:
    """A key that was replaced is counted no more, so it must end: sooner than the overlap says, never later."""
    later = expires_at is None or key.expires_at is None or expires_at > key.expires_at
    if later and ApiKey.objects.filter(replaces=key).exists():
        raise BadField("expires_at", _("This key has been replaced: it can only end sooner."))


def _working(owner: ApiUser | User, *, is_sandbox: bool) -> QuerySet[ApiKey]:
    """Keys that work and were not replaced: one in its overlap does not stand in the way of the next."""
    mine = Q(api_user=owner) if isinstance(owner, ApiUser) else Q(user=owner)
    not_expired = Q(expires_at__isnull=True) | Q(expires_at__gt=now())
    return ApiKey.objects.filter(
        mine, not_expired, is_sandbox=is_sandbox, revoked_at__isnull=True, replaced_by__isnull=True
    )


def _make(actor: Actor, **fields: Any) -> Issued:
    fresh = keys.make(is_sandbox=fields["is_sandbox"])
    key = ApiKey.objects.create(
        public_part=fresh.public_part, secret_hash=fresh.secret_hash, created_by=actor.user, **fields
    )
    return Issued(key, fresh.raw)


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "key": key.prefix,
        "owner": str(key.api_user or key.user),
        "name": key.name,
        "expires_at": key.expires_at,
        "allowed_addresses": key.allowed_addresses,
    }
