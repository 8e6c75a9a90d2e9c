"""The customers' wallet by API: balance, sending, paying, statements, and what stands in their way."""

import csv
import io
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.access.actors import command
from accounts.models import ApiKey, AuditEntry, Customer
from accounts.services import keys
from tests.api import Program, program_of, text_of
from tests.wallets.ledger_state import credit
from wallets import proof, services
from wallets.models import Account, Payment, Posting, Transaction

pytestmark = pytest.mark.django_db

TRANSFER, PAY, BALANCE, STATEMENT = (f"/customer-wallet/{name}" for name in ("transfer", "pay", "balance", "statement"))


@pytest.fixture
def ayu(customer: Customer, no_ledger_problems: None) -> Program:
    """Ayu's program; she has Rp100.000."""
    credit(customer, 100_000, "in")
    return program_of(customer)


@pytest.fixture
def budi(other_customer: Customer) -> Program:
    return program_of(other_customer)


def send(program: Program, to: Customer | str, amount: Any = 30_000, key: str = "", note: str = "lunch") -> Any:
    recipient = to if isinstance(to, str) else str(to.public_id)
    return program.post(TRANSFER, key=key, recipientCustomerId=recipient, amount=amount, description=note)


def pay(program: Program, reference: str = "INV-1", amount: Any = 30_000, key: str = "") -> Any:
    return program.post(PAY, key=key, amount=amount, description="shoes", externalReference=reference)


def balance(program: Program) -> float:
    return float(program.get(BALANCE).json()["balance"])


# --- balance ------------------------------------------------------------------------------------------------


def test_an_untouched_wallet_is_empty(customer: Customer) -> None:
    answer = program_of(customer).get(BALANCE).json()
    assert answer.pop("asOf")
    assert answer == {
        "customerId": str(customer.public_id),
        "balance": 0,
        "available": 0,
        "held": 0,
        "currency": "IDR",
    }


def test_what_is_held_is_not_available(ayu: Program, customer: Customer) -> None:
    services.hold_funds(
        customer=customer, amount=Decimal(40_000), currency="IDR", reference="h", subject="order:1", memo=""
    )
    answer = ayu.get(BALANCE).json()
    assert (answer["balance"], answer["available"], answer["held"]) == (100_000, 60_000, 40_000)


@pytest.mark.parametrize("path", [BALANCE, STATEMENT])
def test_without_a_token_there_is_no_wallet(db: None, path: str) -> None:
    answer = Program().get(path)
    assert answer.status_code == 401
    assert answer["Content-Type"].startswith("application/problem+json")


# --- transfer -----------------------------------------------------------------------------------------------


def test_a_transfer_arrives(ayu: Program, budi: Program, customer: Customer, other_customer: Customer) -> None:
    answer = send(ayu, other_customer)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["amount"], told["balance"], told["currency"]) == (30_000, 70_000, "IDR")
    assert told["recipientCustomerId"] == str(other_customer.public_id)
    assert (balance(ayu), balance(budi)) == (70_000, 30_000)
    (sent,) = ayu.get(STATEMENT, type="debit").json()["entries"]
    (received,) = budi.get(STATEMENT).json()["entries"]
    assert sent["entryId"] == told["debitEntryId"] != received["entryId"]
    assert (sent["description"], received["description"]) == ("lunch", "lunch")
    assert (sent["counterparty"], received["counterparty"]) == ("B*** S******", "A** L******")
    assert sent["reference"] == received["reference"] == f"transfer:{told['transferId']}"
    record = AuditEntry.objects.get(action="money.sent")
    assert (record.via, record.after["transfer"]) == ("api", told["transferId"])
    assert Transaction.objects.get(kind="transfer").caused_by_id == customer.user_id


