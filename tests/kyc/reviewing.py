"""Reviewers, and cases as they stand in the queue. The files are real and encrypted, made here in a moment."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image

from accounts.access import credentials
from accounts.access.actors import Actor, Origin
from accounts.models import Customer, PortalUser, Role, User
from accounts.services.people import register_customer
from config.lib import clock
from kyc.files import identity, store
from kyc.models import KycCase, KycDocument
from kyc.services.decisions import Verdict
from notifications.models import Mail

# Jawa Barat, born 17 August 1990, a man.
NIK, BORN = "3204101708900003", date(1990, 8, 17)
PAPERS = ("identity", "selfie")


def person(name: str, *roles: str) -> User:
    """Somebody who works here, with these roles."""
    user = User.objects.create_user(f"{name.lower()}@example.id", "correct-horse-battery", display_name=name)
    portal = PortalUser.objects.create(user=user, user_name=user.email)
    portal.roles.set(Role.objects.filter(name__in=roles))
    return user


def approver(name: str = "Dian") -> User:
    return person(name, Role.APPROVER)


def lead(name: str = "Lina") -> User:
    return person(name, Role.COMPANY_ADMIN)


def acting(user: User) -> Actor:
    """``user`` at the keyboard."""
    user = User.objects.get(pk=user.pk)
    portal = credentials.portal_of(user)
    assert portal is not None
    roles, permissions = credentials.rights_of_portal(portal)
    origin = Origin(via="page")
    return Actor(kind="session", origin=origin, user=user, portal=portal, roles=roles, permissions=permissions)


def stranger(name: str = "", **more: Any) -> Customer:
    """A customer nobody else in the test knows."""
    mark = uuid.uuid4().hex[:10]
    return register_customer(email=f"c{mark}@example.id", password="x", display_name=name or f"Person {mark}", **more)


@lru_cache
def drawing(tone: int = 200) -> bytes:
    out = BytesIO()
    Image.new("RGB", (320, 200), (tone, tone, 255 - tone)).save(out, "PNG")
    return out.getvalue()


def case(
    customer: Customer | None = None,
    *,
    kinds: Sequence[str] = PAPERS,
    number: str = "",
    minutes: float = 60,
    with_files: bool = False,
    sha256: str = "",
    **more: Any,
) -> KycCase:
    """A case that has waited for ``minutes``, with one document of each kind."""
    customer = customer or stranger()
    sealed, hashed = identity.sealed(number)
    defaults = {
        "attempt": customer.kyc_cases.count() + 1,
        "full_name": customer.user.display_name,
        "submitted_at": clock.now() - timedelta(minutes=minutes),
    }
    row = KycCase.objects.create(
        customer=customer,
        identity_number=sealed,
        identity_hash=hashed,
        **{**defaults, **more},
    )
    for kind in kinds:
        document(row, kind, with_file=with_files, sha256=sha256)
    Customer.objects.filter(pk=customer.pk).update(kyc_status=Customer.KycStatus.PENDING)
    return row


def document(row: KycCase, kind: str = "identity", *, with_file: bool = False, sha256: str = "") -> KycDocument:
    public_id = uuid.uuid4()
    content = drawing()
    return KycDocument.objects.create(
        public_id=public_id,
        case=row,
        customer=row.customer,
        kind=kind,
        file_name=f"{kind}.png",
        content_type="image/png",
        size=len(content),
        sha256=sha256 or hashlib.sha256(public_id.bytes).hexdigest(),
        stored_as=store.put(content, public_id) if with_file else "",
    )


def accepted(row: KycCase) -> list[Verdict]:
    """Every waiting document of the case is fine."""
    return [Verdict(document_id=key, verified=True) for key in _waiting(row)]


def refused(row: KycCase, reason: str = "blurred", note: str = "") -> list[Verdict]:
    return [Verdict(document_id=key, verified=False, reason_code=reason, note=note) for key in _waiting(row)]


def _waiting(row: KycCase) -> list[uuid.UUID]:
    return list(row.documents.filter(status="Pending").order_by("id").values_list("public_id", flat=True))


def letters() -> list[EmailMessage]:
    """The mails that were queued, oldest first."""
    parser = BytesParser(EmailMessage, policy=policy.default)
    return [parser.parsebytes(bytes(mail.message)) for mail in Mail.objects.order_by("id")]


def lose_claim(row: KycCase) -> None:
    """The claim runs out, as if a quarter of an hour had passed."""
    KycCase.objects.filter(pk=row.pk).update(claimed_until=clock.now() - timedelta(seconds=1))
