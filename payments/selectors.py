"""Reading deposits. ``deposits_of`` is the only way a page gets one: what is not the customer's does not exist."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Customer
from config.lib.clock import now
from config.lib.money import format_money
from payments import emv, qr, stages
from payments.banks import BANKS, Way
from payments.methods import CHOICES, METHODS, OVO, QRIS, SANDBOX, VA, VA_STATIC
from payments.models import Deposit, OvoLink, PaymentAttempt, PaymentCase, ProviderMessage
from wallets.selectors import balances

State, Account = Deposit.State, PaymentAttempt.State
# What an attempt's reason says while its payment is on its way, and when it came but waits for people.
SEEN, SET_ASIDE = "seen", "set_aside"
_SPOKEN_FOR = {SEEN: "confirming", SET_ASIDE: "set_aside"}
# Cases about a deposit that say nothing of money having come.
_NO_MONEY = {"", PaymentCase.Kind.WRONG_ANSWER, PaymentCase.Kind.MISSING_THERE, PaymentCase.Kind.CLOSED_AFTER_SUCCESS}
# What of the newest attempt decides about the stage.
_DECISIVE = ("method", "state", "reason", "expires_at", "content")
# Until then a number being made is simply being made; afterwards we say that it takes longer.
_SLOW_AFTER = timedelta(seconds=20)


def waits_for_people(deposit: Deposit) -> bool:
    """Whether a payment for it has come, or is said to have, that our people look at before it counts; no query."""
    return deposit.state != State.SUCCESS and deposit.attention not in _NO_MONEY


@dataclass(frozen=True)
class Picture:
    """What a deposit looks like to whoever pays it.

    ``stage`` is preparing, in_doubt, waiting, ended (a new attempt can be made), confirming, set_aside (it came, and
    waits for people), ending, or the final state; ``every`` the seconds between two looks, 0 when nothing more will
    come by itself.
    """

    deposit: Deposit
    account: PaymentAttempt | None
    stage: str
    every: int

    @property
    def method(self) -> str:
        """How it is being paid."""
        return self.account.method if self.account else self.deposit.method

    @property
    def number(self) -> str:
        """The number to pay to: only while it can be paid, or was."""
        shown = {Account.OPEN, Account.PAID, Account.CLOSED}
        return self.account.number if self.account and self.account.state in shown else ""

    @property
    def qr(self) -> str:
        """The text of the QR, only while it can be paid."""
        return self.account.content if self.account and self.method == QRIS and self.stage == "waiting" else ""

    @property
    def qr_drawing(self) -> str:
        """The QR as an SVG for the page; empty when there is none to show."""
        return qr.drawing(self.qr) if self.qr else ""

    @property
    def qr_name(self) -> str:
        """The name of its picture when it is saved."""
        return qr.file_name(self.deposit.amount)

    @property
    def merchant(self) -> str:
        """Whom the payer's app will name."""
        return emv.merchant_of(self.qr) if self.qr else ""

    @property
    def page_url(self) -> str:
        """The provider's page to pay on, only while it can be paid."""
        return self.account.page_url if self.account and self.stage == "waiting" else ""

    @property
    def ends_at(self) -> datetime:
        """Until when it can be paid this way."""
        own = self.account.expires_at if self.account else None
        return min(own, self.deposit.expires_at) if own else self.deposit.expires_at

    @property
    def began_at(self) -> datetime:
        return self.account.created_at if self.account else self.deposit.created_at

    @property
    def is_live(self) -> bool:
        """Whether it is being paid, or could be."""
        return self.stage in {"preparing", "in_doubt", "waiting", "ended", "confirming", "set_aside", "ending"}

    @property
    def is_open_to_payers(self) -> bool:
        """Whether somebody who has its link could still pay it, this way or another."""
        return self.stage in {"preparing", "in_doubt", "waiting", "ended"}

    @property
    def words(self) -> stages.Words:
        """The texts of this stage, filled in."""
        found, bank = stages.words_of(self.stage, self.method), {"bank": self.bank_name}
        slow = self.every > 1 or self.stage != "preparing"
        return stages.Words(
            str(found.title) % bank, str(found.text) % bank if found.text else "", found.hurry if slow else ""
        )

    @property
    def ending(self) -> stages.Ending:
        """How to tell of an end without money."""
        found, bank = stages.ending_of(self.stage, self.deposit.reason, self.method), {"bank": self.bank_name}
        return replace(found, title=str(found.title) % bank)

    @property
    def bank_name(self) -> str:
        return self.account.bank_name if self.account else self.deposit.bank_name

    @property
    def paid_by(self) -> str:
        """Method and bank in words: "Virtual account, BCA", or the method alone."""
        if self.deposit.method == VA_STATIC:
            return _("Permanent number, %(bank)s") % {"bank": self.deposit.bank_name}
        if self.deposit.method != VA:
            return self.deposit.bank_name
        return _("Virtual account, %(bank)s") % {"bank": self.deposit.bank_name}

    @property
    def may_check(self) -> bool:
        """Whether asking the provider can tell anything new."""
        if self.account is None or self.deposit.state == State.SUCCESS:
            return False
        known = self.account.number or self.account.provider_trx_id or self.method == QRIS
        return self.account.state in {Account.IN_DOUBT, Account.OPEN} or (
            self.account.state == Account.CLOSED and bool(known) and self.account.sent_at is not None
        )

    @property
    def may_cancel(self) -> bool:
        """Whether it can be called off: nobody has begun to pay it."""
        if self.account is None:
            return False
        if self.method == OVO:
            # What OVO asks the payer cannot be taken back; a minute later it is over.
            return self.stage == "ended" and self.account.state in {Account.CLOSED, Account.FAILED}
        return self.stage == "waiting" and self.account.state == Account.OPEN

    @property
    def ways(self) -> list[Way]:
        """The bank's ways to pay with this number and amount filled in; none when there is nothing to pay."""
        bank = BANKS.get(self.deposit.bank) if self.method == VA else None
        if bank is None or self.stage != "waiting":
            return []
        amount = format_money(self.deposit.amount, self.deposit.currency)
        words = {"number": self.grouped_number, "amount": amount}
        return [Way(way.title, [str(step).format(**words) for step in way.steps]) for way in bank.ways]

    @property
    def seen(self) -> str:
        """What the page tells with its next look: version and pace."""
        return f"{self.deposit.version}-{self.every}-{self.stage}"

    @property
    def grouped_number(self) -> str:
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


