"""What a reviewer is shown, and the record that they were shown it."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from PIL import Image, ImageDraw, ImageFont

from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.services import audit
from config.lib import clock, times
from kyc.files import crypto, identity, render, serve
from kyc.models import KycCase, KycDocument
from kyc.selectors import flags, queue

# Longer side in pixels, enough to read small print when zoomed in; one picture serves every zoom.
_PAGE_SIDE = 2000


@dataclass(frozen=True)
class Assessment:
    flags: list[flags.Flag]
    risk: int


def assess(case: KycCase) -> Assessment:
    """What speaks against ``case`` now. Nothing is stored: claim and submission do that with the risk."""
    found = flags.flags_of(case, number_of(case))
    return Assessment(found, flags.risk_of(found))


def assess_all_like(case: KycCase) -> None:
    """Store the risk of ``case``, and of the waiting cases that share its identity number or a file with it: what
    was harmless yesterday may have got a double today. Called when a case is sent, and when its number is hashed
    anew."""
    files = KycDocument.objects.filter(case=case).values("sha256")
    same = Q(documents__sha256__in=files)
    if hashes := {case.identity_hash, *identity.hashes_of(number_of(case))} - {""}:
        same |= Q(identity_hash__in=hashes)
    waiting = KycCase.objects.filter(state__in=queue.WAITING).filter(same | Q(pk=case.pk)).distinct()
    for row in waiting.select_related("customer").order_by("pk")[:50]:
        KycCase.objects.filter(pk=row.pk).update(risk=assess(row).risk)


@transaction.atomic
def show_number(*, actor: Actor, case_id: UUID) -> str:
    """The identity number of a case in clear ("" if none was given); that it was looked at is recorded."""
    case = queue.cases_seen_by(actor).filter(public_id=case_id).first()
    if case is None:
        raise NotFound
    audit.record(actor, "kyc_case.number_viewed", target=case)
    return number_of(case)


def number_of(case: KycCase) -> str:
    """The identity number of ``case`` in clear; "" if none was given or no key opens it."""
    try:
        return identity.number_of(case)
    except crypto.Unreadable:
        return ""


def show_page(*, actor: Actor, document_id: UUID, page: int) -> HttpResponse:
    """One page of a document as a picture with the reader's name and the time across it; ``page`` counts from 1.

    The view is recorded. Raises `NotFound` for an unknown document or page.
    """
    document = _document(actor, document_id)
    content = render.page_image(document, page, _PAGE_SIDE)
    serve.note(actor, document, f"page {page}")
    return serve.picture(_marked(content, actor.label, clock.now()))


def show_thumbnail(*, actor: Actor, document_id: UUID) -> HttpResponse:
    """The first page in small, with the reader's name across it. The view is recorded. Raises `NotFound`."""
    document = _document(actor, document_id)
    content = render.thumbnail_of(document)
    serve.note(actor, document, "thumbnail")
    return serve.picture(_marked(content, actor.label, clock.now()))


def show_file(*, actor: Actor, document_id: UUID) -> HttpResponse:
    """The file itself, to be saved. The view is recorded. Raises `NotFound`."""
    return serve.raw(actor, _document(actor, document_id))


def _document(actor: Actor, document_id: UUID) -> KycDocument:
    cases = queue.cases_seen_by(actor)
    document = KycDocument.objects.filter(public_id=document_id, case__in=cases).select_related("case").first()
    if document is None:
        raise NotFound
    return document


def _marked(picture: bytes, reader: str, moment: datetime) -> bytes:
    """``picture`` with who looked and when written across, so that a photo of the screen says where it came from."""
    with Image.open(BytesIO(picture)) as opened:
        base = opened.convert("RGB")
    text = f"{reader}  {times.in_words(moment)}"
    font = ImageFont.load_default(size=max(14, base.width // 45))
    layer = Image.new("RGBA", base.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for turn, top in enumerate(range(base.height // 8, base.height, max(120, base.height // 4))):
        at = (base.width // 12 + (turn % 2) * base.width // 4, top)
        draw.text(at, text, font=font, fill=(128, 128, 128, 110))
    out = BytesIO()
    Image.alpha_composite(base.convert("RGBA"), layer).convert("RGB").save(out, "JPEG", quality=88)
    return out.getvalue()
