"""Deposits, webhook configuration and several keys at the simulated OTPZap (OTPZap contract 3, 10.4 and 12)."""

from typing import Any

import pytest
import requests

from tests.sandbox.shop import WHATSAPP_INDONESIA, WIB_TIME, Shop, code_of
from tests.simulators import Simulator, start_otpzap

SECRET = "sixteen letters!"
HOOK = {"url": "https://portal.example.com/hook", "events": ["*"]}


# -- deposits


def test_an_invoice_looks_like_section_3_2(shop: Shop) -> None:
    invoice = shop.data(shop.post("topup/create", amount=50_000))
    assert set(invoice) == {"order_id", "amount", "total_amount", "payment_url", "expired_at"}
    assert invoice["order_id"].startswith("APIDEP-3-")
    assert invoice["payment_url"].endswith(f"/pay/{invoice['order_id']}")
    assert 50_000 < invoice["total_amount"] < 51_000
    assert WIB_TIME.fullmatch(invoice["expired_at"])
    checked = shop.data(shop.get("topup/check", order_id=invoice["order_id"]))
    assert set(checked) == {"order_id", "amount", "status", "paid_at", "created_at"}
    assert (checked["status"], checked["paid_at"]) == ("pending", None)


@pytest.mark.parametrize("body", [{}, {"amount": 4_999}, {"amount": 10_000_001}, {"amount": 5e4}, {"amount": "x"}])
def test_bad_amounts_are_refused(shop: Shop, body: dict[str, Any]) -> None:
    assert code_of(shop.post("topup/create", **body)) == (422, "VALIDATION_ERROR")


def test_a_payment_is_credited_once_without_the_suffix(shop: Shop) -> None:
    before = shop.balance()
    order_id = shop.data(shop.post("topup/create", amount=50_000))["order_id"]
    shop.control("topup/pay", order_id=order_id)
    with pytest.raises(requests.HTTPError):
        shop.control("topup/pay", order_id=order_id)
    for _ in range(2):
        checked = shop.data(shop.get("topup/check", order_id=order_id))
        assert checked["status"] == "success"
        assert WIB_TIME.fullmatch(checked["paid_at"])
    assert shop.balance() == before + 50_000


def test_checking_reconciles_what_nobody_noticed(shop: Shop) -> None:
    before = shop.balance()
    order_id = shop.data(shop.post("topup/create", amount=50_000))["order_id"]
    assert shop.control("topup/pay", order_id=order_id, noticed=False)["status"] == "pending"
    assert shop.balance() == before
    assert shop.data(shop.get("topup/check", order_id=order_id))["status"] == "success"
    assert shop.balance() == before + 50_000


def test_invoices_expire_fail_and_may_be_paid_late(shop: Shop) -> None:
    shop.control("settings", topup_seconds=0)
    late = shop.data(shop.post("topup/create", amount=5_000))["order_id"]
    assert shop.data(shop.get("topup/check", order_id=late))["status"] == "expired"
    shop.control("topup/pay", order_id=late)
    assert shop.data(shop.get("topup/check", order_id=late))["status"] == "success"
    shop.control("settings", topup_seconds=1800)
    refused = shop.data(shop.post("topup/create", amount=5_000))["order_id"]
    shop.control("topup/fail", order_id=refused)
    with pytest.raises(requests.HTTPError):
        shop.control("topup/pay", order_id=refused)
    assert shop.data(shop.get("topup/check", order_id=refused))["status"] == "failed"
    ended = shop.data(shop.post("topup/create", amount=5_000))["order_id"]
    shop.control("topup/expire", order_id=ended)
    assert [row["status"] for row in shop.simulator.look("topups")["topups"]] == ["expired", "failed", "success"]


def test_open_invoices_are_told_apart_by_their_sum(shop: Shop) -> None:
    sums = [shop.data(shop.post("topup/create", amount=5_000))["total_amount"] for _ in range(30)]
    assert len(set(sums)) == 30


