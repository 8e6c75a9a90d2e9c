"""A small world with somebody in every role and something of everybody's, built once and never committed."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import override_settings

from accounts.access import actors, tokens
from accounts.access.actors import command
from accounts.models import Client, Customer, Permission, PortalUser, Role, User
from accounts.services import keys
from accounts.services.people import register_customer
from config.lib.clock import now
from notifications.models import Notice, Owner, WebhookDelivery
from notifications.services import webhooks
from otp.models import BlockedService, Order, SupplierTopup
from payments import services as payments
from payments.models import OvoLink, PaymentCase, ProviderExchange, ProviderMessage, StaticAccount
from payments.services import reconciliation
from payments.services.static_accounts import new_customer_no
from tests.access import cards as by_card
from tests.access import payouts as money_out
from tests.access import reading, texts
from tests.accounts import cast
from tests.conftest import prove_identity
from tests.kyc import reviewing
from wallets import services as wallets
from wallets.services import spending

SUPPLIER_KEY = "the-key-of-the-world"
MISSING = uuid.UUID("00000000-0000-4000-8000-000000000000")
STAFF = {"super": Role.SUPER_ADMIN, "company": Role.COMPANY_ADMIN, "approver": Role.APPROVER}
STAFF |= {"support": Role.SUPPORT, "auditor": Role.AUDITOR}


@dataclass
class Actor:
    """Somebody who asks. ``kind`` is how: nobody, session, customer (token or key), api_key."""

    name: str
    kind: str
    browser: Browser
    roles: frozenset[str] = frozenset()
    client: Client | None = None
    is_customer: bool = False
    cookies: str = ""

    def __post_init__(self) -> None:
        self.cookies = self.browser.cookies.output(header="", sep=";")

    def ask(self, method: str, path: str, **more: Any) -> HttpResponse:
        """One request as if it were the first: whatever an answer did to the cookies before is undone."""
        self.browser.cookies = SimpleCookie(self.cookies)
        answer: HttpResponse = getattr(self.browser, method.lower())(path, **more)
        return answer


@dataclass
class World:
    """``things`` are ids by kind and owner; ``seen`` says which owners' things an actor may know of."""

    actors: dict[str, Actor] = field(default_factory=dict)
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    portals: dict[str, PortalUser] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)


# Whose things of a kind each actor may know of; what is not named, it may not. "*" is everybody's.
_EACH_STAFF = dict.fromkeys(STAFF, "*")
_OWN_PORTAL = {"portal_a": "a", "portal_b": "b"}
_OWN_CUSTOMER = {"ayu": "ayu", "budi": "budi"}
_BEARERS = ("ayu_token", "ayu_key", "api_live", "api_test", "portal_a_key")
_OF_CLIENT_A = ("api_live", "api_test", "portal_a_key")
_PEOPLE = ("nobody", "gone", "ayu", "budi", "portal_a", "portal_b", "portal_pending")
_ANYBODY = dict.fromkeys([*_PEOPLE, *_BEARERS, *STAFF], "*")
SEEN: dict[str, dict[str, str]] = {
    "client": {**_EACH_STAFF, **_OWN_PORTAL, "portal_pending": "pending", **dict.fromkeys(_OF_CLIENT_A, "a")},
    "api_user": {**_EACH_STAFF, **_OWN_PORTAL},
    "portal_user": {**_EACH_STAFF, **_OWN_PORTAL},
    "customer": {**_EACH_STAFF, "ayu_token": "ayu", "api_live": "*"},
    "order": _OWN_CUSTOMER,
    "deposit": _OWN_CUSTOMER,
    "notice": _OWN_CUSTOMER,
    "pay_link": _ANYBODY,
    "static_account": _OWN_CUSTOMER,
    "transfer": _OWN_CUSTOMER,
    "payment": _OWN_CUSTOMER,
    "key": {**_OWN_CUSTOMER, **_OWN_PORTAL, "super": "a b", "company": "a b", "support": "a b", "auditor": "a b"},
    "sandbox_key": _OWN_PORTAL,
    "role": {**_EACH_STAFF, "portal_a": "system", "portal_b": "system"},
    "permission": _EACH_STAFF,
    "document": {**_EACH_STAFF, **_OWN_CUSTOMER, "ayu_token": "ayu"},
    "case": _EACH_STAFF,
    "real_deposit": _EACH_STAFF,
    "payment_case": _EACH_STAFF,
    "any_order": _EACH_STAFF,
    "blocked": _EACH_STAFF,
    "provider_message": _EACH_STAFF,
    "provider_exchange": _EACH_STAFF,
    "settlement_file": _EACH_STAFF,
    "supplier_topup": _EACH_STAFF,
    "webhook_delivery": _OWN_CUSTOMER,
    "session": {},
    **money_out.SEEN,
    **texts.SEEN,
    **reading.SEEN,
    **by_card.SEEN,
    **dict.fromkeys([*money_out.SHARED, *by_card.SHARED], _ANYBODY),
}


