"""What the notifications app refuses. A refusal changes nothing."""

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Invalid, ServiceError, TooMany, Unaffordable

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


class NotEnoughForSms(Unaffordable):
    """The client's balance does not cover the messages."""

    code = "insufficient_funds"

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)


class QuotaReached(TooMany):
    """The client has sent as many messages today as it may; tomorrow begins at midnight UTC."""

    code = "sms_quota"

    def __init__(self, left: int, retry_after: float) -> None:
        words = ngettext(
            "This is more than may be sent today: %(left)s message is left.",
            "This is more than may be sent today: %(left)s messages are left.",
            left,
        )
        super().__init__(words % {"left": left}, retry_after=retry_after)


class NoGateway(ServiceError):
    """There is nobody to hand messages to."""

    code = "no_gateway"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("SMS cannot be sent just now. Nothing was charged."))


class GatewayRefused(ServiceError):
    """The gateway refused a message; ``why`` in words. What it cost was given back."""

    code = "gateway_refused"
    status = 502

    def __init__(self, why: str | Promise) -> None:
        super().__init__(why)


class SenderNotAllowed(Invalid):
    """The sender name is not one that this client may use."""

    code = "sender_not_allowed"

    def __init__(self, name: str) -> None:
        words = gettext("You may not send as “%(name)s” yet. Ask for this name first.") % {"name": name}
        super().__init__(words, fields={"sender_id": [words]})


class SenderDecided(Conflict):
    """Somebody has decided about this name meanwhile."""

    code = "already_decided"

    def __init__(self) -> None:
        super().__init__(_("This was decided meanwhile."))
