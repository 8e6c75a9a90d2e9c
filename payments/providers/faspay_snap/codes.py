"""The whole table of SNAP response codes (Faspay contract 7): what we answer with, and what staff can look up.

A code is seven digits: HTTP status, service, case. The service stands apart, so one row serves all of them.
"""

import re
from dataclasses import dataclass
from enum import Enum

# Who is asking or being asked: the two digits in the middle.
INQUIRY, PAYMENT, STATUS, CREATE_VA, DELETE_VA = "24", "25", "26", "27", "31"
QR_GENERATE, QR_QUERY, QR_NOTIFY = "47", "51", "52"
SERVICES = {
    INQUIRY: "VA inquiry",
    PAYMENT: "VA payment",
    STATUS: "VA status",
    CREATE_VA: "create-va",
    DELETE_VA: "delete-va",
    QR_GENERATE: "qr-mpm-generate",
    QR_QUERY: "qr-mpm-query",
    QR_NOTIFY: "qr-mpm-notify",
}

SYSTEM, MESSAGE, BUSINESS, DONE = "S", "M", "B", "ok"


@dataclass(frozen=True)
class Row:
    """One line of the table. ``said`` is what we say instead of ``message``: the wording of Faspay's UAT sheet."""

    number: str
    category: str
    message: str
    said: str = ""
    remark: str = ""


