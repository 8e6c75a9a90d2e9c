from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from config.lib import sealing
from notifications.delivery import PURPOSE
from notifications.models import WebhookEndpoint


class Command(BaseCommand):
    help = (
        "Encrypts the secrets of webhooks with the newest of FILE_ENCRYPTION_KEYS; run it before an old key is removed."
    )

    def handle(self, **options: Any) -> None:
        count = 0
        for pk in WebhookEndpoint.objects.values_list("pk", flat=True):
            with transaction.atomic():
                endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=pk)
                endpoint.secret = sealing.reseal(PURPOSE, endpoint.secret)
                endpoint.old_secret = endpoint.old_secret and sealing.reseal(PURPOSE, endpoint.old_secret)
                endpoint.save(update_fields=["secret", "old_secret"])
            count += 1
        self.stdout.write(f"{count} webhooks")
