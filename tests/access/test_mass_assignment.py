"""What nobody asked for is not taken: every field of every model, in both spellings, sent along with each form.

Each form is sent twice as it is and once with the rest. What differs between the first two is chance (ids, times,
secrets); all else must come out the same, and none of the marks sent along may be found anywhere.
"""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse
from pydantic.alias_generators import to_camel, to_snake

from accounts.access.table import OPERATIONS
from accounts.models import Permission
from otp.forms import PurchaseForm
from tests.access import cards as by_card
from tests.access import payouts as money_out
from tests.access import texts
from tests.access import world as worlds
from tests.access.forms import Form, forms_of
from tests.access.test_operations import fields_asked
from tests.access.world import Actor, World, rolled_back, writes
from tests.examples import MANY

# Each test is a savepoint within the world.
pytestmark = pytest.mark.django_db

MARK = "sent-along"
_APPS = {"accounts", "kyc", "wallets", "payments", "payouts", "otp", "notifications", "cards", "checkout", "reports"}
Rows = dict[str, list[dict[str, Any]]]
# Two requests may well take the same time, and a third another.
CHANCE = {("accounts_apicall", "milliseconds")}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    logging.disable(logging.CRITICAL)
    all_at_once = override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=None)
    with django_db_blocker.unblock(), all_at_once, worlds.built() as built:
        yield built
    logging.disable(logging.NOTSET)


def _stuffing(world: World, *, yes: bool) -> dict[str, Any]:
    """A value for every field of every model of ours, under its own name, with _id, and in camel case."""
    stuffing: dict[str, Any] = {}
    for model in apps.get_models():
        if model._meta.app_label in _APPS:
            for each in model._meta.get_fields():
                if isinstance(each, models.Field):
                    value = _value(world, each, yes=yes)
                    for name in (each.name, each.attname, f"{each.name}Id", f"{each.name}_id"):
                        stuffing[name] = stuffing[to_camel(name)] = value
    return stuffing


def _value(world: World, field: Any, *, yes: bool) -> Any:
    if isinstance(field, models.BooleanField):
        return yes
    if field.choices:
        return [key for key, _word in field.flatchoices][-1 if yes else 0]
    if isinstance(field, models.ForeignKey | models.OneToOneField):
        return world.customers["budi"].user_id if yes else world.clients["b"].pk
    if isinstance(field, models.UUIDField):
        return "5e47a101-5e47-45e4-85e4-5e47a1015e47"
    if isinstance(field, models.DateTimeField | models.DateField):
        return "2001-02-03T04:05:06Z"
    if isinstance(field, models.DecimalField | models.IntegerField):
        return 77007
    return MARK


def _send(actor: Actor, method: str, path: str, data: Any, *, api: bool) -> tuple[HttpResponse, Rows]:
    """One request; the tables it wrote to as they are after it, and then none of it has happened."""
    cache.clear()
    with rolled_back():
        before = writes()
        more = {"data": data, "content_type": "application/json"} if api else {"data": data}
        answer = actor.ask(method, path, headers={"X-Request-Id": "sent-twice-the-same"}, **more)
        after = writes()
        return answer, _rows({table for table, count in after.items() if count != before.get(table, 0)})


def _rows(tables: set[str]) -> Rows:
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in sorted(tables - {"django_session", "usersessions_usersession"}):
            cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" AS t ORDER BY t')
            found[table] = [row if isinstance(row, dict) else json.loads(row) for (row,) in cursor]
    return found


def _differences(first: Rows, second: Rows) -> Iterator[tuple[str, str, Any]]:
    """(table, column, the second's value) wherever two outcomes are not the same."""
    for table in first.keys() | second.keys():
        one, other = first.get(table, []), second.get(table, [])
        if len(one) != len(other):
            yield table, "rows", (len(one), len(other))
        for left, right in zip(one, other, strict=False):
            yield from ((table, name, right[name]) for name in left if left[name] != right.get(name))


def _compare(
    actor: Actor, method: str, path: str, data: Any, world: World, *, api: bool, declared: frozenset[str] = frozenset()
) -> tuple[bool, list[str]]:
    """(whether the request did something, what the stuffing changed). ``declared`` names may be sent, and are not."""
    answer, first = _send(actor, method, path, data, api=api)
    again, second = _send(actor, method, path, data, api=api)
    assert answer.status_code == again.status_code < 500
    by_chance = CHANCE | {(table, column) for table, column, _value in _differences(first, second)}
    wrong = []
    for yes in (True, False) if MANY else (True,):
        rest = {key: value for key, value in _stuffing(world, yes=yes).items() if key not in {*data, *declared}}
        stuffed, third = _send(actor, method, path, {**rest, **data}, api=api)
        if stuffed.status_code != answer.status_code:
            wrong.append(f"{stuffed.status_code} instead of {answer.status_code}: {stuffed.content[:300]!r}")
        for table, column, value in _differences(first, third):
            marked = (
                MARK in str(value) or "5e47a101" in str(value) or "77007" in str(value) or "2001-02-03" in str(value)
            )
            if (table, column) not in by_chance or marked:
                wrong.append(f"{table}.{column} became {value!r}")
    return bool(first) and answer.status_code < 400, wrong


# --- operations -------------------------------------------------------------------------------------------


