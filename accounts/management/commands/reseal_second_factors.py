from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services import second_factor_keys


class Command(BaseCommand):
    help = "Encrypts second factors with the key made from SECRET_KEY; run it before a fallback is removed."

    def handle(self, **options: Any) -> None:
        done = second_factor_keys.reseal_all()
        self.stdout.write(f"{done.resealed} second factors")
        if done.lost:
            raise CommandError(
                f"No key opens {len(done.lost)} second factors (rows {', '.join(map(str, done.lost[:20]))}). "
                "Keep every fallback until this is explained."
            )
