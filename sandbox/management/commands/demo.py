from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sandbox import demo


class Command(BaseCommand):
    help = "Make the people and the history of the sandbox, once, and write VAR_DIR/demo.json."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX_ENABLED:
            raise CommandError("Demo data is for the sandbox: SANDBOX_ENABLED is off.")
        for line in demo.load():
            self.stdout.write(line)
