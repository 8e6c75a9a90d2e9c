"""Reading the ledger: balances, statements, the accounts of the house."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from accounts.levels import Limits, limits_of
from accounts.models import Client, Customer
from config.lib.clock import now
from config.lib.pagination import Page, keyset
from wallets.errors import UnknownRecipient
from wallets.models import Account, Hold, LedgerCheck, Payment, Posting, Transaction

# Movements out of a wallet that its owner decides about: what limits count.
SPENDING = ("transfer", "payment")
_ENTRIES = uuid.UUID("6f0b8a1e-3f7f-5a0c-9d5e-2a4c7b1e9d10")


@dataclass(frozen=True)
class Balance:
    """What a wallet has: ``available`` is ``balance`` less what is ``held``."""

    currency: str
    balance: Decimal
    held: Decimal
    available: Decimal


@dataclass(frozen=True)
class Period:
    """What a statement covers: days in ``zone``, both included; ``direction`` is "", "credit" or "debit"."""

    zone: ZoneInfo
    first: date | None = None
    last: date | None = None
    direction: str = ""

    @property
    def start(self) -> datetime | None:
        return datetime.combine(self.first, time.min, self.zone) if self.first else None

    @property
    def end(self) -> datetime | None:
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone) if self.last else None


@dataclass(frozen=True)
class Statement:
    account: Account
    page: Page[Posting]
    opening: Decimal
    closing: Decimal
    credits: Decimal
    debits: Decimal


def balances(customer: Customer) -> list[Balance]:
    """The customer's wallets; an untouched rupiah wallet counts as zero."""
    rows = Account.objects.filter(customer=customer).order_by("currency")
    return [balance_of(row) for row in rows] or [balance_of(None)]


def client_balances(client: Client, *, is_sandbox: bool) -> list[Balance]:
    """What a client has, one for each currency it ever had; nothing at all before its first top-up."""
    rows = Account.objects.filter(client=client, is_sandbox=is_sandbox).order_by("currency")
    return [balance_of(row) for row in rows]


def balance_of(account: Account | None, currency: str = "IDR") -> Balance:
    """What stands in ``account``; nothing, in ``currency``, where there is none yet."""
    if account is None:
        return Balance(currency, Decimal(0), Decimal(0), Decimal(0))
    return Balance(account.currency, account.balance, account.held, account.available)


def entries(account: Account, period: Period) -> QuerySet[Posting]:
    """The postings of a period, for the page and the export alike; newest first by version."""
    rows = Posting.objects.filter(account=account).select_related("transaction").order_by("-version")
    if period.start:
        rows = rows.filter(created_at__gte=period.start)
    if period.end:
        rows = rows.filter(created_at__lt=period.end)
    if period.direction == "credit":
        rows = rows.filter(amount__gt=0)
    elif period.direction == "debit":
        rows = rows.filter(amount__lt=0)
    return rows


@dataclass(frozen=True)
class Sums:
    """``opening`` plus ``credits`` less ``debits`` is ``closing``."""

    opening: Decimal
    closing: Decimal
    credits: Decimal
    debits: Decimal


def sums(account: Account | None, period: Period) -> Sums:
    """The balances at the ends of a period, and what came and went in it whatever its direction filter."""
    if account is None:
        return Sums(*[Decimal(0)] * 4)
    whole = Period(period.zone, period.first, period.last)
    found = (
        entries(account, whole)
        .order_by()
        .aggregate(credits=Sum("amount", filter=Q(amount__gt=0)), debits=Sum("amount", filter=Q(amount__lt=0)))
    )
    came, went = found["credits"] or Decimal(0), -(found["debits"] or Decimal(0))
    closing = _balance_before(account, period.end)
    return Sums(closing - came + went, closing, came, went)


def statement(account: Account, period: Period, *, cursor: str = "", size: int = 25) -> Statement:
    """One page of a period, with its `sums`."""
    total = sums(account, period)
    page = keyset(entries(account, period), order_by="-version", cursor=cursor, size=size)
    return Statement(account, page, total.opening, total.closing, total.credits, total.debits)


def _balance_before(account: Account, moment: datetime | None) -> Decimal:
    rows = Posting.objects.filter(account=account)
    if moment is not None:
        rows = rows.filter(created_at__lt=moment)
    last = rows.order_by("-version").values_list("balance_after", flat=True).first()
    return last if last is not None else Decimal(0)


def open_holds(account: Account) -> QuerySet[Hold]:
    """What is reserved right now, newest first."""
    return Hold.objects.filter(account=account, state=Hold.State.OPEN).order_by("-id")


def recent_entries(customer: Customer, count: int = 5) -> list[Posting]:
    """The newest lines over all wallets of a customer."""
    rows = Posting.objects.filter(account__customer=customer).select_related("transaction", "account")
    return list(rows.order_by("-created_at", "-id")[:count])


