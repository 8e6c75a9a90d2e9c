"""The audit record as people read it: what they may see of it, searched, in words."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Model, Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import AuditCheck, AuditEntry, Client, Customer, PortalUser, User
from accounts.selectors.audit_words import ACTIONS, FIELDS, GROUPS, VIAS
from config.lib.pagination import Page, keyset
from config.lib.times import in_words

# More than this is counted by nobody, and not exported in one piece.
MOST_ROWS = 100_000

# Where the page of an object is: type in the record -> name of a URL that takes its id.
_PAGES = {
    "batch": "staff:batch",
    "cardpayment": "staff:card",
    "client": "staff:client",
    "customer": "staff:customer",
    "deposit": "staff:deposit",
    "funding": "staff:funding",
    "order": "staff:order",
    "paymentcase": "staff:case",
    "payout": "staff:payout",
    "portaluser": "staff:person",
    "role": "staff:role",
    "session": "staff:checkout",
    "settlementfile": "staff:settlement_file",
}
# Play ones have no page at the desk.
_REAL_ONLY = frozenset({"batch", "cardpayment", "deposit", "funding", "order", "payout", "session"})


DESK = "desk"
# Who acts, as the record is counted: people of the house and of clients are those who are nothing else.
BY: dict[str, str | Promise] = {
    DESK: gettext_lazy("By people of the house and of clients"),
    "customer": gettext_lazy("By customers"),
    "api_key": gettext_lazy("By programs"),
    "system": gettext_lazy("By jobs"),
}


@dataclass(frozen=True)
class Wanted:
    """What is searched for: ``who`` and ``what`` from their beginning, days of ``zone``, both included."""

    zone: ZoneInfo
    who: str = ""
    what: str = ""
    action: str = ""
    first: date | None = None
    last: date | None = None
    request_id: str = ""
    via: str = ""
    # One of `BY`.
    by: str = ""
    address: str = ""
    # "client:<id>": all that belongs to one object, as its own page shows it.
    about: str = ""
    # The newest entry that was shown when an export was asked for: later ones are not in it.
    until: int | None = None

    @property
    def is_set(self) -> bool:
        return bool(self.as_given())

    def as_given(self) -> dict[str, str]:
        """The filters in use, as they stand in the address."""
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"zone", "until"}}
        return {name: str(value) for name, value in given.items() if value}


@dataclass(frozen=True)
class Change:
    """One field: what it was, and what it became. ``None`` where there was nothing to say."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Line:
    """An entry in words, as far as the reader may know it."""

    entry: AuditEntry
    word: str | Promise
    who: str
    acting_as: str
    address: str | None
    kind: str
    via: str | Promise
    url: str
    changes: list[Change]


def page(actor: Actor, wanted: Wanted, *, cursor: str = "") -> Page[AuditEntry]:
    """Newest first, a page at a time."""
    return keyset(entries(actor, wanted), order_by="-id", cursor=cursor, size=50)


def entries(actor: Actor, wanted: Wanted) -> QuerySet[AuditEntry]:
    """What ``actor`` may see of the record and has searched for."""
    found = policy.audit_seen_by(actor).filter(_words(wanted), _days(wanted), _named(wanted.about))
    if wanted.who or wanted.address:
        # Who of the gateway's staff it was is not told to a client's people, nor whether a guess was right.
        found = found.filter(_of_own_people(actor))
    return found.filter(id__lte=wanted.until) if wanted.until is not None else found


def newest() -> int:
    """The number of the newest entry: what is written from now on comes after it."""
    return AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def count(found: QuerySet[AuditEntry]) -> int:
    """How many, up to one more than `MOST_ROWS`."""
    return found.order_by()[: MOST_ROWS + 1].count()


def _words(wanted: Wanted) -> Q:
    matches = Q()
    if wanted.who:
        matches &= Q(actor_label__startswith=wanted.who.lower()) | Q(actor_id=wanted.who)
    if wanted.what:
        matches &= Q(object_label__startswith=wanted.what) | Q(object_id=wanted.what)
    for name in ("action", "request_id", "via"):
        if value := getattr(wanted, name):
            matches &= Q(**{name: value})
    return matches & by_kind(wanted.by) & (Q(address=wanted.address) if wanted.address else Q())


def by_kind(name: str) -> Q:
    """What one of `BY` did; everything for anything else."""
    if name == DESK:
        return ~Q(actor_kind__in=[one for one in BY if one != DESK])
    return Q(actor_kind=name) if name in BY else Q()


def _days(wanted: Wanted) -> Q:
    days = Q()
    if wanted.first:
        days &= Q(at__gte=_midnight(wanted.first, wanted.zone))
    if wanted.last:
        days &= Q(at__lt=_midnight(wanted.last + timedelta(days=1), wanted.zone))
    return days


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _of_own_people(actor: Actor) -> Q:
    return Q(actor_client_id=actor.client.public_id) if actor.client is not None else Q()


# --- in words ---------------------------------------------------------------------------------------------


def line_of(entry: AuditEntry, actor: Actor) -> Line:
    """``entry`` for ``actor``: a client's people read what was done to them, not which of our staff did it, nor where
    they sat."""
    client = actor.client
    veiled = client is not None and entry.actor_client_id != client.public_id
    return Line(
        entry=entry,
        word=word_of(entry.action),
        who=_veiled(entry) if veiled else _who(entry),
        acting_as="" if veiled else entry.acting_as,
        address=None if veiled else entry.address,
        kind=_kind(entry.object_type),
        via=VIAS.get(entry.via, entry.via),
        url=_page_of(entry) if actor.is_gateway_staff else "",
        changes=list(changes_of(entry)),
    )


def word_of(action: str) -> str | Promise:
    """What was done; an action nobody described is shown by its own name."""
    return ACTIONS.get(action) or action


