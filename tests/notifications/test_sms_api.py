"""The three SMS calls of the API, as programs and people make them (TeraPay contract 17)."""

from typing import Any

import pytest
from django.test import Client as Caller

from accounts.models import ApiUser, Client, Role
from notifications import checks
from notifications.models import Sms, SmsSender
from tests.accounts import cast
from tests.accounts.calling import call, key_of
from tests.notifications.texting import NUMBER, balance, fund, phones
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db: None) -> Client:
    made = cast.company("Nassit")
    fund(made, "100")
    return made


@pytest.fixture
def bot(client: Client) -> ApiUser:
    return cast.api_user(client)


@pytest.fixture
def key(bot: ApiUser) -> str:
    return key_of(bot).raw


def send(key: str, path: str = "send", **body: Any) -> Any:
    return call(key, f"/api/sms/{path}", "POST", body)


def test_one_is_sent_while_the_caller_waits(key: str, client: Client, sms_sim: Simulator) -> None:
    answer = send(key, phoneNumber="23276123456", message="Your code is 482913")
    assert answer.status_code == 200
    told = answer.json()
    message = Sms.objects.get()
    assert told.pop("createdAt")
    assert told == {
        "messageId": str(message.public_id),
        "phoneNumber": NUMBER,
        "senderId": "Gerbang",
        "status": "Sent",
        "segments": 1,
        "state": "sent",
        "encoding": "GSM-7",
        "cost": 0.25,
    }
    assert phones(sms_sim)[0]["text"] == "Your code is 482913"
    assert str(balance(client)) == "99.75"


def test_what_the_gateway_refuses_is_502_and_free(key: str, client: Client, sms_sim: Simulator) -> None:
    answer = send(key, phoneNumber="+23276120000", message="Hello")
    assert answer.status_code == 502
    assert answer.json()["code"] == "gateway_refused"
    assert balance(client) == 100
    assert list(checks.ledger_problems()) == []


def test_a_gateway_that_is_away_leaves_it_queued(key: str, sms_sim: Simulator) -> None:
    sms_sim.control("misbehave", operation="send", mode="503", times=-1)
    answer = send(key, phoneNumber=NUMBER, message="Hello")
    assert (answer.status_code, answer.json()["status"]) == (200, "Queued")


def test_a_repetition_with_the_same_key_sends_once(key: str, client: Client, sms_sim: Simulator) -> None:
    def once(message: str = "Hello") -> Any:
        return Caller().post(
            "/api/sms/send",
            {"phoneNumber": NUMBER, "message": message},
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "a-key"},
        )

    first, second = once(), once()
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert len(phones(sms_sim)) == 1
    assert once("Other").status_code == 409
    assert str(balance(client)) == "99.75"


def test_many_are_taken_and_the_bad_ones_named(key: str, sms_sim: Simulator) -> None:
    answer = send(
        key, "send-bulk", phoneNumbers=[NUMBER, "076123456", "+23276543210", "nonsense"], message="Hello all!"
    )
    assert answer.status_code == 200
    told = answer.json()
    assert (told["total"], told["sent"], told["failed"]) == (3, 2, 1)
    assert [one["phoneNumber"] for one in told["results"]] == [NUMBER, "+23276543210", "nonsense"]
    good, _other, bad = told["results"]
    assert (good["status"], good["error"], bad["status"], bad["messageId"]) == ("Queued", None, "Failed", None)
    assert bad["error"]
    assert {str(pk) for pk in Sms.objects.values_list("public_id", flat=True)} == {
        one["messageId"] for one in told["results"][:2]
    }


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("send", {"message": "Hello"}, "phoneNumber"),
        ("send", {"phoneNumber": "12", "message": "Hello"}, "phoneNumber"),
        ("send", {"phoneNumber": NUMBER, "message": ""}, "message"),
        ("send", {"phoneNumber": NUMBER, "message": "x" * 321}, "message"),
        ("send", {"phoneNumber": NUMBER, "message": "bell \x07"}, "message"),
        ("send-bulk", {"phoneNumbers": None, "message": "Hello"}, "phoneNumbers"),
        ("send-bulk", {"phoneNumbers": [], "message": "Hello"}, "phoneNumbers"),
        ("send-bulk", {"phoneNumbers": [NUMBER] * 501, "message": "Hello"}, "phoneNumbers"),
        ("send-bulk", {"phoneNumbers": [NUMBER], "message": None}, "message"),
        ("send-bulk", {"phoneNumbers": ["12"], "message": None}, "message"),
        ("send-custom", {"phoneNumber": NUMBER, "message": "Hello", "senderId": "123"}, "senderId"),
        ("send-custom", {"phoneNumber": NUMBER, "message": "Hello", "senderId": "Nassit"}, "senderId"),
        ("send-custom", {"phoneNumber": NUMBER, "message": "Hello"}, "senderId"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)
def test_what_is_wrong_is_400_at_its_field(
    key: str, client: Client, sms_sim: Simulator, path: str, body: dict[str, Any], field: str
) -> None:
    answer = send(key, path, **body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert balance(client) == 100


def test_a_name_of_the_client_may_be_used(key: str, client: Client, sms_sim: Simulator) -> None:
    SmsSender.objects.create(client=client, name="Nassit", key="nassit", purpose="mine", state="allowed")
    answer = send(key, "send-custom", phoneNumber=NUMBER, message="Hello", senderId="NASSIT")
    assert (answer.status_code, answer.json()["senderId"]) == (200, "Nassit")
    assert phones(sms_sim)[0]["sender"] == "Nassit"


def test_money_and_the_day_are_limits(key: str, client: Client, sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_PRICE_PER_SEGMENT = "101"
    answer = send(key, phoneNumber=NUMBER, message="Hello")
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
    settings.SMS_PRICE_PER_SEGMENT, settings.SMS_PER_CLIENT_AND_DAY = "0", 0
    answer = send(key, phoneNumber=NUMBER, message="Hello")
    assert (answer.status_code, answer.json()["code"]) == (429, "sms_quota")
    assert int(answer["Retry-After"]) > 0


def test_play_messages_go_nowhere(bot: ApiUser, client: Client, sms_sim: Simulator) -> None:
    fund(client, "1", is_sandbox=True)
    answer = send(key_of(bot, is_sandbox=True).raw, phoneNumber=NUMBER, message="Hello")
    assert (answer.json()["status"], answer.json()["state"]) == ("Sent", "delivered")
    assert phones(sms_sim) == []
    assert balance(client) == 100


def test_a_person_of_a_client_may_and_staff_have_none(client: Client, staff_user: Any, sms_sim: Simulator) -> None:
    portal = cast.person("fatu", Role.PORTAL_ADMIN, client=client)
    assert cast.call(portal, "POST", "/sms/send", {"phoneNumber": NUMBER, "message": "Hello"})[0] == 200
    assert cast.call(staff_user, "POST", "/sms/send", {"phoneNumber": NUMBER, "message": "Hello"})[0] == 400
