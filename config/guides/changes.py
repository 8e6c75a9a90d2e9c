"""What changed for programs, newest first: the one source of the version that both APIs name, of page and feed.

A test looks that every section of both APIs stands in it, and that nothing ends sooner than promised.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import Text

# From the day on which an end is announced to the day of the end, at least.
NOTICE = timedelta(days=180)


@dataclass(frozen=True)
class Kind:
    """``part`` is which number of a version it raises at least: 1 the first, 3 the last."""

    slug: str
    title: Text
    tone: str
    icon: str
    part: int


ADDED = Kind("added", _("Added"), "success", "plus-circle", 2)
CHANGED = Kind("changed", _("Changed"), "info", "arrow-path", 2)
FIXED = Kind("fixed", _("Fixed"), "info", "wrench-screwdriver", 3)
DEPRECATED = Kind("deprecated", _("To end"), "warning", "clock", 2)
BREAKING = Kind("breaking", _("Breaking"), "danger", "exclamation-triangle", 1)


@dataclass(frozen=True)
class Change:
    """``slug`` is its address for good; ``sections`` are the tags of the operations it is about; ``ends`` is the day
    from which what is deprecated is gone; a breaking change names by ``announced`` the slug that announced it."""

    slug: str
    kind: Kind
    title: Text
    text: Text
    sections: tuple[str, ...] = ()
    ends: date | None = None
    announced: str = ""


@dataclass(frozen=True)
class Release:
    version: str
    day: date
    changes: tuple[Change, ...]


RELEASES: tuple[Release, ...] = (
    Release(
        "1.4.0",
        date(2026, 11, 21),
        (
            Change(
                "two-languages",
                ADDED,
                _("References in two languages"),
                _("Both references and, with ?lang=id, both OpenAPI documents speak Indonesian too."),
            ),
            Change(
                "versions",
                ADDED,
                _("Versions"),
                _("Both OpenAPI documents name the version that this page tells about. This page has a feed."),
            ),
            Change(
                "true-examples",
                FIXED,
                _("Examples that fit"),
                _("Examples in the OpenAPI documents hold values that belong together, and refusals have one too."),
            ),
            Change(
                "refusals-of-reads",
                FIXED,
                _("Refusals of reads"),
                _("Operations by GET no longer name 409, 415 and 422: they never answered them."),
            ),
        ),
    ),
    Release(
        "1.3.0",
        date(2026, 11, 21),
        (
            Change(
                "cards",
                ADDED,
                _("Cards"),
                _(
                    "Tokenise, authorise with 3-D Secure where it is asked for, capture, verify; test cards in the "
                    "sandbox."
                ),
                ("CardPayments",),
            ),
            Change(
                "checkout",
                ADDED,
                _("Hosted checkout"),
                _("One call makes a page on which a payer pays by card, bank transfer, QRIS or OVO."),
                ("Checkout",),
            ),
            Change(
                "reports",
                ADDED,
                _("Reports and metrics"),
                _(
                    "Calls, volumes, cards, checkouts and disbursements as JSON, some as CSV; the figures of the "
                    "portal."
                ),
                ("Reports", "Metrics"),
            ),
            Change(
                "company-webhooks",
                ADDED,
                _("Webhooks for companies"),
                _("Events of checkouts, cards, transfers and batches, signed and delivered as those of wallets are."),
            ),
            Change(
                "type-of-refusals",
                CHANGED,
                _("type of a refusal is an address"),
                _(
                    "It was about:blank; now it leads to what we know of the code. code, status and detail are as "
                    "before."
                ),
            ),
        ),
    ),
    Release(
        "1.2.0",
        date(2026, 11, 21),
        (
            Change(
                "transfers",
                ADDED,
                _("Transfers, batches and SMS"),
                _(
                    "To bank accounts and mobile numbers with a code by SMS; many at once with an approval; messages "
                    "in bulk."
                ),
                ("Payment", "BulkDisbursement", "Banks", "Sms"),
            ),
        ),
    ),
    Release(
        "1.1.0",
        date(2026, 11, 21),
        (
            Change(
                "v1",
                ADDED,
                _("API v1, compatible with OTPZap"),
                _("Its 25 operations with our keys: numbers of both servers, mail inboxes, deposits, and a webhook."),
                ("Account", "Catalogue", "Numbers", "Inboxes", "Webhook"),
            ),
        ),
    ),
    Release(
        "1.0.0",
        date(2026, 11, 21),
        (
            Change(
                "people",
                ADDED,
                _("People, rights and wallets"),
                _("Customers, clients, API users, roles and permissions, identity documents, wallets, sandbox keys."),
                (
                    *("Customers", "CustomerWallet", "Kyc", "KycAdmin", "SandboxApiKeys", "Clients", "APIUsers"),
                    *("APIUserPermissions", "PortalUsers", "Roles", "Permissions"),
                ),
            ),
        ),
    ),
)
VERSION = RELEASES[0].version


def changes() -> Iterator[tuple[Release, Change]]:
    """Every change with its release, newest first."""
    return ((release, change) for release in RELEASES for change in release.changes)


def ending(day: date) -> list[Change]:
    """What is announced to end after ``day``, the nearest end first."""
    found = [change for _release, change in changes() if change.ends and change.ends > day]
    return sorted(found, key=lambda change: change.ends or day)
