"""A worker is killed in the middle of an order; the order finishes all the same, and once."""

import os
import signal
import uuid

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("screen", ["desktop"], indirect=True)]


def test_an_order_outlives_its_worker(page: Page, context: BrowserContext, portal: Portal) -> None:
    email = f"eka-{uuid.uuid4().hex[:8]}@example.id"
    steps.sign_up(page, context, email)
    steps.top_up(page, "50.000")
    steps.pay_at_the_bank(context, page.locator("[data-number]").get_attribute("data-number") or "")
    expect(page.get_by_role("heading", name="Rp50.000 is in your wallet")).to_be_visible()

    before = {entry["order_id"] for entry in portal.otpzap.look("activations")["activations"]}
    # OTPZap takes the order and is slow to say so; the worker dies while it listens.
    portal.otpzap.control("misbehave", operation="order/create", mode="timeout_after_accept", times=1, seconds=20)
    page.goto("/numbers/")
    page.get_by_label("Which service sends the code?").fill("Telegram")
    page.locator("#offers").get_by_role("link", name="Telegram", exact=True).first.click()
    page.get_by_role("button", name="Buy").first.click()
    worker = portal.pid("worker")
    _wait_for_activation(portal, page, before)
    os.kill(worker, signal.SIGKILL)

    number = page.locator(".big-number").first
    expect(number).to_be_visible(timeout=90_000)
    steps.deliver(context, number.inner_text().strip(), "900100")
    expect(page.locator(".big-code")).to_have_text("900100")

    assert portal.pid("worker") != worker
    made = [entry for entry in portal.otpzap.look("activations")["activations"] if entry["order_id"] not in before]
    assert len(made) == 1
    proof = portal.manage("check_ledger")
    assert proof.returncode == 0, proof.stdout + proof.stderr


def _wait_for_activation(portal: Portal, page: Page, before: set[int]) -> None:
    for _attempt in range(100):
        if any(entry["order_id"] not in before for entry in portal.otpzap.look("activations")["activations"]):
            return
        page.wait_for_timeout(100)
    raise AssertionError("OTPZap never saw the order")
