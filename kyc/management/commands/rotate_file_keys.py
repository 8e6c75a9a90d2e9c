from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kyc.services import rotation


class Command(BaseCommand):
    help = "Encrypt every identity document and number anew with the first of FILE_ENCRYPTION_KEYS. May be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        done = rotation.rotate_all()
        if options["verbosity"]:
            self.stdout.write(f"{done.files} files and {done.numbers} numbers encrypted anew.")
        if done.lost:
            raise CommandError(
                f"{len(done.lost)} documents cannot be read with any of the keys: {', '.join(done.lost[:20])}. "
                "Do not remove a key before this is explained."
            )
