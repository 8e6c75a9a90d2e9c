"""Reading what a customer was told, and how they want to be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Customer, User
from notifications.kinds import KINDS, Group, Kind
from notifications.models import Notice, Preference

# Beyond this the bell only says "many".
MOST_COUNTED = 99


def notices(customer: Customer, *, only_unread: bool = False) -> QuerySet[Notice]:
    """What the inbox of ``customer`` shows; the caller pages by ``-id``."""
    shown = Notice.objects.shown_to(customer)
    return shown.unread() if only_unread else shown


def unread_count(customer: Customer) -> int:
    """Up to one more than `MOST_COUNTED`. One query on an index of unread rows only."""
    return notices(customer, only_unread=True)[: MOST_COUNTED + 1].count()


@dataclass(frozen=True)
class Choice:
    """One kind with what the reader chose, or what holds by itself."""

    kind: Kind
    in_app: bool
    mail: bool


@dataclass(frozen=True)
class Section:
    group: Group
    choices: Sequence[Choice]


def choices(user: User) -> list[Section]:
    """The table of preferences of ``user``, by group. One query."""
    chosen = {row.kind: row for row in Preference.objects.filter(user=user)}
    rows = [_choice(kind, chosen.get(kind.name)) for kind in KINDS.values()]
    return [Section(group, [row for row in rows if row.kind.group == group]) for group in Group]


def _choice(kind: Kind, row: Preference | None) -> Choice:
    return Choice(
        kind,
        in_app=row.in_app if row and kind.in_app.is_choice else kind.in_app.by_itself,
        mail=row.mail if row and kind.mail.is_choice else kind.mail.by_itself,
    )
