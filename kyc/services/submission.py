"""What a customer does about their identity: say who they are, send documents, take one back, hand it all in."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from accounts.errors import NotFound, WrongState
from accounts.models import Customer
from accounts.services import audit
from config.lib import clock
from config.lib.errors import Text
from config.lib.limits import TokenWindow
from kyc.errors import FileRefused, FinallyRefused, Incomplete, NoSpaceLeft, TooManyFiles, UnderReview
from kyc.files import check, identity, store
from kyc.files.check import Checked
from kyc.models import KycCase, KycDocument
from kyc.reasons import REASONS, words_again
from kyc.selectors import documents as selectors
from kyc.services import review, standing, verdict_mail

MOST_FILES = 10
_ATTEMPTS_PER_HOUR = 100
Kind, Status, State = KycDocument.Kind, KycDocument.Status, KycCase.State


def send_documents(
    *,
    actor: Actor,
    customer: Customer,
    files: Sequence[UploadedFile[bytes]],
    kind: KycDocument.Kind = KycDocument.Kind.OTHER,
    field: str,
) -> list[KycDocument]:
    """Take all of ``files`` (1 to 10) or none, and count them as handed in (TeraPay contract 14).

    Refusals name a file as ``field[index]``. Raises `FileError`, `TooManyFiles`, `NoSpaceLeft`, `UnderReview`,
    `FinallyRefused`. A file that already waits in the same case is answered with the document it became.
    """
    checked = _checked(customer, files, field)
    documents = _keep(actor, customer, checked, kind, hand_in=True)
    review.assess_all_like(documents[0].case)
    return documents


def add_document(*, actor: Actor, customer: Customer, file: UploadedFile[bytes], kind: KycDocument.Kind) -> KycDocument:
    """Put ``file`` into the case that the customer is preparing. Raises as `send_documents`, and `WrongState` when
    the case was handed in already."""
    checked = _checked(customer, [file], "file")
    return _keep(actor, customer, checked, kind, hand_in=False)[0]


@transaction.atomic
def remove_document(*, actor: Actor, customer: Customer, document_id: UUID) -> None:
    """Take back a document that was not handed in yet. Raises `NotFound`, `WrongState`."""
    standing.hold(customer.pk)
    document = selectors.documents_of(customer).filter(public_id=document_id).first()
    if document is None:
        raise NotFound
    if document.case.submitted_at or document.case.state != State.OPEN:
        raise WrongState(_("This document has been handed in already."))
    audit.record(actor, "kyc_document.removed", target=document, before={"kind": document.kind})
    names = [document.stored_as, document.thumbnail_as]
    document.delete()
    transaction.on_commit(lambda: _forget(names))


@transaction.atomic
def describe(
    *, actor: Actor, customer: Customer, full_name: str, birth_date: date | None, identity_number: str, address: str
) -> KycCase:
    """Store what the customer says about themselves. Raises `WrongState` once the case was handed in.

    An empty ``identity_number`` leaves the stored one: it is never shown again, so it cannot be sent back.
    """
    standing.hold(customer.pk)
    case = _preparing(customer)
    case.full_name, case.birth_date, case.address = full_name, birth_date, address
    if identity_number:
        case.identity_number, case.identity_hash = identity.sealed(identity_number)
    case.save(update_fields=["full_name", "birth_date", "address", "identity_number", "identity_hash"])
    audit.record(actor, "kyc_case.described", target=case, after={"number_given": bool(identity_number)})
    return case


def submit(*, actor: Actor, customer: Customer) -> KycCase:
    """Hand the case in for review. Raises `Incomplete` with what is missing, `WrongState` when there is no case
    to hand in. Handing in twice changes nothing."""
    case = _submitted(actor, customer)
    review.assess_all_like(case)
    return case


@transaction.atomic
def _submitted(actor: Actor, customer: Customer) -> KycCase:
    held = standing.hold(customer.pk)
    case = selectors.open_case(customer)
    if case is None:
        raise WrongState(_("There is nothing to hand in yet."))
    if case.submitted_at is None:
        _require_complete(case)
        _hand_in(actor, case)
        customer.kyc_status = standing.refresh(held)
    return case


def _require_complete(case: KycCase) -> None:
    fields: dict[str, list[Text]] = {name: [_("Fill this in.")] for name in selectors.missing_details(case)}
    for kind in selectors.missing_documents(case.documents.all()):
        fields[f"file_{kind.value}"] = [_("Add this document.")]
    if fields:
        raise Incomplete(fields)


def _hand_in(actor: Actor, case: KycCase) -> None:
    case.submitted_at = clock.now()
    case.save(update_fields=["submitted_at"])
    audit.record(actor, "kyc_case.submitted", target=case, after={"attempt": case.attempt})


@transaction.atomic
def allow_retry(*, actor: Actor, customer: Customer) -> int:
    """Take back that a refusal was final, and tell the customer; returns how many documents it had named.

    The refusal itself stays, and so do the decisions of the reviewers. Quiet when nothing was refused for good.
    """
    standing.hold(customer.pk)
    refused = KycDocument.objects.filter(customer=customer, status=Status.REJECTED, may_retry=False)
    rows = list(refused.select_for_update(no_key=True))
    for row in rows:
        row.may_retry = True
        row.reason = words_again(REASONS.get(row.reason_code), customer.user.language)
        row.save(update_fields=["may_retry", "reason"])
    if rows:
        audit.record(actor, "customer.identity_retry_allowed", target=customer, after={"documents": len(rows)})
        verdict_mail.send_retry(customer)
    return len(rows)


def _checked(customer: Customer, files: Sequence[UploadedFile[bytes]], field: str) -> list[Checked]:
    if not 0 < len(files) <= MOST_FILES:
        words = _("Send 1 to %(most)d files.") % {"most": MOST_FILES}
        raise FileRefused("count", words, fields={field: [words]})
    wait = TokenWindow(f"kyc-files:{customer.pk}", limit=_ATTEMPTS_PER_HOUR, seconds=3600).take(len(files))
    if wait:
        raise TooManyFiles(_("Too many files in a short time. Try again later."), retry_after=wait, code="too_many")
    # Asked here without a lock, so that nobody waits for checks that can only be in vain; asked again under one.
    _require_room(customer, len(files), sum(file.size or 0 for file in files))
    return check.check_all(files, field)


def _require_room(customer: Customer, files: int, size: int) -> None:
    usage = selectors.usage_of(customer)
    if files > usage.files_left():
        wait = (usage.since + timedelta(days=1) - clock.now()).total_seconds() if usage.since else 3600
        raise TooManyFiles(
            _("You have sent as many files as one day allows. Go on tomorrow."), retry_after=wait, code="too_many_today"
        )
    if size > usage.space_left():
        raise NoSpaceLeft


def _keep(
    actor: Actor, customer: Customer, checked: Sequence[Checked], kind: KycDocument.Kind, *, hand_in: bool
) -> list[KycDocument]:
    """Store the files, then the rows under the lock of the customer; no file stays without its row."""
    fresh: list[KycDocument] = []
    kept: list[KycDocument] = []
    try:
        for one in checked:
            fresh.append(_stored(customer, one, kind))  # noqa: PERF401 - what is stored when one fails is removed
        with transaction.atomic():
            held = standing.hold(customer.pk)
            entered = _enter(actor, held, fresh, hand_in=hand_in)
        kept, customer.kyc_status = entered, held.kyc_status
    finally:
        _forget([name for row in fresh if row not in kept for name in (row.stored_as, row.thumbnail_as)])
    return kept


def _stored(customer: Customer, one: Checked, kind: KycDocument.Kind) -> KycDocument:
    name = uuid.uuid4()
    return KycDocument(
        public_id=name,
        customer=customer,
        kind=kind,
        file_name=one.file_name,
        content_type=one.content_type,
        size=one.size,
        pages=one.pages,
        sha256=one.sha256,
        stored_as=store.put(one.content, name),
        thumbnail_as=store.put(one.thumbnail, name),
    )


def _enter(actor: Actor, customer: Customer, fresh: Sequence[KycDocument], *, hand_in: bool) -> list[KycDocument]:
    _require_room(customer, len(fresh), sum(row.size for row in fresh))
    case = _receiving(customer) if hand_in else _preparing(customer)
    kept = [_enter_one(actor, case, row) for row in fresh]
    KycCase.objects.filter(pk=case.pk).update(version=F("version") + 1)
    if hand_in:
        if case.submitted_at is None:
            _hand_in(actor, case)
        standing.refresh(customer)
    return kept


def _enter_one(actor: Actor, case: KycCase, row: KycDocument) -> KycDocument:
    twin = case.documents.filter(sha256=row.sha256, status=Status.PENDING).first()
    if twin is not None:
        if row.kind not in {twin.kind, Kind.OTHER}:
            words = _("This is the same file as your “%(kind)s”.") % {"kind": twin.get_kind_display()}
            raise FileRefused("same_file", words)
        return twin
    row.case = case
    row.save()
    facts = {"kind": row.kind, "content_type": row.content_type, "size": row.size, "pages": row.pages}
    audit.record(actor, "kyc_document.uploaded", target=row, after=facts)
    return row


def _receiving(customer: Customer) -> KycCase:
    """The case that files by API go to: the open one, else a new one. The customer is locked."""
    case = selectors.open_case(customer)
    if case is not None and case.state != State.OPEN:
        raise UnderReview
    return case or _begun(customer)


def _preparing(customer: Customer) -> KycCase:
    """The case that the pages fill: not handed in yet. The customer is locked."""
    case = selectors.open_case(customer)
    if case is not None and case.submitted_at is not None:
        raise WrongState(_("Your documents have been handed in already. Wait for the answer."))
    return case or _begun(customer)


def _begun(customer: Customer) -> KycCase:
    """A new attempt, with what the customer said about themselves in the last one."""
    cases = selectors.history_of(customer)
    if selectors.is_final(cases):
        raise FinallyRefused
    last = cases[0] if cases else KycCase()
    return KycCase.objects.create(
        customer=customer,
        attempt=last.attempt + 1 if cases else 1,
        full_name=last.full_name,
        birth_date=last.birth_date,
        identity_number=bytes(last.identity_number),
        identity_hash=last.identity_hash,
        address=last.address,
    )


def _forget(names: Sequence[str]) -> None:
    for name in names:
        store.remove(name)
