"""Mail inboxes: a site, and the domains an inbox for it may have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from otp import catalogue, limits, odds
from otp.catalogue import MailOffer
from otp.models import BlockedService, Server
from otp.odds import Book
from otp.storefront.offers import Asked, Offer, in_order
from otp.wanted import Wanted

MOST_DOMAINS = 10
_HOST = re.compile(r"(?=.{4,120}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")


@dataclass(frozen=True)
class Choice:
    """A domain in the customer's order of choice, and the orders that moving or dropping it would make."""

    offer: Offer
    earlier: tuple[str, ...]
    later: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """What adding a domain to the order of choice, or leaving out the ``number``-th, makes of it."""

    number: int
    domains: tuple[str, ...]


@dataclass(frozen=True)
class MailWindow:
    """``offers`` are the domains for ``site``, ``chosen`` those to be tried one after the other, in that order."""

    sites: Sequence[str] = ()
    site: str = ""
    not_a_site: str = ""
    offers: Sequence[Offer] = ()
    chosen: Sequence[Offer] = ()
    gone: Sequence[str] = ()
    blocked: BlockedService | None = None
    away: bool = False
    as_of: datetime | None = None

    @property
    def basket(self) -> Offer | None:
        """The chosen domains as one purchase: at most the dearest price and fee."""
        if not self.chosen:
            return None
        stocks = [offer.stock for offer in self.chosen]
        return replace(
            max(self.chosen, key=lambda offer: offer.price),
            wanted=replace(self.chosen[0].wanted, domains=self._names),
            stock=None if None in stocks else sum(stock or 0 for stock in stocks),
            cancel_fee=max(offer.cancel_fee for offer in self.chosen),
        )

    @property
    def lines(self) -> list[tuple[Offer, Turn | None]]:
        """Every offer with what adding it or leaving it out would make; None when it cannot be added."""
        return [(offer, self._turned(offer)) for offer in self.offers]

    def _turned(self, offer: Offer) -> Turn | None:
        names, name = self._names, offer.wanted.domains[0]
        if name in names:
            return Turn(names.index(name) + 1, tuple(kept for kept in names if kept != name))
        full = len(names) >= MOST_DOMAINS
        return None if full or offer.sold_out else Turn(0, (*names, name))

    @property
    def choices(self) -> list[Choice]:
        names = self._names
        last = len(names) - 1
        return [
            Choice(
                offer,
                earlier=_swapped(names, at - 1) if at else (),
                later=_swapped(names, at) if at < last else (),
                without=names[:at] + names[at + 1 :],
            )
            for at, offer in enumerate(self.chosen)
        ]

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(offer.wanted.domains[0] for offer in self.chosen)

    @property
    def why_blocked(self) -> str:
        return limits.why_blocked(self.blocked) if self.blocked else ""


def _swapped(names: tuple[str, ...], at: int) -> tuple[str, ...]:
    return (*names[:at], names[at + 1], names[at], *names[at + 2 :])


def site_of(text: str) -> str:
    """``openai.com`` from what somebody typed or pasted: an address of a page, capitals, blanks; "" for no site."""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        host = host.strip().rstrip(".").encode("idna").decode().casefold()
    except (UnicodeError, ValueError):
        return ""
    host = host.removeprefix("www.")
    return host if _HOST.fullmatch(host) else ""


def mail_window(asked: Asked) -> MailWindow:
    """The domains for a site with price, stock and chance. At most three queries."""
    site = site_of(asked.site)
    loads = [catalogue.mail_sites, lambda: catalogue.mail_domains(site)] if site else [catalogue.mail_sites]
    sites, *shelves = catalogue.together(*loads)
    blocklist = limits.blocklist()
    listed = [name for name in sites.items if not blocklist.match(name)] if sites else []
    whole = MailWindow(listed, site, "" if site else asked.site)
    if not site:
        return replace(whole, away=sites is None)
    blocked = blocklist.match(site)
    if blocked:
        return replace(whole, blocked=blocked)
    [shelf] = shelves
    if shelf is None:
        return replace(whole, away=True)
    book = odds.book((Server.MAIL, site))
    offers = [_offer(row, site, book, asked) for row in catalogue.mail_offers(site, shelf.items)]
    by_name = {offer.wanted.domains[0]: offer for offer in offers}
    return replace(
        whole,
        offers=in_order(offers, asked.sort),
        chosen=[by_name[name] for name in asked.domains if name in by_name],
        gone=[name for name in asked.domains if name not in by_name],
        as_of=shelf.as_of if shelf.stale else None,
    )


def _offer(offer: MailOffer, site: str, book: Book, asked: Asked) -> Offer:
    row = offer.domain
    chance = book.of(Server.MAIL, site, "", row.domain)
    return Offer(
        wanted=Wanted(
            server=Server.MAIL,
            service_id=site,
            domains=(row.domain,),
            subject=asked.subject,
            pattern=asked.pattern,
        ),
        title=row.domain,
        price=offer.price,
        stock=row.stock,
        chance=chance,
        expected=book.expectation(chance, usual=row.activation_rate),
        quantity=asked.quantity,
        available=asked.available,
        cancel_fee=min(row.cancel_fee, offer.price),
        supplier_rate=row.activation_rate,
    )
