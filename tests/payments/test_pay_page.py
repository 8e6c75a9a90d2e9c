"""The page that strangers pay on: what it shows, what it keeps to itself, and what may be done with the link alone."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.access.actors import command
from accounts.models import Customer
from payments import api, settlement
from payments.models import Deposit, PaymentAttempt
from payments.services import deposits, pay_in_sandbox, switching
from tests.payments.browsing import text_of
from tests.payments.conftest import House
from tests.payments.test_choices import called

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_ways")]
QR = (
    "00020101021226670016COM.NOBUBANK.WWW01189360050300000879140214844519767362640303UMI520458125303360540550000"
    "5802ID5907GERBANG6007JAKARTA6304A13A"
)


@pytest.fixture
def stranger() -> Client:
    return Client()


def link(deposit: Deposit, rest: str = "") -> str:
    return f"/pay/{deposit.public_id}{rest}"


def choose(client: Client, deposit: Deposit, **way: str) -> Any:
    return client.post(link(deposit, "/way"), way)


def with_qr(house: House, amount: int = 50_000, content: str = QR) -> Deposit:
    """A deposit whose QR is there, as the provider's answer would have left it."""
    deposit = house.ask_for(amount)
    attempt = switching.choose_way(deposit=deposit, method="qris")
    moment = timezone.now()
    PaymentAttempt.objects.filter(pk=attempt.pk).update(
        state="open", content=content, provider_trx_id="QR1", sent_at=moment, opened_at=moment, next_check_at=None
    )
    Deposit.objects.filter(pk=deposit.pk).update(version=9)
    deposit.refresh_from_db()
    return deposit


def seen_in(page: str) -> str:
    found = re.search(r"\?seen=([^\"]+)\"", page)
    assert found
    return found.group(1)


# --- what it shows --------------------------------------------------------------------------------


def test_a_stranger_sees_whom_how_much_and_how(house: House, stranger: Client) -> None:
    deposit = house.ask_for(75_000)
    page = stranger.get(link(deposit))
    words = text_of(page)
    number = house.account(deposit).number
    assert page.status_code == 200
    for wanted in ("Payment to Gerbang", "Rp75.000", "for the wallet of A**", "BCA", "Pay another way", "QRIS"):
        assert wanted in words, wanted
    assert f'data-copy="{number}"' in page.content.decode()
    assert 'data-copy="75000"' in page.content.decode()
    assert "Open it in your portal" not in words


def test_it_tells_nothing_of_its_owner(house: House, stranger: Client) -> None:
    user = house.customer.user
    user.display_name, user.email = "Ayu Lestari", "ayu.lestari@example.id"
    user.save()
    house.customer.phone = "081234567890"
    house.customer.save()
    other, deposit = house.ask_for(60_000), house.ask_for(75_000)
    page = stranger.get(link(deposit)).content.decode()
    private = [
        user.display_name,
        user.email,
        "lestari",
        str(house.customer.public_id),
        house.customer.phone,
        str(other.public_id),
        house.account(other).number,
        house.account(deposit).trx_id,
        "Rp60.000",
        "/topup/",
        "/wallet/",
        "Cancel the top up",
        f"/deposits/{deposit.public_id}",
    ]
    assert [one for one in private if one in page] == []
    assert "A** L******" in page


