"""Pages of a stored document as pictures: a PDF itself is never shown to anybody."""

from django.utils.translation import gettext as _

from accounts.errors import NotFound
from kyc.files import confined, store
from kyc.files.bounds import Refused
from kyc.models import KycDocument

_SMALLEST, _LARGEST = 100, 4000


def page_image(document: KycDocument, page: int, side: int) -> bytes:
    """Page ``page`` (from 1) of ``document`` as PNG, or as JPEG where the document is one. Raises `NotFound`.

    ``side`` is the longer side in pixels for a page of a PDF; a picture comes as large as it is kept.
    """
    if not 1 <= page <= document.pages:
        raise NotFound
    content = content_of(document)
    if document.content_type != "application/pdf":
        return content
    job = {"do": "page", "page": page - 1, "side": min(max(side, _SMALLEST), _LARGEST)}
    try:
        return confined.run(job, content).parts[0]
    except Refused as error:
        raise _unreadable() from error


def content_of(document: KycDocument) -> bytes:
    """The file of ``document`` as it is kept. Raises `NotFound`."""
    return _stored(document.stored_as, document)


def thumbnail_of(document: KycDocument) -> bytes:
    """A small JPEG of its first page. Raises `NotFound`."""
    return _stored(document.thumbnail_as, document)


def _stored(name: str, document: KycDocument) -> bytes:
    try:
        return store.get(name, document.public_id)
    except store.Lost as error:
        raise _unreadable() from error


def _unreadable() -> NotFound:
    return NotFound(_("The file of this document cannot be read."))
