"""A transfer as its page shows it: the stage it is at, how often to look again, where the money is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.money import format_money
from notifications.models import Sms
from payouts import wire
from payouts.fraud import BLOCK, RULE_WORDS
from payouts.models import Payout
from payouts.models.states import IN_FLIGHT, Kind, Reason, State
from payouts.routing import Routes
from payouts.selectors import balances, stories
from payouts.selectors.stories import Event
from payouts.selectors.transfers import BETWEEN_CODES, CodePicture, code_of
from payouts.services.receivers import names_fit

STEPS = (gettext_lazy("Receiver and amount"), gettext_lazy("Check and code"), gettext_lazy("Paid"))
CODE, WAY, DOUBT, PAID, RETURNED, UNPAID = "code", "way", "doubt", "paid", "returned", "unpaid"
# Seconds between two looks at what will change by itself.
_PACE = {WAY: 2, DOUBT: 5}
_PACE_OF_SMS = 4


@dataclass(frozen=True)
class Hint:
    """What a rule against fraud said, in words."""

    title: str | Promise
    detail: str
    is_block: bool


@dataclass(frozen=True)
class Picture:
    stage: str
    every: int
    version: str
    # Where its step stands in STEPS, from 1.
    step: int
    place: str
    code: CodePicture | None
    code_sent_at: datetime | None
    # The SMS with the last code: whether it has reached the phone.
    sms: Sms | None
    fits: bool | None
    # The balance as it is, and as it would be once this is paid.
    available: Decimal
    after: Decimal
    # Of an end without a payment: what happened, whose side, where the money is, what comes next.
    title: str
    side: str
    money: str
    next: str
    # The same payment again, as a form.
    again: str
    flags: list[Hint]
    events: list[Event]


def stage_of(payout: Payout) -> str:
    """What a reader thinks of as its state."""
    if payout.state == State.PENDING:
        return UNPAID if wire.is_overdue(payout) else CODE
    if payout.state in IN_FLIGHT:
        return DOUBT if payout.state == State.IN_DOUBT else WAY
    return {State.COMPLETED: PAID, State.RETURNED: RETURNED}.get(State(payout.state), UNPAID)


def of(payout: Payout, *, for_staff: bool = False) -> Picture:
    stage, code = stage_of(payout), code_of(payout)
    sms = _sms_of(payout, code)
    available = balances.available(payout.client, currency=payout.currency, is_sandbox=payout.is_sandbox)
    money, what_next = _words(payout, stage)
    return Picture(
        stage=stage,
        every=_PACE_OF_SMS if _is_awaited(sms, code) else _PACE.get(stage, 0),
        version=_version(payout, code, sms),
        step={CODE: 2, PAID: 4}.get(stage, 3),
        place=Routes().name_of(payout.receiver_code),
        code=code,
        code_sent_at=code.next_at - BETWEEN_CODES if code else None,
        sms=sms,
        fits=names_fit(payout.receiver_name, payout.holder_name),
        available=available,
        after=available - payout.total,
        title=_title(payout, stage),
        side=_side(payout),
        money=money,
        next=what_next,
        again=f"{reverse('company:transfer_new')}?{_said_again(payout)}",
        flags=[_warning(flag) for flag in payout.flags],
        events=stories.events_of(payout, for_staff=for_staff),
    )


def version_of(payout: Payout) -> str:
    """Changes with whatever the page shows."""
    code = code_of(payout)
    return _version(payout, code, _sms_of(payout, code))


def _version(payout: Payout, code: CodePicture | None, sms: Sms | None) -> str:
    about_code = f"{code.resends_left}{code.tries_left}{code.is_expired:d}" if code else ""
    return f"{payout.version}{stage_of(payout)}{payout.attempts}{about_code}{sms.state if sms else ''}"


def _sms_of(payout: Payout, code: CodePicture | None) -> Sms | None:
    if code is None or not any(one["by"] == "sms" for one in code.sent_to):
        return None
    return Sms.objects.filter(subject=payout.subject).order_by("-id").first()


def _is_awaited(sms: Sms | None, code: CodePicture | None) -> bool:
    return sms is not None and sms.is_open and code is not None and not code.is_expired


def _warning(flag: dict[str, str]) -> Hint:
    rule = flag.get("rule", "")
    return Hint(RULE_WORDS.get(rule, rule), flag.get("detail", ""), flag.get("severity") == BLOCK)


def _words(payout: Payout, stage: str) -> tuple[str, str]:
    """Where the money is, and what happens next."""
    total = format_money(payout.total, payout.currency)
    amount = format_money(payout.amount, payout.currency)
    if stage == DOUBT:
        held = _("%(total)s are set aside, in nobody's hands yet.") % {"total": total}
        return held, _("We ask until it is clear. Nothing is sent a second time meanwhile.")
    if stage == RETURNED:
        back = _("%(amount)s are back in your balance. The fee stays with us: the payment was made.")
        return back % {"amount": amount}, _("Ask the receiver which account is right, and pay again.")
    if payout.authorized_at:
        return _("%(total)s are back in your balance.") % {"total": total}, _next(payout)
    return _("Nothing was taken from your balance."), _next(payout)


def _next(payout: Payout) -> str:
    if payout.state == State.REJECTED:
        return _("It stays stopped. Talk to us if you think that this is wrong.")
    return _("Nothing happens by itself. You can make the payment anew.")


def _title(payout: Payout, stage: str) -> str:
    if stage == RETURNED:
        return _("The money came back")
    if payout.state in (State.PENDING, State.EXPIRED):
        return _("Its time is over")
    return str(payout.get_reason_display() or payout.get_state_display().capitalize())


_YOURS = {Reason.NO_ACCOUNT, Reason.ACCOUNT_CLOSED, Reason.NAME_MISMATCH, Reason.WRONG_CODE, Reason.CODE_TOO_LATE}


def _side(payout: Payout) -> str:
    """Whose side it failed on, as the failure card wants it."""
    if payout.reason in _YOURS | {Reason.CANCELLED} or wire.is_overdue(payout):
        return "yours"
    if payout.reason in (Reason.NO_RAIL, Reason.SETTLED_BY_STAFF):
        return "ours"
    if payout.reason == Reason.BLOCKED:
        return _("A rule that keeps your money safe.")
    return "bank" if payout.kind == Kind.BANK else _("The operator's.")


def _said_again(payout: Payout) -> str:
    said = {"destination": payout.receiver, "receiver_name": payout.receiver_name, "amount": f"{payout.amount:.2f}"}
    return urlencode(said)
