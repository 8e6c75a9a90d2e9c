"""Where no link leads: second steps of forms, forms sent empty, the pages of payers, refusals.

And what each person must have come to, so that a walk which loses its way is noticed.
"""

import json
import re
from collections.abc import Callable
from functools import partial

import requests
from playwright.sync_api import Route, expect

from tests.browser.portal import Portal
from tests.browser.walking import Walk

NOBODY = "nobody"
Stop = Callable[[Walk, Portal], None]
# The same for everybody: somebody who is not signed in looks at them.
ALIKE = re.compile(r"/api/(v1/)?docs|/developers/(quickstart|states|errors|webhooks|changelog)/")
_ERRORS = ("400.html", "403.html", "429.html", "500.html", "503.html")
_RENDER = """
import json
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import override
request = RequestFactory().get("/")
request.user = AnonymousUser()
with override("LANGUAGE"):
    print(json.dumps({name: render_to_string(name, {"request_id": "0"}, request) for name in NAMES}))
"""


def visits(*paths: str, status: int = 200) -> Stop:
    def go(walk: Walk, portal: Portal) -> None:
        for path in paths:
            walk.visit(path, status)

    return go


def sent(path: str, kind: str = "", **fields: str) -> Stop:
    """A form filled in and sent: its next step, or without ``fields`` what it says of what is missing."""

    def go(walk: Walk, portal: Portal) -> None:
        walk.visit(path)
        walk.send(fields)
        walk.look_at(kind or f"{path}:refused")

    return go


def _refusals(walk: Walk, portal: Portal) -> None:
    """What cannot be had by asking: drawn on the machine, looked at in the browser."""
    code = _RENDER.replace("LANGUAGE", walk.language).replace("NAMES", repr(_ERRORS))
    drawn = portal.manage("shell", "--verbosity", "0", "-c", code)
    assert drawn.returncode == 0, drawn.stderr
    for name, markup in json.loads(drawn.stdout.splitlines()[-1]).items():
        address = f"{walk.base_url}/drawn/{name}"
        walk.page.route(address, partial(_answer, markup))
        walk.visit(f"/drawn/{name}")
    walk.visit("/no/such/page/", 404)
    walk.visit("/account/login/")
    walk.page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'wrong'")
    walk.send({"login": "ayu@demo.example", "password": "wrong"})
    walk.look_at("csrf")


def _answer(markup: str, route: Route) -> None:
    route.fulfill(body=markup, content_type="text/html")


def _checkout(walk: Walk, portal: Portal) -> None:
    """A payer whose card is declined and who chooses a bank, and one whose card is good."""
    page = walk.page
    walk.visit(_session(portal, 90_000, "IDR"))
    for way in ("va", "ovo", "card"):
        page.locator(f"#way-{way} > summary").click()
        walk.look_at(f"/pay/*:{way}")
    _type_card(walk, "4000000000000002")
    expect(page.get_by_role("alert").first).to_be_visible()
    walk.look_at("/pay/*:declined")
    page.locator("#way-va > summary").click()
    page.get_by_role("button", name="BCA", exact=True).click()
    expect(page.locator("[data-number]")).to_be_visible()
    walk.look_at("/pay/*:bank")
    walk.visit(_session(portal, 250, "SLE"))
    _type_card(walk, "4000000000003220")
    page.wait_for_load_state()
    walk.look_at("/pay/*:question")
    walk.visit(_session(portal, 250, "SLE"))
    _type_card(walk, "4242424242424242")
    expect(page.locator("form input[autocomplete=cc-number]")).to_have_count(0)
    walk.look_at("/pay/*:paid")


def _type_card(walk: Walk, number: str) -> None:
    for field, value in (("cc-number", number), ("cc-exp", "11/31"), ("cc-csc", "123")):
        walk.page.locator(f"input[autocomplete={field}]").fill(value)
    walk.page.keyboard.press("Enter")


