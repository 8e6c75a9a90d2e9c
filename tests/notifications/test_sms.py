"""Sending SMS: what is charged, what is counted, what is told, and what nobody may read afterwards."""

import logging
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.access.actors import Actor
from accounts.errors import BadField, NoClient
from accounts.models import Client
from config.lib import sealing
from config.lib.clock import now
from notifications import checks, delivery, tasks
from notifications.delivery import sms as steps
from notifications.errors import NoGateway, NotEnoughForSms, QuotaReached, SenderDecided, SenderNotAllowed
from notifications.models import Mail, Sms, SmsDay, SmsSender
from notifications.providers.types import Status, Word
from notifications.services import senders
from notifications.services import sms as services
from tests.accounts import cast
from tests.accounts.company import acting
from tests.notifications.texting import NUMBER, balance, fund, phones, program, state_of
from tests.simulators import Simulator
from wallets.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db: None) -> Client:
    made = cast.company("Nassit")
    fund(made, "100")
    return made


@pytest.fixture
def bot(client: Client) -> Actor:
    return program(cast.api_user(client))


@pytest.fixture(autouse=True)
def _books_agree(db: None) -> Any:
    yield
    assert list(checks.ledger_problems()) == []


def work() -> None:
    delivery.send_due_sms(seconds=0)


def due_now() -> None:
    """As if the pauses were over."""
    Sms.objects.filter(state="queued").update(due_at=now(), lease_until=None, lease_token=None)
    Sms.objects.filter(ask_at__isnull=False).update(ask_at=now())


# --- what is sent --------------------------------------------------------------------------------------------------


def test_a_message_is_charged_sent_delivered_and_its_text_forgotten(
    client: Client, bot: Actor, sms_sim: Simulator
) -> None:
    message = services.send(actor=bot, to="076 123 456", text="Your code is 482 913")
    assert (message.recipient, message.state, message.segments, message.cost) == (NUMBER, "queued", 1, Decimal("0.25"))
    assert balance(client) == Decimal("99.75")
    work()
    assert state_of(message) == ("sent", "")
    assert (bytes(message.text), message.shown) == (b"", "Your code is •••")
    assert message.gateway_id.startswith("sim-")
    (got,) = phones(sms_sim)
    assert (got["to"], got["sender"], got["text"]) == (NUMBER, "Gerbang", "Your code is 482 913")
    sms_sim.control("settings", delivery_seconds=0)
    sms_sim.look("messages")
    due_now()
    if phones(sms_sim)[0]["status"] != "delivered":
        sms_sim.control("end", reference=message.reference)
    assert delivery.ask_due_sms() == 1
    assert state_of(message) == ("delivered", "")
    assert message.ask_at is None


def test_a_code_of_the_house_is_free_and_in_no_list(client: Client, sms_sim: Simulator, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    services.send_code(to="+23276123456", text="Code 482913 for SLE 12.50", subject="payout:1", is_sandbox=False)
    work()
    message = Sms.objects.get()
    assert (message.client, message.shown, bytes(message.text), message.cost) == (None, "", b"", Decimal(0))
    assert (message.subject, message.state) == ("payout:1", "sent")
    assert phones(sms_sim)[0]["text"] == "Code 482913 for SLE 12.50"
    assert "482913" not in caplog.text
    assert NUMBER not in caplog.text


def test_a_code_waits_sealed(settings: Any, sms_sim: Simulator) -> None:
    services.send_code(to=NUMBER, text="Code 482913", subject="payout:1", is_sandbox=False)
    kept = bytes(Sms.objects.get().text)
    assert b"482913" not in kept
    assert sealing.unseal(steps.PURPOSE, kept) == "Code 482913"


def test_a_code_for_no_number_is_left_out() -> None:
    services.send_code(to="12", text="Code 482913", subject="payout:1", is_sandbox=False)
    assert not Sms.objects.exists()


def test_play_messages_never_leave(bot: Actor, client: Client, sms_sim: Simulator) -> None:
    fund(client, "1", is_sandbox=True)
    tester = program(cast.api_user(client, "Tester"), is_sandbox=True)
    message = services.send(actor=tester, to=NUMBER, text="Hello", sender="Anything")
    services.send_code(to=NUMBER, text="123456", subject="payout:2", is_sandbox=True)
    work()
    assert state_of(message) == ("delivered", "")
    assert phones(sms_sim) == []
    assert (balance(client), balance(client, is_sandbox=True)) == (Decimal(100), Decimal("0.75"))


def test_many_numbers_are_sent_to_once_each(bot: Actor, client: Client, sms_sim: Simulator) -> None:
    given = ["+23276123456", "076123456", "0023276123456", "23277000111", "6281234567890", "12", "abc", "12"]
    results = services.send_many(actor=bot, to=given, text="Hello all!")
    assert [(one.given, bool(one.message)) for one in results] == [
        ("+23276123456", True),
        ("23277000111", True),
        ("6281234567890", True),
        ("12", False),
        ("abc", False),
    ]
    work()
    assert {one["to"] for one in phones(sms_sim)} == {NUMBER, "+23277000111", "+6281234567890"}
    assert balance(client) == Decimal("99.25")
    assert Sms.objects.values("request_id").distinct().count() == 1


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("phone_number", {"to": "12"}),
        ("message", {"text": "  "}),
        ("message", {"text": "x" * 321}),
        ("message", {"text": "bell \x07"}),
        ("sender_id", {"sender": "123456"}),
        ("sender_id", {"sender": "Müller"}),
        ("sender_id", {"sender": "much too long"}),
        ("sender_id", {"sender": "Nassit"}),
    ],
    ids=["number", "empty", "long", "control", "digits", "umlaut", "sender-long", "sender-not-allowed"],
)
def test_what_is_wrong_is_named_and_costs_nothing(
    bot: Actor, client: Client, sms_sim: Simulator, field: str, given: dict[str, str]
) -> None:
    with pytest.raises((BadField, SenderNotAllowed)) as refusal:
        services.send(actor=bot, **{"to": NUMBER, "text": "Hello", **given})
    assert list(refusal.value.fields) == [field]
    assert not Sms.objects.exists()
    assert balance(client) == 100


