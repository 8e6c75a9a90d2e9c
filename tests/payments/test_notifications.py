"""Faspay's notifications through our callback: what is answered, what is kept, and what moves money."""

import json
import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.urls import include, path
from django.utils import timezone

from config.lib.ids import new_trx_id
from payments import services, settlement, tasks
from payments.models import Deposit, ProviderMessage, VirtualAccount
from tests.payments.conftest import CALLBACK, House, Letter, code_of, last_message
from tests.simulators import write_key_pair
from wallets.services import wallet_of

pytestmark = pytest.mark.django_db
urlpatterns = [path("api/faspay/snap/", include("payments.callback_urls"))]


def _body(number: str = "3702019999999999", **changes: Any) -> dict[str, Any]:
    padded = f"  {number}"
    body: dict[str, Any] = {
        "partnerServiceId": padded[:8],
        "customerNo": number[6:],
        "virtualAccountNo": padded,
        "paymentRequestId": padded,
        "trxId": "UNKNOWN000000000",
        "paidAmount": {"value": "50000.00", "currency": "IDR"},
        "additionalInfo": {
            "paymentDate": "2026-11-21 09:00:00",
            "channelCode": "702",
            "merchantId": "37020",
            "latestTransactionStatus": "00",
        },
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def _of(house: House, deposit: Deposit, **changes: Any) -> dict[str, Any]:
    account = house.account(deposit)
    return _body(account.number, trxId=account.trx_id, **changes)


def test_the_whole_way_from_payment_to_wallet(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    (letter,) = house.pay(deposit)
    answer = house.deliver(letter)
    sent, back = letter.json, json.loads(answer.content)
    assert (answer.status_code, back["responseCode"], back["responseMessage"]) == (200, "2002500", "Successful")
    assert answer["Content-Type"] == "application/json"
    assert answer["X-TIMESTAMP"].endswith("+07:00")
    for name in ("partnerServiceId", "customerNo", "virtualAccountNo", "paymentRequestId", "paidAmount"):
        assert back["virtualAccountData"][name] == sent[name], "echoed exactly, blanks included"
    assert house.credits == 0, "the answer does not wait for the booking"
    house.work()
    deposit.refresh_from_db()
    message = last_message()
    assert (deposit.state, deposit.outcome, deposit.ledger_reference) == ("success", "", deposit.reference)
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    assert (message.decision, message.verified, message.kind) == ("credited", True, "notification")
    assert message.virtual_account == house.account(deposit)
    assert bytes(message.body).decode() == letter.body
    assert message.matched_key.endswith(" raw")
    assert "X-SIGNATURE" not in message.headers


def test_the_task_is_queued_on_commit(house: House, django_capture_on_commit_callbacks: Any) -> None:
    deposit = house.ask_for()
    (letter,) = house.pay(deposit)
    with django_capture_on_commit_callbacks() as queued:
        house.deliver(letter)
    assert len(queued) == 1


def test_the_sweep_does_what_the_task_did_not(house: House) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    tasks.sweep()
    assert house.balance == Decimal(50_000)


@pytest.mark.urls(__name__)
def test_any_prefix_will_do_since_the_canonical_path_is_signed(house: House) -> None:
    (letter,) = house.pay(house.ask_for())
    assert code_of(house.deliver(letter, path="/api/faspay/snap" + CALLBACK)) == "2002500"


@pytest.mark.parametrize("mode", ["unpadded", "escaped_slashes", "whitespace", "glued_date"])
def test_forms_of_the_same_news_are_understood(house: House, mode: str) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="notification", mode=mode)
    (letter,) = house.pay(deposit)
    assert code_of(house.deliver(letter)) == "2002500"
    house.work()
    assert house.balance == Decimal(50_000)
    if mode in {"escaped_slashes", "whitespace"}:
        assert last_message().matched_key.split()[1] in {"minified", "unescaped"}


def test_the_new_key_counts_beside_the_old_one(house: House, settings: Any, tmp_path: Any) -> None:
    other = write_key_pair(tmp_path / "next")
    settings.FASPAY_PUBLIC_KEY_FILES = [str(tmp_path / "missing.pem"), other[1], *settings.FASPAY_PUBLIC_KEY_FILES]
    (letter,) = house.pay(house.ask_for())
    assert code_of(house.deliver(letter)) == "2002500"


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("bad_signature", "4012500"),
        ("foreign_key", "4012500"),
        ("tampered", "4012500"),
        ("wrong_path", "4012500"),
        ("padding_lost", "4012500"),
        ("old_timestamp", "4012500"),
        ("no_signature", "4002502"),
        ("malformed", "4002500"),
    ],
)
def test_forged_and_broken_letters_move_nothing(house: House, mode: str, expected: str) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="notification", mode=mode)
    (letter,) = house.pay(deposit)
    answer = house.deliver(letter)
    assert (code_of(answer), answer.status_code) == (expected, int(expected[:3]))
    house.work()
    tasks.sweep()
    deposit.refresh_from_db()
    message = last_message()
    assert (deposit.state, house.credits) == ("pending", 0)
    assert (message.decision, message.answer_code) == ("refused", expected)
    assert message.verified is (mode == "malformed")
    assert message.next_try_at is None


