"""Every answer that our SNAP doors give: inquiry (24), payment (25), QR notification (52)."""

import json
from typing import Any

import pytest
from django.urls import include, path
from django.utils import timezone

from accounts.models import Customer
from config.urls import urlpatterns as site
from payments.models import ProviderMessage, StaticPayment
from payments.providers.faspay_snap import codes
from tests.payments import gate as g
from tests.payments.gate import INQUIRY, NUMBER, PAYMENT, QR, Gate, code_of, flag, inquiry, last_message, news, qr_news

pytestmark = pytest.mark.django_db
urlpatterns = [path("some/prefix/", include("payments.callback_urls")), *site]
DOORS = [(INQUIRY, "24"), (PAYMENT, "25"), (QR, "52")]


# --- inquiry ----------------------------------------------------------------------------------------


def test_an_inquiry_says_who_stands_behind_a_number(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    answer = gate.send(INQUIRY, inquiry())
    assert code_of(answer) == "2002400"
    said = json.loads(answer.content)
    data = said["virtualAccountData"]
    assert said["responseMessage"] == "success"
    for name, value in inquiry().items():
        assert data[name] == value, "echoed exactly, blanks included"
    assert data["virtualAccountName"]
    assert len(data["virtualAccountName"]) <= 50
    assert data["virtualAccountEmail"] == customer.user.email
    assert data["virtualAccountPhone"]
    assert data["totalAmount"] == {"value": "0.00", "currency": "IDR"}, "any amount"
    message = last_message()
    assert (message.kind, message.decision, message.reference) == ("inquiry", "acknowledged", NUMBER)
    assert message.static_account is not None
    assert (message.next_try_at, message.verified, message.answer_code) == (None, True, "2002400")


def test_an_inquiry_for_nobodys_number(gate: Gate) -> None:
    answer = gate.send(INQUIRY, inquiry())
    assert (code_of(answer), json.loads(answer.content)["responseMessage"]) == ("4042412", "Bill not found")


def test_an_inquiry_for_a_closed_number(gate: Gate, customer: Customer) -> None:
    account = g.permanent(customer)
    account.state, account.closed_at = "closed", timezone.now()
    account.save(update_fields=["state", "closed_at"])
    answer = gate.send(INQUIRY, inquiry())
    assert (code_of(answer), json.loads(answer.content)["responseMessage"]) == ("4042419", "Bill expired")


@pytest.mark.parametrize(
    ("changes", "code", "name"),
    [
        ({"partnerServiceId": ...}, "4002402", "partnerServiceId"),
        ({"customerNo": ...}, "4002402", "customerNo"),
        ({"virtualAccountNo": ...}, "4002402", "virtualAccountNo"),
        ({"virtualAccountNo": ""}, "4002402", "virtualAccountNo"),
        ({"virtualAccountNo": None}, "4002402", "virtualAccountNo"),
        ({"inquiryRequestId": ...}, "4002402", "inquiryRequestId"),
        ({"virtualAccountNo": 3702020000000001}, "4002401", "virtualAccountNo"),
        ({"virtualAccountNo": "  37020200000000O1"}, "4002401", "virtualAccountNo"),
        ({"virtualAccountNo": "3" * 29}, "4002401", "virtualAccountNo"),
        ({"virtualAccountNo": ["3702020000000001"]}, "4002401", "virtualAccountNo"),
        ({"customerNo": 1}, "4002401", "customerNo"),
        ({"customerNo": True}, "4002401", "customerNo"),
        ({"partnerServiceId": "123456789"}, "4002401", "partnerServiceId"),
        ({"inquiryRequestId": {"a": 1}}, "4002401", "inquiryRequestId"),
        ({"inquiryRequestId": "x" * 129}, "4002401", "inquiryRequestId"),
    ],
)
def test_fields_of_an_inquiry_are_strict(
    gate: Gate, customer: Customer, changes: dict[str, Any], code: str, name: str
) -> None:
    g.permanent(customer)
    answer = gate.send(INQUIRY, inquiry(**changes))
    assert code_of(answer) == code
    words = "Missing Mandatory Field" if code.endswith("02") else "Invalid Field Format"
    assert json.loads(answer.content)["responseMessage"] == f"{words} {{{name}}}"
    assert last_message().decision == "refused"


def test_unknown_fields_and_any_padding_are_let_be(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    for number in (NUMBER, f" {NUMBER}", f"     {NUMBER}"):
        body = inquiry(virtualAccountNo=number, channelCode="702", additionalInfo={"x": [1, {"y": None}]})
        answer = gate.send(INQUIRY, body)
        assert code_of(answer) == "2002400"
        assert json.loads(answer.content)["virtualAccountData"]["virtualAccountNo"] == number


# --- payment flag -----------------------------------------------------------------------------------


def test_a_flag_is_written_down_before_it_is_approved(gate: Gate, customer: Customer) -> None:
    account = g.permanent(customer)
    answer = gate.send(PAYMENT, flag(trxId="echoed"))
    assert code_of(answer) == "2002500"
    data = json.loads(answer.content)["virtualAccountData"]
    assert data["virtualAccountName"]
    for name in ("partnerServiceId", "customerNo", "virtualAccountNo", "paymentRequestId", "paidAmount"):
        assert data[name] == flag()[name]
    assert data["trxId"] == "echoed"
    payment = StaticPayment.objects.get()
    assert (payment.account, payment.state, payment.payment_request_id) == (account, "flagged", "pay-1")
    message = last_message()
    assert (message.kind, message.decision, message.reference) == ("payment_flag", "acknowledged", NUMBER)
    assert (message.static_account, message.next_try_at) == (account, None)


def test_a_flag_again_is_approved_again_and_with_another_amount_it_is_inconsistent(
    gate: Gate, customer: Customer
) -> None:
    g.permanent(customer)
    answers = [gate.send(PAYMENT, flag()), gate.send(PAYMENT, flag())]
    answers.append(gate.send(PAYMENT, flag(paidAmount={"value": "51000.00", "currency": "IDR"})))
    assert [code_of(answer) for answer in answers] == ["2002500", "2002500", "4042518"]
    assert StaticPayment.objects.count() == 1
    assert ProviderMessage.objects.count() == 3


def test_a_flag_for_nobodys_number(gate: Gate) -> None:
    assert code_of(gate.send(PAYMENT, flag())) == "4042512"
    assert (last_message().decision, last_message().answer_code) == ("refused", "4042512")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trxDateTime": "20261121T090000Z"}, "2002500"),
        ({"trxDateTime": "20261121T090000+0700"}, "2002500"),
        ({"trxId": None}, "2002500"),
        ({"trxDateTime": "yesterday"}, "4002501"),
        ({"trxDateTime": 20261121}, "4002501"),
        ({"trxDateTime": ""}, "4002502"),
        ({"referenceNo": ...}, "4002502"),
        ({"referenceNo": 1}, "4002501"),
        ({"paymentRequestId": ...}, "4002502"),
        ({"paymentRequestId": 5}, "4002501"),
        ({"virtualAccountNo": 3702020000000001}, "4002501"),
        ({"paidAmount": ...}, "4002502"),
        ({"paidAmount": "50000.00"}, "4002501"),
        ({"paidAmount": {"value": 50000, "currency": "IDR"}}, "4002501"),
        ({"paidAmount": {"value": "50000.00"}}, "4002502"),
        ({"paidAmount": {"currency": "IDR"}}, "4002502"),
        ({"paidAmount": {"value": "50000.00", "currency": 360}}, "4002501"),
        ({"paidAmount": {"value": "0.00", "currency": "IDR"}}, "4042513"),
        ({"paidAmount": {"value": "-5.00", "currency": "IDR"}}, "4042513"),
        ({"paidAmount": {"value": "1e9", "currency": "IDR"}}, "4042513"),
        ({"paidAmount": {"value": "NaN", "currency": "IDR"}}, "4042513"),
        ({"paidAmount": {"value": "50000.00", "currency": "USD"}}, "4042513"),
        ({"paidAmount": {"value": "50000.55", "currency": "IDR"}}, "4042513"),
    ],
)
def test_fields_of_a_flag_are_strict(gate: Gate, customer: Customer, changes: dict[str, Any], code: str) -> None:
    g.permanent(customer)
    assert code_of(gate.send(PAYMENT, flag(**changes))) == code
    assert StaticPayment.objects.count() == (code == "2002500")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"trxDateTime": ...}, "trxDateTime"),
        ({"trxDateTime": ..., "partnerServiceId": ...}, "partnerServiceId"),
        ({"trxDateTime": ..., "paymentRequestId": ...}, "paymentRequestId"),
        ({"trxDateTime": ..., "additionalInfo": {}}, "latestTransactionStatus"),
    ],
)
def test_a_body_that_is_neither_is_told_what_it_lacks(gate: Gate, changes: dict[str, Any], name: str) -> None:
    answer = gate.send(PAYMENT, flag(**changes))
    assert code_of(answer) == "4002502"
    assert json.loads(answer.content)["responseMessage"] == f"Missing Mandatory Field {{{name}}}"


