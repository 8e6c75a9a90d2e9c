"""A small drawing of what may follow what: states in columns from left to right, arrows between them, as plain SVG.

The columns are the longest way from a beginning, ways back left out; within a column states stand near those they come
from. An arrow over several columns runs through places that are kept free for it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Move = tuple[str, str]
# What stands for an arrow in a column that it only passes: (from, to, column).
_Passing = tuple[str, str, int]
_Spot = str | _Passing

HEIGHT = 44
_GAP_X, _GAP_Y, _NARROW = 64, 20, 12
_LETTER, _PADDING, _EDGE = 8.2, 30, 14
# Ways there leave a little higher than ways back, so that the two never lie on each other.
_SHIFT = 7
_SWEEPS = 6
_FRAME = 4


@dataclass(frozen=True)
class Node:
    """A state; ``x`` and ``y`` are its upper left corner."""

    word: str
    x: float
    y: float
    width: float
    is_start: bool

    @property
    def start_x(self) -> float:
        """Where the dot stands from which all begins."""
        return self.x - _PADDING + 6

    @property
    def inner_x(self) -> float:
        """The inner frame, which marks an end."""
        return self.x + _FRAME

    @property
    def inner_y(self) -> float:
        return self.y + _FRAME

    @property
    def inner_width(self) -> float:
        return self.width - 2 * _FRAME

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def inner_height(self) -> int:
        return HEIGHT - 2 * _FRAME

    @property
    def middle_x(self) -> float:
        return self.x + self.width / 2

    @property
    def middle_y(self) -> float:
        return self.y + HEIGHT / 2


@dataclass(frozen=True)
class Arrow:
    """``path`` is the ``d`` of an SVG path; ``is_back`` for a way back."""

    path: str
    is_back: bool


@dataclass(frozen=True)
class Diagram:
    width: float
    height: float
    nodes: list[Node]
    arrows: list[Arrow]


def drawn(words: Sequence[str], moves: Sequence[Move], starts: Sequence[str]) -> Diagram:
    """The drawing of ``moves`` between ``words``; every word stands in it once."""
    back = _ways_back(words, moves, starts)
    there = [move for move in moves if move not in back]
    columns = _columns(words, there)
    spots = _spots(words, columns, [*there, *((new, was) for was, new in back)])
    widths = [max((_width(spot) for spot in column), default=0.0) for column in spots]
    places = _places(spots, widths)
    nodes = [Node(word, *places[word], _width(word), word in starts) for word in words]
    arrows = [_arrow(move, columns, places, widths, is_back=False) for move in there]
    arrows += [_arrow(move, columns, places, widths, is_back=True) for move in moves if move in back]
    height = max(y + _tall(spot) for spot, (_x, y) in places.items()) + _EDGE
    return Diagram(sum(widths) + _GAP_X * (len(widths) - 1) + 2 * _EDGE + _PADDING, height, nodes, arrows)


def _ways_back(words: Sequence[str], moves: Sequence[Move], starts: Sequence[str]) -> set[Move]:
    """The moves that close a circle, seen from the beginnings."""
    following: dict[str, list[str]] = defaultdict(list)
    for was, new in moves:
        following[was].append(new)
    found: set[Move] = set()
    done: set[str] = set()

    def visit(word: str, way: tuple[str, ...]) -> None:
        for new in following[word]:
            if new in (*way, word):
                found.add((word, new))
            elif new not in done:
                visit(new, (*way, word))
        done.add(word)

    for word in (*starts, *words):
        if word not in done:
            visit(word, ())
    return found


def _columns(words: Sequence[str], there: Sequence[Move]) -> dict[str, int]:
    """The length of the longest way to each word."""
    columns = dict.fromkeys(words, 0)
    for _round in words:
        for was, new in there:
            columns[new] = max(columns[new], columns[was] + 1)
    return columns


def _spots(words: Sequence[str], columns: Mapping[str, int], moves: Sequence[Move]) -> list[list[_Spot]]:
    """What stands in each column, in order from top to bottom."""
    spots: list[list[_Spot]] = [[] for _column in range(max(columns.values()) + 1)]
    for word in words:
        spots[columns[word]].append(word)
    links: dict[_Spot, list[_Spot]] = defaultdict(list)
    for was, new in moves:
        chain = _chain(was, new, columns)
        for passing in chain[1:-1]:
            if passing not in spots[_column_of(passing, columns)]:
                spots[_column_of(passing, columns)].append(passing)
        for one, other in pairwise(chain):
            links[one].append(other)
            links[other].append(one)
    return _sorted(spots, links)


def _chain(was: str, new: str, columns: Mapping[str, int]) -> list[_Spot]:
    """From one word to another, with the free places between them."""
    return [was, *((was, new, column) for column in range(columns[was] + 1, columns[new])), new]


def _column_of(spot: _Spot, columns: Mapping[str, int]) -> int:
    return columns[spot] if isinstance(spot, str) else spot[2]


def _sorted(spots: list[list[_Spot]], links: Mapping[_Spot, list[_Spot]]) -> list[list[_Spot]]:
    """Each column by the middle of what its members are tied to."""
    height = {spot: place - len(column) / 2 for column in spots for place, spot in enumerate(column)}
    for _sweep in range(_SWEEPS):
        for column in spots:
            around = {spot: [height[other] for other in links[spot]] for spot in column}
            column.sort(key=lambda spot: sum(around[spot]) / len(around[spot]) if around[spot] else height[spot])
            height |= {spot: place - len(column) / 2 for place, spot in enumerate(column)}
    return spots


def _width(spot: _Spot) -> float:
    return len(spot) * _LETTER + _PADDING if isinstance(spot, str) else 0.0


def _places(spots: Sequence[Sequence[_Spot]], widths: Sequence[float]) -> dict[_Spot, tuple[float, float]]:
    """The upper left corner of each spot; columns are centred on one line."""
    tall = [sum(_tall(spot) for spot in column) + _GAP_Y * (len(column) - 1) for column in spots]
    places: dict[_Spot, tuple[float, float]] = {}
    x: float = _EDGE + _PADDING
    for column, width, height in zip(spots, widths, tall, strict=True):
        y = _EDGE + (max(tall) - height) / 2
        for spot in column:
            places[spot] = (x, y)
            y += _tall(spot) + _GAP_Y
        x += width + _GAP_X
    return places


def _tall(spot: _Spot) -> float:
    return HEIGHT if isinstance(spot, str) else _NARROW


def _arrow(
    move: Move,
    columns: Mapping[str, int],
    places: Mapping[_Spot, tuple[float, float]],
    widths: Sequence[float],
    *,
    is_back: bool,
) -> Arrow:
    was, new = move
    left, right = (new, was) if is_back else (was, new)
    shift = _SHIFT if is_back else -_SHIFT
    points = [(places[left][0] + _width(left), places[left][1] + HEIGHT / 2 + shift)]
    for spot in _chain(left, right, columns)[1:-1]:
        # Level past the whole column: nothing that stands in it is crossed.
        x, y = places[spot]
        y += _NARROW / 2 + shift / 2
        points += [(x, y), (x + widths[_column_of(spot, columns)], y)]
    points.append((places[right][0], places[right][1] + HEIGHT / 2 + shift))
    return Arrow(_curve(points[::-1] if is_back else points), is_back)


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """A line through ``points`` that leaves and arrives level."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (x + to_x) / 2
        parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
    return " ".join(parts)
