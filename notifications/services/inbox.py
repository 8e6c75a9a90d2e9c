"""Telling customers what matters to them, and how they want to be told."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Customer, User
from config.lib import clock
from config.lib.jobs import nudge
from notifications.kinds import KINDS, OWN_LETTERS, Kind
from notifications.models import BalanceWatch, Notice, Preference
from notifications.tasks import mail_notices


def tell(*, customer: Customer, kind: str, subject: str, key: str, facts: Mapping[str, str]) -> None:
    """Tell ``customer`` once about something, in the caller's transaction, in the ways they chose.

    ``kind`` is a name of `notifications.kinds`; ``subject`` what it is about (``order:<id>``, ``deposit:<id>``,
    ``wallet``, ``webhook``); a second call with the same ``key`` does nothing; ``facts`` fill the sentence when
    somebody reads it. Sandbox profiles are told nothing. Two queries.
    """
    if customer.is_sandbox:
        return
    known = KINDS[kind]
    in_app, mail = _wanted(customer, known)
    if not (in_app or mail):
        return
    notice = Notice(
        customer=customer,
        kind=kind,
        subject=subject[:80],
        key=key[:120],
        facts=dict(facts),
        in_app=in_app,
        mail_due_at=clock.now() if mail else None,
    )
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
    if mail:
        nudge(mail_notices)


def _wanted(customer: Customer, kind: Kind) -> tuple[bool, bool]:
    chosen = Preference.objects.filter(user=customer.user_id, kind=kind.name).first() if kind.is_choice else None
    in_app = chosen.in_app if chosen and kind.in_app.is_choice else kind.in_app.by_itself
    mail = chosen.mail if chosen and kind.mail.is_choice else kind.mail.by_itself
    return in_app, mail and kind.name not in OWN_LETTERS


def tell_low_balance(*, customer: Customer, balance: Decimal) -> None:
    """Tell a customer whose rupiah have fallen below what they watch, at most once a day."""
    if balance >= watched_balance(customer):
        return
    tell(
        customer=customer,
        kind="low_balance",
        subject="wallet",
        key=f"low-balance:{clock.now().astimezone(clock.JAKARTA):%Y-%m-%d}",
        facts={"amount": f"{balance:f}", "currency": "IDR"},
    )


def watched_balance(customer: Customer) -> Decimal:
    """From which balance down ``customer`` hears of it, in rupiah; 0 is never."""
    watch = BalanceWatch.objects.filter(customer=customer).first()
    return watch.below if watch else Decimal(settings.LOW_BALANCE)


def watch_balance(*, customer: Customer, below: Decimal) -> None:
    """``below`` in whole rupiah; 0 is never."""
    BalanceWatch.objects.update_or_create(customer=customer, defaults={"below": below})


@transaction.atomic
def choose(*, user: User, in_app: Iterable[str], mail: Iterable[str]) -> None:
    """Keep what ``user`` wants: the names of the kinds told in the app and by mail, all others not.

    What nobody may switch off stays as it is, whatever is asked.
    """
    wanted_in_app, wanted_mail = set(in_app), set(mail)
    rows = [
        Preference(user=user, kind=name, in_app=name in wanted_in_app, mail=name in wanted_mail)
        for name, kind in KINDS.items()
        if kind.is_choice
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["in_app", "mail"]
    )


def read(*, customer: Customer, public_id: UUID) -> Notice | None:
    """Mark one notice as read and return it; None for a stranger's."""
    notice = Notice.objects.shown_to(customer).filter(public_id=public_id).first()
    if notice and notice.read_at is None:
        notice.read_at = clock.now()
        notice.save(update_fields=["read_at"])
    return notice


def read_all(*, customer: Customer, until: datetime) -> int:
    """Mark everything told up to ``until`` as read; what came later was not seen. Returns how many there were."""
    unread = Notice.objects.shown_to(customer).unread()
    return unread.filter(created_at__lte=until).update(read_at=clock.now())
