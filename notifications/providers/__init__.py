"""The gateways that messages may leave through."""

from django.conf import settings

from notifications.providers.generic import HttpGateway
from notifications.providers.simulator import SimulatedGateway
from notifications.providers.sink import Sink
from notifications.providers.types import SmsGateway

_GATEWAYS: dict[str, type[SmsGateway]] = {"simulator": SimulatedGateway, "http": HttpGateway}


def gateway_for(*, is_sandbox: bool) -> SmsGateway | None:
    """The one that settings.SMS_GATEWAY names; None when there is none. Play messages never leave."""
    if is_sandbox:
        return Sink()
    chosen = _GATEWAYS.get(settings.SMS_GATEWAY)
    return chosen() if chosen else None
