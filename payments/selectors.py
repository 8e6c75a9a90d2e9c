"""Reading deposits. ``deposits_of`` is the only way a page gets one: what is not the customer's does not exist."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from accounts.models import Customer
from config.lib.clock import now
from config.lib.money import format_money
from payments.banks import BANKS, Way
from payments.methods import CHOICES
from payments.models import Deposit, OvoLink, PaymentAttempt, ProviderMessage
from wallets.selectors import balances

State = Deposit.State
# Until then a number being made is simply being made; afterwards we say that it takes longer.
_SLOW_AFTER = timedelta(seconds=20)


@dataclass(frozen=True)
class Picture:
    """What a deposit looks like to its owner. ``stage`` is preparing, in_doubt, waiting, ending, or the final state;
    ``every`` the seconds between two looks, 0 when nothing more will come by itself."""

    deposit: Deposit
    account: PaymentAttempt | None
    stage: str
    every: int

    @property
    def number(self) -> str:
        """The number to pay to: only while it can be paid, or was."""
        shown = {PaymentAttempt.State.OPEN, PaymentAttempt.State.PAID, PaymentAttempt.State.CLOSED}
        return self.account.number if self.account and self.account.state in shown else ""

    @property
    def may_check(self) -> bool:
        """Whether asking the bank can tell anything new."""
        if self.account is None or self.deposit.state == State.SUCCESS:
            return False
        known = {PaymentAttempt.State.OPEN, PaymentAttempt.State.CLOSED}
        return self.account.state == PaymentAttempt.State.IN_DOUBT or (
            self.account.state in known and self.account.number != ""
        )

    @property
    def ways(self) -> list[Way]:
        """The bank's ways to pay with this number and amount filled in; none when there is nothing to pay."""
        bank = BANKS.get(self.deposit.bank)
        if bank is None or self.stage != "waiting":
            return []
        amount = format_money(self.deposit.amount, self.deposit.currency)
        words = {"number": self.grouped_number, "amount": amount}
        return [Way(way.title, [str(step).format(**words) for step in way.steps]) for way in bank.ways]

    @property
    def seen(self) -> str:
        """What the page tells with its next look: version and pace."""
        return f"{self.deposit.version}-{self.every}"

    @property
    def grouped_number(self) -> str:
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


def deposits_of(customer: Customer) -> QuerySet[Deposit]:
    """The customer's deposits."""
    return Deposit.objects.filter(customer=customer)


def is_unchanged(deposits: QuerySet[Deposit], public_id: UUID, seen: str) -> bool:
    """Whether a page that shows ``seen`` (`Picture.seen`) shows the newest state and asks at the right pace: one read
    by a unique index, among the ``deposits`` that the asker may look at."""
    version, _dash, every = seen.partition("-")
    if not (version.isdecimal() and every.isdecimal() and len(version) < 19):
        return False
    newest = PaymentAttempt.objects.filter(deposit=OuterRef("pk")).order_by("-id").values("state")[:1]
    deposit = (
        deposits.filter(public_id=public_id, version=int(version)).annotate(account_state=Subquery(newest)).first()
    )
    return deposit is not None and pace_of(deposit, _stage(deposit, deposit.account_state)) == int(every[:6])


def picture_of(deposit: Deposit) -> Picture:
    """Put together what a page shows; uses accounts that were loaded along."""
    account = max(deposit.attempts.all(), key=lambda row: row.pk, default=None)
    stage = _stage(deposit, account.state if account else None)
    return Picture(deposit, account, stage, pace_of(deposit, stage))


def _stage(deposit: Deposit, account_state: str | None) -> str:
    if deposit.state != State.PENDING:
        return deposit.state
    if deposit.expires_at <= now():
        return "ending"
    if account_state is None or account_state == PaymentAttempt.State.SUBMITTING:
        return "preparing"
    return "in_doubt" if account_state == PaymentAttempt.State.IN_DOUBT else "waiting"


def pace_of(deposit: Deposit, stage: str) -> int:
    """Seconds between two looks of the page: eager while something is about to happen, patient later."""
    age = now() - deposit.created_at
    if stage == "preparing":
        return 1 if age < _SLOW_AFTER else 2
    if stage in {"in_doubt", "ending"}:
        return 2
    if stage == "waiting":
        return 3 if age < timedelta(minutes=15) else 10 if age < timedelta(hours=2) else 30
    # Late money may still come for a day; after that only a reload looks again.
    late = stage == State.EXPIRED and now() - deposit.expires_at < timedelta(hours=1)
    return 30 if late else 0


def search(deposits: QuerySet[Deposit], *, text: str = "", state: str = "") -> QuerySet[Deposit]:
    """Narrow a list by state and by a number, an amount or an id as a person would type it."""
    if state in State.values:
        deposits = deposits.filter(state=state)
    text = text.strip()
    return deposits.filter(_matches(text)) if text else deposits


def _matches(text: str) -> Q:
    digits = "".join(text.split()).replace("-", "")
    accounts = PaymentAttempt.objects.filter(deposit=OuterRef("pk"))
    found = Q(pk__in=[])
    if digits.isascii() and digits.isalnum() and len(digits) <= 28:
        found |= Q(Exists(accounts.filter(Q(number__contains=digits) | Q(trx_id=digits.upper()))))
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
    real = Deposit.objects.filter(customer__is_sandbox=False)
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
