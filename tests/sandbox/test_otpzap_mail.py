"""Server 3 of the simulated OTPZap (OTPZap contract 7 and 9)."""

from typing import Any

import pytest
import requests

from tests.sandbox.shop import WIB_TIME, Shop, code_of

CREATED = {"ref", "site", "domain", "email", "price", "status", "created_at", "expires_at"}
CHECKED = CREATED | {"otp_code", "headline", "preview", "messages", "cancel_fee"}


def offer(shop: Shop, domain: str = "outlook.com", site: str = "openai.com") -> dict[str, Any]:
    listed = shop.data(shop.get("s3/domains", site=site))["domains"]
    return dict(next(item for item in listed if item["domain"] == domain))


def test_sites_are_suggestions(shop: Shop) -> None:
    assert "openai.com" in shop.data(shop.get("s3/sites"))["sites"]
    assert shop.data(shop.get("s3/domains", site="Some-Shop.example.id"))["site"] == "some-shop.example.id"


@pytest.mark.parametrize("site", ["", "openai", "https://openai.com", "a b.com", "-x.com", "openai.com/login"])
def test_what_is_no_site_is_refused(shop: Shop, site: str) -> None:
    assert code_of(shop.get("s3/domains", site=site)) == (422, "VALIDATION_ERROR")
    assert code_of(shop.post("order/email-create", site=site, domain="gmail.com")) == (422, "VALIDATION_ERROR")


def test_domains_have_the_shape_of_section_7_2(shop: Shop) -> None:
    found = offer(shop)
    assert set(found) == {"domain", "stock", "price", "activation_rate", "cancel_fee"}
    assert 0 <= found["cancel_fee"] <= found["price"]
    assert 0 <= found["activation_rate"] <= 100


def test_one_inbox_is_flat_and_in_the_list(shop: Shop) -> None:
    before, offered = shop.balance(), offer(shop)
    rented = shop.inbox()
    assert set(rented) >= CREATED
    assert rented["orders"] == [{name: rented[name] for name in rented["orders"][0]}]
    assert (rented["failed_count"], rented["status"], rented["price"]) == (0, "pending", offered["price"])
    assert rented["ref"].startswith("APIE-3-")
    assert rented["email"].endswith("@outlook.com")
    assert shop.balance() == before - rented["price"]
    assert offer(shop)["stock"] == offered["stock"] - 1


def test_a_message_is_read_with_its_code(shop: Shop) -> None:
    ref = shop.inbox()["ref"]
    waiting = shop.mail(ref)
    assert set(waiting) == CHECKED
    assert (waiting["otp_code"], waiting["headline"], waiting["preview"], waiting["messages"]) == (None,) * 3 + ([],)
    shop.control("mail/deliver", ref=ref, sender="OpenAI <no@openai.com>", subject="Sign in", text="Use 004711 now")
    shown = shop.mail(ref)
    assert (shown["status"], shown["otp_code"], shown["headline"]) == ("received", "004711", "004711")
    message = shown["messages"][0]
    assert WIB_TIME.fullmatch(message.pop("received_at"))
    expected = {"from": "OpenAI <no@openai.com>", "subject": "Sign in", "text": "Use 004711 now", "otp": "004711"}
    assert message == expected
    assert shown["preview"] == "Use 004711 now"
    assert shown["expires_at"] > waiting["expires_at"]


def test_mails_without_a_code_and_mails_of_markup(shop: Shop) -> None:
    ref, email = (shop.inbox()[name] for name in ("ref", "email"))
    assert email
    shop.control("mail/deliver", ref=ref, subject="Link", html='<p>Open <a href="https://x.example/in">this</a></p>')
    shown = shop.mail(ref)
    assert (shown["otp_code"], shown["headline"]) == (None, "Link")
    assert shown["messages"][0]["text"].startswith("<p>")
    shop.control("mail/deliver", ref=ref, text="Order 1234 shipped", code=None)
    assert shop.mail(ref)["messages"][1]["otp"] is None


