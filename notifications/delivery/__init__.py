"""What leaves us: mails and SMS to people, webhooks to programs."""

from notifications.delivery.mails import BATCH, LEASE, PAUSES, send_due_mail
from notifications.delivery.notices import mail_due_notices
from notifications.delivery.rounds import deliver_due
from notifications.delivery.signing import PURPOSE, library_secret
from notifications.delivery.sms import ask_due_sms, send_due_sms

__all__ = [
    "BATCH",
    "LEASE",
    "PAUSES",
    "PURPOSE",
    "ask_due_sms",
    "deliver_due",
    "library_secret",
    "mail_due_notices",
    "send_due_mail",
    "send_due_sms",
]