def test_the_same_key_is_the_same_invoice(shop: Shop) -> None:
    first, again = (shop.post("topup/create", key="k", amount=5_000).json() for _ in range(2))
    assert first == again
    assert code_of(shop.post("topup/create", key="k", amount=6_000)) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_person_pays_on_the_page_of_the_invoice(shop: Shop) -> None:
    invoice = shop.data(shop.post("topup/create", amount=5_000))
    assert "<form" in requests.get(invoice["payment_url"], timeout=5).text
    paid = requests.post(invoice["payment_url"], timeout=5).text
    assert "success" in paid
    assert "<form" not in paid
    assert requests.get(f"{shop.simulator.url}/pay/APIDEP-3-x", timeout=5).status_code == 404


def test_unknown_and_foreign_deposits_are_404(shop: Shop, other_shop: Shop) -> None:
    order_id = shop.data(shop.post("topup/create", amount=5_000))["order_id"]
    assert code_of(shop.get("topup/check", order_id="APIDEP-3-x")) == (404, "NOT_FOUND")
    assert code_of(other_shop.get("topup/check", order_id=order_id)) == (404, "NOT_FOUND")
    assert code_of(shop.get("topup/check")) == (422, "VALIDATION_ERROR")


# -- webhook configuration


def test_nothing_is_configured_at_first(shop: Shop) -> None:
    empty = {"url": None, "events": [], "is_active": True, "has_secret": False, "updated_at": None}
    assert shop.data(shop.get("webhook/get")) == empty


def test_a_secret_is_shown_once(shop: Shop) -> None:
    set_up = shop.data(shop.patch("webhook/update", **HOOK, secret=SECRET))
    assert set_up["secret"] == SECRET
    known = shop.data(shop.get("webhook/get"))
    assert WIB_TIME.fullmatch(known.pop("updated_at"))
    assert known == {**HOOK, "is_active": True, "has_secret": True}
    kept = shop.data(shop.patch("webhook/update", is_active=False))
    assert "secret" not in kept
    assert (kept["url"], kept["is_active"], kept["has_secret"]) == (HOOK["url"], False, True)
    assert shop.data(shop.patch("webhook/update", events=["order.replaced"]))["is_active"] is True


@pytest.mark.parametrize("secret", [None, "", "fifteen letters"])
def test_a_missing_or_short_secret_is_made(shop: Shop, secret: str | None) -> None:
    given = {} if secret is None else {"secret": secret}
    made = shop.data(shop.patch("webhook/update", **HOOK, **given))["secret"]
    assert len(made) == 48
    assert set(made) <= set("0123456789abcdef")
    again = shop.data(shop.patch("webhook/update", **HOOK, **given))
    assert ("secret" in again) is (secret is not None)


@pytest.mark.parametrize(
    "url",
    [
        "http://portal.example.com/hook",
        "ftp://portal.example.com",
        "https://",
        "https://localhost/x",
        "https://app.localhost/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://0x7f000001/x",
        "https://2130706433/x",
        "https://10.1.2.3/x",
        "https://192.168.0.1/x",
        "https://169.254.169.254/latest",
        "https://100.64.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[fd00::1]/x",
        "https://user@portal.example.com/x",
        "https://portal.invalid/x",
        "https://portal.example.com:99999/x",
        "https://rebound.example.com/x",
        "",
        5,
    ],
)
def test_only_public_https_addresses_are_taken(shop: Shop, url: Any) -> None:
    shop.control("webhook/names", host="rebound.example.com", addresses=["93.184.215.14", "10.0.0.8"])
    assert code_of(shop.patch("webhook/update", url=url, events=["*"])) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "change", [{"events": []}, {"events": ["order.eaten"]}, {"events": "*"}, {"is_active": "no"}, {"secret": 5}]
)
def test_bad_configurations_are_refused(shop: Shop, change: dict[str, Any]) -> None:
    assert code_of(shop.patch("webhook/update", **{**HOOK, **change})) == (422, "VALIDATION_ERROR")
    assert shop.data(shop.get("webhook/get"))["url"] is None


def test_update_is_patch_and_not_post(shop: Shop) -> None:
    assert code_of(shop.post("webhook/update", **HOOK)) == (405, "METHOD_NOT_ALLOWED")


