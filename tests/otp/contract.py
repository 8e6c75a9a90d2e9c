"""What our client may expect of anything that speaks OTPZap's language: the simulator, and our own API.

`Contract` is a class of tests. Whoever wants to be held against it subclasses it with a fixture ``shop`` that leads
the client's settings to the server, empties what is kept, and gives a `Shop`: the hands behind the counter.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest

from config.lib.clock import now
from config.lib.errors import ProviderError
from config.lib.ids import new_reference
from otp.providers.otpzap import adapter, client
from otp.providers.otpzap import operations as ops
from otp.providers.types import MailDomain, PricedService, Product, Snapshot

REFUSED_INPUT = (400, 404, 422)


class Shop(Protocol):
    """What happens behind the counter. Ids are those the client sees.

    ``service`` is sold in ``country`` at Servers 1 and 2; ``site`` is one that mail is rented for. At the start the
    account has money enough, and no notes are set up.
    """

    service: str
    country: str
    site: str

    def deliver(self, order_id: str, code: str | None, message: str) -> None:
        """An SMS arrives at a number."""

    def deliver_mail(self, ref: str, *, sender: str, subject: str, text: str) -> None:
        """A mail arrives at an inbox."""

    def let_cancel(self) -> None:
        """From now on cancelling and replacing need not wait."""

    def expire(self, order_id: str) -> None:
        """The window of a number ends."""

    def expire_mail(self, ref: str) -> None:
        """The window of an inbox ends."""

    def drain(self) -> None:
        """Take all money from the account."""

    def pay(self, topup_id: str) -> None:
        """Somebody pays a deposit."""


def refusal(call: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        call()
    assert not refused.value.outcome_unknown
    return refused.value


def key() -> str:
    return new_reference("K")


# --- how to come by things ---------------------------------------------------------------------------------------


def products(shop: Shop) -> list[Product]:
    country = next(one for one in adapter.countries() if one.name == shop.country)
    service = next(one for one in adapter.services(country.id) if one.name == shop.service)
    found = adapter.products(service.id, country.id)
    assert found
    return found


def rental(shop: Shop) -> tuple[str, PricedService]:
    """A country of Server 2 and the service there."""
    country = next(one for one in adapter.s2_countries() if one.name == shop.country)
    service = next(one for one in adapter.s2_services(country.id) if one.name == shop.service)
    return country.id, service


def domains(shop: Shop) -> list[MailDomain]:
    """Domains that have inboxes, those with a cancellation fee first."""
    found = [one for one in adapter.mail_domains(shop.site) if not one.sold_out]
    assert found
    return sorted(found, key=lambda one: -one.cancel_fee)


def number(shop: Shop) -> Snapshot:
    return adapter.create_order(product_id=products(shop)[0].id, reference=key())


def rented(shop: Shop) -> Snapshot:
    country_id, service = rental(shop)
    return adapter.create_order(
        server=2, service_id=service.id, country_id=country_id, operator_id="any", reference=key()
    )


def inbox(shop: Shop, **more: Any) -> Snapshot:
    return adapter.create_mail(site=shop.site, domains=[domains(shop)[0].domain], reference=key(), **more)


def balance() -> Decimal:
    return adapter.balance().amount


def codes(found: Snapshot) -> list[str | None]:
    return [message.code for message in found.messages]


class Contract:
    """Section numbers are those of the OTPZap contract."""

    # --- 1, 11: envelope, key, errors ----------------------------------------------------------------------------

    def test_a_wrong_key_is_told(self, shop: Shop, settings: Any) -> None:
        settings.OTPZAP_API_KEY = "no-such-key"
        refused = refusal(adapter.balance)
        assert (refused.status, refused.code, refused.retryable) == (401, "UNAUTHORIZED", False)

    def test_numbers_on_the_wire_are_numbers_and_times_are_of_jakarta(self, shop: Shop) -> None:
        found = client.call(ops.CHECK_NOW, params={"order_id": number(shop).order_id})
        assert isinstance(found["order_id"], int)
        assert isinstance(found["price"], int)
        assert found["created_at"].endswith(" WIB")
        assert found["resend_locked_until"] is None
        assert found["otps"] == []
        money = client.call(ops.BALANCE)
        assert (type(money["balance"]), money["currency"]) == (int, "IDR")

    def test_numeric_text_is_taken_for_a_number(self, shop: Shop) -> None:
        product = products(shop)[0]
        found = client.call(ops.CREATE, body={"server": 1, "product_id": str(product.id)}, idempotency_key=key())
        shop.let_cancel()
        assert client.call(ops.CANCEL, body={"order_id": str(found["order_id"])})["status"] == "cancelled"

    # --- 3: account and deposits ---------------------------------------------------------------------------------

    def test_a_deposit_is_made_once_and_credited_once(self, shop: Shop) -> None:
        before, reference = balance(), key()
        made = adapter.create_topup(amount=Decimal(50_000), reference=reference)
        assert adapter.create_topup(amount=Decimal(50_000), reference=reference).order_id == made.order_id
        assert (made.amount, made.status) == (Decimal(50_000), "pending")
        assert made.total >= made.amount
        assert made.payment_url.startswith("http")
        assert made.expires_at
        assert made.expires_at > now()
        asked = adapter.check_topup(made.order_id)
        assert (asked.status, asked.paid_at) == ("pending", None)
        shop.pay(made.order_id)
        paid = adapter.check_topup(made.order_id)
        assert paid.status == "success"
        assert paid.paid_at
        assert balance() == before + 50_000

    @pytest.mark.parametrize("amount", [0, -5, 4_999, 10**12], ids=str)
    def test_a_deposit_has_bounds(self, shop: Shop, amount: int) -> None:
        refused = refusal(lambda: client.call(ops.TOPUP_CREATE, body={"amount": amount}, idempotency_key=key()))
        assert refused.status in REFUSED_INPUT

    def test_another_amount_under_the_same_key_is_refused(self, shop: Shop) -> None:
        reference = key()
        adapter.create_topup(amount=Decimal(50_000), reference=reference)
        assert refusal(lambda: adapter.create_topup(amount=Decimal(60_000), reference=reference)).status in (409, 422)

    def test_an_unknown_deposit_is_not_found(self, shop: Shop) -> None:
        assert refusal(lambda: adapter.check_topup("APIDEP-0-nothing")).status == 404

    # --- 4, 5: catalogues ----------------------------------------------------------------------------------------

    def test_the_catalogue_of_server_1(self, shop: Shop) -> None:
        found = products(shop)
        assert [one.cost for one in found] == sorted(one.cost for one in found)
        assert all(one.cost > 0 and one.id and one.stock is not None for one in found)
        assert {one.service_id for one in found} == {found[0].service_id}

    def test_products_come_in_pages(self, shop: Shop) -> None:
        first = client.call(ops.PRODUCTS, params={"page": "1", "limit": "1"})
        second = client.call(ops.PRODUCTS, params={"page": "2", "limit": "1"})
        assert len(first["products"]) == len(second["products"]) == 1
        assert first["products"] != second["products"]

    def test_the_catalogue_of_server_2(self, shop: Shop) -> None:
        country_id, service = rental(shop)
        assert service.cost > 0
        operators = adapter.s2_operators(country_id)
        assert operators[0].id == "any"
        assert len({one.id for one in operators}) == len(operators)

    def test_special_services_have_prices(self, shop: Shop) -> None:
        assert all(one.cost > 0 and one.name for one in adapter.s2_special())

    def test_domains_say_what_a_cancellation_costs(self, shop: Shop) -> None:
        assert shop.site in adapter.mail_sites()
        for domain in domains(shop):
            assert 0 <= domain.cancel_fee <= domain.cost
            assert domain.activation_rate is None or 0 <= domain.activation_rate <= 100

    # --- 6: numbers ----------------------------------------------------------------------------------------------

    def test_a_number_is_bought_and_paid(self, shop: Shop) -> None:
        before, product = balance(), products(shop)[0]
        found = adapter.create_order(product_id=product.id, reference=key())
        assert found.status == "pending"
        assert found.phone_number.startswith("+")
        assert found.cost == product.cost
        assert found.expires_at
        assert timedelta(minutes=5) < found.expires_at - now() < timedelta(hours=2)
        assert found.cancel_allowed_at
        assert found.messages == ()
        assert balance() == before - product.cost

    def test_asking_again_buys_nothing(self, shop: Shop) -> None:
        before, product, reference = balance(), products(shop)[0], key()
        first = adapter.create_order(product_id=product.id, reference=reference)
        again = adapter.create_order(product_id=product.id, reference=reference)
        assert (again.order_id, again.phone_number) == (first.order_id, first.phone_number)
        assert balance() == before - product.cost

    def test_a_reference_belongs_to_one_purchase(self, shop: Shop) -> None:
        found, reference = products(shop), key()
        adapter.create_order(product_id=found[0].id, reference=reference)
        refused = refusal(lambda: adapter.create_order(product_id=found[-1].id, reference=reference))
        assert refused.status in (409, 422)

    @pytest.mark.parametrize(
        "body",
        [{}, {"server": 1}, {"server": 1, "product_id": 999_999_999}, {"server": 9}, {"server": 2, "service_id": "no"}],
        ids=["empty", "no product", "unknown product", "unknown server", "unknown service"],
    )
    def test_nonsense_buys_nothing(self, shop: Shop, body: dict[str, Any]) -> None:
        before = balance()
        assert refusal(lambda: client.call(ops.CREATE, body=body, idempotency_key=key())).status in REFUSED_INPUT
        assert balance() == before

    def test_a_service_name_must_fit(self, shop: Shop) -> None:
        body = {"server": 1, "product_id": int(products(shop)[0].id), "service_name": "Something else"}
        assert refusal(lambda: client.call(ops.CREATE, body=body, idempotency_key=key())).status == 422

    def test_without_money_nothing_is_bought(self, shop: Shop) -> None:
        product = products(shop)[0]
        shop.drain()
        refused = refusal(lambda: adapter.create_order(product_id=product.id, reference=key()))
        assert refused.status in (400, 402, 403, 409, 422)
        assert not refused.retryable

    def test_a_code_keeps_its_zeros(self, shop: Shop) -> None:
        order = number(shop)
        shop.deliver(order.order_id, "004217", "Your code is 004217")
        found = adapter.check_order(order.order_id)
        assert (found.status, codes(found)) == ("otp_received", ["004217"])
        assert "004217" in found.messages[0].text
        assert found.messages[0].received_at

    def test_a_message_without_a_code_is_delivered_too(self, shop: Shop) -> None:
        order = number(shop)
        shop.deliver(order.order_id, None, "Open https://example.org/confirm to go on")
        found = adapter.check_order(order.order_id)
        assert found.status == "otp_received"
        assert "https://example.org/confirm" in found.messages[0].text

    def test_one_more_message_by_resend(self, shop: Shop) -> None:
        order = number(shop)
        shop.deliver(order.order_id, "111111", "Your code is 111111")
        adapter.check_order(order.order_id)
        assert adapter.resend_order(order.order_id).resend_count == 1
        locked = refusal(lambda: adapter.resend_order(order.order_id))
        assert locked.status == 429
        assert locked.retry_after is not None
        shop.deliver(order.order_id, "222222", "Your code is 222222")
        found = adapter.check_order(order.order_id)
        assert codes(found) == ["111111", "222222"]
        latest = client.call(ops.CHECK_NOW, params={"order_id": order.order_id})
        assert latest["otp_code"] == "222222"

    def test_cancelling_waits_for_the_cooldown(self, shop: Shop) -> None:
        before, order = balance(), number(shop)
        early = refusal(lambda: adapter.cancel_order(order.order_id))
        assert (early.status, early.code) == (429, "CANCEL_TOO_EARLY")
        assert early.retry_after
        assert 0 < early.retry_after <= 120
        assert adapter.check_order(order.order_id).status == "pending"
        shop.let_cancel()
        gone = adapter.cancel_order(order.order_id)
        assert (gone.status, gone.refund) == ("cancelled", order.cost)
        assert adapter.check_order(order.order_id, at_once=True).status == "cancelled"
        assert balance() == before

    def test_what_is_over_cannot_be_cancelled(self, shop: Shop) -> None:
        order = number(shop)
        shop.let_cancel()
        adapter.cancel_order(order.order_id)
        assert refusal(lambda: adapter.cancel_order(order.order_id)).status == 409

    def test_a_delivered_code_closes_the_refund(self, shop: Shop) -> None:
        order = number(shop)
        shop.let_cancel()
        shop.deliver(order.order_id, "111111", "Your code is 111111")
        assert refusal(lambda: adapter.cancel_order(order.order_id)).status == 409
        assert refusal(lambda: adapter.replace_order(order.order_id, reference=key())).status == 409

    def test_finishing_needs_a_code_and_may_be_repeated(self, shop: Shop) -> None:
        order = number(shop)
        assert refusal(lambda: adapter.finish_order(order.order_id)).status == 409
        shop.deliver(order.order_id, "111111", "Your code is 111111")
        adapter.check_order(order.order_id)
        assert adapter.finish_order(order.order_id).status == "success"
        assert adapter.finish_order(order.order_id).status == "success"
        assert refusal(lambda: adapter.resend_order(order.order_id)).status == 409

    def test_a_window_that_ends_gives_the_money_back(self, shop: Shop) -> None:
        before, order = balance(), number(shop)
        shop.expire(order.order_id)
        found = adapter.check_order(order.order_id)
        assert found.status in ("failed", "expired")
        assert balance() == before

    def test_replacing_waits_like_cancelling(self, shop: Shop) -> None:
        order = number(shop)
        early = refusal(lambda: adapter.replace_order(order.order_id, reference=key()))
        assert early.status == 429
        assert early.retry_after

    def test_replacing_costs_nothing_and_happens_once(self, shop: Shop) -> None:
        order, reference = number(shop), key()
        shop.let_cancel()
        before = balance()
        new = adapter.replace_order(order.order_id, reference=reference)
        assert adapter.replace_order(order.order_id, reference=reference).order_id == new.order_id
        assert new.order_id != order.order_id
        assert new.phone_number != order.phone_number
        assert (new.status, new.cost) == ("pending", order.cost)
        assert balance() == before
        old = adapter.check_order(order.order_id)
        assert (old.status, old.replaced_by) == ("cancelled", new.order_id)

    def test_replacing_works_without_money(self, shop: Shop) -> None:
        order = number(shop)
        shop.let_cancel()
        shop.drain()
        assert adapter.replace_order(order.order_id, reference=key()).status == "pending"

    @pytest.mark.parametrize("order_id", ["999999999", "0"])
    def test_somebody_elses_number_is_not_there(self, shop: Shop, order_id: str) -> None:
        for call in (adapter.check_order, adapter.cancel_order, adapter.finish_order, adapter.resend_order):
            assert refusal(lambda call=call: call(order_id)).status in (404, 422)  # type: ignore[misc]
        assert refusal(lambda: adapter.replace_order(order_id, reference=key())).status in (404, 422)

    # --- Server 2 ------------------------------------------------------------------------------------------------

    def test_a_number_of_server_2_lives_on_after_its_code(self, shop: Shop) -> None:
        before, (_country, service) = balance(), rental(shop)
        order = rented(shop)
        assert (order.status, order.cost) == ("pending", service.cost)
        assert balance() == before - service.cost
        shop.deliver(order.order_id, "111111", "Your code is 111111")
        assert adapter.check_order(order.order_id).status == "success"
        assert adapter.resend_order(order.order_id).resend_count == 1
        shop.deliver(order.order_id, "222222", "Your code is 222222")
        assert codes(adapter.check_order(order.order_id)) == ["111111", "222222"]
        assert adapter.finish_order(order.order_id).status == "success"

    def test_a_number_of_one_operator(self, shop: Shop) -> None:
        country_id, service = rental(shop)
        operator = adapter.s2_operators(country_id)[-1]
        order = adapter.create_order(
            server=2, service_id=service.id, country_id=country_id, operator_id=operator.id, reference=key()
        )
        assert order.phone_number.startswith("+")

    def test_an_operator_nobody_knows_is_refused(self, shop: Shop) -> None:
        country_id, service = rental(shop)
        body = {"server": 2, "service_id": service.id, "country_id": int(country_id), "operator_id": "no-such-one"}
        assert refusal(lambda: client.call(ops.CREATE, body=body, idempotency_key=key())).status in REFUSED_INPUT

    def test_a_special_service_needs_no_country(self, shop: Shop) -> None:
        special = next(one for one in adapter.s2_special() if not one.sold_out)
        order = adapter.create_order(server=2, service_id=special.id, is_special=True, reference=key())
        assert (order.status, order.cost) == ("pending", special.cost)

    def test_numbers_of_server_2_are_not_replaced(self, shop: Shop) -> None:
        order = rented(shop)
        shop.let_cancel()
        assert refusal(lambda: adapter.replace_order(order.order_id, reference=key())).status == 422
        assert adapter.cancel_order(order.order_id).status == "cancelled"

    # --- 7: mail -------------------------------------------------------------------------------------------------

    def test_an_inbox_is_rented_and_paid(self, shop: Shop) -> None:
        before, domain = balance(), domains(shop)[0]
        found = adapter.create_mail(site=shop.site, domains=[domain.domain], reference=key())
        assert (found.status, found.domain, found.cost) == ("pending", domain.domain, domain.cost)
        assert found.mail_address.endswith(f"@{domain.domain}")
        assert found.expires_at
        assert timedelta(minutes=15) < found.expires_at - now() <= timedelta(minutes=21)
        assert balance() == before - domain.cost
        assert adapter.check_mail(found.order_id).mail_address == found.mail_address

    def test_asking_again_rents_nothing(self, shop: Shop) -> None:
        before, domain, reference = balance(), domains(shop)[0], key()
        first = adapter.create_mail(site=shop.site, domains=[domain.domain], reference=reference)
        again = adapter.create_mail(site=shop.site, domains=[domain.domain], reference=reference)
        assert again.order_id == first.order_id
        assert balance() == before - domain.cost

    def test_of_several_domains_the_first_that_has_one(self, shop: Shop) -> None:
        wanted = [one.domain for one in domains(shop)[:3]]
        before = balance()
        found = adapter.create_mail(site=shop.site, domains=wanted, reference=key())
        assert found.domain == wanted[0]
        assert found.cost
        assert balance() == before - found.cost

    @pytest.mark.parametrize("body", [{}, {"site": "openai.com"}, {"site": "openai.com", "domain": "no.example"}])
    def test_nonsense_rents_nothing(self, shop: Shop, body: dict[str, Any]) -> None:
        before = balance()
        assert refusal(lambda: client.call(ops.MAIL_CREATE, body=body, idempotency_key=key())).status in REFUSED_INPUT
        assert balance() == before

    def test_a_mail_and_its_code(self, shop: Shop) -> None:
        order = inbox(shop)
        shop.deliver_mail(order.order_id, sender="no-reply@openai.com", subject="Sign in", text="Your code: 004217")
        found = adapter.check_mail(order.order_id)
        assert (found.status, codes(found)) == ("otp_received", ["004217"])
        [mail] = found.messages
        assert (mail.sender, mail.subject) == ("no-reply@openai.com", "Sign in")
        assert "004217" in mail.text
        assert mail.received_at

    def test_one_more_mail_costs_nothing(self, shop: Shop) -> None:
        order = inbox(shop)
        assert refusal(lambda: adapter.reorder_mail(order.order_id, reference=key())).status == 409
        shop.deliver_mail(order.order_id, sender="a@openai.com", subject="One", text="Your code: 111111")
        adapter.check_mail(order.order_id)
        before = balance()
        waiting = adapter.reorder_mail(order.order_id, reference=key())
        assert (waiting.status, balance()) == ("pending", before)
        assert waiting.expires_at
        assert waiting.expires_at - now() > timedelta(minutes=15)
        assert refusal(lambda: adapter.cancel_mail(waiting.order_id)).status == 409
        shop.deliver_mail(waiting.order_id, sender="a@openai.com", subject="Two", text="Your code: 222222")
        assert codes(adapter.check_mail(order.order_id)) == ["111111", "222222"]

    def test_cancelling_an_inbox_costs_its_fee(self, shop: Shop) -> None:
        before, domain = balance(), domains(shop)[0]
        order = inbox(shop)
        shop.let_cancel()
        gone = adapter.cancel_mail(order.order_id)
        assert (gone.status, gone.refund) == ("cancelled", domain.cost - domain.cancel_fee)
        assert balance() == before - domain.cancel_fee
        assert refusal(lambda: adapter.cancel_mail(order.order_id)).status == 409

    def test_a_mail_closes_the_refund(self, shop: Shop) -> None:
        order = inbox(shop)
        shop.let_cancel()
        shop.deliver_mail(order.order_id, sender="a@openai.com", subject="One", text="Your code: 111111")
        assert refusal(lambda: adapter.cancel_mail(order.order_id)).status == 409

    def test_finishing_an_inbox_needs_a_mail(self, shop: Shop) -> None:
        order = inbox(shop)
        assert refusal(lambda: adapter.finish_mail(order.order_id)).status == 409
        shop.deliver_mail(order.order_id, sender="a@openai.com", subject="One", text="Your code: 111111")
        adapter.check_mail(order.order_id)
        assert adapter.finish_mail(order.order_id).status == "success"
        assert adapter.finish_mail(order.order_id).status == "success"

    def test_an_inbox_that_stays_empty_is_paid_back(self, shop: Shop) -> None:
        before, order = balance(), inbox(shop)
        shop.expire_mail(order.order_id)
        assert adapter.check_mail(order.order_id).status == "expired"
        assert balance() == before

    def test_somebody_elses_inbox_is_not_there(self, shop: Shop) -> None:
        for call in (adapter.check_mail, adapter.cancel_mail, adapter.finish_mail):
            assert refusal(lambda call=call: call("APIE-0-nothing")).status == 404  # type: ignore[misc]
        assert refusal(lambda: adapter.reorder_mail("APIE-0-nothing", reference=key())).status == 404

    # --- 10.4: where notes go ------------------------------------------------------------------------------------

    def test_notes_are_set_up_and_paused(self, shop: Shop) -> None:
        assert adapter.hook().url == ""
        # An address, not a name: nothing here may depend on a name server.
        url, secret = "https://1.1.1.1/hook", "a-secret-of-32-characters-or-more"
        made = adapter.change_hook(url=url, events=["order.otp_received"], is_active=True, secret=secret)
        assert (made.url, made.events, made.is_active) == (url, ("order.otp_received",), True)
        shown = adapter.hook()
        assert (shown.url, shown.is_active, shown.secret) == (url, True, "")
        paused = adapter.change_hook(url=url, events=["*"], is_active=False)
        assert (paused.is_active, paused.events) == (False, ("*",))
        assert not adapter.hook().is_active

    @pytest.mark.parametrize("secret", ["", "short"], ids=["absent", "short"])
    def test_a_secret_is_made_and_shown_once(self, shop: Shop, secret: str) -> None:
        made = adapter.change_hook(url="https://1.1.1.1/hook", events=["*"], is_active=True, secret=secret)
        assert len(made.secret) == 48
        assert set(made.secret) <= set("0123456789abcdef")
        assert adapter.hook().secret == ""

    @pytest.mark.parametrize(
        ("url", "events"),
        [
            ("http://1.1.1.1/hook", ["*"]),
            ("https://127.0.0.1/hook", ["*"]),
            ("https://10.1.2.3/hook", ["*"]),
            ("https://[::1]/hook", ["*"]),
            ("https://1.1.1.1/hook", ["order.exploded"]),
        ],
        ids=["not https", "loopback", "private", "loopback six", "unknown event"],
    )
    def test_notes_go_to_public_places_about_known_things(self, shop: Shop, url: str, events: list[str]) -> None:
        assert refusal(lambda: adapter.change_hook(url=url, events=events, is_active=True)).status == 422
