"""The page that asks for a number: what may be sent, and what comes of sending it twice."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Customer
from payments import services, settlement
from payments.banks import BANKS
from payments.models import Deposit, DepositRequest, OvoLink, PaymentAttempt
from tests.payments.browsing import KEY, TOPUP, send_form, text_of, url_of
from tests.payments.conftest import House
from tests.payments.test_choices import called

pytestmark = pytest.mark.django_db


def test_the_page_says_limits_banks_and_balance(signed_in: Client) -> None:
    page = text_of(signed_in.get(TOPUP))
    for words in ("Rp10.000", "Rp10.000.000", "Rp50.000", "You have Rp0 available", "24 hours", "No fee"):
        assert words in page
    for bank in BANKS.values():
        assert bank.name in page


def test_sending_the_form_leads_to_the_invoice(house: House, signed_in: Client) -> None:
    answer = send_form(signed_in)
    deposit = Deposit.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url_of(deposit))
    assert (deposit.amount, deposit.bank, deposit.state) == (Decimal(50_000), "702", "pending")
    assert deposit.expires_at - deposit.created_at == timedelta(hours=24)
    account = house.account(deposit)
    assert (account.state, account.sent_at) == ("submitting", None)
    settlement.submit(account.pk)
    page = signed_in.get(url_of(deposit)).content.decode()
    number = house.account(deposit).number
    assert f'data-copy="{number}"' in page
    assert 'data-copy="50000"' in page
    assert " ".join(number[at : at + 4] for at in range(0, len(number), 4)) in page
    assert "BCA mobile" in page
    assert "data-deadline" in page


def test_the_number_is_asked_for_after_the_commit(
    house: House, signed_in: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as queued:
        send_form(signed_in)
    assert len(queued) == 1
    assert house.requests("create-va") == []


def test_a_broker_that_is_away_is_no_error(
    house: House, signed_in: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.app.task.Task.apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        assert send_form(signed_in).status_code == 302
    assert Deposit.objects.count() == 1


def test_a_replayed_form_leads_to_the_same_invoice(house: House, signed_in: Client) -> None:
    places = {send_form(signed_in)["Location"] for _ in range(3)}
    deposit = Deposit.objects.get()
    assert places == {url_of(deposit)}
    settlement.submit(house.account(deposit).pk)
    house.deliver(house.pay(deposit)[0])
    house.work()
    assert send_form(signed_in)["Location"] == url_of(deposit), (
        "also when it is paid: back and send again pays nothing twice"
    )
    assert (Deposit.objects.count(), DepositRequest.objects.count()) == (1, 1)


def test_an_open_invoice_is_shown_again(house: House, signed_in: Client) -> None:
    first = send_form(signed_in)["Location"]
    assert send_form(signed_in, idempotency_key=secrets.token_hex(16))["Location"] == first
    assert send_form(signed_in, idempotency_key=secrets.token_hex(16), bank="800")["Location"] != first
    assert send_form(signed_in, idempotency_key=secrets.token_hex(16), preset="100000")["Location"] != first
    assert Deposit.objects.count() == 3


@pytest.mark.parametrize("how", ["paid", "expired", "failed", "nearly_over", "long_in_doubt", "cancelled"])
def test_an_invoice_that_cannot_be_paid_in_peace_is_not_shown_again(house: House, how: str) -> None:
    first = house.ask_for()
    account = house.account(first)
    if how == "paid":
        house.deliver(house.pay(first)[0])
        house.work()
    elif how == "expired":
        house.outlive(first)
    elif how == "failed":
        house.pay(first, status="06")
        house.question(first)
    elif how == "nearly_over":
        Deposit.objects.filter(pk=first.pk).update(expires_at=timezone.now() + timedelta(minutes=5))
    elif how == "cancelled":
        services.cancel_deposit(deposit=first)
    else:
        other = Deposit.objects.create(customer=house.customer, amount=75_000, bank="702", expires_at=first.expires_at)
        PaymentAttempt.objects.create(
            deposit=other, trx_id="OLDOLDOLDOLDOLD1", state="in_doubt", created_at=timezone.now() - timedelta(minutes=3)
        )
        assert house.ask_only(75_000).pk != other.pk
        return
    assert account.pk
    assert house.ask_only().pk != first.pk


def test_the_same_key_with_other_content_is_refused(house: House, signed_in: Client) -> None:
    send_form(signed_in)
    answer = send_form(signed_in, preset="100000")
    assert answer.status_code == 422
    assert "already used" in text_of(answer)
    assert Deposit.objects.count() == 1


def test_keys_are_each_customers_own(house: House, other_customer: Customer, client_for: Callable[..., Client]) -> None:
    send_form(client_for(house.customer))
    send_form(client_for(other_customer))
    assert Deposit.objects.filter(customer=other_customer).count() == 1
    assert Deposit.objects.count() == 2


@pytest.mark.parametrize("typed", ["75000", "75.000", "Rp 75.000", "rp75,000", " 75000 "])
def test_an_own_amount_may_be_typed_as_people_do(house: House, signed_in: Client, typed: str) -> None:
    assert send_form(signed_in, preset="other", amount=typed).status_code == 302
    assert Deposit.objects.get().amount == Decimal(75_000)


def test_the_amount_alone_is_enough(house: House, signed_in: Client) -> None:
    answer = signed_in.post(TOPUP, {"amount": "60000", "bank": "702", "idempotency_key": KEY})
    assert answer.status_code == 302
    assert Deposit.objects.get().amount == Decimal(60_000)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "-50000",
        "9999",
        "10000001",
        "50000.50",
        "50,5",
        "1e6",
        "NaN",
        "abc",
        "٥٠٠٠٠",
        "9" * 30,
        "7.50.00",
        "\x00",
        "½",
    ],
)
def test_bad_amounts_are_named_and_change_nothing(house: House, signed_in: Client, typed: str) -> None:
    answer = send_form(signed_in, preset="other", amount=typed)
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    assert Deposit.objects.count() == 0


def test_two_different_amounts_are_for_the_person_to_settle(house: House, signed_in: Client) -> None:
    answer = send_form(signed_in, amount="75000")
    assert answer.status_code == 422
    assert "Clear one of them" in text_of(answer)


@pytest.mark.parametrize("bank", ["", "999", "6011", "702 ", "BCA", "\x00"])
def test_an_unknown_bank_is_refused(house: House, signed_in: Client, bank: str) -> None:
    answer = send_form(signed_in, bank=bank)
    assert answer.status_code == 422
    assert "Choose a bank from the list." in text_of(answer)
    assert Deposit.objects.count() == 0


@pytest.mark.parametrize("preset", ["1", "51000", "x", "-1"])
def test_an_unknown_preset_is_refused(house: House, signed_in: Client, preset: str) -> None:
    assert send_form(signed_in, preset=preset).status_code == 422


@pytest.mark.parametrize("key", ["", "short", "with blank and more", "x" * 65, "\x00" * 20])
def test_a_page_without_a_usable_key_is_sent_once_more(house: House, signed_in: Client, key: str) -> None:
    answer = send_form(signed_in, idempotency_key=key)
    assert (answer.status_code, Deposit.objects.count()) == (422, 0)
    fresh = re.search(r'name="idempotency_key" value="([^"]+)"', answer.content.decode())
    assert fresh
    assert send_form(signed_in, idempotency_key=fresh.group(1)).status_code == 302


def test_a_corrected_form_keeps_its_key_and_choices(house: House, signed_in: Client) -> None:
    page = send_form(signed_in, preset="other", amount="5").content.decode()
    assert f'value="{KEY}"' in page
    assert re.search(r'value="702" checked', page)
    assert 'value="5"' in page


def test_the_last_choice_is_offered_again(house: House, signed_in: Client) -> None:
    house.ask_for(250_000, "800")
    page = signed_in.get(TOPUP).content.decode()
    assert re.search(r'value="800" checked', page)
    assert re.search(r'value="250000" checked', page)
    assert re.search(r'value="other" checked', signed_in.get(TOPUP + "?amount=13500").content.decode())
    assert signed_in.get(TOPUP, {"amount": "<script>"}).status_code == 200


# --- ways to pay ----------------------------------------------------------------------------------


def way_is_chosen(page: Any, code: str) -> bool:
    return bool(re.search(rf'name="method" value="{code}"[^>]* checked', page.content.decode()))


def over() -> None:
    Deposit.objects.update(expires_at=timezone.now())


def linked(customer: Customer) -> None:
    OvoLink.objects.create(customer=customer, phone="6281234567890", state="linked")


@pytest.mark.usefixtures("all_ways")
def test_each_way_says_its_limits_fee_speed_and_time(signed_in: Client) -> None:
    page = text_of(signed_in.get(TOPUP))
    for words in (
        "No fee , arrives in a few seconds",
        "Rp1.000 to Rp10.000.000 , 30 minutes to pay",
        "Rp10.000 to Rp10.000.000 , 24 hours to pay",
        "The network&#x27;s fee , arrives in ten minutes to an hour",
        "Rp100.000 to Rp10.000.000 , 25 minutes to pay",
        "Link your OVO account once",
    ):
        assert words in page, words
    assert [page.index(name) for name in ("QRIS", "Virtual account", "OVO", "Bitcoin")] == sorted(
        page.index(name) for name in ("QRIS", "Virtual account", "OVO", "Bitcoin")
    )


def test_what_this_installation_has_not_is_not_shown(signed_in: Client) -> None:
    page = text_of(signed_in.get(TOPUP))
    assert not any(name in page for name in ("QRIS", "OVO", "Bitcoin"))


@pytest.mark.usefixtures("all_ways")
def test_the_first_way_is_qris_and_its_form_leads_to_a_qr(house: House, signed_in: Client) -> None:
    assert way_is_chosen(signed_in.get(TOPUP), "qris")
    assert send_form(signed_in, method="qris", bank="").status_code == 302
    deposit = Deposit.objects.get()
    assert (deposit.method, deposit.bank, house.account(deposit).method) == ("qris", "711", "qris")


@pytest.mark.usefixtures("all_ways")
def test_a_bank_left_chosen_below_another_way_says_nothing(signed_in: Client) -> None:
    assert send_form(signed_in, method="qris", bank="702").status_code == 302
    assert (
        send_form(signed_in, method="qris", bank="nonsense", idempotency_key=secrets.token_hex(12)).status_code == 302
    )
    assert set(Deposit.objects.values_list("method", flat=True)) == {"qris"}


@pytest.mark.usefixtures("all_ways")
@pytest.mark.parametrize("method", ["cash", "va_static", "sandbox", "QRIS", "\x00"])
def test_an_unknown_way_is_refused_in_place(signed_in: Client, method: str) -> None:
    answer = send_form(signed_in, method=method)
    assert answer.status_code == 422
    assert "Choose a way to pay from the list." in text_of(answer)
    assert not Deposit.objects.exists()


def test_a_way_that_is_off_is_refused_in_place(signed_in: Client) -> None:
    answer = send_form(signed_in, method="qris")
    assert (answer.status_code, "Choose a way to pay from the list." in text_of(answer)) == (422, True)


@pytest.mark.usefixtures("all_ways")
@pytest.mark.parametrize(
    ("method", "amount", "words"),
    [
        ("qris", "999", "QRIS takes from Rp1.000 to Rp10.000.000"),
        ("va", "9999", "Virtual account takes from Rp10.000"),
        ("crypto", "50000", "Bitcoin takes from Rp100.000"),
    ],
)
def test_an_amount_outside_says_whose_limit(signed_in: Client, method: str, amount: str, words: str) -> None:
    answer = send_form(signed_in, method=method, preset="other", amount=amount)
    error = re.search(r'id="amount-error">(.*?)</div>', answer.content.decode(), re.DOTALL)
    assert answer.status_code == 422
    assert error
    assert words in error.group(1)
    assert way_is_chosen(answer, method)


@pytest.mark.usefixtures("all_ways")
def test_ovo_is_a_link_until_it_is_linked_and_then_pays_with_that_number(house: House, signed_in: Client) -> None:
    page = signed_in.get(TOPUP).content.decode()
    assert 'value="ovo"' not in page
    answer = send_form(signed_in, method="ovo")
    assert (answer.status_code, "Link your OVO account first." in text_of(answer)) == (422, True)
    linked(house.customer)
    page = signed_in.get(TOPUP).content.decode()
    assert 'value="ovo"' in page
    assert "81234567890" not in page
    assert send_form(signed_in, method="ovo").status_code == 302
    assert house.account(Deposit.objects.get()).phone == "6281234567890"


@pytest.mark.usefixtures("all_ways")
def test_the_last_way_is_one_press_away(house: House, signed_in: Client) -> None:
    assert "again" not in text_of(signed_in.get(TOPUP))
    send_form(signed_in, method="qris", preset="100000")
    assert "by QRIS again" not in text_of(signed_in.get(TOPUP)), "the open one stands on the page"
    over()
    page = signed_in.get(TOPUP)
    form = re.search(r'<form[^>]*class="again.*?</form>', page.content.decode(), re.DOTALL)
    assert form
    assert "Top up Rp100.000 by QRIS again" in " ".join(form.group(0).split())
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.group(0)))
    fields.pop("csrfmiddlewaretoken", None)
    assert signed_in.post(TOPUP, fields)["Location"] == url_of(Deposit.objects.latest("id"))
    assert list(Deposit.objects.values_list("method", "amount")) == [("qris", Decimal(100_000))] * 2


@pytest.mark.usefixtures("all_ways")
def test_the_last_way_by_a_bank_names_the_bank(house: House, signed_in: Client) -> None:
    house.ask_for(75_000, "800")
    over()
    page = text_of(signed_in.get(TOPUP))
    assert "Top up Rp75.000 by BRI again" in page
    assert way_is_chosen(signed_in.get(TOPUP), "va")


def test_what_is_off_or_does_not_fit_any_more_is_not_offered_again(
    house: House, signed_in: Client, settings: Any
) -> None:
    settings.FASPAY_QRIS_CHANNEL = "711"
    send_form(signed_in, method="qris", preset="100000")
    over()
    assert "by QRIS again" in text_of(signed_in.get(TOPUP))
    settings.PAYMENT_LIMITS = {"qris": [1_000, 50_000]}
    assert "by QRIS again" not in text_of(signed_in.get(TOPUP))
    settings.PAYMENT_LIMITS, settings.FASPAY_QRIS_CHANNEL = {}, ""
    assert "by QRIS again" not in text_of(signed_in.get(TOPUP))


@pytest.mark.usefixtures("all_ways")
def test_a_link_chooses_amount_and_way(house: House, signed_in: Client) -> None:
    page = signed_in.get(TOPUP + "?amount=250000&method=va&bank=800")
    assert way_is_chosen(page, "va")
    assert re.search(r'name="bank" value="800" checked', page.content.decode())
    assert re.search(r'value="250000" checked', page.content.decode())
    assert way_is_chosen(signed_in.get(TOPUP + "?amount=50000"), "qris")
    for odd in ("cash", "ovo", "\x00", "va_static"):
        assert way_is_chosen(signed_in.get(TOPUP, {"method": odd, "bank": odd}), "qris"), odd


@pytest.mark.usefixtures("all_ways")
def test_a_way_that_does_not_answer_stands_last_and_is_not_chosen(house: House, signed_in: Client) -> None:
    called("faspay_snap", "qr-mpm-generate", status=None)
    called("faspay_snap", "create-va")
    page = signed_in.get(TOPUP)
    assert "QRIS does not answer right now, use a virtual account." in text_of(page)
    assert way_is_chosen(page, "va")
    assert text_of(page).index("Virtual account") < text_of(page).index("QRIS does not answer")


@pytest.mark.usefixtures("all_ways")
def test_the_page_costs_the_same_however_much_there_is(
    house: House, signed_in: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    linked(house.customer)
    for number in range(7):
        house.ask_only(50_000 + number * 1000)
    signed_in.get(TOPUP)
    with django_assert_max_num_queries(12):
        signed_in.get(TOPUP)


# --- limits ---------------------------------------------------------------------------------------


def test_too_many_open_invoices_are_refused_in_words(
    house: House, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.deposits, "OPEN_LIMIT", 2)
    house.ask_only(50_000)
    house.ask_only(60_000)
    answer = send_form(signed_in, preset="100000")
    assert answer.status_code == 422
    assert "waiting for payment" in text_of(answer)


def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.customer.user)
    assert send_form(client).status_code == 403
