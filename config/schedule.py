"""What the scheduler starts. Each entry is a sweep: it picks up due rows, so missing or doubling a run is harmless."""

from typing import Any

from celery.schedules import crontab


def _every(task: str, seconds: float) -> dict[str, Any]:
    # An undelivered sweep is worthless once the next one is due.
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds * 2, 5)}}


def _call(provider: str) -> dict[str, Any]:
    return {**_every("payments.call", 3.0), "kwargs": {"provider": provider}}


SCHEDULE: dict[str, dict[str, Any]] = {
    # No poll is more than about half a second late for it.
    "otp-sweep": _every("otp.sweep", 0.5),
    "otp-odds": _every("otp.learn_odds", 600.0),
    "otp-floats": _every("otp.read_floats", 60.0),
    "old-notes": {"task": "otp.forget", "schedule": crontab(hour="3", minute="20")},
    "payments-sweep": _every("payments.sweep", 3.0),
    **{f"payments-{provider}": _call(provider) for provider in ("faspay_snap", "faspay_ovo", "btcpay")},
    "payments-reconcile": _every("payments.reconcile", 5.0),
    # After midnight in Jakarta, when banks have told of the evening.
    "payments-reconcile-nightly": {"task": "payments.reconcile_nightly", "schedule": crontab(hour="1", minute="15")},
    "old-exchanges": {"task": "payments.forget_exchanges", "schedule": crontab(hour="3", minute="30")},
    "notifications-sweep": _every("notifications.sweep", 5.0),
    "sms": _every("notifications.send_sms", 2.0),
    "sms-questions": _every("notifications.ask_sms", 3.0),
    "notices-mail": _every("notifications.mail_notices", 10.0),
    "old-notices": {"task": "notifications.forget_notices", "schedule": crontab(hour="3", minute="55")},
    "old-codes": {"task": "notifications.forget_codes", "schedule": crontab(hour="4", minute="5")},
    "webhooks": _every("notifications.deliver_webhooks", 1.0),
    "old-deliveries": {"task": "notifications.forget_deliveries", "schedule": crontab(hour="3", minute="50")},
    # Starts what has its money now; nudges come first.
    # Lines to the rails that are not open cost one look at the settings.
    **{f"payouts-{line}": {**_every("payouts.send", 1.0), "kwargs": {"line": line}} for line in ("live", "sandbox")},
    **{
        f"payouts-look-back-{line}": {
            "task": "payouts.look_back",
            "schedule": crontab(hour="1", minute="40"),
            "kwargs": {"line": line},
        }
        for line in ("live", "sandbox")
    },
    "payouts-expire": _every("payouts.expire", 5.0),
    "payouts-batches": _every("payouts.batches", 3.0),
    "payouts-files": _every("payouts.read_files", 10.0),
    "old-payout-files": {"task": "payouts.forget_files", "schedule": crontab(hour="4", minute="5")},
    "exports": _every("reports.prepare_due", 10.0),
    "old-exports": _every("reports.forget_exports", 600.0),
    "cards-ask": _every("cards.ask", 2.0),
    "cards-expire": _every("cards.expire", 10.0),
    "checkout-sweep": _every("checkout.sweep", 2.0),
    "wallets-sweep": _every("wallets.sweep", 30.0),
    "idempotency": {"task": "accounts.forget_idempotency", "schedule": crontab(hour="1", minute="45")},
    "old-calls": {"task": "accounts.forget_calls", "schedule": crontab(hour="3", minute="15")},
    "ledger-check": {"task": "wallets.check_ledger", "schedule": crontab(hour="2", minute="15")},
    "identity-files": {"task": "kyc.sweep_files", "schedule": crontab(hour="3", minute="45")},
    "audit-check": {"task": "accounts.check_audit", "schedule": crontab(hour="2", minute="45")},
}
