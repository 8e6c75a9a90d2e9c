"""What a local run tells the site and the simulators about each other."""

from pathlib import Path

import pytest

from sandbox.stack import environment
from sandbox.stack.environment import Addresses

ADDRESSES = Addresses("127.0.0.1", 8000, 8001, 8002, 8003, 8004, 8005, 8006)
SMS = ("SMS_GATEWAY", "SMS_GATEWAY_URL")
SECRETS = (
    *("BTCPAY_API_KEY", "BTCPAY_WEBHOOK_SECRET", "FASPAY_OVO_CALLBACK_TOKEN"),
    *("PAYOUT_RAIL_KEY", "SMS_GATEWAY_KEY", "SMS_REPORT_TOKEN"),
)


def test_every_provider_is_played_by_its_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BTCPAY_BASE_URL", "FASPAY_BASE_URL", "FASPAY_STATIC_SERVICE_IDS", "PAYOUT_RAIL_URL", *SMS):
        monkeypatch.delenv(name, raising=False)
    made = environment.for_local_run(tmp_path, ADDRESSES, "postgres://x", "redis://x")
    assert (made["FASPAY_BASE_URL"], made["BTCPAY_BASE_URL"]) == ("http://127.0.0.1:8002", "http://127.0.0.1:8003")
    assert made["PAYOUT_RAIL_URL"] == "http://127.0.0.1:8004/rail/v1"
    assert [made[name] for name in SMS] == ["simulator", "http://127.0.0.1:8005/sms/v1"]
    assert made["FASPAY_STATIC_SERVICE_IDS"].split(",")[0] == "702=370202"
    secrets = {made[name] for name in SECRETS}
    assert min(map(len, secrets)) > 40
    assert len(secrets) == len(SECRETS)


def test_secrets_stay_over_a_restart(tmp_path: Path) -> None:
    first, second = (environment.for_local_run(tmp_path, ADDRESSES, "", "") for _ in range(2))
    assert first == second


def test_what_a_developer_has_exported_does_not_reach_a_test() -> None:
    exported = {"BTCPAY_API_KEY": "x", "QRIS_LIMITS": "1,2", "OVO_LIMITS": "1,2", "PATH": "/bin"}
    exported |= {"PAYOUT_RAIL_URL": "x", "SMS_GATEWAY": "x"}
    assert environment.without_settings(exported) == {"PATH": "/bin"}
