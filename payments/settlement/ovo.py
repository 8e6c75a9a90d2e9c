"""Links to OVO accounts, one step at a time: begin, confirm by a balance, look, unlink. Safe to repeat.

That OVO answers for a number proves only that somebody linked it with us. So a number has one owner here, and is cut
off there before it is linked anew: an answer afterwards can only come from the code and the PIN of this time.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Customer
from config.lib.errors import ProviderError
from payments.errors import OvoNotLinked
from payments.exchanges import recorded
from payments.methods import FASPAY_OVO, OVO
from payments.models import OvoLink, PaymentAttempt
from payments.providers.faspay_ovo import adapter
from payments.providers.faspay_ovo.adapter import Balance, Refused
from payments.selectors import ovo_to_pay_with

State = OvoLink.State
OPEN = (State.PENDING, State.LINKED, State.BROKEN)
UNLINK = "unlink"
# One refusal may be a slip of theirs.
DENIALS = 2
TRIES = 4
# Longer than the four calls of a beginning may take together.
_LEASE = timedelta(minutes=3)
_CONFIRM_AGAIN = timedelta(seconds=15)
_CONFIRM_LATER = timedelta(seconds=60)
_AGAIN = timedelta(seconds=5)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What a step learned: a balance (so OVO knows the link), a refusal, OVO's page, or why nothing."""

    balance: Balance | None = None
    denied: bool = False
    page_url: str = ""
    error: str = ""
    final: bool = False


def phone_to_pay_with(customer: Customer) -> str:
    """The number of the linked account, as OVO writes it. Raises `OvoNotLinked`."""
    link = ovo_to_pay_with(customer)
    if link is None:
        raise OvoNotLinked
    return link.phone


def due_links(limit: int = 20) -> list[int]:
    """Links with something to do, longest due first."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    due = OvoLink.objects.filter(free, next_check_at__lte=Now())
    return list(due.order_by("next_check_at").values_list("pk", flat=True)[:limit])


def work(link_id: int) -> None:
    """Do what is due about a link, if anything is."""
    claimed = _claim(link_id)
    if claimed is None:
        return
    link, token = claimed
    step, record = _STEPS[_step_of(link)]
    try:
        with recorded(FASPAY_OVO, reference=f"ovo:{link.public_id}"):
            found = step(link)
    except adapter.WrongAnswer:
        found = Found(error="wrong_answer", final=True)
    except ProviderError as error:
        logger.warning("ovo link %s: %s", link.public_id, error)
        found = Found(error="no_answer")
    with transaction.atomic():
        if (locked := _lock(link_id)) and locked[0].lease_token == token:
            record(*locked, found)


def _lock(link_id: int, *, wait: bool = True) -> tuple[OvoLink, datetime] | None:
    """The locked row and the database's time; None when somebody else has it and ``wait`` is false."""
    rows = OvoLink.objects.select_for_update(skip_locked=not wait, no_key=True, of=("self",))
    link = rows.annotate(database_now=Now()).select_related("customer__user").filter(pk=link_id).first()
    return (link, link.database_now) if link else None


@transaction.atomic
def _claim(link_id: int) -> tuple[OvoLink, uuid.UUID] | None:
    locked = _lock(link_id, wait=False)
    if locked is None:
        return None
    link, now = locked
    leased = link.lease_until is not None and link.lease_until > now
    if leased or link.next_check_at is None or link.next_check_at > now:
        return None
    if link.state not in OPEN or (link.state == State.BROKEN and link.wish != UNLINK):
        change(link, now, next_check_at=None)
        return None
    token = uuid.uuid4()
    # Not a change that anybody can see: the version stays.
    link.lease_token, link.lease_until, link.asked_at = token, now + _LEASE, now
    link.questions += 1
    link.save(update_fields=["lease_token", "lease_until", "asked_at", "questions"])
    return link, token


def change(link: OvoLink, now: datetime, **values: object) -> None:
    """The one place where a link changes: write ``values`` into the locked row, let go of its lease, move its version.

    A link that ends forgets OVO's page and what was wished.
    """
    for name, value in values.items():
        setattr(link, name, value)
    if link.state in {State.FAILED, State.UNLINKED}:
        link.page_url, link.wish, link.next_check_at, link.ended_at = "", "", None, link.ended_at or now
    if link.state == State.LINKED:
        link.page_url, link.linked_at = "", link.linked_at or now
    if link.wish == UNLINK and link.next_check_at is None:
        # Wished while another step was under way.
        link.next_check_at = now
    link.lease_token = link.lease_until = None
    link.version += 1
    link.save()


def _step_of(link: OvoLink) -> str:
    if link.wish == UNLINK:
        return UNLINK
    if link.state == State.PENDING:
        return "confirm" if link.page_url else "begin"
    return "look"