@pytest.mark.parametrize("name", ["X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID"])
def test_every_mandatory_header_is_named_when_missing(house: House, name: str) -> None:
    letter = house.sign(_body())
    del letter.headers[name]
    answer = house.deliver(letter)
    assert code_of(answer) == "4002502"
    assert name in json.loads(answer.content)["responseMessage"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-PARTNER-ID": "99999"}, "4012500"),
        ({"X-EXTERNAL-ID": "1" * 37}, "4002501"),
        ({"X-EXTERNAL-ID": "1\x002"}, "4002501"),
        ({"timestamp": "2026-11-21 09:00:00"}, "4002501"),
        ({"timestamp": "2026-11-21T09:00:00"}, "4002501"),
        ({"timestamp": "2026-13-45T09:00:00+07:00"}, "4002501"),
        ({"timestamp": "0001-01-01T00:00:00+07:00"}, "4002501"),
        ({"timestamp": "2020-11-21T09:00:00+07:00"}, "4012500"),
        ({"timestamp": "2099-11-21T09:00:00+07:00"}, "4012500"),
        ({"CHANNEL-ID": "702 or whatever they like"}, "4042512"),
        ({"X-EXTERNAL-ID": "not only digits"}, "4042512"),
    ],
)
def test_headers_are_judged_by_their_form(house: House, headers: dict[str, str], expected: str) -> None:
    assert code_of(house.deliver(house.sign(_body(), **headers))) == expected


def test_milliseconds_and_z_are_tolerated(house: House) -> None:
    stamp = timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert code_of(house.deliver(house.sign(_body(), timestamp=stamp))) == "4042512"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_other_methods_are_answered_in_snap(house: House, method: str) -> None:
    answer = getattr(house.client, method)(CALLBACK)
    assert answer.status_code == 405
    if method != "head":
        assert code_of(answer) == "4052500"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"12",
        b"{",
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1,"a":2}',
        b'{"virtualAccountNo":"1","additionalInfo":{"latestTransactionStatus":"00","latestTransactionStatus":"03"}}',
        b"\xff\xfe{}",
        b'{"a":"\xc3\x28"}',
        b"[" * 30_000,
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":"' + b"x" * 70_000 + b'"}',
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_signed_nonsense_is_a_bad_request(house: House, raw: bytes) -> None:
    answer = house.deliver(house.sign(raw), raw=raw)
    assert code_of(answer) == "4002500"
    assert house.credits == 0


def test_a_body_beyond_every_limit_is_not_even_read(house: House) -> None:
    raw = b'{"a":"' + b"x" * 3_000_000 + b'"}'
    assert code_of(house.deliver(house.sign(b"{}"), raw=raw)) == "4002500"