# Deposits of real money, whoever's they are; of a client's the method says so.
REAL = Q(customer__is_sandbox=False) | Q(client__isnull=False) & ~Q(method=SANDBOX)


def deposits_of(customer: Customer) -> QuerySet[Deposit]:
    """The customer's deposits."""
    return Deposit.objects.filter(customer=customer)


def is_unchanged(deposits: QuerySet[Deposit], public_id: UUID, seen: str) -> bool:
    """Whether a page that shows ``seen`` (`Picture.seen`) shows the newest state and asks at the right pace: one read
    by a unique index, among the ``deposits`` that the asker may look at."""
    version, _sign, rest = seen.partition("-")
    every, _sign, stage = rest.partition("-")
    if not (version.isdecimal() and every.isdecimal() and len(version) < 19):
        return False
    newest = PaymentAttempt.objects.filter(deposit=OuterRef("pk")).order_by("-id")
    along = {f"newest_{name}": Subquery(newest.values(name)[:1]) for name in _DECISIVE}
    deposit = deposits.filter(public_id=public_id, version=int(version)).annotate(**along).first()
    if deposit is None:
        return False
    told = {name: getattr(deposit, f"newest_{name}") for name in _DECISIVE}
    now_at = _stage(deposit, PaymentAttempt(**told) if told["state"] else None)
    return now_at == stage and pace_of(deposit, now_at) == int(every[:6])


def picture_of(deposit: Deposit) -> Picture:
    """Put together what a page shows; uses accounts that were loaded along."""
    account = max(deposit.attempts.all(), key=lambda row: row.pk, default=None)
    stage = _stage(deposit, account)
    return Picture(deposit, account, stage, pace_of(deposit, stage))


def _stage(deposit: Deposit, account: PaymentAttempt | None) -> str:
    if account and account.reason in _SPOKEN_FOR and deposit.state != State.SUCCESS:
        return _SPOKEN_FOR[account.reason]
    if deposit.state != State.PENDING:
        return deposit.state
    if deposit.expires_at <= now():
        return "ending"
    if account is None or account.state == Account.SUBMITTING:
        return "preparing"
    if account.state == Account.IN_DOUBT:
        return "in_doubt"
    return "waiting" if account.state == Account.OPEN and not _is_over(account) else "ended"


def _is_over(account: PaymentAttempt) -> bool:
    """Whether an open attempt cannot be paid any more, or what the payer needs never reached us."""
    over = account.expires_at is not None and account.expires_at <= now()
    return over or account.is_lost


