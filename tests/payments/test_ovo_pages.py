"""What pages show of an OVO account, and what is neither shown nor kept."""

from typing import Any

import pytest
from django.test import Client

from payments import tasks
from payments.errors import UnusableOvoNumber
from payments.models import ProviderExchange, ProviderMessage
from payments.providers.faspay_ovo import signing
from payments.services import ovo
from tests.payments.ovo_house import PHONE, OvoHouse

pytestmark = pytest.mark.django_db


def test_movements_page_by_page(ovo_house: OvoHouse) -> None:
    ovo_house.linked(cash=1_000_000)
    for amount in range(10_000, 22_000, 1000):
        deposit = ovo_house.push(amount)
        ovo_house.tell(deposit)
    first = "/topup/ovo/history"
    assert b"We are asking OVO" in ovo_house.page.get(first).content
    tasks.ovo_history(link_id=ovo_house.link.pk, page=1)
    shown = ovo_house.page.get(first).content.decode()
    assert "Rp21.000" in shown
    assert "Rp11.000" not in shown
    assert "page=2" in shown
    tasks.ovo_history(link_id=ovo_house.link.pk, page=2)
    shown = ovo_house.page.get(f"{first}?page=2").content.decode()
    assert "Rp11.000" in shown
    assert "page=1" in shown
    assert "page=3" not in shown
    for odd in ("0", "-1", "x", "9999", "٣", "1e3", ""):
        assert ovo_house.page.get(first, {"page": odd}).status_code == 200


@pytest.mark.parametrize("mode", ["empty_lists", "empty_arrays", "no_lists"])
def test_no_movements(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.linked()
    ovo_house.misbehave("history", mode)
    tasks.ovo_history(link_id=ovo_house.link.pk, page=1)
    assert b"No payments yet" in ovo_house.page.get("/topup/ovo/history").content


def test_silence_about_movements(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo_house.misbehave("history", "502")
    tasks.ovo_history(link_id=ovo_house.link.pk, page=1)
    assert b"OVO did not answer" in ovo_house.page.get("/topup/ovo/history").content


def test_how_to_put_money_in(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    assert b"We are asking OVO" in ovo_house.page.get("/topup/ovo/instructions").content
    tasks.ovo_instructions(link_id=ovo_house.link.pk)
    shown = ovo_house.page.get("/topup/ovo/instructions").content.decode()
    assert "Tokopedia" in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert "<img" not in shown


# -- what is kept, and what is not


def test_neither_number_nor_token_nor_digest_is_kept_or_shown(
    ovo_house: OvoHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ovo_house.linked()
    ovo_house.hint()
    ovo_house.hint(code="01")
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="expired")
    ovo_house.push()
    digest = signing.request_signature("bot37020", "sandbox-ovo", PHONE)
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("payments", "config")))
    kept = "\n".join(
        f"{row.address}{row.request_headers}{row.request_body}{row.response_body}{row.reference}"
        for row in ProviderExchange.objects.all()
    )
    assert ProviderExchange.objects.filter(provider="faspay_ovo").count() >= 4
    for text in (said, kept):
        for secret in (digest, PHONE, PHONE[1:], "eyJ0", "sandbox-ovo"):
            assert secret not in text
    told = ProviderMessage.objects.filter(kind="link")
    assert all(PHONE not in row.reference and row.path == "/faspay/ovo/linked" for row in told)


def test_strangers(ovo_house: OvoHouse, client: Client, client_for: Any, staff_user: Any) -> None:
    for path in ("", "open", "history", "instructions"):
        assert client.get(f"/topup/ovo/{path}").status_code == 302
        assert client_for(staff_user).get(f"/topup/ovo/{path}").status_code == 404


def test_no_ovo_here(ovo_house: OvoHouse, settings: Any) -> None:
    settings.FASPAY_OVO_BASE_URL = ""
    assert ovo_house.page.get("/topup/ovo/").status_code == 404
    assert ovo_house.page.post("/topup/ovo/link", {"phone": PHONE}).status_code == 404


def test_unusable(ovo_house: OvoHouse) -> None:
    with pytest.raises(UnusableOvoNumber):
        ovo.link_account(customer=ovo_house.customer, phone="0812")
