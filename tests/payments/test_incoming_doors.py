"""The short way in: what a provider's call passes, and what it does not."""

from typing import Any

import pytest
from django.conf import settings as site
from django.urls import resolve, reverse

from accounts.models import Customer
from tests.payments import gate as g
from tests.payments.gate import INQUIRY, Gate, code_of, inquiry

pytestmark = pytest.mark.django_db


def test_every_door_leads_to_its_view() -> None:
    assert len(site.DOORS) == 5
    for name in site.DOORS:
        assert resolve(reverse(name)).url_name == name


def test_a_call_needs_no_session_and_gets_none(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    answer = gate.send(INQUIRY, inquiry())
    assert code_of(answer) == "2002400"
    assert not answer.cookies
    assert (answer["X-Content-Type-Options"], answer["Content-Length"]) == ("nosniff", str(len(answer.content)))
    assert answer["X-Request-Id"]
    assert "Vary" not in answer


def test_pages_are_not_touched(client: Any) -> None:
    answer = client.get("/v1.0/transfer-va/nothing")
    assert answer.status_code == 404
    assert "Content-Security-Policy" in answer


def test_an_accepted_call_costs_no_session_query(gate: Gate, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert gate.client.get(INQUIRY).status_code == 405


@pytest.mark.parametrize(("door", "code"), [(INQUIRY, "5002401"), (g.PAYMENT, "5002501"), (g.QR, "5005201")])
def test_while_the_database_is_away_they_are_told_to_come_again(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, door: str, code: str
) -> None:
    from django.db import OperationalError

    from payments.services.incoming import keeping

    def away(*_arguments: Any, **_more: Any) -> Any:
        raise OperationalError

    monkeypatch.setattr(keeping, "keep", away)
    assert code_of(gate.send(door, {})) == code
    legacy = gate.client.generic("POST", g.LEGACY, g.compact(g.notice("OVO0000000000001")), "application/json")
    assert (legacy.status_code, b'"01"' in legacy.content) == (500, True)
