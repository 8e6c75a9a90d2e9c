"""Becoming a customer, getting in, getting back in: through the pages, with mails read as files."""

import json
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Customer, User
from accounts.selectors.addresses import owner_of
from accounts.services.people import register_customer
from notifications.delivery import send_due_mail
from notifications.models import Mail
from tests.accounts.cast import call
from tests.accounts.company import registered
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

NEW = {"display_name": "Dewi Anggraini", "email": "Dewi@Example.id", "password1": PASSWORD}


def _letters(folder: Path) -> list[Any]:
    send_due_mail()
    found = sorted(folder.glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


def _link(letter: Any) -> str:
    text = letter.get_body(("plain",)).get_content()
    found = re.search(r"https?://[^/\s]+(/account/\S+)", text)
    assert found, text
    return found.group(1)


def _sign_in(client: Client, email: str, password: str) -> Any:
    return client.post("/account/login/", {"login": email, "password": password})


def _is_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def test_sign_up_confirm_and_be_a_customer(client: Client, settings: Any) -> None:
    assert client.post("/account/signup/", NEW).status_code == 302
    assert not _is_in(client)
    (letter,) = _letters(settings.EMAIL_FILE_PATH)
    assert letter["To"] == "dewi@example.id"
    link = _link(letter)
    # Mail scanners follow links: only the button confirms.
    assert client.get(link).status_code == 200
    assert not _is_in(client)
    assert client.post(link).status_code == 302
    assert _is_in(client)
    user = User.objects.get()
    assert (user.email, user.display_name) == ("dewi@example.id", "Dewi Anggraini")
    assert Customer.objects.get().user == user


def test_nobody_gets_in_before_the_address_is_confirmed(client: Client) -> None:
    client.post("/account/signup/", NEW)
    _sign_in(Client(), "dewi@example.id", PASSWORD)
    assert not _is_in(client)


def test_an_address_that_is_taken_gets_a_mail_and_no_second_account(
    customer: Customer, client: Client, settings: Any
) -> None:
    fresh = client.post("/account/signup/", NEW)
    taken = Client().post("/account/signup/", NEW | {"email": customer.user.email})
    assert (taken.status_code, taken["Location"]) == (fresh.status_code, fresh["Location"])
    assert User.objects.filter(email=customer.user.email).count() == 1
    assert len(_letters(settings.EMAIL_FILE_PATH)) == 2


def _claim(customer: Customer, email: str, client_for: Callable[..., Client]) -> None:
    client_for(customer.user).post("/account/email/", {"action_add": "", "email": email})
    assert EmailAddress.objects.filter(user=customer.user, email=email, verified=False).exists()


def test_an_address_that_somebody_only_claims_is_for_its_owner(
    customer: Customer, client: Client, client_for: Callable[..., Client], settings: Any
) -> None:
    _claim(customer, "dewi@example.id", client_for)
    _letters(settings.EMAIL_FILE_PATH)
    before = set(settings.EMAIL_FILE_PATH.glob("*.eml"))
    cache.clear()  # one mail to an address in three minutes
    client.post("/account/signup/", NEW)
    send_due_mail()
    (path,) = set(settings.EMAIL_FILE_PATH.glob("*.eml")) - before
    client.post(_link(message_from_bytes(path.read_bytes(), policy=policy.default)))
    assert _is_in(client)
    assert owner_of("dewi@example.id") == User.objects.get(email="dewi@example.id")
    assert not EmailAddress.objects.get(user=customer.user, email="dewi@example.id").verified


def test_a_claim_keeps_nobody_out_by_any_door(
    customer: Customer, staff_user: User, client_for: Callable[..., Client]
) -> None:
    for email in ("dian@kopi.example", "dewi@example.id", "gita@example.id"):
        _claim(customer, email, client_for)
    assert registered(email_address="dian@kopi.example")
    body = json.dumps({"email": "dewi@example.id", "password": PASSWORD})
    answer = Client().post("/api/customers/register", body, content_type="application/json")
    assert answer.status_code == 201
    assert call(staff_user, "POST", "/portal-users", {"email": "gita@example.id"})[0] == 201


@pytest.mark.parametrize(
    "wrong",
    [{"email": "not an address"}, {"password1": "short"}, {"password1": "password123"}, {"display_name": ""}],
)
def test_bad_input_is_said_and_stores_nothing(wrong: dict[str, str], client: Client) -> None:
    answer = client.post("/account/signup/", NEW | wrong)
    assert answer.status_code == 200
    assert "is-invalid" in answer.content.decode()
    assert not User.objects.exists()
    assert not Mail.objects.exists()


def test_an_address_counts_once_whatever_its_case(customer: Customer) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        register_customer(email="AYU@example.id", password=PASSWORD, display_name="Other")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=customer.user_id).update(email="AYU@example.id")


