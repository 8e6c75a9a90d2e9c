"""What comes in from providers. Every door does the same: check, keep, answer; a task acts on it."""

from payments.providers.faspay_snap.incoming import BODY_LIMIT, INQUIRY, PAYMENT, QR_NOTIFY, Call
from payments.services.incoming import keeping
from payments.services.incoming.events import receive_invoice_event
from payments.services.incoming.hints import receive_link_hint
from payments.services.incoming.legacy import receive_legacy
from payments.services.incoming.replies import Reply
from payments.services.incoming.snap import receive_snap

# What of a call's headers anybody here looks at or keeps.
HEADERS = (*keeping.SHOWN_HEADERS, "X-SIGNATURE", "BTCPAY-SIG")

__all__ = [
    "BODY_LIMIT",
    "HEADERS",
    "INQUIRY",
    "PAYMENT",
    "QR_NOTIFY",
    "Call",
    "Reply",
    "receive_invoice_event",
    "receive_legacy",
    "receive_link_hint",
    "receive_snap",
]
