"""Pay: an invoice by its number, once, with a receipt."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from tests.wallets.ledger_state import credit
from tests.wallets.spending_pages import PAY, look, press, text_of
from wallets.models import Account, Payment
from wallets.selectors import balance_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ayu(customer: Customer, client_for: Callable[..., Client], no_ledger_problems: None) -> Client:
    credit(customer, 100_000, "in")
    return client_for(customer)


def test_from_number_to_receipt(ayu: Client, customer: Customer) -> None:
    shown = look(ayu, PAY)
    assert shown.status_code == 200
    assert Payment.objects.count() == 0
    done = press(ayu, shown, PAY)
    receipt = text_of(ayu.get(done.url))
    for words in ("Paid", "INV-1", "Rp30.000", "Rp70.000"):
        assert words in receipt
    assert Account.objects.get(code="payable:merchants").balance == 30_000
    assert "INV-1" in text_of(ayu.get("/wallet/"))


def test_an_invoice_is_paid_once(ayu: Client, customer: Customer) -> None:
    first, second = look(ayu, PAY), look(ayu, PAY)
    assert press(ayu, first, PAY).url == press(ayu, first, PAY).url
    late = press(ayu, second, PAY)
    assert (late.status_code, "already" in text_of(late)) == (422, True)
    again = look(ayu, PAY)
    assert (again.status_code, "already" in text_of(again)) == (422, True)
    assert balance_in(customer, "IDR") == 70_000


@pytest.mark.parametrize(
    ("field", "value"),
    [("external_reference", ""), ("external_reference", "x" * 101), ("amount", "0"), ("amount", "100001")],
)
def test_what_is_wrong_stays_on_the_form(ayu: Client, field: str, value: str) -> None:
    page = look(ayu, PAY, **{field: value})
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.content.decode()


def test_a_receipt_is_the_payers_alone(ayu: Client, other_customer: Customer, client_for: Any) -> None:
    url = press(ayu, look(ayu, PAY), PAY).url
    assert client_for(other_customer).get(url).status_code == 404
