"""Signing in as a program does: cookies, one message, locks, resets."""

import json
import re
import time
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.test import Client as Browser

from accounts.models import AuditEntry, Client, Customer, PortalUser, Role, User
from accounts.services.people import register_customer
from notifications.delivery import send_due_mail
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN, LOGOUT = "/api/account/login", "/api/account/logout"
FORGOT, RESET = "/api/account/forgot-password", "/api/account/reset-password"
NEW = "another good secret"


def post(browser: Browser, path: str, body: Any = None, **headers: str) -> Any:
    text = json.dumps({} if body is None else body)
    return browser.post(path, text, content_type="application/json", headers=headers)


def sign_in(browser: Browser, person: User, password: str = PASSWORD, **more: Any) -> Any:
    return post(browser, LOGIN, {"username": person.email, "password": password, **more})


@pytest.fixture
def company(db: None) -> Client:
    return Client.objects.create(
        client_type=Client.Kind.COMPANY,
        name="Kopi Rata",
        contact_person="Dian",
        phone_number="+23276123456",
        email="kopi@example.id",
        status=Client.Status.ACTIVE,
    )


@pytest.fixture
def dian(company: Client) -> User:
    """The portal admin of a company, with a user name that is no address."""
    user = User.objects.create_user("dian@example.id", PASSWORD, display_name="Dian")
    portal = PortalUser.objects.create(user=user, client=company, user_name="dian.kopi")
    portal.roles.add(Role.objects.get(name=Role.PORTAL_ADMIN))
    return user


def test_the_answer_is_what_the_contract_says(dian: User, company: Client, client: Browser) -> None:
    answer = sign_in(client, dian)
    assert answer.status_code == 200
    body = answer.json()
    assert UUID(body.pop("userId")) == dian.portal.public_id
    assert body.pop("csrfToken")
    assert body == {
        "userName": "dian.kopi",
        "email": "dian@example.id",
        "roles": ["PortalAdmin"],
        "clientId": str(company.public_id),
        "mustChangePassword": False,
    }
    entry = AuditEntry.objects.get(action="user.signed_in")
    assert (entry.via, entry.actor_label, entry.acting_as) == ("api", dian.email, "PortalAdmin")


def test_staff_belong_to_no_client(staff_user: User, client: Browser) -> None:
    body = sign_in(client, staff_user).json()
    assert (body["clientId"], body["roles"]) == (None, ["CompanyAdmin", "SuperAdmin"])


def test_the_user_name_works_as_well(dian: User, client: Browser) -> None:
    assert post(client, LOGIN, {"username": "Dian.Kopi", "password": PASSWORD}).status_code == 200


def test_an_address_is_its_owners_whoever_calls_themselves_so(dian: User, staff_user: User, client: Browser) -> None:
    PortalUser.objects.filter(user=staff_user).update(user_name="citra")
    PortalUser.objects.filter(user=dian).update(user_name=staff_user.email)
    for last in (dian, staff_user):
        # Where nothing says in which order rows come, one that was written again comes last.
        User.objects.filter(pk=last.pk).update(timezone="Asia/Jakarta")
        PortalUser.objects.filter(user=last).update(must_change_password=False)
        assert sign_in(client, staff_user).json().get("email") == staff_user.email


@pytest.mark.parametrize(("remember", "days"), [(True, 14), (False, None)])
def test_the_cookie_lasts_as_asked(remember: bool, days: int | None, dian: User, client: Browser) -> None:
    sign_in(client, dian, rememberMe=remember)
    cookie = client.cookies["gerbang_session"]
    assert cookie["max-age"] == (days * 24 * 3600 if days else "")
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_behind_https_cookies_travel_only_there(dian: User, settings: Any) -> None:
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    browser = Browser()
    sign_in(browser, dian)
    assert [name for name, cookie in browser.cookies.items() if not cookie["secure"]] == []
    assert browser.cookies["__Host-device"]["path"] == "/"


def test_a_session_that_was_there_before_is_not_taken_over(dian: User, client: Browser) -> None:
    client.get("/account/login/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["gerbang_session"] = planted = session.session_key or ""
    sign_in(client, dian)
    assert client.cookies["gerbang_session"].value != planted
    assert "planted" not in client.session
    assert not Session.objects.filter(session_key=planted).exists()


def test_every_wrong_try_gets_the_same_answer(dian: User, company: Client, customer: Customer) -> None:
    off = User.objects.create_user("off@example.id", PASSWORD, is_active=False)
    PortalUser.objects.create(user=off, user_name="off")
    rejected = Client.objects.create(
        client_type="Company", name="No", contact_person="N", email="no@example.id", status=Client.Status.REJECTED
    )
    their = User.objects.create_user("their@example.id", PASSWORD)
    PortalUser.objects.create(user=their, client=rejected, user_name="their")
    tries = [
        ("nobody@example.id", PASSWORD),
        (dian.email, "not this one"),
        (off.email, PASSWORD),
        (their.email, PASSWORD),
        (customer.user.email, PASSWORD),
    ]
    answers = [post(Browser(), LOGIN, {"username": name, "password": password}) for name, password in tries]
    assert {answer.status_code for answer in answers} == {401}
    bodies = [{key: value for key, value in answer.json().items() if key != "traceId"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert all("gerbang_session" not in answer.cookies for answer in answers)


def test_people_of_a_client_that_waits_may_look(dian: User, company: Client, client: Browser) -> None:
    Client.objects.update(status=Client.Status.PENDING)
    assert sign_in(client, dian).status_code == 200
    assert client.get(f"/api/clients/{company.public_id}").status_code == 200
    Client.objects.update(status=Client.Status.DEACTIVATED)
    assert client.get(f"/api/clients/{company.public_id}").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "", "password": "x"},
        {"username": "a@b.id", "password": ""},
        {"username": "a@b.id"},
        {"username": 7, "password": "x"},
        {"username": "a@b.id", "password": ["x"]},
        {"username": "a@b.id", "password": "x", "rememberMe": "perhaps"},
        {"username": "a" * 300, "password": "x"},
        [],
    ],
)
def test_a_bad_body_is_said(body: Any, client: Browser) -> None:
    assert post(client, LOGIN, body).status_code == 400


