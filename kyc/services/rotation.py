"""New keys for old documents. Each row is done by itself, so a stopped run is simply started again."""

from dataclasses import dataclass, field

from django.db import transaction

from kyc.files import crypto, identity, store
from kyc.models import KycCase, KycDocument
from kyc.selectors import queue
from kyc.services import review, standing

_BATCH = 200


@dataclass
class Done:
    """What was encrypted anew; ``lost`` names documents that no key opens."""

    files: int = 0
    numbers: int = 0
    lost: list[str] = field(default_factory=list)


def rotate_all() -> Done:
    """Bring every file and identity number under the newest key, and hash the numbers anew with it, so that the same
    number under two accounts is still found; what is under it already is left alone."""
    done = Done()
    for document in KycDocument.objects.order_by("pk").iterator(_BATCH):
        try:
            done.files += sum(_rotate_file(document, name) for name in ("stored_as", "thumbnail_as"))
        except store.Lost:
            done.lost.append(str(document.public_id))
    for case in KycCase.objects.exclude(identity_number=b"").order_by("pk").iterator(_BATCH):
        try:
            done.numbers += _rotate_number(case)
        except crypto.Unreadable:
            done.lost.append(f"case {case.public_id}")
    return done


def _rotate_file(document: KycDocument, field_name: str) -> int:
    old = getattr(document, field_name)
    if not old or store.is_current(old):
        return 0
    new = store.put(store.get(old, document.public_id), document.public_id)
    moved = KycDocument.objects.filter(pk=document.pk, **{field_name: old}).update(**{field_name: new})
    # Somebody else was quicker, or the document is gone: then the new file is the one too many.
    store.remove(old if moved else new)
    return moved


@transaction.atomic
def _rotate_number(case: KycCase) -> int:
    # A customer who describes themselves or begins another attempt right now carries the old number along.
    standing.hold(case.customer_id)
    row = KycCase.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=case.pk)
    if not row.identity_number or _is_current(row):
        return 0
    row.identity_number, row.identity_hash = identity.sealed(identity.number_of(row))
    row.save(update_fields=["identity_number", "identity_hash"])
    if row.submitted_at and row.state in queue.WAITING:
        review.assess_all_like(row)
    return 1


def _is_current(case: KycCase) -> bool:
    return crypto.is_current(bytes(case.identity_number)) and identity.hash_of(identity.number_of(case)) == (
        case.identity_hash
    )
