"""``migrate``, and then the permissions and roles that the code ships."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db.utils import ProgrammingError

from accounts.access import registry


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        try:
            added = registry.sync()
        except ProgrammingError:  # migrated to a point before the tables
            return
        if added and options["verbosity"]:
            self.stdout.write(f"{len(added)} new permissions")