def test_a_portal_on_the_same_machine_is_taken_when_that_is_allowed(shop: Shop) -> None:
    shop.control("settings", webhook_local=1)
    assert shop.data(shop.patch("webhook/update", url="http://localhost:8000/hook"))["events"] == ["*"]


# -- several keys


def test_every_key_is_an_account_of_its_own(shop: Shop, other_shop: Shop) -> None:
    before, order = other_shop.balance(), shop.buy()
    assert other_shop.balance() == before
    assert code_of(other_shop.get("order/check", order_id=order["order_id"])) == (404, "NOT_FOUND")
    for operation in ("cancel", "finish", "resend", "replace"):
        assert code_of(other_shop.post(f"order/{operation}", order_id=order["order_id"])) == (404, "NOT_FOUND")
    other_shop.patch("webhook/update", **HOOK)
    assert shop.data(shop.get("webhook/get"))["url"] is None


def test_idempotency_keys_belong_to_an_account(shop: Shop, other_shop: Shop) -> None:
    bought = {
        who.post("order/create", key="k", server=1, product_id=WHATSAPP_INDONESIA).json()["data"]["order_id"]
        for who in (shop, other_shop)
    }
    assert len(bought) == 2


def test_every_key_has_its_own_minute_and_balance(shop: Shop, other_shop: Shop) -> None:
    shop.control("settings", rate_per_minute=2)
    assert [shop.get("countries").status_code for _ in range(3)] == [200, 200, 429]
    assert other_shop.get("countries").status_code == 200
    first, second = shop.simulator.look("accounts")["accounts"]
    assert (first["calls"], first["refused"], first["peak_per_60_seconds"]) == (3, 1, 2)
    shop.control("account", account=second["key_id"], balance=7)
    assert other_shop.balance() == 7
    assert {row["key_id"] for row in shop.simulator.look("requests")["requests"]} == {
        first["key_id"],
        second["key_id"],
    }


def test_deposits_inboxes_and_webhooks_survive_a_restart(tmp_path: Any) -> None:
    with start_otpzap(tmp_path) as simulator:
        shop = Shop(simulator)
        ref, order_id = shop.inbox()["ref"], shop.rent()["order_id"]
        topup = shop.data(shop.post("topup/create", amount=5_000))["order_id"]
        shop.control("mail/deliver", ref=ref, code="0042")
        shop.control("topup/pay", order_id=topup)
        shop.patch("webhook/update", **HOOK)
        before = everything(shop, ref, order_id, topup)
    with start_otpzap(tmp_path) as simulator:
        assert everything(Shop(simulator), ref, order_id, topup) == before


def everything(shop: Shop, ref: str, order_id: int, topup: str) -> list[Any]:
    config = shop.data(shop.get("webhook/get"))
    deposit = shop.data(shop.get("topup/check", order_id=topup))
    return [shop.mail(ref), shop.check(order_id), deposit, config, shop.balance()]


def test_a_state_file_of_the_first_version_still_opens(tmp_path: Any) -> None:
    rows = [
        '["settings","market",{"cancel_cooldown_seconds":120.0,"window_seconds":1200.0,"balance":7770}]',
        '["orders","65",{"order_id":65,"product_id":1071,"service_name":"WhatsApp","country_name":"Indonesia",'
        '"phone_number":"+6281200000000","price":4500,"created_at":1.0,"expires_at":2.0,"status":"success",'
        '"otps":[{"otp":"1","message":"1","received_at":1.5}],"finished_at":2.0}]',
        '["products","1071",{"price":4600,"stock":3,"active":true}]',
    ]
    (tmp_path / "state.json").write_text("\n".join(rows) + "\n")
    with start_otpzap(tmp_path) as simulator:
        shop = Shop(simulator)
        assert shop.balance() == 7770
        assert shop.check(65)["status"] == "success"
        assert shop.buy()["price"] == 4600


def test_a_wrong_scheme_opens_nothing(shop: Shop, running_otpzap: Simulator) -> None:
    shop.session.headers["Authorization"] = f"Basic {running_otpzap.secrets['api_key']}"
    assert code_of(shop.get("balance")) == (401, "UNAUTHORIZED")