def test_mail_comes_by_address_too(shop: Shop) -> None:
    rented = shop.inbox()
    shop.control("mail/deliver", email=rented["email"], code="777123")
    assert shop.mail(rented["ref"])["otp_code"] == "777123"
    with pytest.raises(requests.HTTPError):
        shop.control("mail/deliver", email="nobody@outlook.com")


def test_subject_and_regex_choose(shop: Shop) -> None:
    ref = shop.inbox(subject="verify", regex=r"code: ([A-Z]{3})")["ref"]
    assert shop.control("mail/deliver", ref=ref, subject="Welcome", text="hello")["taken"] is False
    assert shop.mail(ref)["status"] == "pending"
    assert shop.control("mail/deliver", ref=ref, subject="Please VERIFY", text="code: ABC or 123456")["taken"] is True
    assert shop.mail(ref)["otp_code"] == "ABC"
    shop.control("mail/deliver", ref=ref, subject="verify", text="nothing 99999")
    assert shop.mail(ref)["messages"][1]["otp"] is None


def test_several_domains_are_tried_in_the_order_given(shop: Shop) -> None:
    wanted = ["gmx.com", "nowhere.example", "yahoo.com", "gmail.com"]
    rented = shop.data(shop.post("order/email-create", site="openai.com", domains=wanted))
    assert (rented["domain"], rented["price"]) == ("yahoo.com", offer(shop, "yahoo.com")["price"])


def test_several_inboxes_are_paid_one_by_one(shop: Shop) -> None:
    shop.control("domain", domain="outlook.com", stock=2)
    before, price = shop.balance(), offer(shop)["price"]
    body = {"site": "openai.com", "domain": "outlook.com", "qty": 3}
    rented = shop.data(shop.post("order/email-create", **body))
    assert (len(rented["orders"]), rented["failed_count"], "ref" in rented) == (2, 1, False)
    assert shop.balance() == before - 2 * price
    assert code_of(shop.post("order/email-create", **body)) == (409, "OUT_OF_STOCK")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"domain": None}, 422),
        ({"domains": ["gmail.com"]}, 422),
        ({"domain": None, "domains": []}, 422),
        ({"domain": None, "domains": [1]}, 422),
        ({"domain": "nowhere.example"}, 404),
        ({"domain": "gmx.com"}, 409),
        ({"qty": 0}, 422),
        ({"qty": 11}, 422),
        ({"qty": True}, 422),
        ({"subject": "x" * 256}, 422),
        ({"regex": "("}, 422),
        ({"regex": 5}, 422),
    ],
)
def test_bad_inboxes_are_refused(shop: Shop, change: dict[str, Any], answer: int) -> None:
    body = {"site": "openai.com", "domain": "outlook.com", **change}
    assert shop.post("order/email-create", **body).status_code == answer
    assert shop.simulator.look("mails")["mails"] == []


def test_an_inbox_without_money_is_402(shop: Shop) -> None:
    shop.control("settings", balance=10)
    reply = shop.post("order/email-create", site="openai.com", domain="outlook.com")
    assert code_of(reply) == (402, "INSUFFICIENT_BALANCE")


def test_cancel_keeps_the_fee(shop: Shop) -> None:
    before = shop.balance()
    rented = shop.inbox()
    fee = shop.mail(rented["ref"])["cancel_fee"]
    done = shop.data(shop.post("order/email-cancel", ref=rented["ref"]))
    refund = rented["price"] - fee
    assert (done["status"], done["refund_amount"], done["cancel_fee"]) == ("cancelled", refund, fee)
    assert done["balance"] == shop.balance() == before - fee
    assert fee > 0
    assert code_of(shop.post("order/email-cancel", ref=rented["ref"])) == (409, "ORDER_NOT_PENDING")


def test_a_fee_is_never_more_than_the_price(shop: Shop) -> None:
    shop.control("domain", domain="outlook.com", cancel_fee=99_000)
    ref = shop.inbox()["ref"]
    assert shop.data(shop.post("order/email-cancel", ref=ref))["refund_amount"] == 0


def test_cancel_may_have_a_cooldown(shop: Shop) -> None:
    shop.control("settings", mail_cancel_cooldown_seconds=60)
    early = shop.post("order/email-cancel", ref=shop.inbox()["ref"])
    assert code_of(early) == (429, "CANCEL_TOO_EARLY")
    assert 50 <= int(early.headers["Retry-After"]) <= 60


