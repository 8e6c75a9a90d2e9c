"""What stands in the menus, by role. A page that does not exist (yet, or here) leaves no entry."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

May = Callable[[str], bool]


@dataclass(frozen=True)
class Entry:
    """A page by its URL name; ``also`` names the pages that belong to it, ``short`` is its word in the bottom bar,
    ``permission`` what one must hold to see it."""

    name: str
    text: str | Promise
    icon: str
    short: str | Promise = ""
    also: tuple[str, ...] = ()
    permission: str = ""


@dataclass(frozen=True)
class Link:
    text: str | Promise
    short: str | Promise
    icon: str
    url: str
    current: bool


@dataclass(frozen=True)
class Section:
    title: str | Promise
    links: Sequence[Link]


_HOME = Entry("home", _("Home"), "home")
_BUY = Entry(
    "otp:buy",
    _("Buy a number"),
    "shopping-bag",
    pgettext_lazy("bottom bar", "Buy"),
    also=("otp:buy_mail", "otp:compare"),
)
_LIVE = Entry("otp:live", _("Live orders"), "bolt", pgettext_lazy("bottom bar", "Codes"))
_ORDERS = Entry("otp:orders", _("Orders"), "clipboard-document-list", also=("otp:order",))
_TOPUP = Entry(
    "payments:topup",
    _("Top up"),
    "plus-circle",
    also=(
        "payments:deposit",
        "payments:permanent",
        "payments:ovo",
        *("payments:ovo_link", "payments:ovo_pay", "payments:ovo_history", "payments:ovo_instructions"),
    ),
)
_DEPOSITS = Entry("payments:deposits", _("Deposits"), "arrow-down-tray")
_STATEMENT = Entry("wallets:statement", _("Transactions"), "banknotes", also=("wallets:transfer", "wallets:payment"))
_SEND = Entry("wallets:send", _("Send"), "paper-airplane", also=("wallets:pay",))
_INBOX = Entry("inbox:list", _("Inbox"), "bell", also=("inbox:preferences",))
_IDENTITY = Entry("identity:status", _("Verify identity"), "identification", also=("identity:upload",))
_KEY_PAGES = ("developers:new_key", "developers:key", "developers:rotate_key", "developers:change_key")
_WEBHOOK_PAGES = ("webhook:overview", "webhook:settings", "webhook:rotate", "webhook:delivery")
_GUIDES = (
    *("guides:home", "guides:quickstart", "guides:states", "guides:errors", "guides:webhooks", "guides:changelog"),
    *("api_docs", "api_docs_section", "api_v1_docs", "api_v1_docs_section"),
)
_CLIENT_WEBHOOK_PAGES = tuple(
    f"company:{place}:{page}"
    for place in ("webhook", "sandbox_webhook")
    for page in ("overview", "settings", "rotate", "delivery")
)
_KEYS = Entry(
    "guides:home",
    _("Developers"),
    "code-bracket",
    also=(
        *_KEY_PAGES,
        *_WEBHOOK_PAGES,
        "developers:keys",
        "developers:calls",
        *_GUIDES,
    ),
)
_SANDBOX = Entry(
    "sandbox:index",
    _("Sandbox"),
    "beaker",
    also=(
        "sandbox:mailbox",
        "sandbox:letter",
        "sandbox:ways",
        "sandbox:sms",
        "sandbox:supplier",
        "sandbox:rail",
        "sandbox:cards",
    ),
)

_REPORTS = Entry(
    "reports:index",
    _("Reports"),
    "document-chart-bar",
    also=("reports:report", "reports:exports", "reports:export"),
    permission="Reports.ReadBatches",
)

_SECTIONS: dict[str, list[tuple[str | Promise, list[Entry]]]] = {
    "customer": [
        ("", [_HOME]),
        (_("Numbers"), [_BUY, _LIVE, _ORDERS]),
        (_("Money"), [_TOPUP, _SEND, _DEPOSITS, _STATEMENT]),
        (_("You"), [_INBOX, _IDENTITY, _KEYS]),
    ],
    "staff": [
        (
            _("Staff"),
            [
                Entry("staff:overview", _("Overview"), "presentation-chart-line", permission="Staff.Overview"),
                Entry("staff:search", _("Search"), "magnifying-glass", permission="Staff.Search"),
                Entry(
                    "staff:clients",
                    _("Clients"),
                    "building-office-2",
                    also=("staff:client", "staff:pending_clients", "staff:change_client"),
                    permission="Clients.Read",
                ),
                Entry(
                    "staff:customers", _("Customers"), "users", also=("staff:customer",), permission="Customers.Read"
                ),
                Entry(
                    "review:queue",
                    _("Identity checks"),
                    "identification",
                    also=(
                        "review:case",
                        "review:cases",
                        "review:done",
                        "review:overview",
                        "review:decide",
                        "review:number",
                    ),
                    permission="KycAdmin.ReadPending",
                ),
                _REPORTS,
            ],
        ),
        (
            _("Numbers"),
            [
                Entry(
                    "staff:orders",
                    _("Orders"),
                    "clipboard-document-list",
                    also=("staff:order",),
                    permission="Orders.Read",
                ),
                Entry(
                    "staff:blocked_services",
                    _("Blocked services"),
                    "no-symbol",
                    also=("staff:blocked_service",),
                    permission="BlockedServices.Read",
                ),
                Entry(
                    "staff:supplier",
                    _("OTPZap"),
                    "building-storefront",
                    also=("staff:supplier_hook",),
                    permission="Supplier.Read",
                ),
            ],
        ),
        (
            _("Money in"),
            [
                Entry(
                    "staff:deposits",
                    _("Deposits"),
                    "arrow-down-tray",
                    also=("staff:deposit",),
                    permission="Deposits.Read",
                ),
                Entry("staff:cards", _("Card payments"), "credit-card", also=("staff:card",), permission="Cards.Read"),
                Entry(
                    "staff:checkouts",
                    _("Checkouts"),
                    "link",
                    also=("staff:checkout",),
                    permission="Reports.ReadCheckoutSessions",
                ),
                Entry(
                    "staff:cases",
                    _("Open cases"),
                    "exclamation-triangle",
                    also=("staff:case",),
                    permission="PaymentCases.Read",
                ),
                Entry(
                    "staff:reconciliation",
                    _("Reconciliation"),
                    "scale",
                    also=("staff:reconciliation_day", "staff:settlement_files", "staff:settlement_file"),
                    permission="Reconciliation.Read",
                ),
                Entry("staff:ledger", _("Ledger"), "book-open", permission="Reconciliation.Read"),
                Entry(
                    "staff:exchanges",
                    _("Provider exchanges"),
                    "arrows-right-left",
                    also=("staff:exchange", "staff:message"),
                    permission="Exchanges.Read",
                ),
            ],
        ),
        (
            _("Money out"),
            [
                Entry(
                    "staff:payouts",
                    _("Payouts"),
                    "paper-airplane",
                    also=("staff:payout",),
                    permission="Payouts.Read",
                ),
                Entry(
                    "staff:batches",
                    _("Batches"),
                    "queue-list",
                    also=("staff:batch",),
                    permission="Reports.ReadBatches",
                ),
                Entry(
                    "staff:payout_rules",
                    _("Banks, fees, blocks"),
                    "adjustments-horizontal",
                    also=(
                        "staff:bank",
                        "staff:bank_new",
                        "staff:payout_fees",
                        "staff:payout_fee",
                        "staff:blocked_receivers",
                    ),
                    permission="PayoutRules.Read",
                ),
                Entry(
                    "staff:fundings",
                    _("Top-ups of clients"),
                    "banknotes",
                    also=("staff:funding",),
                    permission="Fundings.Read",
                ),
            ],
        ),
        (
            _("Messages"),
            [
                Entry(
                    "staff:sms",
                    _("SMS"),
                    "chat-bubble-left-right",
                    also=("staff:sms_senders",),
                    permission="Sms.Read",
                ),
            ],
        ),
        (
            _("Access"),
            [
                Entry(
                    "staff:people",
                    _("People"),
                    "user-group",
                    also=("staff:person", "staff:person_new"),
                    permission="PortalUsers.Read",
                ),
                Entry(
                    "staff:roles",
                    _("Roles"),
                    "shield-check",
                    also=("staff:role", "staff:role_new", "staff:role_matrix", "staff:role_compare"),
                    permission="Roles.Compare",
                ),
                Entry(
                    "staff:access",
                    _("Who may what"),
                    "magnifying-glass-circle",
                    also=("staff:api_user_rights",),
                    permission="Access.Explain",
                ),
                Entry("staff:audit", _("Audit"), "clipboard-document-check", permission="Audit.Read"),
                Entry("developers:keys", _("My API keys"), "key", also=_KEY_PAGES, permission="SandboxApiKeys.Create"),
                Entry("admin:index", _("Administration"), "wrench-screwdriver", permission="Administration.Read"),
            ],
        ),
    ],
    "company": [
        (
            _("Company"),
            [
                Entry("company:overview", _("Overview"), "home", also=("company:profile", "company:profile_change")),
                Entry(
                    "company:balance",
                    _("Balance"),
                    "banknotes",
                    also=("company:top_up", "company:funding"),
                    permission="Balance.Read",
                ),
                Entry(
                    "company:team",
                    _("Team"),
                    "user-group",
                    also=("company:person", "company:person_new"),
                    permission="PortalUsers.Read",
                ),
                Entry(
                    "company:api_users",
                    _("API users"),
                    "cpu-chip",
                    also=("company:api_user", "company:api_user_new"),
                    permission="ApiUsers.Read",
                ),
                _REPORTS,
                Entry("company:audit", _("Audit"), "clipboard-document-check", permission="Audit.ReadClient"),
            ],
        ),
        (
            _("Money out"),
            [
                Entry(
                    "company:transfers",
                    _("Transfers"),
                    "paper-airplane",
                    also=("company:transfer", "company:transfer_new"),
                    permission="Payment.ReadRange",
                ),
                Entry(
                    "company:batches",
                    _("Batches"),
                    "queue-list",
                    also=("company:batch", "company:batch_new", "company:batch_row"),
                    permission="BulkDisbursement.ReadStatus",
                ),
                Entry(
                    "company:approvals",
                    _("Approvals"),
                    "hand-thumb-up",
                    also=("company:batch_approve", "company:batch_send_back"),
                    permission="Batches.Approve",
                ),
            ],
        ),
        (
            _("Money in"),
            [
                Entry(
                    "company:checkouts",
                    _("Checkouts"),
                    "link",
                    also=("company:checkout", "company:checkout_new", "company:checkout_settings"),
                    permission="Reports.ReadCheckoutSessions",
                ),
                Entry(
                    "company:cards",
                    _("Cards"),
                    "credit-card",
                    also=("company:card", "company:card_capture", "company:card_release", "company:card_refund"),
                    permission="Reports.ReadCardTransactions",
                ),
            ],
        ),
        (
            _("Messages"),
            [
                Entry(
                    "company:sms",
                    _("SMS"),
                    "chat-bubble-left-right",
                    also=("company:sms_new", "company:sms_message", "company:sms_senders"),
                    permission="Sms.Read",
                ),
            ],
        ),
        (
            _("Developers"),
            [
                Entry("developers:keys", _("API keys"), "key", also=_KEY_PAGES, permission="ApiKeys.Read"),
                Entry("developers:calls", _("Requests"), "list-bullet", permission="ApiCalls.Read"),
                Entry(
                    "company:webhook:overview",
                    _("Webhook"),
                    "bolt",
                    also=_CLIENT_WEBHOOK_PAGES,
                    permission="Webhooks.Read",
                ),
                Entry("guides:home", _("Guides"), "book-open", also=_GUIDES),
            ],
        ),
    ],
    "sandbox": [(_("Try it out"), [_SANDBOX])],
}

_BOTTOM = {
    "customer": [_HOME, _BUY, _LIVE, _TOPUP],
    "staff": _SECTIONS["staff"][0][1],
    # What is done every day first; people and programs behind it.
    "company": [
        *_SECTIONS["company"][0][1][:1],
        *_SECTIONS["company"][1][1],
        *_SECTIONS["company"][0][1][1:],
    ],
}

_ACCOUNT = [
    Entry("accounts:preferences", _("Profile and language"), "user-circle"),
    Entry("account_email", _("E-mail addresses"), "envelope"),
    Entry("account_change_password", _("Password"), "key"),
    Entry("accounts:security", _("Security"), "shield-check"),
]


def sections_for(roles: Collection[str], view_name: str, may: May) -> list[Section]:
    """The side menu of a person with ``roles`` (customer, staff, company, sandbox) who is looking at ``view_name``."""
    wanted = [part for role, parts in _SECTIONS.items() if role in roles for part in parts]
    sections = [Section(title, _links(_allowed(entries, may), view_name)) for title, entries in wanted]
    return [section for section in sections if section.links]


def bottom_bar_for(roles: Collection[str], view_name: str, may: May) -> list[Link]:
    """At most four links for the bar of phones; the fifth place is the account menu."""
    role = next((role for role in ("customer", "company") if role in roles), "staff")
    return _links(_allowed(_BOTTOM[role], may), view_name)[:4]


def _allowed(entries: Iterable[Entry], may: May) -> list[Entry]:
    return [entry for entry in entries if not entry.permission or may(entry.permission)]


def account_links(view_name: str) -> list[Link]:
    """The pages of the account menu."""
    return _links(_ACCOUNT, view_name)


def url_or_none(name: str) -> str | None:
    """The address of a page without arguments, or None if this installation does not have it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _links(entries: Iterable[Entry], view_name: str) -> list[Link]:
    found = ((entry, url_or_none(entry.name)) for entry in entries)
    return [
        Link(entry.text, entry.short or entry.text, entry.icon, url, view_name in (entry.name, *entry.also))
        for entry, url in found
        if url
    ]
