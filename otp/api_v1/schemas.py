"""The shapes of numbers and inboxes on the wire (OTPZap contract 6.2 and 7.4). Money is whole rupiah, times are WIB."""

import re
from typing import Annotated, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field

from accounts.api.compatible import CompatibleSchema, OpaqueId, Whole, WireId

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def _site(value: str) -> str:
    name = value.strip().lower()
    if not _HOST.fullmatch(name):
        raise ValueError(_("This must be a domain, such as openai.com."))
    return name


# A site that sends mail, or the domain of an inbox.
Site = Annotated[str, Field(max_length=120), AfterValidator(_site)]
Filter = Annotated[str, Field(max_length=255)]


class OtpOut(CompatibleSchema):
    otp: str | None = Field(description="Null when the message has no code that we recognise.")
    message: str
    received_at: str


class Times(CompatibleSchema):
    created_at: str
    expires_at: str
    finished_at: str | None


class Refund(CompatibleSchema):
    refunded: bool
    refund_amount: int


class OrderOut(Refund, Times):
    order_id: int
    server: int
    status: Literal["pending", "otp_received", "success", "cancelled", "failed"]
    phone_number: str | None = Field(description="E.164 with its plus; null until the supplier has given one.")
    service_name: str
    country_name: str | None
    product_id: WireId | None
    service_id: WireId | None
    country_id: WireId | None
    operator_id: WireId | None
    price: int
    otp_code: str | None = Field(description="The latest code: the one to use.")
    otps: list[OtpOut] = Field(description="All messages, oldest first. One more entry is one more message.")
    resend_count: int
    resend_locked_until: str | None
    cancel_available_at: str | None
    replaced_by_order_id: int | None


class MailMessageOut(CompatibleSchema):
    sender: str = Field(alias="from")
    subject: str
    text: str = Field(description="Plain text; markup is never handed on.")
    otp: str | None
    link: str | None
    received_at: str


class MailBrief(CompatibleSchema):
    """An inbox as it is given out."""

    ref: str
    site: str
    domain: str | None
    email: str | None = Field(description="Null until the supplier has given one.")
    price: int
    status: Literal["pending", "received", "success", "cancelled", "expired"]
    created_at: str
    expires_at: str


class MailOut(MailBrief, Refund, Times):
    server: int
    cancel_fee: int = Field(description="What cancelling before a message costs; once cancelled, what it did cost.")
    otp_code: str | None
    headline: str | None = Field(description="The code, link or subject of the latest message.")
    preview: str | None
    messages: list[MailMessageOut] = Field(description="Oldest first.")


class OrderIn(CompatibleSchema):
    """Server 1 by ``product_id``; Server 2 by ``service_id``, ``country_id`` and ``operator_id``, or for a special
    service by ``service_id`` alone."""

    server: Whole | None = Field(None, description="1 or 2; read from the other fields when it is missing.")
    product_id: OpaqueId | None = None
    service_id: OpaqueId | None = None
    country_id: OpaqueId | None = None
    operator_id: OpaqueId | None = None
    service_name: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="When sent, it must be the name of the service of the id."
    )


class OrderRef(CompatibleSchema):
    order_id: Whole


class MailRef(CompatibleSchema):
    ref: Annotated[str, Field(max_length=64)]


class MailIn(CompatibleSchema):
    """``domain``, or ``domains`` in the order wanted: the first that can be had is taken."""

    site: Site
    domain: Site | None = None
    domains: Annotated[list[Site], Field(max_length=20)] = Field(default_factory=list)
    qty: Annotated[Whole, Field(ge=1, le=10)] = 1
    subject: Filter = Field("", description="Only mails whose subject has this.")
    regex: Filter = Field("", description="What to take out of the mail instead of the code we would find.")


class CancelledOut(CompatibleSchema):
    order_id: int
    status: str
    refund_amount: int
    balance: int


class FinishedOut(CompatibleSchema):
    order_id: int
    status: str


class ResentOut(CompatibleSchema):
    order_id: int
    status: str
    resend_count: int
    resend_locked_until: str | None


class ReplacedOut(CompatibleSchema):
    old_order_id: int
    order_id: int
    phone_number: str | None
    order: OrderOut


class MailsOut(CompatibleSchema):
    """With ``qty`` 1 the fields of the one inbox stand here as well."""

    orders: list[MailBrief]
    failed_count: int
    ref: str | None = None
    site: str | None = None
    domain: str | None = None
    email: str | None = None
    price: int | None = None
    status: str | None = None
    created_at: str | None = None
    expires_at: str | None = None


class MailCancelledOut(CompatibleSchema):
    ref: str
    status: str
    refund_amount: int
    cancel_fee: int
    balance: int


class MailFinishedOut(CompatibleSchema):
    ref: str
    status: str
