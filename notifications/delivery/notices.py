"""The mails that notices owe: written in the reader's language, handed on to the mail queue."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from config.lib import clock
from notifications.models import Notice

_BATCH = 50


def mail_due_notices() -> int:
    """Write up to a batch of mails, each in one transaction with the note that it is written; returns how many."""
    due = Notice.objects.filter(mail_due_at__lte=clock.now()).order_by("mail_due_at").values_list("pk", flat=True)
    return sum(_mail(pk) for pk in list(due[:_BATCH]))


@transaction.atomic
def _mail(pk: int) -> bool:
    rows = Notice.objects.select_for_update(skip_locked=True, of=("self",)).select_related("customer__user")
    notice = rows.filter(pk=pk, mail_due_at__isnull=False).first()
    if notice is None:
        return False
    if notice.customer.user.is_active:
        letter(notice).send()
    notice.mail_due_at = None
    notice.save(update_fields=["mail_due_at"])
    return True


def letter(notice: Notice) -> EmailMessage:
    """The mail about ``notice``, in the language and time zone of its reader."""
    user = notice.customer.user
    with translation.override(user.language), timezone.override(user.timezone):
        links = {
            "page": _absolute(notice.page),
            "statement": _absolute(reverse("wallets:statement")),
            "preferences": _absolute(reverse("inbox:preferences")),
        }
        context = {"notice": notice, "name": user.display_name, **links}
        # A kind that has more to say in its mail has a template of its own.
        own = f"notifications/mail/notice_{notice.kind}.txt"
        text = render_to_string([own, "notifications/mail/notice.txt"], context)
        subject = " ".join(notice.title.split())
    return EmailMessage(subject=subject, body=text.strip() + "\n", to=[user.email])


def _absolute(path: str) -> str:
    return settings.BASE_URL + path if path else ""
