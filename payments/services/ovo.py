"""Links to OVO accounts as customers ask for them, and paying again by OVO. Workers talk to OVO, never a page."""

import hmac
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Customer
from config.lib.clock import now
from config.lib.jobs import nudge
from config.lib.limits import TokenWindow, take_from_all
from payments import methods, tasks
from payments.errors import (
    AskedTooSoon,
    LinkingPaused,
    NotAgain,
    OvoAlreadyLinked,
    OvoNotLinked,
    OvoNumberTaken,
    TooManyLinks,
    UnusableOvoNumber,
)
from payments.models import Deposit, OvoLink, PaymentAttempt, ProviderMessage
from payments.providers.faspay_ovo import schemas
from payments.providers.faspay_ovo.incoming import LinkHint
from payments.services.deposits import new_attempt
from payments.settlement import ovo, ovo_reading
from payments.settlement.ovo_reading import LAST_PAGE, Instructions, Movements
from payments.settlement.rows import lock

__all__ = [
    "LAST_PAGE",
    "instructions",
    "is_open",
    "link_account",
    "movements",
    "page_of_attempt",
    "page_of_link",
    "refresh_balance",
    "retry",
    "take_link_hint",
    "unlink",
]

Decision, State = ProviderMessage.Decision, OvoLink.State
ASK_AGAIN_AFTER = timedelta(seconds=10)
# Each try may make OVO send a code to somebody, and keeps the number from others for a while.
LINKS_AN_HOUR, OF_A_NUMBER_AN_HOUR, SAME_IN_SIX_HOURS = 5, 10, 4
# OVO's page of a link that was given up may still be finished, and would then confirm somebody else's.
QUARANTINE = timedelta(minutes=15)
RETRIES = 5
# A second press of the button is not a second wish; later the page may be stale, so it gets a new one.
_SAME_WISH = timedelta(minutes=2)
_NUDGE_AGAIN_SECONDS = 5
_LEAST_TIME = timedelta(seconds=90)

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer", Movements, Instructions)


def link_account(*, customer: Customer, phone: str, afresh: bool = False) -> OvoLink:
    """Begin to link the OVO account of ``phone`` (any Indonesian way to write it). A worker gets OVO's page.

    Pressed twice, it is one link, unless it must be ``afresh``. A broken link is given up for the new one. Raises
    `UnusableOvoNumber`, `OvoAlreadyLinked`, `OvoNumberTaken`, `TooManyLinks`, and `LinkingPaused` without Redis.
    """
    number = number_of(phone)
    try:
        with transaction.atomic():
            Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
            going_on = None if afresh else _going_on(customer, number)
            if going_on:
                return going_on
            _make_room(customer)
            _may_try(customer, number)
            if _is_taken(customer, number):
                raise OvoNumberTaken
            link = OvoLink.objects.create(customer=customer, phone=number, next_check_at=Now())
            nudge(tasks.ovo_link, link_id=link.pk)
    except (OvoNumberTaken, IntegrityError) as error:
        _doubt_owner(number)
        raise OvoNumberTaken from error
    return link


def number_of(phone: str) -> str:
    """``phone`` as OVO knows it, whatever Indonesian way it is written. Raises `UnusableOvoNumber`."""
    try:
        return schemas.phone_of(phone)
    except schemas.UnusablePhone as error:
        raise UnusableOvoNumber from error


def _going_on(customer: Customer, number: str) -> OvoLink | None:
    young = Q(created_at__gt=Now() - _SAME_WISH)
    return OvoLink.objects.filter(young, customer=customer, phone=number, state=State.PENDING).first()


def _may_try(customer: Customer, number: str) -> None:
    """Nobody is to be pestered with codes, kept out for ever, or tried out."""
    windows = [
        TokenWindow(f"ovo-link:{customer.pk}", limit=LINKS_AN_HOUR, seconds=3600),
        TokenWindow(f"ovo-link:number:{number}", limit=OF_A_NUMBER_AN_HOUR, seconds=3600),
        TokenWindow(f"ovo-link:{customer.pk}:{number}", limit=SAME_IN_SIX_HOURS, seconds=6 * 3600),
    ]
    try:
        wait, _full = take_from_all(windows)
    except Exception as error:
        logger.warning("no limit without Redis, so no account is linked")
        raise LinkingPaused from error
    if wait:
        raise TooManyLinks


def _is_taken(customer: Customer, number: str) -> bool:
    """Whether somebody else has the number, or may still be at OVO's page for it."""
    just_given_up = Q(state=State.FAILED, ended_at__gt=Now() - QUARANTINE) & ~Q(customer=customer)
    return OvoLink.objects.filter(Q(state__in=[State.PENDING, State.LINKED]) | just_given_up, phone=number).exists()


def _make_room(customer: Customer) -> None:
    """One link at a time: what was begun before or is broken ends. Raises `OvoAlreadyLinked`."""
    for link in OvoLink.objects.select_for_update(no_key=True).filter(customer=customer, state__in=ovo.OPEN):
        if link.state == State.LINKED:
            raise OvoAlreadyLinked
        end = State.FAILED if link.state == State.PENDING else State.UNLINKED
        ovo.change(link, now(), state=end, reason="given_up")


def _doubt_owner(number: str) -> None:
    """Somebody else says that it is theirs: if OVO no longer knows the link, it breaks, and the next try succeeds."""
    quiet = Q(asked_at__isnull=True) | Q(asked_at__lt=Now() - ASK_AGAIN_AFTER)
    OvoLink.objects.filter(quiet, phone=number, state=State.LINKED).update(next_check_at=Now())


def is_open(token: str) -> bool:
    """Whether ``token`` opens the door for OVO's callbacks; without a token in the settings it is closed."""
    wanted = settings.FASPAY_OVO_CALLBACK_TOKEN
    return bool(wanted) and hmac.compare_digest(token.encode(errors="replace"), wanted.encode())