@pytest.mark.parametrize(
    ("changes", "expected", "name"),
    [
        ({"virtualAccountNo": 3702011234567890}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": ...}, "4002502", "virtualAccountNo"),
        ({"virtualAccountNo": None}, "4002502", "virtualAccountNo"),
        ({"virtualAccountNo": ""}, "4002502", "virtualAccountNo"),
        ({"virtualAccountNo": "   "}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "1" * 29}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "37020１234"}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "3702\x00123"}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "\ud800"}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": ["1"]}, "4002501", "virtualAccountNo"),
        ({"partnerServiceId": ...}, "4002502", "partnerServiceId"),
        ({"partnerServiceId": "   370201"}, "4002501", "partnerServiceId"),
        ({"customerNo": ...}, "4002502", "customerNo"),
        ({"customerNo": "12a"}, "4002501", "customerNo"),
        ({"paymentRequestId": ...}, "4002502", "paymentRequestId"),
        ({"paymentRequestId": "x" * 129}, "4002501", "paymentRequestId"),
        ({"trxId": 5}, "4002501", "trxId"),
        ({"trxId": "x" * 33}, "4002501", "trxId"),
        ({"trxId": "tr\x00x"}, "4002501", "trxId"),
        ({"paidAmount": "50000.00"}, "4002501", "paidAmount"),
        ({"paidAmount": {"currency": "IDR"}}, "4002502", "value"),
        ({"paidAmount": {"value": 50000, "currency": "IDR"}}, "4002501", "value"),
        ({"paidAmount": {"value": "50000.00"}}, "4002502", "currency"),
        ({"paidAmount": {"value": "50000.00", "currency": "RUPIAH"}}, "4002501", "currency"),
        ({"additionalInfo": {"latestTransactionStatus": 0}}, "4002501", "latestTransactionStatus"),
        ({"additionalInfo": {"latestTransactionStatus": "000"}}, "4002501", "latestTransactionStatus"),
        ({"additionalInfo": {"latestTransactionStatus": None}}, "4002502", "latestTransactionStatus"),
        ({"additionalInfo": []}, "4002502", "additionalInfo"),
        ({"additionalInfo": ...}, "4002502", "additionalInfo"),
    ],
)
def test_fields_are_read_strictly(house: House, changes: dict[str, Any], expected: str, name: str) -> None:
    answer = house.deliver(house.sign(_body(**changes)))
    assert code_of(answer) == expected
    assert name in json.loads(answer.content)["responseMessage"]
    assert last_message().decision == "refused"


@pytest.mark.parametrize(
    "value",
    [
        "-50000.00",
        "NaN",
        "1e999",
        "Infinity",
        "50.000,00",
        "50000.001",
        "0.00",
        "0",
        " 50000.00",
        "+5",
        "٥٠٠٠",
        "1" * 17,
    ],
)
def test_malformed_money_is_refused(house: House, value: str) -> None:
    deposit = house.ask_for()
    body = _of(house, deposit, paidAmount={"value": value, "currency": "IDR"})
    assert code_of(house.deliver(house.sign(body))) in {"4042513", "4002501"}
    house.work()
    assert house.credits == 0


@pytest.mark.parametrize("value", ["50000", "50000.0", "50000.00"])
def test_whole_rupiah_may_be_written_shorter(house: House, value: str) -> None:
    body = _of(house, house.ask_for(), paidAmount={"value": value, "currency": "IDR"})
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    assert house.balance == Decimal(50_000)


def test_unknown_extra_fields_are_tolerated(house: House) -> None:
    body = _of(house, house.ask_for(), somethingNew={"a": [1, 2.5, None, True]})
    assert code_of(house.deliver(house.sign(body))) == "2002500"


def test_static_flags_and_legacy_letters_are_kept_and_declined(house: House) -> None:
    flag = _body(additionalInfo=..., trxDateTime="20201231T235959Z", referenceNo="123456789012345")
    assert code_of(house.deliver(house.sign(flag))) == "4032501"
    assert (last_message().kind, last_message().verified) == ("payment_flag", True)
    legacy = {"request": "Payment Notification", "trx_id": "1", "bill_no": "2", "signature": "ab"}
    assert code_of(house.deliver(Letter({}, json.dumps(legacy)))) == "4032501"
    assert (last_message().kind, last_message().verified) == ("legacy", False)
    assert house.credits == 0


def test_what_nobody_signed_is_kept_in_small_amounts_only(house: House) -> None:
    for _ in range(services.incoming.UNVERIFIED_A_MINUTE + 15):
        assert code_of(house.deliver(Letter({}, "x" * 10_000))) == "4002502"
    kept = ProviderMessage.objects.filter(verified=False)
    assert kept.count() == services.incoming.UNVERIFIED_A_MINUTE
    assert all(len(bytes(row.body)) <= services.incoming.UNVERIFIED_BYTES for row in kept)
    assert len(kept[0].body_sha256) == len(kept[0].signed_text_sha256) == 64