def test_five_failures_lock_for_a_quarter_of_an_hour(dian: User) -> None:
    assert [sign_in(Browser(), dian, "wrong").status_code for _ in range(7)] == [401] * 5 + [429] * 2
    locked = sign_in(Browser(), dian)
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 15 * 60
    # Pages and API count together, whichever name was typed.
    page = Browser().post("/account/login/", {"login": dian.email, "password": PASSWORD})
    assert "Too many failed attempts" in page.content.decode()
    assert post(Browser(), LOGIN, {"username": "dian.kopi", "password": PASSWORD}).status_code == 429


def test_a_known_device_gets_in_while_strangers_are_locked_out(dian: User, client: Browser) -> None:
    assert sign_in(client, dian).status_code == 200
    post(client, LOGOUT, {})
    for _ in range(6):
        sign_in(Browser(), dian, "wrong")
    assert sign_in(Browser(), dian).status_code == 429
    assert sign_in(client, dian).status_code == 200


def test_failures_are_on_record_once_a_minute(dian: User) -> None:
    for name in (dian.email, dian.email, "nobody@example.id"):
        post(Browser(), LOGIN, {"username": name, "password": "wrong"})
    entries = AuditEntry.objects.filter(action="user.sign_in_failed").order_by("id")
    assert [entry.object_id for entry in entries] == [str(dian.pk), ""]
    assert "nobody" not in json.dumps([[entry.object_label, entry.after] for entry in entries])