def take_link_hint(token: str, hint: LinkHint) -> ProviderMessage.Decision:
    """Somebody says that an activation ended: have the balance asked for, if a link of that number waits for it.

    Nobody signs such a hint and it may come twice, so it changes nothing by itself (Faspay contract 5.3).
    """
    if not is_open(token):
        return Decision.REFUSED
    waiting = OvoLink.objects.exclude(page_url="").filter(phone=hint.phone, state=State.PENDING)
    with transaction.atomic():
        link = waiting.select_for_update(no_key=True).first()
        if link is None:
            return Decision.ACKNOWLEDGED
        link.reason = "" if hint.success else "told_failed"
        link.next_check_at, link.version = Now(), F("version") + 1
        link.save(update_fields=["reason", "next_check_at", "version"])
        nudge(tasks.ovo_link, link_id=link.pk)
    return Decision.ASKED


def refresh_balance(*, link: OvoLink) -> None:
    """Have OVO asked for the balance now. Raises `AskedTooSoon` within ten seconds of a question."""
    quiet = Q(asked_at__isnull=True) | Q(asked_at__lt=Now() - ASK_AGAIN_AFTER)
    with transaction.atomic():
        waiting = OvoLink.objects.filter(quiet, pk=link.pk, state=State.LINKED)
        if not waiting.update(next_check_at=Now(), questions=0, version=F("version") + 1):
            raise AskedTooSoon
        nudge(tasks.ovo_link, link_id=link.pk)


def unlink(*, customer: Customer) -> None:
    """Give the link up. It is over when OVO no longer answers for the number; a link never finished ends at once.

    Raises `OvoNotLinked`.
    """
    with transaction.atomic():
        links = OvoLink.objects.select_for_update(no_key=True).filter(customer=customer, state__in=ovo.OPEN)
        link = links.first()
        if link is None:
            raise OvoNotLinked
        if link.state == State.PENDING:
            ovo.change(link, now(), state=State.FAILED, reason="given_up")
            return
        link.wish, link.questions, link.reason = ovo.UNLINK, 0, ""
        link.next_check_at, link.version = Now(), F("version") + 1
        link.save(update_fields=["wish", "questions", "reason", "next_check_at", "version"])
        nudge(tasks.ovo_link, link_id=link.pk)


def retry(*, deposit: Deposit, pay_type: str = "") -> PaymentAttempt:
    """A new push for a deposit whose last one came to nothing; pressed twice, it is one.

    ``pay_type`` as before when not given. Raises `NotAgain` when the deposit is over, the last attempt may still be
    confirmed, or it was tried too often; `OvoNotLinked`.
    """
    newest = deposit.attempts.order_by("-pk").values_list("pk", flat=True).first()
    with transaction.atomic():
        rows = lock(newest) if newest else None
        if rows is None or rows.deposit.state != Deposit.State.PENDING or rows.attempt.method != methods.OVO:
            raise NotAgain
        if rows.deposit.attempts.filter(pk__gt=rows.attempt.pk).exists():
            return rows.deposit.attempts.latest("pk")
        if rows.attempt.state == PaymentAttempt.State.SUBMITTING:
            return rows.attempt
        ended = rows.attempt.state in {PaymentAttempt.State.FAILED, PaymentAttempt.State.CLOSED}
        pushes = rows.deposit.attempts.filter(method=methods.OVO).count()
        if not ended or pushes > RETRIES or rows.deposit.expires_at - rows.now < _LEAST_TIME:
            raise NotAgain
        attempt = new_attempt(
            rows.deposit, methods.METHODS[methods.OVO], "", pay_type=pay_type or rows.attempt.pay_type
        )
        rows.touch()
        nudge(tasks.submit, attempt_id=attempt.pk)
    return attempt


def page_of_link(link: OvoLink) -> str:
    """OVO's page for code and PIN, empty when there is none or a browser may not be sent there."""
    return _allowed(link.page_url) if link.state == State.PENDING else ""


def page_of_attempt(attempt: PaymentAttempt) -> str:
    """OVO's page to confirm the payment, or to renew the token; empty when there is none that may be opened."""
    open_to_pay = attempt.state == PaymentAttempt.State.OPEN
    renewable = attempt.state == PaymentAttempt.State.FAILED and attempt.reason == "renew"
    return _allowed(attempt.page_url) if attempt.method == methods.OVO and (open_to_pay or renewable) else ""


def _allowed(url: str) -> str:
    return url if url and schemas.may_be_opened(url, settings.FASPAY_OVO_REDIRECT_HOSTS) else ""


def movements(link: OvoLink, page: int) -> Movements | None:
    """One page of what the account paid here, newest first; None while OVO is being asked."""
    key = ovo_reading.history_key(link, page)
    return _fetched(key, Movements(failed=True), lambda: nudge(tasks.ovo_history, link_id=link.pk, page=page))


def instructions(link: OvoLink) -> Instructions | None:
    """How money gets into OVO; None while OVO is being asked."""
    key = ovo_reading.instructions_key(link)
    return _fetched(key, Instructions(failed=True), lambda: nudge(tasks.ovo_instructions, link_id=link.pk))


def _fetched(key: str, failed: Answer, ask: Callable[[], None]) -> Answer | None:
    """What a worker has left under ``key``; the first of those who wait has it asked. Without a cache: ``failed``."""
    try:
        found: Answer | None = cache.get(key)
        if found is None and cache.add(f"{key}:asked", 1, timeout=_NUDGE_AGAIN_SECONDS):
            ask()
    except Exception:
        logger.warning("nothing can be fetched from OVO for a page: no cache")
        return failed
    return found