@contextmanager
def built() -> Iterator[World]:
    """The world, for as long as the block runs; afterwards the database is as it was."""
    quick = override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        EMAIL_BACKEND="notifications.mail.QueuedBackend",
        MFA_REQUIRED_ROLES=[],
        # On, and never asked: nothing here leaves the house.
        FASPAY_OVO_BASE_URL="http://127.0.0.1:9",
        OTPZAP_BASE_URL="http://127.0.0.1:9",
        OTPZAP_API_KEY=SUPPLIER_KEY,
        PAYOUT_RAIL_URL="http://127.0.0.1:9/rail/v1",
        PAYOUT_RAIL_KEY="a-key",
        SANDBOX_RAIL_URL="http://127.0.0.1:9",
        SMS_GATEWAY="simulator",
        SMS_GATEWAY_URL="http://127.0.0.1:9/sms/v1",
        SMS_GATEWAY_KEY="a-key",
        **by_card.SETTINGS,
    )
    # A request of its own accord would look after the connection, which is ours for as long as the world stands.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    with quick, rolled_back(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        world = World()
        _people(world)
        _things(world)
        yield world
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Whatever the block writes is gone after it."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def _people(world: World) -> None:
    for name in ("ayu", "budi", "sari"):
        world.customers[name] = register_customer(
            email=f"{name}@example.id", password="x", display_name=name.capitalize()
        )
    world.clients = {
        "a": cast.company("Nassit"),
        "b": cast.company("Rokel"),
        "pending": cast.company("Waiting", Client.Status.PENDING),
    }
    for name, role in STAFF.items():
        world.portals[name] = cast.person(name, role)
        User.objects.filter(pk=world.portals[name].user_id).update(is_staff=True)
    for name, client in world.clients.items():
        world.portals[f"portal_{name}"] = cast.person(f"portal-{name}", Role.PORTAL_ADMIN, client=client)
    world.portals["gone"] = cast.person("gone", Role.SUPER_ADMIN)
    for name, portal in world.portals.items():
        world.actors[name] = _session(name, portal.user, portal)
    for name in ("ayu", "budi"):
        world.actors[name] = _session(name, world.customers[name].user, None)
    User.objects.filter(pk=world.portals["gone"].user_id).update(is_active=False)
    world.actors["gone"] = Actor("gone", "nobody", world.actors["gone"].browser)
    world.actors["nobody"] = Actor("nobody", "nobody", Browser())
    _bearers(world)


def _session(name: str, user: User, portal: PortalUser | None) -> Actor:
    browser = Browser(raise_request_exception=False)
    browser.force_login(user)
    # What asks for the password again is tried elsewhere.
    prove_identity(browser, user)
    roles = frozenset(portal.roles.values_list("name", flat=True)) if portal else frozenset()
    return Actor(name, "session", browser, roles, portal.client if portal else None, portal is None)