def test_a_repeated_id_undoes_what_was_begun_for_it(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    first = gate.send(PAYMENT, flag(), **{"X-EXTERNAL-ID": "1"})
    second = gate.send(PAYMENT, flag(paymentRequestId="pay-2"), **{"X-EXTERNAL-ID": "1"})
    assert [code_of(first), code_of(second)] == ["2002500", "4092500"]
    assert list(StaticPayment.objects.values_list("payment_request_id", flat=True)) == ["pay-1"]


# --- notifications ----------------------------------------------------------------------------------


def test_a_notification_is_found_by_its_number(gate: Gate, customer: Customer) -> None:
    g.open_number(customer, "TRX0000000000001", "3702011111111111")
    answer = gate.send(PAYMENT, news("3702011111111111", trxId="TRX0000000000001"))
    assert code_of(answer) == "2002500"
    message = last_message()
    assert (message.kind, message.decision, message.reference) == ("notification", "waiting", "3702011111111111")


@pytest.mark.parametrize("status", ["00", "01", "02", "03", "04", "05", "06", "07", "99"])
def test_every_status_is_acknowledged(gate: Gate, customer: Customer, status: str) -> None:
    g.open_number(customer, "TRX0000000000001", "3702011111111111")
    body = news("3702011111111111", trxId="TRX0000000000001", additionalInfo={"latestTransactionStatus": status})
    assert code_of(gate.send(PAYMENT, body)) == "2002500"


def test_news_of_a_permanent_number_are_news(gate: Gate, customer: Customer) -> None:
    account = g.permanent(customer)
    body = news(NUMBER, paymentRequestId="pay-1", referenceNo="3702000000000001")
    assert code_of(gate.send(PAYMENT, body)) == "2002500"
    assert last_message().static_account == account


def test_a_qr_notification(gate: Gate, customer: Customer) -> None:
    g.open_number(customer, "QR00000000000001", "", method="qris")
    answer = gate.send(QR, qr_news("QR00000000000001"))
    assert code_of(answer) == "2005200"
    assert (last_message().kind, last_message().reference) == ("qr", "QR00000000000001")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"originalPartnerReferenceNo": ...}, "4005202"),
        ({"originalPartnerReferenceNo": 1}, "4005201"),
        ({"latestTransactionStatus": ...}, "4005202"),
        ({"latestTransactionStatus": 0}, "4005201"),
        ({"amount": 50000}, "4005201"),
        ({"amount": {"value": "0.00", "currency": "IDR"}}, "4045213"),
        ({"originalPartnerReferenceNo": "NOBODYS"}, "4045201"),
    ],
)
def test_fields_of_a_qr_notification_are_strict(
    gate: Gate, customer: Customer, changes: dict[str, Any], code: str
) -> None:
    g.open_number(customer, "QR00000000000001", "", method="qris")
    assert code_of(gate.send(QR, qr_news("QR00000000000001", **changes))) == code


