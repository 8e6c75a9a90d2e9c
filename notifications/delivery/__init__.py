"""What leaves us: mails to people, webhooks to programs."""

from notifications.delivery.mails import BATCH, LEASE, PAUSES, send_due_mail
from notifications.delivery.notices import mail_due_notices
from notifications.delivery.rounds import deliver_due
from notifications.delivery.signing import PURPOSE, library_secret

__all__ = ["BATCH", "LEASE", "PAUSES", "PURPOSE", "deliver_due", "library_secret", "mail_due_notices", "send_due_mail"]
