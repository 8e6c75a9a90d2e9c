from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Customer, User
from otp.models import Order, PriceRule
from tests.otp.helpers import age, buy, deliver, fresh, look, place
from tests.simulators import Simulator


@pytest.fixture
def desk(staff_user: User, client_for: Callable[[Any], Client]) -> Client:
    return client_for(staff_user)


def test_staff_read_orders_and_change_nothing(shop: Simulator, ayu: Customer, desk: Client) -> None:
    order = buy(ayu)
    deliver(shop, order, "915273")
    look(order)
    listing = desk.get(reverse("admin:otp_order_changelist"), {"q": order.reference})
    assert order.reference in listing.content.decode()
    page = reverse("admin:otp_order_change", args=[order.pk])
    shown = desk.get(page)
    assert shown.status_code == 200
    assert "915273" not in shown.content.decode()  # codes are the customer's alone
    assert desk.post(page, {"price": "1"}).status_code == 403
    assert desk.post(reverse("admin:otp_order_delete", args=[order.pk]), {"post": "yes"}).status_code == 403
    assert Order.objects.get().price == order.price


def test_what_needs_attention_is_found(shop: Simulator, ayu: Customer, desk: Client) -> None:
    order, late = place(ayu), buy(ayu)
    expires_at = fresh(late).expires_at
    age(late, expires_at=timedelta(hours=1))
    for kind, wanted, other in (("overdue", late, order), ("stuck", None, order)):
        listing = desk.get(reverse("admin:otp_order_changelist"), {"attention": kind}).content.decode()
        assert (wanted is None) or wanted.reference in listing
        assert other.reference not in listing
    assert late.reference in "".join(_problems())
    Order.objects.filter(pk=late.pk).update(expires_at=expires_at)


def _problems() -> list[str]:
    from otp import checks

    return list(checks.ledger_problems())


def test_every_change_of_a_price_is_on_record(desk: Client) -> None:
    fields = {
        "server": "1",
        "service_id": "1",
        "service_name": "WhatsApp",
        "percent": "25",
        "fixed": "100",
        "step": "50",
    }
    desk.post(reverse("admin:otp_pricerule_add"), fields)
    rule = PriceRule.objects.get()
    desk.post(reverse("admin:otp_pricerule_change", args=[rule.pk]), {**fields, "percent": "0"})
    desk.post(reverse("admin:otp_pricerule_delete", args=[rule.pk]), {"post": "yes"})
    desk.post(reverse("admin:otp_pricerule_add"), fields)
    chosen = {"action": "delete_selected", "_selected_action": [PriceRule.objects.get().pk], "post": "yes"}
    desk.post(reverse("admin:otp_pricerule_changelist"), chosen)
    assert not PriceRule.objects.exists()
    entries = AuditEntry.objects.filter(action__startswith="price_rule.").order_by("id")
    assert [entry.action.partition(".")[2] for entry in entries] == [
        "created",
        "changed",
        "deleted",
        "created",
        "deleted",
    ]
    assert (entries[1].before["percent"], entries[1].after["percent"]) == ("25.00", "0")
    assert {entry.actor_label for entry in entries} == {"citra@example.id"}


def test_staff_set_prices(desk: Client) -> None:
    add = reverse("admin:otp_pricerule_add")
    fields = {
        "server": "1",
        "service_id": "1",
        "service_name": "WhatsApp",
        "percent": "25",
        "fixed": "100",
        "step": "50",
    }
    assert desk.post(add, fields).status_code == 302
    assert PriceRule.objects.get().percent == 25
    for wrong in ({"percent": "-1"}, {"step": "0"}, {"fixed": "1.5"}, {"service_id": "1"}, {"server": ""}):
        assert desk.post(add, {**fields, "service_id": "2", **wrong}).status_code == 200
    assert PriceRule.objects.count() == 1
