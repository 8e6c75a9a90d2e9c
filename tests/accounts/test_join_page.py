"""The public registration pages: every answer is a page that says what to do."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Client, User
from tests.accounts.company import registered

pytestmark = pytest.mark.django_db

COMPANY = {
    "name": "Kopi Rakyat",
    "contact_person": "Dian Pratiwi",
    "email_address": "dian@kopi.example",
    "phone_number": "076 123 456",
    "country": "Sierra Leone",
}


def test_the_front_page_leads_there(client: Browser) -> None:
    assert 'href="/join/"' in client.get("/").content.decode()
    page = client.get("/join/").content.decode()
    assert 'href="/join/company/"' in page
    assert 'href="/join/individual/"' in page


def test_a_company_registers_and_reads_what_happens_next(client: Browser) -> None:
    answer = client.post("/join/company/", COMPANY, follow=True)
    assert answer.redirect_chain == [("/join/done/", 302)]
    assert "dian@kopi.example" in answer.content.decode()
    assert (Client.objects.get().client_type, Client.objects.get().status) == ("Company", "Pending")


def test_a_developer_is_their_own_contact(client: Browser) -> None:
    given = {"name": "Eko Wijaya", "email_address": "eko@dev.example", "phone_number": "+62 812 5550 1234"}
    assert client.post("/join/individual/", given).status_code == 302
    made = Client.objects.get()
    assert (made.client_type, made.name, made.contact_person) == ("Individual", "Eko Wijaya", "Eko Wijaya")


def test_the_end_is_for_those_who_came_through(client: Browser) -> None:
    assert client.get("/join/done/")["Location"] == "/join/"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("name", "see https://evil.example"),
        ("contact_person", ""),
        ("email_address", "nobody"),
        ("phone_number", "none"),
        ("phone_number", "1" * 51),
        ("city", "x" * 101),
    ],
)
def test_an_error_stands_at_its_field(client: Browser, field: str, value: str) -> None:
    answer = client.post("/join/company/", {**COMPANY, field: value})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Client.objects.exists()


def test_a_taken_address_is_said_in_place(client: Browser) -> None:
    registered()
    answer = client.post("/join/company/", COMPANY)
    assert (answer.status_code, list(answer.context["form"].errors)) == (409, ["email_address"])
    assert 'value="Kopi Rakyat"' in answer.content.decode()


def test_too_many_registrations_keep_what_was_written(client: Browser, settings: Any) -> None:
    settings.CLIENT_REGISTRATIONS_PER_HOUR = 1
    client.post("/join/company/", COMPANY)
    answer = client.post("/join/company/", {**COMPANY, "email_address": "second@kopi.example"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    page = answer.content.decode()
    assert "60 minutes" in page
    assert 'value="second@kopi.example"' in page


def test_what_nobody_asked_for_is_not_looked_at(client: Browser) -> None:
    client.post("/join/company/", {**COMPANY, "status": "Active", "client_type": "Individual", "is_staff": "1"})
    assert (Client.objects.get().status, Client.objects.get().client_type) == ("Pending", "Company")
    assert not User.objects.filter(is_staff=True).exists()


def test_a_form_from_elsewhere_is_refused() -> None:
    assert Browser(enforce_csrf_checks=True).post("/join/company/", COMPANY).status_code == 403