def test_the_balance_must_cover_all_of_them(bot: Actor, client: Client, sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_PRICE_PER_SEGMENT = "40"
    with pytest.raises(NotEnoughForSms, match=r"SLE 120\.00.*SLE 100\.00"):
        services.send_many(actor=bot, to=[NUMBER, "077000111", "077000222"], text="Hello")
    assert (Sms.objects.count(), SmsDay.objects.filter(taken__gt=0).count(), balance(client)) == (0, 0, Decimal(100))


def test_a_day_has_so_many_messages(bot: Actor, sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_PER_CLIENT_AND_DAY = 3
    services.send_many(actor=bot, to=[NUMBER, "077000111"], text="Hello")
    with pytest.raises(QuotaReached, match="1 message is left") as refusal:
        services.send_many(actor=bot, to=[NUMBER, "077000111"], text="Hello")
    assert 0 < refusal.value.retry_after <= 86_400
    services.send(actor=bot, to=NUMBER, text="Hello")
    assert Sms.objects.count() == 3


def test_without_a_gateway_nothing_is_taken(bot: Actor, client: Client, settings: Any) -> None:
    settings.SMS_GATEWAY = ""
    with pytest.raises(NoGateway):
        services.send(actor=bot, to=NUMBER, text="Hello")
    services.send_code(to=NUMBER, text="482913", subject="payout:1", is_sandbox=False)
    work()
    assert state_of(Sms.objects.get()) == ("failed", "no_gateway")
    assert balance(client) == 100


def test_staff_have_no_client_to_send_for(staff_user: Any, sms_sim: Simulator) -> None:
    with pytest.raises(NoClient):
        services.send(actor=acting(staff_user), to=NUMBER, text="Hello")


# --- what goes wrong on the way ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["timeout_after_accept", "reset_after_accept", "502_after_accept", "html", "empty"])
def test_doubt_is_cleared_by_giving_it_again_and_nobody_gets_it_twice(
    bot: Actor, client: Client, sms_sim: Simulator, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("notifications.providers.calls._READ_SECONDS", 0.3)
    sms_sim.control("misbehave", operation="send", mode=mode, seconds=2)
    message = services.send(actor=bot, to=NUMBER, text="Hello")
    work()
    assert state_of(message)[0] == "queued"
    due_now()
    work()
    assert state_of(message) == ("sent", "")
    (got,) = phones(sms_sim)
    assert (got["times"], message.attempts) == (2, 2)
    assert balance(client) == Decimal("99.75")


@pytest.mark.parametrize(
    ("number", "reason"), [("+23276120000", "bad_number"), ("+23276122222", "bad_sender")], ids=["at-once", "later"]
)
def test_what_was_never_sent_costs_nothing(
    bot: Actor, client: Client, sms_sim: Simulator, number: str, reason: str
) -> None:
    sms_sim.control("settings", delivery_seconds=0)
    message = services.send(actor=bot, to=number, text="Hello")
    work()
    due_now()
    delivery.ask_due_sms()
    assert state_of(message) == ("failed", reason)
    assert balance(client) == 100
    steps.apply_word(message, Word(Status.DELIVERED))
    assert state_of(message) == ("failed", reason)


def test_a_phone_that_is_off_is_paid_for(bot: Actor, client: Client, sms_sim: Simulator) -> None:
    sms_sim.control("settings", delivery_seconds=0)
    message = services.send(actor=bot, to="+23276121111", text="Hello")
    work()
    due_now()
    delivery.ask_due_sms()
    assert state_of(message) == ("undelivered", "unreachable")
    assert balance(client) == Decimal("99.75")


def test_a_gateway_that_is_away_is_tried_until_nobody_wants_it(bot: Actor, client: Client, sms_sim: Simulator) -> None:
    sms_sim.control("misbehave", operation="send", mode="503", times=-1)
    message = services.send(actor=bot, to=NUMBER, text="Hello")
    code = Sms.objects.get(pk=_code().pk)
    work()
    assert (state_of(message), state_of(code)) == (("queued", ""), ("queued", ""))
    Sms.objects.filter(pk=code.pk).update(expires_at=now())
    due_now()
    work()
    assert (state_of(message)[0], state_of(code)) == ("queued", ("failed", "too_late"))
    Sms.objects.filter(pk=message.pk).update(expires_at=now() + timedelta(seconds=1))
    due_now()
    work()
    assert state_of(message) == ("failed", "too_late")
    assert balance(client) == 100
    assert phones(sms_sim) == []


def _code() -> Sms:
    services.send_code(to=NUMBER, text="Code 482913", subject="payout:9", is_sandbox=False)
    return Sms.objects.get(subject="payout:9")


def test_a_wrong_key_of_ours_loses_nothing(bot: Actor, sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_GATEWAY_KEY = "wrong"
    message = services.send(actor=bot, to=NUMBER, text="Hello")
    work()
    assert state_of(message)[0] == "queued"
    settings.SMS_GATEWAY_KEY = sms_sim.secrets["api_key"]
    due_now()
    work()
    assert state_of(message)[0] == "sent"


def test_a_lease_that_ran_out_records_nothing(bot: Actor, sms_sim: Simulator) -> None:
    message = services.send(actor=bot, to=NUMBER, text="Hello")
    (first,) = Sms.objects.claim(most=5, lease=timedelta(0))
    (second,) = Sms.objects.claim(most=5, lease=timedelta(minutes=1))
    assert Sms.objects.claim(most=5, lease=timedelta(minutes=1)) == []
    word = Word(Status.TAKEN, first.reference, "x")
    steps._record([steps.Result(first, None, word=word)])
    assert state_of(message)[0] == "queued"
    steps._record([steps.Result(second, None, word=word)])
    assert state_of(message)[0] == "sent"


def test_the_house_comes_first_and_clients_take_turns(bot: Actor, client: Client, sms_sim: Simulator) -> None:
    services.send_many(actor=bot, to=[f"0770001{number:02}" for number in range(5)], text="Hello")
    other = cast.company("Rokel")
    fund(other)
    services.send(actor=program(cast.api_user(other)), to=NUMBER, text="Hello")
    _code()
    chosen = Sms.objects.claim(most=3, lease=timedelta(minutes=1))
    of = dict(Sms.objects.values_list("pk", "client__name"))
    assert sorted(str(of[one.pk]) for one in chosen) == ["Nassit", "None", "Rokel"]


def test_the_database_keeps_no_text_that_was_sent(bot: Actor, sms_sim: Simulator) -> None:
    message = services.send(actor=bot, to=NUMBER, text="Hello")
    with pytest.raises(IntegrityError, match="sms_text_forgotten"), transaction.atomic():
        Sms.objects.filter(pk=message.pk).update(state="sent")


def test_a_balance_that_takes_nothing_any_more_holds_up_no_refund(sms_sim: Simulator) -> None:
    client = cast.company("Leaving")
    fund(client, "0.25")
    message = services.send(actor=program(cast.api_user(client)), to="+23276120000", text="Hello")
    Account.objects.filter(client=client).update(status=Account.Status.CLOSED)
    work()
    assert state_of(message) == ("failed", "bad_number")
    assert Account.objects.get(code="suspense:sms").balance == Decimal("0.25")


# --- names ---------------------------------------------------------------------------------------------------------


def test_a_name_is_asked_for_allowed_used_and_taken_back(
    bot: Actor, client: Client, staff_user: Any, sms_sim: Simulator
) -> None:
    boss = acting(staff_user)
    name = senders.ask(actor=bot, name=" Nassit  News ", purpose="Pay days")
    assert (name.name, name.state) == ("Nassit News", "asked")
    with pytest.raises(SenderNotAllowed):
        services.send(actor=bot, to=NUMBER, text="Hello", sender="Nassit News")
    with pytest.raises(BadField):
        senders.ask(actor=bot, name="NASSITNEWS", purpose="the same to a reader")
    senders.allow(actor=boss, sender=name)
    message = services.send(actor=bot, to=NUMBER, text="Hello", sender="nassit news")
    assert message.sender == "Nassit News"
    with pytest.raises(BadField):
        senders.refuse(actor=boss, sender=name, reason=" ")
    senders.refuse(actor=boss, sender=name, reason="Not yours")
    with pytest.raises(SenderNotAllowed):
        services.send(actor=bot, to=NUMBER, text="Hello", sender="Nassit News")
    with pytest.raises(SenderDecided):
        senders.allow(actor=boss, sender=name)
    assert cast.last_entry().action == "sms_sender.refused"
    assert SmsSender.objects.get().decided_by == staff_user


def test_nobody_asks_for_our_own_name(bot: Actor) -> None:
    for name in ("Gerbang", "GER BANG"):
        with pytest.raises(BadField):
            senders.ask(actor=bot, name=name, purpose="fun")


def test_names_are_of_one_client(bot: Actor, staff_user: Any, sms_sim: Simulator) -> None:
    other = cast.company("Rokel")
    senders.allow(
        actor=acting(staff_user),
        sender=senders.ask(actor=program(cast.api_user(other)), name="Rokel", purpose="statements"),
    )
    with pytest.raises(SenderNotAllowed):
        services.send(actor=bot, to=NUMBER, text="Hello", sender="Rokel")


def test_whoever_asked_is_told_how_it_was_decided(client: Client, staff_user: Any) -> None:
    fatu = cast.person("fatu", "PortalAdmin", client=client).user
    fatu.language = "en"
    fatu.save(update_fields=["language"])
    name = senders.ask(actor=acting(fatu), name="Nassit", purpose="Pay days")
    senders.allow(actor=acting(staff_user), sender=name)
    senders.refuse(actor=acting(staff_user), sender=name, reason="Somebody else has it")
    first, second = Mail.objects.order_by("pk")
    assert (first.recipients, first.subject) == ([fatu.email], "You may send as “Nassit”")
    assert b"Somebody else has it" in bytes(second.message)


# --- what runs by itself -------------------------------------------------------------------------------------------


def test_codes_are_forgotten_after_a_while_and_charges_are_not(bot: Actor, sms_sim: Simulator) -> None:
    services.send(actor=bot, to=NUMBER, text="Hello")
    _code()
    work()
    Sms.objects.update(created_at=now() - timedelta(days=91))
    tasks.forget_codes()
    assert [one.client_id is None for one in Sms.objects.all()] == [False]


def test_a_committed_message_nudges_the_worker(
    bot: Actor, sms_sim: Simulator, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[str] = []
    monkeypatch.setattr(tasks.send_sms, "apply_async", lambda **more: queued.append("send_sms"))
    with django_capture_on_commit_callbacks(execute=True):
        message = services.send(actor=bot, to=NUMBER, text="Hello")
    assert queued == ["send_sms"]
    tasks.send_sms()
    tasks.ask_sms()
    assert state_of(message)[0] == "sent"


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once(sms_sim: Simulator) -> None:
    client = cast.company("Nassit")
    fund(client, "100")
    bot = program(cast.api_user(client))
    services.send_many(actor=bot, to=[f"0770002{number:02}" for number in range(40)], text="Hello")

    def run() -> None:
        delivery.send_due_sms(seconds=5)
        connection.close()

    workers = [threading.Thread(target=run) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    got = phones(sms_sim)
    assert sorted(one["times"] for one in got) == [1] * 40
    assert Sms.objects.filter(state="sent", attempts=1).count() == 40


@pytest.mark.django_db(transaction=True)
def test_money_and_quota_hold_in_a_race(sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_PER_CLIENT_AND_DAY = 3
    client = cast.company("Nassit")
    fund(client, "100")
    bot = program(cast.api_user(client))
    refused: list[str] = []

    def run() -> None:
        try:
            services.send(actor=bot, to=NUMBER, text="Hello")
        except QuotaReached:
            refused.append("quota")
        finally:
            connection.close()

    workers = [threading.Thread(target=run) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert (Sms.objects.count(), len(refused), balance(client)) == (3, 3, Decimal("99.25"))
