"""The box of the desk: one thing by any of its ids, only what the reader may see, always over an index."""

import html
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.access import credentials
from accounts.access.actors import Origin
from accounts.models import Client, Customer, Role
from checkout.models import Session
from otp.models import State as OrderState
from payouts.models import Batch, Payout
from payouts.models.states import State
from reports import searching
from reports.searching import asking
from tests.accounts.cast import browser_of, company, person
from tests.otp.making import make_order
from tests.payments.gate import open_number, permanent
from tests.payouts.house import payment
from tests.reports.things import charged, checkout

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Browser:
    return browser_of(person("citra", Role.SUPER_ADMIN, Role.COMPANY_ADMIN))


def found(browser: Browser, text: str) -> list[str]:
    """Where the box leads, or what it lists."""
    answer = browser.get("/staff/search/", {"q": text})
    if answer.status_code == 302:
        return [answer["Location"]]
    assert answer.status_code == 200
    return [hit.url for group in answer.context["groups"] for hit in group.hits]


def test_a_customer_by_address_phone_and_id(desk: Browser, customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(phone="+6281234567890")
    there = [f"/staff/customers/{customer.public_id}/"]
    for text in ("ayu@example.id", "AYU@example", "+62 812-3456-7890", "0812 3456", str(customer.public_id)):
        assert found(desk, text) == there, text


def test_an_order_by_its_number_its_references_and_its_inbox(desk: Browser, customer: Customer) -> None:
    order = make_order(
        customer,
        reference="OTP01KAMN5T3V9Q",
        phone_number="+6285711112222",
        provider_order_id="SRV-778899",
        state=OrderState.EXPIRED,
    )
    mail = make_order(customer, mail_address="calm.river@mail.example", state=OrderState.EXPIRED)
    there = [f"/staff/orders/{order.public_id}/"]
    for text in (
        "otp01kamn5t",
        "OTP01KAMN5T3V9Q",
        "SRV-778899",
        "0857 1111",
        "6285711112222",
        order.public_id.hex[:13],
    ):
        assert found(desk, text) == there, text
    assert found(desk, "calm.river@mail") == [f"/staff/orders/{mail.public_id}/"]


def test_a_deposit_by_its_number_and_our_and_their_reference(desk: Browser, customer: Customer) -> None:
    attempt = open_number(customer, "01KAMN5T3V9QXYZ1", "3702019912345678")
    there = [f"/staff/deposits/{attempt.deposit.public_id}/"]
    for text in ("3702 0199 1234 5678", "37020199", "01kamn5t3v9q", str(attempt.deposit.public_id)):
        assert found(desk, text) == there, text


def test_a_permanent_number_leads_to_its_customer(desk: Browser, customer: Customer) -> None:
    account = permanent(customer)
    assert found(desk, account.number) == [f"/staff/customers/{customer.public_id}/"]


@pytest.fixture
def nassit(db: None) -> Client:
    return company()


def test_a_payout_by_reference_receiver_and_the_rails_id(desk: Browser, nassit: Client) -> None:
    paid = payment(nassit, receiver="076123456", receiver_code="076", rail_id="RAIL-5521")
    there = [f"/staff/payouts/{paid.public_id}/"]
    other = payment(nassit, receiver="002001992010184333", receiver_code="002")
    assert found(desk, "0020 0199 2010") == [f"/staff/payouts/{other.public_id}/"]
    for text in (paid.reference, paid.reference.lower(), "076 123 456", "+232 76 123456", "RAIL-5521"):
        assert found(desk, text) == there, text


def test_a_batch_by_reference_and_id(desk: Browser, nassit: Client) -> None:
    batch = Batch.objects.create(reference="TB20261121AAAAAA", client=nassit, name="Wages", origin=Batch.Origin.PASTE)
    there = [f"/staff/batches/{batch.public_id}/"]
    assert found(desk, "tb20261121aa") == there
    assert found(desk, str(batch.public_id)) == there


def test_a_card_payment_and_a_checkout(desk: Browser, nassit: Client) -> None:
    paid = charged(nassit, order_id="INV-2026-17", processor_id="ch_9f2b")
    for text in ("INV-2026-17", "ch_9f2b", paid.reference):
        assert found(desk, text) == [f"/staff/cards/{paid.public_id}/"], text
    session: Session = checkout(nassit)
    there = [f"/staff/checkouts/{session.public_id}/"]
    assert found(desk, session.reference) == there
    assert found(desk, str(session.public_id)) == there
    assert desk.get(there[0]).status_code == 200


def test_a_client_by_its_name(desk: Browser, nassit: Client) -> None:
    assert found(desk, "nassi") == [f"/staff/clients/{nassit.public_id}/"]


def test_several_hits_are_listed_by_kind(desk: Browser, nassit: Client) -> None:
    for _ in range(7):
        payment(nassit, receiver="076123456", receiver_code="076")
    charged(nassit, order_id="076123456")
    page = desk.get("/staff/search/", {"q": "076123456"})
    groups = {str(group.title): group for group in page.context["groups"]}
    assert len(groups["Payouts"].hits) == 5
    assert groups["Payouts"].more
    assert len(groups["Card payments"].hits) == 1
    assert "type a few more characters" in html.unescape(page.content.decode())


def test_a_single_hit_can_be_listed_all_the_same(desk: Browser, nassit: Client) -> None:
    assert desk.get("/staff/search/", {"q": "nassi", "list": "1"}).status_code == 200


@pytest.mark.parametrize(
    "text", ["", " ", "a", "12", "%%%%%", "_____", "@", "\0\0", "x" * 500, "' OR 1=1 --", "😀😀😀😀"]
)
def test_nonsense_finds_nothing(desk: Browser, nassit: Client, text: str) -> None:
    payment(nassit)
    assert found(desk, text) == []


def test_wildcards_are_letters(desk: Browser, nassit: Client, customer: Customer) -> None:
    payment(nassit)
    assert found(desk, "T%2026") == []
    assert found(desk, "a%@example.id") == []


def test_only_what_may_be_read_is_looked_for(nassit: Client, customer: Customer) -> None:
    paid = payment(nassit)
    support = browser_of(person("sari", Role.SUPPORT))
    assert found(support, paid.reference) == [f"/staff/payouts/{paid.public_id}/"]
    Role.objects.get(name=Role.SUPPORT).permissions.remove(
        *Role.objects.get(name=Role.SUPPORT).permissions.filter(name__in=["Payouts.Read", "Customers.ReadOne"])
    )
    support = browser_of(person("rina", Role.SUPPORT))
    assert found(support, paid.reference) == []
    assert found(support, "ayu@example.id") == []


def test_the_sandbox_is_not_searched(desk: Browser, nassit: Client, customer: Customer) -> None:
    toy = Customer.objects.create(user=customer.user, is_sandbox=True)
    played = payment(nassit, is_sandbox=True)
    order = make_order(toy, state=OrderState.EXPIRED)
    for text in (played.reference, str(toy.public_id), str(order.public_id)):
        assert found(desk, text) == []


def test_people_of_clients_and_customers_have_no_such_page(customer: Customer, nassit: Client, client_for: Any) -> None:
    for browser in (client_for(customer), browser_of(person("fatu", Role.PORTAL_ADMIN, client=nassit))):
        assert browser.get("/staff/search/").status_code == 404


def test_the_box_asks_as_often_for_ten_as_for_a_thousand(desk: Browser, nassit: Client) -> None:
    first = payment(nassit, receiver="076123456", receiver_code="076")
    payment(nassit, receiver="076123456", receiver_code="076")
    # The first page of a visit also notes the visit.
    desk.get("/staff/search/")
    asked = {text: _queries(desk, text) for text in ("076123456", "TP2026", "ayu@example.id", "0b9f4c7e-11")}
    _many(first, 1000)
    for text, queries in asked.items():
        assert _queries(desk, text) == queries <= 26, text


def _queries(browser: Browser, text: str) -> int:
    with CaptureQueriesContext(connection) as spent:
        assert browser.get("/staff/search/", {"q": text, "list": "1"}).status_code == 200
    return len(spent)


def _many(row: Payout, number: int) -> None:
    fields = [field.attname for field in Payout._meta.concrete_fields if field.attname not in ("id", "public_id")]
    rows = [
        Payout(**{name: getattr(row, name) for name in fields} | {"reference": f"TP2026X{place:06}"})
        for place in range(number)
    ]
    Payout.objects.bulk_create(rows)


@pytest.mark.parametrize(
    "text", ["ayu@example.id", "081234567", "OTP01KAMN5T", "TP20261121", "0b9f4c7e-11", "3702019912345678"]
)
def test_every_look_up_stands_on_an_index(text: str, customer: Customer) -> None:
    """Walking a table or a whole index is told to cost the world: what does so all the same has no index of its own."""
    actor = _actor()
    asked = searching.read(text)
    with connection.cursor() as cursor:
        # A bitmap only ever comes from a condition that an index can answer, however little the tables hold.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
        for finder in searching.FINDERS:
            match = finder.match(asked)
            if match is None or finder.permission == "Clients.ReadOne":
                continue
            query = finder.rows(actor).filter(match).order_by()[:6]
            plan = query.explain()
            table = query.model._meta.db_table
            assert f"Seq Scan on {table}" not in plan, f"{finder.title}\n{plan}"
            assert "Cond:" in plan, f"{finder.title}\n{plan}"


def _actor() -> Any:
    return credentials.of_person(person("citra", Role.SUPER_ADMIN).user, Origin(via="page"))


def test_what_was_typed_is_taken_for_what_it_can_be() -> None:
    local = asking.read("0812-3456").numbers
    assert local == ["08123456", "628123456", "2328123456", "+628123456", "+2328123456"]
    assert asking.read("002001992010184333").numbers[0] == "002001992010184333"
    assert asking.read("Ayu@Example.id ").email == "ayu@example.id"
    assert asking.read("12345678").ids is None
    ids = asking.read("0b9f4c7e-11").ids
    assert ids == (
        UUID("0b9f4c7e-1100-0000-0000-000000000000"),
        UUID("0b9f4c7e-11ff-ffff-ffff-ffffffffffff"),
    )
    assert asking.read("abc").is_empty


def test_a_payout_in_doubt_shows_its_state(desk: Browser, nassit: Client) -> None:
    payment(nassit, state=State.FAILED, receiver="076123456", receiver_code="076")
    page = desk.get("/staff/search/", {"q": "076123456", "list": "1"})
    assert 'data-state="payout:failed"' in page.content.decode()
