"""What each word of the API for a state means, and where the money is then."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import Text

Words = Mapping[str, tuple[Text, Text]]

_PAID, _BACK = _("The price is paid."), _("The price goes back to your wallet.")
_HELD = _("The price is held.")
_SAME = _("The balance is as it was.")
_AGREED = _("Amount and fee are set aside from the balance.")

NUMBER: Words = {
    "pending": (_("Waiting for the first message."), _HELD),
    "otp_received": (_("A message is there; the number goes on (Server 1)."), _PAID),
    "success": (_("Finished; of Server 2 also while the number goes on."), _PAID),
    "cancelled": (_("Given back, or replaced: replaced_by_order_id says by which."), _BACK),
    "failed": (_("No message in time, or the supplier failed."), _BACK),
}
INBOX: Words = {
    "pending": (_("Waiting for the first mail, or for one more."), _("The price is held, or paid.")),
    "received": (_("A mail is there; the inbox goes on."), _PAID),
    "success": (_("Closed."), _PAID),
    "cancelled": (_("Given back, or it could not be had."), _("It goes back, less the cancellation fee.")),
    "expired": (_("No mail within the time."), _BACK),
}
DEPOSIT: Words = {
    "pending": (_("Waiting for the payment."), ""),
    "success": (_("Paid."), _("In your wallet.")),
    "expired": (_("Not paid in time; a payment that comes late still counts."), ""),
    "failed": (_("The payment provider refused."), ""),
}
_TRANSFER: Words = {
    "Pending": (_("Waiting for its code, about to be sent, on its way, or being checked."), _AGREED),
    "Completed": (
        _("The bank or operator has confirmed it. Seldom the receiver's bank sends it back days later."),
        _("Amount and fee have left the balance."),
    ),
    "Failed": (
        _("Nothing was paid, or it came back; the reason is in words. Somebody may try it again."),
        _("Amount and fee are back in the balance."),
    ),
    "Rejected": (_("A rule against fraud stopped it."), _SAME),
    "Expired": (_("No code was entered in time."), _SAME),
}
_BATCH: Words = {
    "Pending": (
        _("Being read and checked, waiting for approval, or for a top-up."),
        _("Nothing is set aside yet."),
    ),
    "Processing": (_("Items are being sent, or somebody has paused it."), _("Set aside; each item settles by itself.")),
    "Completed": (_("Every item that was not left out is paid."), _("What was paid has left the balance.")),
    "PartiallyCompleted": (
        _("Some items were not paid, or came back. The failed ones may be tried again."),
        _("What was not paid is back in the balance."),
    ),
    "Cancelled": (_("Called off, or the file could not be read."), _("What was not sent is back in the balance.")),
}
_CARD: Words = {
    "Pending": (_("The processor is being asked. Never make the payment a second time."), _("Not known yet.")),
    "Requires3DS": (_("The holder has to confirm it at their bank."), _("Nothing is reserved yet.")),
    "Authorized": (_("Reserved on the card. Capture it within seven days, or release it."), _("Reserved on the card.")),
    "Declined": (_("The bank, the holder or the processor said no; the reason says which."), _("Nothing was taken.")),
    "Captured": (_("Taken; what was not captured is released. Refunds follow from here."), _("In your balance.")),
    "Voided": (_("Released before it was taken."), _("Free again on the card.")),
    "Expired": (_("Not captured in time."), _("Free again on the card.")),
}
_CHECKOUT: Words = {
    "Open": (_("The payer can pay. A declined card does not end it."), _("Nothing has come yet.")),
    "Completed": (_("Paid. The only state in which you deliver."), _("In your balance.")),
    "Cancelled": (_("Called off. Money that was on its way then still completes it."), _("Nothing has come.")),
    "Expired": (_("Not paid in time. Money that was on its way then still completes it."), _("Nothing has come.")),
    "Failed": (_("It went wrong. Money that was on its way then still completes it."), _("Nothing has come.")),
}
_DOCUMENT: Words = {
    "Pending": (_("A person is looking at it."), ""),
    "Verified": (_("Accepted."), ""),
    "Rejected": (_("Not accepted; the reason is in words. Send another one."), ""),
}

WORDS: Mapping[str, Words] = {
    "number-1": NUMBER,
    "number-2": NUMBER,
    "inbox": INBOX,
    "deposit": DEPOSIT,
    "transfer": _TRANSFER,
    "batch": _BATCH,
    "card": _CARD,
    "checkout": _CHECKOUT,
    "document": _DOCUMENT,
}