def _bodies(world: World) -> dict[str, tuple[str, dict[str, Any]]]:
    """A valid call of each operation that takes a body: who makes it, and what with."""
    permission = str(world.things["permission"]["any"])
    another = str(Permission.objects.get(name="Roles.Read").public_id)
    system = str(world.things["role"]["system"])
    person = {"userName": "newcomer", "email": "newcomer@example.id", "roles": ["Support"], "generateApiKey": False}
    bot = {"developerName": "New", "developerEmail": "new@example.sl", "developerPhoneNumber": "+23276123456"}
    client = {"clientType": "Company", "name": "Fresh", "contactPerson": "Fatu", "phoneNumber": "+23276123456"}
    sari = str(world.customers["sari"].public_id)
    return {
        "account.forgot-password": ("nobody", {"email": "ayu@example.id"}),
        "account.login": ("nobody", {"username": "ayu@example.id", "password": "wrong one entirely"}),
        "account.reset-password": ("nobody", {"email": "ayu@example.id", "token": "x", "newPassword": "y"}),
        "api-user-permissions.apply": ("portal_a", {"overrides": {permission: False}}),
        "api-users.create": ("portal_a", {**bot, "roleId": system}),
        "clients.register": ("nobody", {**client, "emailAddress": "fresh@example.sl"}),
        "customers.register": (
            "nobody",
            {"email": "fresh@example.id", "password": "a-long-enough-passphrase", "fullName": "Fresh"},
        ),
        "customers.login": ("nobody", {"email": "ayu@example.id", "password": "wrong one entirely"}),
        "customer-wallet.top-up": ("ayu_token", {"amount": 50000, "description": "more"}),
        "customer-wallet.transfer": (
            "ayu_token",
            {"recipientCustomerId": sari, "amount": 1000, "description": "a gift"},
        ),
        "customer-wallet.pay": ("ayu_token", {"amount": 1000, "description": "a bill", "externalReference": "bill-2"}),
        "kyc-admin.review": ("approver", {"newStatus": "Verified"}),
        "permissions.create": (
            "super",
            {"name": "Things.Read", "httpMethod": "GET", "routePattern": "/api/things"},
        ),
        "portal-users.create": ("super", person),
        "role-permissions.replace": ("super", {"permissionIds": [another]}),
        "roles.create": ("super", {"name": "Freshly made", "permissionIds": [permission]}),
        "roles.add-permission": ("super", {"permissionID": another}),
        "sandbox-api-keys.create": ("portal_a", {"description": "mine"}),
        **money_out.bodies(world),
        **texts.bodies(),
        **by_card.bodies(world),
    }


def test_every_operation_that_takes_named_fields_is_tried(world: World) -> None:
    takes_none = {
        "account.logout",
        "bulk-disbursement.process",
        "clients.approve",
        "clients.deactivate",
        "clients.reject",
        "permissions.create-bulk",
    }
    takes_files = {"kyc.upload", "kyc.upload-multiple"}
    unsafe = {row.id for row in OPERATIONS.values() if row.method in {"POST", "PUT"}}
    assert set(_bodies(world)) == unsafe - takes_none - takes_files


def _declared(schema: dict[str, Any], name: str) -> frozenset[str]:
    for methods in schema["paths"].values():
        for operation in methods.values():
            if operation["operationId"] == name:
                # Either spelling will do for a field that is declared.
                asked = fields_asked(operation, schema, "application/json")[0]
                return frozenset(asked | {to_snake(field) for field in asked})
    raise LookupError(name)


def test_operations_take_only_what_they_declare(world: World) -> None:
    problems, idle, schema = [], [], Browser().get("/api/openapi.json").json()
    values = {"apiUserId": world.things["api_user"]["a"], "roleId": world.things["role"]["made"]}
    values |= {"batchId": world.things["batch"]["a"]}
    for name, (who, body) in _bodies(world).items():
        row = OPERATIONS[name]
        known = {**values, "id": world.things["document"]["ayu"]}
        path = row.path.format(**known)
        declared = _declared(schema, name)
        did, wrong = _compare(world.actors[who], row.method, path, body, world, api=True, declared=declared)
        idle += [] if did else [name]
        problems += [f"{name}: {what}" for what in wrong]
    assert "\n".join(problems) == ""
    # These are refused, on purpose: what they change is not the caller's to choose, or there is nothing to try again.
    refused = {"account.login", "account.reset-password", "customers.login", "bulk-disbursement.retry"}
    assert set(idle) == refused | by_card.REFUSED


# --- forms ------------------------------------------------------------------------------------------------


# How many of the forms somebody finds must do something when they are sent as they are: else nothing is shown.
FORMS = {"nobody": 2, "ayu": 3, "portal_a": 3, "super": 5, "company": 5, "approver": 3}
# One view sells numbers and inboxes: fields that a page leaves out are declared all the same, and refused when sent.
DECLARED = {reverse("otp:buy"): frozenset(PurchaseForm.base_fields)}


# Who runs the company finds what the superadministrator finds, and less of it.
WALKERS = [pytest.param(name, marks=pytest.mark.soak) if name == "company" else name for name in FORMS]


@pytest.mark.parametrize("name", WALKERS)
def test_forms_take_only_what_they_declare(name: str, world: World) -> None:
    actor = world.actors[name]
    problems, done, tried = [], 0, 0
    found: list[Form] = list(forms_of(world, actor))
    for form in found:
        if form.action.startswith(("/language", "/sandbox")):
            continue
        declared = DECLARED.get(form.action, frozenset())
        did, wrong = _compare(actor, "POST", form.action, form.filled(), world, api=False, declared=declared)
        tried, done = tried + 1, done + did
        problems += [f"{form.name} (on {form.page}): {what}" for what in wrong]
    assert "\n".join(problems) == ""
    sys.stdout.write(f"FORMS {name}: {done} of {tried}\n")
    assert done >= FORMS[name]
