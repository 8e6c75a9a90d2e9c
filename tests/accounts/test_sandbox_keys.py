"""Sandbox keys by the API (TeraPay contract, section SandboxApiKeys)."""

from uuid import uuid4

import pytest

from accounts.models import ApiKey, Customer, User
from tests.accounts import cast
from tests.accounts.calling import call, key_of

pytestmark = pytest.mark.django_db

_KEYS = "/sandbox-api-keys"


def test_a_key_is_made_shown_once_and_listed_without_its_secret(staff_user: User) -> None:
    status, made = cast.call(staff_user, "POST", _KEYS, {"description": "my laptop"})
    assert status == 201
    assert set(made) == {"id", "apiKey", "keyPrefix", "description", "createdAt"}
    assert made["apiKey"].startswith(f"{made['keyPrefix']}_")
    assert made["keyPrefix"].startswith("tp_test_")
    assert made["description"] == "my laptop"
    status, listed = cast.call(staff_user, "GET", _KEYS)
    assert status == 200
    assert {"id", "keyPrefix", "createdAt", "lastUsedAt", "isRevoked", "revokedAt"} <= set(listed[0])
    assert made["apiKey"] not in str(listed)
    assert "my laptop" not in str(ApiKey.objects.values())


@pytest.mark.parametrize("body", [{}, {"description": None}, {"description": "x" * 200}])
def test_a_description_may_be_left_out(body: dict[str, str | None], staff_user: User) -> None:
    status, made = cast.call(staff_user, "POST", _KEYS, body)
    assert status == 201
    assert made["description"] == body.get("description")


@pytest.mark.parametrize("body", [{"description": "x" * 201}, {"description": 5}, [], "text", None])
def test_a_wrong_body_makes_nothing(body: object, staff_user: User) -> None:
    status, answer = cast.call(staff_user, "POST", _KEYS, body)
    assert status == 400
    assert answer["code"] == "invalid"
    assert not ApiKey.objects.exists()


def test_what_is_sent_beyond_the_fields_is_not_looked_at(staff_user: User) -> None:
    body = {
        "isSandbox": False,
        "is_sandbox": False,
        "userId": 1,
        "publicPart": "aaaaaaaa",
        "revokedAt": "2026-01-01T00:00:00Z",
    }
    assert cast.call(staff_user, "POST", _KEYS, body)[0] == 201
    key = ApiKey.objects.get()
    assert key.is_sandbox
    assert key.user == staff_user
    assert key.revoked_at is None
    assert key.public_part != "aaaaaaaa"


def test_five_at_a_time(staff_user: User) -> None:
    made = [cast.call(staff_user, "POST", _KEYS, {})[1] for _ in range(5)]
    status, answer = cast.call(staff_user, "POST", _KEYS, {})
    assert (status, answer["code"]) == (409, "too_many_keys")
    assert cast.call(staff_user, "DELETE", f"{_KEYS}/{made[0]['id']}")[0] == 204
    assert cast.call(staff_user, "POST", _KEYS, {})[0] == 201


def test_revoking_twice_is_no_error_and_the_row_stays(staff_user: User) -> None:
    made = cast.call(staff_user, "POST", _KEYS, {})[1]
    for _ in range(2):
        assert cast.call(staff_user, "DELETE", f"{_KEYS}/{made['id']}") == (204, None)
    listed = cast.call(staff_user, "GET", _KEYS)[1]
    assert listed[0]["isRevoked"] is True
    assert listed[0]["revokedAt"]
    assert call(made["apiKey"], f"/api/customers/{uuid4()}").status_code == 401


def test_others_keys_and_live_keys_are_not_found_here(staff_user: User) -> None:
    dewi = cast.person("dewi", "PortalAdmin", client=cast.company())
    for issued in (key_of(dewi.user, is_sandbox=True), key_of(staff_user)):
        assert cast.call(staff_user, "DELETE", f"{_KEYS}/{issued.key.public_id}")[0] == 404
    assert cast.call(staff_user, "DELETE", f"{_KEYS}/{uuid4()}")[0] == 404
    assert cast.call(staff_user, "DELETE", f"{_KEYS}/17")[0] == 404
    assert not ApiKey.objects.filter(revoked_at__isnull=False).exists()


def test_whoever_lacks_the_permission_gets_none(customer: Customer) -> None:
    support = cast.person("sari", "Support")
    for who in (support, customer.user):
        for method, path in (("GET", _KEYS), ("POST", _KEYS), ("DELETE", f"{_KEYS}/{uuid4()}")):
            assert cast.call(who, method, path, {})[0] == 403


def test_keys_make_no_keys(staff_user: User) -> None:
    raw = key_of(staff_user, is_sandbox=True).raw
    assert call(raw, f"/api{_KEYS}", "POST", {}).status_code == 401


def test_a_staff_key_acts_with_its_owners_rights_in_the_sandbox(staff_user: User, customer: Customer) -> None:
    key_of(customer, is_sandbox=True)
    double = Customer.objects.get(user=customer.user, is_sandbox=True)
    raw = cast.call(staff_user, "POST", _KEYS, {})[1]["apiKey"]
    assert call(raw, f"/api/customers/{double.public_id}").status_code == 200
    assert call(raw, f"/api/customers/{customer.public_id}").status_code == 404
    assert not Customer.objects.filter(user=staff_user).exists()
