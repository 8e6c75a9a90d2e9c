"""Every operation of OVO Tokenize, our client against the simulator over real HTTP, in JSON and in XML."""

import itertools
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from config.lib.clock import JAKARTA
from config.lib.errors import ProviderError
from payments.providers.faspay_ovo import adapter, incoming, signing
from tests.simulators import Simulator

PHONE, WIRE = "+6281382826301", "081382826301"
bills = itertools.count(1)


@pytest.fixture(params=["json", "xml"])
def ovo(request: pytest.FixtureRequest, faspay_sim: Simulator, settings: Any) -> Simulator:
    """The simulated OVO, emptied, and the settings that lead to it."""
    settings.FASPAY_OVO_BASE_URL = faspay_sim.url
    settings.FASPAY_OVO_USER_ID, settings.FASPAY_OVO_PASSWORD = "bot37020", "sandbox-ovo"
    settings.FASPAY_OVO_FORMAT, settings.FASPAY_OVO_XML_DIGITS = request.param, "42"
    settings.FASPAY_OVO_REDIRECT_HOSTS = ["webview.byte-stack.net", faspay_sim.url]
    settings.FASPAY_READ_TIMEOUT_SECONDS = 0.8
    return faspay_sim


@pytest.fixture
def linked(ovo: Simulator) -> Simulator:
    ovo.control("ovo/purse", phone=WIRE, link="linked", cash=150_000, points=20_000)
    return ovo


@pytest.fixture(autouse=True)
def _nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG, logger="payments")
    caplog.set_level(logging.DEBUG, logger="config")
    yield
    said = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    for secret in (WIRE, "81382826301", "eyJ0", "token=", "sandbox-ovo", "Ayu"):
        assert secret not in said
    assert signing.request_signature("bot37020", "sandbox-ovo", WIRE) not in said


def order(**changed: Any) -> adapter.OvoOrder:
    made = adapter.OvoOrder(
        bill_no=f"{next(bills):012d}",
        amount=Decimal(50_000),
        phone=PHONE,
        name="Ayu Lestari & <Co>",
        email="ayu@example.id",
        description="Top up",
    )
    return replace(made, **changed)


def misbehave(sim: Simulator, operation: str, mode: str, **more: Any) -> None:
    sim.control("ovo/misbehave", operation=operation, mode=mode, **more)


def payments(sim: Simulator) -> list[dict[str, Any]]:
    return list(sim.look("ovo/payments")["payments"])


def today() -> Any:
    return datetime.now(JAKARTA).date()


