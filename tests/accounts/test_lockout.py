"""Guessing is slow from anywhere, and its victim still gets in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import RequestFactory

from accounts.errors import SignInUnavailable
from accounts.services import lockout
from config.lib.addresses import address_of
from config.lib.errors import TooMany

AYU, HOME, CAFE = "ayu@example.id", "192.0.2.10", "198.51.100.7"


def _guess(email: str = AYU, address: str | None = HOME, device: str = "") -> bool:
    """One wrong password; False when it was not even looked at."""
    try:
        lockout.check(email=email, address=address, device=device)
    except TooMany:
        return False
    lockout.failed(email=email, address=address, device=device)
    return True


def _many(count: int, **more: Any) -> int:
    return sum(_guess(**more) for _ in range(count))


def _addresses(count: int) -> Iterator[str]:
    return (f"10.0.{number // 250}.{number % 250 + 1}" for number in range(count))


def test_five_guesses_from_one_address_then_none() -> None:
    assert _many(20) == 5
    with pytest.raises(TooMany) as refused:
        lockout.check(email=AYU, address=HOME)
    assert 14 * 60 < refused.value.retry_after <= 15 * 60


def test_however_the_address_is_spelled_it_is_one_account() -> None:
    spellings = ["ayu@example.id", "AYU@example.id", " Ayu@Example.ID ", "ＡＹＵ@example.id", "ayu@example.id"]
    assert sum(_many(3, email=spelling) for spelling in spellings) == 5


def test_the_right_password_is_not_counted_and_wipes_nothing_of_other_addresses() -> None:
    _many(4)
    for _ in range(10):
        lockout.check(email=AYU, address=HOME)
        lockout.succeeded(email=AYU, address=HOME)
    assert _many(5) == 1


def test_a_crowd_of_addresses_gets_ten_guesses_an_hour() -> None:
    assert sum(_guess(address=address) for address in _addresses(400)) == 10


def test_the_owner_gets_in_from_a_known_device_while_a_crowd_guesses() -> None:
    device = lockout.remember("", email=AYU)
    assert sum(_guess(address=address) for address in _addresses(50)) == 10
    assert not _guess(address=CAFE)
    lockout.check(email=AYU, address=HOME, device=device)
    lockout.succeeded(email=AYU, address=HOME, device=device)


def test_a_known_device_is_known_for_its_account_only_and_may_not_guess_for_ever() -> None:
    device = lockout.remember("", email=AYU)
    assert lockout.knows(device, email="AYU@example.id")
    assert not lockout.knows(device, email="budi@example.id")
    assert not any(lockout.knows(forged, email=AYU) for forged in ("", "x", device[:-1], device + "a"))
    assert _many(20, device=device) == 5


def test_several_people_share_a_device() -> None:
    device = ""
    for person in range(4):
        device = lockout.remember(device, email=f"person{person}@example.id")
    assert all(lockout.knows(device, email=f"person{person}@example.id") for person in range(4))


def test_one_address_may_not_try_everybody(settings: Any) -> None:
    settings.LOGIN_FAILURES_PER_ADDRESS = 20
    assert sum(_guess(email=f"person{number}@example.id") for number in range(60)) == 20


def test_a_household_of_ipv6_is_one_address() -> None:
    assert sum(_guess(address=f"2001:db8:1:2::{number:x}") for number in range(1, 30)) == 5
    assert _guess(address="2001:db8:1:3::1")


def test_ipv4_in_the_clothes_of_ipv6_is_ipv4() -> None:
    """A server on both families names its callers so; all of IPv4 would share the fate of one guesser."""
    seen = [address_of(RequestFactory().get("/", REMOTE_ADDR=f"::ffff:{one}")) for one in (HOME, CAFE)]
    assert seen == [HOME, CAFE]


def test_a_mail_to_the_owner_ends_what_strangers_did() -> None:
    assert sum(_guess(address=address) for address in _addresses(50)) == 10
    lockout.forgive(email=AYU)
    assert _guess(address=CAFE)


def test_a_hundred_in_a_row_is_the_end_for_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "_PER_ACCOUNT", 1000)
    assert sum(_guess(address=address) for address in _addresses(300)) == 100


def test_fifty_guesses_at_once_are_not_more_than_five() -> None:
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: _guess(), range(50))) == 5


def test_without_redis_nobody_is_let_in(settings: Any) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    with pytest.raises(SignInUnavailable):
        lockout.check(email=AYU, address=HOME)


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_made_up_forwarding_header_gains_nothing(proxies: int, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    seen = {
        address_of(
            RequestFactory().get("/", REMOTE_ADDR=HOME, headers={"X-Forwarded-For": f"203.0.113.{number}, {HOME}"})
        )
        for number in range(9)
    }
    assert seen == {HOME}


@pytest.mark.soak
def test_a_hundred_thousand_guesses_from_ten_thousand_addresses() -> None:
    addresses, accounts = list(_addresses(10_000)), [f"person{number}@example.id" for number in range(100)]
    heard = dict.fromkeys(accounts, 0)
    for number in range(100_000):
        email = accounts[number % 100]
        heard[email] += _guess(email=email, address=addresses[number * 7919 % 10_000])
    assert set(heard.values()) == {10}
    device = lockout.remember("", email=accounts[0])
    lockout.check(email=accounts[0], address=HOME, device=device)
