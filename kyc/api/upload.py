"""Documents by API (TeraPay contract 14). They count as handed in at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile as Sent
from django.utils.translation import gettext as _
from ninja import Form, Router
from ninja.files import UploadedFile
from ninja.params.functions import File

from accounts.access.actors import Actor
from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.errors import BadField, NotFound
from accounts.models import Customer
from kyc.models import KycDocument
from kyc.selectors.documents import documents_of
from kyc.services import submission

router = Router(tags=["Kyc"])

_MULTIPART = "multipart/form-data"
_KIND = "What the document shows. `other` if not given."
Kind = Annotated[KycDocument.Kind, Form(description=_KIND)]


class UploadedOut(ApiSchema):
    document_id: UUID
    file_name: str
    content_type: str
    size: int
    kind: str
    status: str
    uploaded_at: datetime


class StatusOut(ApiSchema):
    document_id: UUID
    file_name: str
    kind: str
    status: str
    reason: str | None
    may_retry: bool | None
    uploaded_at: datetime
    reviewed_at: datetime | None


@operation(router, "kyc.upload", answer=UploadedOut, status=201, content=_MULTIPART)
def upload(
    request: ApiRequest,
    file: Annotated[UploadedFile | None, File(description="PDF, PNG or JPEG by content, at most 5 MiB.")] = None,
    kind: Kind = KycDocument.Kind.OTHER,
) -> UploadedOut:
    """Upload one identity document of the caller."""
    if file is None:
        raise BadField("file", _("Choose a file."))
    return _sent(request, [file], kind, "file")[0]


@operation(router, "kyc.upload-multiple", answer=list[UploadedOut], status=201, content=_MULTIPART)
def upload_multiple(
    request: ApiRequest,
    files: Annotated[list[UploadedFile] | None, File(alias="Files", description="1 to 10 files.")] = None,
    kind: Kind = KycDocument.Kind.OTHER,
) -> list[UploadedOut]:
    """Upload several identity documents of the caller: all of them are stored, or none."""
    return _sent(request, [*(files or []), *request.FILES.getlist("files")], kind, "Files")


@operation(router, "kyc.status", answer=StatusOut, path=uuid_path("kyc.status", "id"))
def status(request: ApiRequest, id: UUID) -> StatusOut:  # noqa: A002 - the contract names the parameter
    """Read the state of one document of the caller."""
    document = documents_of(_customer(request.actor)).filter(public_id=id).first()
    if document is None:
        raise NotFound
    decided = document.status != KycDocument.Status.PENDING
    return StatusOut(
        document_id=document.public_id,
        file_name=document.file_name,
        kind=document.kind,
        status=document.status,
        reason=document.reason or None,
        may_retry=document.may_retry if decided else None,
        uploaded_at=document.uploaded_at,
        reviewed_at=document.reviewed_at,
    )


def _sent(request: ApiRequest, files: Sequence[Sent[bytes]], kind: KycDocument.Kind, field: str) -> list[UploadedOut]:
    documents = submission.send_documents(
        actor=request.actor, customer=_customer(request.actor), files=files, kind=kind, field=field
    )
    return [_uploaded(document) for document in documents]


def _customer(actor: Actor) -> Customer:
    if actor.customer is None:
        raise NotFound
    return actor.customer


def _uploaded(document: KycDocument) -> UploadedOut:
    return UploadedOut(
        document_id=document.public_id,
        file_name=document.file_name,
        content_type=document.content_type,
        size=document.size,
        kind=document.kind,
        status=document.status,
        uploaded_at=document.uploaded_at,
    )
