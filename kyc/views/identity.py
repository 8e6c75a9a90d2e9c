"""The customer's side of verification: what may I do, what is missing, and here it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.actors import Actor
from accounts.access.credentials import actor_of
from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import Missing, ServiceError
from kyc.errors import Incomplete
from kyc.files import serve
from kyc.forms.identity import IdentityForm
from kyc.models import KycCase, KycDocument
from kyc.selectors import documents as selectors
from kyc.services import submission

Kind, Status = KycDocument.Kind, KycDocument.Status


@dataclass(frozen=True)
class _Place:
    """One kind of document as the upload page asks for it."""

    kind: KycDocument.Kind
    hint: str | Promise
    icon: str
    camera: str = "environment"


def _field(kind: KycDocument.Kind) -> str:
    return f"file_{kind.value}"


_PLACES = (
    _Place(
        Kind.IDENTITY,
        gettext_lazy("KTP, passport or driving licence. All four corners in the picture, the text sharp, no glare."),
        "identification",
    ),
    _Place(
        Kind.SELFIE,
        gettext_lazy("Your face in good light, without mask, hat or dark glasses. Nobody else in the picture."),
        "user-circle",
        "user",
    ),
    _Place(
        Kind.ADDRESS,
        gettext_lazy("A bill or bank statement with your name and address, not older than three months."),
        "home",
    ),
    _Place(
        Kind.BUSINESS,
        gettext_lazy("Only for companies: deed of establishment, business licence, tax number."),
        "briefcase",
    ),
)


@dataclass
class Slot:
    """A place for documents of one kind, with those that are there and what was wrong with the last one."""

    place: _Place
    documents: Sequence[KycDocument] = ()
    errors: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.place.kind.value

    @property
    def field(self) -> str:
        """The name of its input: the address is a detail, and a document that shows it."""
        return _field(self.place.kind)

    @property
    def is_required(self) -> bool:
        return self.kind in settings.KYC_REQUIRED_DOCUMENTS


@never_cache
@require_safe
@customer_required
def status(request: CustomerRequest) -> HttpResponse:
    """What may I do, what is missing?"""
    picture = selectors.picture_of(request.customer)
    latest = picture.history[0] if picture.history else None
    context = {
        "picture": picture,
        "latest": latest,
        "earlier": picture.history[1:],
        "wait": _in_words(picture.typical_minutes),
        "some_accepted": any(row.status == Status.VERIFIED for row in (latest.documents.all() if latest else ())),
        "missing": [kind.label for kind in picture.missing],
    }
    part = "#live" if request.headers.get("HX-Request") else ""
    return render(request, f"kyc/identity_status.html{part}", context)


def _in_words(minutes: int | None) -> str:
    if minutes is None:
        return _("within one working day")
    if minutes < 90:
        return ngettext("in about %(n)d minute", "in about %(n)d minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("in about %(n)d hour", "in about %(n)d hours", hours) % {"n": hours}
    return ngettext("in about %(n)d day", "in about %(n)d days", round(hours / 24)) % {"n": round(hours / 24)}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def upload(request: CustomerRequest) -> HttpResponse:
    """Here it is: details, documents, and handing both in. Works as one form; scripts send files ahead of it."""
    stage = selectors.picture_of(request.customer).stage
    if stage in {"waiting", "verified", "final"}:
        return redirect("identity:status")
    if request.method != "POST":
        return _upload_page(request, _form(request), {})
    actor, form = actor_of(request), _form(request)
    errors = _take_files(request, actor)
    if form.is_valid():
        _describe(actor, request, form)
    if "remove" in request.POST:
        _remove(actor, request, request.POST["remove"])
        form.errors.clear()
        return _upload_page(request, form, errors, status=200)
    if form.errors or errors:
        return _upload_page(request, form, errors)
    if "later" in request.POST:
        messages.info(request, _("What you entered is kept. Come back when you are ready."))
        return redirect("identity:status")
    return _hand_in(request, actor, form)


def _form(request: CustomerRequest) -> IdentityForm:
    case = selectors.open_case(request.customer) or KycCase.objects.filter(customer=request.customer).last()
    data = request.POST if request.method == "POST" else None
    return IdentityForm(data, case=case, name=request.user.display_name)


def _take_files(request: CustomerRequest, actor: Actor) -> dict[str, list[str]]:
    """Keep every good file; what was wrong with the others, by field."""
    errors: dict[str, list[str]] = {}
    for place in _PLACES:
        for file in request.FILES.getlist(_field(place.kind)):
            problem = _add(actor, request, file, place.kind)
            if problem:
                errors.setdefault(_field(place.kind), []).append(f"{file.name}: {problem}")
    return errors


def _add(actor: Actor, request: CustomerRequest, file: UploadedFile[bytes], kind: KycDocument.Kind) -> str:
    try:
        submission.add_document(actor=actor, customer=request.customer, file=file, kind=kind)
    except ServiceError as error:
        return str(error.message)
    return ""


def _describe(actor: Actor, request: CustomerRequest, form: IdentityForm) -> None:
    try:
        submission.describe(actor=actor, customer=request.customer, **form.cleaned_data)
        form.has_number = True
    except ServiceError as error:
        form.add_error(None, str(error.message))


def _remove(actor: Actor, request: CustomerRequest, document_id: str) -> None:
    try:
        submission.remove_document(actor=actor, customer=request.customer, document_id=UUID(document_id))
    except (ServiceError, ValueError):
        messages.warning(request, _("This document is not there any more."))


def _hand_in(request: CustomerRequest, actor: Actor, form: IdentityForm) -> HttpResponse:
    try:
        submission.submit(actor=actor, customer=request.customer)
    except Incomplete as error:
        missing = {name: [str(text) for text in texts] for name, texts in error.fields.items()}
        return _upload_page(request, form, missing)
    except ServiceError as error:
        form.add_error(None, str(error.message))
        return _upload_page(request, form, {})
    messages.success(request, _("Thank you. Your documents are with us now."))
    return redirect("identity:status")


def _upload_page(
    request: CustomerRequest, form: IdentityForm, errors: Mapping[str, list[str]], status: int | None = None
) -> HttpResponse:
    failed = bool(errors or form.errors)
    context = {"form": form, "slots": _slots(request, errors), **_limits(), "failed": failed, "errors": errors}
    return render(request, "kyc/identity_upload.html", context, status=status or (422 if failed else 200))


def _slots(request: CustomerRequest, errors: Mapping[str, list[str]]) -> list[Slot]:
    case = selectors.open_case(request.customer)
    documents = list(case.documents.order_by("id")) if case else []
    return [
        Slot(place, [row for row in documents if row.kind == place.kind], errors.get(_field(place.kind), []))
        for place in _PLACES
    ]


def _limits() -> dict[str, Any]:
    return {"most_bytes": settings.KYC_FILE_BYTES}


@require_POST
@customer_required
def add(request: CustomerRequest) -> HttpResponse:
    """One file ahead of the form: the answer is its place on the page."""
    kind, file = request.POST.get("kind", ""), request.FILES.get("file")
    place = next((place for place in _PLACES if place.kind.value == kind), None)
    if place is None:
        return HttpResponse(status=400)
    problem = _add(actor_of(request), request, file, place.kind) if file else _("Choose a file.")
    return _slot(request, kind, [problem] if problem else [])


@require_POST
@customer_required
def remove(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """Take one document back; the answer is its place on the page."""
    document = get_object_or_404(selectors.documents_of(request.customer), public_id=public_id)
    try:
        submission.remove_document(actor=actor_of(request), customer=request.customer, document_id=public_id)
    except ServiceError as error:
        return _slot(request, document.kind, [str(error.message)])
    return _slot(request, document.kind, [])


def _slot(request: CustomerRequest, kind: str, errors: list[str]) -> HttpResponse:
    slot = next((slot for slot in _slots(request, {f"file_{kind}": errors}) if slot.kind == kind), None)
    if slot is None:
        return HttpResponse(status=204)
    return render(request, "kyc/_identity_slot.html", {"slot": slot, **_limits()}, status=422 if errors else 200)


@require_safe
@customer_required
def thumbnail(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """A small picture of an own document."""
    return _served(request, public_id, serve.thumbnail)


@require_safe
@customer_required
def download(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """An own document, to be saved."""
    return _served(request, public_id, serve.raw)


def _served(
    request: CustomerRequest, public_id: UUID, way: Callable[[Actor, KycDocument], HttpResponse]
) -> HttpResponse:
    document = get_object_or_404(selectors.documents_of(request.customer), public_id=public_id)
    try:
        return way(actor_of(request), document)
    except Missing as error:
        raise Http404 from error
