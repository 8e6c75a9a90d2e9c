"""A simulated Faspay and OTPZap of their own, and a merchant and a shop that talk to them."""

from collections.abc import Iterator

import pytest

from tests.sandbox.merchant import PAYMENT, Inbox, Merchant, listening
from tests.sandbox.shop import Shop
from tests.simulators import Simulator, start_faspay, start_otpzap


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_faspay(tmp_path_factory.mktemp("bank")) as simulator:
        yield simulator


@pytest.fixture
def merchant(running: Simulator) -> Merchant:
    running.control("reset")
    running.control("settings", notify_url=f"http://127.0.0.1:9{PAYMENT}", merchant_url="", legacy_notify_url="")
    return Merchant(running)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with listening() as box:
        yield box


@pytest.fixture
def told(merchant: Merchant, inbox: Inbox) -> Merchant:
    """A merchant whose inbox is known to Faspay."""
    merchant.control("settings", notify_url=inbox.url + PAYMENT, retry_seconds=0)
    return merchant


@pytest.fixture(scope="package")
def running_otpzap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_otpzap(tmp_path_factory.mktemp("shop")) as simulator:
        yield simulator


@pytest.fixture
def shop(running_otpzap: Simulator) -> Shop:
    running_otpzap.control("reset")
    return Shop(running_otpzap)


@pytest.fixture
def other_shop(shop: Shop) -> Shop:
    """Another account at the same OTPZap."""
    return Shop(shop.simulator, "other_api_key")