def test_unsigned_letters_are_forgotten_after_days_and_signed_ones_never(house: House) -> None:
    house.deliver(Letter({}, "{}"))
    house.deliver(house.sign(_body()))
    with pgtrigger_off():
        ProviderMessage.objects.update(received_at=timezone.now() - timedelta(days=4))
    settlement.due.forget_unverified()
    assert [row.verified for row in ProviderMessage.objects.all()] == [True]


def pgtrigger_off() -> Any:
    return pgtrigger.ignore("payments.ProviderMessage:kept_as_received")


def test_without_redis_an_unsigned_letter_is_refused_all_the_same(house: House, settings: Any) -> None:
    letter = house.sign(_body())
    letter.headers["X-SIGNATURE"] = "AAAA"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert code_of(house.deliver(letter)) == "4012500"
    assert ProviderMessage.objects.count() == 0


# --- once, in whatever order -------------------------------------------------------------------------


@pytest.mark.parametrize("same_id", [True, False])
def test_however_often_it_comes_it_is_credited_once(house: House, same_id: bool, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    letters = house.pay(deposit, count=5, same_external_id=same_id)
    answers = [house.deliver(letter) for letter in [*letters, *letters]]
    assert {code_of(answer) for answer in answers} == {"2002500"}
    assert len({answer.content for answer in answers}) == 1
    for _ in range(3):
        house.work()
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    decisions = sorted(ProviderMessage.objects.values_list("decision", flat=True))
    assert decisions == (["credited"] if same_id else ["credited", *["repeated"] * 4])
    assert sum(ProviderMessage.objects.values_list("times_received", flat=True)) == 10


def test_the_same_id_with_another_body_is_a_conflict(house: House) -> None:
    deposit = house.ask_for()
    first = house.sign(_of(house, deposit))
    other = _of(house, deposit, paidAmount={"value": "990000.00", "currency": "IDR"})
    second = house.sign(other, **{"X-EXTERNAL-ID": first.headers["X-EXTERNAL-ID"]})
    assert [code_of(house.deliver(letter)) for letter in (first, second, first, second)] == [
        "2002500",
        "4092500",
        "2002500",
        "4092500",
    ]
    house.work()
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    assert ProviderMessage.objects.filter(decision="conflict", repeat_of__isnull=False).count() == 2


@pytest.mark.parametrize(
    "order", [("03", "00"), ("00", "03"), ("01", "02", "00"), ("00", "07", "01"), ("03", "00", "00")]
)
def test_out_of_order_news_end_the_same(house: House, order: tuple[str, ...], no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    for status in order:
        info = {"latestTransactionStatus": status, "paymentDate": "2026-11-21 09:00:00"}
        assert code_of(house.deliver(house.sign(_of(house, deposit, additionalInfo=info)))) == "2002500"
        house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.balance, house.credits) == ("success", "", Decimal(50_000), 1)


@pytest.mark.parametrize("status", ["04", "05", "06"])
def test_bad_news_after_success_is_for_staff(house: House, status: str) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    house.deliver(house.tell(deposit, status=status))
    house.work()
    deposit.refresh_from_db()
    assert deposit.state == "success"
    assert deposit.attention.endswith("_after_success")
    assert (house.credits, last_message().decision) == (1, "flagged")


@pytest.mark.parametrize("status", ["05", "06", "07"])
def test_bad_news_alone_closes_nothing_but_makes_us_ask(house: House, status: str) -> None:
    deposit = house.ask_for()
    letter = house.tell(deposit, status=status)
    assert code_of(house.deliver(letter)) == "2002500"
    tasks.apply_message(message_id=last_message().pk)
    deposit.refresh_from_db()
    assert (deposit.state, last_message().decision) == ("pending", "asked")
    assert len(house.requests("status")) == 1


def test_other_amount_after_the_credit_is_for_staff(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.deliver(house.tell(deposit, amount="75000"))
    house.work()
    deposit.refresh_from_db()
    assert (deposit.received_amount, house.balance, deposit.attention) == (
        Decimal(50_000),
        Decimal(50_000),
        "other_amount",
    )


@pytest.mark.parametrize(("amount", "outcome"), [("1", "underpaid"), ("49999", "underpaid"), ("50001", "overpaid")])
def test_another_amount_than_asked_is_credited_and_said(
    house: House, amount: str, outcome: str, no_ledger_problems: None
) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount=amount)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome) == ("success", outcome)
    assert deposit.received_amount == house.balance == Decimal(amount)