def test_sign_in_out_and_in_the_own_zone_and_language(customer: Customer, client: Client) -> None:
    User.objects.filter(pk=customer.user_id).update(timezone="Africa/Freetown", language="id")
    assert _sign_in(client, "AYU@example.id", PASSWORD).status_code == 302
    page = client.get("/wallet/").content.decode()
    assert 'lang="id"' in page
    assert "Africa/Freetown" in page
    assert _is_in(client)
    assert client.get("/account/logout/").status_code == 200
    assert _is_in(client), "a link must not sign anybody out"
    client.post("/account/logout/")
    assert not _is_in(client)


def test_a_wrong_password_says_nothing_about_the_account(customer: Customer, client: Client) -> None:
    known = _sign_in(client, customer.user.email, "wrong-password")
    unknown = _sign_in(client, "nobody@example.id", "wrong-password")
    errors = [re.findall(r'role="alert".*?</div>', page.content.decode(), re.DOTALL) for page in (known, unknown)]
    assert errors[0] == errors[1] != []


def test_guessing_is_slowed_down(customer: Customer, client: Client) -> None:
    answers = [_sign_in(client, customer.user.email, f"guess-{number}") for number in range(8)]
    assert any("Too many" in answer.content.decode() for answer in answers)
    _sign_in(client, customer.user.email, PASSWORD)
    assert not _is_in(client)


def test_a_disabled_person_is_out_at_the_next_request(customer: Customer, client_for: Callable[..., Client]) -> None:
    client = client_for(customer)
    assert _is_in(client)
    User.objects.filter(pk=customer.user_id).update(is_active=False)
    assert not _is_in(client)


def test_a_forgotten_password_is_set_by_a_link_that_works_once(
    customer: Customer, client: Client, settings: Any
) -> None:
    client.post("/account/password/reset/", {"email": customer.user.email})
    (letter,) = _letters(settings.EMAIL_FILE_PATH)
    link = _link(letter)
    form = client.get(link, follow=True)
    new = {"password1": "another-good-secret", "password2": "another-good-secret"}
    assert client.post(form.request["PATH_INFO"], new).status_code == 302
    assert _sign_in(Client(), customer.user.email, "another-good-secret").status_code == 302
    assert _sign_in(client, customer.user.email, PASSWORD).status_code == 200
    assert "does not work" in Client().get(link, follow=True).content.decode()


def test_a_reset_for_an_unknown_address_answers_the_same(client: Client, customer: Customer) -> None:
    known = client.post("/account/password/reset/", {"email": customer.user.email})
    unknown = Client().post("/account/password/reset/", {"email": "nobody@example.id"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_preferences_are_kept_and_strange_ones_refused(customer: Customer, client_for: Callable[..., Client]) -> None:
    client = client_for(customer)
    wanted = {"display_name": "Ayu", "language": "id", "timezone": "Asia/Makassar"}
    assert client.post("/settings/", wanted).status_code == 302
    page = client.get("/settings/").content.decode()
    assert "WITA" in page
    assert 'lang="id"' in page
    for wrong in ({"timezone": "Mars/Olympus"}, {"language": "xx"}):
        assert client.post("/settings/", wanted | wrong).status_code == 200
    customer.user.refresh_from_db()
    assert (customer.user.language, customer.user.timezone) == ("id", "Asia/Makassar")


def test_the_language_switch_comes_back_to_our_own_pages_only(client: Client) -> None:
    answer = client.post("/language", {"language": "id", "next": "/account/login/"})
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")
    assert 'lang="id"' in client.get("/account/login/").content.decode()
    for trap in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert client.post("/language", {"language": "en", "next": trap})["Location"] == "/"
    assert client.get("/language").status_code == 405
