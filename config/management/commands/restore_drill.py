import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups import drill, postgres


class Command(BaseCommand):
    help = "Restore a backup into a database beside this one, prove ledger, audit chain and figures there, drop it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that the command backup wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            problems = drill.run(options["folder"])
        except (postgres.ProgramFailed, OSError) as error:
            raise CommandError(str(error)) from error
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} problem(s): this backup would not bring everything back.")
        self.stdout.write(f"Restored and proved in {time.monotonic() - started:.1f} s: nothing is missing.")
