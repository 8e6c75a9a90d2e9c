"""Which column means what: by its head, in the languages that reach us, or by what stands in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from payouts.files.shapes import Unreadable
from payouts.files.values import BadAmount, read_amount, unwrap

POSITION, DESTINATION, AMOUNT, NAME, NARRATION = "position", "destination", "amount", "name", "narration"
# What we call them in files of our own.
HEADS = {
    POSITION: _("Row"),
    DESTINATION: _("Account or phone number"),
    AMOUNT: _("Amount"),
    NAME: _("Name"),
    NARRATION: _("Narration"),
}
_WORDS: Mapping[str, str] = {
    POSITION: "row|row no|row number|baris|no baris|ligne",
    DESTINATION: (
        "account or phone number|destination|account|account no|account number|acct|acct no|bank account|bban|iban"
        "|beneficiary account|beneficiary account number|recipient account|receiver account|receiver|to account"
        "|phone|phone no|phone number|mobile|mobile no|mobile number|mobile money number|msisdn|telephone|tel|number"
        "|wallet|wallet number|account phone|account or phone|account phone number"
        "|rekening|no rekening|nomor rekening|tujuan|nomor tujuan|rekening tujuan|rekening atau nomor telepon"
        "|rekening atau nomor hp|nomor rekening atau telepon|telepon|no telepon|nomor telepon|hp|no hp|nomor hp|ponsel"
        "|nomor ponsel|nomor"
        "|compte|no compte|numero de compte|numéro de compte|téléphone|numéro de téléphone|destinataire"
    ),
    AMOUNT: (
        "amount|amount to pay|payment amount|transfer amount|sum|value|net pay|net amount|net salary|salary|pay|le|sle"
        "|jumlah|nominal|nilai|jumlah transfer|gaji|gaji bersih|montant|somme|valeur"
    ),
    NAME: (
        "name|receiver name|recipient|recipient name|beneficiary|beneficiary name|account name|account holder|holder"
        "|full name|employee|employee name|payee|nama|nama penerima|penerima|nama pemilik|nama pemilik rekening"
        "|nama lengkap|nama karyawan|nom|nom du bénéficiaire|bénéficiaire"
    ),
    NARRATION: (
        "narration|description|note|notes|remark|remarks|memo|purpose|details|reference|message|comment"
        "|keterangan|berita|catatan|deskripsi|pesan|referensi|keperluan|motif|libellé|remarque"
    ),
}
_ROLE_OF = {word: role for role, words in _WORDS.items() for word in words.split("|")}
_NUMBERISH = re.compile(r"\+?[0-9][0-9 .-]{6,40}|[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)


@dataclass(frozen=True)
class Columns:
    """Where things stand. ``width`` is that of the head: what stands beyond it belongs to nothing."""

    destinations: Sequence[int]
    amount: int
    name: int | None
    narration: int | None
    position: int | None
    width: int


def by_head(cells: Sequence[str]) -> Columns | None:
    """The columns that a head names; None where it names no destination or no amount. Of several for a text the first
    counts; raises `Unreadable` when two columns claim to be the amount."""
    roles = [role_of(cell) for cell in cells]
    found = {role: [at for at, one in enumerate(roles) if one == role] for role in _WORDS}
    if not found[DESTINATION] or not found[AMOUNT]:
        return None
    if any(len(found[role]) > 1 for role in (AMOUNT, POSITION)):
        raise Unreadable("same_columns")
    first = {role: places[0] if places else None for role, places in found.items()}
    return Columns(found[DESTINATION], found[AMOUNT][0], first[NAME], first[NARRATION], first[POSITION], _filled(cells))


def by_content(cells: Sequence[str]) -> Columns | None:
    """The columns of a table without a head, by its first row: a number to pay to, an amount, and texts."""
    to = next((at for at, cell in enumerate(cells) if _NUMBERISH.fullmatch(unwrap(cell.strip()))), None)
    amount = next((at for at, cell in enumerate(cells) if at != to and _is_amount(cell)), None)
    if to is None or amount is None:
        return None
    others = [at for at, cell in enumerate(cells) if at not in (to, amount) and cell.strip()]
    name, narration = [*others, None, None][:2]
    return Columns([to], amount, name, narration, None, _filled(cells))


def role_of(head: str) -> str | None:
    """What a column with this head means; what stands in brackets and behind stars does not count."""
    bare = _plain(re.sub(r"\(.*?\)|\[.*?\]", " ", head))
    return _ROLE_OF.get(bare) or _our_words().get(bare)


@cache
def _our_words() -> Mapping[str, str]:
    """Heads of our own files: whoever reads one may speak another language than whoever took it."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {_plain(str(words)): role for role, words in HEADS.items()}
    return found


def _plain(head: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", head.lower()))


def _filled(cells: Sequence[str]) -> int:
    return max((at + 1 for at, cell in enumerate(cells) if cell.strip()), default=0)


def _is_amount(cell: str) -> bool:
    try:
        read_amount(unwrap(cell.strip()))
    except BadAmount:
        return False
    return True
