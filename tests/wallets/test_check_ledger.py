"""`manage.py check_ledger` finds every kind of damage and names where it is.

The damage is done as only the owner of the tables could: triggers, constraints and foreign keys are off while one
thing is changed. The scene is the one of conftest.py.
"""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Customer
from tests.accounts import cast
from tests.wallets import ledger_state
from tests.wallets.conftest import Scene
from tests.wallets.ledger_state import TABLES, run
from wallets import proof
from wallets.models import LedgerCheck, Posting
from wallets.services import Purse, client_account


def check() -> tuple[int, str]:
    """(exit code, what was written) as the shell would see it."""
    out, err = StringIO(), StringIO()
    try:
        call_command("check_ledger", stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, err.getvalue() + str(error)
    return 0, out.getvalue() + err.getvalue()


def damage(statement: str, names: dict[str, int]) -> None:
    _without_constraints()
    with ledger_state.guards_down():
        assert run(statement.format(**names)) > 0, "the damage touched nothing"


def _without_constraints() -> None:
    """For the rest of the test's transaction, which is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', conrelid::regclass, conname)"
            " FROM pg_constraint WHERE conrelid = ANY (%s::regclass[]) AND contype IN ('c', 'f')",
            [list(TABLES)],
        )
        for (drop,) in cursor.fetchall():
            cursor.execute(drop)


def test_a_true_ledger_passes(scene: Scene) -> None:
    code, text = check()
    assert code == 0
    assert "adds up" in text
    assert LedgerCheck.objects.get().problems == []


def test_an_empty_ledger_passes(db: None) -> None:
    assert check()[0] == 0


# What is done -> words that must all be in the answer. {ayu} and the like are ids in the statement.
WALLET = "wallet:"
DAMAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "a balance raised": (
        "UPDATE wallets_account SET balance = balance + 1 WHERE id = {ayu}",
        ("{ayu_code} IDR", "all accounts in IDR"),
    ),
    "a balance moved to another wallet": (
        """UPDATE wallets_account SET balance = balance + CASE id WHEN {ayu} THEN -1 ELSE 1 END
           WHERE id IN ({ayu}, {budi})""",
        ("{ayu_code} IDR says", "{budi_code} IDR says"),
    ),
    "a balance of the house changed": (
        "UPDATE wallets_account SET balance = balance - 1 WHERE id = {revenue}",
        ("revenue:otp IDR says",),
    ),
    "a version skipped": (
        "UPDATE wallets_account SET version = version + 1 WHERE id = {ayu}",
        ("{ayu_code} IDR says",),
    ),
    "a head replaced": (
        "UPDATE wallets_account SET head = sha256('x') WHERE id = {ayu}",
        ("{ayu_code} IDR ends its chain",),
    ),
    "held raised": (
        "UPDATE wallets_account SET held = held + 1 WHERE id = {ayu}",
        ("{ayu_code} IDR holds 20001",),
    ),
    "held forgotten": ("UPDATE wallets_account SET held = 0 WHERE id = {ayu}", ("{ayu_code} IDR holds 0",)),
    "held on a wallet without holds": (
        "UPDATE wallets_account SET held = 5 WHERE id = {budi}",
        ("{budi_code} IDR holds 5",),
    ),
    "held below zero": ("UPDATE wallets_account SET held = -5 WHERE id = {budi}", ("{budi_code} IDR", "-5")),
    "a wallet below zero": (
        "UPDATE wallets_account SET balance = -1, held = 0 WHERE id = {ayu}",
        ("{ayu_code} IDR may not be",),
    ),
    "a wallet that may go below zero": (
        "UPDATE wallets_account SET may_go_negative = true WHERE id = {ayu}",
        ("{ayu_code} IDR may not be",),
    ),
    "a wallet given to somebody else": (
        "UPDATE wallets_account SET customer_id = NULL WHERE id = {ayu}",
        ("{ayu_code} IDR is in other hands",),
    ),
    "an account renamed": (
        "UPDATE wallets_account SET code = 'wallet:mine' WHERE id = {ayu}",
        ("wallet:mine IDR is in other hands",),
    ),
    "an account in another currency": (
        "UPDATE wallets_account SET currency = 'SLE' WHERE id = {revenue}",
        ("sale does not sum to zero in SLE", "all accounts in SLE"),
    ),
    "an account in no currency": (
        "UPDATE wallets_account SET currency = 'XXX' WHERE id = {closed}",
        ("equity:old XXX may not be",),
    ),
    "an account in no state": (
        "UPDATE wallets_account SET status = 'odd' WHERE id = {ayu}",
        ("{ayu_code} IDR may not be odd",),
    ),
    "a wallet closed with money in it": (
        "UPDATE wallets_account SET status = 'closed' WHERE id = {ayu}",
        ("{ayu_code} IDR may not be closed",),
    ),
    "a posting's amount": (
        "UPDATE wallets_posting SET amount = amount + 1 WHERE transaction_id = {did_gift} AND account_id = {budi}",
        ("posting 1 of account {budi_code} IDR", "transaction gift is not what", "gift does not sum to zero in IDR"),
    ),
    "both amounts of a transaction": (
        "UPDATE wallets_posting SET amount = amount * 2 WHERE transaction_id = {did_gift}",
        ("transaction gift is not what", "{ayu_code}", "{budi_code}"),
    ),
    "a transaction and its postings alike": (
        """WITH t AS (UPDATE wallets_transaction SET amounts = ARRAY(SELECT x * 2 FROM unnest(amounts) x)
                      WHERE id = {did_gift})
           UPDATE wallets_posting SET amount = amount * 2 WHERE transaction_id = {did_gift}""",
        ("{ayu_code} IDR says", "{budi_code} IDR says", "(transaction gift)"),
    ),
    "a posting's balance": (
        "UPDATE wallets_posting SET balance_after = balance_after + 1 WHERE account_id = {ayu} AND version = 1",
        ("posting 1 of account {ayu_code} IDR", "posting 2 of account {ayu_code} IDR"),
    ),
    "a posting's hash": (
        "UPDATE wallets_posting SET hash = sha256('x') WHERE account_id = {ayu} AND version = 2",
        ("posting 2 of account {ayu_code} IDR", "posting 3 of account {ayu_code} IDR"),
    ),
    "a posting's version": (
        "UPDATE wallets_posting SET version = 99 WHERE account_id = {ayu} AND version = 5",
        ("posting 99 of account {ayu_code} IDR",),
    ),
    "a posting's time": (
        """UPDATE wallets_posting SET created_at = created_at - interval '1 second'
           WHERE account_id = {ayu} AND version = 1""",
        ("posting 1 of account {ayu_code} IDR",),
    ),
    "a posting moved to another account": (
        """UPDATE wallets_posting SET account_id = {budi}, version = 3
           WHERE transaction_id = {did_sale} AND account_id = {ayu}""",
        ("transaction sale is not what", "{ayu_code} IDR says", "{budi_code} IDR says"),
    ),
    "a posting moved to another transaction": (
        """UPDATE wallets_posting SET transaction_id = {did_in}
           WHERE transaction_id = {did_gift} AND account_id = {budi}""",
        ("transaction gift is not what", "transaction in is not what", "{budi_code}"),
    ),
    "a posting removed": (
        "DELETE FROM wallets_posting WHERE transaction_id = {did_gift} AND account_id = {budi}",
        ("transaction gift is not what", "{budi_code} IDR says"),
    ),
    "a posting invented": (
        """INSERT INTO wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at)
           SELECT {did_in}, {budi}, version + 1, 5, balance + 5, 'x', now() FROM wallets_account WHERE id = {budi}""",
        ("transaction in is not what", "{budi_code} IDR says"),
    ),
    "two postings swapped": (
        """UPDATE wallets_posting SET version = CASE version WHEN 1 THEN 102 ELSE 101 END
           WHERE account_id = {ayu} AND version IN (1, 2)""",
        ("of account {ayu_code} IDR does not follow",),
    ),
    "a transaction removed": (
        "DELETE FROM wallets_transaction WHERE id = {did_gift}",
        ("belongs to no transaction", "(transaction None)"),
    ),
    "an account removed": (
        "DELETE FROM wallets_account WHERE id = {revenue}",
        ("belongs to no transaction or no account", "all accounts in IDR"),
    ),
    "a transaction invented": (
        """INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, subject, memo)
           VALUES ('ghost', 'deposit', '{{{ayu},{budi}}}', '{{-1,1}}', '', '')""",
        ("transaction ghost is not what",),
    ),
    "a transaction's amounts": (
        "UPDATE wallets_transaction SET amounts = '{{-1,1}}' WHERE id = {did_gift}",
        ("transaction gift is not what",),
    ),
    "a transaction's accounts": (
        "UPDATE wallets_transaction SET account_ids = '{{1,2}}' WHERE id = {did_gift}",
        ("transaction gift is not what",),
    ),
    "a transaction's reference": (
        "UPDATE wallets_transaction SET reference = 'present' WHERE id = {did_gift}",
        ("(transaction present)",),
    ),
    "a transaction's kind": (
        "UPDATE wallets_transaction SET kind = 'x' WHERE id = {did_gift}",
        ("(transaction gift)",),
    ),
    "a transaction's memo": ("UPDATE wallets_transaction SET memo = 'x' WHERE id = {did_in}", ("(transaction in)",)),
    "a transaction's cause": (
        "UPDATE wallets_transaction SET subject = 'deposit:2' WHERE id = {did_in}",
        ("(transaction in)",),
    ),
    "who caused a transaction": (
        "UPDATE wallets_transaction SET caused_by_id = (SELECT id FROM accounts_user LIMIT 1) WHERE id = {did_in}",
        ("(transaction in)",),
    ),
    "when a transaction was made": (
        "UPDATE wallets_transaction SET created_at = created_at - interval '1 day' WHERE id = {did_in}",
        ("(transaction in)",),
    ),
    "a reversal that names nothing any more": (
        "UPDATE wallets_transaction SET reverses_id = NULL WHERE id = {did_undo}",
        ("(transaction undo)",),
    ),
    "a reversal that names another": (
        "UPDATE wallets_transaction SET reverses_id = {did_in} WHERE id = {did_undo}",
        ("reversal undo does not mirror in",),
    ),
    "a capture that names no hold any more": (
        "UPDATE wallets_transaction SET hold_id = NULL WHERE id = {did_sale}",
        ("hold used is captured", "(transaction sale)"),
    ),
    "a capture that names another hold": (
        "UPDATE wallets_transaction SET hold_id = {hold_given_back} WHERE id = {did_sale}",
        ("hold used is captured", "hold given_back is released"),
    ),
    "an open hold's amount": (
        "UPDATE wallets_hold SET amount = amount + 1 WHERE id = {hold_open}",
        ("{ayu_code} IDR holds 20000.00, its open holds are 20001.00",),
    ),
    "an open hold closed": (
        "UPDATE wallets_hold SET state = 'released' WHERE id = {hold_open}",
        ("{ayu_code} IDR holds 20000.00, its open holds are 0",),
    ),
    "an open hold removed": ("DELETE FROM wallets_hold WHERE id = {hold_open}", ("{ayu_code} IDR holds 20000.00",)),
    "an open hold on another wallet": (
        "UPDATE wallets_hold SET account_id = {budi} WHERE id = {hold_open}",
        ("{ayu_code} IDR holds 20000.00, its open holds are 0", "{budi_code} IDR holds 0.00"),
    ),
    "a released hold opened again": (
        "UPDATE wallets_hold SET state = 'open' WHERE id = {hold_given_back}",
        ("{ayu_code} IDR holds 20000.00, its open holds are 29000.00",),
    ),
    "a released hold marked as used": (
        "UPDATE wallets_hold SET state = 'captured', captured = 5 WHERE id = {hold_given_back}",
        ("hold given_back is captured with 5.00",),
    ),
    "a used hold marked as released": (
        "UPDATE wallets_hold SET state = 'released', captured = 0 WHERE id = {hold_used}",
        ("hold used is released",),
    ),
    "how much of a hold was used": (
        "UPDATE wallets_hold SET captured = 1 WHERE id = {hold_used}",
        ("hold used is captured with 1.00",),
    ),
    "how much was held at first": (
        "UPDATE wallets_hold SET amount = amount + 1 WHERE id = {hold_used}",
        ("(transaction sale)",),
    ),
    "a used hold on another wallet": (
        "UPDATE wallets_hold SET account_id = {budi} WHERE id = {hold_used}",
        ("hold used is captured",),
    ),
    "a used hold removed": ("DELETE FROM wallets_hold WHERE id = {hold_used}", ("(transaction sale)",)),
}


@pytest.mark.parametrize(("statement", "wanted"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found_and_named(statement: str, wanted: tuple[str, ...], scene: Scene) -> None:
    names = scene.names()
    codes: dict[str, Any] = {f"{name}_code": account.code for name, account in vars(scene).items()}
    damage(statement, names)
    code, text = check()
    assert code == 1
    for words in wanted:
        assert words.format(**codes) in text


@pytest.mark.parametrize("version", range(1, 6))
@pytest.mark.parametrize("column", ["amount", "balance_after", "hash", "created_at", "version", "transaction_id"])
def test_any_column_of_any_posting(column: str, version: int, scene: Scene) -> None:
    new = {"hash": "sha256(hash)", "created_at": "created_at - interval '1 us'"}.get(column, f"{column} + 1000")
    damage(f"UPDATE wallets_posting SET {column} = {new} WHERE account_id = {scene.ayu.pk} AND version = {version}", {})
    code, text = check()
    assert code == 1
    assert scene.ayu.code in text


def test_the_end_of_the_ledger_cut_off_after_a_check(scene: Scene) -> None:
    """A whole last transaction taken away, accounts put back as they were: only an earlier count knows."""
    assert check()[0] == 0
    names = scene.names()
    _without_constraints()
    with ledger_state.guards_down():
        run(f"DELETE FROM wallets_posting WHERE transaction_id = {names['did_for_the_ice']}")
        run(f"DELETE FROM wallets_transaction WHERE id = {names['did_for_the_ice']}")
        run(
            """UPDATE wallets_account a SET version = b.version - 1, balance = coalesce(p.balance_after, 0),
                      head = coalesce(p.hash, ''), moved_at = p.created_at
                 FROM wallets_account b LEFT JOIN wallets_posting p ON p.account_id = b.id AND p.version = b.version - 1
                WHERE a.id = b.id AND (a.id = %s OR a.code = 'clearing:bank' AND a.currency = 'SLE')""",
            scene.frozen.pk,
        )
    code, text = check()
    assert code == 1
    assert "there were" in text
    assert "postings at the last check" in text
    assert len(text.strip().splitlines()) == 2, text


def test_every_problem_is_kept_with_the_check(scene: Scene) -> None:
    damage("UPDATE wallets_account SET balance = balance + 1 WHERE id = {ayu}", scene.names())
    found = proof.run()
    assert found.problems == LedgerCheck.objects.get().problems
    assert len(found.problems) == 2
    assert found.postings == Posting.objects.count()


def test_the_proofs_of_all_apps_are_run(customer: Customer, settings: Any) -> None:
    settings.LEDGER_CHECKS = ["wallets.checks.ledger_problems", "tests.wallets.test_check_ledger.grumble"]
    code, text = check()
    assert code == 1
    assert "an open item of 5" in text


def grumble() -> list[str]:
    return ["an open item of 5"]


def test_a_proof_may_take_as_long_as_it_needs(db: None, settings: Any) -> None:
    settings.LEDGER_CHECKS = ["tests.wallets.test_check_ledger.tell_time"]
    assert proof.run().problems == ["a statement may take 0"]


def tell_time() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return [f"a statement may take {cursor.fetchone()[0]}"]


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("SET code = 'client:mine'", "client:mine SLE is in other hands"),
        ("SET client_id = NULL", "SLE is in other hands"),
        ("SET is_sandbox = true", "SLE is in other hands"),
        ("SET may_go_negative = true", "SLE may not be"),
    ],
    ids=["renamed", "given away", "made play money", "may go below zero"],
)
def test_a_balance_of_a_client_in_other_hands(statement: str, wanted: str, db: None) -> None:
    account = client_account(Purse(cast.company("Kush"), "SLE"))
    assert check()[0] == 0
    damage(f"UPDATE wallets_account {statement} WHERE id = {account.pk}", {})
    code, text = check()
    assert (code, wanted in text) == (1, True)


def test_checking_changes_nothing(scene: Scene) -> None:
    before = ledger_state.look()
    check()
    assert ledger_state.look() == before
