"""Both languages are whole: nothing is left out of the catalogue, and nothing bypasses it."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.management import call_command
from django.template.base import Lexer, TokenType
from django.test import Client
from django.utils.translation import gettext, override

from accounts.models import Customer, User
from config.lib import catalogue

TEMPLATES = sorted(path for path in (catalogue.ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})
# Names, and words that are the same in both languages.
# Besides our name and the currency: keys as they are printed on a keyboard, and a file's name.
NAMES = {"Gerbang", "Rp", "Shift", "Ctrl", "Enter", "Esc", "openapi", "json", "HTTP", "POST", "EXTERNAL", "ID", "BTC"}
NAMES |= {"openai", "com"}
NAMES |= {"OVO", "QRIS", "errors", "llms", "txt"}
SAME = {
    "%(counter)s header",
    "API",
    "ATM",
    "Audit",
    "Bank",
    "bank",
    "Bitcoin",
    "Email",
    "Gateway",
    "Gerbang",
    "hash",
    "id",
    "OVO",
    "OVO %(phone)s",
    "OVO Cash",
    "OVO Points",
    "Passkey",
    "Passkey %(number)d",
    "path",
    "QRIS",
    "Sandbox",
    "sandbox",
    "Sandbox:",
    "Status",
    "status",
    "Transfer",
    "Virtual account",
    "virtual account",
    "Virtual account, %(bank)s",
    "WhatsApp, Telegram, Google …",
}
# Words of banking and of files that Indonesian uses as they are, and two that are all placeholders.
SAME |= {
    "%(count)s SMS",
    "%(day)s (%(zone_name)s)",
    "BIC",
    "Checkout",
    "evt_… · payout.failed",
    "Batch",
    "batch",
    "CSV",
    "gateway",
    "JSON",
    "transfer",
    "“%(name)s”: %(state)s.",
}
SAME |= {
    "%(percent)s %%",
    "Checkout %(reference)s",
    "checkout",
    "Endpoint",
    "median",
    "Volume",
    "%(time)s ms",
    "API v1",
    "Domain",
    "domain",
    "evt_… · 65 · APIDEP-… · order.failed",
    "error.code",
    "no-reply@%(site)s",
    "Operator",
    "operator",
    "OTPZap",
    "program",
    "Server",
    "server",
    "Server 1",
    "Server 2",
    "SMS",
    "Webhook",
    "webhook",
}
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[sd]|%d|\{\w+\}|</?\w+>")


def entries() -> list[polib.POEntry]:
    return list(catalogue.open_catalogue("id"))


def id_of(entry: polib.POEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


# --- the catalogue --------------------------------------------------------------------------------


def test_every_text_of_code_and_templates_is_translated() -> None:
    translated = {id_of(entry) for entry in entries() if all(translations(entry)) and "fuzzy" not in entry.flags}
    missing = sorted(
        {(text.text, text.place) for text in catalogue.texts() if (text.context, text.text) not in translated}
    )
    assert missing == []


def test_the_catalogue_holds_no_text_that_is_gone() -> None:
    used = {(text.context, text.text) for text in catalogue.texts()}
    assert [entry.msgid for entry in entries() if id_of(entry) not in used] == []


def test_translations_keep_the_placeholders() -> None:
    wrong = [
        (entry.msgid, words)
        for entry in entries()
        for words in translations(entry)
        if sorted(PLACEHOLDER.findall(words)) != sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    ]
    assert wrong == []


def test_translations_end_as_the_text_does() -> None:
    marks = (".", "?", ":", ",", "…", "!", " ")
    wrong = [
        (entry.msgid, words)
        for entry in entries()
        for words in translations(entry)
        if [words.endswith(mark) for mark in marks] != [entry.msgid.endswith(mark) for mark in marks]
    ]
    assert wrong == []


def test_nothing_stays_english_by_accident() -> None:
    assert {entry.msgid for entry in entries() if entry.msgid in translations(entry)} <= SAME


# --- the templates --------------------------------------------------------------------------------


class Words(HTMLParser):
    """Collects what a person would read or hear of a page: its text and the attributes that are spoken or shown."""

    SPOKEN = frozenset({"alt", "aria-label", "aria-description", "data-label", "placeholder", "title"})
    SILENT = frozenset({"script", "style", "svg"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silence = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silence += tag in self.SILENT
        self.found += [value for name, value in attrs if name in self.SPOKEN and value and value.strip()]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in self.SPOKEN and value and value.strip()]

    def handle_endtag(self, tag: str) -> None:
        self._silence -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silence and data.strip():
            self.found.append(data.strip())


# Blocks whose text is no text: between their tags the template speaks to the browser.
SKIPPED = {"blocktranslate": "endblocktranslate", "comment": "endcomment", "block body_class": "endblock"}


def outside_of_tags(source: str) -> str:
    """What a template says by itself: no tags, no variables, nothing between ``blocktranslate`` and its end."""
    left, until = [], ""
    for token in Lexer(source).tokenize():
        if token.token_type is TokenType.BLOCK and not until:
            words = token.contents.split()
            until = SKIPPED.get(words[0]) or SKIPPED.get(" ".join(words[:2]), "")
        elif token.token_type is TokenType.BLOCK and token.contents.split()[0] == until:
            until = ""
        elif token.token_type is TokenType.TEXT and not until:
            left.append(token.contents)
    return "".join(left)


def bare_words(path: Path) -> list[str]:
    said = outside_of_tags(path.read_text(encoding="utf-8"))
    if path.name.endswith("_attrs.html"):
        said = f"<form {said}>"
    found = Words(said).found if path.suffix == ".html" else [said]
    return [word for text in found for word in re.findall(r"[^\W\d_]{2,}", text) if word not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(catalogue.ROOT).as_posix())
def test_a_template_says_nothing_that_is_not_translated(path: Path) -> None:
    assert bare_words(path) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(catalogue.ROOT).as_posix())
def test_a_tag_is_given_no_bare_sentence(path: Path) -> None:
    assert list(bare_sentences(path.read_text(encoding="utf-8"))) == []


def bare_sentences(source: str) -> Iterator[str]:
    """Quoted texts of more than one word that a tag gets without ``_()``; lists of CSS classes aside."""
    for token in Lexer(source).tokenize():
        if token.token_type is TokenType.TEXT or token.contents.startswith(("translate ", "now ")):
            continue
        untranslated = re.sub(r"""_\((["']).*?\1\)|css=(["']).*?\2""", "", token.contents)
        quoted = re.findall(r"""(["'])(.*?)\1""", untranslated)
        yield from (text for _quote, text in quoted if re.search(r"[^\W\d_]{2,} ", text))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Left bare</p>", ["Left", "bare"]),
        ('<p>{% translate "Fine" %} {{ too }} – Rp</p>', []),
        ("<p>{% blocktranslate %}Fine {{ too }}{% endblocktranslate %} not this</p>", ["not", "this"]),
        ('<a{% if x %} hidden{% endif %} aria-label="Bare"><svg><path d="M4 Z"></path></svg></a>', ["Bare"]),
    ],
)
def test_bare_words_are_found(tmp_path: Path, source: str, words: list[str]) -> None:
    (tmp_path / "page.html").write_text(source)
    assert bare_words(tmp_path / "page.html") == words


def test_bare_sentences_are_found() -> None:
    source = """{% empty_state "inbox" "No mail" css="btn btn-sm" text=_("Fine here") %}{{ x|default:"not given" }}"""
    assert list(bare_sentences(source)) == ["No mail", "not given"]


# --- pages in Indonesian --------------------------------------------------------------------------


@pytest.fixture
def _indonesian(settings: Any, tmp_path: Path) -> Iterator[None]:
    """The catalogue as it stands now, compiled; what is compiled in the source tree may be older."""
    compiled = tmp_path / "id" / "LC_MESSAGES" / "django.po"
    compiled.parent.mkdir(parents=True)
    compiled.write_bytes(catalogue.path_of("id").read_bytes())
    settings.LOCALE_PATHS = [tmp_path]
    call_command("compile_catalogues")
    with override("id"):
        yield


@pytest.fixture
def indonesian(_indonesian: None, client_for: Callable[[User | Customer], Client]) -> Callable[..., str]:
    def read(path: str, person: User | Customer | None = None) -> str:
        browser = client_for(person) if person else Client()
        answer = browser.get(path, headers={"Accept-Language": "id"})
        assert answer.headers["Content-Language"] == "id"
        return answer.content.decode()

    return read


@pytest.mark.django_db
def test_strangers_read_indonesian(indonesian: Callable[..., str]) -> None:
    assert "Bayar hanya jika kodenya masuk." in indonesian("/")
    sign_in = indonesian("/account/login/")
    assert '<html lang="id">' in sign_in
    assert "Kata sandi" in sign_in
    assert "Tetap masuk selama 14 hari" in sign_in


def test_a_customer_reads_the_statement_in_indonesian(indonesian: Callable[..., str], customer: Customer) -> None:
    statement = indonesian("/wallet/", customer)
    assert "<title>Mutasi · Gerbang</title>" in statement
    assert "Tertahan untuk pesanan aktif" in statement
    assert "Belum ada mutasi" in statement


@pytest.mark.usefixtures("_indonesian")
def test_borrowed_texts_are_worded_by_us() -> None:
    assert gettext("This field is required.") == "Wajib diisi."


def test_every_language_is_offered_by_its_own_name(indonesian: Callable[..., str]) -> None:
    switch = Words(indonesian("/account/login/")).found
    assert {"English", "Bahasa Indonesia"} <= set(switch)


PUBLIC = ["/", "/account/login/", "/account/signup/", "/account/password/reset/", "/account/confirm-email/", "/nowhere"]
OWN = ["/", "/numbers/live/", "/numbers/orders/", "/topup/", "/topup/deposits/", "/wallet/", "/settings/"]
ACCOUNT = ["/account/email/", "/account/password/change/", "/account/logout/"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_no_english_is_left_on_public_pages(indonesian: Callable[..., str], path: str) -> None:
    assert english_in(indonesian(path)) == set()


@pytest.mark.parametrize("path", [*OWN, *ACCOUNT])
def test_no_english_is_left_on_a_customers_pages(indonesian: Callable[..., str], customer: Customer, path: str) -> None:
    assert english_in(indonesian(path, customer)) == set()


@pytest.mark.parametrize("path", ["/staff/", "/settings/"])
def test_no_english_is_left_on_staff_pages(indonesian: Callable[..., str], staff_user: User, path: str) -> None:
    assert english_in(indonesian(path, staff_user)) == set()


def english_in(page: str) -> set[str]:
    """Texts on a page that the catalogue would have said otherwise."""
    otherwise = {entry.msgid for entry in entries() if entry.msgid not in translations(entry)}
    return otherwise & set(Words(page).found)
