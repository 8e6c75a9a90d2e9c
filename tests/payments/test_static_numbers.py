"""Giving, showing and closing permanent numbers."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Customer
from payments import damm, static_numbers
from payments.banks import BANKS, STATIC_BANKS
from payments.errors import NoPermanentNumber, TooManyNumbers, UnknownBank
from payments.models import Deposit, PaymentAttempt, StaticAccount
from payments.services import static_accounts
from tests.payments.browsing import text_of, url_of
from tests.payments.static_bank import StaticBank

pytestmark = pytest.mark.django_db
PAGE = "/topup/permanent/"


def open_at(client: Client, bank: str) -> Any:
    return client.post("/topup/permanent/open", {"bank": bank})


def close(client: Client, account: StaticAccount) -> Any:
    return client.post(f"/topup/permanent/{account.public_id}/close")


def queries(client: Client, url: str, **headers: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url, headers=headers).status_code == 200
    return len(seen)


# --- check digits -----------------------------------------------------------------------------------


def test_the_check_digit_of_the_known_example() -> None:
    assert damm.with_check_digit("572") == "5724"


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 9), st.integers(1, 9))
def test_a_mistyped_digit_makes_no_number(digits: str, place: int, shift: int) -> None:
    whole = damm.with_check_digit(digits)
    wrong = whole[:place] + str((int(whole[place]) + shift) % 10) + whole[place + 1 :]
    assert damm.is_whole(whole)
    assert not damm.is_whole(wrong)


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 8))
def test_two_digits_that_change_places_make_no_number(digits: str, place: int) -> None:
    whole = damm.with_check_digit(digits)
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    assert swapped == whole or not damm.is_whole(swapped)


# --- giving and closing -----------------------------------------------------------------------------


def test_a_number_is_given_once_for_each_bank(bank: StaticBank) -> None:
    first, again, other = bank.number_at("702"), bank.number_at("702"), bank.number_at("802")
    assert first == again
    assert first != other
    assert (first.partner_service_id, other.partner_service_id) == ("370202", "370203")
    for account in (first, other):
        assert re.fullmatch(r"[1-9][0-9]{9}", account.customer_no)
        assert damm.is_whole(account.customer_no)
        assert account.number == account.partner_service_id + account.customer_no


def test_a_closed_number_is_never_given_again(bank: StaticBank, other_customer: Customer) -> None:
    closed = bank.number_at()
    static_accounts.close_number(account=closed)
    static_accounts.close_number(account=closed)
    closed.refresh_from_db()
    assert closed.closed_at is not None
    fresh = bank.number_at()
    assert fresh.number != closed.number
    assert bank.number_at(customer=other_customer).number not in {closed.number, fresh.number}
    with pytest.raises(DatabaseError), transaction.atomic():
        StaticAccount.objects.filter(pk=closed.pk).update(state="active")
    with pytest.raises(DatabaseError), transaction.atomic():
        StaticAccount.objects.filter(pk=closed.pk).update(customer=other_customer)


def test_a_number_that_somebody_has_is_not_allotted_twice(bank: StaticBank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dice fall the same way twice: the table refuses, and another number is drawn."""
    taken = bank.number_at()
    attempt = Deposit.objects.create(customer=bank.customer, amount=1, expires_at=taken.created_at).attempts
    attempt.create(trx_id="T", number=f"370202{damm.with_check_digit('111111111')}", state=PaymentAttempt.State.CLOSED)
    static_accounts.close_number(account=taken)
    drawn = iter([int(taken.customer_no[:9]) - 10**8, 11111111, 22222222])
    monkeypatch.setattr("secrets.randbelow", lambda _below: next(drawn))
    assert bank.number_at().customer_no.startswith("122222222")


def test_nobody_uses_up_numbers(bank: StaticBank) -> None:
    for _ in range(5):
        static_accounts.close_number(account=bank.number_at())
    with pytest.raises(TooManyNumbers):
        bank.number_at()
    assert bank.number_at("802")


@pytest.mark.parametrize("code", ["", "801", "999", "708"])
def test_a_bank_that_gives_none_is_refused(bank: StaticBank, code: str) -> None:
    with pytest.raises(UnknownBank):
        bank.number_at(code)


def test_a_sandbox_customer_gets_none(bank: StaticBank) -> None:
    profile = Customer.objects.create(user=bank.customer.user, is_sandbox=True)
    with pytest.raises(NoPermanentNumber):
        bank.number_at(customer=profile)
    assert static_numbers.overview_of(profile).offered == []


@pytest.mark.parametrize(
    ("ids", "problems"),
    [
        ({}, set()),
        ({"702": "370202", "825": "12345678"}, set()),
        ({"801": "370203"}, {"gerbang.E010"}),
        ({"702": "37O2"}, {"gerbang.E011"}),
        ({"702": "123456789"}, {"gerbang.E011"}),
        ({"702": "370201"}, {"gerbang.W003"}),
    ],
)
def test_settings_that_cannot_work_are_said(settings: Any, ids: dict[str, str], problems: set[str]) -> None:
    settings.FASPAY_PARTNER_SERVICE_ID = "370201"
    settings.FASPAY_STATIC_SERVICE_IDS = ids
    found = {problem.id for problem in run_checks() if problem.id in {"gerbang.E010", "gerbang.E011", "gerbang.W003"}}
    assert found == problems
    assert set(BANKS) >= STATIC_BANKS


# --- the page ---------------------------------------------------------------------------------------


def test_the_page_begins_with_a_choice_of_banks(bank: StaticBank, signed_in: Client) -> None:
    page = text_of(signed_in.get(PAGE))
    for words in ("No number of your own yet", "BCA", "Mandiri", "BRI", "Get a number", "Pay any amount, at any time"):
        assert words in page
    assert StaticAccount.objects.count() == 0


