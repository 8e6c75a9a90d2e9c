"""Another way to pay the same deposit, chosen by whoever has its link: the former attempt ends, a new one begins."""

from datetime import datetime, timedelta

from django.db import transaction

from config.lib import clock
from config.lib.addresses import network_of
from config.lib.jobs import nudge
from config.lib.limits import TokenWindow, take_from_all
from payments import methods, settlement, tasks
from payments.choices import FOR_ANYBODY
from payments.errors import NotPayable, OneMoment, TooManyTries, UnknownMethod
from payments.methods import Method
from payments.models import Deposit, PaymentAttempt
from payments.services.deposits import check_now, check_payable, check_way, new_attempt
from payments.settlement.rows import Locked, lock_newest

# Each try makes something at a provider. A person changes their mind a few times; a stranger with the link may not
# keep the provider busy, with this deposit or with many.
PER_DEPOSIT = 6
PER_ADDRESS = 30
QUESTIONS_PER_DEPOSIT = 20
WINDOW_SECONDS = 600
ATTEMPTS = 24
# With less time left nothing new is made: nobody could pay it in peace.
LEAST_TIME = timedelta(minutes=1)
_Attempt = PaymentAttempt.State
_LIVE = frozenset({_Attempt.SUBMITTING, _Attempt.IN_DOUBT, _Attempt.OPEN})


def choose_way(*, deposit: Deposit, method: str, bank: str = "", address: str | None = None) -> PaymentAttempt:
    """Have ``deposit`` paid by ``method`` (and ``bank``, for virtual accounts) from now on.

    What was open before is closed, here and by a task at its provider; money that comes for it all the same is
    credited, or becomes a case when the deposit is paid by then. The way that is chosen already is given again, so a
    second click does nothing. ``address`` is where the request comes from, for the limit.

    Raises `UnknownMethod`, `UnknownBank`, `AmountRefused`; `NotPayable` when the deposit is over or nearly so;
    `OneMoment` while the former attempt is on its way to its provider; `TooManyTries`.
    """
    way = check_way(method, bank)
    if method not in FOR_ANYBODY:
        raise UnknownMethod
    check_payable(way, deposit.amount)
    bank = bank if method == methods.VA else way.bank
    if (same := _standing(deposit, way, bank)) is not None:
        return same
    _count(deposit, address)
    return _turn_to(deposit, way, bank)


def renew(*, deposit: Deposit, address: str | None = None) -> PaymentAttempt:
    """A new attempt the same way, once the former one has ended: a fresh QR. Raises as `choose_way`."""
    return choose_way(deposit=deposit, method=deposit.method, bank=deposit.bank, address=address)


def ask_by_link(*, deposit: Deposit, address: str | None = None) -> None:
    """`check_now` for whoever has the link. Raises `AskedTooSoon`, and `TooManyTries` as `choose_way` does."""
    _take(
        TokenWindow(f"pay:ask:deposit:{deposit.pk}", limit=QUESTIONS_PER_DEPOSIT, seconds=WINDOW_SECONDS),
        TokenWindow(f"pay:ask:address:{network_of(address)}", limit=PER_ADDRESS, seconds=WINDOW_SECONDS),
    )
    check_now(deposit=deposit)


@transaction.atomic
def _turn_to(deposit: Deposit, way: Method, bank: str) -> PaymentAttempt:
    row, former = lock_newest(deposit.pk)
    now: datetime = row.database_now  # type: ignore[attr-defined]
    if row.state != Deposit.State.PENDING or row.expires_at < now + LEAST_TIME:
        raise NotPayable
    if former is not None:
        if _is_it(former.attempt, way, bank, now):
            return former.attempt
        _leave(former)
    if row.attempts.count() >= ATTEMPTS:
        raise TooManyTries(retry_after=WINDOW_SECONDS)
    return _begin(row, now, way, bank)


def _begin(deposit: Deposit, now: datetime, way: Method, bank: str) -> PaymentAttempt:
    deposit.method, deposit.bank = way.code, bank
    attempt = new_attempt(deposit, way, bank)
    Locked(attempt, deposit, now).touch("method", "bank")
    nudge(tasks.submit, attempt_id=attempt.pk)
    return attempt


def _leave(rows: Locked) -> None:
    was_open = rows.attempt.state == _Attempt.OPEN
    if not settlement.leave(rows):
        raise OneMoment
    if was_open:
        nudge(tasks.close, attempt_id=rows.attempt.pk)


def _standing(deposit: Deposit, way: Method, bank: str) -> PaymentAttempt | None:
    """What a second click finds, without a lock and without counting as a try."""
    newest = deposit.attempts.select_related("deposit").order_by("-id").first()
    pending = newest is not None and newest.deposit.state == Deposit.State.PENDING
    return newest if newest and pending and _is_it(newest, way, bank, clock.now()) else None


def _is_it(attempt: PaymentAttempt, way: Method, bank: str, now: datetime) -> bool:
    """Whether this attempt is that way, and can be paid or soon will be."""
    ended = attempt.expires_at is not None and attempt.expires_at <= now
    return (
        attempt.state in _LIVE
        and not ended
        and not attempt.is_lost
        and (attempt.method, attempt.bank) == (way.code, bank)
    )


def _count(deposit: Deposit, address: str | None) -> None:
    _take(
        TokenWindow(f"pay:deposit:{deposit.pk}", limit=PER_DEPOSIT, seconds=WINDOW_SECONDS),
        TokenWindow(f"pay:address:{network_of(address)}", limit=PER_ADDRESS, seconds=WINDOW_SECONDS),
    )


def _take(*windows: TokenWindow) -> None:
    wait, _full = take_from_all(windows)
    if wait:
        raise TooManyTries(retry_after=wait)
