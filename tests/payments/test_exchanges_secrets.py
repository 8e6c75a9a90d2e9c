"""What is kept of a call: everything that helps, and nothing that somebody could use."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.lib import http
from payments import exchanges
from payments.models import ProviderExchange

pytestmark = pytest.mark.django_db
CANARY = "eyJcanary.CANARY-token_0815.sig"


def kept(body: bytes, *, answer: bytes = b"", headers: dict[str, str] | None = None) -> ProviderExchange:
    """The row of one call with these bodies."""
    sent = http.Exchange(
        label="faspay create-va",
        method="POST",
        url="https://faspay.example/x",
        headers=headers or {},
        body=body,
        reply=http.HttpReply(200, headers or {}, answer or body, 0.1),
        sent=True,
        elapsed=0.1,
    )
    exchanges._keep("faspay_snap", "", "ref", None, [sent], None)
    return ProviderExchange.objects.latest("id")


def everything(row: ProviderExchange) -> str:
    return " ".join(
        [json.dumps(row.request_headers), row.request_body, json.dumps(row.response_headers), row.response_body]
    )


@pytest.mark.parametrize(
    "body",
    [
        f'{{"signature":"{CANARY}","amount":"1"}}',
        f'{{"redirectURL" : "https://ovo.example/p?t={CANARY}"}}',
        f'{{"redirectURL":"https:\\/\\/ovo.example\\/p\\"?t={CANARY}"}}',
        f'{{"detail":{{"url":"https://x.example/{CANARY}"}}}}',
        f'{{"checkoutLink":"https://btcpay.example/i/{CANARY}"}}',
        f'{{"apiKey":"{CANARY}"}}',
        f"<xml><signature>{CANARY}</signature></xml>",
        f"<redirectURL><![CDATA[https://ovo.example/p?t={CANARY}]]></redirectURL>",
        f'<url type="page">\nhttps://ovo.example/{CANARY}\n</url >',
        f"<URL>https://ovo.example/{CANARY}",
        f'{{"message":"go to https://ovo.example/page?token={CANARY}&x=1"}}',
        f'{{"other":"{CANARY}"}}',
        f"merchant=1&signature={CANARY}&x=2",
    ],
)
def test_no_token_and_no_signature_is_kept(body: str) -> None:
    text = everything(kept(body.encode()))
    assert "CANARY" not in text
    assert "[left out]" in text


def test_a_secret_at_the_cut_is_not_kept() -> None:
    start = b'{"a":"' + b"x" * (exchanges._BODY - 40) + b'","redirectURL":"https://o.example/'
    assert "CANARY" not in everything(kept(start + CANARY.encode() * 5 + b'"}'))


def test_headers_that_open_doors_are_not_kept() -> None:
    names = ["X-SIGNATURE", "Authorization", "Set-Cookie", "BTCPay-Sig", "X-Api-Key", "Location"]
    row = kept(b"{}", headers={**dict.fromkeys(names, CANARY), "X-EXTERNAL-ID": "123"})
    assert "CANARY" not in everything(row)
    assert row.request_headers == {"X-EXTERNAL-ID": "123"}


def test_our_own_secrets_are_left_out_wherever_they_stand(settings: Any) -> None:
    settings.BTCPAY_API_KEY = "btcpay-CANARY-key"
    settings.FASPAY_OVO_PASSWORD = "ovo-CANARY-word"
    row = kept(b'{"note":"btcpay-CANARY-key"}', answer=b"<p>ovo-CANARY-word</p>", headers={"X": "btcpay-CANARY-key"})
    assert "CANARY" not in everything(row)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('{"phone_no":"081234567890"}', '{"phone_no":"0812*****890"}'),
        ('{"virtualAccountPhone": "6281234567890"}', '{"virtualAccountPhone": "6281******890"}'),
        ("<phone_no>081234567890</phone_no>", "<phone_no>0812*****890</phone_no>"),
        ('{"virtualAccountNo":"  3702011234567890"}', '{"virtualAccountNo":"  3702011234567890"}'),
    ],
)
def test_phone_numbers_are_masked_and_account_numbers_are_not(body: str, left: str) -> None:
    assert kept(body.encode()).request_body == left


def test_what_helps_is_kept() -> None:
    body = '{"responseCode":"2002700","qrContent":"00020101021226","virtualAccountData":{"trxId":"A1"}}'
    row = kept(body.encode())
    assert row.response_body == body
    assert (row.code, row.operation, row.status) == ("2002700", "create-va", 200)


def test_long_and_hostile_bodies_take_no_time() -> None:
    for part in (b'"url":"', b"<url>", b'\\"', b"eyJ", b"?a=", b'"phone":"1'):
        kept(part * 60_000)


def test_old_ones_are_forgotten(settings: Any) -> None:
    settings.EXCHANGES_KEPT_DAYS = 30
    young, old = kept(b"{}"), kept(b"{}")
    ProviderExchange.objects.filter(pk=old.pk).update(sent_at=timezone.now() - timedelta(days=31))
    assert exchanges.forget() == 1
    assert list(ProviderExchange.objects.values_list("pk", flat=True)) == [young.pk]