def house_accounts(*, sandbox: bool = False) -> QuerySet[Account]:
    """The accounts that belong to nobody outside: clearing, revenue, what we owe merchants. Money of the sandbox is
    no money: its accounts are asked for apart."""
    accounts = Account.objects.filter(customer__isnull=True, client__isnull=True).order_by("code", "currency")
    of_sandbox = Q(code__endswith=":sandbox")
    return accounts.filter(of_sandbox) if sandbox else accounts.exclude(of_sandbox)


def last_check() -> LedgerCheck | None:
    """The newest run of check_ledger."""
    return LedgerCheck.objects.order_by("-id").first()


# --- what customers do themselves -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Allowance:
    """What a customer may still send and pay: ``left`` of ``limits.daily`` today, at most ``limits.single`` at once,
    never more than is ``available``."""

    limits: Limits
    spent: Decimal
    available: Decimal
    currency: str

    @property
    def left(self) -> Decimal:
        return max(self.limits.daily - self.spent, Decimal(0))

    @property
    def most(self) -> Decimal:
        """The largest amount that would go through now."""
        return min(self.left, self.limits.single, self.available)

    @property
    def low(self) -> Decimal:
        """Where little is left of a day."""
        return self.limits.daily / 5

    @property
    def zone(self) -> str:
        """By whose midnight the day ends, by its short name."""
        return now().astimezone(wallet_zone()).tzname() or ""


def allowance_of(customer: Customer) -> Allowance:
    """What the customer may spend now, in the currency of the customers' wallets."""
    currency = settings.CUSTOMER_WALLET_CURRENCY
    account = Account.objects.filter(customer=customer, currency=currency).first()
    spent = spent_today(customer, currency)
    return Allowance(limits_of(customer), spent, account.available if account else Decimal(0), currency)


def wallet_zone() -> ZoneInfo:
    """The zone in which days of the customers' wallets are counted."""
    return ZoneInfo(settings.CUSTOMER_WALLET_ZONE)


def spent_today(customer: Customer, currency: str) -> Decimal:
    """What was sent and paid since midnight, less what was taken back."""
    zone = wallet_zone()
    midnight = datetime.combine(now().astimezone(zone).date(), time.min, zone)
    rows = Posting.objects.filter(
        account__customer=customer, account__currency=currency, created_at__gte=midnight, amount__lt=0
    )
    rows = rows.filter(transaction__kind__in=SPENDING, transaction__reversals__isnull=True)
    return -(rows.aggregate(total=Sum("amount"))["total"] or Decimal(0))


def balance_in(customer: Customer, currency: str) -> Decimal:
    """The balance of one wallet, held money included; zero where there is none yet."""
    found = Account.objects.filter(customer=customer, currency=currency).values_list("balance", flat=True).first()
    return found if found is not None else Decimal(0)


def entry_id(reference: str, code: str) -> uuid.UUID:
    """The public id of a line: of the transaction ``reference`` on the account ``code``. It never changes, and is
    known before the line is there."""
    return uuid.uuid5(_ENTRIES, f"{reference}/{code}")


def recipient(sender: Customer, *, public_id: uuid.UUID | None = None, email: str = "") -> Customer:
    """Who can be sent money, by customer id or by a confirmed e-mail address. Raises `UnknownRecipient`.

    Whoever registers with somebody else's address must not receive what is meant for them, hence confirmed.
    """
    people = Customer.objects.select_related("user").filter(user__is_active=True, is_sandbox=sender.is_sandbox)
    if public_id is not None:
        people = people.filter(public_id=public_id)
    else:
        confirmed = EmailAddress.objects.filter(user=OuterRef("user"), email__iexact=email.strip(), verified=True)
        people = people.filter(Exists(confirmed), user__email=email.strip().lower())
    found = people.first()
    if found is None:
        raise UnknownRecipient
    return found


def counterparts(account: Account, postings: Iterable[Posting]) -> dict[int, Customer]:
    """The other customer of each transfer among ``postings`` of ``account``, by transaction. One query."""
    others = {
        posting.transaction_id: other
        for posting in postings
        if posting.transaction.kind == "transfer"
        for other in posting.transaction.account_ids
        if other != account.pk
    }
    people = Account.objects.select_related("customer__user").in_bulk(set(others.values()))
    found = {moved: people[other].customer for moved, other in others.items() if other in people}
    return {moved: customer for moved, customer in found.items() if customer is not None}


def external_references(postings: Iterable[Posting]) -> dict[int, str]:
    """The merchant's reference of each payment among ``postings``, by transaction. One query."""
    wanted = {
        posting.transaction.reference.partition(":")[2]: posting.transaction_id
        for posting in postings
        if posting.transaction.kind == "payment"
    }
    rows = Payment.objects.filter(public_id__in=wanted) if wanted else Payment.objects.none()
    return {wanted[str(row.public_id)]: row.external_reference for row in rows}


def movement(customer: Customer, reference: str) -> Posting | None:
    """The customer's own line of the transaction ``reference``; nothing for strangers."""
    rows = Posting.objects.select_related("transaction", "account")
    found = Transaction.objects.filter(reference=reference)
    return rows.filter(transaction__in=found, account__customer=customer).first()
