"""Notes of the supplier. However well signed, a note is a hint: it makes us look, and what we then see decides."""

import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models.functions import Now

from config.lib.clock import now
from config.lib.jobs import nudge
from config.lib.limits import TokenWindow
from otp import floats, tasks
from otp.models import ACTIVE, Order, SupplierNote
from otp.providers.otpzap import notes
from otp.providers.otpzap.notes import NotANote, Note, Scheme

BODY_LIMIT = 256 * 1024
# What nobody signed is kept to be looked into, but never so much that it could fill the disk.
UNSIGNED_A_MINUTE = 20
# A note names one order, a replacement two.
_MOST_ORDERS = 4

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """A request as it came. ``headers`` by their names in capitals with hyphens."""

    method: str
    headers: Mapping[str, str]
    body: bytes


def receive(token: str, call: Call) -> int:
    """Check and keep a note and have its order looked at; returns the HTTP status to answer.

    404 at another address than ours, 405, 413, 401 unless signed, 400 when signed but unreadable, 503 when it could
    not be kept (they send it again), else 200: the note and what it leads to are on disk then.
    """
    if not _is_ours(token):
        return 404
    if call.method != "POST":
        return 405
    if len(call.body) > BODY_LIMIT:
        return 413
    try:
        return _take(call)
    except DatabaseError:
        logger.exception("a note of the supplier could not be kept")
        return 503


def _is_ours(token: str) -> bool:
    ours = settings.OTPZAP_WEBHOOK_TOKEN
    return bool(ours) and hmac.compare_digest(token.encode(), ours.encode())


def scheme() -> Scheme:
    """How notes may be signed, as the settings say."""
    return Scheme(
        secrets=settings.OTPZAP_WEBHOOK_SECRETS,
        headers=settings.OTPZAP_WEBHOOK_HEADERS,
        prefixes=["" if prefix == "none" else prefix for prefix in settings.OTPZAP_WEBHOOK_PREFIXES],
        encodings=settings.OTPZAP_WEBHOOK_ENCODINGS,
    )


def _take(call: Call) -> int:
    if not notes.is_signed(scheme(), call.body, call.headers):
        logger.warning("a note of the supplier was not signed as the settings say")
        _keep_unsigned(call)
        return 401
    try:
        note = notes.read(call.body)
    except NotANote:
        _keep(Note("", (), ""), call.body, SupplierNote.Outcome.UNREADABLE)
        return 400
    with transaction.atomic():
        outcome, live = _meaning(note)
        # The same note again changes nothing, and costs no call.
        if _keep(note, call.body, outcome):
            _act(note, live)
    return 200


def _meaning(note: Note) -> tuple[SupplierNote.Outcome, Sequence[Order]]:
    """What a note is good for, and the live orders it is about."""
    if note.is_deposit:
        return SupplierNote.Outcome.DEPOSIT, []
    known = Order.objects.filter(provider_order_id__in=note.subjects[:_MOST_ORDERS])
    found = list(known.only("pk", "state")[: _MOST_ORDERS * 3]) if note.subjects else []
    live = [order for order in found if order.state in ACTIVE]
    if live:
        return SupplierNote.Outcome.LOOKED, live
    return (SupplierNote.Outcome.OVER if found else SupplierNote.Outcome.UNKNOWN), []


def _act(note: Note, live: Sequence[Order]) -> None:
    if live:
        _hint(live)
    elif note.is_deposit and (topup := floats.topup_of(note.subjects)):
        nudge(tasks.look_at_topup, topup_id=topup.pk)
    elif note.is_deposit:
        nudge(tasks.read_floats)


def _hint(orders: Sequence[Order]) -> None:
    """Have them looked at now: the due time outlasts a nudge that is lost."""
    due = Order.objects.filter(pk__in=[order.pk for order in orders], state__in=ACTIVE)
    due.update(next_poll_at=Now(), hinted_at=Now())
    for order in orders:
        nudge(tasks.poll, order_id=order.pk)


def _keep(note: Note, body: bytes, outcome: SupplierNote.Outcome) -> bool:
    """Store a note once; False for one that came before: sent again, it changes nothing."""
    row = SupplierNote(
        event=note.event,
        subject=", ".join(note.subjects[:2])[:64],
        note_id=note.note_id,
        digest=hashlib.sha256(body).hexdigest(),
        body=notes.outline(body),
        outcome=outcome,
        received_at=now(),
    )
    with transaction.atomic():
        before = SupplierNote.objects.filter(digest=row.digest).exists()
        if not before:
            SupplierNote.objects.bulk_create([row], ignore_conflicts=True)
    # Two at the same moment both hint: looking twice harms nobody.
    return not before


def _keep_unsigned(call: Call) -> None:
    """Keep its shape, so that a wrong header name can be found; under a digest of its own, so that nobody who sends
    a note unsigned first keeps the signed one out."""
    if not _may_keep():
        return
    row = SupplierNote(
        digest=hashlib.sha256(b"unsigned\n" + call.body).hexdigest(),
        body=notes.outline(call.body),
        note_id=_signature_like(call.headers)[:120],
        outcome=SupplierNote.Outcome.REFUSED,
        received_at=now(),
    )
    SupplierNote.objects.bulk_create([row], ignore_conflicts=True)


def _signature_like(headers: Mapping[str, str]) -> str:
    """Names of headers that might carry a signature."""
    names = sorted(name for name in headers if "SIGN" in name or "HMAC" in name or "WEBHOOK" in name)
    return ", ".join(names).replace("\x00", "")


def _may_keep() -> bool:
    try:
        return TokenWindow("otpzap-unsigned", limit=UNSIGNED_A_MINUTE, seconds=60).take() == 0.0
    except Exception:
        logger.warning("no limit without Redis, so an unsigned note is not kept")
        return False