# --- what all doors have in common --------------------------------------------------------------------


@pytest.mark.parametrize(("door", "service"), DOORS)
@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"X-SIGNATURE": "-"}, "400{}02", "Missing Mandatory Field {X-SIGNATURE}"),
        ({"X-TIMESTAMP": "-"}, "400{}02", "Missing Mandatory Field {X-TIMESTAMP}"),
        ({"X-PARTNER-ID": "-"}, "400{}02", "Missing Mandatory Field {X-PARTNER-ID}"),
        ({"X-EXTERNAL-ID": "-"}, "400{}02", "Missing Mandatory Field {X-EXTERNAL-ID}"),
        ({"X-EXTERNAL-ID": "9" * 37}, "400{}01", "Invalid Field Format {X-EXTERNAL-ID}"),
        ({"X-TIMESTAMP": "21-11-2026"}, "400{}01", "Invalid Field Format {X-TIMESTAMP}"),
        ({"X-TIMESTAMP": "2026-11-21 09:00:00"}, "400{}01", "Invalid Field Format {X-TIMESTAMP}"),
        ({"X-TIMESTAMP": "2026-11-21T09:00:00"}, "400{}01", "Invalid Field Format {X-TIMESTAMP}"),
        ({"X-TIMESTAMP": "2026-13-41T09:00:00+07:00"}, "400{}01", "Invalid Field Format {X-TIMESTAMP}"),
        ({"X-PARTNER-ID": "98765"}, "401{}00", "Unauthorized. [X-PARTNER-ID]"),
        ({"X-SIGNATURE": "nonsense"}, "401{}00", "Unauthorized Signature"),
        ({"timestamp": "2020-01-01T00:00:00+07:00"}, "401{}00", "Unauthorized. [X-TIMESTAMP]"),
        ({"timestamp": "2099-01-01T00:00:00+07:00"}, "401{}00", "Unauthorized. [X-TIMESTAMP]"),
    ],
)
def test_headers(gate: Gate, door: str, service: str, changes: dict[str, str], code: str, words: str) -> None:
    answer = gate.send(door, {}, **changes)
    assert (code_of(answer), json.loads(answer.content)["responseMessage"]) == (code.format(service), words)
    assert not last_message().verified