def _session(portal: Portal, amount: int, currency: str) -> str:
    """The path of a new checkout's page."""
    answer = requests.post(
        f"{portal.base_url}/api/checkout/sessions",
        json={"amount": amount, "currency": currency, "description": "Iuran", "returnUrl": "https://shop.example/"},
        headers={"Authorization": f"Bearer {portal.demo['api_keys']['api_user']}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sessionUrl"]).removeprefix(portal.base_url)


def _buy(walk: Walk, portal: Portal) -> None:
    """Two numbers again, and the code of the second: what the demo had bought may be over by now."""
    page = walk.page
    for _turn in range(2):
        page.goto("/numbers/")
        with page.expect_navigation():
            page.locator("section:has(#again-title) form").first.evaluate("form => form.submit()")
    number = page.locator("main .big-number").first
    expect(number).to_be_visible()
    portal.otpzap.control(
        "deliver", phone_number=re.sub(r"\D", "", number.inner_text()), code="482913", message="WhatsApp: 482913"
    )
    expect(page.locator("main .big-code").first).to_be_visible()


def _top_ups(walk: Walk, portal: Portal) -> None:
    """One of each way to pay, as who pays sees it and as anybody with its link does."""
    page = walk.page
    for number, way in enumerate(("va", "qris", "crypto")):
        walk.visit("/topup/")
        page.locator(f"input[name=method][value={way}]").check(force=True)
        if way == "va":
            page.locator("input[name=bank]:not([type=hidden])").first.check(force=True)
        walk.send({"amount": str(160_000 + number)})
        page.wait_for_url("**/topup/deposits/**")
        expect(page.locator("main .countdown").first).to_be_visible()
        walk.look_at(f"/topup/deposits/*:{way}")
        walk.visit(re.sub(r".*/deposits/", "/pay/", page.url).rstrip("/"))


