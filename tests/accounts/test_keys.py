"""The life of a key, tried as programs and people meet it."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import AlreadyMade, BadField, TooManyKeys, WrongState
from accounts.models import ApiCall, ApiKey, ApiUser, AuditEntry, Client, Customer, Permission, User
from accounts.services import keys
from config.lib.clock import now
from tests.accounts import cast
from tests.accounts.calling import as_session, call, key_of, own_page, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> ApiUser:
    return cast.api_user(cast.company())


def test_a_key_says_what_it_is_and_is_kept_only_as_a_hash(customer: Customer) -> None:
    live, sandbox = key_of(customer), key_of(customer, is_sandbox=True)
    assert live.raw.startswith(f"tp_live_{live.key.public_part}_")
    assert sandbox.raw.startswith("tp_test_")
    secret = live.raw.rpartition("_")[2]
    assert live.key.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(ApiKey.objects.filter(pk=live.key.pk).values())
    assert secret not in str(list(AuditEntry.objects.values()))


def test_the_pair_of_a_person_makes_the_bearer(customer: Customer) -> None:
    issued = keys.issue_for_person(actor=as_session(customer.user), user=customer.user)
    assert f"{issued.api_key}_{issued.api_secret}" == issued.raw
    assert issued.api_key == issued.key.prefix


def test_a_key_opens_its_owners_door_only(customer: Customer, other_customer: Customer) -> None:
    raw = key_of(customer).raw
    assert call(raw, own_page(customer)).json()["email"] == "ayu@example.id"
    assert call(raw, own_page(other_customer)).status_code == 404


def test_a_sandbox_key_sees_the_second_profile_and_never_the_first(customer: Customer) -> None:
    raw = key_of(customer, is_sandbox=True).raw
    double = Customer.objects.get(user=customer.user, is_sandbox=True)
    assert call(raw, own_page(double)).status_code == 200
    assert call(raw, own_page(customer)).status_code == 404
    assert call(key_of(customer).raw, own_page(double)).status_code == 404


def test_keys_of_api_users_see_their_own_world(customer: Customer, bot: ApiUser) -> None:
    key_of(customer, is_sandbox=True)
    double = Customer.objects.get(user=customer.user, is_sandbox=True)
    live, sandbox = key_of(bot).raw, key_of(bot, is_sandbox=True).raw
    assert [call(live, own_page(one)).status_code for one in (customer, double)] == [200, 404]
    assert [call(sandbox, own_page(one)).status_code for one in (customer, double)] == [404, 200]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-1] + ("0" if raw[-1] != "0" else "1"),
        lambda raw: raw.replace("tp_live_", "tp_test_"),
        lambda raw: raw[:-1],
        lambda raw: f"{raw} ",
        lambda raw: "tp_live_" + "a" * 8 + raw[16:],
        lambda raw: "tp_live_",
        lambda raw: "tp_",
        lambda raw: "é" * 30,
        lambda raw: "",
        lambda raw: f"{raw}é",
    ],
)
def test_a_key_that_is_not_exactly_right_is_nobodys(spoil: Callable[[str], str], customer: Customer) -> None:
    raw = key_of(customer).raw
    bad = spoil(raw)
    answer = call(bad, own_page(customer))
    # Blanks around a bearer are no part of it.
    assert answer.status_code == (200 if bad.strip() == raw else 401)


@pytest.mark.parametrize("header", ["Basic abc", "bearer", "Bearer", "Token x", " ", "Bearer a.b.c"])
def test_an_odd_header_is_nobodys(header: str, customer: Customer, client: Any) -> None:
    client.force_login(customer.user)
    answer = client.get(own_page(customer), headers={"Authorization": header})
    assert answer.status_code == 401  # whatever the session says
    assert problem_of(answer)["code"] == "unauthorized"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_word_bearer_is_read_in_any_case(customer: Customer, client: Any) -> None:
    raw = key_of(customer).raw
    assert client.get(own_page(customer), headers={"Authorization": f"bEaReR {raw}"}).status_code == 200


def test_a_key_opens_no_page(customer: Customer, client: Any) -> None:
    raw = key_of(customer).raw
    assert client.get("/wallet/", headers={"Authorization": f"Bearer {raw}"}).status_code == 302


def test_revoking_ends_a_key_at_once_and_once(customer: Customer) -> None:
    issued = key_of(customer)
    actor = as_session(customer.user)
    keys.revoke(actor=actor, key=issued.key)
    keys.revoke(actor=actor, key=issued.key)
    assert call(issued.raw, own_page(customer)).status_code == 401
    assert AuditEntry.objects.filter(action="key.revoked").count() == 1


def test_a_key_ends_when_its_time_is_over(customer: Customer) -> None:
    issued = key_of(customer, expires_at=now() + timedelta(hours=1))
    assert call(issued.raw, own_page(customer)).status_code == 200
    with time_machine.travel(now() + timedelta(hours=1, seconds=1)):
        assert call(issued.raw, own_page(customer)).status_code == 401


def test_the_past_is_no_end(customer: Customer) -> None:
    with pytest.raises(BadField) as refused:
        key_of(customer, expires_at=now())
    assert "expires_at" in refused.value.fields


def test_a_key_ends_with_its_owner(customer: Customer, bot: ApiUser) -> None:
    mine, its = key_of(customer).raw, key_of(bot).raw
    User.objects.filter(pk=customer.user.pk).update(is_active=False)
    assert call(mine, own_page(customer)).status_code == 401
    assert call(its, own_page(customer)).status_code == 200
    ApiUser.objects.filter(pk=bot.pk).update(is_active=False)
    assert call(its, own_page(customer)).status_code == 401


@pytest.mark.parametrize("status", ["Pending", "Rejected", "Deactivated"])
@pytest.mark.parametrize("is_sandbox", [True, False])
def test_the_keys_of_a_client_that_sleeps_say_so(
    status: str, is_sandbox: bool, customer: Customer, bot: ApiUser
) -> None:
    raw = key_of(bot, is_sandbox=is_sandbox).raw
    Client.objects.update(status=status)
    answer = call(raw, own_page(customer))
    assert answer.status_code == 403
    assert problem_of(answer)["code"] == "client_inactive"


def test_an_owner_that_is_switched_off_gets_no_key(bot: ApiUser) -> None:
    ApiUser.objects.filter(pk=bot.pk).update(is_active=False)
    with pytest.raises(WrongState):
        key_of(bot)


def test_rights_count_from_the_next_call(customer: Customer, bot: ApiUser) -> None:
    raw = key_of(bot).raw
    assert call(raw, own_page(customer)).status_code == 200
    bot.role.permissions.remove(Permission.objects.get(name="Customers.ReadOne"))
    assert problem_of(call(raw, own_page(customer)))["code"] == "not_allowed"


# --- the allow-list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["203.0.113.7"], ["203.0.113.7"]),
        ([" 203.0.113.0/24 "], ["203.0.113.0/24"]),
        (["203.0.113.7/32", "203.0.113.7"], ["203.0.113.7"]),
        (["2001:0DB8::1"], ["2001:db8::1"]),
        (["2001:db8::/32"], ["2001:db8::/32"]),
    ],
)
def test_addresses_are_kept_in_one_spelling(given: list[str], kept: list[str]) -> None:
    assert keys.clean_addresses(given) == kept


@pytest.mark.parametrize(
    "text", ["", "localhost", "203.0.113.7/24", "203.0.113.256", "1", "203.0.113.0/33", "::1%eth0/128", "٢٠٣.0.113.7"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadField) as refused:
        keys.clean_addresses([text])
    assert "allowed_addresses" in refused.value.fields


def test_there_is_an_end_to_addresses() -> None:
    with pytest.raises(BadField):
        keys.clean_addresses([f"203.0.113.{last}" for last in range(21)])


def test_from_elsewhere_a_key_is_unknown_and_its_owner_sees_the_try(customer: Customer) -> None:
    issued = key_of(customer, allowed_addresses=("203.0.113.0/24", "2001:db8::/32"))
    path = own_page(customer)
    assert call(issued.raw, path, address="203.0.113.9").status_code == 200
    assert call(issued.raw, path, address="2001:db8::7").status_code == 200
    assert call(issued.raw, path, address="::ffff:203.0.113.9").status_code == 200
    refused = call(issued.raw, path, address="198.51.100.1")
    unknown = call("tp_live_abcdefgh_" + "0" * 40, path, address="198.51.100.1")
    same = ("type", "title", "status", "detail", "code", "errors")
    assert [problem_of(refused)[part] for part in same] == [problem_of(unknown)[part] for part in same]
    noted = ApiCall.objects.filter(key=issued.key).order_by("-id")[0]
    assert (noted.status, noted.refusal, noted.address) == (401, "address", "198.51.100.1")
    issued.key.refresh_from_db()
    assert issued.key.last_used_address != "198.51.100.1"


# --- how many --------------------------------------------------------------------------------------


def test_five_sandbox_keys_work_at_a_time(customer: Customer) -> None:
    made = [key_of(customer, is_sandbox=True) for _ in range(5)]
    with pytest.raises(TooManyKeys):
        key_of(customer, is_sandbox=True)
    key_of(customer)  # live keys are counted by themselves
    keys.revoke(actor=as_session(customer.user), key=made[0].key)
    key_of(customer, is_sandbox=True)


def test_what_is_over_does_not_count(customer: Customer) -> None:
    for _ in range(5):
        key_of(customer, is_sandbox=True, expires_at=now() + timedelta(minutes=1))
    with time_machine.travel(now() + timedelta(minutes=2)):
        key_of(customer, is_sandbox=True)


@pytest.mark.django_db(transaction=True)
def test_keys_made_at_once_are_counted_one_after_the_other(customer: Customer) -> None:
    start = threading.Barrier(8)

    def make(_: int) -> bool:
        start.wait()
        try:
            key_of(customer, is_sandbox=True)
        except TooManyKeys:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as crowd:
        made = list(crowd.map(make, range(8)))
    assert sum(made) == 5
    assert ApiKey.objects.filter(user=customer.user).count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_key_is_replaced_once_however_many_ask(customer: Customer) -> None:
    old = key_of(customer).key
    start = threading.Barrier(6)

    def replace(_: int) -> bool:
        start.wait()
        try:
            keys.rotate(actor=as_session(customer.user), key=old, overlap=timedelta(hours=1))
        except WrongState:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as crowd:
        assert sum(crowd.map(replace, range(6))) == 1


# --- rotation --------------------------------------------------------------------------------------


def _rotate(customer: Customer, key: ApiKey, overlap: timedelta = timedelta(hours=1)) -> keys.Issued:
    return keys.rotate(actor=as_session(customer.user), key=key, overlap=overlap)


def test_both_work_during_the_overlap_and_the_new_one_after_it(customer: Customer) -> None:
    old = key_of(customer, name="shop", allowed_addresses=("127.0.0.1",))
    new = _rotate(customer, old.key)
    path = own_page(customer)
    assert (new.key.name, new.key.allowed_addresses, new.key.replaces) == ("shop", ["127.0.0.1"], old.key)
    assert [call(one.raw, path).status_code for one in (old, new)] == [200, 200]
    with time_machine.travel(now() + timedelta(hours=1, seconds=1)):
        assert [call(one.raw, path).status_code for one in (old, new)] == [401, 200]


def test_without_overlap_the_old_key_is_dead_at_once(customer: Customer) -> None:
    old = key_of(customer)
    new = _rotate(customer, old.key, timedelta(0))
    assert [call(one.raw, own_page(customer)).status_code for one in (old, new)] == [401, 200]


def test_an_overlap_gives_no_key_a_longer_life(customer: Customer) -> None:
    end = now() + timedelta(minutes=10)
    old = key_of(customer, expires_at=end)
    new = _rotate(customer, old.key, timedelta(days=7))
    old.key.refresh_from_db()
    assert old.key.expires_at == end
    assert new.key.expires_at is not None
    assert timedelta(minutes=9) < new.key.expires_at - new.key.created_at <= timedelta(minutes=10)


@pytest.mark.parametrize("later", [None, timedelta(hours=2)])
def test_the_end_of_an_overlap_is_not_put_off(later: timedelta | None, customer: Customer) -> None:
    old, actor = key_of(customer, is_sandbox=True).key, as_session(customer.user)
    _rotate(customer, old)
    old.refresh_from_db()
    end = old.expires_at
    with pytest.raises(BadField):
        keys.change(actor=actor, key=old, name="", allowed_addresses=(), expires_at=later and now() + later)
    sooner = now() + timedelta(minutes=5)
    assert keys.change(actor=actor, key=old, name="", allowed_addresses=(), expires_at=end).expires_at == end
    assert keys.change(actor=actor, key=old, name="", allowed_addresses=(), expires_at=sooner).expires_at == sooner


def test_two_keys_of_a_line_at_most(customer: Customer) -> None:
    first = key_of(customer)
    second = _rotate(customer, first.key)
    with pytest.raises(WrongState):
        _rotate(customer, first.key)
    with pytest.raises(WrongState):
        _rotate(customer, second.key)
    keys.revoke(actor=as_session(customer.user), key=first.key)
    _rotate(customer, second.key)


def test_a_full_hand_can_still_rotate(customer: Customer) -> None:
    made = [key_of(customer, is_sandbox=True) for _ in range(5)]
    assert _rotate(customer, made[0].key).key.is_sandbox
    with pytest.raises(TooManyKeys):
        key_of(customer, is_sandbox=True)


def test_a_dead_key_is_not_replaced_and_not_changed(customer: Customer) -> None:
    dead = key_of(customer).key
    keys.revoke(actor=as_session(customer.user), key=dead)
    with pytest.raises(WrongState):
        _rotate(customer, dead)
    with pytest.raises(WrongState):
        keys.change(actor=as_session(customer.user), key=dead, name="x", allowed_addresses=(), expires_at=None)


def test_a_form_sent_twice_makes_one_key(customer: Customer) -> None:
    issued = key_of(customer)
    with pytest.raises(AlreadyMade):
        keys.issue(
            actor=as_session(customer.user), user=customer.user, is_sandbox=False, public_id=issued.key.public_id
        )


def test_every_change_is_in_the_audit(customer: Customer) -> None:
    first = key_of(customer)
    actor = as_session(customer.user)
    keys.change(actor=actor, key=first.key, name="till", allowed_addresses=["10.0.0.0/8"], expires_at=None)
    second = keys.rotate(actor=actor, key=first.key, overlap=timedelta(0))
    keys.revoke(actor=actor, key=second.key)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["key.issued", "key.changed", "key.rotated", "key.revoked"]
    changed = AuditEntry.objects.get(action="key.changed")
    assert (changed.before["name"], changed.after["name"]) == ("", "till")


# --- last use, and what a call costs ------------------------------------------------------------------


def test_last_use_is_kept_to_the_minute(customer: Customer) -> None:
    issued = key_of(customer)
    with time_machine.travel("2026-11-21T03:00:10Z", tick=False):
        call(issued.raw, own_page(customer))
        first = ApiKey.objects.get(pk=issued.key.pk).last_used_at
    with time_machine.travel("2026-11-21T03:00:50Z", tick=False):
        call(issued.raw, own_page(customer))
        assert ApiKey.objects.get(pk=issued.key.pk).last_used_at == first
        call(issued.raw, own_page(customer), address="198.51.100.1")
    used = ApiKey.objects.get(pk=issued.key.pk)
    assert used.last_used_address == "198.51.100.1"
    assert used.last_used_at is not None
    assert first is not None
    assert used.last_used_at > first


def test_a_call_costs_three_reads_and_one_line_of_log(customer: Customer, bot: ApiUser) -> None:
    for raw in (key_of(bot).raw, key_of(customer).raw):
        call(raw, own_page(customer))
        with CaptureQueriesContext(
            connection,
        ) as cost:
            assert call(raw, own_page(customer)).status_code == 200
        asked = [query["sql"] for query in cost.captured_queries]
        assert len(asked) == 4, asked
        assert sum(sql.startswith("INSERT") for sql in asked) == 1