def _who(entry: AuditEntry) -> str:
    return _("the system") if entry.actor_label == "system" else entry.actor_label


def _veiled(entry: AuditEntry) -> str:
    return _("the system") if entry.actor_kind == "system" else _("the gateway")


def changes_of(entry: AuditEntry) -> Iterator[Change]:
    """Field by field, in the order of the record."""
    before, after = entry.before or {}, entry.after or {}
    for name in dict.fromkeys([*before, *after]):
        old = _text(before[name]) if name in before else None
        new = _text(after[name]) if name in after else None
        yield Change(field_name(entry.object_type, name), old, new)


def field_name(object_type: str, name: str) -> str:
    """A field by its name on the pages; the record keeps the programs' name."""
    model = _model(object_type)
    known = {each.name: each for each in model._meta.get_fields()} if model is not None else {}
    word = FIELDS.get(name) or getattr(known.get(name), "verbose_name", "") or name.replace("_", " ")
    return str(word)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items()) or "–"
    return _moment(value) if isinstance(value, str) else str(value)


def _moment(text: str) -> str:
    """Moments are kept as ISO 8601, and read in the reader's zone."""
    if not 19 <= len(text) <= 35 or text[10] != "T":
        return text
    try:
        moment = parse_datetime(text)
    except ValueError:
        return text
    return in_words(moment) if moment is not None and moment.tzinfo is not None else text


@cache
def _model(name: str) -> type[Model] | None:
    """By its name in the record. Apps of ours stand first among those installed: a checkout is a session too."""
    return next((model for model in apps.get_models() if name and model._meta.model_name == name), None)


@cache
def _is_ours(app_label: str) -> bool:
    """Whether an app is of this house, wherever it stands: its folder lies in the project's own."""
    return Path(apps.get_app_config(app_label).path).parent == settings.BASE_DIR


def _kind(object_type: str) -> str:
    model = _model(object_type)
    return str(model._meta.verbose_name) if model is not None else object_type


def _page_of(entry: AuditEntry) -> str:
    is_toy = entry.is_sandbox and entry.object_type in _REAL_ONLY
    name = "" if is_toy else _PAGES.get(entry.object_type)
    try:
        return reverse(name, args=[uuid.UUID(entry.object_id)]) if name else ""
    except (NoReverseMatch, ValueError):
        return ""


def csv_head() -> list[str]:
    return [
        _("Number"),
        _("Time"),
        _("Who"),
        _("As"),
        _("Action"),
        _("What"),
        _("Kind of object"),
        _("Object"),
        _("Id of the object"),
        _("By way of"),
        _("Address"),
        _("Request"),
        _("Changes"),
    ]


def csv_row(entry: AuditEntry, actor: Actor) -> list[str]:
    line = line_of(entry, actor)
    return [
        str(entry.pk),
        timezone.localtime(entry.at).isoformat(timespec="seconds"),
        line.who,
        line.acting_as,
        entry.action,
        str(line.word),
        line.kind,
        entry.object_label,
        entry.object_id,
        str(line.via),
        line.address or "",
        entry.request_id,
        "; ".join(f"{change.name}: {change.old or ''} → {change.new or ''}" for change in line.changes),
    ]


# --- of one thing, of one person --------------------------------------------------------------------------


def of_object(actor: Actor, thing: Model) -> QuerySet[AuditEntry]:
    """What happened to ``thing``, newest first, as far as ``actor`` may see it."""
    return policy.audit_seen_by(actor).filter(_about(thing)).order_by("-id")


def name_of(thing: Model) -> str:
    """``thing`` as the search names it (`Wanted.about`)."""
    return f"{thing._meta.model_name}:{getattr(thing, 'public_id', thing.pk)}"


def found_by(name: str) -> Model | None:
    """The object a name of `name_of` stands for, if it is there still."""
    kind, _colon, number = name.partition(":")
    model = _model(kind)
    if model is None or not _is_ours(model._meta.app_label):
        return None
    key = "public_id" if hasattr(model, "public_id") else "pk"
    try:
        return model._default_manager.filter(**{key: number}).first()
    except (ValidationError, ValueError, OverflowError, DataError):
        return None


def _named(name: str) -> Q:
    if not name:
        return Q()
    thing = found_by(name)
    kind, _colon, number = name.partition(":")
    return _about(thing) if thing is not None else Q(object_type=kind, object_id=number)


def _about(thing: Model) -> Q:
    """To a client belongs all that happened in its name, to a profile what happened to the person."""
    if isinstance(thing, Client):
        return Q(client_id=thing.public_id)
    if isinstance(thing, Customer | PortalUser):
        return _is(thing) | _is(thing.user)
    return _is(thing)


def _is(thing: Model) -> Q:
    return Q(object_type=thing._meta.model_name, object_id=str(getattr(thing, "public_id", thing.pk)))


def done_by(actor: Actor, user: User) -> QuerySet[AuditEntry]:
    """What ``user`` did, as far as ``actor`` may see it."""
    return policy.audit_seen_by(actor).filter(actor_id=f"user:{user.pk}").order_by("-id")


def by_person(user: User) -> QuerySet[AuditEntry]:
    """What ``user`` did, in whatever role."""
    return AuditEntry.objects.filter(actor_id=f"user:{user.pk}").order_by("-id")


def last_check() -> AuditCheck | None:
    return AuditCheck.objects.order_by("-id").first()


def action_choices() -> list[tuple[Any, Any]]:
    """For the search: every action, grouped by what it is done to."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for action, word in ACTIONS.items():
        groups.setdefault(action.partition(".")[0], []).append((action, word))
    everything: list[tuple[Any, Any]] = [("", gettext_lazy("everything"))]
    return everything + [(GROUPS[name], found) for name, found in groups.items()]
