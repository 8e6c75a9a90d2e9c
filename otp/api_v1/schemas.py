"""The shapes of numbers and inboxes on the wire (OTPZap contract 6.2 and 7.4). Money is whole rupiah, times are WIB."""

import re
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, ConfigDict, Field

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


# What stands in a list of inboxes.
BRIEF = ("ref", "site", "domain", "email", "price", "status", "created_at", "expires_at")

_TIMES = {"created_at": "2026-11-21 09:30:00 WIB", "expires_at": "2026-11-21 09:50:00 WIB", "finished_at": None}
_NUMBER: dict[str, Any] = {
    "order_id": 65,
    "server": 1,
    "status": "otp_received",
    "phone_number": "+6281255501234",
    "otp_code": "004217",
    "otps": [{"otp": "004217", "message": "Your code is 004217", "received_at": "2026-11-21 09:31:05 WIB"}],
    "price": 1200,
    "service_name": "WhatsApp",
    "country_name": "Indonesia",
    "product_id": 1071,
    "service_id": 1,
    "country_id": 7,
    "operator_id": None,
    "resend_count": 0,
    "resend_locked_until": None,
    "cancel_available_at": "2026-11-21 09:32:00 WIB",
    **_TIMES,
    "replaced_by_order_id": None,
    "refunded": False,
    "refund_amount": 0,
}
_INBOX: dict[str, Any] = {
    "ref": "APIE-0198F3C26E5A4C0F9D552A7C1E9F4B10",
    "site": "openai.com",
    "domain": "outlook.com",
    "email": "rivermint4821@outlook.com",
    "price": 900,
    "status": "received",
    **_TIMES,
    "server": 3,
    "cancel_fee": 150,
    "otp_code": "004217",
    "headline": "004217",
    "preview": "Your code: 004217",
    "messages": [
        {
            "from": "no-reply@openai.com",
            "subject": "Sign in",
            "text": "Your code: 004217",
            "otp": "004217",
            "link": None,
            "received_at": "2026-11-21 09:31:05 WIB",
        }
    ],
    "refunded": False,
    "refund_amount": 0,
}

_BRIEF = {name: value for name, value in _INBOX.items() if name in BRIEF} | {"status": "pending"}


class OtpOut(CompatibleSchema):
    otp: str | None = Field(description="Null when the message has no code that we recognise.")
    message: str
    received_at: str


class OrderOut(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": _NUMBER})

    order_id: int
    server: int
    status: Literal["pending", "otp_received", "success", "cancelled", "failed"]
    phone_number: str | None = Field(description="E.164 with its plus; null until the supplier has given one.")
    otp_code: str | None = Field(description="The latest code: the one to use.")
    otps: list[OtpOut] = Field(description="All messages, oldest first. One more entry is one more message.")
    price: int
    service_name: str
    country_name: str | None
    product_id: WireId | None = Field(description="Server 1.")
    service_id: WireId | None
    country_id: WireId | None
    operator_id: WireId | None = Field(description="Server 2.")
    resend_count: int
    resend_locked_until: str | None = Field(description="Null when a resend is free.")
    cancel_available_at: str | None
    created_at: str
    expires_at: str
    finished_at: str | None
    replaced_by_order_id: int | None
    refunded: bool
    refund_amount: int


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


class MailOut(MailBrief):
    model_config = ConfigDict(json_schema_extra={"example": _INBOX})

    finished_at: str | None
    server: int
    cancel_fee: int = Field(description="What cancelling before a message costs; once cancelled, what it did cost.")
    otp_code: str | None
    headline: str | None = Field(description="The code, link or subject of the latest message.")
    preview: str | None
    messages: list[MailMessageOut] = Field(description="Oldest first.")
    refunded: bool
    refund_amount: int


class OrderIn(CompatibleSchema):
    """Server 1 by ``product_id``; Server 2 by ``service_id``, ``country_id`` and ``operator_id``, or for a special
    service by ``service_id`` alone."""

    model_config = ConfigDict(json_schema_extra={"example": {"server": 1, "product_id": 1071}})

    server: Whole | None = Field(None, description="1 or 2; read from the other fields when it is missing.")
    product_id: OpaqueId | None = None
    service_id: OpaqueId | None = None
    country_id: OpaqueId | None = None
    operator_id: OpaqueId | None = None
    service_name: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="When sent, it must be the name of the service of the id."
    )


class OrderRef(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"order_id": 65}})

    order_id: Whole


class MailRef(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"ref": _INBOX["ref"]}})

    ref: Annotated[str, Field(max_length=64)]


class MailIn(CompatibleSchema):
    """``domain``, or ``domains`` in the order wanted: the first that can be had is taken."""

    model_config = ConfigDict(json_schema_extra={"example": {"site": "openai.com", "domain": "outlook.com"}})

    site: Site
    domain: Site | None = None
    domains: Annotated[list[Site], Field(max_length=20)] = Field(default_factory=list)
    qty: Annotated[Whole, Field(ge=1, le=10)] = Field(1, description="How many inboxes, from 1 to 10.")
    subject: Filter = Field("", description="Only mails whose subject has this.")
    regex: Filter = Field("", description="What to take out of the mail instead of the code we would find.")


class CancelledOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"order_id": 65, "status": "cancelled", "refund_amount": 1200, "balance": 100_000}
        }
    )

    order_id: int
    status: str
    refund_amount: int
    balance: int


class FinishedOut(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"order_id": 65, "status": "success"}})

    order_id: int
    status: str


class ResentOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"order_id": 65, "status": "otp_received", "resend_count": 1, "resend_locked_until": None}
        }
    )

    order_id: int
    status: str
    resend_count: int
    resend_locked_until: str | None


class ReplacedOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "old_order_id": 64,
                "order_id": 65,
                "phone_number": "+6281255501234",
                "order": {**_NUMBER, "status": "pending", "otp_code": None, "otps": []},
            }
        }
    )

    old_order_id: int
    order_id: int
    phone_number: str | None
    order: OrderOut


class MailsOut(CompatibleSchema):
    """With ``qty`` 1 the fields of the one inbox stand here as well."""

    model_config = ConfigDict(json_schema_extra={"example": {**_BRIEF, "orders": [_BRIEF], "failed_count": 0}})

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
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "ref": _INBOX["ref"],
                "status": "cancelled",
                "refund_amount": 750,
                "cancel_fee": 150,
                "balance": 99_850,
            }
        }
    )

    ref: str
    status: str
    refund_amount: int
    cancel_fee: int
    balance: int


class MailFinishedOut(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"ref": _INBOX["ref"], "status": "success"}})

    ref: str
    status: str