def test_without_redis_nobody_signs_in(dian: User, client: Browser, settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert sign_in(client, dian).status_code == 503
    page = client.post("/account/login/", {"login": dian.email, "password": PASSWORD})
    assert page.status_code == 503
    assert "does not work at the moment" in page.content.decode()


def test_logout_needs_a_session_and_its_token(dian: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    assert post(browser, LOGOUT).status_code == 401
    token = sign_in(browser, dian).json()["csrfToken"]
    assert post(browser, LOGOUT).status_code == 403
    key = browser.cookies["gerbang_session"].value
    answer = post(browser, LOGOUT, None, **{"X-CSRFToken": token})
    assert answer.status_code == 200
    assert answer.json()["message"]
    assert answer.cookies["gerbang_session"]["max-age"] == 0
    browser.cookies["gerbang_session"] = key
    assert browser.get("/api/roles").status_code == 401


def test_who_was_given_a_password_must_choose_one_first(dian: User, client: Browser) -> None:
    PortalUser.objects.update(must_change_password=True)
    assert sign_in(client, dian).json()["mustChangePassword"] is True
    refused = client.get("/api/roles")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    assert client.get("/")["Location"] == "/account/password/change/"
    assert client.get("/account/password/change/").status_code == 200
    change = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post("/account/password/change/", change).status_code == 302
    assert client.get("/api/roles").status_code == 200
    assert client.get("/settings/").status_code == 200


def _letters(folder: Any) -> list[Any]:
    send_due_mail()
    found = sorted(folder.glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


def _token(letter: Any) -> str:
    found = re.search(r"wants this: (\S+)", letter.get_body(("plain",)).get_content())
    assert found
    return found.group(1)


def test_forgetting_is_answered_alike_for_everybody(dian: User, settings: Any) -> None:
    known = post(Browser(), FORGOT, {"email": dian.email})
    unknown = post(Browser(), FORGOT, {"email": "nobody@example.id"})
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (200, known.json())
    assert {letter["To"] for letter in _letters(settings.EMAIL_FILE_PATH)} == {dian.email, "nobody@example.id"}


def test_a_token_sets_a_password_once_and_ends_every_session(dian: User, client: Browser, settings: Any) -> None:
    sign_in(client, dian)
    post(Browser(), FORGOT, {"email": dian.email})
    token = _token(_letters(settings.EMAIL_FILE_PATH)[0])
    body = {"email": dian.email, "token": token, "newPassword": NEW}
    weak = post(Browser(), RESET, body | {"newPassword": "password"})
    assert (weak.status_code, list(weak.json()["errors"])) == (400, ["newPassword"])
    assert post(Browser(), RESET, body).status_code == 200
    assert client.get("/api/roles").status_code == 401
    version = dian.credentials_version
    dian.refresh_from_db()
    assert dian.credentials_version == version + 1
    again = post(Browser(), RESET, body)
    assert (again.status_code, again.json()["code"]) == (400, "bad_token")
    assert sign_in(Browser(), dian, NEW).status_code == 200


def test_a_token_works_with_whichever_address_it_was_asked_for(dian: User, settings: Any) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=dian, email="second@example.id", verified=True)
    post(Browser(), FORGOT, {"email": "second@example.id"})
    token = _token(_letters(settings.EMAIL_FILE_PATH)[0])
    assert post(Browser(), RESET, {"email": "second@example.id", "token": token, "newPassword": NEW}).status_code == 200
    assert sign_in(Browser(), dian, NEW).status_code == 200


def test_tokens_that_do_not_work_are_one_answer(dian: User, customer: Customer, settings: Any) -> None:
    post(Browser(), FORGOT, {"email": dian.email})
    token = _token(_letters(settings.EMAIL_FILE_PATH)[0])
    with time_machine.travel(time.time() + 3660):
        late = post(Browser(), RESET, {"email": dian.email, "token": token, "newPassword": NEW})
    tries = [(dian.email, "x-y"), (dian.email, token[:-1] + "!"), (customer.user.email, token), ("no@e.id", token)]
    others = [post(Browser(), RESET, {"email": email, "token": t, "newPassword": NEW}) for email, t in tries]
    assert {(a.status_code, a.json()["detail"], a.json()["code"]) for a in [late, *others]} == {
        (400, late.json()["detail"], "bad_token")
    }


def test_spaces_are_part_of_a_password(dian: User) -> None:
    dian.set_password("  two words  ")
    dian.save()
    assert sign_in(Browser(), dian, "two words").status_code == 401
    assert sign_in(Browser(), dian, "  two words  ").status_code == 200


def test_asking_for_mails_is_slowed_down(dian: User) -> None:
    answers = [post(Browser(), FORGOT, {"email": dian.email}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    page = Browser().post("/account/password/reset/", {"email": dian.email})
    assert page.status_code == 429


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": "no address"}, {"email": ""}])
def test_a_bad_address_is_said(body: Any, client: Browser) -> None:
    assert post(client, FORGOT, body).status_code == 400
    assert post(client, RESET, body | {"token": "x", "newPassword": NEW}).status_code == 400


def test_a_bearer_is_judged_alone(dian: User, client: Browser) -> None:
    sign_in(client, dian)
    refused = client.get("/api/roles", headers={"Authorization": "Bearer tp_live_abcdefgh_" + "0" * 40})
    assert refused.status_code == 401


def test_a_hash_is_worked_out_once_for_everybody(
    dian: User, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the clock but its cause: the slow step is taken equally often."""
    hasher = hashers.get_hasher()
    calls: list[str] = []
    real = type(hasher).encode

    def counted(self: Any, password: str, salt: str) -> str:
        calls.append(password)
        return real(self, password, salt)

    monkeypatch.setattr(type(hasher), "encode", counted)
    counts = []
    for name in (dian.email, "nobody@example.id", customer.user.email, "dian.kopi", "no.body"):
        calls.clear()
        post(Browser(), LOGIN, {"username": name, "password": "wrong"})
        counts.append(len(calls))
    assert counts == [1] * 5


def test_registering_a_customer_elsewhere_changes_nothing_here(client: Browser) -> None:
    person = register_customer(email="eka@example.id", password=PASSWORD, display_name="Eka")
    assert sign_in(client, person.user).status_code == 401


def test_several_addresses_of_one_person_are_one_account(dian: User) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=dian, email="second@example.id", verified=True)
    EmailAddress.objects.create(user=dian, email="third@example.id", verified=False)
    names = ["second@example.id", dian.email, "SECOND@example.id", "dian.kopi", "second@example.id"]
    assert {post(Browser(), LOGIN, {"username": name, "password": "wrong"}).status_code for name in names} == {401}
    for name in (dian.email, "second@example.id", "dian.kopi"):
        assert post(Browser(), LOGIN, {"username": name, "password": PASSWORD}).status_code == 429
    # An address that nobody has proved is nobody's: it is counted by itself.
    assert post(Browser(), LOGIN, {"username": "third@example.id", "password": PASSWORD}).status_code == 401


def test_a_device_is_known_by_whichever_address(dian: User, client: Browser) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=dian, email="second@example.id", verified=True)
    assert post(client, LOGIN, {"username": "second@example.id", "password": PASSWORD}).status_code == 200
    for _ in range(6):
        sign_in(Browser(), dian, "wrong")
    assert post(Browser(), LOGIN, {"username": "second@example.id", "password": PASSWORD}).status_code == 429
    assert post(client, LOGIN, {"username": "second@example.id", "password": PASSWORD}).status_code == 200
