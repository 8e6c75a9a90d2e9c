"""The 25 operations of OTPZap (OTPZap contract 2): where each goes, how long it may take, what its failure means."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One endpoint. ``acts``: a missing answer leaves us not knowing. ``buys``: repeated with another key it would be
    a second purchase. ``gated``: its own 429 is about the order, not the key (OTPZap contract 11). ``share``: the part
    of the minute's budget it may not touch. ``smooth``: spread over the minute. Seconds to connect and to read."""

    method: str
    path: str
    acts: bool = False
    buys: bool = False
    gated: bool = False
    share: float = 0.0
    smooth: bool = False
    connect: float = 2.0
    read: float = 4.0


def _read(path: str) -> Operation:
    return Operation("GET", path, share=CATALOGUE_SHARE)


def _buy(path: str, *, gated: bool = False) -> Operation:
    return Operation("POST", path, acts=True, buys=True, gated=gated, connect=3.0, read=10.0)


def _act(path: str) -> Operation:
    return Operation("POST", path, acts=True, gated=True, read=8.0)


def _poll(path: str) -> Operation:
    return Operation("GET", path, share=POLL_SHARE, smooth=True)


# Buying, cancelling and finishing come first, then the catalogue, then polls.
CATALOGUE_SHARE, POLL_SHARE = 0.05, 0.12

BALANCE = _read("/balance")
TOPUP_CREATE = Operation("POST", "/topup/create", acts=True, buys=True, share=CATALOGUE_SHARE, read=10.0)
TOPUP_CHECK = _read("/topup/check")

COUNTRIES = _read("/countries")
SERVICES = _read("/services")
PRODUCTS = _read("/products")
S2_COUNTRIES = _read("/s2/countries")
S2_SERVICES = _read("/s2/services")
S2_OPERATORS = _read("/s2/operators")
S2_SPECIAL = _read("/s2/special")
S3_SITES = _read("/s3/sites")
S3_DOMAINS = _read("/s3/domains")

CREATE = _buy("/order/create")
CHECK = _poll("/order/check")
# The look that follows a cancel or finish is part of it.
CHECK_NOW = Operation("GET", "/order/check")
CANCEL = _act("/order/cancel")
FINISH = _act("/order/finish")
RESEND = _act("/order/resend")
REPLACE = _buy("/order/replace", gated=True)

MAIL_CREATE = _buy("/order/email-create")
MAIL_CHECK = _poll("/order/email-check")
MAIL_CHECK_NOW = Operation("GET", "/order/email-check")
MAIL_REORDER = _buy("/order/email-reorder", gated=True)
MAIL_CANCEL = _act("/order/email-cancel")
MAIL_FINISH = _act("/order/email-finish")

HOOK_GET = _read("/webhook/get")
HOOK_UPDATE = Operation("PATCH", "/webhook/update", acts=True, share=CATALOGUE_SHARE, read=8.0)

ALL = (
    *(BALANCE, TOPUP_CREATE, TOPUP_CHECK, COUNTRIES, SERVICES, PRODUCTS, S2_COUNTRIES, S2_SERVICES, S2_OPERATORS),
    *(S2_SPECIAL, S3_SITES, S3_DOMAINS, CREATE, CHECK, CANCEL, FINISH, RESEND, REPLACE, MAIL_CREATE, MAIL_CHECK),
    *(MAIL_REORDER, MAIL_CANCEL, MAIL_FINISH, HOOK_GET, HOOK_UPDATE),
)
