"""Broken letters of the simulated Faspay, and the change of its key in the middle."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.simulators.faspay_signing import read_public_key
from tests.sandbox.merchant import PAYMENT, Inbox, Merchant, fits, stamp, verified_by_openssl


def written(merchant: Merchant, mode: str) -> list[dict[str, Any]]:
    """The letters of a payment, not sent."""
    account = merchant.account()
    merchant.control("misbehave", operation="notification", mode=mode)
    return list(merchant.control("pay", trxId=account["trxId"], send=False)["notifications"])


def signed(merchant: Merchant, folder: Path, letter: dict[str, Any]) -> bool:
    return fits(merchant, folder, letter["headers"], letter["body"].encode())


@pytest.mark.parametrize(
    "mode", ["unpadded", "one_blank", "numbers", "nan", "duplicate_keys", "huge", "other_currency"]
)
def test_odd_letters_are_signed_as_they_are(merchant: Merchant, tmp_path: Path, mode: str) -> None:
    [letter] = written(merchant, mode)
    assert signed(merchant, tmp_path, letter)


def test_what_the_odd_letters_contain(merchant: Merchant) -> None:
    texts = {
        mode: written(merchant, mode)[0]["body"] for mode in ("one_blank", "numbers", "nan", "duplicate_keys", "huge")
    }
    assert '"partnerServiceId":" 370201"' in texts["one_blank"]
    assert isinstance(json.loads(texts["numbers"])["virtualAccountNo"], int)
    assert isinstance(json.loads(texts["numbers"])["paidAmount"]["value"], float)
    assert ":NaN" in texts["nan"]
    pairs = json.loads(texts["duplicate_keys"], object_pairs_hook=list)
    assert len([name for name, _ in pairs if name == "paidAmount"]) == 2
    assert len(texts["huge"]) > 1024 * 1024


def test_padding_lost_on_the_wire_was_signed_padded(merchant: Merchant, tmp_path: Path) -> None:
    [letter] = written(merchant, "padding_lost")
    assert not signed(merchant, tmp_path, letter)
    letter["body"] = letter["body"].replace('" 370201', '"  370201')
    assert signed(merchant, tmp_path, letter)


def test_letters_that_come_in_pairs(merchant: Merchant) -> None:
    first, second = written(merchant, "same_external_id")
    assert first["external_id"] == second["external_id"]
    assert first["body"] != second["body"]
    first, second = written(merchant, "duplicate")
    assert first["external_id"] != second["external_id"]
    assert first["body"] == second["body"]
    states = [
        json.loads(letter["body"])["additionalInfo"]["latestTransactionStatus"]
        for letter in written(merchant, "out_of_order")
    ]
    assert states == ["00", "02"]


@pytest.mark.parametrize("mode", ["same_external_id", "out_of_order"])
def test_the_second_of_a_pair_comes_second(told: Merchant, inbox: Inbox, mode: str) -> None:
    account = told.account()
    told.control("misbehave", operation="notification", mode=mode)
    written = told.control("pay", trxId=account["trxId"], wait=True)["notifications"]
    assert [raw.decode() for _, _, raw in inbox.received] == [letter["body"] for letter in written]


def test_letters_go_at_once_or_one_after_the_other(told: Merchant, inbox: Inbox) -> None:
    account = told.account()
    for concurrent in (True, False):
        inbox.received.clear()
        told.control("notify", trxId=account["trxId"], times=3, wait=True, concurrent=concurrent)
        assert len(inbox.received) == 3


def test_a_new_key_signs_from_now_on(merchant: Merchant, tmp_path: Path) -> None:
    account = merchant.account()
    made = merchant.control("keys/rotate")
    [letter] = merchant.control("pay", trxId=account["trxId"], send=False)["notifications"]
    assert not signed(merchant, tmp_path, letter)
    digest = hashlib.sha256(letter["body"].encode()).hexdigest()
    text = f"POST:{PAYMENT}:{digest}:{letter['headers']['X-TIMESTAMP']}"
    assert verified_by_openssl(tmp_path, made["file"], text, letter["headers"]["X-SIGNATURE"])
    merchant.control("reset")
    account = merchant.account()
    [letter] = merchant.control("pay", trxId=account["trxId"], send=False)["notifications"]
    assert signed(merchant, tmp_path, letter)


def test_with_overlap_the_old_key_signs_a_few_more(merchant: Merchant, tmp_path: Path) -> None:
    account = merchant.account()
    merchant.control("keys/rotate", overlap=2)
    letters = [merchant.control("notify", trxId=account["trxId"], send=False)["notifications"][0] for _ in range(3)]
    assert [signed(merchant, tmp_path, letter) for letter in letters] == [True, True, False]


@pytest.mark.parametrize("form", ["pem", "base64", "certificate"])
def test_the_new_key_is_written_in_the_form_that_is_wanted(merchant: Merchant, tmp_path: Path, form: str) -> None:
    made = merchant.control("keys/rotate", form=form)
    assert Path(made["file"]).read_text() == made[form]
    numbers = set()
    for name in ("pem", "base64", "certificate"):
        (tmp_path / name).write_text(merchant.simulator.look("keys")["keys"][0][name])
        numbers.add(read_public_key(tmp_path / name).public_numbers().n)
    assert numbers == {read_public_key(Path(made["file"])).public_numbers().n}


def test_a_timestamp_without_its_offset(merchant: Merchant, tmp_path: Path) -> None:
    [letter] = written(merchant, "bad_timestamp")
    assert len(letter["headers"]["X-TIMESTAMP"]) == 19 == len(stamp()) - 6
    assert signed(merchant, tmp_path, letter)
