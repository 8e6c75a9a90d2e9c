"""The test of the test: each of these mistakes in the engine must be caught by the sequences of movements."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import ProgrammingError
from hypothesis import Phase

from tests.wallets.ledger_state import run
from tests.wallets.test_ledger_properties import LedgerMachine, machine, play

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak, pytest.mark.timeout(600)]

__all__ = ["machine"]

ENGINE = (Path(settings.BASE_DIR) / "wallets" / "sql" / "ledger.sql").read_text()
FUNCTIONS = re.findall(r"^CREATE FUNCTION .*?\$\$;$", ENGINE, re.MULTILINE | re.DOTALL)

BUGS: dict[str, tuple[str, str]] = {
    "a capture leaves the hold on the account": ("held = w.held - freed", "held = w.held"),
    "held money can be spent": ("w.balance + amount >= w.held - freed", "w.balance + amount >= 0"),
    "funds are not looked at": ("w.may_go_negative OR w.balance + amount >=", "true OR w.balance + amount >="),
    "a version is skipped": ("version = w.version + 1,\n", "version = w.version + 2,\n"),
    "the sign is turned round": ("SET balance = w.balance + amount", "SET balance = w.balance - amount"),
    "the posting has the other sign": (
        "versions, NEW.amounts, balances",
        "versions, ARRAY(SELECT -x FROM unnest(NEW.amounts) AS x), balances",
    ),
    "legs need not sum to zero": ("IF total <> 0 THEN", "IF false THEN"),
    "currencies may mix": ("IF mixed THEN", "IF false THEN"),
    "parts of a rupiah are rounded": ("IF amount <> round(amount, ledger_exponent(a.currency))", "IF false"),
    "a frozen wallet pays": ("(w.status = 'frozen' AND (amount > 0 OR freed > 0))", "w.status = 'frozen'"),
    "a frozen wallet breaks its promises": ("(amount > 0 OR freed > 0)", "amount > 0"),
    "a frozen wallet takes nothing": ("(amount > 0 OR freed > 0)", "freed > 0"),
    "a closed wallet takes money": (
        "w.status = 'open' OR (w.status = 'frozen'",
        "w.status <> 'x' OR (w.status = 'frozen'",
    ),
    "more is captured than was held": ("OR taken > h.amount THEN", "THEN"),
    "a hold given back is captured": ("IF h.state <> 'open' THEN", "IF h.state = 'captured' THEN"),
    "the captured part is not noted": ("captured = taken,", "captured = h.amount,"),
    "a release keeps the money": ("SET held = held - OLD.amount", "SET held = held"),
    "a release frees one too few": ("SET held = held - OLD.amount", "SET held = held - OLD.amount + 1"),
    "a second release is an error": (
        "WHERE reference = p_reference AND state = 'open';",
        "WHERE reference = p_reference;",
    ),
    "a hold does not look at other holds": ("w.balance - w.held >= NEW.amount", "w.balance >= NEW.amount"),
    "a hold on a frozen wallet": ("WHERE w.id = NEW.account_id AND w.status = 'open'", "WHERE w.id = NEW.account_id"),
    "other amounts count as a repetition": (
        "(old.kind, old.account_ids, old.amounts,",
        "(old.kind, old.account_ids, p_amounts,",
    ),
    "other accounts count as a repetition": ("(old.kind, old.account_ids,", "(old.kind, p_accounts,"),
    "another kind counts as a repetition": ("(old.kind, old.account_ids", "(p_kind, old.account_ids"),
    "another purpose of a hold counts as a repetition": (
        "(old.account_id, old.amount, old.subject)",
        "(old.account_id, old.amount, p_subject)",
    ),
    "a repetition is not said to be one": ("RETURN -old.id;", "RETURN old.id;"),
    "a reversal is reversed": ("OR o.reverses_id IS NOT NULL", ""),
    "the hash forgets what came before": ("SELECT sha256(before || ", "SELECT sha256("),
    "the hash forgets the reason": ("subject, memo, caused_by, extract", "subject, caused_by, extract"),
    "source and target are exchanged": ("IF source < target THEN", "IF source > target THEN"),
    "a due hold counts as expired before its time": ("p_subject, p_memo, p_expires)", "p_subject, p_memo, now())"),
}


def function_with(text: str) -> str:
    found = [function for function in FUNCTIONS if text in function]
    assert found, f"the engine has changed: {text!r} is not in it"
    return found[0]


def install(function: str) -> None:
    run(function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1).replace("%", "%%") % ())


@pytest.fixture
def engine_with(request: pytest.FixtureRequest) -> Iterator[None]:
    right, wrong = request.param
    function = function_with(right)
    install(function.replace(right, wrong))
    yield
    install(function)


@pytest.mark.parametrize("engine_with", BUGS.values(), ids=BUGS.keys(), indirect=True)
@pytest.mark.usefixtures("engine_with")
def test_a_mistake_in_the_engine_is_caught(machine: type[LedgerMachine]) -> None:
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        play(machine, examples=100, steps=40, phases=[Phase.generate], report_multiple_bugs=False)
    assert not isinstance(caught.value, ProgrammingError), "the mistake is no working program"