@pytest.mark.parametrize(("door", "service"), DOORS)
def test_other_methods(gate: Gate, door: str, service: str) -> None:
    for method in ("get", "put", "delete", "patch", "options"):
        answer = getattr(gate.client, method)(door)
        assert code_of(answer) == f"405{service}00"
        assert answer["Allow"] == "POST"
    assert not ProviderMessage.objects.exists()


@pytest.mark.parametrize(("door", "service"), DOORS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a":1}}', b"\xff\xfe{\x00}\x00", b'{"a":NaN}'])
def test_what_is_signed_and_no_object(gate: Gate, door: str, service: str, body: bytes) -> None:
    assert code_of(gate.send(door, body)) == f"400{service}00"
    assert (last_message().verified, last_message().decision) == (True, "refused")


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("door", "service"), DOORS)
def test_the_canonical_path_is_signed_whatever_ours_is(gate: Gate, door: str, service: str) -> None:
    """The code of a body that lacks everything: so the signature was right."""
    assert code_of(gate.send(door, {}, at=f"/some/prefix{door}")).startswith(f"400{service}")
    body = gate.client.post(
        f"/some/prefix{door}", b"{}", "application/json", headers=gate.headers("/some/prefix", b"{}")
    )
    assert code_of(body) == f"401{service}00"
    assert last_message().path == door


def test_a_letter_for_one_door_does_not_open_another(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    raw = g.compact(inquiry())
    stolen = gate.headers(INQUIRY, raw)
    answer = gate.client.post(PAYMENT, raw, "application/json", headers=stolen)
    assert code_of(answer) == "4012500"


def test_bearer_tokens_and_content_types_are_nothing_to_us(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=x",
    ):
        extra = {"CONTENT-TYPE": kind, "Authorization": "Bearer x"}
        assert code_of(gate.send(INQUIRY, inquiry(), **extra)) == "2002400"
    assert "AUTHORIZATION" not in str(last_message().headers).upper()


# --- the table ----------------------------------------------------------------------------------------


def test_the_whole_table_is_there() -> None:
    numbers = [case.number for case in codes.Case]
    assert len(numbers) == len(set(numbers)) == 63
    expected = {"200": 1, "202": 1, "400": 3, "401": 5, "403": 24, "404": 20, "405": 2, "409": 2, "429": 1, "500": 3}
    found = {family: sum(number.startswith(family) for number in numbers) for family in [*expected, "504"]}
    assert found == {**expected, "504": 1}


def test_codes_are_put_together_and_explained() -> None:
    assert codes.Case.BILL_NOT_FOUND.code("24") == "4042412"
    row, service = codes.explain("4042514") or (None, "")
    assert (row, service) == (codes.Case.PAID_BILL.value, "VA payment")
    assert codes.Case.PAID_BILL.said == "Bill has been paid"
    assert codes.Case.BILL_EXPIRED.said == "Bill expired"
    for nonsense in ("", "404251", "abcdefg", "7772599", "٤٠٤٢٥١٤"):
        assert codes.explain(nonsense) is None
