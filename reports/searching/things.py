"""Everything the box knows, in the order it is shown."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import AuditEntry, Client, Customer, PortalUser
from cards.models import CardPayment
from cards.selectors import payments as cards
from checkout.models import Session
from checkout.selectors import sessions
from config.lib.money import format_money
from kyc.models import KycCase
from kyc.selectors import queue
from otp import overviews as orders
from otp.models import Order, Server
from payments.methods import METHODS
from payments.models import (
    Deposit,
    PaymentAttempt,
    PaymentCase,
    ProviderExchange,
    ProviderMessage,
    Receipt,
    StaticAccount,
    StaticPayment,
)
from payments.overviews import deposits
from payouts.models import Batch, Funding, Payout
from payouts.selectors import balances, batches, transfers
from reports.searching.asking import Asked
from reports.searching.finding import (
    Finder,
    Hit,
    by_email,
    by_foreign,
    by_id,
    by_number,
    by_reference,
    by_request,
    either,
)

_CHANNELS = [method.channel for method in METHODS.values() if method.channel]
_CURRENCIES = ["IDR", "SLE", "USD"]


# --- people ---------------------------------------------------------------------------------------------------


def _customer(row: Customer) -> Hit:
    return Hit(row.user.email, reverse("staff:customer", args=[row.public_id]), row.user.display_name or row.phone)


def _person(row: PortalUser) -> Hit:
    where = row.client.name if row.client else _("works here")
    return Hit(row.user.email, reverse("staff:person", args=[row.public_id]), where)


def _portal_people(actor: Actor) -> QuerySet[PortalUser]:
    return policy.portal_users_seen_by(actor).select_related("user", "client")


def _client(row: Client) -> Hit:
    return Hit(row.name, reverse("staff:client", args=[row.public_id]), row.email, f"client:{row.status}")


def _client_named(asked: Asked) -> Q | None:
    """Clients are few: they are found by a part of their name too."""
    if asked.email:
        return Q(email__istartswith=asked.email)
    return Q(name__icontains=asked.words) if asked.words else None


# --- numbers and money in -------------------------------------------------------------------------------------


def _order(row: Order) -> Hit:
    what = row.mail_address or row.phone_number or row.reference
    url = reverse("staff:order", args=[row.public_id])
    return Hit(f"{row.service_name} · {what}", url, row.customer.user.email, row.state, row.created_at)


def _deposit_hit(row: Deposit, title: str) -> Hit:
    whose = row.customer.user.email if row.customer else row.client.name if row.client else ""
    url = reverse("staff:deposit", args=[row.public_id])
    return Hit(title, url, f"{format_money(row.amount, row.currency)} · {whose}", row.state, row.created_at)


def _deposit(row: Deposit) -> Hit:
    return _deposit_hit(row, str(row.public_id))


def _attempt(row: PaymentAttempt) -> Hit:
    return _deposit_hit(row.deposit, row.number or row.trx_id)


def _attempts(actor: Actor) -> QuerySet[PaymentAttempt]:
    real = deposits.listed(deposits.Wanted()).select_related(None)
    rows = PaymentAttempt.objects.filter(deposit__in=real)
    return rows.select_related("deposit__customer__user", "deposit__client")


def _receipt(row: Receipt) -> Hit:
    assert row.deposit is not None  # noqa: S101 - the look-up wants one
    return _deposit_hit(row.deposit, row.key)


def _receipts(actor: Actor) -> QuerySet[Receipt]:
    rows = Receipt.objects.filter(deposit__isnull=False)
    return rows.select_related("deposit__customer__user", "deposit__client")


def _static(row: StaticAccount) -> Hit:
    return Hit(row.number, reverse("staff:customer", args=[row.customer.public_id]), row.customer.user.email)


def _static_payment(row: StaticPayment) -> Hit:
    assert row.deposit is not None  # noqa: S101 - the look-up wants one
    return _deposit_hit(row.deposit, row.reference_no)


def _case(row: PaymentCase) -> Hit:
    url = reverse("staff:case", args=[row.public_id])
    return Hit(str(row.get_kind_display()), url, row.reference, f"case:{row.state}", row.created_at)


def _message(row: ProviderMessage) -> Hit:
    url = reverse("staff:message", args=[row.pk])
    return Hit(row.external_id or row.reference, url, row.provider, at=row.received_at)


def _exchange(row: ProviderExchange) -> Hit:
    url = reverse("staff:exchange", args=[row.pk])
    return Hit(row.reference, url, f"{row.provider} · {row.operation}", at=row.sent_at)


# --- money out, cards, checkouts ------------------------------------------------------------------------------


def _payout(row: Payout) -> Hit:
    text = f"{format_money(row.amount, row.currency)} · {row.receiver} · {row.client.name}"
    url = reverse("staff:payout", args=[row.public_id])
    return Hit(row.reference, url, text, f"payout:{row.state}", row.created_at)


def _batch(row: Batch) -> Hit:
    url = reverse("staff:batch", args=[row.public_id])
    return Hit(row.name, url, f"{row.reference} · {row.client.name}", f"batch:{row.state}", row.created_at)


def _funding(row: Funding) -> Hit:
    text = f"{format_money(row.amount, row.currency)} · {row.client.name}"
    url = reverse("staff:funding", args=[row.public_id])
    return Hit(row.reference, url, text, f"funding:{row.state}", row.created_at)


def _card(row: CardPayment) -> Hit:
    text = f"{format_money(row.amount, row.currency)} · {row.client.name}"
    url = reverse("staff:card", args=[row.public_id])
    return Hit(row.order_id or row.reference, url, text, f"card:{row.state}", row.created_at)


def _checkout(row: Session) -> Hit:
    text = f"{format_money(row.amount, row.currency)} · {row.client.name}"
    url = reverse("staff:checkout", args=[row.public_id])
    return Hit(row.description or row.reference, url, text, f"checkout:{row.state}", row.created_at)


def _identity(row: KycCase) -> Hit:
    url = reverse("review:case", args=[row.public_id])
    return Hit(row.full_name or row.customer.user.email, url, row.customer.user.email, at=row.submitted_at)


def _request(row: AuditEntry) -> Hit:
    url = f"{reverse('staff:audit')}?{urlencode({'request_id': row.request_id})}"
    return Hit(row.request_id, url, row.actor_label, at=row.at)


def _seen_requests(actor: Actor) -> QuerySet[Any]:
    return policy.audit_seen_by(actor)


FINDERS = (
    Finder(
        gettext_lazy("Customers"),
        "users",
        "Customers.ReadOne",
        lambda actor: policy.customers_seen_by(actor).select_related("user"),
        either(by_email("user__email"), by_number("phone"), by_id()),
        _customer,
    ),
    Finder(
        gettext_lazy("People with a desk"),
        "user-group",
        "PortalUsers.ReadOne",
        _portal_people,
        either(by_email("user__email"), by_id()),
        _person,
    ),
    Finder(
        gettext_lazy("Clients"),
        "building-office-2",
        "Clients.ReadOne",
        policy.clients_seen_by,
        either(_client_named, by_id()),
        _client,
    ),
    Finder(
        gettext_lazy("Orders"),
        "clipboard-document-list",
        "Orders.Read",
        lambda actor: orders.listed(orders.Wanted()),
        either(
            by_reference(),
            by_foreign("provider_order_id", server__in=[int(server) for server in Server]),
            by_foreign("replace_reference"),
            by_number("phone_number"),
            by_email("mail_address"),
            by_id(),
        ),
        _order,
    ),
    Finder(
        gettext_lazy("Deposits"),
        "arrow-down-tray",
        "Deposits.Read",
        lambda actor: deposits.listed(deposits.Wanted()),
        by_id(),
        _deposit,
    ),
    Finder(
        gettext_lazy("Deposits by number or reference"),
        "arrow-down-tray",
        "Deposits.Read",
        _attempts,
        either(by_number("number"), by_reference("trx_id"), by_foreign("provider_trx_id")),
        _attempt,
    ),
    Finder(
        gettext_lazy("Deposits by what was received"),
        "arrow-down-tray",
        "Deposits.Read",
        _receipts,
        either(by_foreign("key", channel__in=_CHANNELS), by_foreign("ledger_reference")),
        _receipt,
    ),
    Finder(
        gettext_lazy("Permanent numbers"),
        "hashtag",
        "Customers.ReadOne",
        lambda actor: StaticAccount.objects.filter(customer__in=policy.customers_seen_by(actor)).select_related(
            "customer__user"
        ),
        either(by_number("number"), by_id()),
        _static,
    ),
    Finder(
        gettext_lazy("Payments to permanent numbers"),
        "hashtag",
        "Deposits.Read",
        lambda actor: StaticPayment.objects.filter(deposit__isnull=False).select_related(
            "deposit__customer__user", "deposit__client"
        ),
        by_foreign("reference_no"),
        _static_payment,
    ),
    Finder(
        gettext_lazy("Payment cases"),
        "exclamation-triangle",
        "PaymentCases.Read",
        lambda actor: PaymentCase.objects.all(),
        either(by_foreign("key"), by_id()),
        _case,
    ),
    Finder(
        gettext_lazy("Payouts"),
        "paper-airplane",
        "Payouts.Read",
        lambda actor: transfers.seen(actor).select_related("client"),
        either(by_reference(), by_foreign("rail_id"), by_number("receiver"), by_id()),
        _payout,
    ),
    Finder(
        gettext_lazy("Batches"),
        "queue-list",
        "Reports.ReadBatch",
        lambda actor: batches.listed(actor).select_related("client"),
        either(by_reference(), by_id()),
        _batch,
    ),
    Finder(
        gettext_lazy("Top-ups of clients"),
        "banknotes",
        "Fundings.Read",
        lambda actor: balances.fundings(),
        either(
            by_reference(),
            by_foreign("bank_reference", currency__in=_CURRENCIES, state__in=["found", "credited"]),
            by_id(),
        ),
        _funding,
    ),
    Finder(
        gettext_lazy("Card payments"),
        "credit-card",
        "Cards.Read",
        lambda actor: cards.seen(actor).select_related("client"),
        either(by_reference(), by_foreign("order_id"), by_foreign("processor_id"), by_id()),
        _card,
    ),
    Finder(
        gettext_lazy("Checkouts"),
        "link",
        "Checkout.ReadOne",
        sessions.seen,
        either(by_reference(), by_id()),
        _checkout,
    ),
    Finder(
        gettext_lazy("Identity checks"),
        "identification",
        "KycAdmin.ReadPending",
        lambda actor: queue.cases_seen_by(actor).select_related("customer__user"),
        by_id(),
        _identity,
    ),
    Finder(
        gettext_lazy("Told by providers"),
        "inbox-arrow-down",
        "Exchanges.Read",
        lambda actor: ProviderMessage.objects.all(),
        either(by_foreign("reference"), by_foreign("external_id")),
        _message,
    ),
    Finder(
        gettext_lazy("Asked of providers"),
        "arrows-right-left",
        "Exchanges.Read",
        lambda actor: ProviderExchange.objects.all(),
        by_foreign("reference"),
        _exchange,
    ),
    Finder(
        gettext_lazy("Requests on record"),
        "clipboard-document-check",
        "Audit.Read",
        _seen_requests,
        by_request(),
        _request,
    ),
)
