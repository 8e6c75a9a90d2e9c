from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups import postgres, taking


class Command(BaseCommand):
    help = "Write database, figures and private files of one moment into a new folder below FOLDER."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where backups lie; made when it is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = taking.take(options["folder"])
        except (postgres.ProgramFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.folder}: {done.rows} rows, {done.files} files. Try it: manage.py restore_drill {done.folder}"
        )
