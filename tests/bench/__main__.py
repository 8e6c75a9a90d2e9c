"""`make bench`: our work over the best that can be had here. Prints figures, judges nothing by time."""

import argparse
import os
import platform
import statistics
import sys
from functools import partial

import django

from tests.bench import database, every_page, notifications, pages, payouts, pgbench, polls, reports, uploads, webhooks
from tests.bench.rounds import Result, abba
from tests.bench.transfer import workers

MEASURES = ("transfers", "notifications", "pages", "polls", "webhooks", "uploads", "payouts", "reports")


def main() -> int:
    arguments = _parser().parse_args()
    database.check_limits()
    server = os.environ.get("DATABASE_URL")
    if not server:
        raise SystemExit("DATABASE_URL is not set; run this by `make bench`")
    os.environ["DATABASE_URL"] = database.recreate(server)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SECRET_KEY", "only-for-measuring")
    os.environ.update(WHITENOISE_USE_FINDERS="1", LOG_LEVEL="WARNING")
    try:
        django.setup()
        _say(f"Filling {arguments.accounts:,} wallets …")
        database.fill(arguments.accounts)
        _describe_machine()
        measures = {"transfers": _transfers, "notifications": _notifications, "pages": _pages, "polls": _polls}
        measures |= {"webhooks": _webhooks, "uploads": _uploads, "payouts": _payouts, "reports": _reports}
        for name in [arguments.only] if arguments.only else measures:
            measures[name](arguments)
    finally:
        database.drop(server)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="neighbouring rounds of limit and ours (5)")
    parser.add_argument("--seconds", type=float, default=5, help="length of one round (5)")
    parser.add_argument("--warm-up", type=float, default=3, help="seconds of each before the first pair (3)")
    parser.add_argument("--clients", type=int, default=8, help="clients of both sides (8)")
    parser.add_argument("--accounts", type=int, default=100_000, help="wallets, and rows of the limit (100000)")
    parser.add_argument("--page-seconds", type=float, default=1, help="length of one round of a page (1)")
    parser.add_argument("--notification-seconds", type=float, default=2, help="length of one round of them (2)")
    parser.add_argument("--late-seconds", type=float, default=60, help="how long the lateness of polls is watched (60)")
    parser.add_argument("--only", choices=MEASURES, help="one of the measures")
    return parser


def _transfers(arguments: argparse.Namespace) -> None:
    clients, accounts = arguments.clients, arguments.accounts
    _say(f"Transfers: services.transfer over pgbench, {clients} clients, {arguments.seconds:g} s rounds")

    def limit(seconds: float = arguments.seconds) -> float:
        return pgbench.rate(accounts=accounts, clients=clients, seconds=seconds)

    with workers(clients, accounts) as ours:
        limit(arguments.warm_up)
        ours.rate(arguments.warm_up)
        ours.forget()
        result = abba(
            pairs=arguments.pairs,
            limit=limit,
            ours=lambda: ours.rate(arguments.seconds),
            before=database.tidy,
            say=_say,
        )
    _report(result)
    cuts = statistics.quantiles(ours.times, n=100)
    _say(
        f"  one transfer: median {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms, "
        f"{ours.cpu / ours.done * 1e6:.0f} us of it Python's work; errors 0"
    )


def _notifications(arguments: argparse.Namespace) -> None:
    count = min(arguments.clients, 4)
    _say(f"Accepted notifications: our door over a bare view with one INSERT, {count} processes")
    with notifications.callers(count) as both:
        both.rate("limit", 1)
        both.rate("ours", 1)
        limit, ours = partial(both.rate, "limit"), partial(both.rate, "ours")
        seconds = arguments.notification_seconds
        _report(abba(pairs=arguments.pairs, limit=lambda: limit(seconds), ours=lambda: ours(seconds), say=_say))


def _pages(arguments: argparse.Namespace) -> None:
    with pages.customer_with_orders() as cookie:
        respond = pages.application()
        empty = {"Cookie": cookie}
        for what, path, headers, status in pages.targets(respond, cookie):
            _say(f"{what}: over an empty view, {pages.queries(respond, path, headers)} queries")

            def ours(path: str = path, headers: dict[str, str] = headers, status: int = status) -> float:
                return pages.rate(respond, path, headers, status=status, seconds=arguments.page_seconds)

            ours()
            limit = partial(pages.rate, respond, "/bench/empty", empty, status=204, seconds=arguments.page_seconds)
            _report(abba(pairs=arguments.pairs, limit=limit, ours=ours))
        _say(f"Every page over an empty view: p95 of {every_page.ROUNDS} answers in turns")
        _say(every_page.describe(every_page.measure(respond, {"customer": cookie, **every_page.cookies_of_people()})))