def pace_of(deposit: Deposit, stage: str) -> int:
    """Seconds between two looks of the page: eager while something is about to happen, patient later."""
    age = now() - deposit.created_at
    if stage == "preparing":
        return 1 if age < _SLOW_AFTER else 2
    if stage in {"in_doubt", "ending"}:
        return 2
    if stage == "set_aside":
        return 30
    if stage == "confirming":
        return 5 if age < timedelta(minutes=30) else 30
    if stage in {"waiting", "ended"}:
        return 3 if age < timedelta(minutes=15) else 10 if age < timedelta(hours=2) else 30
    # Late money may still come for a day; after that only a reload looks again.
    late = stage == State.EXPIRED and now() - deposit.expires_at < timedelta(hours=1)
    return 30 if late else 0


def search(deposits: QuerySet[Deposit], *, text: str = "", state: str = "", method: str = "") -> QuerySet[Deposit]:
    """Narrow a list by state, by method, and by a number, an amount or an id as a person would type it."""
    if state in State.values:
        deposits = deposits.filter(state=state)
    if method in METHODS:
        deposits = deposits.filter(method=method)
    text = text.strip()
    return deposits.filter(_matches(text)) if text else deposits


def _matches(text: str) -> Q:
    digits = "".join(text.split()).replace("-", "")
    accounts = PaymentAttempt.objects.filter(deposit=OuterRef("pk"))
    found = Q(pk__in=[])
    if digits.isascii() and digits.isalnum() and len(digits) <= 28:
        found |= Q(Exists(accounts.filter(Q(number__contains=digits) | Q(trx_id=digits.upper()))))
        found |= Q(static_payments__account__number__contains=digits)
    if (amount := _amount_in(text)) is not None:
        found |= Q(amount=amount) | Q(received_amount=amount)
    with suppress(ValueError):
        found |= Q(public_id=UUID(text))
    return found


def _amount_in(text: str) -> Decimal | None:
    """``Rp50.000``, ``50,000`` or ``50000`` as an amount of rupiah."""
    bare = text.lower().removeprefix("rp").replace(".", "").replace(",", "").replace(" ", "")
    if not (bare.isascii() and bare.isdecimal() and len(bare) <= 16):
        return None
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def ways_of(customer: Customer) -> list[tuple[str, str]]:
    """(code, name) of the methods that the customer has paid by, to choose from."""
    used = set(deposits_of(customer).order_by().values_list("method", flat=True).distinct())
    return [(code, str(way.name)) for code, way in METHODS.items() if code in used]


def with_numbers(deposits: QuerySet[Deposit]) -> QuerySet[Deposit]:
    """Load the accounts along, newest first, for a list that shows their numbers."""
    return deposits.prefetch_related("attempts")


def rupiah_of(customer: Customer) -> Decimal:
    """What the customer can spend, in rupiah."""
    return next((row.available for row in balances(customer) if row.currency == "IDR"), Decimal(0))


def open_deposits(customer: Customer) -> list[Deposit]:
    """What waits for the customer's payment, nearest to its end first."""
    return list(
        with_numbers(deposits_of(customer)).filter(state=State.PENDING, expires_at__gt=Now()).order_by("expires_at")[:5]
    )


def last_choice(customer: Customer) -> Deposit | None:
    """The newest deposit in rupiah, of which amount and way are offered again."""
    chosen = deposits_of(customer).filter(method__in=CHOICES, currency="IDR")
    return chosen.order_by("-id").only("method", "bank", "amount", "currency").first()


def ovo_to_pay_with(customer: Customer) -> OvoLink | None:
    """The linked OVO account, if it can be used now."""
    return OvoLink.objects.filter(customer=customer, state=OvoLink.State.LINKED, wish="").first()


def attempt_named(trx_id: str, number: str) -> PaymentAttempt | None:
    """The account a message speaks of: by our trxId, else by its number without blanks, the newest of it."""
    found = PaymentAttempt.objects.filter(trx_id=trx_id).first() if trx_id else None
    return found or (PaymentAttempt.objects.filter(number=number).order_by("-id").first() if number else None)


def staff_counts() -> Mapping[str, int]:
    """How many deposits are in which state, and what waits for a person."""
    real = Deposit.objects.filter(REAL)
    counts = dict(real.values_list("state").annotate(Count("pk")).order_by())
    unsettled = [PaymentAttempt.State.SUBMITTING, PaymentAttempt.State.IN_DOUBT]
    return {
        **{state: counts.get(state, 0) for state in State.values},
        "in_doubt": PaymentAttempt.objects.filter(state__in=unsettled).count(),
        "attention": real.exclude(attention="").count(),
        "unmatched": ProviderMessage.objects.filter(
            decision=ProviderMessage.Decision.UNMATCHED, next_try_at__isnull=False
        ).count(),
    }
