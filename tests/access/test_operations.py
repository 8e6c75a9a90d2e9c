"""The operations of the contract (operations.csv, taken from it) against the table, the routes and the live schema."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.access.table import OPERATIONS
from tests.access.rules import routes

with (Path(__file__).parent / "operations.csv").open(newline="") as lines:
    CONTRACT: list[dict[str, str]] = list(csv.DictReader(lines))

Json = dict[str, Any]


@pytest.fixture(scope="module")
def schema() -> Json:
    answer = Browser().get("/api/openapi.json")
    assert answer.status_code == 200
    document: Json = answer.json()
    return document


@pytest.fixture(scope="module")
def live(schema: Json) -> dict[str, tuple[str, str, Json]]:
    """(method, path, operation) by id."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def test_there_are_as_many_as_the_contract_has() -> None:
    assert len(CONTRACT) == 88
    assert {row["id"] for row in CONTRACT} == set(OPERATIONS)


@pytest.mark.parametrize("row", CONTRACT, ids=lambda row: row["id"])
def test_the_table_says_what_the_contract_says(row: dict[str, str]) -> None:
    operation = OPERATIONS[row["id"]]
    assert (operation.method, operation.path) == (row["method"], row["path"])
    assert operation.permission == row["permission"]
    assert operation.only == row["role"]
    assert operation.doors == set(row["credentials"].split()) - {"public"}


@pytest.mark.parametrize("row", CONTRACT, ids=lambda row: row["id"])
def test_the_schema_says_what_the_contract_says(
    row: dict[str, str], live: dict[str, tuple[str, str, Json]], schema: Json
) -> None:
    method, path, operation = live[row["id"]]
    assert (method, path) == (row["method"], row["path"])
    assert (operation["x-permission"] or "") == row["permission"]
    assert operation["x-credentials"] == sorted(set(row["credentials"].split()) - {"public"})
    assert row["status"] in operation["responses"]
    assert {"401", "403"} <= set(operation["responses"])
    answered = _success(operation, schema, row["status"])
    assert not set(row["answered"].split()) - answered
    query = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    assert not set(row["query"].split()) - query
    asked, required = fields_asked(operation, schema, row["content"])
    wanted = row["asked"].split()
    assert not {name.rstrip("*") for name in wanted} - asked
    # A form says by itself which file is missing; its schema calls none of them required.
    if row["content"] == "application/json":
        assert not {name.rstrip("*") for name in wanted if name.endswith("*")} - required


def test_no_operation_stands_beside_the_contract(live: dict[str, tuple[str, str, Json]]) -> None:
    assert set(live) == {row["id"] for row in CONTRACT}


def test_every_operation_is_where_the_table_says() -> None:
    reached = {operation.id for route in routes() for operation in route.operations}
    assert reached == set(OPERATIONS)


def _success(operation: Json, schema: Json, status: str) -> set[str]:
    content = operation["responses"][status].get("content", {})
    if "application/json" not in content:
        return set()
    return set(_names(content["application/json"]["schema"], schema))


def fields_asked(operation: Json, schema: Json, content: str) -> tuple[set[str], set[str]]:
    """(every field of the body, those that must be there)."""
    if not content:
        return set(), set()
    body = operation["requestBody"]["content"][content]["schema"]
    shape = _plain(body, schema)
    while shape.get("type") == "array":
        shape = _plain(shape["items"], schema)
    return set(shape.get("properties", {})), set(shape.get("required", []))


def _names(shape: Json, schema: Json, before: str = "", depth: int = 0) -> Iterator[str]:
    """Every field of an answer, nested ones with a point: ``overrides.permissionId``."""
    shape = _plain(shape, schema)
    if depth > 4:
        return
    if shape.get("type") == "array":
        yield from _names(shape["items"], schema, before, depth + 1)
    for name, inner in shape.get("properties", {}).items():
        yield before + name
        yield from _names(inner, schema, f"{before}{name}.", depth + 1)


def _plain(shape: Json, schema: Json) -> Json:
    """Without references, and without "or null"."""
    while True:
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]]
        elif "allOf" in shape and len(shape["allOf"]) == 1:
            shape = shape["allOf"][0]
        elif any(choice.get("type") == "null" for choice in shape.get("anyOf", [])):
            shape = next(choice for choice in shape["anyOf"] if choice.get("type") != "null")
        else:
            return shape
