"""Compare a day with a provider, or take a settlement report in, from the command line."""

import time
from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.access.actors import command
from config.lib.clock import now
from config.lib.errors import ServiceError
from config.lib.money import format_money
from payments.banking_days import day_of
from payments.methods import PROVIDER_NAMES, PROVIDERS
from payments.models import ReconciliationRun, SettlementFile
from payments.overviews import reconciliation as overview
from payments.reconciling import files, runs
from payments.services import reconciliation as services

_OVER = {ReconciliationRun.State.DONE, ReconciliationRun.State.FAILED}


class Command(BaseCommand):
    help = "Compare what providers say was paid with what arrived; exit 1 while a break of those days is open."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", choices=PROVIDERS, help="one provider; all of them without it")
        parser.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD in Jakarta; yesterday without it")
        parser.add_argument("--file", type=Path, help="a report to take in first; needs --provider")

    def handle(self, *args: Any, **options: Any) -> None:
        days = self._take_in(options["provider"], options["file"]) if options["file"] else []
        if not days:
            days = [options["day"] or day_of(now()) - timedelta(days=1)]
        providers = [options["provider"]] if options["provider"] else list(PROVIDERS)
        opened = sum(self._compare(provider, day) for provider in providers for day in days)
        if opened:
            raise CommandError(f"{opened} open break(s).")

    def _take_in(self, provider: str | None, path: Path) -> list[date]:
        if provider is None:
            raise CommandError("A report needs --provider.")
        try:
            file = self._uploaded(provider, path)
            if file.state == SettlementFile.State.UPLOADED:
                self._accept(file)
        except (ServiceError, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        files.work(file.pk)
        found = file.findings
        self.stdout.write(
            f"{file.name}: {found['valid']} rows taken, {found['warnings']} odd, {found['errors']} left out."
        )
        return files.days_of(file)

    def _uploaded(self, provider: str, path: Path) -> SettlementFile:
        try:
            return services.upload(
                actor=command("reconcile"), provider=provider, name=path.name, content=path.read_bytes()
            )
        except services.FileKnown as known:
            self.stdout.write("This very file was uploaded before.")
            return known.file

    def _accept(self, file: SettlementFile) -> None:
        if file.covers_from is None or file.covers_to is None:
            raise CommandError("Nothing in it can be compared. Look at it in the portal and choose its columns.")
        services.take_in(
            actor=command("reconcile"),
            file=file,
            covers_from=file.covers_from,
            covers_to=file.covers_to,
            channels=file.channels,
        )

    def _compare(self, provider: str, day: date) -> int:
        run = runs.plan(provider, day)
        while True:
            runs.work(run.pk)
            run.refresh_from_db()
            if run.state in _OVER:
                break
            # The questions have a pace.
            time.sleep(1)
        self._print(provider, day, run)
        return run.breaks if run.state == ReconciliationRun.State.DONE else 1

    def _print(self, provider: str, day: date, run: ReconciliationRun) -> None:
        shown = overview.day(provider, day)
        self.stdout.write(f"{PROVIDER_NAMES[provider]} {day}: {run.matched} matched, {run.breaks} open break(s).")
        for sums in shown.sums:
            theirs, ours = format_money(sums.theirs, sums.currency), format_money(sums.ours, sums.currency)
            self.stdout.write(f"  {sums.channel}: they say {theirs} in {sums.lines}, we have {ours} in {sums.receipts}")
        for case in overview.breaks_of(provider, day).exclude(state="settled")[:200]:
            self.stdout.write(f"  {case.get_kind_display()}: {case.reference} {case.note}")