def test_whom_one_cannot_send_to(ayu: Program, customer: Customer, other_customer: Customer) -> None:
    assert send(ayu, customer).status_code == 400
    assert send(ayu, str(uuid.uuid4())).status_code == 404
    assert send(ayu, "budi").status_code == 400
    other_customer.user.is_active = False
    other_customer.user.save(update_fields=["is_active"])
    assert send(ayu, other_customer).status_code == 404
    twin = Customer.objects.create(user=customer.user, is_sandbox=True)
    assert send(ayu, twin).status_code == 404
    assert balance(ayu) == 100_000


def test_more_than_is_there_is_refused(ayu: Program, other_customer: Customer) -> None:
    answer = send(ayu, other_customer, 100_001)
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
    assert balance(ayu) == 100_000
    assert send(ayu, other_customer, 100_000).status_code == 201


@pytest.mark.parametrize(
    "amount", [0, -1, 0.5, 10.25, "30000", True, None, 1e30, [], {}, 10**17], ids=lambda value: str(value)[:12]
)
def test_what_is_no_amount_of_rupiah_is_refused(ayu: Program, other_customer: Customer, amount: Any) -> None:
    for answer in (send(ayu, other_customer, amount), pay(ayu, amount=amount)):
        assert answer.status_code == 400
        assert "amount" in answer.json()["errors"]
    assert balance(ayu) == 100_000
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("note", ["", "   ", "x" * 201])
def test_a_description_is_needed_and_short(ayu: Program, other_customer: Customer, note: str) -> None:
    answer = send(ayu, other_customer, note=note)
    assert answer.status_code == 400
    assert "description" in answer.json()["errors"]


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "null", '{"amount": NaN}', '{"description": "\\u0000"}'])
def test_what_cannot_be_read_is_refused(ayu: Program, body: str) -> None:
    for path in (TRANSFER, PAY):
        assert ayu.send(path, body).status_code == 400


def test_a_frozen_wallet_sends_nothing(ayu: Program, customer: Customer, other_customer: Customer) -> None:
    Account.objects.filter(customer=customer).update(status="frozen")
    assert send(ayu, other_customer).status_code == 422
    assert balance(ayu) == 100_000


def test_a_transfer_costs_few_queries(ayu: Program, other_customer: Customer) -> None:
    services.wallet_of(other_customer)
    send(ayu, other_customer)
    costs = []
    for key in ("", "k", "k"):
        with CaptureQueriesContext(connection) as queries:
            assert send(ayu, other_customer, key=key).status_code == 201
        costs.append(len(queries))
    # Without a key, with one, and replayed; transactions and savepoints included.
    assert costs == [11, 16, 5]


# --- pay ----------------------------------------------------------------------------------------------------


def test_a_payment_goes_to_what_we_owe_merchants(ayu: Program) -> None:
    answer = pay(ayu)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["type"], told["amount"], told["balance"]) == ("debit", 30_000, 70_000)
    assert told["externalReference"] == "INV-1"
    assert Account.objects.get(code="payable:merchants").balance == 30_000
    (line,) = ayu.get(STATEMENT, type="debit").json()["entries"]
    assert (line["entryId"], line["externalReference"]) == (told["entryId"], "INV-1")
    assert line["counterparty"] is None


def test_a_reference_is_paid_once_for_ever(ayu: Program, budi: Program, other_customer: Customer) -> None:
    assert pay(ayu).status_code == 201
    for amount in (30_000, 40_000):
        answer = pay(ayu, amount=amount)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_paid")
    assert balance(ayu) == 70_000
    assert pay(ayu, "INV-2").status_code == 201
    credit(other_customer, 50_000, "his")
    assert pay(budi).status_code == 201


def test_a_payment_that_failed_leaves_its_reference_free(ayu: Program) -> None:
    assert pay(ayu, amount=200_000).status_code == 422
    assert Payment.objects.count() == 0
    assert pay(ayu).status_code == 201


def test_a_reference_has_a_hundred_characters(ayu: Program) -> None:
    assert pay(ayu, "x" * 101).status_code == 400
    assert pay(ayu, " ").status_code == 400
    assert pay(ayu, "é" * 100).status_code == 201


