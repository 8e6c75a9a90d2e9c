"""What changed for programs, newest first. A test looks that every section of both APIs stands in it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import Text

ADDED, CHANGED = "added", "changed"


@dataclass(frozen=True)
class Change:
    """``sections`` are the tags of the operations it is about."""

    kind: str
    title: Text
    text: Text
    sections: tuple[str, ...] = ()


# None of it is released yet.
UNRELEASED: tuple[Change, ...] = (
    Change(
        ADDED,
        _("Cards"),
        _("Tokenise, authorise with 3-D Secure where it is asked for, capture, verify; test cards in the sandbox."),
        ("CardPayments",),
    ),
    Change(
        ADDED,
        _("Hosted checkout"),
        _("One call makes a page on which a payer pays by card, bank transfer, QRIS or OVO."),
        ("Checkout",),
    ),
    Change(
        ADDED,
        _("Reports and metrics"),
        _("Calls, volumes, cards, checkouts and disbursements as JSON, some as CSV; the figures of the portal."),
        ("Reports", "Metrics"),
    ),
    Change(
        ADDED,
        _("Webhooks for companies"),
        _("Events of checkouts, cards, transfers and batches, signed and delivered as those of wallets are."),
    ),
    Change(
        CHANGED,
        _("type of a refusal is an address"),
        _("It was about:blank; now it leads to what we know of the code. code, status and detail are as before."),
    ),
    Change(
        ADDED,
        _("Transfers, batches and SMS"),
        _("To bank accounts and mobile numbers with a code by SMS; many at once with an approval; messages in bulk."),
        ("Payment", "BulkDisbursement", "Banks", "Sms"),
    ),
    Change(
        ADDED,
        _("API v1, compatible with OTPZap"),
        _("Its 25 operations with our keys: numbers of both servers, mail inboxes, deposits, and a webhook."),
        ("Account", "Catalogue", "Numbers", "Inboxes", "Webhook"),
    ),
    Change(
        ADDED,
        _("People, rights and wallets"),
        _("Customers, clients, API users, roles and permissions, identity documents, wallets, sandbox keys."),
        (
            *("Customers", "CustomerWallet", "Kyc", "KycAdmin", "SandboxApiKeys", "Clients", "APIUsers"),
            *("APIUserPermissions", "PortalUsers", "Roles", "RolePermissions", "Permissions"),
        ),
    ),
)
