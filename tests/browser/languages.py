"""Words of the other language on a page: what nobody marked for translation, or what was translated too early."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import polib
from playwright.sync_api import Page

from tests.simulators import ROOT

_TEXTS = """() => {
  const aside = "code, pre, kbd, script, style, svg, .ref, [lang]:not(html), [translate=no]";
  const said = ["aria-label", "placeholder", "title", "alt", "data-label", "data-confirm-title"];
  const seen = [...document.querySelectorAll("body *")].filter(one => !one.closest(aside));
  const nodes = seen.flatMap(one => [...one.childNodes]).filter(node => node.nodeType === 3);
  const attributes = seen.flatMap(one => said.map(name => one.getAttribute(name))).filter(Boolean);
  const title = document.querySelector("h1 [translate=no]") ? [] : [document.title];
  return [...title, ...nodes.map(node => node.textContent), ...attributes]
    .map(text => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""
_WORD = re.compile(r"(?<![\w./@:-])[A-Za-z]{3,}(?![\w/@]|[.:-]\w)")
_PLACE = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>|https?://\S+|/\S+")


# Methods of HTTP, a role, a bank's app; and memos of the ledger, which stay as they were written.
_NAMES = re.compile(
    r"\b(GET|POST|PUT|PATCH|DELETE|Support|BCA mobile|WhatsApp Business|Apple Pay|Google Pay|Cash App)\b"
    r"|Waits for a decision|Permanent number \w+|^Cancelled: [\w., ]+"
)
# Where names stand that are nobody's words: of the demo's people, of services, banks, and countries.
_NAMED = (
    "sandbox/demo*.py",
    "sandbox/simulators/*catalogue*.py",
    "otp/migrations/0004*.py",
    "payouts/migrations/0002*.py",
)


def left_in(page: Page, language: str) -> list[str]:
    """Texts (also names of controls and pictures) with a word that only the other language has."""
    foreign = _foreign(language)
    return sorted({text for text in page.evaluate(_TEXTS) if foreign & _words(_ours(text))})


def _ours(text: str) -> str:
    """Without what people of the demo have written, and without names."""
    return _written().sub(" ", _NAMES.sub(" ", text))


@cache
def _written() -> re.Pattern[str]:
    """What is no text of ours, longest first."""
    paths = [path for pattern in _NAMED for path in ROOT.glob(pattern)]
    texts = {text for path in paths for text in _constants(path.read_text())}
    data = {text for text in texts if re.match(r"[A-Z]\w", text) and "\n" not in text}
    names = sorted(data - {entry.msgid for entry in _catalogue()}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, names))})(?!\w)")


def _constants(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(_PLACE.sub(" ", text))}


@cache
def _foreign(language: str) -> frozenset[str]:
    """Words that our texts of the other language use, and those of ``language`` never do."""
    english = {word for one in _catalogue() for text in (one.msgid, one.msgid_plural) for word in _words(text)}
    translated = [text for one in _catalogue() for text in (one.msgstr, *one.msgstr_plural.values())]
    indonesian = {word for text in translated for word in _words(text)}
    return frozenset(english - indonesian if language == "id" else indonesian - english)


@cache
def _catalogue() -> list[polib.POEntry]:
    found = polib.pofile(str(ROOT / "locale" / "id" / "LC_MESSAGES" / "django.po"))
    return [entry for entry in found if entry.msgid and not entry.obsolete]