def outcome(call: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    for secret in (WIRE, "eyJ0", "sandbox-ovo"):
        assert secret not in str(caught.value)
    return caught.value


# -- activation


def test_an_account_is_linked_on_the_page_that_the_answer_names(ovo: Simulator) -> None:
    assert not adapter.is_linked(PHONE)
    activation = adapter.activate(phone=PHONE, name="Ayu Lestari")
    assert activation.status == "ALLOWED"
    assert "token=" in activation.redirect_url
    assert activation.redirect_url not in repr(activation)
    assert not adapter.is_linked(PHONE)
    page = requests.get(activation.redirect_url, timeout=5)
    assert "Link your account" in page.text
    done = requests.post(activation.redirect_url, data={"otp": "123456", "pin": "111111", "do": "confirm"}, timeout=5)
    assert "Done" in done.text
    assert adapter.is_linked(PHONE)


def test_a_number_without_ovo_is_refused(ovo: Simulator) -> None:
    ovo.control("ovo/purse", phone=WIRE, registered=False)
    with pytest.raises(adapter.Refused) as caught:
        adapter.activate(phone=PHONE, name="Ayu")
    assert (caught.value.code, caught.value.outcome_unknown, caught.value.retryable) == ("01", False, False)


ODD_BUT_MEANT = [
    "samples",
    "half_entities",
    "whole_entities",
    "bare_ampersand",
    "bad_declaration",
    "spaced_declaration",
    "no_declaration",
    "missing_brace",
    "broken_lines",
    "short_code",
    "numbers",
]


@pytest.mark.parametrize("mode", ODD_BUT_MEANT)
def test_every_malformation_of_the_samples_is_survived(linked: Simulator, mode: str) -> None:
    for operation in ("activate", "pay", "balance", "history", "topup", "unlink"):
        misbehave(linked, operation, mode)
    first = adapter.activate(phone=PHONE, name="Ayu").redirect_url
    assert requests.get(first, timeout=5).status_code == 200
    started = adapter.pay(order())
    assert "Confirm your payment" in requests.get(started.redirect_url, timeout=5).text
    assert started.trx_id == payments(linked)[0]["trx_id"]
    assert adapter.balance(PHONE) == adapter.Balance(Decimal(150_000), Decimal(20_000))
    assert adapter.history(PHONE, start=today(), end=today()).movements == ()
    assert len(adapter.topup_instructions(PHONE)) == 5
    adapter.unlink(PHONE)
    assert not adapter.is_linked(PHONE)


@pytest.mark.parametrize("mode", ["foreign_host", "plain_http", "no_url"])
def test_nobody_is_sent_to_a_page_that_is_not_on_the_list(linked: Simulator, mode: str) -> None:
    misbehave(linked, "*", mode, times=-1)
    with pytest.raises(adapter.WrongAnswer):
        adapter.activate(phone=PHONE, name="Ayu")
    with pytest.raises(adapter.WrongAnswer) as caught:
        adapter.pay(order())
    assert caught.value.outcome_unknown
    assert caught.value.trx_id == payments(linked)[0]["trx_id"]


def test_the_list_of_hosts_is_asked_every_time(linked: Simulator, settings: Any) -> None:
    settings.FASPAY_OVO_REDIRECT_HOSTS = []
    with pytest.raises(adapter.WrongAnswer):
        adapter.activate(phone=PHONE, name="Ayu")


# -- payment


@pytest.mark.parametrize(
    ("pay_type", "cash", "points"),
    [
        (adapter.PayType.CASH, 50_000, 0),
        (adapter.PayType.POINTS, 0, 50_000),
        (adapter.PayType.POINTS_FIRST, 30_000, 20_000),
    ],
)
def test_a_payment_is_confirmed_by_pin(linked: Simulator, pay_type: adapter.PayType, cash: int, points: int) -> None:
    if pay_type is adapter.PayType.POINTS:
        linked.control("ovo/purse", phone=WIRE, points=70_000)
    wanted = order(pay_type=pay_type)
    started = adapter.pay(wanted)
    assert started.status == "PENDING"
    assert started.started_at is not None
    assert started.bill_no == wanted.bill_no
    assert payments(linked)[0]["amount"] == 50_000
    requests.post(started.redirect_url, data={"pin": "111111", "do": "confirm"}, timeout=5)
    paid = payments(linked)[0]
    assert (paid["status"], paid["cash"], paid["points"]) == ("2", cash, points)


def test_points_alone_that_are_too_few_pay_nothing(linked: Simulator) -> None:
    started = adapter.pay(order(pay_type=adapter.PayType.POINTS))
    linked.control("ovo/finish", trx_id=started.trx_id, notify=False)
    assert payments(linked)[0]["status"] == "3"


def test_an_expired_token_is_renewed_on_a_page_and_a_new_attempt_is_made(linked: Simulator) -> None:
    linked.control("ovo/purse", phone=WIRE, link="expired")
    with pytest.raises(adapter.TokenExpired) as caught:
        adapter.pay(order())
    assert (caught.value.code, caught.value.outcome_unknown) == ("02", False)
    assert payments(linked) == []
    requests.post(caught.value.url, data={"pin": "111111", "do": "confirm"}, timeout=5)
    assert adapter.pay(order()).trx_id


def test_a_token_that_the_customer_cut_off_expires_again(linked: Simulator) -> None:
    linked.control("ovo/purse", phone=WIRE, link="broken")
    for _attempt in range(2):
        with pytest.raises(adapter.TokenExpired) as caught:
            adapter.pay(order())
        requests.post(caught.value.url, data={"pin": "111111", "do": "confirm"}, timeout=5)
    assert not adapter.is_linked(PHONE)


@pytest.mark.parametrize("mode", ["bare_ampersand", "half_entities", "broken_lines", "samples"])
def test_a_page_to_renew_survives_the_same_malformations(linked: Simulator, mode: str) -> None:
    linked.control("ovo/purse", phone=WIRE, link="expired")
    misbehave(linked, "pay", mode)
    with pytest.raises(adapter.TokenExpired) as caught:
        adapter.pay(order())
    assert requests.get(caught.value.url, timeout=5).status_code == 200


def test_a_page_to_renew_elsewhere_is_not_handed_on(linked: Simulator) -> None:
    linked.control("ovo/purse", phone=WIRE, link="expired")
    misbehave(linked, "pay", "foreign_host")
    with pytest.raises(adapter.TokenExpired) as caught:
        adapter.pay(order())
    assert caught.value.url == ""


@pytest.mark.parametrize("mode", ["wrong_amount", "wrong_bill"])
def test_an_answer_for_another_amount_or_bill_is_not_taken(linked: Simulator, mode: str) -> None:
    misbehave(linked, "pay", mode)
    with pytest.raises(adapter.WrongAnswer) as caught:
        adapter.pay(order())
    assert caught.value.outcome_unknown


def test_a_multiplier_that_is_not_theirs_is_noticed(linked: Simulator, settings: Any) -> None:
    settings.FASPAY_OVO_AMOUNT_MULTIPLIER = 1
    with pytest.raises(adapter.WrongAnswer):
        adapter.pay(order())


def test_one_bill_is_paid_once(linked: Simulator) -> None:
    wanted = order()
    adapter.pay(wanted)
    with pytest.raises(adapter.Refused):
        adapter.pay(wanted)


@pytest.mark.parametrize(
    "changed",
    [{"bill_no": "12a"}, {"bill_no": ""}, {"bill_no": "1" * 33}, {"amount": Decimal(0)}, {"amount": Decimal("0.001")}],
)
def test_an_order_that_cannot_be_is_not_sent(linked: Simulator, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        adapter.pay(order(**changed))
    assert payments(linked) == []


# -- balance, unlink, history, instructions


@pytest.mark.parametrize("mode", ["wrong_phone", "no_code", "unknown_code", "html", "empty", "truncated"])
def test_a_balance_that_cannot_be_read_says_nothing_about_the_link(linked: Simulator, mode: str) -> None:
    misbehave(linked, "balance", mode)
    assert outcome(lambda: adapter.is_linked(PHONE)).outcome_unknown
    assert adapter.is_linked(PHONE)


def test_a_link_is_given_up(linked: Simulator) -> None:
    adapter.unlink(PHONE)
    assert not adapter.is_linked(PHONE)
    with pytest.raises(adapter.Refused):
        adapter.unlink(PHONE)


def pay_some(sim: Simulator, count: int) -> list[str]:
    sim.control("ovo/purse", phone=WIRE, cash=1_000_000)
    made = []
    for _number in range(count):
        trx_id = adapter.pay(order(amount=Decimal(10_000), pay_type=adapter.PayType.POINTS_FIRST)).trx_id
        sim.control("ovo/finish", trx_id=trx_id, notify=False)
        made.append(trx_id)
    return made


def test_history_comes_page_by_page(linked: Simulator) -> None:
    made = pay_some(linked, 5)
    page = adapter.history(PHONE, start=today(), end=today(), limit=2)
    assert page.full
    assert len(page.movements) == 2
    assert page.refunds == ()
    found = list(adapter.whole_history(PHONE, start=today(), end=today(), limit=2))
    assert sorted(one.trx_id for one in found) == sorted(made)
    assert {one.amount for one in found} == {Decimal(10_000)}
    assert sum(one.points or 0 for one in found) == 20_000
    assert all(one.status == "SUCCESS" and one.paid_at for one in found)


def test_a_payment_is_found_in_the_history(linked: Simulator) -> None:
    made, waiting = pay_some(linked, 2), adapter.pay(order()).trx_id
    found = adapter.find_payment(PHONE, trx_id=made[0], start=today(), end=today())
    assert found is not None
    assert (found.amount, found.trx_id) == (Decimal(10_000), made[0])
    assert adapter.find_payment(PHONE, trx_id=waiting, start=today(), end=today()) is None


def test_a_history_that_repeats_one_page_ends(linked: Simulator) -> None:
    made = pay_some(linked, 3)
    linked.control("ovo/settings", ignore_pages=True)
    found = list(adapter.whole_history(PHONE, start=today(), end=today(), limit=2))
    assert [one.trx_id for one in found] == made[:0:-1]


def test_both_purses_of_one_payment_are_told_apart(linked: Simulator) -> None:
    started = adapter.pay(order(pay_type=adapter.PayType.POINTS_FIRST))
    linked.control("ovo/finish", trx_id=started.trx_id, notify=False)
    (found,) = adapter.history(PHONE, start=today(), end=today()).movements
    assert (found.cash, found.points, found.amount) == (Decimal(30_000), Decimal(20_000), Decimal(50_000))


@pytest.mark.parametrize("mode", ["empty_lists", "empty_arrays", "no_lists"])
def test_a_list_that_is_not_there_is_empty(linked: Simulator, mode: str) -> None:
    misbehave(linked, "*", mode, times=-1)
    assert adapter.history(PHONE, start=today(), end=today()).movements == ()
    assert adapter.topup_instructions(PHONE) == []


@pytest.mark.parametrize(("mode", "count"), [("arrays", 2), ("single_rows", 1)])
def test_a_list_may_be_an_array_or_one_row(linked: Simulator, mode: str, count: int) -> None:
    pay_some(linked, 2)
    misbehave(linked, "*", mode, times=-1)
    assert len(adapter.history(PHONE, start=today(), end=today()).movements) == count
    assert len(adapter.topup_instructions(PHONE)) == {"arrays": 5, "single_rows": 1}[mode]


def test_history_of_tomorrow_is_refused(linked: Simulator) -> None:
    with pytest.raises(adapter.Refused):
        adapter.history(PHONE, start=today(), end=today() + timedelta(days=1))


def test_instructions_keep_their_order(ovo: Simulator) -> None:
    found = adapter.topup_instructions(PHONE)
    assert [one.option for one in found][:3] == ["ATM", "Internet / Mobile Banking", "Grab"]
    assert found[0].url.startswith("https://images.ovo.id/")
    assert "&id=1" in found[0].url


# -- doubt

CALLS = {
    "activate": lambda: adapter.activate(phone=PHONE, name="Ayu"),
    "pay": lambda: adapter.pay(order()),
    "balance": lambda: adapter.balance(PHONE),
    "unlink": lambda: adapter.unlink(PHONE),
    "history": lambda: adapter.history(PHONE, start=today(), end=today()),
    "topup": lambda: adapter.topup_instructions(PHONE),
}
DOUBTFUL = [
    "502",
    "502_after_accept",
    "500_after_accept",
    "html",
    "truncated",
    "cut",
    "empty",
    "reset_after_accept",
    "unknown_code",
    "no_code",
]


@pytest.mark.parametrize("mode", DOUBTFUL)
@pytest.mark.parametrize("operation", CALLS)
def test_whatever_is_no_answer_leaves_doubt(linked: Simulator, operation: str, mode: str) -> None:
    misbehave(linked, operation, mode)
    error = outcome(CALLS[operation])
    assert (error.outcome_unknown, error.retryable) == (True, False)


@pytest.mark.parametrize("operation", CALLS)
def test_01_is_a_refusal_and_429_a_later(linked: Simulator, operation: str) -> None:
    misbehave(linked, operation, "failed")
    assert isinstance(outcome(CALLS[operation]), adapter.Refused)
    misbehave(linked, operation, "429", retry_after=7)
    error = outcome(CALLS[operation])
    assert (error.retryable, error.outcome_unknown, error.retry_after) == (True, False, 7.0)


def test_a_payment_that_timed_out_may_have_been_accepted(linked: Simulator) -> None:
    misbehave(linked, "pay", "timeout_after_accept")
    assert outcome(lambda: adapter.pay(order())).outcome_unknown
    assert len(payments(linked)) == 1


def test_what_was_not_sent_leaves_no_doubt(linked: Simulator, settings: Any) -> None:
    settings.FASPAY_OVO_BASE_URL = "http://127.0.0.1:9"
    error = outcome(lambda: adapter.pay(order()))
    assert (error.retryable, error.outcome_unknown) == (True, False)


@pytest.mark.parametrize(
    "name",
    ["FASPAY_OVO_BASE_URL", "FASPAY_OVO_USER_ID", "FASPAY_OVO_PASSWORD", "FASPAY_PARTNER_ID", "FASPAY_OVO_FORMAT"],
)
def test_a_setting_that_is_missing_is_named(ovo: Simulator, settings: Any, name: str) -> None:
    setattr(settings, name, "")
    error = outcome(lambda: adapter.balance(PHONE))
    assert (error.retryable, error.outcome_unknown) == (True, False)
    assert name in str(error)


def test_a_wrong_password_is_a_refusal(linked: Simulator, settings: Any) -> None:
    settings.FASPAY_OVO_PASSWORD = "other"
    with pytest.raises(adapter.Refused):
        adapter.balance(PHONE)


def test_a_phone_number_that_is_none_is_not_sent(ovo: Simulator) -> None:
    before = ovo.look("requests")["total"]
    with pytest.raises(adapter.UnusablePhone):
        adapter.balance("+16502530000")
    assert ovo.look("requests")["total"] == before


# -- what they send us


def test_a_letter_of_theirs_is_read_and_fits(linked: Simulator, request: pytest.FixtureRequest) -> None:
    form = request.node.callspec.params["ovo"]
    linked.control("ovo/settings", notify_form=form)
    wanted = order()
    adapter.pay(wanted)
    body = linked.control("ovo/finish", bill_no=wanted.bill_no, send=False)["letters"][0]["body"].encode()
    notice = incoming.read_notification(body)
    assert (notice.form, notice.bill_no, notice.status) == (form, wanted.bill_no, incoming.Status.SUCCESS)
    assert (notice.payment_total, notice.merchant_id) == (wanted.amount, "37020")
    assert incoming.is_signed(notice, user_id="bot37020", password="sandbox-ovo")


@pytest.mark.parametrize(
    ("mode", "signed"),
    [
        ("bad_signature", False),
        ("tampered", False),
        ("ampersand", True),
        ("bad_declaration", True),
        ("comma", True),
        ("old_form", True),
        ("no_signature", None),
        ("malformed", None),
    ],
)
def test_letters_that_are_broken_on_purpose(
    linked: Simulator, request: pytest.FixtureRequest, mode: str, signed: bool | None
) -> None:
    linked.control("ovo/settings", notify_form=request.node.callspec.params["ovo"])
    trx_id = adapter.pay(order()).trx_id
    misbehave(linked, "notification", mode)
    body = linked.control("ovo/finish", trx_id=trx_id, send=False)["letters"][0]["body"].encode()
    if signed is None:
        with pytest.raises(incoming.Unreadable):
            incoming.read_notification(body)
        return
    notice = incoming.read_notification(body)
    assert incoming.is_signed(notice, user_id="bot37020", password="sandbox-ovo") is signed
    assert notice.payment_total == Decimal(50_000)


def test_requests_name_no_secret_in_their_address(linked: Simulator) -> None:
    adapter.balance(PHONE)
    seen = linked.look("requests")["requests"][0]
    assert re.fullmatch(r"/(cvr/100039/10|pws/100039/1834200010100000/)", seen["path"])
    assert seen["query"] == ""
