"""The message catalogue without the gettext programs: collect texts with Babel, compile them with polib.

A machine with Python alone can therefore build the site in both languages.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import templatize

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    *("config", "accounts", "kyc", "wallets", "notifications", "otp"),
    *("payments", "payouts", "cards", "checkout", "reports", "sandbox"),
)
_KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


@dataclass(frozen=True)
class Text:
    """One translatable text and where it stands."""

    text: str
    plural: str
    context: str
    place: str


def texts() -> Iterator[Text]:
    """Every translatable text of our code and templates, and of what is drawn from the code (TEXT_SOURCES)."""
    for source in settings.TEXT_SOURCES:
        for said in import_string(source)():
            yield Text(said, "", "", source)
    for path in _files():
        source = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # What stays of a template between its texts is not Python; flush left it is at least tokens.
            source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
        place = path.relative_to(ROOT).as_posix()
        for _line, found, _comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=_KEYWORDS, options={"encoding": "utf-8"}
        ):
            singular, plural = found if isinstance(found, tuple) else (found, "")
            if singular:
                yield Text(str(singular), str(plural or ""), context or "", place)


def _files() -> Iterator[Path]:
    for app in APPS:
        yield from sorted((ROOT / app).rglob("*.py"))
    yield from sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def update(catalogue: polib.POFile) -> None:
    """Bring ``catalogue`` up to what the code says: new texts come in empty, vanished ones go."""
    wanted: dict[tuple[str, str], Text] = {}
    places: dict[tuple[str, str], list[str]] = {}
    for text in texts():
        wanted.setdefault((text.context, text.text), text)
        places.setdefault((text.context, text.text), []).append(text.place)
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue}
    for key in known.keys() - wanted.keys():
        catalogue.remove(known[key])
    for key in sorted(wanted.keys() - known.keys()):
        catalogue.append(_new_entry(wanted[key]))
    for entry in catalogue:
        entry.occurrences = [(place, "") for place in sorted(set(places[entry.msgctxt or "", entry.msgid]))]
    catalogue.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))


def _new_entry(text: Text) -> polib.POEntry:
    entry = polib.POEntry(msgid=text.text, msgctxt=text.context or None)
    if text.plural:
        entry.msgid_plural, entry.msgstr_plural = text.plural, {0: ""}
    if "%(" in text.text:
        entry.flags = ["python-format"]
    return entry


def open_catalogue(language: str) -> polib.POFile:
    """The catalogue of ``language``, or an empty one."""
    path = path_of(language)
    if path.exists():
        return polib.pofile(str(path), wrapwidth=110)
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    return catalogue


def path_of(language: str) -> Path:
    """Where the catalogue of ``language`` stands."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
