"""The guides as one plain text, for programs that read for people (llmstxt.org). English, whoever asks."""

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from config.guides.machines import Machine, machines
from config.guides.quickstart import COMPANY, WALLET, Call
from config.guides.refusals import Row, catalogue

_ABOUT = """# Gerbang

> A money portal with two JSON APIs: the gateway API under /api (wallets, transfers, batches, cards, checkouts, SMS,
> clients) and API v1 under /api/v1 (phone numbers and mail inboxes for one-time codes, compatible with OTPZap).

- Credential: `Authorization: Bearer tp_test_…` (sandbox) or `tp_live_…`. A sandbox key touches sandbox data only.
- Calls that move money take an `Idempotency-Key`: after a time-out or a 5xx repeat the call with the same key.
- Refusals under /api are application/problem+json: act by `code`, never by `detail`; `type` leads to the explanation.
- After 429 wait `Retry-After` seconds. Ignore fields you do not know.
- Money is delivered to nobody because of a redirect: ask the API, or wait for a signed webhook."""
_PAGES = (
    ("Quickstart", "guides:quickstart", "first calls in curl, Python, PHP and JavaScript"),
    ("Gateway API", "openapi", "OpenAPI document"),
    ("API v1", "openapi_v1", "OpenAPI document"),
    ("States", "guides:states", "what may follow what, and which states are final"),
    ("Errors", "guides:errors", "every code: meaning, whose side, whether to repeat, what to do"),
    ("Errors as JSON", "guides:errors_json", "the same for programs"),
    ("Webhooks", "guides:webhooks", "events, signature, repetition, a tool to verify"),
    ("Changelog", "guides:changelog", "what changed for programs"),
    ("Changelog as Atom", "guides:changelog_feed", "the same for programs"),
)


def text() -> str:
    """The whole of it."""
    with translation.override("en"):
        return "\n".join([_ABOUT, "", *_links(), "", *_calls(), "", *_states(), "", *_codes(), ""])


def _links() -> Iterator[str]:
    yield "## Pages"
    yield ""
    for title, name, words in _PAGES:
        yield f"- [{title}]({settings.BASE_URL}{reverse(name)}): {words}"


def _calls() -> Iterator[str]:
    yield "## First calls"
    for title, calls in (("Wallet", WALLET), ("Company", COMPANY)):
        yield ""
        yield f"### {title}"
        for call in calls:
            yield from _call(call)


def _call(call: Call) -> Iterator[str]:
    yield ""
    yield f"{call.title}: {call.why} Answers {call.status}."
    yield ""
    yield f"```\n{dict(call.samples)['curl']}\n```"


def _states() -> Iterator[str]:
    yield "## States"
    for machine in machines():
        yield ""
        yield f"### {machine.title} (status in {machine.field})"
        yield ""
        yield from _stages(machine)


def _stages(machine: Machine) -> Iterator[str]:
    for stage in machine.stages:
        onward = f"then {', '.join(stage.onward)}" if stage.onward else "final"
        yield f"- `{stage.word}`: {stage.meaning} ({onward})"


def _codes() -> Iterator[str]:
    yield "## Error codes"
    for subject in catalogue():
        yield ""
        yield f"### {subject.title}"
        yield ""
        for row in subject.rows:
            yield _code(row)


def _code(row: Row) -> str:
    about = row.about
    statuses = "/".join(map(str, row.statuses))
    return f"- `{row.code}` ({statuses}): {about.meaning} Side: {about.side}. Again: {about.again}. Next: {about.next}"
