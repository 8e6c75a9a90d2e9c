"""What other apps ask of us: store a mail, tell a customer, tell a customer's program."""

from notifications.services.inbox import tell
from notifications.services.mails import queue_mail
from notifications.services.webhooks import emit, emit_to_client

__all__ = ["emit", "emit_to_client", "queue_mail", "tell"]
