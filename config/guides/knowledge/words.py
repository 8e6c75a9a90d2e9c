"""What a row about a refusal is made of, and the sentences that many rows share."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Refusal:
    """One code: what it means, whose side it is on, whether the same call may be made again, and what to do.

    ``statuses`` are those of the classes that carry the code; written here only where the code is given in a call.
    """

    code: str
    meaning: Text
    side: Text
    again: Text
    next: Text
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True)
class Group:
    """Codes about one subject; ``slug`` is its place on the page."""

    slug: str
    title: Text
    rows: tuple[Refusal, ...]


# Whose side it is on.
YOURS = _("Yours")
OURS = _("Ours")
SUPPLIER = _("The supplier's")
BANK = _("The bank's, the operator's or the processor's")
PAYER = _("The payer's")
NOBODY = _("Nobody's: somebody else was quicker")

# Whether the same call may be made again.
NO = _("No")
CHANGED = _("After changing it")
LATER = _("Yes, later")
WAIT = _("After Retry-After")
SAME_KEY = _("Yes, with the same Idempotency-Key")
ALLOWED = _("When you are allowed to")
FUNDED = _("When there is enough money")
LOOKED = _("After looking at its state")

# What to do next.
FIX = _("Put right what errors names, then send it again.")
READ = _("Read the object again and go by the state it is in.")
PAUSE = _(
    "Wait as many seconds as Retry-After says. A program that waits for twice as long each time is never locked out."
)
FUND = _("Top up, then make the call again. Nothing was charged.")
TELL_US = _("Write to us with the traceId of the answer.")
ASK_RIGHT = _("Ask the administrator of your client for the permission that the reference names for this call.")
OTHER_OFFER = _("Read the list again and take another offer. Nothing was charged.")
ANEW = _("Begin anew, with a new Idempotency-Key.")
PERSON = _("A person has to do this on our pages; a program cannot.")
AGAIN_SOON = _("Make the call again in a minute. Calls that move money: with the same Idempotency-Key.")
FILE = _("Send another file.")
EITHER = _("Nothing: what you wanted is done, or cannot be done any more.")
