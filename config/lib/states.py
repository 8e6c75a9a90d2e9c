"""One word, one tone and one icon per state, the same on every page."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class StateLook:
    """``tone`` is one of neutral, info, success, warning, danger."""

    word: str | Promise
    tone: str
    icon: str


_LOOKS = {
    "created": StateLook(_("Created"), "neutral", "document-plus"),
    "submitting": StateLook(_("Submitting"), "info", "paper-airplane"),
    "in_doubt": StateLook(_("In doubt"), "warning", "question-mark-circle"),
    "pending": StateLook(_("Pending"), "info", "clock"),
    "otp_received": StateLook(_("Code received"), "success", "chat-bubble-left-ellipsis"),
    "received": StateLook(_("Code received"), "success", "envelope-open"),
    "mail_received": StateLook(_("Mail received"), "success", "envelope-open"),
    "replacing": StateLook(_("Replacing"), "info", "arrow-path"),
    "replaced": StateLook(_("Replaced"), "neutral", "arrow-path"),
    "cancelling": StateLook(_("Cancelling"), "warning", "arrow-uturn-left"),
    "success": StateLook(_("Success"), "success", "check-circle"),
    "cancelled": StateLook(_("Cancelled"), "neutral", "minus-circle"),
    "failed": StateLook(_("Failed"), "danger", "x-circle"),
    "expired": StateLook(_("Expired"), "neutral", "no-symbol"),
    "paid_late": StateLook(_("Paid late"), "warning", "exclamation-circle"),
    "underpaid": StateLook(_("Underpaid"), "warning", "arrow-trending-down"),
    "overpaid": StateLook(_("Overpaid"), "warning", "arrow-trending-up"),
    "attention": StateLook(_("Needs a look"), "warning", "eye"),
    "unmatched": StateLook(_("Matches nothing"), "warning", "question-mark-circle"),
    "paid": StateLook(_("Paid"), "success", "check-circle"),
    "open": StateLook(_("Held"), "info", "lock-closed"),
    "captured": StateLook(_("Paid"), "success", "check-circle"),
    "released": StateLook(_("Returned"), "neutral", "arrow-uturn-left"),
    "ovo:linked": StateLook(_("Linked"), "success", "link"),
    "works": StateLook(_("Works"), "success", "check-circle"),
    "ending": StateLook(_("Ending"), "warning", "clock"),
    "paused": StateLook(_("Paused"), "warning", "pause-circle"),
    "revoked": StateLook(_("Revoked"), "neutral", "no-symbol"),
    "active": StateLook(_("Active"), "success", "check-circle"),
    "invited": StateLook(_("Invited"), "info", "envelope"),
    "inactive": StateLook(_("Switched off"), "neutral", "no-symbol"),
    "may": StateLook(_("May"), "success", "check-circle"),
    "may_not": StateLook(_("May not"), "neutral", "minus-circle"),
    "blocked": StateLook(_("Blocked"), "warning", "exclamation-triangle"),
    "identity:None": StateLook(_("Not verified"), "neutral", "identification"),
    "identity:Pending": StateLook(_("In review"), "info", "clock"),
    "identity:Verified": StateLook(_("Verified"), "success", "check-badge"),
    "identity:Rejected": StateLook(_("Not accepted"), "danger", "x-circle"),
    "identity:Partly": StateLook(_("Partly accepted"), "warning", "exclamation-circle"),
    "paper:Pending": StateLook(_("In review"), "info", "clock"),
    "paper:Verified": StateLook(_("Accepted"), "success", "check-circle"),
    "paper:Rejected": StateLook(_("Not accepted"), "danger", "x-circle"),
    "client:Pending": StateLook(_("Waiting for approval"), "info", "clock"),
    "client:Active": StateLook(_("Active"), "success", "check-circle"),
    "client:Rejected": StateLook(_("Rejected"), "danger", "x-circle"),
    "client:Deactivated": StateLook(_("Deactivated"), "neutral", "no-symbol"),
    "case:open": StateLook(_("Open"), "warning", "exclamation-circle"),
    "case:proposed": StateLook(_("Waiting for approval"), "info", "clock"),
    "case:settled": StateLook(_("Settled"), "success", "check-circle"),
    "money:wallet": StateLook(_("In the wallet"), "success", "wallet"),
    "money:suspense": StateLook(_("In suspense"), "warning", "lock-closed"),
    "money:returned": StateLook(_("Given back"), "neutral", "arrow-uturn-left"),
    "money:kept": StateLook(_("Written off"), "neutral", "archive-box"),
    "money:": StateLook(_("No money booked"), "neutral", "minus-circle"),
    "hook:pending": StateLook(_("On its way"), "info", "paper-airplane"),
    "hook:retrying": StateLook(_("Tried in vain"), "warning", "arrow-path"),
    "hook:delivered": StateLook(_("Delivered"), "success", "check-circle"),
    "hook:failed": StateLook(_("Given up"), "danger", "x-circle"),
    "hook:held": StateLook(_("Kept back"), "neutral", "pause-circle"),
    "float_fine": StateLook(_("Enough"), "success", "check-circle"),
    "float_low": StateLook(_("Low"), "warning", "exclamation-triangle"),
    "float_stopped": StateLook(_("Used up"), "danger", "no-symbol"),
    "float_unknown": StateLook(_("Not read yet"), "neutral", "question-mark-circle"),
    "topup:asked": StateLook(_("Being asked for"), "warning", "question-mark-circle"),
    "topup:pending": StateLook(_("To be paid"), "info", "clock"),
    "topup:success": StateLook(_("Paid"), "success", "check-circle"),
    "topup:expired": StateLook(_("Expired"), "neutral", "no-symbol"),
    "topup:failed": StateLook(_("Failed"), "danger", "x-circle"),
    "note:looked": StateLook(_("Order looked at"), "success", "eye"),
    "note:over": StateLook(_("Order was over"), "neutral", "check-circle"),
    "note:unknown": StateLook(_("No order of ours"), "neutral", "question-mark-circle"),
    "note:deposit": StateLook(_("Balance looked at"), "success", "eye"),
    "note:unreadable": StateLook(_("Not readable"), "warning", "exclamation-triangle"),
    "note:refused": StateLook(_("Not signed"), "danger", "lock-closed"),
    "funding:announced": StateLook(_("Waiting for the money"), "info", "clock"),
    "funding:found": StateLook(_("Found, being confirmed"), "info", "eye"),
    "funding:credited": StateLook(_("In the balance"), "success", "check-circle"),
    "funding:cancelled": StateLook(_("Called off"), "neutral", "minus-circle"),
    "funding:refused": StateLook(_("Not found"), "danger", "x-circle"),
    "batch:checking": StateLook(_("Being read"), "info", "arrow-path"),
    "batch:validated": StateLook(_("Checked"), "info", "clipboard-document-check"),
    "batch:awaiting_approval": StateLook(_("Waiting for approval"), "info", "clock"),
    "batch:approved": StateLook(_("Approved"), "info", "hand-thumb-up"),
    "batch:awaiting_funds": StateLook(_("Waiting for a top-up"), "warning", "banknotes"),
    "batch:processing": StateLook(_("Being sent"), "info", "paper-airplane"),
    "batch:paused": StateLook(_("Paused"), "warning", "pause-circle"),
    "batch:completed": StateLook(_("Completed"), "success", "check-circle"),
    "batch:partly_completed": StateLook(_("Partly completed"), "warning", "exclamation-circle"),
    "batch:cancelled": StateLook(_("Cancelled"), "neutral", "minus-circle"),
    "batch:unreadable": StateLook(_("Not readable"), "danger", "x-circle"),
    "row:valid": StateLook(_("Right"), "success", "check-circle"),
    "row:warning": StateLook(_("Right, with a warning"), "warning", "exclamation-triangle"),
    "row:error": StateLook(_("Wrong"), "danger", "x-circle"),
    "row:excluded": StateLook(_("Left out"), "neutral", "minus-circle"),
    "rail:paid": StateLook(_("Paid"), "success", "check-circle"),
    "rail:accepted": StateLook(_("Taken, not decided"), "info", "clock"),
    "rail:rejected": StateLook(_("Rejected"), "danger", "x-circle"),
    "rail:returned": StateLook(_("Sent back"), "warning", "arrow-uturn-left"),
    "reversed": StateLook(_("Reversed"), "warning", "arrow-path"),
}


def look_of(state: str) -> StateLook:
    """How to show ``state``; a state nobody described is shown by its own name in a neutral tone."""
    known = _LOOKS.get(state)
    return known or StateLook(state.replace("_", " ").capitalize(), "neutral", "ellipsis-horizontal-circle")
