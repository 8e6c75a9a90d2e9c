"""Reading the ledger: balances, statements, the accounts of the house."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum

from accounts.models import Customer
from config.lib.pagination import Page, keyset
from wallets.models import Account, Hold, LedgerCheck, Posting


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


def statement(account: Account, period: Period, *, cursor: str = "", size: int = 25) -> Statement:
    """One page of a period, with the balances at its ends and what came and went in it.

    ``opening`` plus credits less debits is ``closing`` whatever the page and the direction filter.
    """
    whole = Period(period.zone, period.first, period.last)
    sums = (
        entries(account, whole)
        .order_by()
        .aggregate(credits=Sum("amount", filter=Q(amount__gt=0)), debits=Sum("amount", filter=Q(amount__lt=0)))
    )
    came, went = sums["credits"] or Decimal(0), -(sums["debits"] or Decimal(0))
    closing = _balance_before(account, period.end)
    page = keyset(entries(account, period), order_by="-version", cursor=cursor, size=size)
    return Statement(account, page, closing - came + went, closing, came, went)


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


def house_accounts() -> QuerySet[Account]:
    """The accounts that belong to nobody outside: clearing and revenue."""
    return Account.objects.filter(customer__isnull=True).order_by("code", "currency")


def last_check() -> LedgerCheck | None:
    """The newest run of check_ledger."""
    return LedgerCheck.objects.order_by("-id").first()
