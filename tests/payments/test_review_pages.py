"""Staff pages, fed with what strangers and careless colleagues put into addresses, messages and files."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry, Customer, Role
from payments.models import ProviderMessage
from tests.accounts import cast
from tests.payments import gate as g
from tests.payments.cases_desk import Desk
from tests.payments.gate import INQUIRY, LEGACY, PAYMENT, QR, WEBHOOK, Gate, last_message, notice

pytestmark = pytest.mark.django_db
SCRIPT = '"><script>alert(1)</script>'
PAGES = [
    "/staff/exchanges/",
    "/staff/deposits/",
    "/staff/deposits/export/",
    "/staff/cases/",
    "/staff/reconciliation/",
    "/staff/reconciliation/files/",
    "/staff/reconciliation/faspay_snap/2026-11-20/",
]
ODD = ["%00", "\\", "9" * 5000, "%25", "'", "%ED%A0%80", "%ff", "-1", "1e9", "0001-01-01"]


@pytest.mark.parametrize("page", PAGES)
def test_no_odd_address_is_an_error(desk: Desk, customer: Customer, page: str) -> None:
    g.open_number(customer, "TRX0000000000001", "3702011111111111")
    names = ("q", "cursor", "breaks", "until", "day", "state", "provider", "show", "other")
    desk.checker.raise_request_exception = False
    found = {(name, odd[:9]): desk.checker.get(f"{page}?{name}={odd}").status_code for name in names for odd in ODD}
    assert {asked: status for asked, status in found.items() if status >= 500} == {}


def test_an_export_is_kept_by_nobody_on_the_way_and_its_record_says_what_was_asked(desk: Desk) -> None:
    answer = desk.maker.get("/staff/deposits/export/?q=TRX1&state=pending&other=x")
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.filter(action="deposit.exported").latest("id")
    assert entry.after["filters"] == {"text": "TRX1", "state": "pending"}


def test_scripts_in_messages_are_text(gate: Gate, desk: Desk, settings: Any) -> None:
    settings.BTCPAY_WEBHOOK_SECRET = "webhook-secret"
    names = ("X-TIMESTAMP", "X-SIGNATURE", "X-EXTERNAL-ID", "CHANNEL-ID", "User-Agent", "ORIGIN", "X-REQUEST-ID")
    headers = {**dict.fromkeys(names, SCRIPT), "X-PARTNER-ID": "37020"}
    for door in (PAYMENT, QR, INQUIRY, LEGACY, WEBHOOK):
        gate.client.generic("POST", door, g.compact({"x": SCRIPT}), content_type=SCRIPT, headers=headers)
    gate.client.generic("POST", LEGACY, g.compact(notice(SCRIPT, trx_id=SCRIPT)), "application/json")
    addresses = [f"/staff/exchanges/in/{pk}/" for pk in ProviderMessage.objects.values_list("pk", flat=True)]
    assert len(addresses) == 6
    for address in [*addresses, "/staff/exchanges/", "/staff/exchanges/?q=" + SCRIPT]:
        page = desk.maker.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode(), address


def test_the_administration_shows_no_digest_either(gate: Gate) -> None:
    sent = notice("OVO0000000000001")
    gate.client.generic("POST", LEGACY, g.compact(sent), "application/json")
    browser = cast.browser_of(cast.person("root", Role.SUPER_ADMIN))
    page = browser.get(f"/admin/payments/providermessage/{last_message().pk}/change/")
    assert page.status_code == 200
    assert "OVO0000000000001" in page.content.decode()
    assert sent["signature"] not in page.content.decode()


ROW = b"bill_no,payment_total,payment_date\n%s,50000,2026-11-21 09:00:00\n"
FILES = {
    "=cmd|x.csv": ROW % b"=1+1",
    "<b>.csv": ROW % SCRIPT.encode(),
    "quotes.csv": b'"' * 200_000,
    "one long row.csv": b"," * 3_000_000,
    "half a pair.csv": b"\xff\xfe\x00\xd8" * 10,
    "nothing but NUL.csv": b"\x00" * 1000,
    "beginning of an archive.xlsx": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", list(FILES))
def test_odd_reports_are_looked_at_or_refused(desk: Desk, name: str) -> None:
    form = {"provider": "faspay_snap", "file": SimpleUploadedFile(name, FILES[name])}
    answer = desk.checker.post("/staff/reconciliation/files/", form)
    assert answer.status_code in {302, 422}
    if answer.status_code == 302:
        page = desk.checker.get(answer["Location"])
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
