"""The key under which secrets of authenticator apps and seeds of recovery codes rest: made from SECRET_KEY."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction

# What is encrypted in the data of a second factor; passkeys hold no secret of ours.
_SEALED = ("secret", "seed", "migrated_codes")


@dataclass
class Done:
    """How many second factors were sealed anew; ``lost`` names those that no key opens."""

    resealed: int = 0
    lost: list[int] = field(default_factory=list)


def box() -> MultiFernet:
    """Seals with the key made from SECRET_KEY, opens with those of SECRET_KEY_FALLBACKS too."""
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def reseal_all() -> Done:
    """Bring every second factor under the key of today. Each row by itself: a stopped run is simply started again."""
    done = Done()
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        try:
            done.resealed += _reseal(pk)
        except InvalidToken:
            done.lost.append(pk)
    return done


@transaction.atomic
def _reseal(pk: int) -> bool:
    row = Authenticator.objects.select_for_update(no_key=True).filter(pk=pk).first()
    old: dict[str, Any] = row.data if row else {}
    new = {name: _anew(value) if name in _SEALED else value for name, value in old.items()}
    return bool(new != old and Authenticator.objects.filter(pk=pk).update(data=new))


def _anew(value: Any) -> Any:
    if isinstance(value, list):
        return [_anew(one) for one in value]
    try:
        _key(settings.SECRET_KEY).decrypt(value)
    except InvalidToken:
        return box().rotate(value.encode()).decode()
    return value


def _key(secret: str) -> Fernet:
    digest = hashlib.sha256(b"second-factor:" + secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
