"""Numbers and security codes are pushed through everything that takes them, and through what should not; then whatever
keeps anything is searched: the database, Redis, the logs, every answer, the processor's own records."""

import base64
import json
import logging
from decimal import Decimal
from random import randrange
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from accounts.models import ApiUser, Client, Role
from cards.models import Card, CardPayment
from cards.services import acts
from tests.accounts.calling import call, key_of
from tests.accounts.cast import browser_of, person
from tests.cards import canaries
from tests.cards.canaries import CODES, NUMBERS
from tests.cards.house import fund, time_passes, work
from tests.checkout import house as checkouts
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

# What a processor does that has the card in its hands.
BREAKS = ["html", "500_after_accept", "502", "reset_after_accept", "reset_before_accept", "429", "unauthorized"]


class Heard:
    """Every line that anything logs, at any level, with what hangs on it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def take(self, record: logging.LogRecord) -> bool:
        text = logging.Formatter().format(record)
        self.lines.append(f"{text}\n{record.args!r}\n{_shown(record)}".encode(errors="replace"))
        return True


def _shown(record: logging.LogRecord) -> str:
    known = {name: repr(value) for name, value in vars(record).items() if name not in {"exc_info", "request"}}
    return repr(known)


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Heard:
    found = Heard()
    caplog.handler.addFilter(found.take)
    caplog.set_level(logging.DEBUG)
    return found


def card(number: str, code: str, **more: Any) -> dict[str, Any]:
    return {"cardNumber": number, "expiryMonth": 11, "expiryYear": 2031, "cvv": code, **more}


def tokenize(key: str, body: Any) -> Any:
    return call(key, "/api/card-payments/tokenize", "POST", body)


def authorize(key: str, token: str, **more: Any) -> Any:
    return call(key, "/api/card-payments/authorize", "POST", {"token": token, "amount": 5, "currency": "SLE", **more})


def through_the_api(key: str, cards: Simulator) -> list[Any]:
    """Right, wrong in every way, in the wrong place, and while the processor breaks."""
    number, code = NUMBERS[0], CODES[0]
    spaced = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    wrong = [
        card(number[:-1] + str((int(number[-1]) + 1) % 10), code),
        card(number, number),
        card(code, number),
        card(number, code, expiryMonth=int(number)),
        card(number, code, expiryYear=number),
        card(number, code, expiryYear=2021),
        {"cardNumber": int(number), "cvv": int(code)},
        {number: code, "cardNumber": [number], "cvv": {"code": code}},
        [number, code],
        f'{{"cardNumber": "{number}", "cvv": "{code}"',
        f'{{"cardNumber": "{number}", "cardNumber": "{number}", "cvv": "{code}"}}',
        f"cardNumber={number}&cvv={code}",
    ]
    said = [tokenize(key, body) for body in wrong]
    said += [tokenize("tp_live_nobody", card(number, code)), tokenize(key, card(spaced, code))]
    assert [answer.status_code for answer in said] == [400] * len(wrong) + [401, 201]
    said.append(call(key, f"/api/card-payments/tokenize?cardNumber={number}&cvv={code}", "POST", card(number, code)))
    token = said[-1].json()["token"]
    said += [call(key, f"/api/card-payments/{number}{end}") for end in ("", f"/{code}", "?cvv=" + code)]
    for mode in BREAKS:
        cards.control("misbehave", operation="authorizations", mode=mode, times=1)
        said.append(authorize(key, token))
    said += [authorize(key, number), authorize(key, token, orderId=f"for {spaced}"), authorize(key, token)]
    identity = said[-1].json()["authorizationId"]
    said.append(call(key, "/api/card-payments/capture", "POST", {"authorizationId": identity, "amount": 5}))
    assert said[-1].status_code == 200
    said.append(call(key, "/api/card-payments/capture", "POST", {"authorizationId": number, "amount": 5}))
    said.append(call(key, "/api/card-payments/verify-3ds", "POST", {"authorizationId": identity, "paRes": number}))
    return said


def through_broken_settings(key: str, settings: Any) -> list[Any]:
    """Our own mistakes, up to a page that breaks."""
    number, code, said = NUMBERS[1], CODES[1], []
    kept = tokenize(key, card(number, code)).json()["token"]
    for name, value in (
        ("CARD_ENCRYPTION_KEYS", ["no key at all"]),
        ("CARD_ENCRYPTION_KEYS", []),
        ("CARD_FINGERPRINT_KEY", ""),
        ("CARD_PROCESSOR_URL", "http://127.0.0.1:9/cards/v1"),
        ("CARD_PROCESSOR_URL", "no-address"),
        ("CARD_PROCESSOR_KEY", "line\nbreak"),
        ("CARD_FEE_FIXED", {"SLE": None}),
    ):
        before = getattr(settings, name)
        setattr(settings, name, value)
        said += [tokenize(key, card(number, code)), authorize(key, kept)]
        setattr(settings, name, before)
    assert 500 in [answer.status_code for answer in said]
    return said


def through_the_pay_page(shop: Client, cards: Simulator) -> list[Any]:
    """A payer's typing: right, wrong, twice, and while the processor breaks."""
    number, code = NUMBERS[2], CODES[2]
    session, said = checkouts.ask_for(shop), []
    # Tries are counted by address, and earlier runs count too.
    payer = Browser(REMOTE_ADDR=f"10.{randrange(256)}.{randrange(256)}.{randrange(256)}")
    good = {"number": number, "code": code}
    mistakes = ({"expiry": "13/30"}, {"code": number}, {"number": number + "0"}, {"expiry": number})
    said += [checkouts.pay(session, payer=payer, **good | typed) for typed in mistakes]
    cards.control("misbehave", operation="authorizations", mode="502", times=1)
    said.append(checkouts.pay(session, number, payer=payer, code=code))
    said.append(Browser().get(checkouts.url(session)))
    paid = checkouts.ask_for(shop)
    said += [checkouts.pay(paid, number, payer=payer, code=code), Browser().get(checkouts.url(paid))]
    assert checkouts.fresh(paid).state == "completed"
    return said


