"""Linking, looking and unlinking, through pages, the callback and the simulator; in JSON and in XML."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.utils import timezone

from accounts.models import Customer
from payments import tasks
from payments.errors import AskedTooSoon, OvoAlreadyLinked, OvoNumberTaken, TooManyLinks
from payments.models import OvoLink
from payments.services import ovo
from payments.settlement import ovo as links
from tests.payments.ovo_house import LINKED, OTHER_PHONE, PHONE, OvoHouse, host_of

pytestmark = pytest.mark.django_db


def _requests(house: OvoHouse, number: str) -> int:
    return sum(f"/{number}/" in row["path"] for row in house.sim.look("requests?limit=200")["requests"])


def test_the_whole_way_by_the_pages(ovo_house: OvoHouse) -> None:
    page = ovo_house.page
    assert b"Link your OVO account" in page.get("/topup/ovo/").content
    answer = page.post("/topup/ovo/link", {"phone": "0813 8282-6301"})
    assert (answer.status_code, answer["Location"]) == (302, "/topup/ovo/")
    assert b"We are asking OVO" in page.get("/topup/ovo/").content
    ovo_house.work()
    shown = page.get("/topup/ovo/").content.decode()
    assert "Open OVO's page" in shown
    assert 'href="/topup/ovo/open"' in shown
    gone = page.get("/topup/ovo/open")
    assert gone.status_code == 302
    assert host_of(gone["Location"]) == host_of(ovo_house.sim.url)
    assert gone["Referrer-Policy"] == "no-referrer"
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked", cash=123_000, points=450)
    assert ovo_house.hint().status_code == 200
    assert ovo_house.link.state == "pending", "a hint changes nothing by itself"
    ovo_house.work()
    link = ovo_house.link
    assert (link.state, link.balance_cash, link.balance_points) == ("linked", Decimal(123_000), Decimal(450))
    assert (link.page_url, link.next_check_at) == ("", None)
    shown = page.get("/topup/ovo/").content.decode()
    assert "Rp123.000" in shown
    assert "0813•••••301" in shown
    assert PHONE not in shown


def test_a_lost_callback_is_made_up_for(ovo_house: OvoHouse) -> None:
    ovo_house.begin()
    assert ovo_house.work().state == "pending"
    ovo_house.sim.control("ovo/link", phone=PHONE, callback=False)
    tasks.call(provider="faspay_ovo")
    assert ovo_house.link.state == "pending", "not due yet"
    assert ovo_house.work().state == "linked"


def test_it_is_given_up_when_nobody_confirms(ovo_house: OvoHouse) -> None:
    link = ovo_house.begin()
    _age(link, timedelta(minutes=11))
    link = ovo_house.work()
    assert (link.state, link.reason, link.page_url) == ("failed", "timeout", "")
    assert b"The time to confirm is over" in ovo_house.page.get("/topup/ovo/").content
    assert ovo_house.page.get("/topup/ovo/open")["Location"] == "/topup/ovo/"


def _age(link: OvoLink, by: timedelta) -> None:
    with pgtrigger.ignore("payments.OvoLink:named_once"):
        OvoLink.objects.filter(pk=link.pk).update(created_at=timezone.now() - by)


@pytest.mark.parametrize("phone", ["", "12", "0812", "+1 212 555 0100", "081382826301234", "٠٨١٣٨٢٨٢٦٣٠١", "x" * 24])
def test_a_number_that_ovo_cannot_have(ovo_house: OvoHouse, phone: str) -> None:
    answer = ovo_house.page.post("/topup/ovo/link", {"phone": phone})
    assert answer.status_code == 422
    assert not OvoLink.objects.exists()


def test_the_number_of_the_profile_is_offered(ovo_house: OvoHouse) -> None:
    Customer.objects.filter(pk=ovo_house.customer.pk).update(phone="+6281382826301")
    assert f'value="{PHONE}"'.encode() in ovo_house.page.get("/topup/ovo/").content


def test_not_registered(ovo_house: OvoHouse) -> None:
    ovo_house.sim.control("ovo/purse", phone=PHONE, registered=False)
    link = ovo_house.begin()
    assert (link.state, link.reason) == ("failed", "refused")
    assert b"OVO did not accept this number" in ovo_house.page.get("/topup/ovo/").content


@pytest.mark.parametrize("mode", ["foreign_host", "plain_http", "no_url"])
def test_a_page_that_is_not_on_the_list_is_never_opened(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.misbehave("activate", mode)
    link = ovo_house.begin()
    assert (link.state, link.reason, link.page_url) == ("failed", "wrong_answer", "")
    assert ovo_house.page.get("/topup/ovo/open")["Location"] == "/topup/ovo/"


@pytest.mark.parametrize(
    "mode",
    ["samples", "half_entities", "whole_entities", "bare_ampersand", "broken_lines", "bad_declaration",
     "spaced_declaration", "no_declaration", "short_code", "numbers"],
)  # fmt: skip
def test_odd_answers_link_all_the_same(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.misbehave("activate", mode)
    link = ovo_house.begin()
    assert link.state == "pending"
    assert link.page_url
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked")
    ovo_house.misbehave("balance", mode)
    assert ovo_house.work().state == "linked"


@pytest.mark.parametrize("mode", ["timeout_before_accept", "502", "html", "truncated", "empty", "unknown_code", "429"])
def test_no_answer_is_asked_again_then_given_up(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.misbehave("*", mode, times=-1)
    ovo.link_account(customer=ovo_house.customer, phone=PHONE)
    for _try in range(3):
        assert ovo_house.work().state == "pending"
    link = ovo_house.work()
    assert (link.state, link.reason) == ("failed", "no_answer")
    assert b"OVO did not answer" in ovo_house.page.get("/topup/ovo/").content


def test_a_second_press_is_no_second_wish(ovo_house: OvoHouse) -> None:
    first = ovo_house.begin()
    assert ovo.link_account(customer=ovo_house.customer, phone="+62 813 8282 6301").pk == first.pk
    afresh = ovo.link_account(customer=ovo_house.customer, phone=PHONE, afresh=True)
    first.refresh_from_db()
    assert afresh.pk != first.pk
    assert (first.state, first.reason) == ("failed", "given_up")


def test_nobody_is_pestered_with_codes(ovo_house: OvoHouse) -> None:
    for _try in range(ovo.SAME_IN_SIX_HOURS):
        ovo.link_account(customer=ovo_house.customer, phone=PHONE, afresh=True)
    with pytest.raises(TooManyLinks):
        ovo.link_account(customer=ovo_house.customer, phone=PHONE, afresh=True)
    assert ovo_house.link.state == "pending", "the last one stays"


def test_numbers_cannot_be_tried_out(ovo_house: OvoHouse) -> None:
    for last in range(ovo.LINKS_AN_HOUR):
        ovo.link_account(customer=ovo_house.customer, phone=f"08138282630{last}")
    with pytest.raises(TooManyLinks):
        ovo.link_account(customer=ovo_house.customer, phone=PHONE)


def test_without_redis_nothing_is_linked_and_nothing_breaks(ovo_house: OvoHouse, settings: Any) -> None:
    link = ovo_house.linked()
    away = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    settings.CACHES = away
    assert ovo_house.page.get("/topup/ovo/").status_code == 200
    assert b"OVO did not answer" in ovo_house.page.get("/topup/ovo/history").content
    OvoLink.objects.filter(pk=link.pk).update(state="unlinked")
    answer = ovo_house.page.post("/topup/ovo/link", {"phone": PHONE})
    assert answer.status_code == 422
    assert b"cannot be linked right now" in answer.content


def test_start_again_needs_no_number_in_the_page(ovo_house: OvoHouse) -> None:
    first = ovo_house.begin()
    assert PHONE.encode() not in ovo_house.page.get("/topup/ovo/").content
    ovo_house.page.post("/topup/ovo/link", {"afresh": "1"})
    assert ovo_house.link.pk != first.pk
    assert ovo_house.link.phone == PHONE


def test_one_account_at_a_time(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    with pytest.raises(OvoAlreadyLinked):
        ovo.link_account(customer=ovo_house.customer, phone=OTHER_PHONE)


# -- the callback, which nobody signs


def test_forged_hints_change_nothing(ovo_house: OvoHouse) -> None:
    ovo_house.begin()
    before = OvoLink.objects.values().get()
    for phone, path in [
        (OTHER_PHONE, LINKED),
        (PHONE, "/faspay/ovo/linked/another-token"),
        (PHONE, "/faspay/ovo/linked/"),
        ("not a phone", LINKED),
    ]:
        ovo_house.hint(phone, path=path)
        assert OvoLink.objects.values().get() == before
    assert ovo_house.hint(path="/faspay/ovo/linked/another-token").status_code == 404


def test_a_hint_alone_links_nothing(ovo_house: OvoHouse) -> None:
    ovo_house.begin()
    for _again in range(3):
        assert ovo_house.hint().status_code == 200
        assert ovo_house.work().state == "pending"


def test_a_hint_of_failure_is_told_and_decides_nothing(ovo_house: OvoHouse) -> None:
    ovo_house.begin()
    ovo_house.hint(code="01")
    assert ovo_house.work().state == "pending"
    assert b"OVO says that it was not completed" in ovo_house.page.get("/topup/ovo/").content
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked")
    assert ovo_house.work().state == "linked"


def test_a_replayed_hint_finds_nothing_to_do(ovo_house: OvoHouse) -> None:
    link = ovo_house.linked()
    ovo_house.hint()
    assert OvoLink.objects.get(pk=link.pk).version == link.version


def test_without_a_token_the_door_is_closed(ovo_house: OvoHouse, settings: Any) -> None:
    ovo_house.begin()
    settings.FASPAY_OVO_CALLBACK_TOKEN = ""
    assert ovo_house.hint().status_code == 404
    assert ovo_house.hint(path="/faspay/ovo/linked/ ").status_code == 404


# -- whose number it is


@pytest.fixture
def budi(ovo_house: OvoHouse, other_customer: Customer, client_for: Any) -> OvoHouse:
    return OvoHouse(ovo_house.sim, other_customer, client_for(other_customer))


def test_a_linked_number_is_not_given_to_anybody_else(ovo_house: OvoHouse, budi: OvoHouse) -> None:
    ovo_house.linked()
    answer = budi.page.post("/topup/ovo/link", {"phone": PHONE})
    assert (answer.status_code, OvoLink.objects.count()) == (422, 1)
    assert b"cannot be linked now" in answer.content
    assert b"Rp150.000" not in budi.page.get("/topup/ovo/").content
    ovo_house.work()
    assert ovo_house.link.state == "linked", "what somebody else claims breaks nothing"


def test_who_really_has_the_number_gets_it(ovo_house: OvoHouse, budi: OvoHouse) -> None:
    """Ayu gave the number up, and whoever has it now removed our link in the OVO app."""
    ovo_house.linked()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="none")
    with pytest.raises(OvoNumberTaken):
        ovo.link_account(customer=budi.customer, phone=PHONE)
    ayus = ovo_house.link
    OvoLink.objects.filter(pk=ayus.pk).update(next_check_at=timezone.now())
    ovo_house.work(ayus)
    assert ovo_house.work(ayus).state == "broken"
    budi.begin()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked")
    assert budi.work().state == "linked"
    assert ovo_house.work(ayus).state == "broken", "another person's link does not heal it"


def test_an_old_link_over_there_is_no_proof(ovo_house: OvoHouse, budi: OvoHouse) -> None:
    """OVO answers for a number that nobody here has: it is cut off, so that code and PIN are asked for."""
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked", cash=900_000)
    link = budi.begin()
    assert (link.state, link.balance_cash) == ("pending", None)
    assert budi.work().state == "pending"
    assert _requests(ovo_house, "100040") == 1


def test_an_old_link_that_cannot_be_cut_off_is_not_taken_over(ovo_house: OvoHouse, budi: OvoHouse) -> None:
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked", cash=900_000)
    ovo_house.misbehave("unlink", "failed")
    link = budi.begin()
    assert (link.state, link.reason, link.balance_cash) == ("failed", "still_linked", None)


def test_a_page_that_was_given_up_does_not_confirm_anothers_link(ovo_house: OvoHouse, budi: OvoHouse) -> None:
    """Ayu still types her PIN at OVO when her link here is over: Budi must not be there to get it."""
    ovo_house.begin()
    ovo.unlink(customer=ovo_house.customer)
    with pytest.raises(OvoNumberTaken):
        ovo.link_account(customer=budi.customer, phone=PHONE)
    ovo.link_account(customer=ovo_house.customer, phone=PHONE)
    ovo.unlink(customer=ovo_house.customer)
    OvoLink.objects.update(ended_at=timezone.now() - timedelta(minutes=16))
    assert budi.begin().state == "pending"


def test_two_at_once_get_one(ovo_house: OvoHouse, budi: OvoHouse) -> None:
    ovo_house.begin()
    with pytest.raises(OvoNumberTaken):
        ovo.link_account(customer=budi.customer, phone=PHONE)
    assert OvoLink.objects.count() == 1


# -- a linked account


def test_refresh(ovo_house: OvoHouse) -> None:
    link = ovo_house.linked(cash=10_000)
    ovo_house.sim.control("ovo/purse", phone=PHONE, cash=77_000)
    ovo_house.page.post("/topup/ovo/refresh")
    with pytest.raises(AskedTooSoon):
        ovo.refresh_balance(link=link)
    assert ovo_house.work().balance_cash == Decimal(10_000), "asked a moment ago, so not asked again"
    OvoLink.objects.update(asked_at=timezone.now() - timedelta(seconds=11))
    ovo_house.page.post("/topup/ovo/refresh")
    assert ovo_house.work().balance_cash == Decimal(77_000)


def test_silence_keeps_the_last_balance(ovo_house: OvoHouse) -> None:
    ovo_house.linked(cash=10_000)
    ovo_house.misbehave("balance", "502")
    OvoLink.objects.update(next_check_at=timezone.now())
    link = ovo_house.work()
    assert (link.state, link.reason, link.balance_cash) == ("linked", "no_answer", Decimal(10_000))
    assert b"OVO did not answer just now" in ovo_house.page.get("/topup/ovo/").content


def test_one_refusal_is_a_slip_two_break_the_link(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo_house.misbehave("balance", "failed")
    OvoLink.objects.update(next_check_at=timezone.now())
    assert ovo_house.work().state == "linked"
    assert ovo_house.work().denials == 0, "asked again, and it works"
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="none")
    OvoLink.objects.update(next_check_at=timezone.now())
    assert ovo_house.work().state == "linked"
    assert ovo_house.work().state == "broken"
    assert b"no longer linked" in ovo_house.page.get("/topup/ovo/").content


def test_another_phone_in_the_balance_is_no_balance(ovo_house: OvoHouse) -> None:
    ovo_house.begin()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked")
    ovo_house.misbehave("balance", "wrong_phone")
    assert ovo_house.work().state == "pending"


def test_unlink(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo_house.page.post("/topup/ovo/unlink")
    assert b"We are unlinking" in ovo_house.page.get("/topup/ovo/").content
    link = ovo_house.work()
    assert (link.state, link.wish) == ("unlinked", "")
    assert ovo_house.sim.look("ovo/purses")["purses"][0]["link"] == "none"
    shown = ovo_house.page.get("/topup/ovo/").content
    assert b"is no longer linked" in shown
    assert b"Link your OVO account" in shown
    ovo_house.linked()


def test_unlinking_is_not_believed_before_the_balance_fails(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo.unlink(customer=ovo_house.customer)
    ovo_house.misbehave("unlink", "failed", times=-1)
    for _try in range(3):
        assert (ovo_house.work().state, ovo_house.link.wish) == ("linked", "unlink")
    link = ovo_house.work()
    assert (link.state, link.wish, link.reason) == ("linked", "", "unlink_still_linked")
    assert b"it is still linked" in ovo_house.page.get("/topup/ovo/").content


def test_unlinking_survives_silence(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo.unlink(customer=ovo_house.customer)
    ovo_house.misbehave("unlink", "timeout_after_accept")
    assert ovo_house.work().state == "linked"
    assert ovo_house.work().state == "unlinked"


def test_a_wish_during_another_step_is_not_lost(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    OvoLink.objects.update(next_check_at=timezone.now())
    claimed = links._claim(ovo_house.link.pk)
    assert claimed
    ovo.unlink(customer=ovo_house.customer)
    locked = links._lock(ovo_house.link.pk)
    assert locked
    links._record_seen(*locked, links._balance(claimed[0]))
    assert ovo_house.link.next_check_at is not None
    assert ovo_house.work().state == "unlinked"


def test_two_workers_do_one_step(ovo_house: OvoHouse) -> None:
    ovo.link_account(customer=ovo_house.customer, phone=PHONE)
    OvoLink.objects.update(next_check_at=timezone.now())
    assert links._claim(ovo_house.link.pk)
    links.work(ovo_house.link.pk)
    assert _requests(ovo_house, "100037") == 0, "somebody else has it"
