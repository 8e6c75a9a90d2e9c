from typing import Any

from django.core.management.base import BaseCommand

from config.lib import catalogue


class Command(BaseCommand):
    help = "Bring locale/*/LC_MESSAGES/django.po up to the texts in code and templates."

    def handle(self, *args: Any, **options: Any) -> None:
        found = catalogue.open_catalogue("id")
        catalogue.update(found)
        catalogue.path_of("id").parent.mkdir(parents=True, exist_ok=True)
        found.save(str(catalogue.path_of("id")))
        missing = [entry.msgid for entry in found if not entry.translated()]
        self.stdout.write(f"{len(found)} texts, {len(missing)} without a translation.")
