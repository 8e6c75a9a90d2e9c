"""What the overviews and reports draw their figures with: the charts of the house, and windows of days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateformat import format as format_date

from config.lib.charts import Chart, Number, Point, Series, bars, day_heading, heat, line, ranked, stacked, value_text

__all__ = [
    "Chart",
    "Number",
    "Point",
    "Series",
    "Window",
    "bars",
    "day_heading",
    "days_back",
    "heat",
    "line",
    "ranked",
    "stacked",
    "value_text",
]


@dataclass(frozen=True)
class Window:
    """Whole days in the zone that is active, the last one being today."""

    days: tuple[date, ...]

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.days[0], time()))

    @property
    def first(self) -> str:
        """As the filters of lists write a day."""
        return self.days[0].isoformat()

    @property
    def last(self) -> str:
        return self.days[-1].isoformat()

    def points(
        self,
        found: Mapping[date, tuple[Number | None, ...]],
        *,
        nothing: tuple[Number | None, ...],
        url: str = "",
        each: Sequence[str] = (),
    ) -> list[Point]:
        """A point per day; ``url`` is a list's address with ``{day}`` where the day goes, and ``each`` what it is
        narrowed to for each of the figures besides ("state=code")."""
        return [_point(day, found.get(day, nothing), url, each) for day in self.days]


def days_back(number: int) -> Window:
    """The last ``number`` days, today among them."""
    today = timezone.localdate()
    return Window(tuple(today - timedelta(days=back) for back in range(number - 1, -1, -1)))


def _point(day: date, values: tuple[Number | None, ...], url: str, each: Sequence[str]) -> Point:
    there = url.replace("{day}", day.isoformat())
    more = [f"&{one}" if one else "" for one in each] or [""] * len(values)
    urls = [there + one if there and value else "" for value, one in zip(values, more, strict=True)]
    return Point(format_date(day, "j M Y"), values, urls, short=format_date(day, "j M"))
