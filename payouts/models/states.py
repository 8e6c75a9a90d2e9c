"""The words for what a payout, a batch and a row are, and which may follow which (design, states)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """How the contract names the two ways money goes out (TeraPay contract 7 and 8)."""

    BANK = "BankTransfer", _("bank transfer")
    MOBILE = "MobileMoney", _("mobile money")


class State(models.TextChoices):
    PENDING = "pending", _("waiting for its code")
    AUTHORIZED = "authorized", _("about to be sent")
    SENDING = "sending", _("being sent")
    IN_DOUBT = "in_doubt", _("being checked")
    COMPLETED = "completed", _("paid")
    RETURNED = "returned", _("sent back")
    FAILED = "failed", _("failed")
    REJECTED = "rejected", _("rejected")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")


# Sent, or about to be: its money stands on `payable:payouts`.
IN_FLIGHT = (State.AUTHORIZED, State.SENDING, State.IN_DOUBT)
OPEN = (State.PENDING, *IN_FLIGHT)
# Nothing was paid.
UNPAID_ENDS = (State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED)
ENDS = (State.COMPLETED, State.RETURNED, *UNPAID_ENDS)

MOVES: list[tuple[str, str]] = [
    *[(State.PENDING, new) for new in (State.AUTHORIZED, State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED)],
    (State.AUTHORIZED, State.SENDING),
    # Before a byte has left: stopped by a person, or by a rule that holds now.
    (State.AUTHORIZED, State.CANCELLED),
    (State.AUTHORIZED, State.FAILED),
    (State.SENDING, State.COMPLETED),
    (State.SENDING, State.FAILED),
    (State.SENDING, State.IN_DOUBT),
    # The rail surely never saw it: it goes out again under the same reference.
    (State.SENDING, State.AUTHORIZED),
    (State.IN_DOUBT, State.AUTHORIZED),
    # Taken by the rail, its end still to come.
    (State.IN_DOUBT, State.SENDING),
    (State.IN_DOUBT, State.COMPLETED),
    (State.IN_DOUBT, State.FAILED),
    (State.COMPLETED, State.RETURNED),
    # Tried again, under the same reference.
    (State.FAILED, State.AUTHORIZED),
]


class Source(models.TextChoices):
    """By which call a payout was asked for (TeraPay contract 8 to 10)."""

    TRANSFER = "transfer", _("transfer")
    BULK_MOBILE = "bulk_mobile", _("many numbers")
    CLIENT_BANK = "client_bank", _("to a client's account")
    CLIENT_MOBILE = "client_mobile", _("to a client's number")
    BATCH = "batch", _("batch")


class Reason(models.TextChoices):
    """Why nothing was paid, or why it came back, in words for the client."""

    NONE = "", ""
    BLOCKED = "blocked", _("A rule against fraud stopped it.")
    WRONG_CODE = "wrong_code", _("A wrong code was entered too often.")
    CODE_TOO_LATE = "code_too_late", _("No code was entered in time.")
    CANCELLED = "cancelled", _("It was called off before it was sent.")
    NO_RAIL = "no_rail", _("No way to pay this receiver is open just now.")
    NO_ACCOUNT = "no_account", _("The account or number does not exist.")
    ACCOUNT_CLOSED = "account_closed", _("The account is closed or blocked.")
    NAME_MISMATCH = "name_mismatch", _("The name does not fit the account.")
    LIMIT = "limit", _("The receiver's limit is reached.")
    REFUSED = "refused", _("The bank or operator refused it.")
    UNREACHABLE = "unreachable", _("The bank or operator could not be reached.")
    RETURNED = "returned", _("The bank or operator sent the money back.")
    SETTLED_BY_STAFF = "settled_by_staff", _("Our staff closed it, because the rail never answered.")


class BatchState(models.TextChoices):
    CHECKING = "checking", _("being read")
    VALIDATED = "validated", _("checked")
    AWAITING_APPROVAL = "awaiting_approval", _("waiting for approval")
    APPROVED = "approved", _("approved")
    # Approved, and there is not enough money: it starts by itself when there is.
    AWAITING_FUNDS = "awaiting_funds", _("waiting for a top-up")
    PROCESSING = "processing", _("being sent")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")
    PARTLY_COMPLETED = "partly_completed", _("partly completed")
    CANCELLED = "cancelled", _("cancelled")
    # The file could not be read at all.
    UNREADABLE = "unreadable", _("not readable")


_EDITABLE = (BatchState.VALIDATED, BatchState.AWAITING_APPROVAL)
BATCH_ENDS = (BatchState.COMPLETED, BatchState.PARTLY_COMPLETED, BatchState.CANCELLED, BatchState.UNREADABLE)
BATCH_MOVES: list[tuple[str, str]] = [
    (BatchState.CHECKING, BatchState.VALIDATED),
    (BatchState.CHECKING, BatchState.UNREADABLE),
    (BatchState.CHECKING, BatchState.CANCELLED),
    (BatchState.VALIDATED, BatchState.AWAITING_APPROVAL),
    # Sent back by the approver, taken back by the maker, or edited: the approval is void.
    (BatchState.AWAITING_APPROVAL, BatchState.VALIDATED),
    (BatchState.AWAITING_APPROVAL, BatchState.APPROVED),
    (BatchState.APPROVED, BatchState.VALIDATED),
    (BatchState.APPROVED, BatchState.AWAITING_FUNDS),
    (BatchState.APPROVED, BatchState.PROCESSING),
    (BatchState.AWAITING_FUNDS, BatchState.VALIDATED),
    (BatchState.AWAITING_FUNDS, BatchState.PROCESSING),
    *[(was, BatchState.CANCELLED) for was in (*_EDITABLE, BatchState.APPROVED, BatchState.AWAITING_FUNDS)],
    (BatchState.PROCESSING, BatchState.PAUSED),
    (BatchState.PAUSED, BatchState.PROCESSING),
    *[
        (was, end)
        for was in (BatchState.PROCESSING, BatchState.PAUSED)
        for end in (BatchState.COMPLETED, BatchState.PARTLY_COMPLETED, BatchState.CANCELLED)
    ],
    # Failed rows are tried again.
    (BatchState.PARTLY_COMPLETED, BatchState.PROCESSING),
]


class RowState(models.TextChoices):
    """What the check says of a row. Excluded rows stay in the batch, by somebody's choice, and are never sent."""

    VALID = "valid", _("valid")
    WARNING = "warning", _("valid, with a warning")
    ERROR = "error", _("wrong")
    EXCLUDED = "excluded", _("left out")


