"""Known examples: what each service does to the accounts, what it answers, what it refuses."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, User
from tests.wallets import ledger_state
from tests.wallets.ledger_state import capture, credit, hold, transfer
from wallets import errors, holds, ledger, services, tasks
from wallets.models import Account, Hold, LedgerCheck, Posting, Transaction
from wallets.selectors import balances

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_odd")]


def figures(code: str, currency: str = "IDR") -> tuple[Decimal, Decimal]:
    account = Account.objects.get(code=code, currency=currency)
    return account.balance, account.held


def of(customer: Customer, currency: str = "IDR") -> tuple[Decimal, Decimal]:
    account = services.wallet_of(customer, currency)
    return account.balance, account.held


# --- money in --------------------------------------------------------------------------------------------------


def test_a_deposit(customer: Customer, staff_user: User) -> None:
    posted = credit(customer, 50_000, "dep-1", channel="faspay-va-402", caused_by=staff_user)
    assert not posted.replayed
    assert posted.reference == "dep-1"
    assert of(customer) == (50_000, 0)
    assert figures("clearing:faspay-va-402") == (-50_000, 0)
    moved = Transaction.objects.get(pk=posted.transaction_id)
    assert (moved.kind, moved.subject, moved.memo) == ("deposit", "deposit:1", "from the bank")
    assert moved.caused_by == staff_user
    assert sorted(moved.postings.values_list("amount", flat=True)) == [-50_000, 50_000]


def test_wallets_of_currencies_stand_side_by_side(customer: Customer) -> None:
    credit(customer, 50_000, "a")
    credit(customer, Decimal("12.34"), "b", currency="SLE")
    assert [(b.currency, b.balance, b.held, b.available) for b in balances(customer)] == [
        ("IDR", 50_000, 0, 50_000),
        ("SLE", Decimal("12.34"), 0, Decimal("12.34")),
    ]


def test_an_untouched_wallet_is_zero_rupiah(customer: Customer) -> None:
    assert [(b.currency, b.available) for b in balances(customer)] == [("IDR", 0)]


def test_a_wallet_is_made_once(customer: Customer) -> None:
    assert services.wallet_of(customer).pk == services.wallet_of(customer).pk
    assert services.wallet_of(customer).code == f"wallet:{customer.public_id}"


# --- buying: hold, capture, release ------------------------------------------------------------------------------


def test_a_purchase_with_a_split(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    held = hold(customer, 4_000, "order-1")
    assert of(customer) == (10_000, 4_000)
    sold = capture("order-1", "sale-1", ("clearing:otpzap", 2_500), ("revenue:otp", 1_500))
    assert of(customer) == (6_000, 0)
    assert figures("clearing:otpzap") == (2_500, 0)
    assert figures("revenue:otp") == (1_500, 0)
    row = Hold.objects.get(pk=held.hold_id)
    assert (row.state, row.captured) == ("captured", 4_000)
    assert row.closed_at is not None
    assert Transaction.objects.get(pk=sold.transaction_id).hold == row


def test_a_capture_in_part_frees_the_rest(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    capture("order-1", "sale-1", ("revenue:otp", 1_000))
    assert of(customer) == (9_000, 0)
    row = Hold.objects.get(reference="order-1")
    assert (row.amount, row.captured, row.state) == (4_000, 1_000, "captured")


def test_two_shares_of_one_account_are_added_up(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    capture("order-1", "sale-1", ("revenue:otp", 1_000), ("revenue:otp", 500))
    assert of(customer) == (8_500, 0)
    assert figures("revenue:otp") == (1_500, 0)


def test_a_release_gives_everything_back_and_is_quiet_the_second_time(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    services.release_hold(hold_reference="order-1")
    services.release_hold(hold_reference="order-1")
    services.release_hold(hold_reference="order-1", expired=True)
    assert of(customer) == (10_000, 0)
    assert Hold.objects.get(reference="order-1").state == "released"


def test_held_money_cannot_be_spent_twice(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 7_000, "order-1")
    with pytest.raises(errors.InsufficientFunds) as caught, transaction.atomic():
        transfer(customer, other_customer, 3_001, "t")
    assert (caught.value.available, caught.value.needed) == (3_000, 3_001)
    transfer(customer, other_customer, 3_000, "t")
    assert of(customer) == (7_000, 7_000)


@pytest.mark.parametrize(
    ("close", "state"),
    [
        (lambda: capture("order-1", "sale-1", ("revenue:otp", 4_000)), "captured"),
        (lambda: services.release_hold(hold_reference="order-1"), "released"),
        (lambda: services.release_hold(hold_reference="order-1", expired=True), "expired"),
    ],
)
def test_a_hold_ends_once(customer: Customer, close: Callable[[], Any], state: str) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    close()
    with pytest.raises(errors.HoldClosed), transaction.atomic():
        capture("order-1", "sale-2", ("revenue:otp", 1))
    assert Hold.objects.get(reference="order-1").state == state


def test_what_was_captured_is_not_released(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    capture("order-1", "sale-1", ("revenue:otp", 4_000))
    with pytest.raises(errors.HoldClosed), transaction.atomic():
        services.release_hold(hold_reference="order-1")


def test_more_than_was_held_is_not_captured(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    with pytest.raises(errors.UnbalancedTransaction), transaction.atomic():
        capture("order-1", "sale-1", ("revenue:otp", 4_001))
    assert of(customer) == (10_000, 4_000)


def test_nothing_is_not_captured(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    with pytest.raises(errors.UnbalancedTransaction), transaction.atomic():
        capture("order-1", "sale-1")


def test_a_capture_goes_to_the_house_only(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "order-1")
    with pytest.raises(errors.InvalidAmount):
        capture("order-1", "sale-1", (f"wallet:{other_customer.public_id}", 4_000))


def test_unknown_holds() -> None:
    with pytest.raises(errors.UnknownHold):
        capture("nothing", "sale-1", ("revenue:otp", 1))
    with pytest.raises(errors.UnknownHold), transaction.atomic():
        services.release_hold(hold_reference="nothing")
    with pytest.raises(errors.UnknownHold), transaction.atomic():
        ledger.post(reference="x", kind="x", legs={1: Decimal(1)}, hold_reference="nothing")


# --- holds whose time is over --------------------------------------------------------------------------------


def test_the_sweep_gives_back_what_is_due(customer: Customer) -> None:
    now = datetime.now(UTC)
    credit(customer, 10_000, "in")
    for name, ends in {"past": now - timedelta(1), "future": now + timedelta(1), "never": None}.items():
        hold(customer, 1_000, name, expires_at=ends)
    hold(customer, 1_000, "used", expires_at=now - timedelta(1))
    capture("used", "sale", ("revenue:otp", 1_000))
    assert holds.expire_due_holds() == 1
    assert holds.expire_due_holds() == 0
    states = dict(Hold.objects.values_list("reference", "state"))
    assert states == {"past": "expired", "future": "open", "never": "open", "used": "captured"}
    assert of(customer) == (9_000, 2_000)


def test_the_sweep_takes_the_oldest_first_and_not_all_at_once(customer: Customer) -> None:
    now = datetime.now(UTC)
    credit(customer, 10_000, "in")
    for days in (1, 3, 2):
        hold(customer, 1_000, f"{days} days", expires_at=now - timedelta(days))
    assert holds.expire_due_holds(limit=2) == 2
    assert Hold.objects.get(state="open").reference == "1 days"


def test_the_tasks(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 1_000, "past", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    tasks.sweep()
    assert Hold.objects.get().state == "expired"
    tasks.check_ledger()
    assert LedgerCheck.objects.get().problems == []


# --- references -----------------------------------------------------------------------------------------------


def test_a_repeated_call_answers_as_the_first(customer: Customer, other_customer: Customer) -> None:
    first = credit(customer, 10_000, "in")
    calls: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
        (lambda: credit(customer, 10_000, "in"), lambda: credit(customer, 10_001, "in")),
        (lambda: hold(customer, 4_000, "h"), lambda: hold(customer, 4_000, "h", subject="order:2")),
        (lambda: capture("h", "sale", ("revenue:otp", 4_000)), lambda: capture("h", "sale", ("revenue:otp", 3_999))),
        (lambda: transfer(customer, other_customer, 5, "t"), lambda: transfer(other_customer, customer, 5, "t")),
        (lambda: _undo("t", "undo"), lambda: _undo("in", "undo")),
    ]
    for repeat, other in calls:
        answer = repeat()
        before = ledger_state.look()
        again = repeat()
        assert again.replayed
        assert again.reference == answer.reference
        assert {**vars(again), "replayed": None} == {**vars(answer), "replayed": None}
        with pytest.raises(errors.ReferenceConflict), transaction.atomic():
            other()
        assert ledger_state.look() == before
    assert credit(customer, 10_000, "in").transaction_id == first.transaction_id


def _undo(original: str, reference: str) -> services.Posted:
    return services.reverse(reference_of_original=original, reference=reference, reason="a mistake", caused_by=None)


def test_a_repeated_call_answers_even_when_the_money_is_gone(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 100, "in")
    transfer(customer, other_customer, 100, "t")
    assert transfer(customer, other_customer, 100, "t").replayed


def test_a_reference_has_one_meaning_over_all_kinds(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 100, "r")
    with pytest.raises(errors.ReferenceConflict), transaction.atomic():
        transfer(customer, other_customer, 100, "r")


def test_a_refused_reference_is_free_to_be_used_again(customer: Customer, other_customer: Customer) -> None:
    with pytest.raises(errors.InsufficientFunds), transaction.atomic():
        transfer(customer, other_customer, 100, "t")
    credit(customer, 100, "in")
    assert not transfer(customer, other_customer, 100, "t").replayed


# --- transfers and reversals ----------------------------------------------------------------------------------


def test_a_transfer(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 100, "in")
    transfer(customer, other_customer, 40, "t", caused_by=customer.user)
    assert of(customer) == (60, 0)
    assert of(other_customer) == (40, 0)
    assert Transaction.objects.get(reference="t").caused_by == customer.user


def test_not_to_oneself(customer: Customer) -> None:
    credit(customer, 100, "in")
    with pytest.raises(errors.InvalidAmount):
        transfer(customer, customer, 40, "t")


def test_what_is_missing_is_named(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 100, "in")
    for ask in (lambda: transfer(customer, other_customer, 101, "t"), lambda: hold(customer, 101, "h")):
        with pytest.raises(errors.InsufficientFunds) as caught, transaction.atomic():
            ask()
        assert (caught.value.available, caught.value.needed) == (100, 101)
        assert isinstance(caught.value.available, Decimal)


def test_a_reversal_is_the_mirror_image(customer: Customer) -> None:
    credit(customer, 10_000, "in")
    hold(customer, 4_000, "h")
    capture("h", "sale", ("clearing:otpzap", 2_500), ("revenue:otp", 1_500))
    undone = _undo("sale", "undo")
    assert of(customer) == (10_000, 0)
    assert figures("revenue:otp") == (0, 0)
    row = Transaction.objects.get(pk=undone.transaction_id)
    assert row.reverses is not None
    assert (row.kind, row.reverses.reference, row.subject, row.memo) == ("reversal", "sale", "order:1", "a mistake")
    assert Hold.objects.get(reference="h").state == "captured"


def test_a_reversal_happens_once_and_is_itself_final(customer: Customer) -> None:
    credit(customer, 100, "in")
    _undo("in", "undo")
    with pytest.raises(errors.AlreadyReversed), transaction.atomic():
        _undo("in", "again")
    with pytest.raises(errors.AlreadyReversed), transaction.atomic():
        _undo("undo", "undo-undo")
    with pytest.raises(errors.UnknownTransaction):
        _undo("nothing", "x")


def test_a_reversal_needs_the_money_to_be_there(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 100, "in")
    transfer(customer, other_customer, 60, "t")
    with pytest.raises(errors.InsufficientFunds) as caught, transaction.atomic():
        _undo("in", "undo")
    assert (caught.value.available, caught.value.needed) == (40, 100)


# --- amounts ----------------------------------------------------------------------------------------------------

BAD: list[tuple[Any, str]] = [
    *((value, "IDR") for value in (100.0, 100, "100", None, Decimal("100.5"), Decimal(0), Decimal(-1))),
    *((Decimal(text), "IDR") for text in ("NaN", "sNaN", "Infinity", "1E+16")),
    *((Decimal(text), "SLE") for text in ("0.001", "1.005", "-0.01")),
    *((Decimal(1), currency) for currency in ("EUR", "idr", "")),
]


@pytest.mark.parametrize(("amount", "currency"), BAD)
def test_what_is_no_amount(customer: Customer, other_customer: Customer, amount: Any, currency: str) -> None:
    common: dict[str, Any] = {"amount": amount, "currency": currency, "reference": "x", "memo": ""}
    with pytest.raises(errors.InvalidAmount):
        services.credit_from_provider(customer=customer, channel="bank", kind="deposit", subject="", **common)
    with pytest.raises(errors.InvalidAmount):
        services.hold_funds(customer=customer, subject="", **common)
    with pytest.raises(errors.InvalidAmount):
        services.transfer(sender=customer, recipient=other_customer, caused_by=None, **common)
    assert Account.objects.count() == 0, "a refused amount opened an account"


@pytest.mark.parametrize("amount", [1.0, Decimal("0.5"), Decimal(0), Decimal("NaN")])
def test_what_is_no_share_of_a_capture(customer: Customer, amount: Any) -> None:
    credit(customer, 100, "in")
    hold(customer, 100, "h")
    with pytest.raises(errors.InvalidAmount):
        services.capture_hold(
            hold_reference="h", reference="s", kind="order", splits=[("revenue:otp", amount)], subject="", memo=""
        )


def test_the_database_rounds_nothing_either(customer: Customer) -> None:
    credit(customer, 100, "in")
    wallet, bank = services.wallet_of(customer), Account.objects.get(code="clearing:bank")
    for cents in ("0.5", "0.001"):
        with pytest.raises(errors.InvalidAmount), transaction.atomic():
            ledger.post(reference="x", kind="x", legs={wallet.pk: Decimal(cents), bank.pk: -Decimal(cents)})
        with pytest.raises(errors.InvalidAmount), transaction.atomic():
            ledger.hold(code=wallet.code, currency="IDR", amount=Decimal(cents), reference="x")


def test_the_largest_amount_fits(customer: Customer) -> None:
    largest = Decimal(10) ** 16 - 1
    credit(customer, largest, "in")
    assert of(customer) == (largest, 0)
    with pytest.raises(errors.InvalidAmount), transaction.atomic():
        credit(customer, 1, "one too many")


# --- frozen and closed --------------------------------------------------------------------------------------------


@pytest.fixture
def frozen(customer: Customer) -> Customer:
    """Ayu with 100, 60 of it held under "h", then frozen."""
    credit(customer, 100, "in")
    hold(customer, 60, "h")
    Account.objects.filter(customer=customer).update(status="frozen")
    return customer


def test_a_frozen_wallet_pays_nothing_new(frozen: Customer, other_customer: Customer) -> None:
    for ask in (
        lambda: transfer(frozen, other_customer, 1, "t"),
        lambda: hold(frozen, 1, "h2"),
        lambda: _undo("in", "u"),
    ):
        with pytest.raises(errors.AccountFrozen), transaction.atomic():
            ask()


def test_a_frozen_wallet_still_takes_money(frozen: Customer) -> None:
    credit(frozen, 5, "more")
    assert of(frozen) == (105, 60)


def test_a_frozen_wallet_pays_what_it_had_promised(frozen: Customer) -> None:
    capture("h", "sale", ("revenue:otp", 60))
    assert of(frozen) == (40, 0)


def test_a_frozen_wallet_gets_its_holds_back(frozen: Customer) -> None:
    services.release_hold(hold_reference="h")
    assert of(frozen) == (100, 0)


def test_a_closed_wallet_takes_nothing(customer: Customer, other_customer: Customer) -> None:
    credit(other_customer, 10, "in")
    Account.objects.filter(pk=services.wallet_of(customer).pk).update(status="closed")
    for ask in (lambda: credit(customer, 1, "c"), lambda: transfer(other_customer, customer, 1, "t")):
        with pytest.raises(errors.AccountFrozen), transaction.atomic():
            ask()


# --- how it is done ---------------------------------------------------------------------------------------------


def test_a_movement_between_known_accounts_is_one_statement(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 1_000, "in")
    services.wallet_of(other_customer)
    asks: list[Callable[[], Any]] = [
        lambda: credit(customer, 1, "a"),
        lambda: transfer(customer, other_customer, 1, "b"),
        lambda: hold(customer, 1, "c"),
        lambda: services.release_hold(hold_reference="c"),
    ]
    for ask in asks:
        with CaptureQueriesContext(connection) as queries:
            ask()
        assert len(queries) == 1, [query["sql"] for query in queries]


def test_behind_a_pooler_nothing_is_prepared(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    before = ledger_state.value("SELECT count(*) FROM pg_prepared_statements")
    for number in range(8):
        credit(customer, 1, f"c{number}")
    assert ledger_state.value("SELECT count(*) FROM pg_prepared_statements") == before


def test_time_never_runs_against_the_order_of_postings(customer: Customer) -> None:
    """A clock set back: what the account saw last is the earliest moment of what comes next."""
    credit(customer, 1, "a")
    with ledger_state.guards_down():
        ledger_state.run("UPDATE wallets_account SET moved_at = moved_at + interval '1 hour'")
    credit(customer, 1, "b")
    credit(customer, 1, "c")
    wallet = services.wallet_of(customer)
    times = list(Posting.objects.filter(account=wallet).order_by("version").values_list("created_at", flat=True))
    assert times[1] == times[2] == wallet.moved_at
    assert times[1] - times[0] == timedelta(hours=1)


def test_errors_tell_people_in_words_and_programs_by_code(customer: Customer, other_customer: Customer) -> None:
    with pytest.raises(errors.InsufficientFunds) as caught, transaction.atomic():
        transfer(customer, other_customer, 1, "t")
    assert str(caught.value.message) == "Your balance does not cover this."
    assert caught.value.code == "insufficient_funds"
