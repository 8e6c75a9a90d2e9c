"""Customers whose identity waits for a look, drawn documents included; one was verified, one was sent back."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

from accounts.access.actors import Actor
from accounts.models import Customer
from accounts.services.people import register_customer
from kyc.models import KycCase, KycDocument
from kyc.services import claims, decisions, submission
from kyc.services.decisions import Verdict
from sandbox.demo_people import DEMO, STAFF, acting

Kind = KycDocument.Kind
_SIZE = (1012, 638)


@dataclass(frozen=True)
class Applicant:
    email: str
    name: str
    born: date
    number: str
    address: str


_APPLICANTS = (
    Applicant(
        "indah@demo.example", "Indah Permata", date(1994, 3, 12), "3174055203940001", "Jl. Melati 5, Jakarta Selatan"
    ),
    Applicant("joko@demo.example", "Joko Susilo", date(1988, 11, 2), "3578020211880003", "Jl. Kenari 18, Surabaya"),
    Applicant("kartika@demo.example", "Kartika Sari", date(1990, 6, 21), "3273026106900002", "Jl. Anggrek 7, Bandung"),
    # The number of somebody else, and a date of birth that does not fit it: two flags for the reviewer.
    Applicant("leo@demo.example", "Leo Hartono", date(1991, 1, 30), "3273026106900002", "Jl. Anggrek 9, Bandung"),
    Applicant("maya@demo.example", "Maya Putri", date(1997, 8, 17), "3171015708970004", "Jl. Teratai 3, Jakarta"),
)


def tell(password: str) -> Iterator[str]:
    """A queue for the approver, once. ``password`` is nobody's: these people are there to be looked at."""
    if not settings.FILE_ENCRYPTION_KEYS or KycCase.objects.exists():
        return
    for index, applicant in enumerate(_APPLICANTS):
        _hand_in(applicant, password)
        if index == 0:
            _decide(applicant, verified=True)
        elif index == 1:
            _decide(applicant, verified=False)
    yield "identity checks: one verified, one sent back, three waiting"


def _hand_in(applicant: Applicant, password: str) -> None:
    customer = register_customer(email=applicant.email, password=password, display_name=applicant.name)
    actor = Actor(kind="session", origin=DEMO.origin, user=customer.user, customer=customer)
    submission.describe(
        actor=actor,
        customer=customer,
        full_name=applicant.name,
        birth_date=applicant.born,
        identity_number=applicant.number,
        address=applicant.address,
    )
    for kind, picture in ((Kind.IDENTITY, _card(applicant)), (Kind.SELFIE, _face(applicant))):
        file = SimpleUploadedFile(f"{kind.value}.jpg", picture, content_type="image/jpeg")
        submission.add_document(actor=actor, customer=customer, file=file, kind=kind)
    submission.submit(actor=actor, customer=customer)


def _decide(applicant: Applicant, *, verified: bool) -> None:
    approver = acting(STAFF["approver"].email)
    customer = Customer.objects.get(user__email=applicant.email)
    case = claims.claim(actor=approver, case_id=customer.kyc_cases.get().public_id)
    verdicts = [_verdict(document, verified) for document in case.documents.all()]
    decisions.decide(actor=approver, case_id=case.public_id, verdicts=verdicts, version=case.version)


def _verdict(document: KycDocument, verified: bool) -> Verdict:
    if verified or document.kind != Kind.IDENTITY:
        return Verdict(document_id=document.public_id, verified=True)
    return Verdict(document_id=document.public_id, verified=False, reason_code="blurred")


def _card(applicant: Applicant) -> bytes:
    """A card that looks like one and is none: it says so across its middle."""
    picture = Image.new("RGB", _SIZE, "#cfe3f5")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, _SIZE[0], 90), fill="#2b5d8c")
    draw.text((30, 22), "CONTOH KARTU IDENTITAS", fill="white", font=ImageFont.load_default(44))
    lines = (applicant.number, applicant.name, f"{applicant.born:%d-%m-%Y}", applicant.address)
    for row, line in enumerate(lines):
        draw.text((40, 140 + row * 80), line, fill="#14202b", font=ImageFont.load_default(36))
    draw.rectangle((740, 140, 970, 440), fill="#9fb8cc")
    _head(draw, (855, 290), 80)
    draw.text((120, 520), "SPECIMEN - NOT A DOCUMENT", fill="#b03030", font=ImageFont.load_default(48))
    return _jpeg(picture)


def _face(applicant: Applicant) -> bytes:
    picture = Image.new("RGB", (720, 960), "#e8e2da")
    draw = ImageDraw.Draw(picture)
    _head(draw, (360, 420), 210)
    draw.text((40, 880), f"SPECIMEN - {applicant.name}", fill="#b03030", font=ImageFont.load_default(40))
    return _jpeg(picture)


def _head(draw: ImageDraw.ImageDraw, middle: tuple[int, int], radius: int) -> None:
    x, y = middle
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#c99a73")
    draw.arc((x - radius // 2, y - radius // 4, x + radius // 2, y + radius // 2), 20, 160, fill="#5b3a22", width=8)
    for side in (-1, 1):
        eye = x + side * radius // 3
        draw.ellipse((eye - radius // 9, y - radius // 3, eye + radius // 9, y - radius // 9), fill="#2a1a10")


def _jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target.getvalue()
