"""A simulated Faspay of its own, and a merchant that talks to it."""

from collections.abc import Iterator

import pytest

from tests.sandbox.merchant import PAYMENT, Inbox, Merchant, listening
from tests.simulators import Simulator, start_faspay


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
