"""What a reader asks a report for: it stands in the address, in saved views and in exports."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

ALL, TODAY, YESTERDAY, WEEK, MONTH_LONG, MONTH, LAST_MONTH = (
    "all",
    "today",
    "yesterday",
    "7d",
    "30d",
    "month",
    "last-month",
)
PRESETS = [
    (ALL, _("All days")),
    (TODAY, _("Today")),
    (YESTERDAY, _("Yesterday")),
    (WEEK, _("Last 7 days")),
    (MONTH_LONG, _("Last 30 days")),
    (MONTH, _("This month")),
    (LAST_MONTH, _("Last month")),
]


@dataclass(frozen=True)
class Wanted:
    """Days in the reader's zone, both inclusive; nothing means open. ``preset`` is a stretch that moves with the day,
    and counts where no day is given."""

    preset: str = ""
    first: date | None = None
    last: date | None = None
    state: str = ""
    kind: str = ""
    client: str = ""
    batch: str = ""
    q: str = ""

    @property
    def is_set(self) -> bool:
        return self != Wanted(batch=self.batch)

    @property
    def is_reversed(self) -> bool:
        """No day lies between those that are asked for."""
        return bool(self.first and self.last and self.first > self.last)

    def fixed(self, today: date) -> "Wanted":
        """The same with the days that its preset means today."""
        if self.first or self.last or self.preset in ("", ALL):
            return replace(self, preset="")
        first, last = _days(self.preset, today)
        return replace(self, preset="", first=first, last=last)

    def as_query(self) -> str:
        """Behind the ``?`` of an address; nothing for nothing."""
        names = {"preset": "range"}
        return urlencode({names.get(name, name): str(value) for name, value in asdict(self).items() if value})


def day(text: str) -> date | None:
    """A day as an address has it; None for what is none, or lies in no time that can be meant."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found <= date(2200, 1, 1) else None


def words(given: Mapping[str, str], name: str, most: int = 100, most_bytes: int = 200) -> str:
    """What somebody typed, as far as the database can take it, alone and (three letters a byte) in an address."""
    text = given.get(name, "").replace("\0", "").strip()[:most]
    return text.encode(errors="ignore")[:most_bytes].decode(errors="ignore").strip()


def _days(preset: str, today: date) -> tuple[date, date]:
    month = today.replace(day=1)
    if preset == YESTERDAY:
        return today - timedelta(days=1), today - timedelta(days=1)
    if preset == LAST_MONTH:
        before = month - timedelta(days=1)
        return before.replace(day=1), before
    begins = {WEEK: today - timedelta(days=6), MONTH_LONG: today - timedelta(days=29), MONTH: month}
    return begins.get(preset, today), today
