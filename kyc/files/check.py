"""Is this a document we take? Decided by content; what leaves here was written by us."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from kyc.errors import FileError, FileRefused, FileTooLarge, WrongKindOfFile
from kyc.files import confined
from kyc.files.bounds import MAX_PAGES, Refused

_STARTS = ((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"%PDF-", "PDF"))
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "PDF": "application/pdf"}
_ENDINGS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg"), "PDF": (".pdf",)}
_PHONE_FORMATS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
_NAME_LENGTH = 150

WORDS: dict[str, str | Promise] = {
    "empty": _("The file is empty."),
    "unreadable": _("The file is damaged or incomplete. Save it again, or take a new picture."),
    "too_many_pixels": _("The picture has too many pixels. Take it with a lower resolution."),
    "animated": _("Moving pictures are not taken. Send a still one."),
    "encrypted": _("The PDF is protected by a password. Save it without one, then upload it again."),
    "active": _(
        "The PDF contains scripts, attachments or other active parts. Print it to a new PDF, then upload that one."
    ),
    "too_many_pages": format_lazy(
        _("The PDF has more than {pages} pages. Send only those that matter."), pages=MAX_PAGES
    ),
    "too_complex": _("The file is too complicated to check. Take a picture of the document instead."),
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A document as it is kept. ``size`` and ``sha256`` are of the file as it was sent."""

    file_name: str
    content: bytes
    thumbnail: bytes
    content_type: str
    pages: int
    size: int
    sha256: str


def check(file: UploadedFile[bytes]) -> Checked:
    """``file`` written anew. Raises `FileRefused` (400), `FileTooLarge` (413) or `WrongKindOfFile` (415); `TooMany`
    when this machine has too much to check."""
    content = _bytes_of(file)
    form = _form_of(content)
    job = {"do": "paper"} if form == "PDF" else {"do": "picture", "form": form}
    try:
        outcome = confined.run(job, content)
    except Refused as refusal:
        raise FileRefused(refusal.code, WORDS[refusal.code]) from refusal
    written, thumbnail = outcome.parts
    form = outcome.facts["form"]
    return Checked(
        file_name=clean_name(file.name or "", form),
        content=written,
        thumbnail=thumbnail,
        content_type=_TYPES[form],
        pages=outcome.facts["pages"],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def check_all(files: Sequence[UploadedFile[bytes]], field: str) -> list[Checked]:
    """Every one of ``files``, or an error that names each bad one as ``Files[1]`` (a single ``file`` by its name) and
    has the status they share."""
    checked: list[Checked] = []
    errors: dict[str, FileError] = {}
    for index, file in enumerate(files):
        try:
            checked.append(check(file))
        except FileError as error:
            errors[field if field == "file" else f"{field}[{index}]"] = error
    if errors:
        raise _together(errors)
    return checked


def _together(errors: dict[str, FileError]) -> FileError:
    first = next(iter(errors.values()))
    fields = {place: [error.message] for place, error in errors.items()}
    if len({type(error) for error in errors.values()}) == 1:
        return type(first)(first.code, first.message, fields=fields)
    return FileRefused("files", _("Some files cannot be taken, so none was stored."), fields=fields)


def _bytes_of(file: UploadedFile[bytes]) -> bytes:
    limit: int = settings.KYC_FILE_BYTES
    content = b"" if (file.size or 0) > limit else file.read(limit + 1)
    if (file.size or 0) > limit or len(content) > limit:
        largest = filesizeformat(limit)
        raise FileTooLarge("too_large", _("The file is larger than %(largest)s.") % {"largest": largest})
    if not content:
        raise FileRefused("empty", WORDS["empty"])
    return content


def _form_of(content: bytes) -> str:
    for start, form in _STARTS:
        if content.startswith(start):
            return form
    if content[4:8] == b"ftyp" and content[8:12] in _PHONE_FORMATS:
        words = _(
            "This is a HEIC picture. Choose JPEG in your camera's settings (on an iPhone: Most Compatible), "
            "or send a screenshot of it."
        )
        raise WrongKindOfFile("heic", words)
    raise WrongKindOfFile("wrong_kind", _("Only PDF, PNG and JPEG files are taken."))


def clean_name(name: str, form: str) -> str:
    """What a person calls the file, as plain text: no folders, no invisible or turning signs, the right ending."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(sign if sign.isprintable() else " " for sign in base)
    plain = " ".join(plain.split()).strip(". ")
    path = PurePosixPath(plain or "document")
    ending = path.suffix if path.suffix.lower() in _ENDINGS[form] else ""
    stem = plain[: len(plain) - len(ending)] if ending else str(path)
    ending = ending or _ENDINGS[form][0]
    return f"{stem[: _NAME_LENGTH - len(ending)].rstrip()}{ending}"
