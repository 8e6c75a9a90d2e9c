"""The only way a stored document leaves: fixed types, sandboxed, never cached, and every view recorded.

The caller has checked that ``actor`` may see the document. All raise `NotFound` for a page or file that is not there.
"""

from urllib.parse import quote

from django.http import HttpResponse

from accounts.access.actors import Actor
from accounts.services import audit
from kyc.files import render
from kyc.models import KycDocument

_PNG = b"\x89PNG"


def raw(actor: Actor, document: KycDocument) -> HttpResponse:
    """The document to be saved, never shown in place."""
    content = render.content_of(document)
    note(actor, document, "file")
    return _answer(content, document.content_type, f"attachment; filename*=UTF-8''{quote(document.file_name, safe='')}")


def page(actor: Actor, document: KycDocument, number: int = 1, *, side: int = 1800) -> HttpResponse:
    """One page of the document as a picture; pages count from 1."""
    content = render.page_image(document, number, side)
    note(actor, document, f"page {number}")
    return picture(content)


def thumbnail(actor: Actor, document: KycDocument) -> HttpResponse:
    """A small picture of the first page."""
    content = render.thumbnail_of(document)
    note(actor, document, "thumbnail")
    return picture(content)


def note(actor: Actor, document: KycDocument, what: str) -> None:
    """Record that ``actor`` saw ``what`` of the document."""
    audit.record(actor, "kyc_document.viewed", target=document, after={"what": what})


def picture(content: bytes) -> HttpResponse:
    """The answer with a picture (PNG or JPEG) that was written here and whose view is recorded already."""
    return _answer(content, "image/png" if content.startswith(_PNG) else "image/jpeg", "inline")


def _answer(content: bytes, content_type: str, disposition: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = disposition
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