def _bearers(world: World) -> None:
    maker = command("world")
    bot = cast.api_user(world.clients["a"])
    cast.api_user(world.clients["b"], "Other")
    live = keys.issue(actor=maker, api_user=bot, is_sandbox=False)
    test = keys.issue(actor=maker, api_user=bot, is_sandbox=True)
    of_ayu = keys.issue(actor=maker, user=world.customers["ayu"].user, is_sandbox=True)
    of_portal = keys.issue(actor=maker, user=world.portals["portal_a"].user, is_sandbox=False)
    role, client = frozenset({Role.API_USER}), world.clients["a"]
    world.actors["api_live"] = Actor("api_live", "api_key", _bearing(live.raw), role, client)
    world.actors["api_test"] = Actor("api_test", "api_key", _bearing(test.raw), role, client)
    portal_role = frozenset({Role.PORTAL_ADMIN})
    world.actors["portal_a_key"] = Actor("portal_a_key", "api_key", _bearing(of_portal.raw), portal_role, client)
    world.actors["ayu_key"] = Actor("ayu_key", "customer", _bearing(of_ayu.raw), is_customer=True)
    token = tokens.issue(world.customers["ayu"])
    world.actors["ayu_token"] = Actor("ayu_token", "customer", _bearing(token), is_customer=True)


def _bearing(token: str) -> Browser:
    return Browser(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})


def _things(world: World) -> None:
    things, maker = world.things, command("world")
    things["client"] = {name: client.public_id for name, client in world.clients.items()}
    bots = {name: client.api_users.first() for name, client in world.clients.items() if name != "pending"}
    things["api_user"] = {name: bot.public_id for name, bot in bots.items() if bot}
    things["portal_user"] = {
        name: cast.person(f"colleague-{name}", Role.PORTAL_ADMIN, client=world.clients[name]).public_id
        for name in ("a", "b")
    }
    things["customer"] = {name: world.customers[name].public_id for name in ("ayu", "budi")}
    things["role"] = {
        "made": cast.role("Clerk", "Clients.Read").public_id,
        "system": Role.objects.get(name=Role.API_USER).public_id,
    }
    things["permission"] = {"any": Permission.objects.get(name="Clients.Read").public_id}
    things["key"] = {
        name: keys.issue(actor=maker, api_user=bot, is_sandbox=False).key.public_id for name, bot in bots.items() if bot
    }
    for name in ("ayu", "budi"):
        mine = keys.issue(actor=maker, user=world.customers[name].user, is_sandbox=True)
        things["key"][name] = mine.key.public_id
    things["sandbox_key"] = {
        name: keys.issue(actor=maker, user=world.portals[f"portal_{name}"].user, is_sandbox=True).key.public_id
        for name in ("a", "b")
    }
    for kind in (
        "order",
        "deposit",
        "pay_link",
        "static_account",
        "document",
        "case",
        "transfer",
        "payment",
        "real_deposit",
        "payment_case",
        "any_order",
        "notice",
        "webhook_delivery",
    ):
        things[kind] = {}
    for name in ("ayu", "budi"):
        _of_customer(world, name, world.customers[name])
    things["session"] = {"other": 987654321}
    people = {name: portal.user for name, portal in world.portals.items()}
    things |= money_out.fill(world.clients, people)
    things |= by_card.fill(world.clients, people)
    things |= texts.fill(world.clients)
    things |= reading.fill(people)
    _of_providers(world)


def _of_providers(world: World) -> None:
    """What a provider told, what it was asked, and a report of it: nobody's but staff's."""
    # Numbers that stand nowhere else on a page.
    told = ProviderMessage.objects.create(
        pk=876543210, path="/v1.0/transfer-va/payment", day=now().date(), body=b"{}", body_sha256="", verified=False
    )
    asked = ProviderExchange.objects.create(
        pk=876543211, provider="faspay_snap", operation="status", method="POST", address="x", outcome="ok", elapsed_ms=1
    )
    report = reconciliation.upload(
        actor=command("world"),
        provider="faspay_snap",
        name="report.csv",
        content=b"trx_id;amount;payment_date\n1;60000;2026-11-18\n",
    )
    barred = BlockedService.objects.create(pk=876543212, words="Bank of the world", why="a bank")
    world.things["blocked"] = {"any": barred.pk}
    world.things["provider_message"] = {"any": told.pk}
    world.things["provider_exchange"] = {"any": asked.pk}
    world.things["settlement_file"] = {"any": report.public_id}
    topup = SupplierTopup.objects.create(
        reference="SUPWORLD", amount=50_000, key_name="a-key", created_by=world.portals["company"].user
    )
    world.things["supplier_topup"] = {"any": topup.public_id}


