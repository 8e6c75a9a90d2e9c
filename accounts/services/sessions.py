"""Where a person is signed in, and the end of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.addresses import address_of
from config.lib.clock import now

_SEEN, _SEEN_EVERY = "seen_at", timedelta(minutes=5)
MOST = 20
REMEMBERED = timedelta(days=14)


@dataclass(frozen=True)
class Place:
    """One session as its owner sees it."""

    id: int
    device: str | Promise
    icon: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


def places_of(user: User, current: str | None) -> list[Place]:
    """Where ``user`` is signed in, this session (its key is ``current``) first, then the latest."""
    rows = list(_rows(user).order_by("-last_seen_at"))
    alive = _alive(user, [row.session_key for row in rows])
    found = [_place(row, current) for row in rows if row.session_key in alive]
    return sorted(found, key=lambda place: not place.is_this)


def _alive(user: User, keys: list[str]) -> set[str]:
    """Those of the sessions that have not run out and know the present password."""
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=now())
    proof = user.get_session_auth_hash()
    return {row.session_key for row in stored if row.get_decoded().get(HASH_SESSION_KEY) == proof}


def end(user: User, number: int) -> bool:
    """End one session of ``user``; False when it is not theirs or over already."""
    row = _rows(user).filter(pk=number).first()
    if row is not None:
        row.end()
    return row is not None


def end_all(user: User, *, but: str = "") -> int:
    """End every session of ``user`` except the one with the key ``but``. They are dead at their next request."""
    rows = list(_rows(user).exclude(session_key=but))
    for row in rows:
        row.end()
    return len(rows)


def keep_few(user: User) -> None:
    """End the sessions nobody has used for longest: a program that never signs out must not pile them up."""
    for row in _rows(user).order_by("-last_seen_at", "-pk")[MOST:]:
        row.end()


def touch(request: HttpRequest) -> None:
    """Note every few minutes that the session is in use, and from where. Costs nothing in between."""
    moment = now()
    seen = request.session.get(_SEEN, 0)
    if moment.timestamp() - seen < _SEEN_EVERY.total_seconds() or not request.session.session_key:
        return
    request.session[_SEEN] = int(moment.timestamp())
    if isinstance(request.user, User):
        _rows(request.user).filter(session_key=request.session.session_key).update(
            last_seen_at=moment,
            ip=address_of(request) or "0.0.0.0",  # noqa: S104 - an address that is not known
        )


def keep(request: HttpRequest) -> None:
    """List the session that has just begun among those of its person."""
    from allauth.usersessions.models import UserSession

    UserSession.objects.create_from_request(request)


def last_for(request: HttpRequest, *, remember: bool) -> None:
    """Let the session live until the browser is closed, or for fourteen days (TeraPay contract 2)."""
    request.session.set_expiry(int(REMEMBERED.total_seconds()) if remember else 0)


def _rows(user: User) -> Any:
    from allauth.usersessions.models import UserSession

    return UserSession.objects.filter(user_id=user.pk)


def _place(row: Any, current: str | None) -> Place:
    device, icon = device_of(row.user_agent)
    return Place(
        id=row.pk,
        device=device,
        icon=icon,
        address="" if row.ip == "0.0.0.0" else row.ip,  # noqa: S104
        began_at=row.created_at,
        seen_at=row.last_seen_at,
        is_this=row.session_key == current,
    )


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone", "device-phone-mobile"),
    ("iPad", "iPad", "device-tablet"),
    ("Android", "Android", "device-phone-mobile"),
    ("Windows", "Windows", "computer-desktop"),
    ("Macintosh", "Mac", "computer-desktop"),
    ("CrOS", "Chromebook", "computer-desktop"),
    ("Linux", "Linux", "computer-desktop"),
)


def device_of(agent: str) -> tuple[str | Promise, str]:
    """A browser's name for itself in words, and an icon; programs keep the first word they say."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system, icon = next(((name, icon) for mark, name, icon in _SYSTEMS if mark in agent), ("", ""))
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}, icon
    return browser or system or agent.split("/")[0][:40] or _("Unknown device"), icon or "command-line"