GOOD_ROWS = (RowState.VALID, RowState.WARNING)


class Problem(models.TextChoices):
    """What can be wrong (first) or strange (second group) about a row."""

    NO_DESTINATION = "no_destination", _("The account or phone number is missing.")
    BAD_DESTINATION = "bad_destination", _("This is neither an account number nor a phone number.")
    UNKNOWN_BANK = "unknown_bank", _("No bank has these first three digits.")
    UNKNOWN_OPERATOR = "unknown_operator", _("No operator has this prefix.")
    BANK_CLOSED = "bank_closed", _("This bank or operator is not served just now.")
    MANGLED_NUMBER = "mangled_number", _("A spreadsheet has changed this number (1.23E+11). Enter it as text.")
    NO_AMOUNT = "no_amount", _("The amount is missing.")
    BAD_AMOUNT = "bad_amount", _("This is not an amount.")
    TOO_FINE = "too_fine", _("The amount has more than two decimals.")
    OVER_LIMIT = "over_limit", _("The amount is above the limit for one payment.")
    BLOCKED_RECEIVER = "blocked_receiver", _("Nothing may be paid to this receiver.")
    LONG_TEXT = "long_text", _("The name or the narration is too long.")
    BAD_TEXT = "bad_text", _("The name or the narration has characters that banks do not take.")
    TORN = "torn", _("The cells do not fit the head of the table: a separator or a quotation mark is out of place.")
    # Warnings
    SAME_IN_FILE = "same_in_file", _("The same receiver and amount stand in this file more than once.")
    SAME_LATELY = "same_lately", _("The same amount went to this receiver in the last days.")
    NEW_RECEIVER = "new_receiver", _("Nothing was ever paid to this receiver before.")
    LARGE = "large", _("This is a large amount.")
    UNUSUAL_LENGTH = "unusual_length", _("Account numbers of this bank usually have 18 digits.")
    ZERO_LOST = "zero_lost", _("A leading zero was missing; we put it back.")


WARNINGS = frozenset(
    {
        Problem.SAME_IN_FILE,
        Problem.SAME_LATELY,
        Problem.NEW_RECEIVER,
        Problem.LARGE,
        Problem.UNUSUAL_LENGTH,
        Problem.ZERO_LOST,
    }
)
