"""The homes: figures that agree with the lists behind them, in the reader's zone, at a fixed price."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Client, Customer, PortalUser, Role, User
from cards.models import State as CardState
from config.lib import charts, clock
from otp.models import Reason as OrderReason
from otp.models import State as OrderState
from payments.models import Deposit
from payouts.models.states import Reason, State
from reports.charts import days_back
from reports.overviews import companies, customers, operations
from tests.accounts.cast import browser_of, company, person
from tests.kyc import reviewing
from tests.otp.helpers import fund
from tests.otp.making import make_order
from tests.payments.gate import open_number
from tests.payouts.house import payment
from tests.reports.things import charged

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | Customer], Browser]
# 23:30 in Jakarta: in UTC it is still the afternoon.
EVENING = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def price_of(browser: Browser, path: str) -> int:
    """How many queries a page takes when nothing of it is remembered."""
    browser.get(path)
    cache.clear()
    with CaptureQueriesContext(connection) as spent:
        assert browser.get(path).status_code == 200
    return len(spent)


def figures_of(context: Any, name: str = "figures") -> dict[str, str]:
    return {figure.label: figure.text for figure in context[name]}


# --- customers ------------------------------------------------------------------------------------------------


@pytest.fixture
def ayu(customer: Customer) -> Customer:
    """Two numbers with a code, one without, one of another service, and one of long ago."""
    fund(customer)
    now = clock.now()
    for wait in (20, 40):
        begun = now - timedelta(seconds=wait)
        make_order(customer, state=OrderState.SUCCESS, price=Decimal(3000), activated_at=begun, captured_at=now)
    make_order(customer, state=OrderState.EXPIRED, reason=OrderReason.NO_CODE)
    make_order(customer, state=OrderState.SUCCESS, service_name="Telegram", price=Decimal(1000))
    make_order(customer, state=OrderState.SUCCESS, created_at=now - timedelta(days=40))
    return customer


def test_a_customer_sees_what_was_spent_and_how_often_a_code_came(ayu: Customer) -> None:
    found = customers.home(ayu)
    told = figures_of(found)
    assert told["Spent on numbers"] == "Rp7.000"
    assert told["With code"] == "3"
    assert told["Success"] == "75 %"
    assert told["Usual wait for a code"] == "20\u00a0s"
    assert [(row.label, row.cells[0].text) for row in found["spending"].rows] == [
        ("WhatsApp", "Rp6.000"),
        ("Telegram", "Rp1.000"),
    ]
    assert [cell.text for cell in found["codes"].rows[-1].cells] == ["3", "1"]
    assert found["balance_line"].rows[-1].cells[0].text == "Rp100.000"


def test_the_figures_lead_to_lists_with_as_many_rows(ayu: Customer, client_for: ClientFor) -> None:
    browser = client_for(ayu)
    page = browser.get("/")
    by_label = {figure.label: figure for figure in page.context["figures"]}
    for label, rows in (("With code", 3), ("Spent on numbers", 4)):
        assert len(browser.get(by_label[label].url).context["rows"]) == rows
    service = page.context["spending"].rows[0]
    assert len(browser.get(service.url).context["rows"]) == 3
    today = page.context["codes"].rows[-1].cells
    assert [len(browser.get(cell.url).context["rows"]) for cell in today] == [3, 1]


def test_the_home_of_a_new_customer_has_no_empty_charts(customer: Customer, client_for: ClientFor) -> None:
    page = text_of(client_for(customer).get("/"))
    assert "The last 30 days" not in page
    assert "chart-drawing" not in page


def test_a_strangers_orders_count_for_nobody_else(ayu: Customer, other_customer: Customer) -> None:
    assert figures_of(customers.home(other_customer))["Spent on numbers"] == "Rp0"


def test_days_follow_the_readers_zone(customer: Customer) -> None:
    with time_machine.travel(EVENING, tick=False):
        make_order(customer, state=OrderState.SUCCESS, created_at=clock.now() - timedelta(hours=1))
        with timezone.override("Asia/Jakarta"):
            jakarta = customers.home(customer)["codes"]
        with timezone.override("Asia/Jayapura"):
            jayapura = customers.home(customer)["codes"]
    assert (jakarta.rows[-1].label, jakarta.rows[-1].cells[0].text) == ("21 Nov 2026", "1")
    assert (jayapura.rows[-1].label, jayapura.rows[-1].cells[0].text) == ("22 Nov 2026", "1")
    assert str(jakarta.heading) == "Day (WIB)"


def test_the_home_costs_the_same_for_ten_and_a_thousand_orders(customer: Customer, client_for: ClientFor) -> None:
    browser = client_for(customer)
    over = clock.now() - timedelta(hours=1)
    for number in range(10):
        make_order(customer, state=OrderState.SUCCESS, service_name=f"Service {number}", shown_until=over)
    ten = price_of(browser, "/")
    template = make_order(customer, state=OrderState.SUCCESS, shown_until=over)
    _many(template, 990)
    assert price_of(browser, "/") == ten <= 14


def _many(row: Any, number: int) -> None:
    """Copies of a row, each under names of its own."""
    fields = [field.column for field in row._meta.fields if field.column != "id"]
    own = {"public_id": "gen_random_uuid()", "version": "version"}
    for name in ("reference", "idempotency_key", "hold_reference", "provider_order_id"):
        own[name] = f"left({name}, 20) || '-' || n" if name in fields else ""
    values = ", ".join(own.get(name) or f'"{name}"' for name in fields)
    names = ", ".join(f'"{name}"' for name in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {row._meta.db_table} ({names}) "
            f"SELECT {values} FROM {row._meta.db_table}, generate_series(1, %s) n WHERE id = %s",
            [number, row.pk],
        )


def test_what_was_counted_is_kept_for_a_minute_and_says_when(customer: Customer) -> None:
    with time_machine.travel(EVENING, tick=False) as clock_hands:
        before = customers.home(customer)
        make_order(customer, state=OrderState.SUCCESS)
        clock_hands.shift(10)
        again = customers.home(customer)
        assert figures_of(again) == figures_of(before)
        assert again["codes"].as_of == EVENING


# --- clients --------------------------------------------------------------------------------------------------


def test_a_client_sees_volume_success_and_reasons(wages: Any, browser: Browser) -> None:
    page = browser.get("/company/")
    told = figures_of(page.context, "payout_figures")
    assert told["Payments that arrived"] == "3"
    assert told["Success"] == "60 %"
    assert told["Paid out"] == "SLE 300.00"
    reasons = page.context["failures"].rows
    assert [(row.label, row.cells[0].text) for row in reasons] == [(Reason.NO_ACCOUNT.label, "2")]
    assert figures_of(page.context, "card_figures")["Card payments approved"] == "66 %"
    assert figures_of(page.context, "checkout_figures")["Checkouts paid"] == "1"


def test_every_figure_of_a_client_leads_to_its_rows(wages: Any, browser: Browser) -> None:
    page = browser.get("/company/")
    by_label = {figure.label: figure for figure in page.context["payout_figures"]}
    assert len(browser.get(by_label["Payments that arrived"].url).context["lines"]) == 3
    assert len(browser.get(page.context["failures"].rows[0].url).context["lines"]) == 2
    paid, _on_the_way, failed = page.context["volume"].rows[-1].cells
    assert len(browser.get(paid.url).context["lines"]) == 2
    assert len(browser.get(failed.url).context["lines"]) == 2
    assert "No account" not in text_of(browser.get(page.context["failures"].rows[0].url)).split("<h1")[0]


def test_given_up_payments_do_not_count_as_failed(nassit: Client, browser: Browser) -> None:
    payment(nassit)
    payment(nassit, state=State.EXPIRED, reason=Reason.CODE_TOO_LATE)
    payment(nassit, state=State.CANCELLED, reason=Reason.CANCELLED)
    page = browser.get("/company/")
    assert figures_of(page.context, "payout_figures")["Success"] == "100 %"
    assert page.context["failures"].is_empty


def test_a_client_sees_nothing_of_another(nassit: Client, browser: Browser) -> None:
    payment(company("Other"))
    charged(company("Third"), CardState.CAPTURED)
    page = browser.get("/company/")
    assert figures_of(page.context, "payout_figures")["Payments that arrived"] == "0"
    assert "card_figures" not in page.context


def test_the_range_is_chosen_in_the_address(nassit: Client, browser: Browser) -> None:
    payment(nassit, ago=timedelta(days=20))
    for query, arrived in (("", "1"), ("?days=7", "0"), ("?days=90", "1"), ("?days=nonsense", "1")):
        page = browser.get(f"/company/{query}")
        assert figures_of(page.context, "payout_figures")["Payments that arrived"] == arrived
    assert companies.days_of("7") == 7


def test_a_clients_home_costs_the_same_for_ten_and_a_thousand(nassit: Client, browser: Browser) -> None:
    for _ in range(10):
        payment(nassit)
    ten = price_of(browser, "/company/")
    _many(payment(nassit), 990)
    assert price_of(browser, "/company/") == ten


def test_who_may_not_see_payments_sees_no_figures_of_them(nassit: Client) -> None:
    payment(nassit)
    page = browser_of(person("bai", client=nassit)).get("/company/")
    assert page.status_code == 404 or "payout_figures" not in page.context


# --- approvers ------------------------------------------------------------------------------------------------


def test_who_looks_at_identities_comes_to_their_figures() -> None:
    browser = browser_of(person("dian", Role.APPROVER))
    assert browser.get("/")["Location"] == "/review/overview/"


def test_numbers_of_the_queue_lead_to_its_cases() -> None:
    browser = browser_of(person("dian", Role.APPROVER))
    for minutes in (5, 30 * 60):
        reviewing.case(minutes=minutes)
    page = browser.get("/review/overview/")
    links = re.findall(r'href="(/review/\?[^"]+)"', page.content.decode())
    assert links
    for link in links:
        assert browser.get(html.unescape(link)).context["page"].items


# --- the desk -------------------------------------------------------------------------------------------------


@pytest.fixture
def desk() -> Browser:
    return browser_of(person("citra", Role.SUPER_ADMIN, Role.COMPANY_ADMIN))


def test_the_desk_sees_the_funnel_the_wait_and_what_failed(desk: Browser, ayu: Customer, nassit: Client) -> None:
    open_number(ayu, "TRX0000000000001", "3702019999999999")
    payment(nassit)
    payment(nassit, state=State.FAILED, reason=Reason.NO_ACCOUNT)
    page = desk.get("/staff/")
    told = figures_of(page.context)
    assert told["Deposits paid"] == "0 %"
    assert told["Orders with code"] == "80 %"
    assert told["Payouts that arrived"] == "50 %"
    assert [row.cells[0].text for row in page.context["funnel"].rows][:3] == ["1", "0", "0"]
    waits = {str(row.label): row.cells[0].text for row in page.context["waits"].rows}
    assert waits["up to 30\u00a0s"] == "1"
    assert [row.cells[0].text for row in page.context["payout_failures"].rows] == ["1"]


def test_numbers_of_the_desk_lead_to_their_rows(desk: Browser, ayu: Customer, nassit: Client) -> None:
    open_number(ayu, "TRX0000000000001", "3702019999999999")
    payment(nassit, state=State.FAILED, reason=Reason.NO_ACCOUNT)
    page = desk.get("/staff/")
    assert len(desk.get(page.context["funnel"].rows[0].url).context["rows"]) == 1
    assert len(desk.get(page.context["payout_failures"].rows[0].url).context["lines"]) == 1
    by_label = {figure.label: figure for figure in page.context["figures"]}
    # Four came in this time, one of them ordered long before.
    assert len(desk.get(by_label["Orders with code"].url).context["page"].items) == 4


def test_what_waits_is_named_with_its_age_and_its_list(desk: Browser, nassit: Client) -> None:
    doubtful: dict[str, Any] = {
        "sent_at": clock.now(),
        "in_doubt_since": clock.now() - timedelta(hours=2),
        "is_reserved": True,
    }
    payment(nassit, state=State.IN_DOUBT, **doubtful)
    company("Newcomer", status=Client.Status.PENDING)
    waiting = {str(one.text): one for one in desk.get("/staff/").context["waiting"]}
    assert waiting["Payouts being checked"].number == 1
    assert len(desk.get(waiting["Payouts being checked"].url).context["lines"]) == 1
    assert desk.get(waiting["Clients to approve"].url).status_code == 200


def test_nobody_is_led_to_a_list_of_others() -> None:
    company("Newcomer", status=Client.Status.PENDING)
    for number, role in enumerate((Role.AUDITOR, Role.COMPANY_ADMIN)):
        browser = browser_of(person(f"reader{number}", role))
        waiting = browser.get("/staff/").context["waiting"]
        assert [browser.get(one.url).status_code for one in waiting] == [200] * number


def test_the_desk_shows_each_what_it_may_see() -> None:
    page = browser_of(person("dewi", Role.APPROVER)).get("/staff/")
    for name in ("funnel", "waits", "payout_days", "breaks_age", "changes", "requests", "providers"):
        assert name not in page.context
    assert page.context["figures"] == []


def test_the_sandbox_counts_nowhere(desk: Browser, ayu: Customer, nassit: Client) -> None:
    toy = Customer.objects.create(user=ayu.user, is_sandbox=True)
    make_order(toy, state=OrderState.EXPIRED)
    make_order(toy, state=OrderState.PENDING)
    payment(nassit, is_sandbox=True, state=State.FAILED, reason=Reason.NO_ACCOUNT)
    _play_money(nassit)
    page = desk.get("/staff/").context
    told = figures_of(page)
    assert told["Orders with code"] == "80 %"
    assert told["Payouts that arrived"] == "–"
    assert told["Deposits paid"] == "–"
    assert page["orders"] == []
    assert "Deposits that need a look" not in [str(one.text) for one in page["waiting"]]


def _play_money(client: Client) -> None:
    """A checkout of the sandbox, paid by a simulated bank, and one that is odd."""
    for attention in ("", "overpaid"):
        Deposit.objects.create(
            client=client,
            amount=Decimal(5_000),
            currency="IDR",
            method="sandbox",
            memo="Order 7",
            attention=attention,
            expires_at=clock.now() + timedelta(hours=1),
        )


def test_success_by_service_and_country_wants_enough_orders(desk: Browser, customer: Customer) -> None:
    for number in range(5):
        make_order(customer, state=OrderState.SUCCESS if number else OrderState.EXPIRED)
    make_order(customer, state=OrderState.SUCCESS, service_name="Telegram")
    places = desk.get("/staff/").context["places"]
    assert [(row.label, row.cells[0].text) for row in places.rows] == [("WhatsApp", "80 %"), ("Telegram", "–")]


def test_the_desk_costs_the_same_for_ten_and_a_thousand(desk: Browser, customer: Customer, nassit: Client) -> None:
    for _ in range(10):
        payment(nassit)
        make_order(customer, state=OrderState.SUCCESS)
    ten = price_of(desk, "/staff/")
    _many(payment(nassit), 990)
    _many(make_order(customer, state=OrderState.SUCCESS), 990)
    assert price_of(desk, "/staff/") == ten


def test_a_desk_without_anything_says_so(desk: Browser) -> None:
    page = text_of(desk.get("/staff/"))
    assert "Nobody asked for a deposit in this time." in page
    assert "Nothing waits" in page
    assert "style=" not in page


@pytest.mark.parametrize("days", [1, 7, 30], ids=str)
def test_the_desk_looks_back_as_far_as_asked(desk: Browser, days: int) -> None:
    page = desk.get(f"/staff/?days={days}")
    assert page.context["overview_days"] == days
    assert operations.days_of("2") == operations.USUAL


# --- the drawing ----------------------------------------------------------------------------------------------


def test_bars_are_as_high_as_their_figures_and_nothing_is_drawn_of_nothing() -> None:
    points = [charts.Point(str(number), (number,)) for number in (0, 1, 50, 100)]
    chart = charts.bars(points, series=[charts.Series("Cases")], heading="Day")
    assert [mark.height for mark in chart.marks] == [2, 60, 120]
    assert chart.top == "100"
    assert [row.cells[0].text for row in chart.rows] == ["0", "1", "50", "100"]


def test_a_pile_ends_where_its_sum_does() -> None:
    chart = charts.stacked(
        [charts.Point("a", (60, 40)), charts.Point("b", (0, 0))],
        series=[charts.Series("Paid"), charts.Series("Failed")],
        heading="Day",
    )
    assert [(mark.y, mark.height) for mark in chart.marks] == [(66, 72), (18, 48)]
    assert [key.total for key in chart.keys] == ["60", "40"]


def test_a_line_is_broken_where_there_is_no_figure() -> None:
    values = [10, 20, None, 30, 40]
    points = [charts.Point(str(place), (value,)) for place, value in enumerate(values)]
    chart = charts.line(points, series=[charts.Series("Success")], heading="Day", unit="percent")
    assert len(chart.stretches) == 2
    assert len(chart.marks) == 4
    assert chart.rows[2].cells[0].text == "–"


@pytest.mark.parametrize(
    ("highest", "top"), [(1, "1"), (7, "8"), (11, "20"), (99, "100"), (101, "200"), (4500, "5000")], ids=str
)
def test_the_scale_ends_at_a_round_figure(highest: int, top: str) -> None:
    chart = charts.bars([charts.Point("a", (highest,))], series=[charts.Series("Cases")], heading="Day")
    assert chart.top == top


def test_an_empty_chart_knows_it() -> None:
    assert charts.ranked([], series=charts.Series("Cases"), heading="Reason").is_empty
    assert charts.line(
        days_back(7).points({}, nothing=(None,)), series=[charts.Series("Success")], heading="Day", unit="percent"
    ).is_empty


def test_the_cost_of_a_clients_home(nassit: Client, fatu: PortalUser) -> None:
    assert price_of(browser_of(fatu), "/company/") <= 30