_SIGNED_IN = visits("/account/reauthenticate/", "/account/2fa/totp/activate/", "/settings/security/phone/")
_STAFF = visits("/staff/search/?q=ayu", "/staff/search/?q=nothing-of-ours", "/staff/orders/?q=nothing-of-ours")
STARTS: dict[str, tuple[str, ...]] = {NOBODY: ("/developers/", "/api/docs", "/api/v1/docs")}
FIRST: dict[str, tuple[Stop, ...]] = {"customer": (_buy,)}
STOPS: dict[str, list[Stop]] = {
    NOBODY: [
        visits("/account/password/reset/done/", "/account/inactive/", "/account/confirm-email/", "/join/done/"),
        visits("/account/confirm-email/nothing/", "/account/password/reset/key/1-nothing/"),
        visits("/account/password/reset/key/done/"),
        sent("/account/login/", login="ayu@demo.example", password="wrong"),
        sent("/account/signup/"),
        sent("/account/password/reset/"),
        sent("/join/company/"),
        sent("/join/individual/"),
        _refusals,
        _checkout,
    ],
    "customer": [
        _SIGNED_IN,
        visits("/inbox/", "/inbox/preferences/"),
        sent("/wallet/send/"),
        sent("/wallet/send/", "/wallet/send/:sure", recipient="budi@demo.example", amount="15000", note="Makan"),
        sent("/wallet/pay/"),
        sent("/wallet/pay/", "/wallet/pay/:sure", amount="20000", external_reference="INV-7"),
        sent("/topup/", "/topup/:refused", amount="1"),
        sent("/developers/keys/new/"),
        sent("/account/password/change/"),
        _top_ups,
    ],
    "portal_admin": [
        _SIGNED_IN,
        sent("/company/transfers/new/"),
        sent("/company/transfers/new/", "/company/transfers/new/:sure", destination="076543210", amount="12.50"),
        sent("/company/checkout/new/"),
        sent("/company/checkout/new/", "/company/checkout/*:new", amount="75"),
        sent("/company/batches/new/"),
        sent("/company/sms/new/"),
        sent("/company/sms/new/", "/company/sms/new/:sure", phone_numbers="+23276123456", message="INV 7: 123456"),
        sent("/company/team/new/"),
        sent("/company/api-users/new/"),
        sent("/company/balance/top-up/"),
    ],
    "payout_maker": [_SIGNED_IN, sent("/company/batches/new/")],
    "payout_approver": [_SIGNED_IN],
    "approver": [_SIGNED_IN],
    "support": [_SIGNED_IN, _STAFF],
    "auditor": [_SIGNED_IN, _STAFF, visits("/staff/audit/?who=nobody-of-ours")],
    "company_admin": [_SIGNED_IN, _STAFF, sent("/staff/people/new/")],
    "superadmin": [_SIGNED_IN, _STAFF, sent("/staff/roles/new/"), sent("/staff/people/new/")],
}
_GUIDES = ("/developers/quickstart/", "/developers/states/", "/developers/errors/", "/developers/webhooks/")
_SANDBOX = ("/sandbox/ways/", "/sandbox/cards/", "/sandbox/rail/", "/sandbox/sms/", "/sandbox/mail/*")
_COMPANY = ("/company/", "/company/balance/", "/company/transfers/*/", "/company/batches/*/", "/reports/batches/")
_DESK = (
    *("/staff/", "/staff/search/", "/staff/clients/*/", "/staff/customers/*/", "/staff/people/*/"),
    *("/staff/orders/*/", "/staff/deposits/*/", "/staff/cards/*/", "/staff/cases/*/", "/staff/payouts/*/"),
    *("/staff/fundings/*/", "/staff/exchanges/out/*/", "/staff/exchanges/in/*/", "/staff/reconciliation/files/"),
    *("/reports/client-volume/", "/reports/cards/", "/reports/checkout-sessions/", "/settings/security/"),
)
_RECORD = ("/staff/roles/*/", "/staff/roles/matrix/", "/staff/access/", "/review/*/")
LANDMARKS: dict[str, tuple[str, ...]] = {
    NOBODY: (
        *("/", "/account/login/", "/account/signup/", "/join/company/", "/api/docs", "/api/docs/checkout"),
        *("/api/v1/docs/numbers", "/drawn/500.html", "/no/such/page/", "/pay/*:declined", "/pay/*:paid"),
        *_GUIDES,
    ),
    "customer": (
        *("/", "/numbers/", "/numbers/mail/", "/numbers/live/", "/numbers/orders/*/", "/wallet/", "/wallet/send/:sure"),
        *("/wallet/pay/:sure", "/topup/", "/topup/deposits/*/", "/topup/deposits/*:crypto", "/topup/ovo/", "/pay/*"),
        *("/topup/permanent/", "/identity/upload/", "/inbox/", "/developers/keys/new/", "/settings/security/"),
        *_SANDBOX,
    ),
    "portal_admin": (
        *("/company/approvals/", "/company/batches/*/approve/", "/company/checkout/*/", "/company/checkout/settings/"),
        *("/company/cards/*/", "/company/cards/*/refund/", "/company/team/*/", "/company/api-users/*/rights/"),
        *("/company/sms/new/:sure", "/company/transfers/new/:sure", "/company/webhook/settings/", "/company/audit/"),
        *("/reports/cards/", "/reports/checkout-summary/", "/developers/keys/*/", "/company/balance/top-up/*/"),
        *_COMPANY,
    ),
    "payout_maker": (*_COMPANY, "/company/batches/new/:refused", "/company/transfers/new/"),
    "payout_approver": (*_COMPANY, "/company/approvals/", "/company/batches/*/approve/"),
    "approver": ("/staff/", "/review/", "/review/*/", "/review/done/", "/review/overview/"),
    "support": (*_DESK, "/staff/otpzap/", "/staff/blocked-services/"),
    "auditor": (*_DESK, *_RECORD, "/staff/audit/"),
    "company_admin": (*_DESK, *_RECORD, "/staff/clients/pending/", "/staff/people/new/:refused"),
    "superadmin": (
        *_DESK,
        *_RECORD,
        "/staff/audit/",
        "/staff/payout-rules/fees/*/",
        "/staff/roles/new/:refused",
        "/staff/sms/senders/",
    ),
}
