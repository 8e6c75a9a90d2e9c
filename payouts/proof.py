"""Proof of a payment as PDF: one page to pass on, in the language of whoever asks for it."""

import unicodedata
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.lib import clock, times
from config.lib.money import format_money
from payouts.models import Payout
from payouts.models.states import Kind
from payouts.routing import Routes

if TYPE_CHECKING:
    from fpdf import FPDF

_INK, _QUIET, _LINE = (28, 36, 52), (95, 105, 122), (214, 220, 229)
# Letters of Sierra Leone's languages that the fonts every reader has do not know.
_PLAIN = str.maketrans({"ɛ": "e", "Ɛ": "E", "ɔ": "o", "Ɔ": "O", "ŋ": "ng", "Ŋ": "Ng", "ɓ": "b", "–": "-", "—": "-"})
_PLAIN |= str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "•": "*", "·": "-"})


def pdf_of(payout: Payout) -> bytes:
    """A payment that was made, with everything that names it. Deterministic but for the time it was printed at."""
    # A second to import, and few processes ever write a proof.
    from fpdf import FPDF

    page = FPDF(format="A4")
    page.set_title(_plain(f"{_('Proof of payment')} {payout.reference}"))
    page.set_creator("Gerbang")
    page.set_lang(translation.get_language() or "en")
    page.set_margins(22, 24, 22)
    page.add_page()
    _head(page, payout)
    for label, value in _facts(payout):
        _line(page, label, value)
    _foot(page)
    return bytes(page.output())


def _head(page: "FPDF", payout: Payout) -> None:
    page.set_text_color(*_QUIET)
    page.set_font("Helvetica", size=11)
    page.cell(0, 6, _plain(Truncator(payout.client.name).chars(70)), new_x="LMARGIN", new_y="NEXT")
    page.set_text_color(*_INK)
    page.set_font("Helvetica", "B", 22)
    page.cell(0, 12, _plain(_("Proof of payment")), new_x="LMARGIN", new_y="NEXT")
    page.ln(6)
    page.set_font("Helvetica", "B", 30)
    page.cell(0, 14, _plain(format_money(payout.amount, payout.currency)), new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", size=12)
    said = _("paid on %(when)s") % {"when": times.in_words(payout.completed_at)} if payout.completed_at else ""
    page.cell(0, 8, _plain(said), new_x="LMARGIN", new_y="NEXT")
    page.ln(8)


def _facts(payout: Payout) -> list[tuple[str, str]]:
    is_bank = payout.kind == Kind.BANK
    facts = [
        (_("From"), payout.client.name),
        (pgettext("receiver", "To"), payout.receiver_name or payout.holder_name),
        (_("Name at the bank"), payout.holder_name if payout.receiver_name else ""),
        (_("Bank") if is_bank else _("Operator"), Routes().name_of(payout.receiver_code)),
        (pgettext("bank", "Account") if is_bank else _("Phone number"), _grouped(payout.receiver)),
        (_("What it is for"), payout.narration),
        (_("Fee, paid by the sender"), format_money(payout.fee, payout.currency)),
        (_("Reference"), payout.reference),
        (_("Reference of the bank or operator"), payout.rail_id),
        (_("Payment number"), str(payout.public_id)),
    ]
    return [(label, value) for label, value in facts if value]


def _grouped(digits: str) -> str:
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def _line(page: "FPDF", label: str, value: str) -> None:
    page.set_draw_color(*_LINE)
    page.line(page.l_margin, page.get_y(), page.w - page.r_margin, page.get_y())
    page.ln(2.5)
    page.set_font("Helvetica", size=10)
    page.set_text_color(*_QUIET)
    top = page.get_y()
    page.cell(58, 6, _plain(label))
    page.set_xy(page.l_margin + 58, top)
    page.set_text_color(*_INK)
    page.set_font("Helvetica", size=11)
    page.multi_cell(0, 6, _plain(value), new_x="LMARGIN", new_y="NEXT", align="L")
    page.ln(2.5)


def _foot(page: "FPDF") -> None:
    page.ln(8)
    page.set_font("Helvetica", size=9)
    page.set_text_color(*_QUIET)
    words = _("Printed on %(when)s by Gerbang, %(site)s.") % {
        "when": times.in_words(clock.now()),
        "site": settings.BASE_URL,
    }
    page.multi_cell(0, 5, _plain(words), align="L", new_x="LMARGIN", new_y="NEXT")
    note = _("It says what our books say at that moment. A bank can still send money back.")
    page.multi_cell(0, 5, _plain(note), align="L", new_x="LMARGIN", new_y="NEXT")


def _plain(text: str) -> str:
    """``text`` in letters that the built-in fonts have: accents they lack are dropped, what is left is a ``?``."""
    return "".join(_letter(one) for one in text.translate(_PLAIN))


def _letter(letter: str) -> str:
    bare = letter if _printable(letter) else unicodedata.normalize("NFKD", letter)
    return "".join(part if _printable(part) else "?" for part in bare if not unicodedata.combining(part))


def _printable(letter: str) -> bool:
    return ord(letter) < 0x100
