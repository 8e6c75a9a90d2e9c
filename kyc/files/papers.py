"""Look through a PDF, refuse what does things by itself, write the pages anew, and draw pages as pictures."""

from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2

from kyc.files.bounds import KEPT_SIDE, MAX_DEPTH, MAX_ITEMS, MAX_OBJECTS, MAX_PAGES, MAX_PDF_BYTES, Refused
from kyc.files.pictures import thumbnail

# Things that run, open, send or bring along something else (ISO 32000-1, 12.6, 12.3, 7.11, 13).
_KEYS = {"/JS", "/JavaScript", "/AA", "/XFA", "/EF", "/EmbeddedFiles", "/RichMediaContent", "/Launch", "/Ref", "/OPI"}
_ACTIONS = {
    *{"/JavaScript", "/Launch", "/GoToR", "/GoToE", "/SubmitForm", "/ImportData"},
    *{"/Rendition", "/Movie", "/Sound", "/RichMediaExecute", "/GoTo3DView"},
}
_SUBTYPES = {"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/FileAttachment"}
_TYPES = {"/EmbeddedFile", "/Filespec", "/F"}
_CONTAINERS = (pikepdf.Dictionary, pikepdf.Array, pikepdf.Stream)
# Of a page: what says things about it instead of showing it.
_NOTES = ("/Metadata", "/PieceInfo", "/Thumb", "/AA", "/LastModified", "/Tabs", "/B", "/StructParents", "/Annots")


def clean(content: bytes) -> tuple[bytes, bytes, int]:
    """The pages of a PDF written anew, a thumbnail of the first, and their number. Raises `Refused`."""
    with _opened(content) as pdf:
        _inspect(pdf)
        written = _rewritten(pdf)
        pages = len(pdf.pages)
    # What cannot be drawn here, within the limits of this process, must not reach a reviewer.
    drawn = [_drawn(written, page, 200 if page else 480) for page in range(pages)]
    return written, thumbnail(drawn[0]), pages


def picture(content: bytes, page: int, side: int) -> bytes:
    """Page ``page`` (from 0) of a PDF that was written here, as a PNG whose longer side has ``side`` pixels."""
    out = BytesIO()
    _drawn(content, page, min(side, KEPT_SIDE)).save(out, "PNG", compress_level=3)
    return out.getvalue()


def _opened(content: bytes) -> pikepdf.Pdf:
    try:
        pdf = pikepdf.open(BytesIO(content), suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise Refused("encrypted") from error
    except Exception as error:
        raise Refused("unreadable") from error
    if pdf.is_encrypted:
        raise Refused("encrypted")
    return pdf


def _inspect(pdf: pikepdf.Pdf) -> None:
    try:
        if not 0 < len(pdf.pages) <= MAX_PAGES:
            raise Refused("too_many_pages" if len(pdf.pages) else "unreadable")
        if len(pdf.objects) > MAX_OBJECTS:
            raise Refused("too_complex")
        _check_start(pdf.Root.get("/OpenAction"))
        count = 0
        for thing in pdf.objects:
            count = _look(thing, 0, count)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError) as error:
        raise Refused("unreadable") from error


def _check_start(action: Any) -> None:
    """Programs like to say on which page to open: that is harmless and goes. Anything else does something."""
    if isinstance(action, pikepdf.Dictionary) and str(action.get("/S")) != "/GoTo":
        raise Refused("active")


def _look(thing: Any, depth: int, count: int) -> int:
    """Refuse what is active in ``thing`` and in all that stands directly inside; returns how much was seen so far."""
    if not isinstance(thing, _CONTAINERS):
        return count
    if depth > MAX_DEPTH or count > MAX_ITEMS:
        raise Refused("too_complex")
    if isinstance(thing, pikepdf.Array):
        inside: list[Any] = [thing[index] for index in range(len(thing))] if len(thing) < MAX_ITEMS else []
        if len(thing) >= MAX_ITEMS:
            raise Refused("too_complex")
    else:
        _check(thing)
        inside = [thing.get(key) for key in thing.keys()]  # noqa: SIM118 - not a dict
    count += len(inside)
    for one in inside:
        if isinstance(one, _CONTAINERS) and not one.is_indirect:
            count = _look(one, depth + 1, count)
    return count


def _check(thing: Any) -> None:
    if not _KEYS.isdisjoint(thing.keys()):
        raise Refused("active")
    if _name(thing, "/S") in _ACTIONS or _name(thing, "/Subtype") in _SUBTYPES or _name(thing, "/Type") in _TYPES:
        raise Refused("active")
    if isinstance(thing, pikepdf.Stream) and "/F" in thing:
        raise Refused("active")


def _name(thing: Any, key: str) -> str:
    value = thing.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""


def _rewritten(pdf: pikepdf.Pdf) -> bytes:
    """A new file of nothing but the pages: no catalogue entries, names, forms, layers, links, or notes survive."""
    fresh, out = pikepdf.new(), BytesIO()
    try:
        # What was filled in or stamped becomes a part of the page; what only reacts to a click is gone.
        pdf.generate_appearance_streams()
        pdf.flatten_annotations("screen")
        for page in pdf.pages:
            _strip(page.obj)
        fresh.pages.extend(pdf.pages)
        fresh.remove_unreferenced_resources()
        fresh.save(out, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError) as error:
        raise Refused("unreadable") from error
    if out.tell() > MAX_PDF_BYTES:
        raise Refused("too_complex")
    return out.getvalue()


def _strip(page: Any) -> None:
    for key in _NOTES:
        if key in page:
            del page[key]


def _drawn(content: bytes, page: int, side: int) -> Any:
    try:
        pdf = pypdfium2.PdfDocument(content)
        sheet = pdf[page]
        longer = max(sheet.get_size())
        if not 1 <= longer <= 100_000:
            raise Refused("unreadable")
        return sheet.render(scale=side / longer).to_pil().convert("RGB")
    except pypdfium2.PdfiumError as error:
        raise Refused("unreadable") from error
