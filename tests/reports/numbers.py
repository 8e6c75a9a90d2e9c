"""The numbers of a page as somebody reads them: which text has figures in it, and where a press on it leads."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

# What is drawn twice (the figures stand in the table below), what names things, and moments.
_SILENT_TAGS = {"svg", "script", "time", "form", "button", "th", "dt", "h1", "h2", "h3", "summary", "nav", "kbd"}
_SILENT_CLASSES = {"chart-moment", "ref", "page-header", "visually-hidden"}
# One thing each: what is told about it leads where its own link does. Figures of charts need links of their own.
_ROWS, _CHARTS = {"li", "tr", "article"}, {"heat", "chart-table"}
_EMPTY = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass(frozen=True)
class Number:
    """``url`` is empty where nothing can be pressed, ``is_own`` false where it is the link of the row."""

    text: str
    url: str
    is_own: bool = True

    @property
    def count(self) -> int | None:
        """Of a bare count; other figures are sums, shares, times, and facts about the one thing of the row."""
        return int(self.text) if self.is_own and self.text.isascii() and self.text.isdecimal() else None


@dataclass
class _Part:
    """Something open: where it leads, and from which number on what was found stands in it."""

    tag: str
    classes: set[str]
    url: str
    since: int

    @property
    def is_silent(self) -> bool:
        return self.tag in _SILENT_TAGS or bool(_SILENT_CLASSES & self.classes)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[Number] = []
        self._open: list[_Part] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            return
        known = {name: value or "" for name, value in attrs}
        url = known.get("href", "") if tag == "a" else ""
        self._open.append(_Part(tag, set(known.get("class", "").split()), url, len(self.numbers)))
        row = next((part for part in reversed(self._open) if part.tag in _ROWS), None)
        if url and row is not None and not row.url:
            row.url = url

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed = self._open.pop()
            if closed.tag in _ROWS and not any(_CHARTS & part.classes for part in self._open):
                self.numbers[closed.since :] = [
                    number if number.url else Number(number.text, closed.url, False)
                    for number in self.numbers[closed.since :]
                ]
            if closed.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not re.search(r"[1-9]", text) or not any(part.tag == "main" for part in self._open):
            return
        if not any(part.is_silent for part in self._open):
            link = next((part.url for part in self._open if part.url and part.tag == "a"), "")
            self.numbers.append(Number(text, link))


def numbers_of(page: str) -> list[Number]:
    """Every text with a figure in the middle of a page, in reading order. Nothing is behind a nought."""
    reader = _Reader()
    reader.feed(page)
    return reader.numbers
