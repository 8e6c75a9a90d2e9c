"""What the kyc app refuses. A refusal changes nothing."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from config.lib.errors import (
    Conflict,
    Forbidden,
    Invalid,
    ServiceError,
    Text,
    TooLarge,
    TooMany,
    Unaffordable,
    Unsupported,
)


class OwnCase(Forbidden):
    """Nobody decides about documents of their own account."""

    code = "own_case"

    def __init__(self) -> None:
        super().__init__(_("These are documents of your own account. Somebody else has to review them."))


class LeadNeeded(Forbidden):
    """Two reviewers disagreed: only who may take cases over decides now."""

    code = "lead_needed"

    def __init__(self) -> None:
        super().__init__(_("Two reviewers disagreed on this case. A lead decides it."))


class ClaimedByAnother(Conflict):
    """Another reviewer works on the case."""

    code = "claimed"

    def __init__(self, who: str) -> None:
        super().__init__(_("%(who)s is working on this case right now. Nothing was changed.") % {"who": who})


class ClaimLapsed(Conflict):
    """The reviewer's time with the case is over, or it was never claimed."""

    code = "claim_lapsed"

    def __init__(self) -> None:
        super().__init__(_("Your time with this case ran out, so nothing was stored. Take it again to go on."))


class StaleDecision(Conflict):
    """The case is not what the reviewer saw any more."""

    code = "stale"

    def __init__(self) -> None:
        super().__init__(
            _("This case has changed since you opened the page, so nothing was stored. Look at it again, then decide.")
        )


class AlreadyDecided(Conflict):
    """Only a document that waits can be decided (TeraPay contract, kyc-admin.review: 409)."""

    code = "not_pending"

    def __init__(self) -> None:
        super().__init__(_("This has been decided already."))


class AlreadyReviewed(Conflict):
    """The same person would be first and second reviewer."""

    code = "second_reviewer_needed"

    def __init__(self) -> None:
        super().__init__(_("You have given your decision on this case. It waits for another reviewer."))


class FileError(ServiceError):
    """A file that is not taken; ``code`` says why."""

    def __init__(self, code: str, message: Text, *, fields: Mapping[str, Sequence[Text]] | None = None) -> None:
        super().__init__(message, code=code, fields=fields or {"file": [message]})


class FileRefused(FileError, Invalid):
    """Damaged, dangerous or empty, although its kind would be taken."""


class FileTooLarge(FileError, TooLarge):
    """More bytes than one file may have."""


class WrongKindOfFile(FileError, Unsupported):
    """Neither PDF nor PNG nor JPEG, by its content."""


class TooManyFiles(TooMany):
    """The day's files or the space of the customer are used up."""


class NoSpaceLeft(Unaffordable):
    """All files of the customer together would be larger than the quota."""

    code = "no_space"

    def __init__(self) -> None:
        super().__init__(_("Your files together are too large. Please write to our support."))


class UnderReview(Conflict):
    """Somebody decides right now: nothing may be added."""

    code = "under_review"

    def __init__(self) -> None:
        super().__init__(_("Your documents are being decided right now. Wait for the answer before you send more."))


class FinallyRefused(Conflict):
    """The last refusal said that trying again does not help."""

    code = "final"

    def __init__(self) -> None:
        super().__init__(_("Your documents were refused for good. Please write to our support."))


class Incomplete(Invalid):
    """The case cannot be sent yet; ``fields`` names what is missing: details by name, documents as ``file_<kind>``."""

    code = "incomplete"

    def __init__(self, fields: Mapping[str, Sequence[Text]]) -> None:
        super().__init__(_("Something is still missing."), fields=fields)
