"""Transfers through their service: what is stored, what is refused, what is called off, and calls that pay many."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import BadField, NoClient
from accounts.models import ApiUser, Client
from config.lib.clock import now
from config.lib.errors import Invalid
from notifications.models import Mail
from payouts.errors import BadDestination, NoRail, NotEnoughMoney, NotFound, NotPending, PayoutBlocked
from payouts.models import Bank, Batch, BlockedReceiver, FeeRule, Payout, Telco
from payouts.models.states import Kind, Problem, Reason, Source, State
from payouts.selectors.transfers import code_of, seen, with_status
from payouts.services import calls, transfers
from payouts.services.calls import ClientAsleep, Entry
from payouts.wire import EXPIRED, PENDING, states_of, wire_status
from tests.accounts import cast
from tests.payouts.house import ACCOUNT, NUMBER, balance, code_in_mail, fund, payment, program, somebody
from wallets import proof

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
    return company


@pytest.fixture
def bot(client: Client) -> ApiUser:
    return cast.api_user(client)


@pytest.fixture
def other() -> Client:
    return cast.company("Other")


def asked(bot: ApiUser, **given: Any) -> Payout:
    given = {"account_number": ACCOUNT, "amount": Decimal(250), **given}
    return transfers.initiate(actor=program(bot), **given)


def let_go(bot: ApiUser, payout: Payout) -> Payout:
    return transfers.authorise(actor=program(bot), payout=payout, code=code_in_mail(payout))


# --- asked for ----------------------------------------------------------------------------------------------------


def test_what_was_asked_for_is_stored(client: Client, bot: ApiUser) -> None:
    payout = asked(
        bot, account_number=" 0030-0101 4892010184 ", narration="  Rent   for June ", receiver_name="A. Sesay"
    )
    payout.refresh_from_db()
    assert (payout.client, payout.api_user, payout.source) == (client, bot, Source.TRANSFER)
    assert (payout.kind, payout.receiver, payout.receiver_code) == (Kind.BANK, ACCOUNT, "003")
    assert (payout.amount, payout.fee, payout.currency) == (Decimal(250), Decimal("2.50"), "SLE")
    assert (payout.narration, payout.receiver_name) == ("Rent for June", "A. Sesay")
    assert payout.state == State.PENDING
    assert payout.expires_at == payout.due_at == payout.created_at + timedelta(minutes=30)
    assert payout.reference.startswith(f"TP{now():%Y%m%d}")
    assert len(payout.reference) == 20
    assert balance(client) == Decimal(100_000)
    assert cast.last_entry().action == "payout.asked"


@pytest.mark.parametrize(
    "typed", ["+232 76 123456", "0023276123456", "23276123456", "076-123-456", "76123456"], ids=str
)
def test_a_phone_number_is_mobile_money(bot: ApiUser, typed: str) -> None:
    payout = asked(bot, account_number="", phone=typed)
    assert (payout.kind, payout.receiver, payout.receiver_code) == (Kind.MOBILE, NUMBER, "076")
    assert payout.narration == f"Transfer to {NUMBER}"


def test_the_fee_is_the_clients_own_rule(client: Client, bot: ApiUser) -> None:
    FeeRule.objects.create(client=client, kind=Kind.BANK, percent=Decimal(1), maximum=Decimal(2))
    assert asked(bot).fee == Decimal(2)
    assert asked(bot, amount=Decimal("33.33")).fee == Decimal("0.33")


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        ({"account_number": "99900"}, "account_number", Problem.UNKNOWN_BANK),
        ({"account_number": "00"}, "account_number", Problem.BAD_DESTINATION),
        ({"account_number": ""}, "account_number", Problem.NO_DESTINATION),
        ({"account_number": "003x"}, "account_number", Problem.BAD_DESTINATION),
        ({"account_number": "٠٠٣001"}, "account_number", Problem.BAD_DESTINATION),
        ({"account_number": "0" * 35}, "account_number", Problem.BAD_DESTINATION),
        ({"account_number": "", "phone": "+44 7700 900123"}, "phone", Problem.BAD_DESTINATION),
        ({"account_number": "", "phone": "066123456"}, "phone", Problem.UNKNOWN_OPERATOR),
    ],
    ids=str,
)
def test_what_is_no_destination_is_refused(bot: ApiUser, given: dict[str, str], field: str, problem: Problem) -> None:
    with pytest.raises(BadDestination) as caught:
        asked(bot, **given)
    assert (caught.value.problem, list(caught.value.fields)) == (problem, [field])
    assert not Payout.objects.exists()


@pytest.mark.parametrize(
    "amount", ["0", "-1", "0.001", "10.005", "NaN", "Infinity", "1E+17", "12345678901234567"], ids=str
)
def test_what_is_no_amount_is_refused(bot: ApiUser, amount: str) -> None:
    with pytest.raises(BadField) as caught:
        asked(bot, amount=Decimal(amount))
    assert list(caught.value.fields) == ["amount"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"narration": "x" * 201}, "narration"),
        ({"narration": "see https://evil.example"}, "narration"),
        ({"receiver_name": "x" * 121}, "receiver_name"),
        ({"receiver_name": "A\u202eB"}, "receiver_name"),
    ],
    ids=str,
)
def test_texts_are_one_plain_line(bot: ApiUser, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        asked(bot, **given)
    assert list(caught.value.fields) == [field]


def test_closed_banks_and_operators_are_not_paid_to(bot: ApiUser) -> None:
    Bank.objects.filter(code="003").update(is_active=False)
    Telco.objects.filter(code="76").update(is_active=False)
    for given in ({"account_number": ACCOUNT}, {"account_number": "", "phone": NUMBER}):
        with pytest.raises(BadDestination) as caught:
            asked(bot, **given)
        assert caught.value.problem == Problem.BANK_CLOSED


def test_without_a_rail_nothing_is_begun(bot: ApiUser, settings: Any) -> None:
    payout = asked(bot)
    settings.PAYOUT_RAIL_URL = ""
    with pytest.raises(NoRail):
        asked(bot)
    with pytest.raises(NoRail):
        let_go(bot, payout)
    settings.PAYOUT_RAIL_URL = "http://127.0.0.1:9/rail/v1"
    let_go(bot, payout)


def test_staff_of_the_gateway_pay_for_nobody(staff_user: Any, bot: ApiUser) -> None:
    payout = asked(bot)
    citra = somebody(staff_user)
    with pytest.raises(NoClient):
        transfers.initiate(actor=citra, account_number=ACCOUNT, amount=Decimal(1))
    with pytest.raises(NoClient):
        transfers.cancel(actor=citra, payout=payout)
    assert payout in seen(citra)


def test_a_blocked_one_is_kept_and_gets_no_code(client: Client, bot: ApiUser) -> None:
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="stolen")
    with pytest.raises(PayoutBlocked) as caught:
        asked(bot)
    kept = Payout.objects.get()
    assert caught.value.payout == kept
    assert (kept.state, kept.reason, kept.is_flagged) == (State.REJECTED, Reason.BLOCKED, True)
    assert [flag["rule"] for flag in kept.flags] == ["Blocklist"]
    assert (code_of(kept), Mail.objects.count()) == (None, 0)
    assert cast.last_entry().action == "payout.blocked"


def test_a_reviewed_one_goes_on(bot: ApiUser) -> None:
    payout = asked(bot, amount=Decimal(12_000))
    assert payout.is_flagged
    assert {flag["rule"] for flag in payout.flags} == {"LargeAmount", "NewReceiverLarge"}
    assert let_go(bot, payout).state == State.AUTHORIZED


def test_a_stranger_finds_nothing(bot: ApiUser, other: Client) -> None:
    payout, stranger = asked(bot), program(cast.api_user(other, "Stranger"))
    assert not seen(stranger).exists()
    for act in (transfers.resend, transfers.cancel):
        with pytest.raises(NotFound):
            act(actor=stranger, payout=payout)
    with pytest.raises(NotFound):
        transfers.authorise(actor=stranger, payout=payout, code=code_in_mail(payout))
    play = program(bot, is_sandbox=True)
    assert not seen(play).exists()
    with pytest.raises(NotFound):
        transfers.authorise(actor=play, payout=payout, code="123456")


# --- called off ---------------------------------------------------------------------------------------------------


def test_one_that_waits_is_called_off(client: Client, bot: ApiUser) -> None:
    payout = transfers.cancel(actor=program(bot), payout=asked(bot))
    payout.refresh_from_db()
    assert (payout.state, wire_status(payout)) == (State.CANCELLED, "Failed")
    with pytest.raises(NotPending):
        transfers.cancel(actor=program(bot), payout=payout)


def test_one_that_has_its_code_is_called_off_until_it_is_sent(client: Client, bot: ApiUser) -> None:
    first, second = let_go(bot, asked(bot)), let_go(bot, asked(bot))
    assert balance(client) == Decimal(100_000) - first.total - second.total
    assert transfers.cancel(actor=program(bot), payout=first).state == State.CANCELLED
    Payout.objects.filter(pk=second.pk).update(state=State.SENDING, sent_at=now())
    with pytest.raises(NotPending):
        transfers.cancel(actor=program(bot), payout=second)
    assert balance(client) == Decimal(100_000) - second.total
    assert proof.run().problems == []


def test_one_of_many_is_called_off_and_knows_no_code(client: Client, bot: ApiUser) -> None:
    first, second = calls.bulk_mobile(actor=program(bot), entries=[Entry(Decimal(10), "", NUMBER)] * 2)
    for act, given in ((transfers.authorise, {"code": "123456"}), (transfers.resend, {})):
        with pytest.raises(NotFound):
            act(actor=program(bot), payout=first, **given)
    assert transfers.cancel(actor=program(bot), payout=first).state == State.CANCELLED
    assert balance(client) == Decimal(100_000) - second.total
    batch = Batch.objects.create(reference="a", client=client, name="a", origin=Batch.Origin.API)
    with pytest.raises(NotFound):
        transfers.cancel(actor=program(bot), payout=payment(client, batch=batch, source=Source.BATCH))


def test_what_waits_in_vain_is_expired_when_it_is_read(bot: ApiUser) -> None:
    old, fresh = asked(bot), asked(bot, amount=Decimal(300))
    Payout.objects.filter(pk=old.pk).update(expires_at=now() - timedelta(seconds=1))
    old.refresh_from_db()
    assert (old.state, wire_status(old), wire_status(fresh)) == (State.PENDING, EXPIRED, PENDING)
    mine = seen(program(bot))
    assert list(with_status(mine, states_of(PENDING))) == [fresh]
    assert list(with_status(mine, states_of(EXPIRED))) == [old]


# --- many at once -------------------------------------------------------------------------------------------------


def test_many_numbers_are_paid_in_one_call(client: Client, bot: ApiUser) -> None:
    BlockedReceiver.objects.create(receiver="077000001", why="stolen")
    entries = [
        Entry(Decimal(100), "", "+23276123456"),
        Entry(Decimal(50), "x", "077000001"),
        Entry(Decimal(10), "y", "31000001"),
    ]
    payouts = calls.bulk_mobile(actor=program(bot), entries=entries)
    assert [payout.state for payout in payouts] == [State.AUTHORIZED, State.REJECTED, State.AUTHORIZED]
    assert [payout.narration for payout in payouts] == ["Mobile payout to 076123456", "x", "y"]
    assert len({payout.batch_reference for payout in payouts}) == 1
    assert [payout.pk for payout in payouts] == sorted(payout.pk for payout in payouts)
    assert balance(client) == Decimal(100_000) - payouts[0].total - payouts[2].total
    assert not Mail.objects.exists()
    assert cast.last_entry().after == {"rows": 3, "rejected": 1, "amount": "110"}
    assert proof.run().problems == []


def test_everything_wrong_is_told_and_nothing_is_paid(client: Client, bot: ApiUser) -> None:
    entries = [
        Entry(Decimal(1), "", "076123456"),
        Entry(Decimal("1.001"), "", "076123456"),
        Entry(Decimal(1), "", "12"),
    ]
    entries.append(Entry(Decimal(1), "x" * 201, "076123456"))
    with pytest.raises(Invalid) as caught:
        calls.bulk_mobile(actor=program(bot), entries=entries)
    assert list(caught.value.fields) == ["payments[1].amount", "payments[2].phone_number", "payments[3].narration"]
    assert (Payout.objects.count(), balance(client)) == (0, Decimal(100_000))


def test_a_call_that_costs_too_much_pays_nothing(client: Client, bot: ApiUser) -> None:
    entries = [Entry(Decimal(40_000), "", f"0761234{number}") for number in range(50, 53)]
    with pytest.raises(NotEnoughMoney):
        calls.bulk_mobile(actor=program(bot), entries=entries)
    assert (Payout.objects.count(), balance(client)) == (0, Decimal(100_000))


@pytest.mark.parametrize("count", [0, 501], ids=str)
def test_a_call_has_a_size(bot: ApiUser, count: int) -> None:
    with pytest.raises(BadField):
        calls.bulk_mobile(actor=program(bot), entries=[Entry(Decimal(1), "", NUMBER)] * count)


def test_another_client_is_paid_by_account_and_by_number(client: Client, bot: ApiUser, other: Client) -> None:
    entries = [Entry(Decimal(amount), f"for {amount}") for amount in (5, 5, 7)]
    by_account = calls.bulk_client_bank(
        actor=program(bot), destination_client=other.public_id, account_number=ACCOUNT, entries=entries
    )
    by_number = calls.bulk_client_mobile(
        actor=program(bot), destination_client=other.public_id, phone=NUMBER, entries=entries
    )
    assert {payout.destination_client for payout in (*by_account, *by_number)} == {other}
    assert {payout.state for payout in (*by_account, *by_number)} == {State.AUTHORIZED}
    assert {payout.source for payout in by_number} == {Source.CLIENT_MOBILE}
    assert [payout.narration for payout in by_account] == ["for 5", "for 5", "for 7"]
    assert not any(payout.is_flagged for payout in by_account)


def test_who_can_be_paid_as_a_client(client: Client, bot: ApiUser, other: Client) -> None:
    def pay(to: Any) -> None:
        calls.bulk_client_bank(
            actor=program(bot), destination_client=to, account_number=ACCOUNT, entries=[Entry(Decimal(1))]
        )

    for to, refusal in ((client.public_id, BadField), (uuid4(), NotFound)):
        with pytest.raises(refusal):
            pay(to)
    Client.objects.filter(pk=other.pk).update(status=Client.Status.DEACTIVATED)
    with pytest.raises(ClientAsleep):
        pay(other.public_id)


def test_a_thousand_cost_as_many_queries_as_one(bot: ApiUser, other: Client, settings: Any) -> None:
    settings.PAYOUT_RULES = {**settings.PAYOUT_RULES, "velocity": 100}

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as spent:
            calls.bulk_client_bank(
                actor=program(bot),
                destination_client=other.public_id,
                account_number=ACCOUNT,
                entries=[Entry(Decimal(1))] * count,
            )
        return len(spent)

    queries(1)
    assert queries(1000) <= queries(1) + 3
