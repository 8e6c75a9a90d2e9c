"""Refusals that only our pages meet: reviews, cases, reconciliation, rules. A program does not see them."""

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import CHANGED, FIX, LOOKED, NO, NOBODY, PERSON, READ, YOURS, Group
from config.guides.knowledge.words import Refusal as R

_SECOND = _("A second person decides.")

DESK = Group(
    "pages",
    _("Only on our pages"),
    (
        R("lead_needed", _("Two reviewers disagreed."), NOBODY, NO, _("A lead decides.")),
        R("claimed", _("Another reviewer works on the case."), NOBODY, LOOKED, READ),
        R("claim_lapsed", _("The reviewer's time with the case is over."), NOBODY, LOOKED, READ),
        R("stale", _("The case has changed since it was opened."), NOBODY, LOOKED, READ),
        R("second_reviewer_needed", _("The same person would be first and second reviewer."), YOURS, NO, _SECOND),
        R("no_notes", _("No address or secret for the supplier's notes is set."), YOURS, CHANGED, PERSON),
        R("already_blocked", _("These words are in the list already."), NOBODY, NO, READ),
        R("not_in_doubt", _("Only what nobody answered for twelve hours is closed by hand."), YOURS, LOOKED, READ),
        R("case_refused", _("This cannot be done about the case."), YOURS, NO, READ),
        R("case_moved", _("Somebody has changed the case meanwhile."), NOBODY, LOOKED, READ),
        R("same_person", _("Whoever proposed it does not approve it."), YOURS, NO, _SECOND),
        R("above_limit", _("Above a limit somebody else approves."), YOURS, NO, _SECOND),
        R("money_gone", _("The wallet does not hold what is to be taken out of it."), NOBODY, NO, READ),
        R("wallet_closed", _("The wallet is blocked, so nothing moved."), NOBODY, LOOKED, READ),
        R("action", _("It does not fit where the money is now."), YOURS, LOOKED, READ, (409,)),
        R("whole", _("Money in suspense is moved as a whole."), YOURS, CHANGED, FIX, (409,)),
        R("customer", _("It is not said whose wallet it is."), YOURS, CHANGED, FIX, (409,)),
        R("sandbox", _("Real money does not go to a sandbox customer."), YOURS, NO, FIX, (409,)),
        R("note", _("The reason is missing."), YOURS, CHANGED, FIX, (409,)),
        R("own_wallet", _("Nobody decides about money for their own wallet."), YOURS, NO, _SECOND, (409,)),
        R("not_applicable", _("This message is not carried out again."), NOBODY, NO, READ),
        R("file_refused", _("A file, or a way to read it, that makes no sense."), YOURS, CHANGED, FIX),
        R("file_known", _("This very file was uploaded before."), YOURS, NO, READ),
        R("file_taken", _("This file was taken in already."), NOBODY, NO, READ),
        R("already_there", _("This is on the list already."), NOBODY, NO, READ),
        R("last_rule", _("What everybody pays can be changed, not taken away."), YOURS, CHANGED, READ),
    ),
)
