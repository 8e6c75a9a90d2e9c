from django.core.mail import EmailMessage

from config.lib import clock
from config.lib.jobs import nudge
from notifications.models import Mail
from notifications.tasks import send_due_mail


def queue_mail(*, message: EmailMessage) -> Mail:
    """Store ``message`` in the caller's transaction and nudge the worker once that has committed.

    The row holds the whole MIME text, so it may carry one-time links: it is emptied after sending.
    """
    mail = Mail.objects.create(
        message=message.message().as_bytes(),
        recipients=message.recipients(),
        subject=message.subject[:255],
        due_at=clock.now(),
    )
    nudge(send_due_mail)
    return mail
