"""Every report there is, once: pages, counts and files are made from it (docs/reports.md)."""

from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor
from config.lib.patience import TooSlow, too_slow
from reports.catalogue import cards, checkouts, clients, disbursements
from reports.catalogue.columns import Column
from reports.catalogue.counting import Counted, counted, up_to
from reports.catalogue.reading import MOST_GROUPS, Report, Scope, may_read
from reports.catalogue.sheet import Sheet
from reports.catalogue.wanted import PRESETS, Wanted

__all__ = [
    "CATALOGUE",
    "MOST_GROUPS",
    "PRESETS",
    "SECTIONS",
    "Column",
    "Counted",
    "Report",
    "Scope",
    "Sheet",
    "TooSlow",
    "Wanted",
    "counted",
    "listed",
    "seen",
    "too_slow",
    "up_to",
]

SECTIONS = {
    clients.SECTION: _("Clients and their programs"),
    disbursements.SECTION: _("Batches"),
    cards.SECTION: _("Cards"),
    checkouts.SECTION: _("Checkout"),
}
CATALOGUE: dict[str, Report] = {
    report.slug: report for report in (*clients.REPORTS, *disbursements.REPORTS, *cards.REPORTS, *checkouts.REPORTS)
}


def seen(actor: Actor, slug: str) -> Report | None:
    """A report that is there for ``actor``."""
    report = CATALOGUE.get(slug)
    return report if report is not None and may_read(actor, report) else None


def listed(actor: Actor) -> list[Report]:
    """Every report that is there for ``actor``."""
    return [report for report in CATALOGUE.values() if may_read(actor, report)]
