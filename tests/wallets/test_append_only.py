"""Nobody goes round the ledger: every attempt below is refused by PostgreSQL and leaves not one byte changed.

An attempt is a statement (ids of the scene filled in) or a function that uses the ORM. Being refused for a typing
mistake does not count, so the error must come from a rule: ours (GB...), a constraint (23...) or a value (22...).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import Error as DjangoError
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts.models import Customer, User
from tests.wallets import ledger_state
from tests.wallets.conftest import Scene
from wallets.models import Account, Hold, Posting, Transaction

Attempt = str | Callable[[Scene], Any]


def book(scene: Scene, legs: dict[int, Any], **words: Any) -> Transaction:
    """An order to post, as the ORM would write it."""
    ids = sorted(legs)
    amounts = [legs[number] if legs[number] is None else Decimal(legs[number]) for number in ids]
    return Transaction.objects.create(
        **{"reference": "new", "kind": "test", "account_ids": ids, "amounts": amounts, **words}
    )


def changed(model: Any, lookup: dict[str, Any], **values: Any) -> Any:
    row = model.objects.get(**lookup)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def copy_in(sql: str, *rows: tuple[Any, ...]) -> Callable[[Scene], None]:
    def attempt(scene: Scene) -> None:
        filled = [[value(scene) if callable(value) else value for value in row] for row in rows]
        with connection.cursor() as cursor, cursor.copy(sql) as copy:
            for row in filled:
                copy.write_row(row)

    return attempt


POSTINGS: dict[str, Attempt] = {
    "posting: save another amount": lambda s: changed(Posting, {"version": 1, "account": s.ayu}, amount=1).save(),
    "posting: save another time": lambda s: changed(
        Posting, {"version": 1, "account": s.ayu}, created_at=s.ayu.created_at
    ).save(update_fields=["created_at"]),
    "posting: update all": lambda s: Posting.objects.update(amount=F("amount") + 1),
    "posting: update balance_after": lambda s: Posting.objects.filter(account=s.ayu).update(balance_after=10**9),
    "posting: update nothing really": lambda s: Posting.objects.update(amount=F("amount")),
    "posting: delete one": lambda s: Posting.objects.filter(account=s.ayu)[0].delete(),
    "posting: delete all": lambda s: Posting.objects.all().delete(),
    "posting: delete past the collector": lambda s: Posting.objects.all()._raw_delete("default"),
    "posting: create": lambda s: Posting.objects.create(**_forged(s)),
    "posting: bulk_create": lambda s: Posting.objects.bulk_create([Posting(**_forged(s))]),
    "posting: bulk_create, ignoring conflicts": lambda s: Posting.objects.bulk_create(
        [Posting(**_forged(s))], ignore_conflicts=True
    ),
    "posting: bulk_create, updating": lambda s: Posting.objects.bulk_create(
        [Posting(**{**_forged(s), "version": 1})],
        update_conflicts=True,
        unique_fields=["account", "version"],
        update_fields=["amount"],
    ),
    "posting: bulk_update": lambda s: Posting.objects.bulk_update(
        [changed(Posting, {"version": 1, "account": s.ayu}, amount=5)], ["amount"]
    ),
    "posting: update_or_create": lambda s: Posting.objects.update_or_create(
        account=s.ayu, version=1, defaults={"amount": 5}
    ),
    "posting: SQL insert": """
        INSERT INTO wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at)
        VALUES ({did_in}, {ayu}, 99, 5, 5, 'x', now())""",
    "posting: SQL insert from itself": """
        INSERT INTO wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at)
        SELECT transaction_id, account_id, version + 100, amount, balance_after, hash, created_at
          FROM wallets_posting""",
    "posting: SQL insert on conflict do update": """
        INSERT INTO wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at)
        VALUES ({did_in}, {ayu}, 1, 5, 5, 'x', now()) ON CONFLICT (account_id, version) DO UPDATE SET amount = 5""",
    "posting: SQL update with a join": """
        UPDATE wallets_posting p SET amount = 1 FROM wallets_account a WHERE a.id = p.account_id""",
    "posting: SQL delete with a join": """
        DELETE FROM wallets_posting p USING wallets_account a WHERE a.id = p.account_id""",
    "posting: from within a WITH": """
        WITH gone AS (DELETE FROM wallets_posting WHERE id = {posting} RETURNING *) SELECT count(*) FROM gone""",
    "posting: from within a DO": "DO $$ BEGIN UPDATE wallets_posting SET amount = 2; END $$",
    "posting: through a view": """
        CREATE TEMP VIEW door AS SELECT * FROM wallets_posting; UPDATE door SET amount = 3""",
    "posting: merge": """
        MERGE INTO wallets_posting p USING (VALUES ({posting})) v(id) ON p.id = v.id
        WHEN MATCHED THEN UPDATE SET amount = 4""",
    "posting: merge and delete": """
        MERGE INTO wallets_posting p USING (VALUES ({posting})) v(id) ON p.id = v.id WHEN MATCHED THEN DELETE""",
    "posting: at a cursor": """
        DECLARE here CURSOR FOR SELECT * FROM wallets_posting FOR UPDATE; FETCH here;
        UPDATE wallets_posting SET amount = 6 WHERE CURRENT OF here""",
    "posting: prepared": "PREPARE sly AS DELETE FROM wallets_posting WHERE id = $1; EXECUTE sly({posting})",
    "posting: copy": copy_in(
        "COPY wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at) "
        "FROM STDIN",
        (lambda s: s.names()["did_in"], lambda s: s.ayu.pk, 99, 5, 5, b"x", "2026-01-01"),
    ),
    "posting: truncate": "TRUNCATE wallets_posting",
    "posting: truncate, starting again": "TRUNCATE wallets_posting RESTART IDENTITY CASCADE",
}


def _forged(scene: Scene) -> dict[str, Any]:
    moved = Transaction.objects.get(reference="in")
    return {
        "transaction": moved,
        "account": scene.ayu,
        "version": 99,
        "amount": 5,
        "balance_after": 5,
        "hash": b"x",
        "created_at": moved.created_at,
    }


TRANSACTIONS: dict[str, Attempt] = {
    "transaction: save another memo": lambda s: changed(Transaction, {"reference": "in"}, memo="other").save(),
    "transaction: update memo": lambda s: Transaction.objects.update(memo="other"),
    "transaction: update reference": lambda s: Transaction.objects.filter(reference="in").update(reference="out"),
    "transaction: update amounts": lambda s: Transaction.objects.filter(reference="in").update(amounts=[-1, 1]),
    "transaction: delete": lambda s: Transaction.objects.all()._raw_delete("default"),
    "transaction: SQL delete": "DELETE FROM wallets_transaction WHERE id = {did_gift}",
    "transaction: merge": """
        MERGE INTO wallets_transaction t USING (VALUES ({did_in})) v(id) ON t.id = v.id
        WHEN MATCHED THEN UPDATE SET kind = 'gift'""",
    "transaction: on conflict do update": """
        INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, subject, memo)
        VALUES ('in', 'test', '{{{ayu},{budi}}}', '{{-1,1}}', '', '')
        ON CONFLICT (reference) DO UPDATE SET memo = 'other'""",
    "transaction: truncate": "TRUNCATE wallets_transaction CASCADE",
    "transaction: the same reference": lambda s: book(s, {s.ayu.pk: -1, s.budi.pk: 1}, reference="in"),
    "transaction: not zero": lambda s: book(s, {s.ayu.pk: -1, s.budi.pk: 2}),
    "transaction: money from nowhere": lambda s: book(s, {s.ayu.pk: 1, s.budi.pk: 1}),
    "transaction: one leg": lambda s: book(s, {s.ayu.pk: -1}),
    "transaction: no leg": lambda s: book(s, {}),
    "transaction: a leg of nothing": lambda s: book(s, {s.ayu.pk: 0, s.budi.pk: 0}),
    "transaction: a leg that is not there": lambda s: book(s, {s.ayu.pk: None, s.budi.pk: None}),
    "transaction: an account twice": lambda s: book(s, {}, account_ids=[s.ayu.pk, s.ayu.pk], amounts=[-1, 1]),
    "transaction: out of order": lambda s: book(
        s, {}, account_ids=sorted([s.ayu.pk, s.budi.pk], reverse=True), amounts=[-1, 1]
    ),
    "transaction: more accounts than amounts": lambda s: book(
        s, {}, account_ids=sorted([s.ayu.pk, s.budi.pk, s.bank.pk]), amounts=[-1, 1]
    ),
    "transaction: unknown account": lambda s: book(s, {s.bank.pk: -1, 10**15: 1}),
    "transaction: two currencies": lambda s: book(s, {s.bank.pk: -1, s.leones.pk: 1}),
    "transaction: two currencies, each off by as much": lambda s: book(s, {s.bank.pk: -2, s.ayu.pk: 1, s.leones.pk: 1}),
    "transaction: more than there is": lambda s: book(s, {s.ayu.pk: -50_001, s.budi.pk: 50_001}),
    "transaction: what is held": lambda s: book(s, {s.ayu.pk: -60_000, s.budi.pk: 60_000}),
    "transaction: half a rupiah": lambda s: book(s, {s.bank.pk: "-0.5", s.ayu.pk: "0.5"}),
    "transaction: a tenth of a cent": lambda s: book(s, {_bank_in_leones().pk: "-0.001", s.leones.pk: "0.001"}),
    "transaction: not a number": """
        INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, subject, memo)
        VALUES ('new', 'test', '{{{bank},{revenue}}}', '{{NaN,NaN}}', '', '')""",
    "transaction: infinite": """
        INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, subject, memo)
        VALUES ('new', 'test', '{{{bank},{revenue}}}', '{{-Infinity,Infinity}}', '', '')""",
    "transaction: too much for a column": lambda s: book(s, {s.bank.pk: -(10**17), s.revenue.pk: 10**17}),
    "transaction: out of a frozen wallet": lambda s: book(s, {s.frozen.pk: -1, s.leones.pk: 1}),
    "transaction: into a closed account": lambda s: book(s, {s.bank.pk: -1, s.closed.pk: 1}),
    "transaction: out of a closed account": lambda s: book(s, {s.bank.pk: 1, s.closed.pk: -1}),
    "transaction: copy, not zero": copy_in(
        "COPY wallets_transaction (reference, kind, account_ids, amounts, subject, memo) FROM STDIN",
        ("new", "test", lambda s: f"{{{s.ayu.pk},{s.budi.pk}}}", "{1,1}", "", ""),
    ),
    "transaction: one good and one bad in a statement": """
        INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, subject, memo)
        VALUES ('good', 'test', '{{{ayu},{budi}}}', '{{-1,1}}', '', ''),
               ('bad', 'test', '{{{ayu},{budi}}}', '{{-1,2}}', '', '')""",
    "capture: more than was held": lambda s: book(
        s, {s.ayu.pk: -20_001, s.revenue.pk: 20_001}, hold=Hold.objects.get(reference="open")
    ),
    "capture: nothing of it": lambda s: book(
        s, {s.bank.pk: -1, s.revenue.pk: 1}, hold=Hold.objects.get(reference="open")
    ),
    "capture: in the wrong direction": lambda s: book(
        s, {s.ayu.pk: 1, s.revenue.pk: -1}, hold=Hold.objects.get(reference="open")
    ),
    "capture: from another wallet": lambda s: book(
        s, {s.budi.pk: -1, s.revenue.pk: 1}, hold=Hold.objects.get(reference="open")
    ),
    "capture: what was given back": lambda s: book(
        s, {s.ayu.pk: -1, s.revenue.pk: 1}, hold=Hold.objects.get(reference="given_back")
    ),
    "capture: what was used": lambda s: book(
        s, {s.ayu.pk: -1, s.revenue.pk: 1}, hold=Hold.objects.get(reference="used")
    ),
    "capture: a hold nobody knows": lambda s: book(s, {s.ayu.pk: -1, s.revenue.pk: 1}, hold_id=10**15),
    "reversal: not the mirror image": lambda s: book(
        s, {s.ayu.pk: 4_999, s.budi.pk: -4_999}, reverses=Transaction.objects.get(reference="gift")
    ),
    "reversal: of other accounts": lambda s: book(
        s, {s.bank.pk: 5_000, s.budi.pk: -5_000}, reverses=Transaction.objects.get(reference="gift")
    ),
    "reversal: of a reversal": lambda s: book(
        s, {s.bank.pk: -7_000, s.ayu.pk: 7_000}, reverses=Transaction.objects.get(reference="undo")
    ),
    "reversal: a second time": lambda s: book(
        s, {s.bank.pk: 7_000, s.ayu.pk: -7_000}, reverses=Transaction.objects.get(reference="wrong")
    ),
    "reversal: of nothing": lambda s: book(s, {s.ayu.pk: -1, s.budi.pk: 1}, reverses_id=10**15),
    "reversal: of itself": """
        INSERT INTO wallets_transaction (id, reference, kind, account_ids, amounts, reverses_id, subject, memo)
        VALUES (999999, 'new', 'test', '{{{ayu},{budi}}}', '{{-1,1}}', 999999, '', '')""",
}


def _bank_in_leones() -> Account:
    return Account.objects.get(code="clearing:bank", currency="SLE")


ACCOUNTS: dict[str, Attempt] = {
    "account: save a balance": lambda s: changed(Account, {"pk": s.ayu.pk}, balance=10**6).save(),
    "account: update balance": lambda s: Account.objects.filter(pk=s.ayu.pk).update(balance=F("balance") + 1),
    "account: update held": lambda s: Account.objects.filter(pk=s.ayu.pk).update(held=0),
    "account: update version": lambda s: Account.objects.filter(pk=s.ayu.pk).update(version=F("version") + 1),
    "account: update head": lambda s: Account.objects.filter(pk=s.ayu.pk).update(head=b"x"),
    "account: update moved_at": lambda s: Account.objects.filter(pk=s.ayu.pk).update(moved_at=None),
    "account: update created_at": lambda s: Account.objects.filter(pk=s.ayu.pk).update(created_at=s.budi.created_at),
    "account: update currency": lambda s: Account.objects.filter(pk=s.closed.pk).update(currency="USD"),
    "account: update code": lambda s: Account.objects.filter(pk=s.ayu.pk).update(code="wallet:mine"),
    "account: give it to somebody else": lambda s: Account.objects.filter(pk=s.leones.pk).update(customer=None),
    "account: let it go negative": lambda s: Account.objects.filter(pk=s.closed.pk).update(may_go_negative=True),
    "account: balance and status together": lambda s: Account.objects.filter(pk=s.ayu.pk).update(
        status="frozen", balance=1
    ),
    "account: bulk_update": lambda s: Account.objects.bulk_update(
        [changed(Account, {"pk": s.ayu.pk}, balance=7)], ["balance"]
    ),
    "account: another key": "UPDATE wallets_account SET id = id + 1000 WHERE id = {closed}",
    "account: delete": lambda s: Account.objects.filter(pk=s.closed.pk).delete(),
    "account: delete past the collector": lambda s: Account.objects.filter(pk=s.ayu.pk)._raw_delete("default"),
    "account: born rich": lambda s: Account.objects.create(code="equity:rich", currency="IDR", balance=5),
    "account: born with a hold": lambda s: Account.objects.create(
        code="equity:held", currency="IDR", may_go_negative=True, held=5
    ),
    "account: born old": lambda s: Account.objects.create(code="equity:old2", currency="IDR", version=3),
    "account: born with a past": lambda s: Account.objects.create(code="equity:past", currency="IDR", head=b"x"),
    "account: a wallet that may go negative": lambda s: Account.objects.create(
        code="wallet:x", currency="USD", customer=s.ayu.customer, may_go_negative=True
    ),
    "account: a second wallet": lambda s: Account.objects.create(
        code="wallet:second", currency="IDR", customer=s.ayu.customer
    ),
    "account: the same code": lambda s: Account.objects.create(code="clearing:bank", currency="IDR"),
    "account: unknown currency": lambda s: Account.objects.create(code="equity:euro", currency="EUR"),
    "account: unknown status": lambda s: Account.objects.filter(pk=s.ayu.pk).update(status="odd"),
    "account: close it with money in it": lambda s: Account.objects.filter(pk=s.ayu.pk).update(status="closed"),
    "account: on conflict do update": """
        INSERT INTO wallets_account (code, currency) VALUES ('clearing:bank', 'IDR')
        ON CONFLICT (code, currency) DO UPDATE SET balance = 0""",
    "account: merge": """
        MERGE INTO wallets_account a USING (VALUES ({ayu})) v(id) ON a.id = v.id
        WHEN MATCHED THEN UPDATE SET balance = 1""",
    "account: inside a function": """
        CREATE FUNCTION pg_temp.rob(bigint) RETURNS void LANGUAGE sql AS
        'UPDATE wallets_account SET balance = balance + 1 WHERE id = $1'; SELECT pg_temp.rob({ayu})""",
    "account: copy": copy_in(
        "COPY wallets_account (code, currency, balance) FROM STDIN", ("equity:copied", "IDR", 1000)
    ),
    "account: truncate": "TRUNCATE wallets_account CASCADE",
    "account: truncate from above": "TRUNCATE accounts_customer CASCADE",
    "account: truncate from far above": "TRUNCATE accounts_user CASCADE",
    "account: remove its owner": lambda s: Customer.objects.filter(pk=s.ayu.customer_id)._raw_delete("default"),
    "account: remove its owner's login": lambda s: User.objects.filter(customers=s.ayu.customer)._raw_delete("default"),
}

HOLDS: dict[str, Attempt] = {
    "hold: another amount": lambda s: Hold.objects.filter(reference="open").update(amount=1),
    "hold: another account": lambda s: Hold.objects.filter(reference="open").update(account=s.budi),
    "hold: another reference": lambda s: Hold.objects.filter(reference="open").update(reference="other"),
    "hold: a later end": lambda s: changed(Hold, {"reference": "open"}, expires_at=s.ayu.created_at).save(),
    "hold: another memo": lambda s: Hold.objects.filter(reference="open").update(memo="x"),
    "hold: captured by hand": lambda s: Hold.objects.filter(reference="open").update(state="captured", captured=20_000),
    "hold: partly captured while open": lambda s: Hold.objects.filter(reference="open").update(captured=5),
    "hold: released, and some captured": lambda s: Hold.objects.filter(reference="open").update(
        state="released", captured=5
    ),
    "hold: released with another amount": lambda s: Hold.objects.filter(reference="open").update(
        state="released", amount=50_000
    ),
    "hold: released for another account": lambda s: Hold.objects.filter(reference="open").update(
        state="released", account=s.budi
    ),
    "hold: in no known state": lambda s: Hold.objects.filter(reference="open").update(state="gone"),
    "hold: opened again": lambda s: Hold.objects.filter(reference="given_back").update(state="open"),
    "hold: given back twice": lambda s: Hold.objects.filter(reference="given_back").update(state="expired"),
    "hold: given back after use": lambda s: Hold.objects.filter(reference="used").update(state="released", captured=0),
    "hold: used for less, later": lambda s: Hold.objects.filter(reference="used").update(captured=1),
    "hold: captured after it was given back": lambda s: Hold.objects.filter(reference="given_back").update(
        state="captured", captured=9_000
    ),
    "hold: delete": lambda s: Hold.objects.filter(reference="open").delete(),
    "hold: delete past the collector": lambda s: Hold.objects.filter(reference="given_back")._raw_delete("default"),
    "hold: born captured": lambda s: Hold.objects.create(
        reference="new", account=s.ayu, amount=5, state="captured", captured=5
    ),
    "hold: born released": lambda s: Hold.objects.create(reference="new", account=s.ayu, amount=5, state="released"),
    "hold: negative": lambda s: Hold.objects.create(reference="new", account=s.ayu, amount=-5),
    "hold: of nothing": lambda s: Hold.objects.create(reference="new", account=s.ayu, amount=0),
    "hold: more than there is": lambda s: Hold.objects.create(reference="new", account=s.ayu, amount=50_001),
    "hold: half a rupiah": lambda s: Hold.objects.create(reference="new", account=s.ayu, amount=Decimal("0.5")),
    "hold: on a frozen wallet": lambda s: Hold.objects.create(reference="new", account=s.frozen, amount=1),
    "hold: on a closed account": lambda s: Hold.objects.create(reference="new", account=s.closed, amount=1),
    "hold: on an unknown account": lambda s: Hold.objects.create(reference="new", account_id=10**15, amount=1),
    "hold: not a number": """
        INSERT INTO wallets_hold (reference, account_id, amount, subject, memo)
        VALUES ('new', {bank}, 'NaN', '', '')""",
    "hold: the same reference": lambda s: Hold.objects.create(reference="open", account=s.ayu, amount=1),
    "hold: on conflict do update": """
        INSERT INTO wallets_hold (reference, account_id, amount, subject, memo) VALUES ('open', {ayu}, 1, '', '')
        ON CONFLICT (reference) DO UPDATE SET amount = 1""",
    "hold: merge": """
        MERGE INTO wallets_hold h USING (VALUES ({hold_open})) v(id) ON h.id = v.id
        WHEN MATCHED THEN UPDATE SET state = 'captured', captured = 20000""",
    "hold: the door, with a state of our own": "SELECT ledger_release('open', 'captured')",
    "hold: the door, with no state": "SELECT ledger_release('open', 'open')",
    "hold: the door, with a state nobody knows": "SELECT ledger_release('open', 'lost')",
    "hold: copy": copy_in(
        "COPY wallets_hold (reference, account_id, amount, state, captured, subject, memo) FROM STDIN",
        ("new", lambda s: s.ayu.pk, 5, "captured", 5, "", ""),
    ),
    "hold: truncate": "TRUNCATE wallets_hold CASCADE",
}

ATTEMPTS = {**POSTINGS, **TRANSACTIONS, **ACCOUNTS, **HOLDS}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_refused_by_the_database(attempt: Attempt, scene: Scene) -> None:
    before = ledger_state.look()
    assert before["problems"] == []

    with pytest.raises((DjangoError, psycopg.Error)) as refused:
        _try(attempt, scene)

    state = _state_of(refused.value)
    assert state[:2] in {"GB", "23", "22"}, f"refused, but for another reason: {state} {refused.value}"
    assert ledger_state.look() == before


def _try(attempt: Attempt, scene: Scene) -> None:
    names = scene.names()
    # What the scene left to be checked at its commit is checked now, as if it had committed.
    ledger_state.run("SET CONSTRAINTS ALL IMMEDIATE")
    with transaction.atomic():
        if callable(attempt):
            attempt(scene)
        else:
            ledger_state.run(attempt.format(**names))


def _state_of(error: BaseException) -> str:
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    # A deletion that the ORM itself forbids (PROTECT) never reaches the database.
    return getattr(cause, "sqlstate", None) or "23 by the ORM"


def test_the_ways_tried_are_many() -> None:
    assert len(ATTEMPTS) >= 60


def test_what_is_allowed_by_hand_is_only_the_status(scene: Scene) -> None:
    Account.objects.filter(pk=scene.ayu.pk).update(status="frozen")
    scene.ayu.refresh_from_db()
    assert scene.ayu.status == "frozen"
    assert ledger_state.problems() == []


def test_a_good_row_by_hand_is_posted_like_any_other(scene: Scene) -> None:
    """Inserting a transaction is the door, whoever inserts it: the row cannot be there without its postings."""
    book(scene, {scene.ayu.pk: -1, scene.budi.pk: 1})
    assert Posting.objects.filter(transaction__reference="new").count() == 2
    assert ledger_state.problems() == []


def test_a_hold_given_back_by_hand_frees_the_money(scene: Scene) -> None:
    Hold.objects.filter(reference="open").update(state="released", closed_at=scene.ayu.created_at)
    scene.ayu.refresh_from_db()
    assert scene.ayu.held == 0
    assert ledger_state.problems() == []


@pytest.mark.parametrize("values", ["balance = -1, held = 0", "held = balance + 1", "held = -1"])
def test_no_wallet_is_overdrawn_even_with_every_trigger_off(values: str, scene: Scene) -> None:
    with ledger_state.guards_down(), pytest.raises(IntegrityError, match="account_covered"), transaction.atomic():
        ledger_state.run(f"UPDATE wallets_account SET {values} WHERE id = {scene.ayu.pk}")
