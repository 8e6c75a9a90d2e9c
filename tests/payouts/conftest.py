from pathlib import Path
from typing import Any

import pytest

from accounts.access.actors import Actor
from accounts.models import Client, Role
from tests.accounts.cast import company, person
from tests.payouts.house import somebody


@pytest.fixture(autouse=True)
def private_folder(settings: Any, tmp_path: Path) -> Path:
    """Where uploads of this test lie."""
    folder = tmp_path / "private"
    private = settings.STORAGES["private"]
    options = {**private["OPTIONS"], "location": str(folder)}
    settings.STORAGES = {**settings.STORAGES, "private": {**private, "OPTIONS": options}}
    return folder


@pytest.fixture
def payer(db: None) -> Client:
    """A company that pays people."""
    return company()


@pytest.fixture
def maker(payer: Client) -> Actor:
    """Fatu of that company, who uploads."""
    return somebody(person("fatu", Role.PORTAL_ADMIN, client=payer).user)
