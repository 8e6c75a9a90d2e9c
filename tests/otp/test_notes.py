"""Notes of the supplier: let in only when signed, kept once, and never more than a reason to look."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from accounts.models import Customer
from otp import checks, polling
from otp.models import Order, State, SupplierNote, SupplierTopup
from otp.providers.otpzap import notes
from otp.providers.otpzap.notes import NotANote, Scheme
from tests.otp import helpers as h
from tests.simulators import Simulator

TOKEN, SECRET, OLDER = "a-token-of-twenty-four-and-more", "a-secret-of-thirty-two-and-more", "an-older-secret-of-ours"
DOOR = f"/otpzap/webhook/{TOKEN}"
Outcome = SupplierNote.Outcome
# How long making examples takes says something about the machine only.
patiently = trying(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@pytest.fixture(autouse=True)
def _door_open(settings: Any) -> None:
    settings.OTPZAP_WEBHOOK_TOKEN = TOKEN
    settings.OTPZAP_WEBHOOK_SECRETS = [SECRET, OLDER]


def written(event: str = "order.otp_received", **data: Any) -> bytes:
    return json.dumps({"id": "evt_1", "event": event, "timestamp": "2026-11-21T05:00:00Z", "data": data}).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(body: bytes, header: str = "X-Webhook-Signature", value: str | None = None, path: str = DOOR) -> Any:
    signed = f"sha256={signature(body)}" if value is None else value
    return Client().generic("POST", path, body, "application/json", headers={header: signed} if signed else {})


# --- the signature: pure -----------------------------------------------------------------------------------------

KNOWN_SECRET = "00112233445566778899aabbccddeeff0011223344556677"
KNOWN_BODY = (
    b'{"event":"order.otp_received","timestamp":"2026-05-28T20:26:40Z","data":{"order_id":65,"otp_code":"123456"}}'
)
KNOWN_SIGNATURE = "sha256=c73726a8f3f47fec4288f19cc3898429e9e23d06018411476e388ba291e88440"


def test_the_known_answer_of_the_contract() -> None:
    assert notes.is_signed(Scheme([KNOWN_SECRET]), KNOWN_BODY, {"X-WEBHOOK-SIGNATURE": KNOWN_SIGNATURE})


@pytest.mark.parametrize("header", ["X-WEBHOOK-SIGNATURE", "X-OTPZAP-SIGNATURE", "X-SIGNATURE"])
@pytest.mark.parametrize("prefix", ["sha256=", ""], ids=["prefix", "bare"])
def test_any_of_the_headers_with_or_without_prefix(header: str, prefix: str) -> None:
    assert notes.is_signed(Scheme([OLDER, SECRET]), b"{}", {header: prefix + signature(b"{}")})


def test_base64_where_the_settings_say_so() -> None:
    encoded = base64.b64encode(bytes.fromhex(signature(b"{}"))).decode()
    given = {"X-SIGNATURE": encoded}
    assert not notes.is_signed(Scheme([SECRET]), b"{}", given)
    assert notes.is_signed(Scheme([SECRET], encodings=["hex", "base64"]), b"{}", given)


def test_two_signatures_in_one_header() -> None:
    given = {"X-SIGNATURE": f"sha256={signature(b'{}', 'unknown')}, sha256={signature(b'{}')}"}
    assert notes.is_signed(Scheme([SECRET]), b"{}", given)


@pytest.mark.parametrize("secrets", [[], [""]], ids=["none", "empty"])
def test_without_a_secret_nothing_is_signed(secrets: list[str]) -> None:
    given = {"X-SIGNATURE": signature(b"{}", "")}
    assert not notes.is_signed(Scheme(secrets), b"{}", given)


@patiently
@given(st.text(max_size=80))
def test_no_made_up_signature_fits(value: str) -> None:
    assert not notes.is_signed(Scheme([SECRET]), b"{}", {"X-SIGNATURE": value})


@patiently
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    notes.outline(body)
    try:
        notes.read(body)
    except NotANote:
        return


@pytest.mark.parametrize(
    ("document", "subjects"),
    [
        ({"event": "order.finished", "data": {"order_id": 65}}, ("65",)),
        ({"event": "order.finished", "data": {"order_id": "65"}}, ("65",)),
        ({"event": "order.finished", "order_id": 65}, ("65",)),
        ({"type": "order.finished", "data": {"order": {"order_id": 65}}}, ("65",)),
        ({"event": "order.replaced", "data": {"old_order_id": 65, "new_order_id": 66}}, ("65", "66")),
        ({"event": "email.received", "data": {"ref": "APIE-3-x"}}, ("APIE-3-x",)),
        ({"event": "order.finished", "data": []}, ()),
    ],
    ids=["number", "text", "flat", "wrapped", "replaced", "mail", "nothing"],
)
def test_what_a_note_is_about(document: dict[str, Any], subjects: tuple[str, ...]) -> None:
    assert notes.read(json.dumps(document).encode()).subjects == subjects


def test_what_is_kept_of_a_note_gives_nothing_away() -> None:
    kept = notes.outline(written(order_id=65, otp_code="915273", otps=[{"message": "Code 915273"}], phone_number="+62"))
    assert "915273" not in kept
    assert "+62" not in kept
    assert json.loads(kept)["data"] == {
        "order_id": "65",
        "otp_code": "…",
        "otps": [{"message": "…"}],
        "phone_number": "…",
    }


# --- the door ----------------------------------------------------------------------------------------------------

database = pytest.mark.django_db


@database
@pytest.mark.parametrize("token", ["", "another"], ids=["switched off", "wrong"])
def test_the_address_is_known_to_nobody_else(settings: Any, token: str) -> None:
    settings.OTPZAP_WEBHOOK_TOKEN = token
    assert post(written(order_id=65)).status_code == 404
    assert not SupplierNote.objects.exists()


@database
def test_beside_the_door_there_is_nothing(client: Client) -> None:
    answer = client.post(f"{DOOR}/more")
    assert answer.status_code == 404
    assert "Content-Security-Policy" in answer


@database
def test_only_posts_of_some_size_are_taken() -> None:
    refused = Client().get(DOOR)
    assert (refused.status_code, refused["Allow"]) == (405, "POST")
    assert post(b" " * (300 * 1024)).status_code == 413
    assert not SupplierNote.objects.exists()


@database
def test_a_note_needs_no_session_and_gets_none() -> None:
    answer = post(written(order_id=65))
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Vary" not in answer


@database
@pytest.mark.parametrize(
    "value", ["", "sha256=", "sha256=00", "sha256=" + "0" * 64], ids=["none", "empty", "short", "0"]
)
def test_who_did_not_sign_is_refused(value: str) -> None:
    assert post(written(order_id=65), value=value).status_code == 401
    [kept] = SupplierNote.objects.all()
    assert (kept.outcome, kept.subject) == (Outcome.REFUSED, "")
    assert kept.note_id == ("X-WEBHOOK-SIGNATURE" if value else "")


@database
def test_without_secrets_everything_is_refused(settings: Any) -> None:
    settings.OTPZAP_WEBHOOK_SECRETS = []
    assert post(written(order_id=65), value=f"sha256={signature(written(order_id=65), '')}").status_code == 401


@database
def test_what_nobody_signed_does_not_fill_the_disk() -> None:
    for number in range(30):
        post(written(order_id=number), value="sha256=00")
    assert SupplierNote.objects.count() == 20


@database
@pytest.mark.parametrize("secret", [SECRET, OLDER], ids=["new", "old"])
def test_two_secrets_while_they_change(secret: str) -> None:
    body = written(order_id=65)
    assert post(body, value=signature(body, secret)).status_code == 200


@database
def test_what_is_signed_and_cannot_be_read(client: Client) -> None:
    assert post(b"[1]").status_code == 400
    assert SupplierNote.objects.get().outcome == Outcome.UNREADABLE


@database
def test_they_are_told_to_send_it_again_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any, **_more: Any) -> Any:
        raise OperationalError

    monkeypatch.setattr(SupplierNote.objects, "bulk_create", away)
    answer = post(written(order_id=65))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


# --- what it leads to --------------------------------------------------------------------------------------------


@pytest.fixture
def told(django_capture_on_commit_callbacks: Any) -> Callable[..., list[Any]]:
    """Posts a note; returns what was queued."""

    def post_and_capture(body: bytes, status: int = 200) -> list[Any]:
        with django_capture_on_commit_callbacks() as queued:
            assert post(body).status_code == status
        return list(queued)

    return post_and_capture


def test_a_note_has_its_order_looked_at(ayu: Customer, shop: Simulator, told: Callable[..., list[Any]]) -> None:
    order = h.buy(ayu)
    h.deliver(shop, order)
    body = written(order_id=int(order.provider_order_id), otp_code="004217", status="otp_received")
    assert len(told(body)) == 1
    hinted = h.fresh(order)
    assert hinted.hinted_at
    assert hinted.next_poll_at == hinted.hinted_at
    assert (hinted.state, hinted.code_count) == (State.PENDING, 0)
    assert order in Order.objects.due()
    assert SupplierNote.objects.get().outcome == Outcome.LOOKED
    assert polling.attend(order.pk)
    assert h.fresh(order).state == State.OTP_RECEIVED


@pytest.mark.parametrize("status", ["otp_received", "success", "cancelled", "failed"])
def test_a_signed_lie_moves_nothing(
    ayu: Customer, shop: Simulator, told: Callable[..., list[Any]], status: str
) -> None:
    order = h.buy(ayu)
    before = h.wallet(ayu)
    told(written("order.cancelled", order_id=int(order.provider_order_id), otp_code="666666", status=status))
    assert polling.attend(order.pk)
    after = h.fresh(order)
    assert (after.state, after.code_count, h.wallet(ayu)) == (State.PENDING, 0, before)
    assert not list(checks.ledger_problems())


def test_sent_again_it_changes_nothing(ayu: Customer, shop: Simulator, told: Callable[..., list[Any]]) -> None:
    order = h.buy(ayu)
    body = written(order_id=int(order.provider_order_id))
    told(body)
    polling.attend(order.pk)
    planned = h.fresh(order).next_poll_at
    assert told(body) == []
    assert h.fresh(order).next_poll_at == planned
    assert SupplierNote.objects.count() == 1


def test_who_sends_it_unsigned_first_keeps_nothing_out(
    ayu: Customer, shop: Simulator, told: Callable[..., list[Any]]
) -> None:
    order = h.buy(ayu)
    body = written(order_id=int(order.provider_order_id))
    post(body, value="sha256=00")
    assert h.fresh(order).hinted_at is None
    told(body)
    assert h.fresh(order).hinted_at


@database
def test_orders_of_others_and_orders_that_are_over(
    ayu: Customer, shop: Simulator, told: Callable[..., list[Any]]
) -> None:
    order = h.buy(ayu)
    shop.control("expire", order_id=int(order.provider_order_id))
    h.look(order)
    assert told(written(order_id=int(order.provider_order_id))) == []
    assert told(written(order_id=987654321)) == []
    assert set(SupplierNote.objects.values_list("outcome", flat=True)) == {Outcome.OVER, Outcome.UNKNOWN}


@database
def test_a_paid_deposit_has_deposit_and_balance_looked_at(
    staff_user: Any, otpzap_sim: Simulator, told: Callable[..., list[Any]]
) -> None:
    topup = SupplierTopup.objects.create(
        reference="SUP1", key_name="k", amount=50_000, provider_order_id="APIDEP-3-x", created_by=staff_user
    )
    assert len(told(written("deposit.success", order_id="APIDEP-3-x", status="success"))) == 1
    topup.refresh_from_db()
    assert topup.state == SupplierTopup.State.ASKED
    assert told(written("deposit.success", order_id="APIDEP-3-x", status="success")) == []
    assert len(told(written("deposit.success", order_id="APIDEP-3-not-ours", status="success"))) == 1
    assert {one.outcome for one in SupplierNote.objects.all()} == {Outcome.DEPOSIT}


@database
def test_taking_a_note_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        assert post(written(order_id=65)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_simulator_signs_as_we_expect(live_server: Any, ayu: Customer, shop: Simulator, settings: Any) -> None:
    """Over HTTP, with everything between: its note comes in, and the order is looked at."""
    shop.control("webhook", url=f"{live_server.url}{DOOR}", secret=SECRET, events=["*"], is_active=True)
    order = h.buy(ayu)
    shop.control("deliver", order_id=int(order.provider_order_id), code="004217", wait=True)
    assert SupplierNote.objects.get().outcome == Outcome.LOOKED
    assert h.fresh(order).hinted_at
