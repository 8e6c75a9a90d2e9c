"""Charts drawn on the server as plain SVG, each with the same figures as a table under it.

Widths are percentages and heights pixels: a chart fills a phone or a screen while its words keep their size, and no
inline style is needed, which the security policy would refuse. Templates show them with ``{% chart %}``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config.lib import clock, times
from config.lib.money import format_money

Number = int | Decimal
Text = str | Promise

# Pixels of the drawing: the words of the scale stand above it, those of the points below.
TOP, PLOT, FOOT = 18, 120, 24
_STEPS = (1, 2, 3, 4, 5, 6, 8, 10)
_HEAT_STEPS = 5


@dataclass(frozen=True)
class Series:
    """One kind of figure. ``tone``: one, two, three, four, success, warning, danger or neutral; ``url`` leads to
    everything behind it."""

    label: Text
    tone: str = "one"
    url: str = ""


@dataclass(frozen=True)
class Point:
    """The figures of one day or one kind, in the order of the series; None where there is none to tell (a rate of
    nothing). ``short`` is what fits under a bar, ``urls`` lead to what each figure counts."""

    label: Text
    values: Sequence[Number | None]
    urls: Sequence[str] = ()
    short: Text = ""
    url: str = ""

    def url_of(self, place: int) -> str:
        return self.urls[place] if place < len(self.urls) else ""


@dataclass(frozen=True)
class Mark:
    """Something drawn: a bar, a dot or a field, with what it says when pointed at."""

    tone: str
    title: str
    url: str
    x: str
    y: int
    width: str
    height: int


@dataclass(frozen=True)
class Tick:
    """A word under the drawing; ``rank`` 1 is always shown, 2 only where there is room."""

    x: str
    text: Text
    rank: int


@dataclass(frozen=True)
class Stretch:
    """A part of a line without a gap, in hundredths of the plot's width and height."""

    tone: str
    points: str


@dataclass(frozen=True)
class Cell:
    text: str
    url: str
    step: int = 0


@dataclass(frozen=True)
class Row:
    label: Text
    url: str
    cells: Sequence[Cell]
    part: str = ""
    tone: str = "one"


@dataclass(frozen=True)
class Key:
    """An entry of the legend, with the sum of its series where figures can be added up."""

    label: Text
    tone: str
    url: str
    total: str