def test_late_money_is_credited_and_said(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.outlive(deposit)
    assert deposit.state == "expired"
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "paid_late", Decimal(50_000))


def test_another_currency_is_for_staff(house: House) -> None:
    deposit = house.ask_for()
    body = _of(house, deposit, paidAmount={"value": "50000.00", "currency": "USD"})
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "wrong_currency", 0)


def test_cents_of_a_rupiah_are_for_staff(house: House) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount="50000.50")[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "odd_amount", 0)


def test_paid_without_an_amount_is_asked_about(house: House) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="notification", mode="no_amount")
    (letter,) = house.pay(deposit, amount="40000")
    assert code_of(house.deliver(letter)) == "2002500"
    house.work()
    assert house.credits == 0
    tasks.sweep()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "underpaid", Decimal(40_000))


def test_a_number_that_is_not_the_accounts_is_asked_about_and_flagged(house: House) -> None:
    deposit = house.ask_for()
    body = _body("3702010000000001", trxId=house.account(deposit).trx_id)
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "other_number", 0)


def test_without_a_known_trx_id_the_number_decides(house: House) -> None:
    deposit = house.ask_for()
    account = house.account(deposit)
    assert code_of(house.deliver(house.sign(_body(account.number, trxId=account.provider_trx_id)))) == "2002500"
    house.work()
    assert house.balance == Decimal(50_000)


def test_an_unknown_bill_is_kept_and_matched_when_its_row_comes(house: House, no_ledger_problems: None) -> None:
    trx_id = new_trx_id()
    letter = house.sign(_body("3702011234567890", trxId=trx_id))
    answer = house.deliver(letter)
    assert (answer.status_code, code_of(answer)) == (404, "4042512")
    house.work()
    message = last_message()
    assert (message.decision, message.processed_at, house.credits) == ("unmatched", None, 0)
    assert message.next_try_at
    assert message.next_try_at > timezone.now()
    deposit = Deposit.objects.create(
        customer=house.customer, amount=50_000, bank="702", expires_at=timezone.now() + timedelta(hours=1)
    )
    VirtualAccount.objects.create(deposit=deposit, trx_id=trx_id, state="in_doubt", sent_at=timezone.now())
    ProviderMessage.objects.update(next_try_at=timezone.now())
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, house.balance, last_message().decision) == ("success", Decimal(50_000), "credited")
    assert house.account(deposit).number == "3702011234567890"
    assert code_of(house.deliver(letter)) == "2002500", "their repeat hears the good news"


def test_an_unknown_bill_is_given_up_after_a_week(house: House) -> None:
    house.deliver(house.sign(_body()))
    with pgtrigger_off():
        ProviderMessage.objects.update(received_at=timezone.now() - timedelta(days=8))
    house.work()
    message = last_message()
    assert (message.decision, message.next_try_at) == ("unmatched", None)
    assert message.processed_at


def test_a_closed_wallet_is_for_staff_and_tried_again(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    wallet = wallet_of(house.customer)
    wallet.status = "closed"
    wallet.save(update_fields=["status"])
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, last_message().decision) == ("pending", "ledger_refused", "flagged")
    wallet.status = "open"
    wallet.save(update_fields=["status"])
    ProviderMessage.objects.update(next_try_at=timezone.now())
    house.work()
    assert (house.balance, last_message().decision) == (Decimal(50_000), "credited")


def test_the_second_attempt_of_a_deposit_cannot_be_paid_again_unseen(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="429")
    deposit = house.ask_for()
    first, second = deposit.virtual_accounts.order_by("id")
    settlement.submit(second.pk)
    house.deliver(house.pay(deposit)[0])
    house.work()
    body = _body("3702017777777777", trxId=first.trx_id)
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    deposit.refresh_from_db()
    assert (house.credits, deposit.attention) == (1, "paid_twice")


def test_random_garbage_is_never_a_500(house: House) -> None:
    for seed in range(60):
        raw = secrets.token_bytes(seed * 7)
        for letter in (house.sign(raw), Letter({"X-SIGNATURE": "é" * seed}, "")):
            assert house.deliver(letter, raw=raw).status_code in {400, 401}
    assert house.credits == 0