# --- limits -------------------------------------------------------------------------------------------------


@pytest.fixture
def low_limits(settings: Any) -> None:
    """At most 60,000 in the wallet, 40,000 at once, 50,000 a day; verified: twice that."""
    settings.KYC_LEVELS = {"basic": [60_000, 40_000, 50_000], "verified": [120_000, 80_000, 100_000]}


def test_one_payment_has_a_limit(low_limits: None, ayu: Program, other_customer: Customer) -> None:
    for answer in (send(ayu, other_customer, 40_001), pay(ayu, amount=40_001)):
        assert (answer.status_code, answer.json()["code"]) == (422, "single_limit")
        assert "Rp40.000" in answer.json()["detail"]
    assert pay(ayu, amount=40_000).status_code == 201


def test_a_day_has_a_limit(low_limits: None, ayu: Program, other_customer: Customer) -> None:
    assert send(ayu, other_customer, 30_000).status_code == 201
    answer = pay(ayu, amount=20_001)
    assert (answer.status_code, answer.json()["code"]) == (422, "daily_limit")
    assert "Rp20.000" in answer.json()["detail"]
    assert pay(ayu, amount=20_000).status_code == 201
    assert pay(ayu, "INV-2", amount=1).status_code == 422


def test_verified_customers_may_more(low_limits: None, ayu: Program, customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(is_verified=True)
    assert pay(ayu, amount=80_000).status_code == 201


def test_buying_numbers_is_no_part_of_the_day(low_limits: None, ayu: Program, customer: Customer) -> None:
    services.hold_funds(
        customer=customer, amount=Decimal(45_000), currency="IDR", reference="h", subject="order:1", memo=""
    )
    services.capture_hold(
        hold_reference="h",
        reference="c",
        kind="order",
        splits=[("revenue:otp", Decimal(45_000))],
        subject="order:1",
        memo="",
    )
    assert pay(ayu, amount=40_000).status_code == 201


def test_what_was_taken_back_does_not_count(low_limits: None, ayu: Program, other_customer: Customer) -> None:
    transfer = send(ayu, other_customer, 40_000).json()["transferId"]
    assert pay(ayu, amount=20_000).status_code == 422
    services.reverse(
        reference_of_original=f"transfer:{transfer}", reference="undo", reason="by mistake", caused_by=None
    )
    assert pay(ayu, amount=40_000).status_code == 201


# --- the sandbox --------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox(customer: Customer) -> Program:
    """Ayu's sandbox key."""
    issued = keys.issue(actor=command("test"), user=customer.user, is_sandbox=True)
    return Program(issued.raw)


def test_a_sandbox_key_moves_sandbox_money(sandbox: Program, ayu: Program, other_customer: Customer) -> None:
    assert balance(sandbox) == 0
    assert sandbox.post("/customer-wallet/top-up", amount=50_000, description="play").status_code == 201
    assert pay(sandbox, amount=20_000).status_code == 201
    assert (balance(sandbox), balance(ayu)) == (30_000, 100_000)
    codes = set(Account.objects.filter(customer=None).values_list("code", flat=True))
    assert codes == {"clearing:bank", "clearing:sandbox", "payable:sandbox"}
    assert send(sandbox, other_customer, 1_000).status_code == 404


def test_sandbox_customers_send_to_each_other(sandbox: Program, other_customer: Customer) -> None:
    twin = Customer.objects.create(user=other_customer.user, is_sandbox=True)
    sandbox.post("/customer-wallet/top-up", amount=50_000, description="play")
    assert send(sandbox, twin, 20_000).status_code == 201
    assert balance(program_of(other_customer)) == 0


def test_a_revoked_key_moves_nothing(sandbox: Program) -> None:
    ApiKey.objects.update(revoked_at=timezone.now())
    assert sandbox.get(BALANCE).status_code == 401


def test_a_live_key_of_a_customer_acts_for_the_real_one(ayu: Program, customer: Customer) -> None:
    issued = keys.issue(actor=command("test"), user=customer.user, is_sandbox=False)
    assert balance(Program(issued.raw)) == 100_000


def test_staff_and_sessions_are_no_customers_here(
    staff_user: Any, customer: Customer, client_for: Any, ayu: Program
) -> None:
    for person in (staff_user, customer):
        program = Program(client=client_for(person))
        assert program.get(BALANCE).status_code == 401


# --- statement ----------------------------------------------------------------------------------------------


def test_a_statement_adds_up(ayu: Program, other_customer: Customer) -> None:
    send(ayu, other_customer, 10_000)
    pay(ayu, amount=5_000)
    whole = ayu.get(STATEMENT).json()
    assert (whole["openingBalance"], whole["closingBalance"]) == (0, 85_000)
    assert (whole["totalCredits"], whole["totalDebits"]) == (100_000, 15_000)
    assert [entry["balanceAfter"] for entry in whole["entries"]] == [85_000, 90_000, 100_000]
    assert [entry["type"] for entry in whole["entries"]] == ["debit", "debit", "credit"]
    for kind, count in (("credit", 1), ("debit", 2)):
        part = ayu.get(STATEMENT, type=kind)
        assert part["X-Total-Count"] == str(count)
        assert len(part.json()["entries"]) == count
        assert {**part.json(), "entries": whole["entries"]} == whole


def test_days_are_inclusive_and_of_jakarta(ayu: Program) -> None:
    today = timezone.localdate()
    yesterday = today - timedelta(days=1)
    assert len(ayu.get(STATEMENT, startDate=today, endDate=today).json()["entries"]) == 1
    before = ayu.get(STATEMENT, startDate=yesterday, endDate=yesterday).json()
    assert (before["entries"], before["closingBalance"], before["timeZone"]) == ([], 0, "Asia/Jakarta")
    usual = ayu.get(STATEMENT).json()
    assert (usual["startDate"], usual["endDate"]) == (str(today - timedelta(days=30)), str(today))


@pytest.mark.parametrize(
    "query",
    [
        {"startDate": "2026-11-22", "endDate": "2026-11-21"},
        {"startDate": "22-11-2026"},
        {"startDate": "2026-11-31"},
        {"startDate": "2026-1-1"},
        {"endDate": "2026-11-21T00:00:00Z"},
        {"endDate": "0001-01-01"},
        {"endDate": "9999-12-31"},
        {"endDate": "٢٠٢٦-١١-٢١"},
        {"type": "both"},
        {"type": "CREDIT"},
        {"format": "pdf"},
    ],
    ids=str,
)
def test_an_odd_question_is_refused(ayu: Program, query: dict[str, str]) -> None:
    answer = ayu.get(STATEMENT, **query)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) & set(query)