class Case(Enum):
    """Every case by name; ``number`` is the HTTP status and the two digits of the case."""

    SUCCESSFUL = Row("20000", DONE, "Successful")
    IN_PROGRESS = Row("20200", DONE, "Request In Progress", remark="outcome unknown: ask")
    BAD_REQUEST = Row("40000", SYSTEM, "Bad Request", remark="could not be read")
    INVALID_FORMAT = Row("40001", MESSAGE, "Invalid Field Format {field}")
    MISSING_FIELD = Row("40002", MESSAGE, "Invalid Mandatory Field {field}", said="Missing Mandatory Field")
    UNAUTHORIZED = Row(
        "40100", SYSTEM, "Unauthorized. [reason]", said="Unauthorized", remark="signature, unknown client, no key"
    )
    INVALID_TOKEN = Row("40101", SYSTEM, "Invalid Token (B2B)", remark="not used")
    INVALID_CUSTOMER_TOKEN = Row("40102", SYSTEM, "Invalid Customer Token", remark="not used")
    TOKEN_NOT_FOUND = Row("40103", SYSTEM, "Token Not Found (B2B)", remark="not used")
    CUSTOMER_TOKEN_NOT_FOUND = Row("40104", SYSTEM, "Customer Token Not Found", remark="not used")
    TRANSACTION_EXPIRED = Row("40300", BUSINESS, "Transaction Expired")
    FEATURE_NOT_ALLOWED = Row("40301", SYSTEM, "Feature Not Allowed [Reason]")
    EXCEEDS_AMOUNT_LIMIT = Row("40302", BUSINESS, "Exceeds Transaction Amount Limit")
    SUSPECTED_FRAUD = Row("40303", BUSINESS, "Suspected Fraud")
    ACTIVITY_COUNT_EXCEEDED = Row("40304", BUSINESS, "Activity Count Limit Exceeded", remark="too frequent")
    DO_NOT_HONOR = Row("40305", BUSINESS, "Do Not Honor", remark="abnormal account")
    NOT_AT_THIS_TIME = Row("40306", SYSTEM, "Feature Not Allowed At This Time. [reason]", remark="cut-off")
    CARD_BLOCKED = Row("40307", BUSINESS, "Card Blocked")
    CARD_EXPIRED = Row("40308", BUSINESS, "Card Expired")
    DORMANT_ACCOUNT = Row("40309", BUSINESS, "Dormant Account")
    SET_TOKEN_LIMIT = Row("40310", BUSINESS, "Need To Set Token Limit")
    OTP_BLOCKED = Row("40311", SYSTEM, "OTP Blocked")
    OTP_EXPIRED = Row("40312", SYSTEM, "OTP Lifetime Expired")
    OTP_SENT = Row("40313", SYSTEM, "OTP Sent To Cardholder")
    INSUFFICIENT_FUNDS = Row("40314", BUSINESS, "Insufficient Funds")
    NOT_PERMITTED = Row("40315", BUSINESS, "Transaction Not Permitted. [reason]")
    SUSPEND_TRANSACTION = Row("40316", BUSINESS, "Suspend Transaction")
    TOKEN_LIMIT_EXCEEDED = Row("40317", BUSINESS, "Token Limit Exceeded")
    INACTIVE = Row("40318", BUSINESS, "Inactive Card/Account/Customer")
    MERCHANT_BLACKLISTED = Row("40319", BUSINESS, "Merchant Blacklisted")
    MERCHANT_LIMIT = Row("40320", BUSINESS, "Merchant Limit Exceed", remark="sum of a day")
    SET_LIMIT_NOT_ALLOWED = Row("40321", BUSINESS, "Set Limit Not Allowed")
    TOKEN_LIMIT_INVALID = Row("40322", BUSINESS, "Token Limit Invalid")
    ACCOUNT_LIMIT = Row("40323", BUSINESS, "Account Limit Exceed")
    INVALID_STATUS = Row("40400", BUSINESS, "Invalid Transaction Status")
    TRANSACTION_NOT_FOUND = Row("40401", BUSINESS, "Transaction Not Found")
    INVALID_ROUTING = Row("40402", SYSTEM, "Invalid Routing")
    BANK_NOT_SUPPORTED = Row("40403", SYSTEM, "Bank Not Supported By Switch")
    TRANSACTION_CANCELLED = Row("40404", BUSINESS, "Transaction Cancelled", remark="by the customer")
    NOT_REGISTERED = Row("40405", BUSINESS, "Merchant Is Not Registered For Card Registration Services")
    REQUEST_OTP = Row("40406", SYSTEM, "Need To Request OTP")
    JOURNEY_NOT_FOUND = Row("40407", SYSTEM, "Journey Not Found")
    INVALID_MERCHANT = Row("40408", BUSINESS, "Invalid Merchant")
    NO_ISSUER = Row("40409", BUSINESS, "No Issuer")
    INVALID_TRANSITION = Row("40410", BUSINESS, "Invalid API Transition")
    INVALID_ACCOUNT = Row("40411", BUSINESS, "Invalid Card/Account/Customer [info]/Virtual Account")
    BILL_NOT_FOUND = Row(
        "40412",
        BUSINESS,
        "Invalid Bill/Virtual Account [Reason]",
        said="Bill not found",
        remark="not found, blocked, suspended",
    )
    INVALID_AMOUNT = Row("40413", BUSINESS, "Invalid Amount")
    PAID_BILL = Row("40414", BUSINESS, "Paid Bill", said="Bill has been paid")
    INVALID_OTP = Row("40415", SYSTEM, "Invalid OTP")
    PARTNER_NOT_FOUND = Row("40416", BUSINESS, "Partner Not Found")
    INVALID_TERMINAL = Row("40417", BUSINESS, "Invalid Terminal")
    INCONSISTENT = Row("40418", BUSINESS, "Inconsistent Request", remark="counts as success for a VA payment")
    BILL_EXPIRED = Row("40419", BUSINESS, "Invalid Bill/Virtual Account", said="Bill expired")
    NOT_SUPPORTED = Row("40500", SYSTEM, "Requested Function Is Not Supported")
    OPERATION_NOT_ALLOWED = Row(
        "40501", SYSTEM, "Requested Operation Is Not Allowed", remark="cancel or refund not allowed now"
    )
    CONFLICT = Row("40900", SYSTEM, "Conflict", remark="X-EXTERNAL-ID used before on the same day")
    DUPLICATE_REFERENCE = Row("40901", SYSTEM, "Duplicate partnerReferenceNo", remark="done before")
    TOO_MANY_REQUESTS = Row("42900", SYSTEM, "Too Many Requests")
    GENERAL_ERROR = Row("50000", SYSTEM, "General Error")
    INTERNAL_ERROR = Row("50001", SYSTEM, "Internal Server Error", remark="try again")
    EXTERNAL_ERROR = Row("50002", SYSTEM, "External Server Error", remark="what stands behind is down")
    TIMEOUT = Row("50400", SYSTEM, "Timeout", remark="outcome unknown")

    @property
    def number(self) -> str:
        return self.value.number

    @property
    def said(self) -> str:
        """What we say ourselves, without the field or reason."""
        return self.value.said or self.value.message.partition(" {")[0].partition(" [")[0].rstrip(".")

    def code(self, service: str) -> str:
        """The seven digits, as ``4012500``."""
        return self.number[:3] + service + self.number[3:]


_BY_NUMBER = {case.number: case for case in Case}


def case_of(number: str) -> Case:
    """The case of HTTP status and case digits, as ``40412``. Raises `KeyError` for what is not in the table."""
    return _BY_NUMBER[number]


def explain(code: str) -> tuple[Row, str] | None:
    """(row, name of the service) of a code of seven digits; None when the table has no such code."""
    if not re.fullmatch(r"[0-9]{7}", code):
        return None
    case = _BY_NUMBER.get(code[:3] + code[5:])
    return (case.value, SERVICES.get(code[3:5], "")) if case else None
