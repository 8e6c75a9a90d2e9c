from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.access import tokens
from accounts.access.actors import Actor, Origin
from accounts.models import Customer


@pytest.fixture(autouse=True)
def private_folder(settings: Any, tmp_path: Path) -> Path:
    """Where documents of this test lie."""
    folder = tmp_path / "private"
    private = settings.STORAGES["private"]
    options = {**private["OPTIONS"], "location": str(folder)}
    settings.STORAGES = {**settings.STORAGES, "private": {**private, "OPTIONS": options}}
    return folder


@pytest.fixture
def ayu(customer: Customer) -> Actor:
    """Ayu at her keyboard."""
    origin = Origin(via="page", address="127.0.0.1", request_id="test")
    return Actor(kind="session", origin=origin, user=customer.user, customer=customer)


Post = Callable[..., HttpResponse]


@pytest.fixture
def api_post(customer: Customer) -> Post:
    """Post files to the API as Ayu's program."""
    client = Client(raise_request_exception=False)

    def post(path: str, **data: Any) -> HttpResponse:
        bearer = f"Bearer {tokens.issue(customer)}"
        answer: HttpResponse = client.post(path, data, headers={"Authorization": bearer})
        return answer

    return post
