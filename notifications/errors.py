"""What the notifications app refuses. A refusal changes nothing."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Invalid

_NOWHERE = _("Say first where your program listens.")


class BadWebhook(Invalid):
    """The configuration would not work; ``fields`` says which part and why (OTPZap contract 10.4: 422)."""

    code = "validation_error"
    status = 422

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message, fields={field: [message]})


class NoWebhook(Conflict):
    """There is nothing to send to yet, or it is paused."""

    code = "no_webhook"

    def __init__(self, message: str | Promise = _NOWHERE) -> None:
        super().__init__(message)
