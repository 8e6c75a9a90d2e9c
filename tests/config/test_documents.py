"""What the documents promise about settings and commands is what the code has."""

import re

import pytest

from tests.simulators import ROOT

README = (ROOT / "README.md").read_text()
READ = "".join(path.read_text() for path in sorted((ROOT / "config" / "settings").glob("*.py")))
SETTINGS = sorted(set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', READ)))
# Switches of the launcher and the tests, not for people.
_INTERNAL = {"READ_LOCAL_ENV", "WHITENOISE_USE_FINDERS", "DEBUG"} | {
    f"SANDBOX_{name}_URL" for name in ("OTPZAP", "FASPAY", "BTCPAY", "RAIL", "SMS", "CARDS")
}


def test_there_are_settings_to_look_for() -> None:
    assert len(SETTINGS) > 25


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - _INTERNAL))
def test_every_setting_stands_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}`", README), name


@pytest.mark.parametrize("name", re.findall(r"^([A-Z_]{4,})=", (ROOT / ".env.example").read_text(), re.MULTILINE))
def test_the_example_has_no_setting_that_nobody_reads(name: str) -> None:
    known = {*SETTINGS, "HOST", "PORT", "WEB_CONCURRENCY", "WORKER_CONCURRENCY"}
    text = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text()
    assert name in known or f"${{{name}" in text, name


@pytest.mark.parametrize("target", re.findall(r"`make (\w+)`", README))
def test_every_command_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name
)
def test_links_between_documents_lead_somewhere(document) -> None:  # type: ignore[no-untyped-def]
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name}: {target}"
