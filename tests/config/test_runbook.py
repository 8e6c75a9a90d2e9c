"""Whoever is woken finds a section for the alert, and what it names is there."""

import re

import pytest

from config.lib import heartbeat
from reports.selectors.gauges import QUEUES
from tests.simulators import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
OBSERVED = (ROOT / "docs" / "observability.md").read_text()
ALERTS = re.findall(r"alert: (\w+)", OBSERVED)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_section(alert: str) -> None:
    section = re.search(rf"^## {alert}$(.+?)(?=^## )", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert "**Means**" in section[1]


def test_there_is_no_section_for_an_alert_that_is_gone() -> None:
    named = {name for name in re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE) if name != "Runbook"}
    assert named == set(ALERTS)


def test_every_queue_and_every_process_is_explained() -> None:
    for name in [*(queue.name for queue in QUEUES), *heartbeat.PROCESSES]:
        assert re.search(rf"\b{name}\b", RUNBOOK), name


def test_what_it_names_is_there() -> None:
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    assert set(re.findall(r"manage\.py (\w+)", RUNBOOK)) <= commands
    figures = set(re.findall(r"gerbang_\w+?(?=_count|[`{])", RUNBOOK))
    assert all(f"`{name}`" in OBSERVED for name in figures)
    for file, anchor in re.findall(r"\((\w+\.md)#([\w-]+)\)", RUNBOOK):
        heads = {
            head.lower().replace(" ", "-")
            for head in re.findall(r"^#+ (.+)$", (ROOT / "docs" / file).read_text(), re.M)
        }
        assert anchor in heads
