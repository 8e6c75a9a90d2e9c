"""Why a document is not accepted: a code for statistics, the words the customer reads, and what they can do next.

Each reason says whether the same customer may send the document again. The words are translatable; the reviewer sees
them in both languages before deciding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_AGAIN = _("Take the picture again and upload it.")
_OTHER = _("Upload another document that shows it.")
_ALLOWED = _("We have looked at it once more: you may send it again.")
_SUPPORT = _("Please write to our support; uploading again does not help.")

# The values of KycDocument.Kind that a reason is offered for; empty: for all.
_PERSONAL = ("identity",)
_FACE = ("selfie",)
_CARD_OR_FACE = ("identity", "selfie")
_PAPERS = ("address", "business", "other")


@dataclass(frozen=True)
class Reason:
    """``text`` is what was wrong and ``next_step`` what to do now, both as the customer reads them."""

    code: str
    text: Promise
    next_step: Promise
    may_retry: bool = True
    kinds: Sequence[str] = ()


_ALL = (
    Reason("blurred", _("The picture is blurred, so the text cannot be read."), _AGAIN),
    Reason("glare", _("Light reflects on the document and covers a part of it."), _AGAIN),
    Reason("too_dark", _("The picture is too dark."), _AGAIN),
    Reason("too_small", _("The document is too small in the picture, or the picture has too few pixels."), _AGAIN),
    Reason("cut_off", _("A part of the document is outside the picture. All four corners must be visible."), _AGAIN),
    Reason("covered", _("A part of the document is covered by a finger or an object."), _AGAIN),
    Reason(
        "not_original",
        _("This is a copy, a screenshot or a photo of a screen. We need a picture of the original."),
        _AGAIN,
        kinds=_CARD_OR_FACE,
    ),
    Reason(
        "wrong_document",
        _("This is not the kind of document that we asked for."),
        _("Look at the name of the field, then upload the document it asks for."),
    ),
    Reason("expired", _("The document has expired."), _("Upload a document that is still valid."), kinds=("identity",)),
    Reason(
        "damaged",
        _("The document is damaged where we have to read it."),
        _("Upload another official document with your picture, for example a passport."),
        kinds=_PERSONAL,
    ),
    Reason(
        "incomplete", _("Pages are missing, or the file shows only one side."), _("Upload all pages in one PDF file.")
    ),
    Reason(
        "name_differs",
        _("The name on the document is not the name that you entered."),
        _("Enter your name as the document shows it, then upload again."),
    ),
    Reason(
        "birth_date_differs",
        _("The date of birth on the document is not the one that you entered."),
        _("Correct the date of birth, then upload again."),
        kinds=_PERSONAL,
    ),
    Reason(
        "number_differs",
        _("The identity number on the document is not the one that you entered."),
        _("Correct the identity number, then upload again."),
        kinds=_PERSONAL,
    ),
    Reason(
        "face_not_visible",
        _("Your face is not fully visible: it is cut off, covered, or turned away."),
        _("Take a new selfie without mask, hat or dark glasses, facing the camera."),
        kinds=_FACE,
    ),
    Reason(
        "face_differs",
        _("The person in the selfie does not look like the person on the identity card."),
        _("Take a new selfie in good light, with nobody else in the picture."),
        kinds=_FACE,
    ),
    Reason(
        "several_people", _("More than one person is in the picture."), _("Take a selfie of you alone."), kinds=_FACE
    ),
    Reason(
        "address_differs",
        _("The address on the document is not the one that you entered."),
        _("Correct the address, or upload a document that shows it."),
        kinds=("address",),
    ),
    Reason("too_old", _("The document is older than three months."), _OTHER, kinds=("address",)),
    Reason("not_in_your_name", _("The document is not in your name."), _OTHER, kinds=_PAPERS),
    Reason(
        "already_registered",
        _("This identity is already used by another account."),
        _("Sign in to your other account, or write to our support if you do not have one."),
        may_retry=False,
        kinds=_PERSONAL,
    ),
    Reason("underage", _("You must be at least 17 years old to be verified."), _SUPPORT, may_retry=False),
    Reason("altered", _("We cannot accept this document as genuine."), _SUPPORT, may_retry=False),
    Reason(
        "other",
        _("We could not accept this document."),
        _("Check that it is complete and readable, then upload it again."),
    ),
)
REASONS = {reason.code: reason for reason in _ALL}


def reasons_for(kind: str) -> list[Reason]:
    """The reasons a reviewer can give for a document of ``kind`` (a value of KycDocument.Kind)."""
    return [reason for reason in _ALL if not reason.kinds or kind in reason.kinds]


def title_of(code: str) -> str:
    """What was wrong, as it is counted; a code that is offered no more stands for itself."""
    return str(REASONS[code].text) if code in REASONS else code


def words_of(reason: Reason, language: str) -> str:
    """What the customer reads: what was wrong and what to do, in ``language`` ("en", "id")."""
    with translation.override(language):
        return f"{reason.text} {reason.next_step}"


def words_again(reason: Reason | None, language: str) -> str:
    """What the customer reads instead once it was taken back that ``reason`` is final, in ``language``."""
    with translation.override(language):
        return f"{(reason or REASONS['other']).text} {_ALLOWED}"