def what_people_see(shop: Client) -> list[Any]:
    """Lists, details, exports: of the client's people and of ours."""
    theirs, ours = browser_of(person("fatu", Role.PORTAL_ADMIN, client=shop)), browser_of(person("c", Role.SUPER_ADMIN))
    payment = CardPayment.objects.filter(state="captured").first()
    assert payment is not None
    said = []
    for browser, home in ((theirs, "/company"), (ours, "/staff")):
        said += [browser.get(f"{home}/cards/"), browser.get(f"{home}/cards/{payment.public_id}/")]
        said.append(browser.get(f"{home}/cards/export/"))
        assert [answer.status_code for answer in said[-3:]] == [200, 200, 200]
    said += [theirs.get("/api/reports/cards"), ours.get("/staff/audit/")]
    assert str(payment.card.last4).encode() in said[0].content
    return said


def text_of(answer: Any) -> bytes:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content + json.dumps(dict(answer.headers)).encode()


def test_no_number_and_no_code_is_anywhere(
    shop: Client,
    bot: ApiUser,
    cards: Simulator,
    settings: Any,
    heard: Heard,
    capfd: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.CARD_TIMEOUT_SECONDS = 1.0
    key = key_of(bot).raw
    fund(shop, "100")
    with django_capture_on_commit_callbacks(execute=True):
        said = through_the_api(key, cards)
        said += through_broken_settings(key, settings)
        said += through_the_pay_page(shop, cards)
        for _turn in range(3):
            time_passes(100)
            work()
        paid = CardPayment.objects.filter(state="captured").first()
        assert paid is not None
        acts.refund(payment=paid, amount=Decimal(1), note="a part")
        said += what_people_see(shop)
    assert Card.objects.filter(sealed_number__isnull=False).count() > 3
    logged = [("log", line) for line in heard.lines]
    assert len(logged) > 50
    written = capfd.readouterr()
    theirs = [json.dumps(cards.look(name)).encode() for name in ("payments", "requests")]
    places = [
        *[(f"answer {place}, {answer.status_code}", text_of(answer)) for place, answer in enumerate(said)],
        *logged,
        *[("output", text.encode()) for text in (written.out, written.err)],
        *[("the processor's records", content) for content in theirs],
        *canaries.database(),
        *canaries.redis(),
    ]
    assert canaries.leaks(places) == []


@pytest.mark.parametrize("number", NUMBERS, ids=["first", "second", "third"])
def test_who_searches_would_find_them(number: str) -> None:
    """The search itself: each writing is found where it stands."""
    spaced = " ".join(number[at : at + 4] for at in range(0, 16, 4))

    for text in (
        f"x{number}y",
        f"{number[:6]}{number[6:12]}****",
        spaced,
        spaced.replace(" ", "-"),
        number[::-1],
        number.encode().hex(),
        base64.b64encode(f'{{"a": "{number}"}}'.encode()).decode(),
        base64.b64encode(f'{{"ab": "{number}"}}'.encode()).decode(),
        base64.b64encode(f'{{"abc": "{number}"}}'.encode()).decode(),
    ):
        assert canaries.leaks([("here", text.encode())]), text
    assert canaries.leaks([("here", f'"cvv": "{CODES[0]}"'.encode())])
    assert canaries.leaks([("here", f"{number[:6]}******{number[-4:]}".encode())]) == []


def test_the_database_and_redis_are_searched(shop: Client) -> None:

    Client.objects.filter(pk=shop.pk).update(name=NUMBERS[0])
    cache.set("a-key", {"number": NUMBERS[1]})
    try:
        found = canaries.leaks([*canaries.database(), *canaries.redis()])
    finally:
        cache.delete("a-key")
    assert "accounts_client: number, plain" in found
    assert "redis: number, plain" in found
