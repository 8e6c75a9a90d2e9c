"""Markup of a mail to the text a person would read. Nothing of it is ever shown as markup."""

import re
from html.parser import HTMLParser

import nh3

# Deeply nested markup costs the square of its depth; real mails have a few thousand tags.
MOST_TAGS = 6_000
MOST_MARKUP = 300_000
MOST_TEXT = 20_000
LONGEST_LINK = 2_000

_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre", "hr"}
_LINES = {"div", "tr", "li", "br", "section", "article", "header", "footer", "main", "center", "dt", "dd", "address"}
_CELLS = {"td", "th"}
_VOID = {"br", "hr", "img"}
_KEPT = {*_PARAGRAPHS, *_LINES, *_CELLS, "a", "img", "span", "body"}
_DROPPED_WHOLE = {"script", "style", "title", "template", "textarea", "select", "noscript", "iframe", "object", "svg"}
_CLEANER = nh3.Cleaner(
    tags=_KEPT - _DROPPED_WHOLE,
    clean_content_tags=_DROPPED_WHOLE,
    attributes={"a": {"href"}, "img": {"alt"}, "*": {"style", "hidden"}},
    filter_style_properties={"display"},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=None,
)
_MARKUP = re.compile(
    r"<(?:!doctype|/?(?:html|head|body|div|p|br|span|table|tbody|tr|td|a|b|i|u|em|strong|img|ul|ol|li|h[1-6]|hr|font"
    r"|center|style|script|title|meta|link|pre|blockquote|section|form|iframe|svg|button|input)(?=[\s/>]))",
    re.IGNORECASE,
)
# Control characters, halves of pairs, and characters without a width or that turn the direction of writing: senders
# fill previews with the ones and disguise words with the others.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def tidy(value: str) -> str:
    """``value`` without what nobody can see and the database would not take."""
    return _UNSEEN.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


def line(value: str, longest: int) -> str:
    """``value`` as one line of at most ``longest`` characters."""
    return " ".join(tidy(value).split())[:longest]


def plain(body: str) -> str:
    """What a person would read of a mail's body, markup or not; a link is written ``its words <https://…>``.

    At most `MOST_TEXT` characters. No image, form, script, style or hidden part survives.
    """
    if not _MARKUP.search(body):
        return _squeezed(tidy(body[:MOST_MARKUP]))
    markup = _CLEANER.clean(tidy(_cut(body)))
    return _squeezed(_written(markup, hidden=False)) or _squeezed(_written(markup, hidden=True))


def _cut(body: str) -> str:
    pieces = body[:MOST_MARKUP].split("<", MOST_TAGS + 1)
    return "<".join(pieces[: MOST_TAGS + 1])


def _written(markup: str, *, hidden: bool) -> str:
    writer = _Writer(hidden=hidden)
    writer.feed(markup)
    writer.close()
    return tidy("".join(writer.out))


def _squeezed(words: str) -> str:
    lines = [re.sub(r"[^\S\n]+", " ", row).strip() for row in words.split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1].rstrip() + "…"


class _Writer(HTMLParser):
    """Writes the text of markup that the sanitiser has already made well-formed."""

    def __init__(self, *, hidden: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._show_hidden = hidden
        self._hidden_depth = 0
        self._links: list[tuple[str, int]] = []
        self._told: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._hidden_depth or self._is_hidden(given):
            self._hidden_depth += tag not in _VOID
            return
        self._break(tag)
        if tag == "li":
            self.out.append("- ")
        elif tag == "img" and self._links:
            self.out.append(given.get("alt", ""))
        elif tag == "a":
            self._links.append((given.get("href", ""), len(self.out)))

    def handle_endtag(self, tag: str) -> None:
        if self._hidden_depth:
            self._hidden_depth -= tag not in _VOID
            return
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden_depth:
            self.out.append(re.sub(r"\s+", " ", data))

    def _is_hidden(self, given: dict[str, str]) -> bool:
        styled = re.sub(r"\s", "", given.get("style", "")).lower()
        return not self._show_hidden and ("hidden" in given or "display:none" in styled)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.out.append("\n\n")
        elif tag in _LINES:
            self.out.append("\n")
        elif tag in _CELLS:
            self.out.append(" ")

    def _close_link(self, address: str, start: int) -> None:
        label = " ".join("".join(self.out[start:]).split())
        if not address or address in self._told or len(address) > LONGEST_LINK:
            return
        self._told.add(address)
        if label.rstrip("/") == address.rstrip("/"):
            del self.out[start:]
            label = ""
        self.out.append(f" <{address}>" if label else f"<{address}>")
