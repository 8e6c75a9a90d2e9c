"""What a client tells about itself, changed later: by its own people, and by staff."""

from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, Client, Role, User
from notifications.delivery import send_due_mail
from tests.accounts.company import INDIVIDUAL, active, admin_of, registered
from tests.accounts.test_client_pages import person, text
from tests.conftest import prove_identity

pytestmark = pytest.mark.django_db
Sign = Callable[..., Browser]
OWN = "/company/profile/change/"
REACHED = {
    "contact_person": "Sari Dewi",
    "phone_number": "076 999 888",
    "address": "12 Siaka Stevens Street",
    "city": "Bo",
    "state": "Southern Province",
}
ALL = {**REACHED, "name": "Kopi Rakyat Ltd", "email_address": "Office@Kopi.example", "country": "Guinea"}


def desk_of(client: Client) -> str:
    return f"/staff/clients/{client.public_id}/change/"


def facts(client: Client) -> dict[str, str]:
    names = ("name", "contact_person", "phone_number", "email", "address", "city", "state", "country")
    found = Client.objects.get(pk=client.pk)
    return {name: getattr(found, name) for name in names}


def letters(folder: Path) -> dict[str, Any]:
    """The mails about a change, by receiver."""
    send_due_mail()
    read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    return {mail["To"]: mail for mail in read if "Kopi Rakyat Ltd" in mail["Subject"]}


def changes() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="client.changed"))


def test_a_client_changes_how_it_is_reached_and_nothing_else(client_for: Sign, settings: Any) -> None:
    kopi = active()
    dian, before = client_for(admin_of(kopi)), facts(kopi)
    page = dian.get(OWN)
    assert list(page.context["form"].fields) == ["contact_person", "phone_number", "address", "city", "state"]
    answer = dian.post(OWN, {**ALL, "status": "Pending", "client_type": "Individual"}, follow=True)
    assert answer.redirect_chain == [("/company/profile/", 302)]
    assert "The profile of Kopi Rakyat is saved." in text(answer)
    assert facts(kopi) == {**before, **REACHED, "phone_number": "+23276999888"}
    (entry,) = changes()
    assert (entry.actor_label, entry.client_id, entry.via) == ("dian@kopi.example", kopi.public_id, "page")
    assert (entry.before["city"], entry.after["city"]) == ("Freetown", "Bo")
    assert set(entry.before) == set(entry.after) == set(REACHED)
    assert letters(settings.EMAIL_FILE_PATH) == {}


def test_staff_change_what_was_approved_and_the_client_hears_of_it(
    staff_user: User, client_for: Sign, settings: Any
) -> None:
    kopi = active(language="id")
    answer = client_for(staff_user).post(desk_of(kopi), ALL)
    assert answer["Location"] == f"/staff/clients/{kopi.public_id}/"
    assert facts(kopi)["email"] == "office@kopi.example"
    assert (facts(kopi)["name"], facts(kopi)["country"]) == ("Kopi Rakyat Ltd", "Guinea")
    assert admin_of(kopi).email == "dian@kopi.example"
    told = letters(settings.EMAIL_FILE_PATH)
    assert set(told) == {"dian@kopi.example", "office@kopi.example"}
    body = told["dian@kopi.example"].get_content()
    assert "/company/profile/" in body
    assert "+23276999888" not in body
    (entry,) = changes()
    assert (entry.before["email"], entry.after["email"]) == ("dian@kopi.example", "office@kopi.example")
    assert "changed what a client tells about itself" in text(
        client_for(staff_user).get(f"/staff/clients/{kopi.public_id}/audit/")
    )