@dataclass(frozen=True)
class Chart:
    """What the template draws. ``kind``: bars, line, ranked or heat."""

    kind: str
    heading: Text
    keys: Sequence[Key]
    rows: Sequence[Row]
    as_of: datetime
    summary: str
    is_empty: bool
    marks: Sequence[Mark] = ()
    stretches: Sequence[Stretch] = ()
    ticks: Sequence[Tick] = ()
    top: str = ""
    columns: Sequence[Text] = ()
    height: int = TOP + PLOT + FOOT
    grid: Sequence[int] = field(default=(TOP, TOP + PLOT // 2, TOP + PLOT))
    base: int = TOP + PLOT


def bars(
    points: Sequence[Point],
    *,
    series: Sequence[Series],
    heading: Text,
    unit: str = "number",
    as_of: datetime | None = None,
    summary: str = "",
) -> Chart:
    """Bars of every series side by side over each point, upright.

    ``unit``: "number", "percent", "seconds" or the currency of amounts; ``heading`` names what the points are
    ("Day (WIB)").
    """
    most = _round_up(max([value or 0 for point in points for value in point.values] or [0]), unit)
    marks = [
        _upright(points, place, series, number, most, unit)
        for place in range(len(points))
        for number in range(len(series))
        if points[place].values[number]
    ]
    return _upright_chart("bars", points, series, heading, unit, as_of, summary, most, marks=marks)


def stacked(
    points: Sequence[Point],
    *,
    series: Sequence[Series],
    heading: Text,
    unit: str = "number",
    as_of: datetime | None = None,
    summary: str = "",
) -> Chart:
    """As `bars`, with the series on top of each other: parts of a whole."""
    most = _round_up(max([_sum(point.values) for point in points] or [0]), unit)
    marks = [mark for place in range(len(points)) for mark in _pile(points, place, series, most, unit)]
    return _upright_chart("bars", points, series, heading, unit, as_of, summary, most, marks=marks)


def line(
    points: Sequence[Point],
    *,
    series: Sequence[Series],
    heading: Text,
    unit: str = "number",
    as_of: datetime | None = None,
    summary: str = "",
) -> Chart:
    """A line per series, broken where a point has no figure."""
    highest = max([value or 0 for point in points for value in point.values] or [0])
    most = 100 if unit == "percent" else _round_up(highest, unit)
    marks = [
        _dot(points, place, series, number, most, unit)
        for number in range(len(series))
        for place in range(len(points))
        if points[place].values[number] is not None
    ]
    stretches = [part for number, one in enumerate(series) for part in _stretches(points, number, one.tone, most)]
    return _upright_chart("line", points, series, heading, unit, as_of, summary, most, marks=marks, stretches=stretches)


def ranked(
    points: Sequence[Point],
    *,
    series: Series,
    heading: Text,
    unit: str = "number",
    as_of: datetime | None = None,
    summary: str = "",
) -> Chart:
    """One bar per point lying under its name, in the order given: kinds, reasons, the steps of a funnel.

    The list is its own table: every name and every figure is text.
    """
    highest = max([value or 0 for point in points for value in point.values] or [0])
    most = 100 if unit == "percent" else highest or 1
    rows = [_ranked_row(point, series, most, unit) for point in points]
    return Chart("ranked", heading, _keys(points, [series], unit), rows, as_of or clock.now(), summary, _empty(points))


def heat(
    points: Sequence[Point],
    *,
    columns: Sequence[Text],
    heading: Text,
    unit: str = "percent",
    as_of: datetime | None = None,
    summary: str = "",
) -> Chart:
    """A table whose fields are the darker the higher their figure; the figure stands in the field."""
    most = 100 if unit == "percent" else max([value or 0 for point in points for value in point.values] or [0]) or 1
    rows = [_heat_row(point, most, unit) for point in points]
    return Chart("heat", heading, [], rows, as_of or clock.now(), summary, _empty(points), columns=columns)


def value_text(value: Number | None, unit: str) -> str:
    """``12``, ``63 %``, ``1 min 20 s`` or ``Rp50.000``; a dash for no figure."""
    if value is None:
        return "–"
    if unit == "number":
        return f"{value}"
    if unit == "percent":
        return f"{round(value)} %"
    return times.span(int(value)) if unit == "seconds" else format_money(Decimal(value), unit)


def _upright_chart(
    kind: str,
    points: Sequence[Point],
    series: Sequence[Series],
    heading: Text,
    unit: str,
    as_of: datetime | None,
    summary: str,
    most: Number,
    *,
    marks: Sequence[Mark],
    stretches: Sequence[Stretch] = (),
) -> Chart:
    return Chart(
        kind=kind,
        heading=heading,
        keys=_keys(points, series, unit, adds=kind != "line"),
        rows=[_row(point, unit) for point in points],
        as_of=as_of or clock.now(),
        summary=summary,
        is_empty=_empty(points),
        marks=marks,
        stretches=stretches,
        ticks=_ticks(points),
        top=value_text(most, unit),
    )


def _sum(values: Sequence[Number | None]) -> Number:
    return sum([value for value in values if value is not None], 0)


def _empty(points: Sequence[Point]) -> bool:
    return not any(value for point in points for value in point.values)


def _round_up(most: Number, unit: str) -> Number:
    """The top of the scale: the first round figure that is not below the highest one."""
    if unit == "seconds" or most <= 0:
        return most or 1
    size = Decimal(10) ** (Decimal(most).adjusted())
    top = next(step * size for step in _STEPS if step * size >= most)
    return int(top) if top == top.to_integral_value() else top


def _percent(part: Number, whole: Number) -> str:
    return f"{Decimal(100) * part / whole:.2f}%"


def _pixels(value: Number, most: Number) -> int:
    """What is more than nothing can be seen."""
    return max(2, round(PLOT * Decimal(value) / Decimal(most))) if value else 0


def _title(point: Point, one: Series, text: str) -> str:
    return f"{point.label}: {text} {str(one.label).lower()}"


def _upright(
    points: Sequence[Point], place: int, series: Sequence[Series], number: int, most: Number, unit: str
) -> Mark:
    """A slot per point, a fifth of it air, the rest shared by the series."""
    slot = Decimal(100) / len(points)
    width = slot * 8 / 10 / len(series)
    value = points[place].values[number] or 0
    height = _pixels(value, most)
    return Mark(
        tone=series[number].tone,
        title=_title(points[place], series[number], value_text(value, unit)),
        url=points[place].url_of(number),
        x=f"{slot * place + slot / 10 + width * number:.2f}%",
        y=TOP + PLOT - height,
        width=f"{width * 94 / 100:.2f}%",
        height=height,
    )


def _pile(points: Sequence[Point], place: int, series: Sequence[Series], most: Number, unit: str) -> list[Mark]:
    slot = Decimal(100) / len(points)
    marks, floor = [], TOP + PLOT
    for number, one in enumerate(series):
        value = points[place].values[number]
        if not value:
            continue
        height = _pixels(value, most)
        floor -= height
        title = _title(points[place], one, value_text(value, unit))
        url = points[place].url_of(number)
        marks.append(
            Mark(one.tone, title, url, f"{slot * place + slot / 10:.2f}%", floor, f"{slot * 8 / 10:.2f}%", height)
        )
    return marks


def _dot(points: Sequence[Point], place: int, series: Sequence[Series], number: int, most: Number, unit: str) -> Mark:
    slot = Decimal(100) / len(points)
    value = points[place].values[number] or 0
    y = TOP + PLOT - round(PLOT * Decimal(value) / Decimal(most))
    title = _title(points[place], series[number], value_text(value, unit))
    x = f"{slot * place + slot / 2:.2f}%"
    return Mark(series[number].tone, title, points[place].url_of(number), x, y, "", 0)


def _stretches(points: Sequence[Point], number: int, tone: str, most: Number) -> list[Stretch]:
    parts: list[list[str]] = [[]]
    slot = Decimal(100) / max(1, len(points))
    for place, point in enumerate(points):
        value = point.values[number]
        if value is None:
            parts.append([])
        else:
            parts[-1].append(f"{slot * place + slot / 2:.2f},{100 - Decimal(100) * value / most:.2f}")
    return [Stretch(tone, " ".join(part)) for part in parts if len(part) > 1]


def _ticks(points: Sequence[Point]) -> list[Tick]:
    """Counted back from the last one: four names on a phone, up to eight where there is room."""
    slot = Decimal(100) / max(1, len(points))
    many, few = max(1, -(-len(points) // 8)), max(1, -(-len(points) // 4))
    few = few + (-few) % many
    return [
        Tick(f"{slot * place + slot / 2:.2f}%", point.short or point.label, 1 if back % few == 0 else 2)
        for place, point in enumerate(points)
        if (back := len(points) - 1 - place) % many == 0
    ]


def _keys(points: Sequence[Point], series: Sequence[Series], unit: str, *, adds: bool = True) -> list[Key]:
    """Rates and times cannot be added up; counts and amounts can, unless each is what stood there at a moment."""
    adds = adds and unit not in {"percent", "seconds"}
    return [
        Key(one.label, one.tone, one.url, value_text(_sum([p.values[place] for p in points]), unit) if adds else "")
        for place, one in enumerate(series)
    ]


def _row(point: Point, unit: str) -> Row:
    cells = [Cell(value_text(value, unit), point.url_of(place)) for place, value in enumerate(point.values)]
    return Row(point.label, point.url, cells)


def _ranked_row(point: Point, series: Series, most: Number, unit: str) -> Row:
    value = point.values[0]
    cells = [Cell(value_text(value, unit), point.url_of(0))]
    return Row(point.label, point.url or point.url_of(0), cells, _percent(value or 0, most), series.tone)


def _heat_row(point: Point, most: Number, unit: str) -> Row:
    cells = [
        Cell(value_text(value, unit), point.url_of(place), _heat_step(value, most))
        for place, value in enumerate(point.values)
    ]
    return Row(point.label, point.url, cells)


def _heat_step(value: Number | None, most: Number) -> int:
    """0 for no figure, else 1 to 5."""
    return 0 if value is None else min(_HEAT_STEPS, 1 + int(_HEAT_STEPS * Decimal(value) / Decimal(most)))


def day_heading() -> str:
    """The heading of a column of days: which zone a day is of."""
    return _("Day (%(zone)s)") % {"zone": times.zone_name()}