def _polls(arguments: argparse.Namespace) -> None:
    _say("Polls: sweeps over a bare loop of requests against the same stub, one process")
    with polls.stub() as url:
        polls.make_orders(polls.ORDERS)
        polls.prepare()
        seconds = arguments.notification_seconds
        polls.bare(url, 1), polls.ours(1)
        limit = partial(polls.bare, url, seconds)
        _report(abba(pairs=arguments.pairs, limit=limit, ours=partial(polls.ours, seconds), say=_say))
        _say("Lateness of polls at 80 % of their part of the budget of one key")
        _say(polls.describe(polls.lateness(arguments.late_seconds)))


def _webhooks(arguments: argparse.Namespace) -> None:
    count = arguments.clients
    _say(f"Webhooks: signed, checked, recorded over a bare requests.Session, {count} threads, the same receiver")
    with webhooks.receiver() as url:
        webhooks.make_endpoints(url)
        seconds = arguments.notification_seconds
        limit, ours = partial(webhooks.bare, url, count), partial(webhooks.ours, count)
        most = int(limit(1) * seconds)
        ours(min(most, 500))
        _report(abba(pairs=arguments.pairs, limit=lambda: limit(seconds), ours=lambda: ours(most), say=_say))
        _say(webhooks.describe_wait(count))


def _uploads(arguments: argparse.Namespace) -> None:
    _say(f"Uploads: {uploads.ROWS:,} rows of CSV to a checked batch, over a bare COPY of the same rows")
    both = uploads.Uploads()
    _say(f"  {both.statements():.4f} queries a row")
    _report(abba(pairs=arguments.pairs, limit=both.limit, ours=both.ours, before=both.tidy, say=_say))
    small, large = uploads.peak(1_000), uploads.peak(100_000)
    _say(f"  memory at most: {large / 1024:.0f} MiB at 100,000 rows, {small / 1024:.0f} at 1,000: {large / small:.2f}")


def _payouts(arguments: argparse.Namespace) -> None:
    rows = payouts.ROWS
    _say(f"Results of {rows:,} payouts: states, attempts, counters and money, over one bare UPDATE and INSERT")
    limit, ours = partial(payouts.limit, rows), partial(payouts.ours, rows)
    # The limit begins with the rows that ours has left behind.
    ours()
    _report(abba(pairs=arguments.pairs, limit=limit, ours=ours, say=_say))
    _say(f"  {payouts.queries_per_item(10_000):.4f} queries a payout, from the first claim to the last result")
    small, large = payouts.peak(1_000), payouts.peak(100_000)
    _say(
        f"  memory at most: {large / 1024:.0f} MiB at 100,000 payouts, {small / 1024:.0f} at 1,000: {large / small:.2f}"
    )


def _reports(arguments: argparse.Namespace) -> None:
    _say(f"Reports: {reports.ROWS:,} rows asked for and prepared, over a bare COPY of the same rows into a file")
    both = reports.Exports()
    both.limit(), both.ours()
    _report(abba(pairs=arguments.pairs, limit=both.limit, ours=both.ours, say=_say))
    small, large = reports.peak(10_000), reports.peak(reports.ROWS)
    _say(
        f"  memory at most: {large / 1024:.0f} MiB at 1,000,000 rows, {small / 1024:.0f} at 10,000: {large / small:.2f}"
    )


def _report(result: Result) -> None:
    low, high = result.interval
    _say(
        f"  median {statistics.median(result.ours):,.0f}/s of {statistics.median(result.limit):,.0f}/s: "
        f"ratio {result.median:.3f} (95 %: {low:.3f} to {high:.3f}), limit wandered {result.spread_of_limit:.0%}"
    )


def _describe_machine() -> None:
    known = database.settings_that_matter()
    _say(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    _say(", ".join(f"{name} {value}" for name, value in known.items()))
    _say(f"load before: {os.getloadavg()[0]:.2f}; {database.tidy() or 'checkpoint before each pair'}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
