"""The pages of SMS: writing with its cost in sight, what became of messages, and names that staff allow."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Client, Role, User
from notifications import delivery
from notifications.models import Sms, SmsSender
from tests.accounts import cast
from tests.notifications.texting import NUMBER, balance, fund, phones
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db: None) -> Client:
    made = cast.company("Nassit")
    fund(made, "100")
    return made


@pytest.fixture
def desk(client: Client) -> Browser:
    return cast.browser_of(cast.person("fatu", Role.PORTAL_ADMIN, client=client))


@pytest.fixture
def staff(staff_user: User, client_for: Callable[[User], Browser]) -> Browser:
    return client_for(staff_user)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def write(desk: Browser, **said: str) -> Any:
    given = {"phone_numbers": NUMBER, "message": "Your code is 482913", "sender_id": "", **said}
    return desk.post(reverse("company:sms_new"), given)


def confirmed(answer: Any) -> str:
    found = re.search(r'name="confirmed" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1]


def test_a_message_is_looked_at_sent_once_and_followed(desk: Browser, client: Client, sms_sim: Simulator) -> None:
    assert "No messages yet" in text_of(desk.get(reverse("company:sms")))
    look = write(desk)
    assert look.status_code == 200
    assert "SLE 0.25" in text_of(look)
    assert "SLE 99.75" in text_of(look)
    assert not Sms.objects.exists()
    seal = confirmed(look)
    for _twice in range(2):
        done: Any = desk.post(reverse("company:sms_new"), {"step": "do", "confirmed": seal})
        message = Sms.objects.get()
        assert done.url == reverse("company:sms_message", args=[message.public_id])
    assert str(balance(client)) == "99.75"
    page = text_of(desk.get(done.url))
    assert "Waiting" in page
    assert "482913" not in page
    delivery.send_due_sms(seconds=0)
    page = text_of(desk.get(done.url, headers={"HX-Request": "true"}))
    assert "Handed to the gateway" in page
    assert "<html" not in page
    assert phones(sms_sim)[0]["text"] == "Your code is 482913"
    assert NUMBER in text_of(desk.get(reverse("company:sms"), {"q": "076 123"}))
    assert "Nothing found" in text_of(desk.get(reverse("company:sms"), {"q": "999"}))
    assert "Nothing found" in text_of(desk.get(reverse("company:sms"), {"state": "failed"}))


def test_many_are_sent_together_and_the_bad_ones_named(desk: Browser, sms_sim: Simulator) -> None:
    look = write(desk, phone_numbers=f"{NUMBER}, 076123456\n077 000 111;abc")
    page = text_of(look)
    assert "1 number is left out" in page
    assert "1 repetition is sent once" in page
    assert "Send 2 messages" in page
    done: Any = desk.post(reverse("company:sms_new"), {"step": "do", "confirmed": confirmed(look)})
    assert Sms.objects.count() == 2
    together = desk.get(done.url)
    assert "Only what was sent together" in text_of(together)
    assert "+23277000111" in text_of(together)


def test_the_cost_is_counted_while_writing(desk: Browser) -> None:
    page = desk.get(reverse("company:sms_new")).content.decode()
    # Inside the form, each question would switch the form's button off while it is under way.
    assert page.index('id="compose"') < page.index("</form>", page.index('id="compose"')) < page.index('id="count"')
    ask = {"phone_numbers": "076123456, 077000111, abc, +23276123456", "message": "ç" * 71}
    page = text_of(desk.post(reverse("company:sms_count"), ask))
    assert "2 SMS, joined on the phone" in page
    assert "Not in the alphabet of phones: ç So 70" in page
    assert "SLE 1.00" in page
    assert "The cost appears here" in text_of(desk.post(reverse("company:sms_count"), {}))
    assert "At most 320 letters" in text_of(desk.post(reverse("company:sms_count"), {"message": "x" * 400}))


@pytest.mark.parametrize(
    "said",
    [
        {"phone_numbers": ""},
        {"phone_numbers": "abc"},
        {"message": " "},
        {"message": "x" * 321},
        {"sender_id": "Nassit"},
    ],
    ids=["none", "bad", "empty", "long", "foreign-name"],
)
def test_what_is_wrong_is_said_at_its_field(desk: Browser, sms_sim: Simulator, said: dict[str, str]) -> None:
    answer = write(desk, **said)
    assert answer.status_code == 422
    assert "invalid-feedback" in text_of(answer)


def test_who_cannot_pay_is_told_before(desk: Browser, sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_PRICE_PER_SEGMENT = "500"
    page = text_of(write(desk))
    assert "The balance is not enough for this" in page
    assert 'value="do"' not in page
    settings.SMS_PRICE_PER_SEGMENT = "1"
    seal = confirmed(write(desk))
    settings.SMS_PRICE_PER_SEGMENT = "500"
    answer = desk.post(reverse("company:sms_new"), {"step": "do", "confirmed": seal})
    assert answer.status_code == 422
    assert "These messages cost SLE 500.00" in text_of(answer)


def test_what_was_looked_at_cannot_be_forged(desk: Browser, sms_sim: Simulator) -> None:
    seal = confirmed(write(desk))
    answer = desk.post(reverse("company:sms_new"), {"step": "do", "confirmed": seal + "x"})
    assert answer.status_code == 422
    assert not Sms.objects.exists()
    assert "Your code is 482913" in text_of(desk.post(reverse("company:sms_new"), {"step": "edit", "confirmed": seal}))


def test_a_name_is_asked_for_and_decided(desk: Browser, client: Client, staff: Browser, sms_sim: Simulator) -> None:
    names, queue = reverse("company:sms_senders"), reverse("staff:sms_senders")
    assert desk.post(names, {"sender_id": "123", "purpose": "x"}).status_code == 422
    assert desk.post(names, {"sender_id": "Nassit", "purpose": "Pay days"}).status_code == 302
    name = SmsSender.objects.get()
    assert "Waiting for us" in text_of(desk.get(names))
    assert "Pay days" in text_of(staff.get(queue))
    staff.post(reverse("staff:sms_sender_refuse", args=[name.public_id]), {"reason": ""})
    name.refresh_from_db()
    assert name.state == "asked"
    staff.post(reverse("staff:sms_sender_allow", args=[name.public_id]))
    assert "Nassit" in text_of(desk.get(reverse("company:sms_new")))
    look = write(desk, sender_id="Nassit")
    desk.post(reverse("company:sms_new"), {"step": "do", "confirmed": confirmed(look)})
    assert Sms.objects.get().sender == "Nassit"
    other = cast.company("Rokel")
    SmsSender.objects.create(client=other, name="NASSIT", key="nassit", purpose="mine", state="asked")
    assert "Allowed to others already: Nassit" in text_of(staff.get(queue))
    desk.post(reverse("company:sms_sender_withdraw", args=[name.public_id]))
    name.refresh_from_db()
    assert name.state == "withdrawn"


def test_staff_see_what_clients_sent_and_no_codes(desk: Browser, staff: Browser, sms_sim: Simulator) -> None:
    look = write(desk)
    desk.post(reverse("company:sms_new"), {"step": "do", "confirmed": confirmed(look)})
    page = text_of(staff.get(reverse("staff:sms")))
    assert "Nassit" in page
    assert "482913" not in page
    assert staff.get(reverse("company:sms")).status_code == 404
    assert desk.get(reverse("staff:sms")).status_code == 404


def test_what_is_another_clients_is_not_there(desk: Browser, sms_sim: Simulator) -> None:
    other = cast.company("Rokel")
    fund(other)
    rival = cast.browser_of(cast.person("rival", Role.PORTAL_ADMIN, client=other))
    rival.post(reverse("company:sms_new"), {"step": "do", "confirmed": confirmed(write(rival))})
    theirs = SmsSender.objects.create(client=other, name="Rokel", key="rokel", purpose="mine", state="allowed")
    assert desk.get(reverse("company:sms_message", args=[Sms.objects.get().public_id])).status_code == 404
    assert desk.post(reverse("company:sms_sender_withdraw", args=[theirs.public_id])).status_code == 404
    assert "No messages yet" in text_of(desk.get(reverse("company:sms")))