def _balance(link: OvoLink) -> Found:
    try:
        return Found(balance=adapter.balance(link.phone))
    except Refused:
        return Found(denied=True)


# -- begin: cut off what is there, then ask for the page


def _begin(link: OvoLink) -> Found:
    if _balance(link).balance is not None:
        _cut_off(link)
        if _balance(link).balance is not None:
            return Found(error="still_linked", final=True)
    try:
        made = adapter.activate(phone=link.phone, name=link.customer.user.display_name)
    except Refused:
        return Found(error="refused", final=True)
    return Found(page_url=made.redirect_url)


def _cut_off(link: OvoLink) -> None:
    try:
        adapter.unlink(link.phone)
    except Refused:
        logger.info("ovo link %s: OVO would not unlink; the balance tells", link.public_id)


def _record_begun(link: OvoLink, now: datetime, found: Found) -> None:
    if found.page_url:
        change(link, now, page_url=found.page_url, reason="", questions=0, next_check_at=now + _CONFIRM_AGAIN)
    elif found.final or link.questions >= TRIES:
        change(link, now, state=State.FAILED, reason=found.error)
    else:
        change(link, now, reason=found.error, next_check_at=now + _AGAIN)


# -- confirm: only a balance says that code and PIN were right


def _record_confirmed(link: OvoLink, now: datetime, found: Found) -> None:
    if found.balance:
        _keep_balance(link, now, found.balance, state=State.LINKED)
    elif now > link.ends_at:
        change(link, now, state=State.FAILED, reason="timeout")
    else:
        soon = now - link.created_at < timedelta(minutes=3)
        change(link, now, next_check_at=now + (_CONFIRM_AGAIN if soon else _CONFIRM_LATER))


def _keep_balance(link: OvoLink, now: datetime, balance: Balance, **more: object) -> None:
    change(
        link,
        now,
        balance_cash=balance.cash,
        balance_points=balance.points,
        balance_at=now,
        **{"reason": "", "denials": 0, "questions": 0, "next_check_at": None, **more},
    )


# -- look: the balance of a linked account


def _record_seen(link: OvoLink, now: datetime, found: Found) -> None:
    if found.balance:
        _keep_balance(link, now, found.balance)
    elif not found.denied:
        change(link, now, reason="no_answer", next_check_at=None)
    elif link.denials + 1 >= DENIALS:
        change(link, now, state=State.BROKEN, reason="denied", denials=0, next_check_at=None)
    else:
        change(link, now, denials=link.denials + 1, next_check_at=now + _AGAIN)


# -- unlink: over when OVO no longer answers for the number


def _unlink(link: OvoLink) -> Found:
    _cut_off(link)
    return _balance(link)


def _record_unlinked(link: OvoLink, now: datetime, found: Found) -> None:
    if found.denied:
        change(link, now, state=State.UNLINKED, reason="")
    elif link.questions < TRIES:
        change(link, now, reason=found.error or "still_linked", next_check_at=now + _AGAIN)
    else:
        change(link, now, wish="", reason=f"unlink_{found.error or 'still_linked'}", questions=0, next_check_at=None)


_STEPS: dict[str, tuple[Callable[[OvoLink], Found], Callable[[OvoLink, datetime, Found], None]]] = {
    "begin": (_begin, _record_begun),
    "confirm": (_balance, _record_confirmed),
    "look": (_balance, _record_seen),
    UNLINK: (_unlink, _record_unlinked),
}


def learn_from(attempt: PaymentAttempt) -> None:
    """A payment was refused: look at the link; break it when a renewed token is refused again. Inside a transaction.

    Source: Faspay contract 5.3 ("if it repeats, mark the link broken").
    """
    links = OvoLink.objects.filter(customer=attempt.deposit.customer_id, phone=attempt.phone, state=State.LINKED)
    found = links.values_list("pk", flat=True).first()
    locked = _lock(found) if found else None
    if locked is None or locked[0].state != State.LINKED:
        return
    link, now = locked
    if attempt.reason == "renew" and (not attempt.page_url or _renewed_just_before(attempt, link)):
        change(link, now, state=State.BROKEN, reason="renew", next_check_at=None)
    elif attempt.reason != "renew":
        look_again(link, now)


def _renewed_just_before(attempt: PaymentAttempt, link: OvoLink) -> bool:
    before = PaymentAttempt.objects.filter(
        deposit__customer=link.customer_id, method=OVO, phone=link.phone, pk__lt=attempt.pk
    )
    if link.linked_at:
        before = before.filter(created_at__gte=link.linked_at)
    return before.order_by("-pk").values_list("reason", flat=True).first() == "renew"


def look_again(link: OvoLink, now: datetime) -> None:
    """Have the balance asked for; a step that is under way is not disturbed."""
    link.next_check_at, link.questions = now, 0
    link.save(update_fields=["next_check_at", "questions"])
