"""The developers' pages, used as a person does."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, ApiUser, AuditEntry, Client, Customer, PortalUser, User
from config.lib.clock import now
from tests.accounts import cast
from tests.accounts.calling import call, key_of, own_page, signed_in_now

pytestmark = pytest.mark.django_db

_NEW = "/developers/keys/new/"


@pytest.fixture
def ayu(customer: Customer) -> Browser:
    return signed_in_now(customer.user)


@pytest.fixture
def nassit() -> Client:
    return cast.company()


@pytest.fixture
def bot(nassit: Client) -> ApiUser:
    return cast.api_user(nassit)


@pytest.fixture
def dewi(nassit: Client) -> PortalUser:
    return cast.person("dewi", "PortalAdmin", client=nassit)


def _form(**changes: Any) -> dict[str, Any]:
    return {"key_id": str(uuid4()), "mode": "sandbox", "owner": "me", "name": "", **changes}


def _secret(text: str) -> str:
    found = re.search(r'<output class="secret-text"[^>]*>([^<]+)</output>', text)
    assert found
    return found[1]


def _page(key: ApiKey, action: str = "") -> str:
    return f"/developers/keys/{key.public_id}/{action}"


# --- a new key --------------------------------------------------------------------------------------


def test_a_new_key_is_shown_once_and_works(ayu: Browser, customer: Customer) -> None:
    form = _form(mode="live", name="till")
    answer = ayu.post(_NEW, form)
    raw = _secret(answer.content.decode())
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert call(raw, own_page(customer)).status_code == 200
    key = ApiKey.objects.get()
    assert (key.name, key.is_sandbox, key.public_id) == ("till", False, UUID(form["key_id"]))
    for path in ("/developers/keys/", _page(key), "/developers/requests/", _NEW):
        assert raw not in ayu.get(path).content.decode()
    assert raw not in str([session.get_decoded() for session in Session.objects.all()])
    assert raw not in str(ayu.cookies)


def test_sending_the_form_again_says_that_the_secret_is_gone(ayu: Browser) -> None:
    form = _form()
    raw = _secret(ayu.post(_NEW, form).content.decode())
    again = ayu.post(_NEW, form)
    assert again.status_code == 410
    assert raw not in again.content.decode()
    assert ApiKey.objects.count() == 1


def test_a_strangers_form_tells_nothing_of_its_key(ayu: Browser, other_customer: Customer) -> None:
    strange = key_of(other_customer).key
    answer = ayu.post(_NEW, _form(key_id=str(strange.public_id)))
    assert answer.status_code == 404


def test_nothing_of_the_secret_is_logged(ayu: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    raw = _secret(ayu.post(_NEW, _form()).content.decode())
    call(raw, "/api/nothing")
    assert raw.rpartition("_")[2] not in caplog.text


def test_a_key_may_be_fenced_in_from_the_start(ayu: Browser) -> None:
    day = timezone.localdate() + timedelta(days=3)
    ayu.post(_NEW, _form(expires_on=day.isoformat(), allowed_addresses="203.0.113.0/24\r\n2001:db8::1, 10.0.0.1"))
    key = ApiKey.objects.get()
    assert key.allowed_addresses == ["203.0.113.0/24", "2001:db8::1", "10.0.0.1"]
    assert key.expires_at is not None
    assert timezone.localtime(key.expires_at - timedelta(seconds=1)).date() == day


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": ""},
        {"mode": "other"},
        {"key_id": "x"},
        {"key_id": ""},
        {"name": "x" * 101},
        {"name": "a\x00b"},
        {"expires_on": "2020-01-01"},
        {"expires_on": "9999-12-31"},
        {"expires_on": "0001-01-01"},
        {"expires_on": "soon"},
        {"allowed_addresses": "nowhere"},
        {"allowed_addresses": "203.0.113.7/24"},
        {"allowed_addresses": "1.1.1.1\x00"},
        {"allowed_addresses": "\n".join(f"10.0.0.{last}" for last in range(21))},
        {"owner": str(uuid4())},
    ],
)
def test_a_wrong_form_makes_nothing_and_says_why(changes: dict[str, str], ayu: Browser) -> None:
    answer = ayu.post(_NEW, _form(**changes))
    assert answer.status_code == 400
    assert not ApiKey.objects.exists()


def test_fields_that_are_not_in_the_form_change_nothing(
    ayu: Browser, customer: Customer, other_customer: Customer
) -> None:
    extra = {"user": other_customer.user.pk, "public_part": "aaaaaaaa", "secret_hash": "0" * 64, "is_sandbox": ""}
    ayu.post(_NEW, _form(**extra, revoked_at="2026-01-01", created_by=other_customer.user.pk))
    key = ApiKey.objects.get()
    assert (key.user, key.created_by) == (customer.user, customer.user)
    assert key.is_sandbox
    assert key.public_part != "aaaaaaaa"


def test_too_many_keys_are_refused_in_words(ayu: Browser, customer: Customer) -> None:
    for _ in range(5):
        key_of(customer, is_sandbox=True)
    answer = ayu.post(_NEW, _form())
    assert answer.status_code == 409
    assert "At most 5" in answer.content.decode()


# --- who may ----------------------------------------------------------------------------------------


def test_an_old_sign_in_is_asked_again_before_keys_are_touched(customer: Customer) -> None:
    key, browser = key_of(customer).key, Browser()
    browser.force_login(customer.user)
    for path, form in (
        (_NEW, _form()),
        (_page(key, "rotate/"), {"key_id": str(uuid4()), "overlap": "0"}),
        (_page(key, "revoke/"), {}),
        (_page(key, "change/"), {"name": "x"}),
    ):
        answer = browser.post(path, form)
        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"] or "login" in answer["Location"]
    assert ApiKey.objects.get() == key
    key.refresh_from_db()
    assert key.works
    assert key.name == ""
    assert browser.get("/developers/keys/").status_code == 200


def test_strangers_sign_in_first(client: Browser, customer: Customer) -> None:
    key = key_of(customer).key
    for path in ("/developers/keys/", _NEW, _page(key), "/developers/requests/"):
        assert client.get(path)["Location"].startswith("/account/login/")
    for action in ("rotate/", "revoke/", "change/"):
        assert client.post(_page(key, action)).status_code == 302
    assert ApiKey.objects.get().works


def test_somebody_elses_key_does_not_exist(ayu: Browser, other_customer: Customer, bot: ApiUser) -> None:
    for key in (key_of(other_customer).key, key_of(bot).key):
        assert ayu.get(_page(key)).status_code == 404
        assert ayu.post(_page(key, "rotate/"), {"key_id": str(uuid4()), "overlap": "0"}).status_code == 404
        assert ayu.post(_page(key, "revoke/")).status_code == 404
        assert ayu.post(_page(key, "change/"), {"name": "x"}).status_code == 404
    assert all(key.works for key in ApiKey.objects.all())


def test_people_who_may_make_no_keys_find_no_page() -> None:
    approver = signed_in_now(cast.person("sari", "Approver").user)
    for path in ("/developers/keys/", _NEW, "/developers/requests/"):
        assert approver.get(path).status_code == 404


def test_staff_make_sandbox_keys_for_themselves_and_no_live_ones() -> None:
    admin = cast.person("rudi", "CompanyAdmin")
    browser = signed_in_now(admin.user)
    assert browser.post(_NEW, _form()).status_code == 200
    refused = browser.post(_NEW, _form(mode="live"))
    assert refused.status_code == 400
    assert ApiKey.objects.get().is_sandbox


def test_forms_are_bound_to_their_session(customer: Customer) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(customer.user)
    assert browser.post(_NEW, _form()).status_code == 403
    assert not ApiKey.objects.exists()


# --- a company --------------------------------------------------------------------------------------


def test_a_portal_admin_makes_keys_for_the_clients_api_users(
    dewi: PortalUser, bot: ApiUser, customer: Customer
) -> None:
    browser = signed_in_now(dewi.user)
    answer = browser.post(_NEW, _form(mode="live", owner=str(bot.public_id)))
    raw = _secret(answer.content.decode())
    assert ApiKey.objects.get().api_user == bot
    assert call(raw, own_page(customer)).status_code == 200
    entry = AuditEntry.objects.get(action="key.issued")
    assert entry.client_id == bot.client.public_id
    assert entry.via == "page"


def test_not_for_those_of_another_client(dewi: PortalUser) -> None:
    strange = cast.api_user(cast.company("Kopi"))
    assert signed_in_now(dewi.user).post(_NEW, _form(owner=str(strange.public_id))).status_code == 400
    assert not ApiKey.objects.exists()


def test_people_of_a_client_see_its_keys_and_not_each_others(dewi: PortalUser, bot: ApiUser, nassit: Client) -> None:
    colleague = cast.person("eka", "PortalAdmin", client=nassit)
    theirs, its, strange = key_of(colleague.user).key, key_of(bot).key, key_of(cast.api_user(cast.company("Kopi"))).key
    browser = signed_in_now(dewi.user)
    text = browser.get("/developers/keys/").content.decode()
    assert its.prefix in text
    assert theirs.prefix not in text
    assert strange.prefix not in text
    assert [browser.get(_page(key)).status_code for key in (its, theirs, strange)] == [200, 404, 404]
    assert browser.post(_page(its, "revoke/")).status_code == 302
    its.refresh_from_db()
    assert not its.works


def test_readers_see_a_key_and_cannot_touch_it(bot: ApiUser) -> None:
    key = key_of(bot).key
    auditor = signed_in_now(cast.person("audi", "Auditor").user)
    text = auditor.get(_page(key)).content.decode()
    assert "rotate/" not in text
    assert "revoke/" not in text
    assert auditor.post(_page(key, "revoke/")).status_code == 404
    assert auditor.get(_NEW).status_code == 404


def test_a_client_that_sleeps_has_no_page(dewi: PortalUser, nassit: Client) -> None:
    Client.objects.filter(pk=nassit.pk).update(status="Pending")
    for path in ("/developers/keys/", _NEW, "/developers/requests/"):
        assert signed_in_now(dewi.user).get(path).status_code == 404


# --- the life of a key ------------------------------------------------------------------------------


def test_replacing_shows_the_new_secret_and_who_still_uses_the_old_one(ayu: Browser, customer: Customer) -> None:
    old = key_of(customer, name="till")
    form = {"key_id": str(uuid4()), "overlap": "24"}
    answer = ayu.post(_page(old.key, "rotate/"), form)
    raw = _secret(answer.content.decode())
    assert ayu.post(_page(old.key, "rotate/"), form).status_code == 410
    new = ApiKey.objects.get(public_id=form["key_id"])
    assert "Nothing has called with the old key" in ayu.get(_page(new)).content.decode()
    assert [call(one, own_page(customer)).status_code for one in (old.raw, raw)] == [200, 200]
    text = ayu.get(_page(new)).content.decode()
    assert "1 call came with it" in text
    assert f"?key={old.key.public_id}" in text
    assert new.prefix in ayu.get(_page(old.key)).content.decode()


@pytest.mark.parametrize(("overlap", "hours"), [("1", 1), ("24", 24), ("168", 168)])
def test_the_person_chooses_when_the_old_key_ends(overlap: str, hours: int, ayu: Browser, customer: Customer) -> None:
    old = key_of(customer).key
    ayu.post(_page(old, "rotate/"), {"key_id": str(uuid4()), "overlap": overlap})
    old.refresh_from_db()
    assert old.expires_at is not None
    assert abs(old.expires_at - now() - timedelta(hours=hours)) < timedelta(minutes=1)


@pytest.mark.parametrize("form", [{}, {"overlap": "2"}, {"overlap": "-1"}, {"overlap": "24", "key_id": "x"}])
def test_an_odd_overlap_changes_nothing(form: dict[str, str], ayu: Browser, customer: Customer) -> None:
    old = key_of(customer).key
    assert ayu.post(_page(old, "rotate/"), {"key_id": str(uuid4()), **form}).status_code == 302
    assert ApiKey.objects.get() == old


def test_a_replaced_key_is_not_replaced_again(ayu: Browser, customer: Customer) -> None:
    old = key_of(customer).key
    for _ in range(2):
        answer = ayu.post(_page(old, "rotate/"), {"key_id": str(uuid4()), "overlap": "1"})
    assert answer.status_code == 302
    assert ApiKey.objects.count() == 2


def test_revoking_says_what_it_did(ayu: Browser, customer: Customer) -> None:
    issued = key_of(customer)
    answer = ayu.post(_page(issued.key, "revoke/"), follow=True)
    text = answer.content.decode()
    assert "is revoked" in text
    assert 'data-state="revoked"' in text
    assert "rotate/" not in text
    assert call(issued.raw, own_page(customer)).status_code == 401


def test_fences_are_moved(ayu: Browser, customer: Customer) -> None:
    issued = key_of(customer)
    day = timezone.localdate() + timedelta(days=1)
    form = {"name": "till", "expires_on": day.isoformat(), "allowed_addresses": "203.0.113.7"}
    assert ayu.post(_page(issued.key, "change/"), form).status_code == 302
    assert call(issued.raw, own_page(customer)).status_code == 401
    key = ApiKey.objects.get()
    assert (key.name, key.allowed_addresses) == ("till", ["203.0.113.7"])
    before = key.expires_at
    ayu.post(_page(issued.key, "change/"), form)
    key.refresh_from_db()
    assert key.expires_at == before
    assert AuditEntry.objects.filter(action="key.changed").count() == 1
    ayu.post(_page(issued.key, "change/"), {"name": "", "expires_on": "", "allowed_addresses": ""})
    assert call(issued.raw, own_page(customer)).status_code == 200


@pytest.mark.parametrize("form", [{"name": "x" * 101}, {"expires_on": "2020-01-01"}, {"allowed_addresses": "x"}])
def test_wrong_fences_are_refused_beside_their_field(form: dict[str, str], ayu: Browser, customer: Customer) -> None:
    key = key_of(customer).key
    answer = ayu.post(_page(key, "change/"), form)
    assert answer.status_code == 400
    assert "is-invalid" in answer.content.decode()
    key.refresh_from_db()
    assert (key.name, key.expires_at, key.allowed_addresses) == ("", None, [])


# --- the lists --------------------------------------------------------------------------------------


def test_live_and_sandbox_stand_apart_and_the_sandbox_wears_a_band(ayu: Browser, customer: Customer) -> None:
    assert "mode-band" not in ayu.get("/developers/keys/").content.decode()
    live, sandbox = key_of(customer).key, key_of(customer, is_sandbox=True).key
    text = ayu.get("/developers/keys/").content.decode()
    assert text.index(live.prefix) < text.index("mode-band") < text.index(sandbox.prefix)
    assert "mode-band" in ayu.get(_page(sandbox)).content.decode()
    assert "mode-band" not in ayu.get(_page(live)).content.decode()


def test_what_nobody_uses_is_named(ayu: Browser, customer: Customer) -> None:
    key = key_of(customer).key
    assert "90 days" not in ayu.get("/developers/keys/").content.decode()
    ApiKey.objects.update(created_at=now() - timedelta(days=91))
    assert "90 days" in ayu.get("/developers/keys/").content.decode()
    call_time = now()
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=call_time)
    assert "90 days" not in ayu.get("/developers/keys/").content.decode()


def test_a_list_costs_the_same_however_long(dewi: PortalUser, bot: ApiUser) -> None:
    browser, costs = signed_in_now(dewi.user), []
    for _ in range(2):
        for _each in range(4):
            key_of(bot)
        browser.get("/developers/keys/")
        with CaptureQueriesContext(connection) as cost:
            browser.get("/developers/keys/")
        costs.append(len(cost))
    assert costs[0] == costs[1] <= 8


def test_a_name_is_text_and_nothing_else(ayu: Browser, customer: Customer) -> None:
    key = key_of(customer, name="<script>alert(1)</script>").key
    for path in ("/developers/keys/", _page(key), "/developers/requests/"):
        assert "<script>alert" not in ayu.get(path).content.decode()


def test_nobody_of_the_past_is_left_in(customer: Customer, ayu: Browser) -> None:
    User.objects.filter(pk=customer.user.pk).update(is_active=False)
    assert ayu.get("/developers/keys/").status_code == 302
