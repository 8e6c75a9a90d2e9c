"""A posting as a person reads it: its reason in words, the other side, and the page of what caused it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.masking import masked
from wallets import selectors
from wallets.models import Account, Posting, Transaction

_WORDS: dict[str, str | Promise] = {
    "deposit": _("Top-up"),
    "suspense": _("Waits for a decision"),
    "collection": _("Payment received"),
    "order": _("Number bought"),
    "order_fee": _("Cancellation fee"),
    "transfer": _("Transfer"),
    "payment": _("Payment"),
    "funding": _("Top-up"),
    "payout": _("Paid out"),
    "payout_back": _("Not paid, given back"),
    "payout_paid": _("Payout paid"),
    "payout_return": _("Sent back by the bank"),
    "card": _("Paid by card"),
    "card_refund": _("Given back to a card"),
    "card_refund_paid": _("Refund paid out"),
    "card_refund_back": _("Refund that failed"),
    "sms": _("SMS"),
    "sms_refund": _("SMS that was not sent"),
    "reversal": _("Taken back"),
    "refund": _("Refund"),
    "correction": _("Put right"),
}
_PAGES = {
    "deposit": "payments:deposit",
    "order": "otp:order",
    "transfer": "wallets:transfer",
    "payment": "wallets:payment",
    "funding": "company:funding",
    "payout": "company:transfer",
    "batch": "company:batch",
    "card": "company:card",
}


@dataclass(frozen=True)
class Line:
    """``party`` is the other customer of a transfer, masked; ``external_reference`` a merchant's."""

    posting: Posting
    moved: Transaction
    word: str | Promise
    url: str
    party: str = ""
    external_reference: str = ""


def line_of(posting: Posting, *, party: str = "", external_reference: str = "", is_live: bool = True) -> Line:
    """What a statement shows of ``posting``; its transaction should be loaded with it."""
    moved = posting.transaction
    word = word_of(moved.kind)
    # Pages show what is live: what moved a client's play money has none.
    url = page_of(moved.subject) if is_live else ""
    return Line(posting, moved, word, url, party, external_reference)


def lines_of(account: Account, postings: Sequence[Posting]) -> list[Line]:
    """Lines of one account with the other sides and the merchants' references: two queries for all of them."""
    parties = selectors.counterparts(account, postings)
    references = selectors.external_references(postings)
    return [
        line_of(
            posting,
            party=masked(str(parties[posting.transaction_id].user)) if posting.transaction_id in parties else "",
            external_reference=references.get(posting.transaction_id, ""),
            is_live=not account.is_sandbox and not _is_of_customers(account, posting.transaction.subject),
        )
        for posting in postings
    ]


def _is_of_customers(account: Account, subject: str) -> bool:
    """Whether it names a page that only customers have, on a line of a client's balance."""
    return account.client_id is not None and subject.startswith("deposit:")


def word_of(kind: str) -> str | Promise:
    """What a movement of ``kind`` is called; one that nobody described by its own name."""
    return _WORDS.get(kind, kind)


def page_of(subject: str) -> str:
    """The address of what caused a line ("order:<id>"), or nothing when it has no page."""
    kind, _colon, key = subject.partition(":")
    try:
        return reverse(_PAGES[kind], args=[key]) if kind in _PAGES else ""
    except NoReverseMatch:
        return ""
