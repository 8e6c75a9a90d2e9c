from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Client, PortalUser, Role
from payouts.models import Batch
from tests.accounts.cast import browser_of, company, person
from tests.reports import library


@pytest.fixture
def private_folder(settings: Any, tmp_path: Path) -> Path:
    """Where prepared files of this test lie."""
    folder = tmp_path / "private"
    private = settings.STORAGES["private"]
    options = {**private["OPTIONS"], "location": str(folder)}
    settings.STORAGES = {**settings.STORAGES, "private": {**private, "OPTIONS": options}}
    return folder


@pytest.fixture
def nassit(db: None) -> Client:
    """A company that pays people."""
    return company()


@pytest.fixture
def fatu(nassit: Client) -> PortalUser:
    """Fatu of that company."""
    return person("fatu", Role.PORTAL_ADMIN, client=nassit)


@pytest.fixture
def wages(nassit: Client) -> Batch:
    """Its batch, among everything else that it has."""
    return library.fill(nassit)


@pytest.fixture
def browser(fatu: PortalUser) -> Browser:
    return browser_of(fatu)
