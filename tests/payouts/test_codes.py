"""The code of a transfer: what it is bound to, how often it may be wrong or sent; used once in any race."""

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import ApiUser, AuditEntry, Client
from config.lib.clock import now
from config.lib.errors import ServiceError
from notifications.models import Mail, Sms
from payouts.errors import (
    CodeExpired,
    CodeTooSoon,
    NoResendsLeft,
    NotEnoughMoney,
    NotPending,
    PayoutBlocked,
    TriesUsedUp,
    WrongCode,
)
from payouts.models import BlockedReceiver, Payout, TransferCode
from payouts.models.states import Reason, State
from payouts.selectors.transfers import code_of
from payouts.services import codes, transfers
from tests.accounts import cast
from tests.payments.test_races import at_once
from tests.payouts.house import ACCOUNT, balance, code_in_mail, fund, program, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rail(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way is open; nobody sends anything."""
    settings.PAYOUT_RAIL_URL = "http://127.0.0.1:9/rail/v1"
    settings.SANDBOX_RAIL_URL = "http://127.0.0.1:9"
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


@pytest.fixture
def client() -> Client:
    company = cast.company()
    fund(company)
    fund(company, is_sandbox=True)
    return company


@pytest.fixture
def bot(client: Client) -> ApiUser:
    return cast.api_user(client)


def asked(bot: ApiUser, amount: str = "250", *, is_sandbox: bool = False) -> Payout:
    return transfers.initiate(actor=program(bot, is_sandbox=is_sandbox), account_number=ACCOUNT, amount=Decimal(amount))


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def wrong(bot: ApiUser, payout: Payout) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        transfers.authorise(actor=program(bot), payout=payout, code=other_than(code_in_mail(payout)))
    return caught.value


def later(payout: Payout, seconds: float) -> None:
    """As if the code had been sent so many seconds earlier."""
    code, gap = TransferCode.objects.get(payout=payout), timedelta(seconds=seconds)
    TransferCode.objects.filter(pk=code.pk).update(sent_at=code.sent_at - gap, expires_at=code.expires_at - gap)


def test_the_right_code_lets_it_go(client: Client, bot: ApiUser) -> None:
    payout = asked(bot)
    assert (payout.state, balance(client)) == (State.PENDING, Decimal(100_000))
    transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))
    payout.refresh_from_db()
    assert (payout.state, payout.is_reserved) == (State.AUTHORIZED, True)
    assert balance(client) == Decimal(100_000) - payout.amount - payout.fee
    assert cast.last_entry().action == "payout.authorized"


def test_a_code_is_used_once(bot: ApiUser) -> None:
    payout = asked(bot)
    transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))
    with pytest.raises(NotPending):
        transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))


def test_nothing_of_a_code_is_kept(bot: ApiUser) -> None:
    payout = asked(bot)
    code, digits = TransferCode.objects.get(payout=payout), code_in_mail(payout)
    assert re.fullmatch("[0-9]{6}", digits)
    assert re.fullmatch("[0-9a-f]{64}", code.digest)
    assert digits not in str(Sms.objects.values())
    assert digits not in str(AuditEntry.objects.values())
    assert all(digits not in mail.subject for mail in Mail.objects.all())


def test_the_same_digits_do_not_open_another_payment(bot: ApiUser) -> None:
    first, second = asked(bot), asked(bot, "251")
    digests = {codes._digest(payout, "123456") for payout in (first, second)}
    assert len(digests) == 2
    first.amount += 1
    assert codes._digest(first, "123456") not in digests
    first.amount -= 1
    first.receiver = "003001014892010185"
    assert codes._digest(first, "123456") not in digests


def test_codes_are_drawn_anew(bot: ApiUser, settings: Any) -> None:
    settings.PAYOUT_RULES = {**settings.PAYOUT_RULES, "velocity": 1000}
    assert len({code_in_mail(asked(bot)) for _ in range(8)}) > 5


def test_it_goes_by_sms_and_mail_to_whoever_asked(bot: ApiUser) -> None:
    payout = asked(bot)
    mail = Mail.objects.get()
    assert mail.recipients == [bot.developer_email]
    assert "SLE 250.00" in mail.subject
    message = Sms.objects.get()
    assert message.subject == f"payout:{payout.public_id}"
    picture = code_of(payout)
    assert picture
    assert [one["by"] for one in picture.sent_to] == ["sms", "mail"]
    assert bot.developer_email not in str(picture.sent_to)
    assert bot.developer_phone_number not in str(picture.sent_to)


def test_a_person_is_written_to_by_mail(client: Client) -> None:
    boss = cast.person("fatu", "PortalAdmin", client=client).user
    payout = transfers.initiate(actor=somebody(boss), account_number=ACCOUNT, amount=Decimal(250))
    assert Mail.objects.get().recipients == [boss.email]
    assert not Sms.objects.exists()
    assert code_in_mail(payout)


def test_a_person_who_named_a_phone_gets_an_sms_too(client: Client) -> None:
    boss = cast.person("fatu", "PortalAdmin", client=client)
    boss.phone_number = "+23277000001"
    boss.save()
    transfers.initiate(actor=somebody(boss.user), account_number=ACCOUNT, amount=Decimal(250))
    assert Sms.objects.get().recipient == "+23277000001"
    assert Mail.objects.get().recipients == [boss.user.email]


def test_a_colleague_gets_no_code_of_mine_and_may_still_enter_it(client: Client, bot: ApiUser) -> None:
    payout = asked(bot)
    later(payout, 61)
    second = cast.api_user(client, "Second")
    transfers.resend(actor=program(second), payout=payout)
    assert [mail.recipients for mail in Mail.objects.all()] == [[bot.developer_email]] * 2
    transfers.authorise(actor=program(second), payout=payout, code=code_in_mail(payout))


def test_the_fifth_wrong_code_ends_it(client: Client, bot: ApiUser) -> None:
    payout = asked(bot)
    left = []
    for _ in range(4):
        refusal = wrong(bot, payout)
        assert isinstance(refusal, WrongCode)
        left.append(refusal.tries_left)
    assert left == [4, 3, 2, 1]
    assert isinstance(wrong(bot, payout), TriesUsedUp)
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == (State.FAILED, Reason.WRONG_CODE)
    with pytest.raises(NotPending):
        transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))
    assert balance(client) == Decimal(100_000)


def test_asking_again_buys_no_tries(bot: ApiUser) -> None:
    payout = asked(bot)
    for _ in range(3):
        wrong(bot, payout)
    later(payout, 61)
    transfers.resend(actor=program(bot), payout=payout)
    assert isinstance(wrong(bot, payout), WrongCode)
    assert isinstance(wrong(bot, payout), TriesUsedUp)


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 345", "\x00" * 6], ids=repr)
def test_whatever_is_no_code_is_wrong(bot: ApiUser, given: str) -> None:
    payout = asked(bot)
    with pytest.raises(WrongCode):
        transfers.authorise(actor=program(bot), payout=payout, code=given)


def test_a_code_is_good_for_five_minutes(bot: ApiUser) -> None:
    payout = asked(bot)
    later(payout, 301)
    for code in (code_in_mail(payout), other_than(code_in_mail(payout))):
        with pytest.raises(CodeExpired):
            transfers.authorise(actor=program(bot), payout=payout, code=code)
    assert TransferCode.objects.get(payout=payout).wrong_tries == 0
    transfers.resend(actor=program(bot), payout=payout)
    transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))


def test_a_new_code_is_the_only_one(bot: ApiUser) -> None:
    payout = asked(bot)
    old = code_in_mail(payout)
    later(payout, 61)
    transfers.resend(actor=program(bot), payout=payout)
    new = code_in_mail(payout)
    if old != new:
        with pytest.raises(WrongCode):
            transfers.authorise(actor=program(bot), payout=payout, code=old)
    transfers.authorise(actor=program(bot), payout=payout, code=new)


def test_three_more_codes_a_minute_apart(bot: ApiUser) -> None:
    payout = asked(bot)
    for left in (2, 1, 0):
        with pytest.raises(CodeTooSoon) as caught:
            transfers.resend(actor=program(bot), payout=payout)
        assert 0 < caught.value.retry_after <= 60
        later(payout, 61)
        transfers.resend(actor=program(bot), payout=payout)
        picture = code_of(payout)
        assert picture
        assert picture.resends_left == left
    later(payout, 61)
    with pytest.raises(NoResendsLeft):
        transfers.resend(actor=program(bot), payout=payout)
    assert Mail.objects.count() == 4


def test_a_transfer_waits_for_half_an_hour(bot: ApiUser) -> None:
    payout = asked(bot)
    assert payout.expires_at is not None
    Payout.objects.filter(pk=payout.pk).update(expires_at=now() - timedelta(seconds=1))
    for act in (transfers.resend, transfers.cancel):
        with pytest.raises(NotPending):
            act(actor=program(bot), payout=payout)
    with pytest.raises(NotPending):
        transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == (State.EXPIRED, Reason.CODE_TOO_LATE)


def test_a_code_ends_with_its_transfer(bot: ApiUser, settings: Any) -> None:
    settings.PAYOUT_PENDING_MINUTES = 1
    payout = asked(bot)
    assert TransferCode.objects.get(payout=payout).expires_at == payout.expires_at


def test_without_money_the_code_stays_good(client: Client, bot: ApiUser) -> None:
    poor = cast.company("Poor")
    theirs = cast.api_user(poor, "Poorbot")
    payout, mine = asked(theirs), program(theirs)
    with pytest.raises(NotEnoughMoney):
        transfers.authorise(actor=mine, payout=payout, code=code_in_mail(payout))
    assert TransferCode.objects.get(payout=payout).used_at is None
    fund(poor)
    transfers.authorise(actor=mine, payout=payout, code=code_in_mail(payout))


def test_a_receiver_blocked_meanwhile_gets_nothing(client: Client, bot: ApiUser) -> None:
    payout = asked(bot)
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="stolen")
    with pytest.raises(PayoutBlocked):
        transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))
    payout.refresh_from_db()
    assert (payout.state, payout.is_flagged, balance(client)) == (State.REJECTED, True, Decimal(100_000))


def test_play_money_needs_no_phone(client: Client, bot: ApiUser) -> None:
    payout = asked(bot, is_sandbox=True)
    assert not Mail.objects.exists()
    assert Sms.objects.get().is_sandbox
    transfers.authorise(actor=program(bot, is_sandbox=True), payout=payout, code="123456")
    assert balance(client) == Decimal(100_000) > balance(client, is_sandbox=True)


def _outcome(bot: ApiUser, payout: Payout, code: str) -> str:
    try:
        transfers.authorise(actor=program(bot), payout=payout, code=code)
    except ServiceError as error:
        return type(error).__name__
    return "gone"


@pytest.mark.django_db(transaction=True)
def test_one_of_many_uses_the_code(client: Client, bot: ApiUser) -> None:
    payout = asked(bot)
    code = code_in_mail(payout)
    ended = Counter(at_once(*[lambda: _outcome(bot, payout, code)] * 6))
    assert ended == {"gone": 1, "NotPending": 5}
    assert balance(client) == Decimal(100_000) - payout.total


@pytest.mark.django_db(transaction=True)
def test_guesses_side_by_side_are_all_counted(client: Client, bot: ApiUser) -> None:
    payout = asked(bot)
    guess = other_than(code_in_mail(payout))
    ended = Counter(at_once(*[lambda: _outcome(bot, payout, guess)] * 8))
    assert ended == {"WrongCode": 4, "TriesUsedUp": 1, "NotPending": 3}


@pytest.mark.django_db(transaction=True)
def test_two_that_each_fit_under_a_limit_do_not_pass_it_together(client: Client, bot: ApiUser, settings: Any) -> None:
    settings.PAYOUT_RULES = {**settings.PAYOUT_RULES, "daily_limit": 300}

    def ask() -> str:
        try:
            asked(bot, "200")
        except PayoutBlocked:
            return "blocked"
        return "asked"

    assert Counter(at_once(*[ask] * 4)) == {"asked": 1, "blocked": 3}
