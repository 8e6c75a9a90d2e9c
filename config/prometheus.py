"""``/metrics`` for Prometheus: what stands where (database), what happened (Redis), who is alive.

Every web process answers the same, because nothing is counted in one of them alone.
"""

import logging
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from accounts.permissions import open_to_all
from config.lib import heartbeat, tallies
from config.lib.jobs import waiting_tasks
from config.lib.tallies import Tally
from config.views import health
from reports.selectors import gauges

logger = logging.getLogger(__name__)


@open_to_all
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever sends ``METRICS_TOKEN`` as bearer; without a token in the settings there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(
            "Unauthorized\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"}
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Portal())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


class _Portal(Collector):
    def collect(self) -> Iterator[Metric]:
        failed = GaugeMetricFamily("gerbang_scrape_failed", "1 for figures that could not be read.", labels=["part"])
        for part, read in _PARTS.items():
            found = _found(part, read)
            failed.add_metric([part], float(found is None))
            yield from found or ()
        yield failed


def _found(part: str, read: Callable[[], Iterable[Metric]]) -> list[Metric] | None:
    """What is away takes its own figures with it, and no others."""
    try:
        return list(read())
    except Exception:
        logger.warning("figures of %s could not be read", part, exc_info=True)
        return None


def _parts_alive() -> Iterator[Metric]:
    up = GaugeMetricFamily("gerbang_up", "Whether a part of the portal answers.", labels=["part"])
    for name, alive in health().items():
        up.add_metric([name], float(alive))
    yield up


def _heartbeats() -> Iterator[Metric]:
    age = GaugeMetricFamily("gerbang_heartbeat_age_seconds", "Since a process last said alive.", labels=["process"])
    for process in heartbeat.PROCESSES:
        seconds = heartbeat.age(process)
        age.add_metric([process], float("inf") if seconds is None else seconds)
    yield age


def _broker() -> Iterator[Metric]:
    yield GaugeMetricFamily("gerbang_broker_tasks", "Nudges that wait in Redis for a worker.", value=waiting_tasks())


def _queues() -> Iterator[Metric]:
    due = GaugeMetricFamily("gerbang_queue_due", "Rows that a worker should be at.", labels=["queue"])
    late = GaugeMetricFamily("gerbang_queue_late_seconds", "Since when the first of them is due.", labels=["queue"])
    for backlog in gauges.backlogs():
        due.add_metric([backlog.name], backlog.due)
        late.add_metric([backlog.name], backlog.seconds)
    yield from (due, late)


def _open() -> Iterator[Metric]:
    rows = GaugeMetricFamily("gerbang_open", "What is open, by state.", labels=["what", "state"])
    for standing in gauges.standings_of_all():
        rows.add_metric([standing.what, standing.state], standing.count)
    yield rows
    doubt = GaugeMetricFamily("gerbang_in_doubt_seconds", "Since when the first is in doubt.", labels=["what"])
    for what, seconds in gauges.doubts().items():
        doubt.add_metric([what], seconds)
    yield doubt
    yield GaugeMetricFamily(
        "gerbang_unverified_messages",
        "Of the last hour, not signed as a provider signs.",
        value=gauges.unverified_messages(),
    )


def _floats() -> Iterator[Metric]:
    left = GaugeMetricFamily("gerbang_float_rupiah", "Our money at the supplier less what is ordered.", labels=["key"])
    age = GaugeMetricFamily("gerbang_float_age_seconds", "Since it was read.", labels=["key"])
    for key, (amount, seconds) in gauges.floats().items():
        left.add_metric([key], amount)
        age.add_metric([key], seconds)
    yield from (left, age)


def _books() -> Iterator[Metric]:
    found = gauges.ledger()
    if found is not None:
        yield GaugeMetricFamily("gerbang_ledger_problems", "Of the last proof of the books.", value=found[0])
        yield GaugeMetricFamily("gerbang_ledger_proof_age_seconds", "Since that proof.", value=found[1])


def _calls() -> Iterator[Metric]:
    words = "Calls to partners and to programs of customers."
    yield _histogram("gerbang_partner_call_seconds", words, ["partner", "outcome"], tallies.CALLS)


def _requests() -> Iterator[Metric]:
    words = "Answers of the web processes."
    yield _histogram("gerbang_request_seconds", words, ["kind", "method", "status"], tallies.REQUESTS)


def _tasks() -> Iterator[Metric]:
    yield _histogram("gerbang_task_seconds", "Tasks of the workers.", ["task", "outcome"], tallies.TASKS)


def _histogram(name: str, words: str, labels: list[str], tally: Tally) -> Metric:
    tally.flush()
    family = HistogramMetricFamily(name, words, labels=labels)
    for values, seen in sorted(tally.read().items()):
        if len(values) == len(labels):
            upto, buckets = 0, []
            for edge in (*tally.edges, float("inf")):
                upto += seen.upto.get(edge, 0)
                buckets.append(("+Inf" if edge == float("inf") else str(float(edge)), float(upto)))
            family.add_metric(values, buckets, seen.seconds)
    return family


_PARTS: dict[str, Callable[[], Iterable[Metric]]] = {
    "up": _parts_alive,
    "heartbeats": _heartbeats,
    "broker": _broker,
    "queues": _queues,
    "open": _open,
    "floats": _floats,
    "books": _books,
    "calls": _calls,
    "requests": _requests,
    "tasks": _tasks,
}