def test_nothing_new_is_nothing_changed(client_for: Sign, staff_user: User, settings: Any) -> None:
    kopi = active(name="Kopi Rakyat Ltd")
    form = client_for(staff_user).get(desk_of(kopi)).context["form"]
    sent = len(list(settings.EMAIL_FILE_PATH.glob("*.eml")))
    assert client_for(staff_user).post(desk_of(kopi), form.initial).status_code == 302
    assert changes() == []
    assert len(list(settings.EMAIL_FILE_PATH.glob("*.eml"))) == sent


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contact_person", ""),
        ("contact_person", "Win at https://evil.example"),
        ("phone_number", "12"),
        ("address", "x" * 301),
        ("city", "a\x00b"),
        ("state", "tab\u202eegap"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_kept(client_for: Sign, field: str, value: str) -> None:
    kopi = active()
    before = facts(kopi)
    answer = client_for(admin_of(kopi)).post(OWN, {**REACHED, field: value})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert facts(kopi) == before


def test_an_address_of_somebody_else_is_refused_and_one_of_their_own_is_not(
    staff_user: User, client_for: Sign, customer: Any
) -> None:
    kopi, eko = active(email_address="desk@kopi.example"), active(**INDIVIDUAL)
    browser = client_for(staff_user)
    for taken in (eko.email, customer.user.email, staff_user.email, admin_of(eko).email):
        answer = browser.post(desk_of(kopi), {**ALL, "email_address": taken.upper()})
        assert list(answer.context["form"].errors) == ["email_address"]
    assert changes() == []
    assert browser.post(desk_of(kopi), ALL).status_code == 302
    back = {**ALL, "email_address": admin_of(kopi).email}
    assert browser.post(desk_of(kopi), back).status_code == 302
    assert facts(kopi)["email"] == "desk@kopi.example"


def test_a_single_developer_is_its_own_contact(staff_user: User, client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    own = client_for(admin_of(eko)).get(OWN).context["form"]
    assert list(own.fields) == ["phone_number", "address", "city", "state"]
    given = {**ALL, "name": "Eko W. Wijaya", "email_address": eko.email}
    assert client_for(staff_user).post(desk_of(eko), given).status_code == 302
    assert (facts(eko)["name"], facts(eko)["contact_person"]) == ("Eko W. Wijaya", "Eko W. Wijaya")


@pytest.mark.parametrize("end", ["Rejected", "Deactivated"])
def test_a_closed_profile_stays(staff_user: User, client_for: Sign, end: str) -> None:
    kopi = active()
    Client.objects.filter(pk=kopi.pk).update(status=end)
    browser, before = client_for(staff_user), facts(kopi)
    assert "This profile is closed" in text(browser.get(desk_of(kopi)))
    assert desk_of(kopi) not in text(browser.get(f"/staff/clients/{kopi.public_id}/"))
    assert browser.post(desk_of(kopi), ALL).status_code == 400
    assert facts(kopi) == before


def test_who_waits_is_mended_by_staff_alone(staff_user: User, client_for: Sign) -> None:
    kopi = registered()
    dian = client_for(admin_of(kopi))
    assert dian.get("/company/profile/").status_code == 200
    assert OWN not in text(dian.get("/company/profile/"))
    assert dian.post(OWN, REACHED).status_code == 404
    assert client_for(staff_user).post(desk_of(kopi), {**ALL, "email_address": kopi.email}).status_code == 302
    assert facts(kopi)["city"] == "Bo"


def test_who_may_not_finds_no_page(staff_user: User, client_for: Sign) -> None:
    kopi, eko = active(), active(**INDIVIDUAL)
    for role in (Role.SUPPORT, Role.AUDITOR, Role.APPROVER):
        browser = client_for(person(role))
        assert browser.get(desk_of(kopi)).status_code == browser.post(desk_of(kopi), ALL).status_code == 404
        assert desk_of(kopi) not in text(browser.get(f"/staff/clients/{kopi.public_id}/"))
    dian = admin_of(kopi)
    assert client_for(dian).post(desk_of(eko), ALL).status_code == 404
    assert client_for(dian).post(desk_of(kopi), ALL).status_code == 404
    assert client_for(staff_user).post(OWN, REACHED).status_code == 404
    dian.portal.roles.set([Role.objects.get(name=Role.PAYOUT_MAKER)])
    assert client_for(dian).post(OWN, REACHED).status_code == 404
    assert OWN not in text(client_for(dian).get("/company/profile/"))
    assert changes() == []


def test_staff_prove_who_they_are_first(staff_user: User, client_for: Sign) -> None:
    kopi = active()
    browser = client_for(staff_user)
    prove_identity(browser, staff_user, seconds_ago=901)
    for answer in (browser.get(desk_of(kopi)), browser.post(desk_of(kopi), ALL)):
        assert answer["Location"].startswith("/account/reauthenticate/")
    assert changes() == []