def test_the_answer_is_kept_by_nobody_and_listed_nowhere(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    for answer in (stranger.get(link(deposit)), choose(stranger, deposit, method="va", bank="999")):
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"].startswith("noindex")
        assert answer["Referrer-Policy"] == "same-origin"
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
    assert '<meta name="robots" content="noindex, nofollow">' in stranger.get(link(deposit)).content.decode()


@pytest.mark.parametrize("rest", ["", "/qr.png"])
def test_an_unknown_link_is_no_page(rest: str, stranger: Client) -> None:
    assert stranger.get(f"/pay/{uuid.uuid4()}{rest}").status_code == 404


@pytest.mark.parametrize("rest", ["/way", "/renew", "/check"])
def test_nothing_can_be_done_with_an_unknown_link(rest: str, stranger: Client) -> None:
    assert stranger.post(f"/pay/{uuid.uuid4()}{rest}", {"method": "qris"}).status_code == 404
    assert stranger.get(f"/pay/{uuid.uuid4()}{rest}").status_code == 404


@pytest.mark.parametrize("path", ["/pay/", "/pay/1", "/pay/x", "/pay/%00", "/pay/../topup/"])
def test_what_is_no_link_is_no_page(path: str, stranger: Client) -> None:
    assert stranger.get(path).status_code == 404


def test_the_owner_finds_the_way_back_and_others_do_not(
    house: House, signed_in: Client, other_customer: Customer, client_for: Callable[..., Client]
) -> None:
    deposit = house.ask_for()
    assert "Open it in your portal" in text_of(signed_in.get(link(deposit)))
    assert "Open it in your portal" not in text_of(client_for(other_customer).get(link(deposit)))


def test_both_languages_are_one_press_away(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    page = stranger.get(link(deposit)).content.decode()
    assert f'name="next" value="{link(deposit)}"' in page
    stranger.post("/language", {"language": "id", "next": link(deposit)})
    assert '<html lang="id">' in stranger.get(link(deposit)).content.decode()


def test_each_way_says_what_it_takes_and_how_long_this_deposit_lasts(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() + timedelta(minutes=20, seconds=30))
    words = text_of(stranger.get(link(deposit)))
    assert "Rp1.000 to Rp10.000.000 , 20 minutes to pay" in words
    assert "24 hours" not in words


def test_ovo_and_crypto_are_not_for_strangers(house: House, stranger: Client) -> None:
    deposit = house.ask_for(200_000)
    page = stranger.get(link(deposit)).content.decode()
    assert not any(f'value="{code}"' in page for code in ("ovo", "crypto"))
    for method in ("ovo", "crypto", "sandbox", "va_static"):
        answer = choose(stranger, deposit, method=method)
        assert (answer.status_code, "Choose a way to pay" in text_of(answer)) == (400, True), method


def test_a_deposit_that_its_owner_pays_by_ovo_offers_the_other_ways(house: House, stranger: Client) -> None:
    moment = timezone.now()
    deposit = Deposit.objects.create(
        customer=house.customer, amount=50_000, method="ovo", expires_at=moment + timedelta(minutes=10)
    )
    PaymentAttempt.objects.create(
        deposit=deposit, method="ovo", trx_id="1" * 20, phone="6281234567890", provider_trx_id="x", state="open",
        expires_at=moment + timedelta(seconds=60), opened_at=moment,
    )  # fmt: skip
    page = stranger.get(link(deposit))
    assert "may be paying by OVO now" in text_of(page)
    assert "81234567890" not in page.content.decode()
    assert "7890" not in text_of(page)
    answer = choose(stranger, deposit, method="qris")
    assert (answer.status_code, "One moment" in text_of(answer)) == (409, True)


def test_what_does_not_take_the_amount_says_so_and_is_no_button(house: House, stranger: Client, settings: Any) -> None:
    settings.PAYMENT_LIMITS = {"qris": [1_000, 40_000]}
    deposit = house.ask_for(50_000)
    page = stranger.get(link(deposit))
    assert "QRIS takes from Rp1.000 to Rp40.000 at once." in text_of(page)
    assert 'value="qris"' not in page.content.decode()
    answer = choose(stranger, deposit, method="qris")
    assert (answer.status_code, "QRIS takes from" in text_of(answer)) == (400, True)


def test_what_does_not_answer_stands_last_and_says_so(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    called("faspay_snap", "qr-mpm-generate", status=None)
    called("faspay_snap", "create-va", count=30)
    cache.clear()
    words = text_of(stranger.get(link(deposit)))
    assert "QRIS does not answer right now, use a virtual account." in words
    assert words.index("Virtual account at another bank") < words.index("QRIS does not answer")


# --- states ---------------------------------------------------------------------------------------


def test_success_waits_for_the_ledger_and_then_says_so(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    assert "arrived" not in stranger.get(link(deposit)).content.decode().split('id="live"')[0]
    assert 'data-stage="waiting"' in stranger.get(link(deposit)).content.decode()
    house.deliver(house.pay(deposit)[0])
    house.work()
    page = stranger.get(link(deposit))
    assert "Rp50.000 arrived" in text_of(page)
    assert "Thank you" in text_of(page)
    assert "hx-get" not in page.content.decode()
    assert "Pay another way" not in text_of(page)
    assert choose(stranger, deposit, method="qris").status_code == 409


@pytest.mark.parametrize(
    ("amount", "words"), [(40_000, "nothing more is owed"), (60_000, "All that arrived is in the wallet")]
)
def test_another_amount_is_told(house: House, stranger: Client, amount: int, words: str) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount=amount)[0])
    house.work()
    assert words in text_of(stranger.get(link(deposit)))


@pytest.mark.parametrize("end", ["expired", "cancelled", "failed", "ending"])
def test_an_end_without_money_is_told_in_words(house: House, stranger: Client, end: str) -> None:
    deposit = house.ask_only() if end == "failed" else house.ask_for()
    if end == "expired":
        house.outlive(deposit)
    elif end == "cancelled":
        deposits.cancel_deposit(deposit=deposit)
    elif end == "failed":
        house.sim.control("misbehave", operation="create-va", mode="unauthorized", times=1)
        settlement.submit(house.account(deposit).pk)
    else:
        Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now())
    page = stranger.get(link(deposit))
    title = {"expired": "The time to pay is over", "cancelled": "called off", "failed": "could not be made ready"}
    assert title.get(end, "The time to pay is over") in text_of(page)
    assert "wallet" in text_of(page)
    assert "/topup/" not in page.content.decode()
    assert 'name="bank"' not in page.content.decode()


def test_late_money_is_told_on_the_page_that_had_ended(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    (letter,) = house.pay(deposit)
    house.outlive(deposit, timedelta(hours=1))
    house.deliver(letter)
    house.work()
    assert "Rp50.000 arrived" in text_of(stranger.get(link(deposit)))


def test_a_deposit_of_the_sandbox_shows_its_end_and_offers_nothing(customer: Customer, stranger: Client) -> None:
    toy = Customer.objects.create(user=customer.user, is_sandbox=True)
    deposit = pay_in_sandbox(actor=command("test"), customer=toy, amount=Decimal(50_000), bank="702", note="")
    page = stranger.get(link(deposit))
    assert (page.status_code, "money and numbers here are not real" in text_of(page)) == (200, True)
    assert "/way" not in page.content.decode()
    assert choose(stranger, deposit, method="qris").status_code in {400, 409}


# --- other ways -----------------------------------------------------------------------------------


def test_a_stranger_chooses_another_bank(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    answer = choose(stranger, deposit, method="va", bank="800")
    assert (answer.status_code, answer["Location"]) == (302, link(deposit))
    settlement.submit(house.account(deposit).pk)
    page = stranger.get(link(deposit))
    assert f'data-copy="{house.account(deposit).number}"' in page.content.decode()
    assert "How to pay at BRI" in text_of(page)


@pytest.mark.parametrize(
    ("way", "status"),
    [
        ({}, 400),
        ({"method": "va"}, 400),
        ({"method": "va", "bank": "999"}, 400),
        ({"method": "va", "bank": "\x00"}, 400),
        ({"method": "\x00"}, 400),
        ({"method": "qris" * 500}, 400),
        ({"bank": "800"}, 302),
    ],
)
def test_bad_choices_are_refused_in_place(house: House, stranger: Client, way: dict[str, str], status: int) -> None:
    deposit = house.ask_for()
    answer = choose(stranger, deposit, **way)
    assert answer.status_code == status
    if status == 400:
        assert 'role="alert"' in answer.content.decode()
        assert deposit.attempts.count() == 1


def test_a_refusal_can_be_loaded_again_and_read_in_the_other_language(house: House, stranger: Client) -> None:
    deposit = house.ask_for()
    answer = choose(stranger, deposit, method="cash")
    place = re.search(r'name="next" value="([^"]+)"', answer.content.decode())
    assert place
    for rest in ("/way", "/renew", "/check"):
        again = stranger.get(link(deposit, rest))
        assert (again.status_code, again["Location"]) == (302, link(deposit))
        assert stranger.put(link(deposit, rest)).status_code == 405
    shown = stranger.post("/language", {"language": "id", "next": place.group(1)}, follow=True)
    assert (shown.status_code, '<html lang="id">' in shown.content.decode()) == (200, True)
    assert deposit.attempts.count() == 1


def test_one_moment_is_said_while_the_former_is_on_its_way(house: House, stranger: Client) -> None:
    deposit = house.ask_only()
    PaymentAttempt.objects.filter(deposit=deposit).update(
        sent_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1)
    )
    answer = choose(stranger, deposit, method="qris")
    assert (answer.status_code, "One moment" in text_of(answer)) == (409, True)


def test_many_changes_are_refused_with_the_time_to_wait(
    house: House, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "PER_ADDRESS", 1)
    deposit = house.ask_only()
    assert choose(stranger, deposit, method="va", bank="800").status_code == 302
    answer = choose(stranger, deposit, method="va", bank="801")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 600
    assert "changed many times" in text_of(answer)


def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    deposit = house.ask_only()
    assert choose(Client(enforce_csrf_checks=True), deposit, method="qris").status_code == 403
    assert deposit.attempts.count() == 1


def test_check_now_asks_the_provider_and_not_too_often(
    house: House, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = house.ask_for()
    assert stranger.post(link(deposit, "/check")).status_code == 302
    account = house.account(deposit)
    assert account.next_check_at is not None
    assert account.next_check_at <= timezone.now()
    monkeypatch.setattr(switching, "QUESTIONS_PER_DEPOSIT", 1)
    answer = stranger.post(link(deposit, "/check"), headers={"HX-Request": "true"})
    assert "changed many times" in text_of(answer) or "Try again" in text_of(answer)
    assert 'id="live"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_without_redis_the_page_stays_and_nothing_is_changed(house: House, settings: Any) -> None:
    stranger, deposit = Client(raise_request_exception=False), house.ask_for()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert stranger.get(link(deposit)).status_code == 200
    assert choose(stranger, deposit, method="qris").status_code == 503
    assert stranger.post(link(deposit, "/check")).status_code == 503
    assert deposit.attempts.count() == 1


# --- QR -------------------------------------------------------------------------------------------


def test_a_qr_is_shown_and_can_be_saved(house: House, stranger: Client) -> None:
    deposit = with_qr(house)
    page = stranger.get(link(deposit)).content.decode()
    assert "<svg" in page.split('id="qr-code"')[1]
    assert f'href="{link(deposit, "/qr.png")}"' in page
    image = stranger.get(link(deposit, "/qr.png"))
    assert (image["Content-Type"], image.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert "gerbang-qris-50000.png" in image["Content-Disposition"]
    assert "no-store" in image["Cache-Control"]


def test_an_ended_qr_is_neither_shown_nor_saved_and_can_be_made_anew(house: House, stranger: Client) -> None:
    deposit = with_qr(house)
    PaymentAttempt.objects.filter(deposit=deposit, method="qris").update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    page = stranger.get(link(deposit))
    assert "This QR has ended" in text_of(page)
    assert "qr-code" not in page.content.decode()
    assert stranger.get(link(deposit, "/qr.png")).status_code == 404
    answer = stranger.post(link(deposit, "/renew"))
    assert (answer.status_code, answer["Location"]) == (302, link(deposit))
    assert list(deposit.attempts.order_by("id").values_list("method", "state")) == [
        ("va", "closed"),
        ("qris", "closed"),
        ("qris", "submitting"),
    ]


def test_a_bank_account_has_no_picture(house: House, stranger: Client) -> None:
    assert stranger.get(link(house.ask_for(), "/qr.png")).status_code == 404


# --- looks of an open page ------------------------------------------------------------------------


def test_a_look_at_nothing_new_costs_one_read(
    house: House, stranger: Client, signed_in: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    deposit = house.ask_for()
    seen = seen_in(stranger.get(link(deposit)).content.decode())
    for client in (stranger, signed_in):
        with django_assert_num_queries(1):
            answer = client.get(link(deposit), {"seen": seen}, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_look_at_something_new_brings_the_live_part_only(house: House, stranger: Client) -> None:
    deposit = house.ask_only()
    seen = seen_in(stranger.get(link(deposit)).content.decode())
    settlement.submit(house.account(deposit).pk)
    answer = stranger.get(link(deposit), {"seen": seen}, headers={"HX-Request": "true"})
    assert (answer.status_code, 'data-stage="waiting"' in answer.content.decode()) == (200, True)
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize("seen", ["", "x", "1", "1-", "-1-3", "9" * 40 + "-3-waiting", "\x00", "٩-٩-waiting"])
def test_an_odd_look_is_answered_in_full(house: House, stranger: Client, seen: str) -> None:
    answer = stranger.get(link(house.ask_for()), {"seen": seen}, headers={"HX-Request": "true"})
    assert (answer.status_code, 'id="live"' in answer.content.decode()) == (200, True)


def test_an_unknown_link_is_not_told_from_the_answer_to_a_look(stranger: Client) -> None:
    answer = stranger.get(f"/pay/{uuid.uuid4()}", {"seen": "1-3-waiting"}, headers={"HX-Request": "true"})
    assert answer.status_code == 404


def test_the_page_costs_the_same_whatever_was_tried(
    house: House, stranger: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    deposit = house.ask_only()
    for bank in ("800", "801", "802", "402", "702"):
        switching.choose_way(deposit=deposit, method="va", bank=bank)
    for _number in range(3):
        house.ask_only(60_000 + _number)
    stranger.get(link(deposit))
    with django_assert_max_num_queries(3):
        stranger.get(link(deposit))


# --- how the link gets about ----------------------------------------------------------------------


def test_the_api_tells_no_number_of_a_top_up_that_was_turned_to_a_qr(house: House, customer: Customer) -> None:
    deposit = with_qr(house)
    assert api._instructions(deposit) is None
    assert customer.pk == deposit.customer_id


def test_the_owner_is_given_the_link_to_pass_on_while_it_can_be_paid(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    page = signed_in.get(f"/topup/deposits/{deposit.public_id}/")
    assert "Let somebody else pay" in text_of(page)
    assert f'data-copy="http://testserver{link(deposit)}"' in page.content.decode()
    deposits.cancel_deposit(deposit=deposit)
    assert "Let somebody else pay" not in text_of(signed_in.get(f"/topup/deposits/{deposit.public_id}/"))