def test_a_statement_for_a_spreadsheet(ayu: Program, other_customer: Customer) -> None:
    send(ayu, other_customer, 10_000, note='=HYPERLINK("http://x"), "ré"')
    pay(ayu, "+INV", amount=5_000)
    answer = ayu.get(STATEMENT, format="csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Total-Count"] == "3"
    text = text_of(answer)
    assert text.splitlines()[0] == '"Date","Type","Amount","BalanceAfter","Description","Reference"'
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Amount"] for row in rows] == ["5000", "10000", "100000"]
    assert [row["Type"] for row in rows] == ["debit", "debit", "credit"]
    assert rows[0]["Reference"] == "'+INV"
    assert rows[1]["Description"] == '\'=HYPERLINK("http://x"), "ré"'
    assert rows[2]["Date"].endswith("+07:00")


def test_json_and_csv_say_the_same(ayu: Program, other_customer: Customer) -> None:
    for amount in (1, 20, 300):
        send(ayu, other_customer, amount)
    for query in ({}, {"type": "debit"}, {"type": "credit"}):
        entries = ayu.get(STATEMENT, **query).json()["entries"]
        rows = list(csv.DictReader(io.StringIO(text_of(ayu.get(STATEMENT, format="csv", **query)))))
        assert [(row["Type"], float(row["Amount"]), float(row["BalanceAfter"])) for row in rows] == [
            (entry["type"], entry["amount"], entry["balanceAfter"]) for entry in entries
        ]


