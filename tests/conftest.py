"""The fixed cast and the servers of all tests.

Tests run on a real PostgreSQL and Redis given by DATABASE_URL and REDIS_URL (``make test`` starts private ones).
"""

import base64
import gc
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import Customer, User
from accounts.services.people import register_customer
from accounts.services.portal_users import appoint_first_administrator
from tests import emptying
from tests.examples import MANY
from tests.simulators import Simulator, start_btcpay, start_cards, start_faspay, start_otpzap, start_rail, start_sms

PASSWORD = "correct-horse-battery"


def pytest_configure(config: pytest.Config) -> None:
    # Otherwise each browser of a test would look through all static files before its first page.
    portal_settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_finish() -> None:
    """What stands now stays to the end: it need not be looked through again whenever garbage is collected."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.scheduling import FilesTogether

    return FilesTogether(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """What has the browser comes first: it waits more than it works, so the others have the processors meanwhile."""
    yield
    for item in items:
        if MANY and item.get_closest_marker("examples"):
            item.add_marker(pytest.mark.timeout(0), append=False)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, bool, bool]:
    # Those on the whole portal stay together: it is started once, and ended when another folder comes between.
    in_portal = item.nodeid.startswith("tests/browser/")
    # The longest files come early, so that no process is left alone with one at the end.
    is_long = item.nodeid.startswith(("tests/access/", "tests/fuzz/"))
    return item.get_closest_marker("browser") is None, not in_portal, not is_long


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The database as pytest-django makes it, and a copy of what migrations put in."""
    with django_db_blocker.unblock():
        emptying.remember()


@pytest.fixture(autouse=True)
def _own_state(settings: Any, tmp_path: Path) -> None:
    """No test sees another one's cache, limits or mails; argon2 gives way to something quick."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The test runner puts its own backend in; ours is part of what is tested.
    settings.EMAIL_BACKEND = "notifications.mail.QueuedBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    # What demanding one means has tests of its own.
    settings.MFA_REQUIRED_ROLES = []
    cache.clear()


@pytest.fixture
def customer(db: None) -> Customer:
    """Ayu, who has a wallet."""
    return register_customer(email="ayu@example.id", password=PASSWORD, display_name="Ayu Lestari")


@pytest.fixture
def other_customer(db: None) -> Customer:
    """Budi, a stranger to Ayu."""
    return register_customer(email="budi@example.id", password=PASSWORD, display_name="Budi Santoso")


@pytest.fixture
def staff_user(db: None) -> User:
    """Citra, who runs the portal (SuperAdmin and CompanyAdmin) and has no wallet."""
    citra = User.objects.create_user("citra@example.id", PASSWORD, display_name="Citra Dewi")
    return appoint_first_administrator(citra)


def prove_identity(client: Client, user: User, *, seconds_ago: float = 0) -> None:
    """As if the password had just been typed: `force_login` types none, so it opens nothing that asks for step-up."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - seconds_ago}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


@pytest.fixture
def client_for() -> Callable[[User | Customer], Client]:
    """A browser without JavaScript, signed in as somebody."""

    def sign_in(person: User | Customer) -> Client:
        client = Client()
        user = person.user if isinstance(person, Customer) else person
        client.force_login(user)
        prove_identity(client, user)
        # In the middle of a visit: once in five minutes a request also notes that the session is in use.
        session = client.session
        session["seen_at"] = int(time.time())
        session.save()
        return client

    return sign_in


@pytest.fixture(scope="session")
def _otpzap_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_otpzap(tmp_path_factory.mktemp("otpzap")) as simulator:
        yield simulator


@pytest.fixture
def otpzap_sim(_otpzap_process: Simulator, settings: Any) -> Simulator:
    """The simulated OTPZap, emptied, and the settings that lead to it."""
    _otpzap_process.control("reset")
    settings.OTPZAP_BASE_URL = f"{_otpzap_process.url}/api/v1"
    settings.OTPZAP_API_KEY = _otpzap_process.secrets["api_key"]
    settings.SANDBOX_OTPZAP_URL = _otpzap_process.url
    return _otpzap_process


@pytest.fixture(scope="session")
def _faspay_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_faspay(tmp_path_factory.mktemp("faspay")) as simulator:
        yield simulator