def test_a_number_is_got_shown_paid_and_closed(bank: StaticBank, signed_in: Client) -> None:
    assert open_at(signed_in, "702")["Location"] == f"{PAGE}#number-702"
    assert open_at(signed_in, "702").status_code == 302
    account = StaticAccount.objects.get()
    bank.told(account.number, 75_000, "one")
    bank.flag(account.number, 30_000, "two")
    answer = signed_in.get(PAGE)
    page = text_of(answer)
    for words in (account.grouped_number, "Ayu Lestari", "BCA mobile", "Enter any amount", "Rp75.000", "Rp30.000"):
        assert words in page
    assert "on its way" in page
    assert "{" not in page
    html = answer.content.decode()
    assert f'data-copy="{account.number}"' in html
    assert url_of(Deposit.objects.get()) in html
    assert "data-confirm=" in html
    assert close(signed_in, account)["Location"] == PAGE
    page = text_of(signed_in.get(PAGE))
    assert "Closed numbers" in page
    assert "No number of your own yet" in page


def test_money_that_arrives_is_seen_without_reload(bank: StaticBank, signed_in: Client) -> None:
    account = bank.number_at()
    seen = static_numbers.version_of(bank.customer)
    poll = {"HX-Request": "true"}
    assert signed_in.get(PAGE, {"seen": seen}, headers=poll).status_code == 204
    bank.flag(account.number, 30_000, "one")
    announced = static_numbers.version_of(bank.customer)
    assert signed_in.get(PAGE, {"seen": seen}, headers=poll).status_code == 200
    bank.told(account.number, 30_000, "one")
    part = signed_in.get(PAGE, {"seen": announced}, headers=poll).content.decode()
    assert f'data-arrival="{Deposit.objects.get().public_id}-paid"' in part
    assert "Rp30.000 arrived in your wallet" in part
    assert "<html" not in part


def test_strangers_numbers_do_not_exist(
    bank: StaticBank, client_for: Callable[..., Client], other_customer: Customer
) -> None:
    account, stranger = bank.number_at(), client_for(other_customer)
    assert close(stranger, account).status_code == 404
    assert account.number not in stranger.get(PAGE).content.decode()
    assert Client().get(PAGE).status_code == 302
    account.refresh_from_db()
    assert account.state == "active"


def test_without_such_numbers_there_is_no_page(bank: StaticBank, signed_in: Client, settings: Any) -> None:
    settings.FASPAY_STATIC_SERVICE_IDS = {}
    assert signed_in.get(PAGE).status_code == 404
    settings.FASPAY_STATIC_SERVICE_IDS = {"702": "370202"}
    account = bank.number_at()
    settings.FASPAY_STATIC_SERVICE_IDS = {}
    assert account.grouped_number in text_of(signed_in.get(PAGE)), "who has one keeps it"


@pytest.mark.parametrize("bank_code", ["", "801", "70\x002", "x" * 5000, "702 "])
def test_odd_banks_are_told_off(bank: StaticBank, signed_in: Client, bank_code: str) -> None:
    assert open_at(signed_in, bank_code)["Location"] == PAGE
    assert StaticAccount.objects.count() == 0
    assert "Choose a bank from the list." in text_of(signed_in.get(PAGE))


def test_the_top_up_page_shows_them(bank: StaticBank, signed_in: Client) -> None:
    assert "Get a permanent number" in text_of(signed_in.get("/topup/"))
    account = bank.number_at()
    assert account.grouped_number in text_of(signed_in.get("/topup/"))


def test_a_deposit_that_came_to_one_has_a_page_and_stands_in_the_list(bank: StaticBank, signed_in: Client) -> None:
    account = bank.number_at()
    bank.told(account.number, 75_000, "one")
    page = text_of(signed_in.get(url_of(Deposit.objects.get())))
    assert "Rp75.000 is in your wallet" in page
    assert "To your permanent number at BCA" in page
    assert "Amount asked" not in page
    for query in ({}, {"q": account.number[-10:]}, {"q": account.grouped_number}, {"q": "75.000"}):
        assert "Permanent number, BCA" in text_of(signed_in.get("/topup/deposits/", query))
    assert "Nothing found" in text_of(signed_in.get("/topup/deposits/", {"q": "3702990000000000"}))


def test_query_counts_are_constant_and_small(bank: StaticBank, signed_in: Client) -> None:
    counts = []
    for number, code in enumerate(("702", "802", "800"), start=1):
        account = bank.number_at(code)
        for _ in range(number * 2):
            bank.told(account.number, 1_000)
        static_accounts.close_number(account=bank.number_at("702"))
        bank.number_at("702")
        counts.append(queries(signed_in, PAGE))
    assert len(set(counts)) == 1
    assert counts[0] <= 12
    with CaptureQueriesContext(connection) as seen:
        signed_in.get(PAGE, {"seen": static_numbers.version_of(bank.customer)}, headers={"HX-Request": "true"})
    assert len(seen) <= 6


def test_the_page_speaks_the_customers_language(bank: StaticBank, signed_in: Client) -> None:
    bank.number_at()
    with translation.override("id"):
        assert signed_in.get(PAGE, headers={"Accept-Language": "id"}).status_code == 200


def test_room_is_what_the_wallet_may_still_take(bank: StaticBank, signed_in: Client) -> None:
    account = bank.number_at()
    bank.told(account.number, 1_250_000)
    assert static_numbers.overview_of(bank.customer).room == Decimal(750_000)
    assert "take in Rp750.000 more" in text_of(signed_in.get(PAGE))
    bank.told(account.number, 1_250_000)
    assert static_numbers.overview_of(bank.customer).room == Decimal(0)
