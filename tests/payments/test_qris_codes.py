"""Which QR codes are shown, and how answers and notifications of QRIS are read. Known answers, no database."""

import binascii
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from payments import emv, qr
from payments.emv import UnfitCode
from payments.providers.faspay_snap import qris_incoming
from payments.providers.faspay_snap.incoming import Refusal
from payments.providers.types import Flag

# An answer of Faspay's real sandbox, September 2026: https://github.com/nurisakbar/rasagroup-project
REAL = (
    "00020101021226560016ID.CO.SHOPEE.WWW011893600918000000026602032660303UBE52041234530336054071000.005802ID"
    "5912Faspay Store6015KOTA JAKARTA SE6105123456222051811856332618570381463049E90"
)
REAL_BUT_ITS_SUM = REAL[:-4]


def closed(text: str) -> str:
    """``text`` with the checksum of CRC-16/CCITT-FALSE, by the standard library and not by our reader."""
    text += "6304"
    return text + f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def code(*rows: tuple[str, str]) -> str:
    return closed("".join(f"{tag}{len(value):02}{value}" for tag, value in rows))


def usual(**changes: str | None) -> str:
    rows: dict[str, str | None] = {"00": "01", "01": "12", "53": "360", "54": "10000", "58": "ID", "59": "GERBANG"}
    rows |= {name.removeprefix("t"): value for name, value in changes.items()}
    return code(*((tag, value) for tag, value in rows.items() if value is not None))


def test_a_real_code_is_read_and_fits_its_amount() -> None:
    rows = emv.read(REAL)
    assert (rows["53"], rows["54"], rows["59"], rows["63"]) == ("360", "1000.00", "Faspay Store", "9E90")
    emv.check(REAL, Decimal(1000))
    assert emv.merchant_of(REAL) == "Faspay Store"


def test_the_checksum_of_the_standard() -> None:
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1
    emv.check(REAL_BUT_ITS_SUM + "9e90", Decimal(1000))


@pytest.mark.parametrize("amount", ["999", "1001", "10000", "1000.01"])
def test_a_code_for_another_amount_is_refused(amount: str) -> None:
    with pytest.raises(UnfitCode, match="amount"):
        emv.check(REAL, Decimal(amount))


@pytest.mark.parametrize("told", ["10000", "10000.0", "10000.00"])
def test_an_amount_is_one_however_it_is_written(told: str) -> None:
    emv.check(usual(t54=told), Decimal(10000))


@pytest.mark.parametrize("told", ["10,000", "1e4", "-10000", "10000.001", "", " 10000", "١٠٠٠٠"])
def test_an_amount_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(UnfitCode):
        emv.check(usual(t54=told), Decimal(10000))


def test_a_code_may_leave_the_amount_to_the_payer() -> None:
    emv.check(usual(t54=None), Decimal(10000))


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (usual(t53="840"), "rupiah"),
        (usual(t53=None), "rupiah"),
        (usual(t55="02", t56="1000"), "fee"),
        (usual(t55="03", t57="10"), "fee"),
        (usual(t55="01"), "fee"),
        (usual(t00="02"), "payment code"),
        (usual()[:-1] + "G", "checksum"),
        (REAL_BUT_ITS_SUM + "9E91", "checksum"),
        (REAL_BUT_ITS_SUM, "tags"),
        (REAL.replace("Faspay", "Faspai"), "checksum"),
        (REAL[:100], "tags"),
        (REAL + "0", "tags"),
        (code(("00", "01"), ("53", "360"), ("53", "360")), "tags"),
        ("0002016304", "tags"),
        ("00", "tags"),
        ("", "empty"),
        ("x" * 513, "too long"),
        ("000201\n", "not text"),
        ("https://example.com/pay", "tags"),
    ],
)
def test_what_is_no_whole_code_in_rupiah_is_refused(broken: str, why: str) -> None:
    with pytest.raises(UnfitCode, match=why):
        emv.check(broken, Decimal(10000))


def test_the_refusal_never_quotes_the_code() -> None:
    with pytest.raises(UnfitCode) as caught:
        emv.check(REAL, Decimal(5))
    assert "Faspay Store" not in str(caught.value)


def test_the_picture_is_a_png_large_enough_for_a_gallery() -> None:
    drawn = qr.picture(REAL)
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(drawn[16:20]) >= 720
    assert qr.file_name(Decimal("50000.00")) == "gerbang-qris-50000.png"


def test_the_drawing_carries_no_text_of_the_code() -> None:
    drawn = qr.drawing(usual(t59="<script>alert(1)</script>"))
    assert drawn.startswith("<svg ")
    assert "script" not in drawn
    assert "style=" not in drawn


def letter(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "originalReferenceNo": "3711671152289727",
        "originalPartnerReferenceNo": "M7YP2Q3SAKDYTQ6Y",
        "latestTransactionStatus": "00",
        "transactionStatusDesc": "Success",
        "amount": {"value": "10000.00", "currency": "IDR"},
        "additionalInfo": {"merchantId": "37020", "paymentDate": "2026-11-21 16:00:00"},
    }
    return {name: value for name, value in (body | changes).items() if value is not ...}


def test_a_notification_is_read() -> None:
    news = qris_incoming.read_notification(letter())
    assert (news.trx_id, news.provider_trx_id) == ("M7YP2Q3SAKDYTQ6Y", "3711671152289727")
    assert (news.flag, news.amount, news.currency) == (Flag.PAID, Decimal("10000.00"), "IDR")
    assert news.paid_at == datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"originalPartnerReferenceNo": ...}, "Missing Mandatory Field {originalPartnerReferenceNo}"),
        ({"originalPartnerReferenceNo": 7}, "Invalid Field Format {originalPartnerReferenceNo}"),
        ({"originalPartnerReferenceNo": "x" * 65}, "Invalid Field Format {originalPartnerReferenceNo}"),
        ({"originalReferenceNo": 3711671152289727}, "Invalid Field Format {originalReferenceNo}"),
        ({"latestTransactionStatus": ...}, "Missing Mandatory Field {latestTransactionStatus}"),
        ({"latestTransactionStatus": "0"}, "Invalid Field Format {latestTransactionStatus}"),
        ({"latestTransactionStatus": 0}, "Invalid Field Format {latestTransactionStatus}"),
        ({"latestTransactionStatus": "OK"}, "Invalid Field Format {latestTransactionStatus}"),
        ({"amount": "10000.00"}, "Invalid Field Format {amount}"),
        ({"amount": {"value": 10000, "currency": "IDR"}}, "Invalid Field Format {value}"),
        ({"amount": {"value": "10000.00"}}, "Missing Mandatory Field {currency}"),
        ({"amount": {"value": "0.00", "currency": "IDR"}}, "Invalid Amount"),
        ({"amount": {"value": "1e4", "currency": "IDR"}}, "Invalid Amount"),
    ],
)
def test_a_notification_is_read_strictly(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal) as caught:
        qris_incoming.read_notification(letter(**changes))
    assert caught.value.message == said


@pytest.mark.parametrize("info", [..., None, "x", {}, {"paymentDate": "yesterday"}])
def test_a_time_that_cannot_be_read_is_left_out(info: Any) -> None:
    assert qris_incoming.read_notification(letter(additionalInfo=info)).paid_at is None


def test_news_without_an_amount_is_taken() -> None:
    assert qris_incoming.read_notification(letter(amount=...)).amount is None


def test_the_answer_is_the_one_faspay_expects() -> None:
    answer = qris_incoming.accepted()
    assert answer.code == "2005200"
    assert answer.body == ('{"responseCode":"2005200","responseMessage":"Request has been processed successfully"}')