@pytest.fixture
def faspay_sim(_faspay_process: Simulator, settings: Any) -> Simulator:
    """The simulated Faspay, emptied, with key pairs made for this run, and the settings that lead to it."""
    _faspay_process.control("reset")
    settings.FASPAY_BASE_URL = _faspay_process.url
    settings.FASPAY_PARTNER_ID = "37020"
    settings.FASPAY_PARTNER_SERVICE_ID = "370201"
    settings.FASPAY_PRIVATE_KEY_FILE = _faspay_process.secrets["merchant_private"]
    settings.FASPAY_PUBLIC_KEY_FILES = [_faspay_process.secrets["faspay_public"]]
    settings.SANDBOX_FASPAY_URL = _faspay_process.url
    return _faspay_process


@pytest.fixture(scope="session")
def _btcpay_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_btcpay(tmp_path_factory.mktemp("btcpay")) as simulator:
        yield simulator


@pytest.fixture
def btcpay_sim(_btcpay_process: Simulator, settings: Any) -> Simulator:
    """The simulated BTCPay Server, emptied, and the settings that lead to it; it tells nobody until told where."""
    _btcpay_process.control("reset")
    settings.BTCPAY_BASE_URL = _btcpay_process.url
    settings.BTCPAY_API_KEY = _btcpay_process.secrets["api_key"]
    settings.BTCPAY_STORE_ID = _btcpay_process.secrets["store_id"]
    settings.BTCPAY_WEBHOOK_SECRET = _btcpay_process.secrets["webhook_secret"]
    settings.SANDBOX_BTCPAY_URL = _btcpay_process.url
    return _btcpay_process


@pytest.fixture(scope="session")
def _rail_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_rail(tmp_path_factory.mktemp("rail")) as simulator:
        yield simulator


@pytest.fixture
def rail_sim(_rail_process: Simulator, settings: Any) -> Simulator:
    """The simulated rail for banks and mobile money, emptied, and the settings that lead to it."""
    _rail_process.control("reset")
    settings.PAYOUT_RAIL_URL = f"{_rail_process.url}/rail/v1"
    settings.PAYOUT_RAIL_KEY = _rail_process.secrets["api_key"]
    settings.SANDBOX_RAIL_URL = _rail_process.url
    return _rail_process


@pytest.fixture(scope="session")
def _sms_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_sms(tmp_path_factory.mktemp("sms")) as simulator:
        yield simulator


@pytest.fixture
def sms_sim(_sms_process: Simulator, settings: Any) -> Simulator:
    """The simulated SMS gateway with all phones, emptied, and the settings that lead to it."""
    _sms_process.control("reset")
    settings.SMS_GATEWAY = "simulator"
    settings.SMS_GATEWAY_URL = f"{_sms_process.url}/sms/v1"
    settings.SMS_GATEWAY_KEY = _sms_process.secrets["api_key"]
    settings.SANDBOX_SMS_URL = _sms_process.url
    return _sms_process


@pytest.fixture(scope="session")
def _cards_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_cards(tmp_path_factory.mktemp("cards")) as simulator:
        yield simulator


@pytest.fixture
def cards_sim(_cards_process: Simulator, settings: Any) -> Simulator:
    """The simulated processor of cards, emptied, and the settings that lead to it, for live and play money."""
    _cards_process.control("reset")
    settings.CARD_PROCESSOR_URL = f"{_cards_process.url}/cards/v1"
    settings.CARD_PROCESSOR_KEY = _cards_process.secrets["api_key"]
    settings.CARD_CHALLENGE_KEY = _cards_process.secrets["challenge_key"]
    settings.SANDBOX_CARDS_URL = _cards_process.url
    settings.SANDBOX_CARDS_KEY = _cards_process.secrets["api_key"]
    settings.CARD_ENCRYPTION_KEYS = [base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()]
    settings.CARD_FINGERPRINT_KEY = secrets.token_urlsafe(32)
    return _cards_process


@pytest.fixture
def no_ledger_problems(db: None) -> Iterator[None]:
    """Prove the whole ledger after the test."""
    yield
    from wallets import proof

    assert connection.is_usable()
    assert proof.run().problems == []
