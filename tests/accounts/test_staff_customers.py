"""Customers as staff look them up."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from accounts.models import Customer, Role, User
from accounts.services.sandbox import open_sandbox_customer
from tests.accounts.company import active, admin_of
from tests.accounts.test_client_pages import person, text

pytestmark = pytest.mark.django_db
Sign = Callable[..., Browser]


def test_customers_are_found(staff_user: User, client_for: Sign, customer: Customer, other_customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(phone="+6281255501234", kyc_status="Verified")
    open_sandbox_customer(user=customer.user)
    browser = client_for(staff_user)

    def emails(query: str) -> list[str]:
        return [one.user.email for one in browser.get(f"/staff/customers/?{query}").context["page"].items]

    ayu, budi = customer.user.email, other_customer.user.email
    assert emails("") == [budi, ayu]
    assert emails("q=AYU") == emails("q=0812+5550") == emails(f"q={customer.public_id}") == [ayu]
    assert emails("identity=Verified") == [ayu]
    assert emails("q=%00&identity=x&cursor=p99x") == [budi, ayu]


def test_one_customer(staff_user: User, client_for: Sign, customer: Customer) -> None:
    browser = client_for(staff_user)
    page = text(browser.get(f"/staff/customers/{customer.public_id}/"))
    assert customer.user.email in page
    sandbox = open_sandbox_customer(user=customer.user)
    assert browser.get(f"/staff/customers/{sandbox.public_id}/").status_code == 404


def test_who_may_look(client_for: Sign, customer: Customer, other_customer: Customer) -> None:
    path = f"/staff/customers/{customer.public_id}/"
    for role in (Role.SUPPORT, Role.AUDITOR, Role.COMPANY_ADMIN):
        assert client_for(person(role)).get(path).status_code == 200
    for stranger in (customer.user, other_customer.user, admin_of(active())):
        browser = client_for(stranger)
        assert browser.get(path).status_code == 404
        assert browser.get("/staff/customers/").status_code == 404
    assert Browser().get(path).status_code == 302
