"""A BTCPay Server tells of an invoice. Signed by a shared secret; it only makes us ask, never books by itself."""

import hashlib
import logging

from django.conf import settings
from django.db import Error as DatabaseError

from payments.methods import BTCPAY
from payments.models import ProviderMessage
from payments.providers.btcpay import incoming
from payments.providers.faspay_snap.incoming import BODY_LIMIT, Call
from payments.services.incoming import keeping
from payments.services.incoming.keeping import Record
from payments.services.incoming.replies import Reply

Decision = ProviderMessage.Decision
Kind = ProviderMessage.Kind
PATH = "/btcpay/webhook"

logger = logging.getLogger(__name__)


def receive_invoice_event(call: Call) -> Reply:
    """Check, store and answer one event. The server sends again what is not answered 200."""
    if call.method != "POST":
        return Reply(405, b"{}")
    if len(call.body) > BODY_LIMIT:
        return Reply(413, b"{}")
    try:
        return _receive(call)
    except DatabaseError:
        logger.exception("an invoice event could not be kept, they will send it again")
        return Reply(500, b"{}")


def _receive(call: Call) -> Reply:
    given = call.headers.get(incoming.SIGNATURE_HEADER, "")
    if not incoming.is_signed(settings.BTCPAY_WEBHOOK_SECRET, call.body, given):
        keeping.keep_unsigned(_record(call, "", "", Decision.REFUSED, "401"))
        logger.warning("invoice event refused")
        return Reply(401, b"{}")
    try:
        event = incoming.read_event(call.body)
    except incoming.NotAnEvent:
        keeping.keep(_record(call, "", "", Decision.REFUSED, "400"))
        return Reply(400, b"{}")
    record = _record(call, event.delivery_id, event.invoice_id, Decision.WAITING, "200")
    if keeping.keep(record) is None:
        keeping.count_repeat(keeping.first_of(record))
    return Reply(200, b"{}")


def _record(call: Call, event_id: str, invoice_id: str, decision: Decision, code: str) -> Record:
    long = len(event_id) > 64
    return Record(
        provider=BTCPAY,
        path=PATH,
        external_id=hashlib.sha256(event_id.encode()).hexdigest() if long else event_id,
        kind=Kind.INVOICE,
        headers=call.headers,
        content=call.body,
        matched_key="webhook secret" if decision is Decision.WAITING else "",
        decision=decision,
        code=code,
        body="{}",
        reference=invoice_id,
    )