def person(customer: Customer) -> actors.Actor:
    """A customer at the keyboard, as the services know it."""
    origin = actors.Origin(via="page", request_id="world")
    return actors.Actor(kind="session", origin=origin, user=customer.user, customer=customer)


def _of_customer(world: World, name: str, customer: Customer) -> None:
    for currency in {"IDR", settings.CUSTOMER_WALLET_CURRENCY}:
        wallets.credit_from_provider(
            customer=customer,
            amount=Decimal(50_000),
            currency=currency,
            channel="test",
            kind="deposit",
            reference=f"in-{name}-{currency}",
            subject="",
            memo="for the world",
        )
    actor = person(customer)
    sent = spending.send_money(
        actor=actor, sender=customer, recipient=world.customers["sari"], amount=Decimal(1000), note="a gift"
    )
    paid = spending.pay_merchant(
        actor=actor, payer=customer, amount=Decimal(1000), note="a bill", external_reference=f"bill-of-{name}"
    )
    world.things["transfer"][name], world.things["payment"][name] = sent.id, paid.id
    deposit = payments.request_deposit(
        customer=customer, amount=Decimal(50_000), bank="702", idempotency_key=f"deposit-of-{name}"
    )
    OvoLink.objects.create(
        customer=customer,
        phone=f"08128200{len(world.things['deposit']):04}",
        state=OvoLink.State.LINKED,
        balance_cash=Decimal(150_000),
        balance_points=Decimal(0),
        balance_at=now(),
    )
    wallets.hold_funds(
        customer=customer,
        amount=Decimal(1500),
        currency="IDR",
        reference=f"hold-of-{name}",
        subject="",
        memo="WhatsApp, Indonesia",
    )
    order = Order.objects.create(
        reference=f"order-of-{name}",
        customer=customer,
        idempotency_key=f"order-of-{name}",
        product_id="1",
        service_id="1",
        service_name="WhatsApp",
        country_id="7",
        country_name="Indonesia",
        cost=Decimal(1000),
        price=Decimal(1500),
        hold_reference=f"hold-of-{name}",
        next_poll_at=now(),
    )
    customer_no = new_customer_no()
    account = StaticAccount.objects.create(
        customer=customer,
        bank="702",
        partner_service_id="370202",
        customer_no=customer_no,
        number=f"370202{customer_no}",
    )
    world.things["static_account"][name] = account.public_id
    case = reviewing.case(customer)
    document = case.documents.all()[0]
    world.things["deposit"][name] = world.things["pay_link"][name] = deposit.public_id
    world.things["real_deposit"][name] = deposit.public_id
    asked = PaymentCase.objects.create(
        key=f"case-of-{name}", kind=PaymentCase.Kind.CORRECTION, customer=customer, deposit=deposit
    )
    world.things["payment_case"][name] = asked.public_id
    world.things["order"][name] = world.things["any_order"][name] = order.public_id
    # By its number: nothing leaves the house, and a name would be looked up.
    webhooks.change(actor=actor, owner=Owner(customer), url="https://93.184.216.34/hook", is_active=False)
    webhooks.emit(customer=customer, event="order.failed", subject=f"of-{name}", key=f"of-{name}", data=dict)
    told = WebhookDelivery.objects.get(endpoint__customer=customer, key=f"of-{name}")
    world.things["webhook_delivery"][name] = told.public_id
    notice = Notice.objects.create(
        customer=customer, kind="code_arrived", key=f"notice-of-{name}", subject=order.subject
    )
    world.things["notice"][name] = notice.public_id
    world.things["case"][name] = case.public_id
    world.things["document"][name] = document.public_id


_WRITES = """
    SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
     WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0
"""


def writes() -> dict[str, int]:
    """Rows written by the running transaction so far, by table; rolled back ones too."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITES)
        return dict(cursor.fetchall())