def test_a_long_statement_comes_in_parts_that_join(ayu: Program, customer: Customer, monkeypatch: Any) -> None:
    for number in range(6):
        credit(customer, number + 1, f"more-{number}")
    whole = ayu.get(STATEMENT).json()
    monkeypatch.setattr("wallets.api.MOST_LINES", 3)
    answer = ayu.get(STATEMENT)
    lines, parts = answer.json()["entries"], 1
    # What comes meanwhile shifts nothing.
    credit(customer, 9, "meanwhile")
    while cursor := answer.headers.get("X-Next-Cursor"):
        answer = ayu.get(STATEMENT, cursor=cursor)
        assert answer.json()["openingBalance"] == whole["openingBalance"]
        assert answer.json()["totalCredits"] == whole["totalCredits"] + 9
        lines, parts = lines + answer.json()["entries"], parts + 1
    assert (parts, lines) == (3, whole["entries"])


@pytest.mark.parametrize("cursor", ["x", "n", "n-1", "n9999999999999999999", "1"])
def test_a_cursor_nobody_was_given_is_the_beginning(ayu: Program, cursor: str) -> None:
    assert len(ayu.get(STATEMENT, cursor=cursor).json()["entries"]) == 1
    assert ayu.get(STATEMENT, cursor="n" * 25).status_code == 400


def test_a_long_statement_is_cut_and_says_so(ayu: Program, customer: Customer, monkeypatch: Any) -> None:
    monkeypatch.setattr("wallets.api.MOST_LINES", 3)
    for number in range(4):
        credit(customer, 1, f"more-{number}")
    answer = ayu.get(STATEMENT)
    assert (len(answer.json()["entries"]), answer["X-Total-Count"]) == (3, "5")
    assert answer.json()["closingBalance"] == 100_004
    assert len(text_of(ayu.get(STATEMENT, format="csv")).splitlines()) == 6


def test_the_id_of_a_line_never_changes(ayu: Program, customer: Customer) -> None:
    first = ayu.get(STATEMENT).json()["entries"][0]["entryId"]
    assert ayu.get(STATEMENT, type="credit").json()["entries"][0]["entryId"] == first
    assert uuid.UUID(first).version == 5
    assert Posting.objects.filter(account__customer=customer).count() == 1


# --- the proof ----------------------------------------------------------------------------------------------


def test_the_proof_knows_payments(customer: Customer, settings: Any) -> None:
    settings.LEDGER_CHECKS = ["wallets.checks.ledger_problems"]
    credit(customer, 100_000, "in")
    paid = pay(program_of(customer)).json()["paymentId"]
    assert proof.run().problems == []
    lonely = Payment.objects.create(customer=customer, external_reference="never")
    services.transfer(
        sender=customer,
        recipient=Customer.objects.create(user=customer.user, is_sandbox=True),
        amount=Decimal(1),
        currency="IDR",
        reference="leak",
        memo="",
        caused_by=None,
    )
    assert proof.run().problems == [
        f"payment {lonely.public_id} was not paid by its customer",
        "real money and money of the sandbox meet in transaction leak",
    ]
    with pgtrigger.ignore("wallets.Payment:never_deleted"):
        Payment.objects.all().delete()
    assert f"transaction payment:{paid} pays for no payment" in proof.run().problems


def test_a_payment_stays_as_it_was(customer: Customer) -> None:
    payment = Payment.objects.create(customer=customer, external_reference="INV-1")
    for change in (payment.delete, lambda: Payment.objects.update(external_reference="INV-2")):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()