def test_the_window_without_a_message_pays_everything_back(shop: Shop) -> None:
    before = shop.balance()
    ref = shop.inbox()["ref"]
    shop.control("mail/expire", ref=ref)
    assert shop.mail(ref)["status"] == "expired"
    assert shop.balance() == before


def test_the_end_after_a_message_is_success(shop: Shop) -> None:
    rented = shop.inbox()
    shop.control("mail/deliver", ref=rented["ref"], code="1234")
    before = shop.balance()
    shop.control("mail/expire", ref=rented["ref"])
    assert (shop.mail(rented["ref"])["status"], shop.balance()) == ("success", before)
    with pytest.raises(requests.HTTPError):
        shop.control("mail/deliver", ref=rented["ref"], code="1234")


def test_finish_needs_a_message_and_may_be_repeated(shop: Shop) -> None:
    ref = shop.inbox()["ref"]
    assert code_of(shop.post("order/email-finish", ref=ref)) == (409, "CONFLICT")
    shop.control("mail/deliver", ref=ref, code="1234")
    for _ in range(2):
        assert shop.data(shop.post("order/email-finish", ref=ref)) == {"ref": ref, "status": "success"}
    assert code_of(shop.post("order/email-reorder", ref=ref)) == (409, "CONFLICT")


def test_reorder_waits_again_and_costs_nothing(shop: Shop) -> None:
    ref = shop.inbox()["ref"]
    assert code_of(shop.post("order/email-reorder", ref=ref)) == (409, "CONFLICT")
    shop.control("mail/deliver", ref=ref, code="1111")
    before = shop.balance()
    asked = shop.data(shop.post("order/email-reorder", ref=ref))
    assert (asked["status"], len(asked["messages"]), asked["ref"]) == ("pending", 1, ref)
    assert code_of(shop.post("order/email-cancel", ref=ref)) == (409, "ORDER_NOT_PENDING")
    shop.control("mail/deliver", ref=ref, code="2222")
    assert (shop.mail(ref)["status"], shop.mail(ref)["otp_code"]) == ("received", "2222")
    shop.post("order/email-reorder", ref=ref)
    shop.control("mail/expire", ref=ref)
    assert (shop.mail(ref)["status"], shop.balance()) == ("success", before)


def test_a_reorder_may_change_the_reference_and_the_old_one_still_leads_there(shop: Shop) -> None:
    shop.control("settings", reorder_changes_ref=1)
    old = shop.inbox()["ref"]
    shop.control("mail/deliver", ref=old, code="1111")
    new = shop.data(shop.post("order/email-reorder", ref=old))["ref"]
    assert new != old
    assert shop.mail(old)["ref"] == shop.mail(new)["ref"] == new


def test_unknown_and_foreign_inboxes_are_404(shop: Shop, other_shop: Shop) -> None:
    ref = shop.inbox()["ref"]
    for known, caller in (("APIE-3-0000000000", shop), (ref, other_shop)):
        assert code_of(caller.get("order/email-check", ref=known)) == (404, "NOT_FOUND")
        for name in ("reorder", "cancel", "finish"):
            assert code_of(caller.post(f"order/email-{name}", ref=known)) == (404, "NOT_FOUND")
    assert code_of(shop.get("order/email-check")) == (422, "VALIDATION_ERROR")


def test_the_same_key_rents_one_inbox(shop: Shop) -> None:
    body = {"site": "openai.com", "domain": "outlook.com"}
    first, again = (shop.post("order/email-create", key="k", **body) for _ in range(2))
    assert first.json() == again.json()
    assert len(shop.simulator.look("mails")["mails"]) == 1
    ref = first.json()["data"]["ref"]
    shop.control("mail/deliver", ref=ref, code="1")
    reply, same = (shop.post("order/email-reorder", key="r", ref=ref) for _ in range(2))
    assert reply.json() == same.json()
    assert shop.simulator.look("mails")["mails"][0]["reorder_count"] == 1
