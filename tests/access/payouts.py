"""Money out in the small world: payouts, batches with rows and announced top-ups of two clients, and play ones."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Client, User
from config.lib.clock import now
from payouts import books
from payouts.models import Bank, Batch, BatchRow, BlockedReceiver, FeeRule, Funding, Payout, TransferCode
from payouts.models.states import BatchState, Kind, RowState
from payouts.services import codes
from wallets import services as wallets
from wallets.services import Purse

KINDS = [
    ("company/transfers/", "public_id", "payout"),
    ("staff/payouts/", "public_id", "payout"),
    ("staff/payout-rules/banks/", "code", "bank"),
    ("staff/payout-rules/operators/", "code", "operator"),
    ("staff/payout-rules/fees/", "number", "fee_rule"),
    ("staff/payout-rules/blocked/", "number", "blocked_receiver"),
    ("company/batches/", "public_id", "batch"),
    ("staff/batches/", "public_id", "batch"),
    ("company/batches/", "row_id", "batch_row"),
    ("company/balance/", "public_id", "funding"),
    ("staff/fundings/", "public_id", "funding"),
    ("api/banks/", "code", "bank"),
    ("api/payment/", "id", "payout"),
    ("api/bulk-disbursement/", "batchId", "batch"),
    ("api/reports/disbursements/", "batchId", "batch"),
]
NUMBERED = {"fee_rule", "blocked_receiver"}
# Nobody's in particular: who has the right may look each up.
SHARED = ("bank", "operator", "fee_rule", "blocked_receiver")
# Live ones of each client ("a", "b"), and play ones of the first ("test"), which only a test key knows of.
_WHOSE = {"portal_a": "a", "portal_b": "b", "api_live": "a", "portal_a_key": "a", "api_test": "test"}
_STAFF = dict.fromkeys(("super", "company", "approver", "support", "auditor"), "a b")
SEEN: dict[str, dict[str, str]] = {kind: {**_STAFF, **_WHOSE} for kind in ("payout", "batch", "batch_row", "funding")}


def fill(clients: dict[str, Client], people: dict[str, User]) -> dict[str, dict[str, object]]:
    """The things of money out by kind and owner."""
    found: dict[str, dict[str, object]] = {kind: {} for kind in SEEN}
    for name, client, is_sandbox in (
        ("a", clients["a"], False),
        ("b", clients["b"], False),
        ("test", clients["a"], True),
    ):
        _of_client(found, name, client, people.get(f"portal_{name}"), is_sandbox)
    own = FeeRule.objects.create(client=clients["a"], kind=Kind.BANK, fixed=Decimal(1))
    barred = BlockedReceiver.objects.create(pk=876543213, receiver="003001000000000666", why="reported stolen")
    shared = {"bank": Bank.objects.get(code="003").code, "operator": "76", "fee_rule": own.pk}
    return found | {kind: {"any": value} for kind, value in (shared | {"blocked_receiver": barred.pk}).items()}


def _of_client(
    found: dict[str, dict[str, object]], name: str, client: Client, person: User | None, is_sandbox: bool
) -> None:
    wallets.credit_client(
        purse=Purse(client, "SLE", is_sandbox),
        source=books.funding(is_sandbox),
        amount=Decimal(5_000),
        kind="funding",
        reference=f"funded-{name}",
        subject="",
        memo="for the world",
    )
    waiting = payout(client, f"TP-of-{name}", person, is_sandbox=is_sandbox)
    found["payout"][name] = waiting.public_id
    # Long enough ago that another one may be asked for.
    codes.send_first(waiting)
    TransferCode.objects.filter(payout=waiting).update(sent_at=now() - timedelta(seconds=90))
    # Not what the payout above pays: repeating it would want a reason.
    batch = Batch.objects.create(
        reference=f"TB-of-{name}",
        client=client,
        is_sandbox=is_sandbox,
        name=f"Wages of {name}",
        origin=Batch.Origin.PASTE,
        state=BatchState.VALIDATED,
        rows=1,
        valid=1,
        amount=Decimal(175),
        fees=Decimal("2.50"),
        made_by=person,
        makers=[f"user:{person.pk}"] if person else [],
    )
    row = BatchRow.objects.create(
        batch=batch,
        reference=f"TP-row-of-{name}",
        position=1,
        destination="003001000000000456",
        amount_text="175",
        kind=Kind.BANK,
        receiver="003001000000000456",
        receiver_code="003",
        amount=Decimal(175),
        fee=Decimal("2.50"),
        state=RowState.VALID,
    )
    found["batch"][name], found["batch_row"][name] = batch.public_id, row.public_id
    funding = Funding.objects.create(
        reference=f"FUND-{name}", client=client, is_sandbox=is_sandbox, amount=Decimal(100), announced_by=person
    )
    found["funding"][name] = funding.public_id


def bodies(world: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """A valid call of each operation of money out that takes a body: who makes it, and what with."""
    waiting, batch = str(world.things["payout"]["test"]), str(world.things["batch"]["a"])
    other = {"destinationClientId": str(world.clients["b"].public_id)}
    entries = [{"amount": 10, "narration": "one"}, {"amount": 11, "narration": "two"}]
    account, number = "003001000000000123", "+23276123456"
    return {
        "payment.initiate": ("api_live", {"accountNumber": account, "amount": 12, "narration": "a bill"}),
        "payment.authorize": ("api_test", {"transactionId": waiting, "otpCode": codes.SANDBOX_CODE}),
        "payment.resend-otp": ("api_test", {"transactionId": waiting}),
        "payment.bulk-mobile": (
            "portal_a_key",
            {"payments": [{"phoneNumber": number, "amount": 10, "narration": "one"}]},
        ),
        "payment.bulk-client-transfer": ("portal_a_key", {**other, "accountNumber": account, "entries": entries}),
        "payment.bulk-client-mobile-transfer": ("portal_a_key", {**other, "phoneNumber": number, "entries": entries}),
        "bulk-disbursement.submit": (
            "api_live",
            {"batchName": "Wages", "items": [{"destination": account, "amount": 10}]},
        ),
        "bulk-disbursement.retry": ("portal_a_key", {"batchId": batch, "itemIds": [batch]}),
    }


def payout(client: Client, reference: str, person: User | None = None, *, is_sandbox: bool = False) -> Payout:
    """A transfer that waits for its code."""
    return Payout.objects.create(
        reference=reference,
        client=client,
        is_sandbox=is_sandbox,
        created_by=person,
        kind=Kind.BANK,
        receiver="003001000000000123",
        receiver_code="003",
        receiver_name="Aminata Sesay",
        amount=Decimal(250),
        fee=Decimal("2.50"),
        narration="Transfer to 003001000000000123",
        due_at=now() + timedelta(minutes=30),
        expires_at=now() + timedelta(minutes=30),
    )
