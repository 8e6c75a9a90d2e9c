"""Reading permanent numbers: which banks give them, which a customer has, and what was last paid to each."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import Max, Sum

from accounts.levels import limits_of
from accounts.models import Customer
from payments.banks import BANKS, STATIC_BANKS, Bank, Way
from payments.models import StaticAccount, StaticPayment
from payments.providers.faspay_snap.schemas import clean_name
from wallets.selectors import balance_in

LAST_PAYMENTS = 3
_NAME_LIMIT = 50


@dataclass(frozen=True)
class Number:
    """A permanent number as its owner sees it, with the newest payments that came to it."""

    account: StaticAccount
    bank: Bank | None
    name: str
    payments: list[StaticPayment]

    @property
    def ways(self) -> list[Way]:
        """The bank's ways to pay any amount, with this number and name filled in."""
        if self.bank is None:
            return []
        words = {"number": self.account.grouped_number, "name": self.name}
        return [Way(way.title, [str(step).format(**words) for step in way.open_steps]) for way in self.bank.ways]


@dataclass(frozen=True)
class Overview:
    """What a customer has and could have. ``room`` is what the wallet may still take in, None without a bound."""

    numbers: list[Number]
    closed: list[StaticAccount]
    offered: list[Bank]
    room: Decimal | None

    @property
    def is_offered(self) -> bool:
        """Whether there is anything to show at all."""
        return bool(self.numbers or self.offered or self.closed)


def service_ids() -> dict[str, str]:
    """Partner service ids by bank, of the banks where numbers can be given."""
    given: dict[str, str] = settings.FASPAY_STATIC_SERVICE_IDS
    return {bank: given[bank] for bank in given if bank in BANKS and bank in STATIC_BANKS}


def shown_name(customer: Customer) -> str:
    """Whom a bank shows to the payer."""
    return clean_name(customer.user.display_name, limit=_NAME_LIMIT) or "Customer"


def accounts_of(customer: Customer) -> list[StaticAccount]:
    """The customer's numbers, closed ones too, oldest first."""
    return list(StaticAccount.objects.filter(customer=customer).order_by("id"))


def overview_of(customer: Customer) -> Overview:
    """Everything the pages show about a customer's permanent numbers: the same few queries for any of them."""
    accounts = accounts_of(customer)
    active = [account for account in accounts if account.state == StaticAccount.State.ACTIVE]
    came = _last_payments(accounts)
    taken = {account.bank for account in active}
    name = shown_name(customer)
    return Overview(
        numbers=[Number(row, BANKS.get(row.bank), name, came.get(row.pk, [])) for row in active],
        closed=[account for account in accounts if account.state == StaticAccount.State.CLOSED],
        offered=[BANKS[bank] for bank in service_ids() if bank not in taken and not customer.is_sandbox],
        room=_room(customer),
    )


def _last_payments(accounts: list[StaticAccount]) -> dict[int, list[StaticPayment]]:
    """The newest payments of each account; of those that staff look into only while they do."""
    found: dict[int, list[StaticPayment]] = {}
    if not accounts:
        return found
    ids = [account.pk for account in accounts]
    rows = StaticPayment.objects.raw(
        """
        SELECT p.* FROM unnest(%s::bigint[]) AS a(id)
         CROSS JOIN LATERAL (SELECT * FROM payments_staticpayment
                              WHERE account_id = a.id AND state IN ('flagged', 'booked', 'reversed')
                                AND NOT (state = 'flagged' AND EXISTS (
                                         SELECT 1 FROM payments_receipt
                                          WHERE static_payment_id = payments_staticpayment.id AND place <> 'suspense'))
                              ORDER BY id DESC LIMIT %s) p
        """,
        [ids, LAST_PAYMENTS],
    ).prefetch_related("deposit")
    for row in rows:
        found.setdefault(row.account_id, []).append(row)
    return found


def _room(customer: Customer) -> Decimal | None:
    if settings.CUSTOMER_WALLET_CURRENCY != "IDR":
        return None
    return max(limits_of(customer).balance - balance_in(customer, "IDR") - announced_to(customer), Decimal(0))


def announced_to(customer: Customer) -> Decimal:
    """What banks have announced to the customer's numbers and may still confirm, in rupiah; what was left to staff
    is asked about no more."""
    waiting = StaticPayment.objects.filter(
        account__customer=customer, state=StaticPayment.State.FLAGGED, next_check_at__isnull=False
    )
    return waiting.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def version_of(customer: Customer) -> str:
    """What changes with everything that comes to any of the customer's numbers: one small read."""
    came = StaticPayment.objects.filter(account__customer=customer)
    found = came.aggregate(newest=Max("pk"), settled=Max("settled_at"))
    settled = found["settled"]
    return f"{found['newest'] or 0}-{settled.timestamp() if settled else 0:.0f}"
