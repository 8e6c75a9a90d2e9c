"""Where a browser is sent for OVO, and what its coming back may do."""

from typing import Any

import pytest
from django.test import Client

from payments.models import OvoLink, PaymentAttempt
from tests.payments.ovo_house import PHONE, OvoHouse, host_of

pytestmark = pytest.mark.django_db
State = PaymentAttempt.State


def test_coming_back_changes_nothing(ovo_house: OvoHouse, client: Client) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    attempt = ovo_house.attempt(deposit)
    query = {"trx_id": attempt.provider_trx_id, "bill_no": attempt.trx_id, "bill_total": "50000", "status": "2"}
    answer = ovo_house.page.get("/topup/ovo/return", query)
    assert answer["Location"] == f"/topup/deposits/{deposit.public_id}/"
    deposit.refresh_from_db()
    assert (deposit.state, ovo_house.credits, ovo_house.attempt(deposit).state) == ("pending", 0, State.OPEN)
    assert client.get("/topup/ovo/return", query).status_code == 200, "signed in elsewhere: told, and no more"
    for odd in ("", "x" * 500, "٣", "../../", "https://evil.example"):
        assert ovo_house.page.get("/topup/ovo/return", {"bill_no": odd})["Location"] == "/topup/ovo/"
    assert ovo_house.page.post("/topup/ovo/return", query).status_code == 405


def test_coming_back_to_a_strangers_bill(ovo_house: OvoHouse, other_customer: Any, client_for: Any) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    budi = client_for(other_customer)
    bill = ovo_house.attempt(deposit).trx_id
    assert budi.get("/topup/ovo/return", {"bill_no": bill})["Location"] == "/topup/ovo/"
    assert budi.get(f"/topup/deposits/{deposit.public_id}/ovo").status_code == 404
    assert budi.post(f"/topup/deposits/{deposit.public_id}/ovo/again").status_code == 404


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "http://webview.byte-stack.net/", "//evil.example/", "javascript:alert(1)", "/topup/",
     "https://webview.byte-stack.net@evil.example/", "https://webview.byte-stack.net.evil.example/",
     "https://webview.byte-stack.net:8443/", "https://evil.example/?webview.byte-stack.net", "data:text/html,x",
     "https://webview.byte-stack.net\\@evil.example/", "\thttps://evil.example/", ""],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(ovo_house: OvoHouse, settings: Any, url: str) -> None:
    """Even if such an address had got into the rows."""
    ovo_house.linked()
    deposit = ovo_house.push()
    settings.FASPAY_OVO_REDIRECT_HOSTS = ["webview.byte-stack.net"]
    PaymentAttempt.objects.update(page_url=url)
    here = f"/topup/deposits/{deposit.public_id}/"
    assert ovo_house.page.get(f"{here}ovo")["Location"] == here
    OvoLink.objects.all().delete()
    OvoLink.objects.create(customer=ovo_house.customer, phone=PHONE, page_url=url)
    assert ovo_house.page.get("/topup/ovo/open")["Location"] == "/topup/ovo/"
    PaymentAttempt.objects.update(page_url="https://webview.byte-stack.net/cellblockui?token=x")
    assert host_of(ovo_house.page.get(f"{here}ovo")["Location"]) == "webview.byte-stack.net"


def test_the_next_parameter_leads_nowhere(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    for name in ("next", "url", "redirect"):
        gone = ovo_house.page.get(f"/topup/deposits/{deposit.public_id}/ovo", {name: "https://evil.example/"})
        assert host_of(gone["Location"]) == host_of(ovo_house.sim.url)
