"""What stands in the menus, by role. A page that does not exist (yet, or here) leaves no entry."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Entry:
    """A page by its URL name; ``also`` names the pages that belong to it, ``short`` is its word in the bottom bar."""

    name: str
    text: str | Promise
    icon: str
    short: str | Promise = ""
    also: tuple[str, ...] = ()


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
_BUY = Entry("otp:buy", _("Buy a number"), "shopping-bag", pgettext_lazy("bottom bar", "Buy"))
_LIVE = Entry("otp:live", _("Live orders"), "bolt", pgettext_lazy("bottom bar", "Codes"))
_ORDERS = Entry("otp:orders", _("Orders"), "clipboard-document-list", also=("otp:order",))
_TOPUP = Entry("payments:topup", _("Top up"), "plus-circle", also=("payments:deposit",))
_DEPOSITS = Entry("payments:deposits", _("Deposits"), "arrow-down-tray")
_STATEMENT = Entry("wallets:statement", _("Transactions"), "banknotes")
_SANDBOX = Entry("sandbox:index", _("Sandbox"), "beaker", also=("sandbox:mailbox", "sandbox:letter"))

_SECTIONS: dict[str, list[tuple[str | Promise, list[Entry]]]] = {
    "customer": [
        ("", [_HOME]),
        (_("Numbers"), [_BUY, _LIVE, _ORDERS]),
        (_("Money"), [_TOPUP, _DEPOSITS, _STATEMENT]),
    ],
    "staff": [
        (
            _("Staff"),
            [
                Entry("staff:overview", _("Overview"), "presentation-chart-line"),
                Entry("admin:index", _("Administration"), "wrench-screwdriver"),
            ],
        ),
    ],
    "sandbox": [(_("Try it out"), [_SANDBOX])],
}

_BOTTOM = {
    "customer": [_HOME, _BUY, _LIVE, _TOPUP],
    "staff": _SECTIONS["staff"][0][1],
}

_ACCOUNT = [
    Entry("accounts:preferences", _("Profile and language"), "user-circle"),
    Entry("account_email", _("E-mail addresses"), "envelope"),
    Entry("account_change_password", _("Password"), "key"),
]


def sections_for(roles: Collection[str], view_name: str) -> list[Section]:
    """The side menu of a person with ``roles`` (customer, staff, sandbox) who is looking at ``view_name``."""
    wanted = [part for role, parts in _SECTIONS.items() if role in roles for part in parts]
    sections = [Section(title, _links(entries, view_name)) for title, entries in wanted]
    return [section for section in sections if section.links]


def bottom_bar_for(roles: Collection[str], view_name: str) -> list[Link]:
    """At most four links for the bar of phones; the fifth place is the account menu."""
    return _links(_BOTTOM["customer" if "customer" in roles else "staff"], view_name)[:4]


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
