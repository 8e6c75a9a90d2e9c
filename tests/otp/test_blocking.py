"""Banks and payment services: refused when ordered, kept back on arrival."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from otp import limits
from otp.errors import ServiceBlocked
from otp.models import BlockedService
from otp.providers.types import Message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _list(db: None) -> None:
    """The list as the portal starts with it."""
    BlockedService.objects.all().delete()
    import_module("otp.migrations.0004_blocked_services").fill(apps, None)


def _sms(text: str) -> Message:
    return Message(code="123456", text=text, received_at=None)


def _mail(sender: str, subject: str = "Your code", text: str = "") -> Message:
    return Message(code="123456", text=text, received_at=None, sender=sender, subject=subject)


@pytest.mark.parametrize(
    "name",
    [
        *("BCA", "bca", "Bank BCA", "BANK  MANDIRI", "bank-mandiri", "BankMandiri", "klikbca.com", "Livin' by Mandiri"),
        *("DANA", "Dana (e-wallet)", "OVO", "GoPay", "ShopeePay", "PayPal", "paypal.com", "Wise", "Orange Money"),
        *(
            "Ecobank",
            "Sierra Leone Commercial Bank",
            "Afrimoney",
            "i.saku",
            "Any New Bank",
            "ＰａｙＰａｌ",
            "Pay\u200bPal",
        ),
    ],
)
def test_a_bank_or_payment_service_is_refused_when_ordered(name: str) -> None:
    with pytest.raises(ServiceBlocked):
        limits.check_names("WhatsApp", name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "WhatsApp",
            "Telegram",
            "Google",
            "Shopee",
            "Gojek",
            "Grab",
            "Tokopedia",
            "Bandana",
            "Novo",
            "Brilio",
            "Likewise",
        ),
        *("openai.com", "Bankai", "Embankment", "Flipkart", "LinkedIn", "LINE", "Other", ""),
    ],
)
def test_other_services_are_not(name: str) -> None:
    limits.check_names(name)


@pytest.mark.parametrize(
    "text",
    [
        "BCA: KODE OTP ANDA 123456. JANGAN BERIKAN KEPADA SIAPAPUN",
        "<#> 123456 is your GoPay verification code",
        "Kode DANA kamu 123456",
        "PayPal: Your security code is 123456",
        "Your Orange-Money code: 123456",
        "[OVO] 123456 adalah kode verifikasi",
    ],
)
def test_an_sms_is_judged_by_its_text(text: str) -> None:
    assert limits.withheld(_sms(text))


@pytest.mark.parametrize(
    "text",
    [
        "Your WhatsApp code: 123-456. Don't share it",
        "Kode Tokopedia 123456. Waspada penipuan, jaga dana Anda",
        "123456 is your Telegram code. Never give it to a bank employee",
        "Be wise: never share your Google code 123456",
        "",
    ],
)
def test_words_of_everyday_language_keep_no_message_back(text: str) -> None:
    assert limits.withheld(_sms(text)) is None


def test_a_mail_is_judged_by_who_wrote_it_and_not_by_its_body() -> None:
    assert limits.withheld(_mail("PayPal <service@paypal.com>"))
    assert limits.withheld(_mail("no-reply@bca.co.id"))
    assert limits.withheld(_mail("no-reply@mailer.example", subject="Kode OTP GoPay"))
    assert limits.withheld(_mail("noreply@openai.com", text="Pay with PayPal, OVO or BCA")) is None


def test_staff_words_take_effect_at_once_and_mean_what_they_say() -> None:
    assert limits.blocked("Acme (Pay)") is None
    BlockedService.objects.create(words="Acme (Pay)", why="written by staff", on_arrival=False)

    row = limits.blocked("ACME PAY")
    assert row
    assert limits.why_blocked(row) == "written by staff"
    assert limits.withheld(_sms("Acme Pay code 1234")) is None
    assert limits.blocked("acme payment") is None


@pytest.mark.parametrize("words", ["(((", ".*", "a|b", "[x", "\\", "++"])
def test_no_words_are_ever_a_pattern(words: str) -> None:
    BlockedService.objects.all().delete()
    BlockedService.objects.create(words=words, why="x")

    assert limits.blocked("WhatsApp", "xyz") is None


def test_the_list_is_asked_once_for_a_whole_page(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        blocklist = limits.blocklist()
        hits = [name for name in ["WhatsApp", "DANA", "Telegram", "PayPal"] * 50 if blocklist.match(name)]
    assert len(hits) == 100


def test_a_huge_message_is_judged_in_no_time(django_assert_num_queries: Any) -> None:
    text = "bank of " * 20_000
    with django_assert_num_queries(1):
        assert limits.withheld(_sms(text)) is None
