"""Whether the key files that the settings name hold what they should."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from payments.providers.faspay_snap import signing


def unusable() -> list[str]:
    """Names of key files, ours and Faspay's, that are there and cannot be used; what is missing is another matter."""
    private = [settings.FASPAY_PRIVATE_KEY_FILE] if settings.FASPAY_PRIVATE_KEY_FILE else []
    found = [name for name in private if not _opens(signing.load_private_key, Path(name))]
    return found + [
        name for name in settings.FASPAY_PUBLIC_KEY_FILES if not _opens(signing.load_public_key, Path(name))
    ]


def _opens(load: Callable[[bytes], object], path: Path) -> bool:
    if not path.is_file():
        return True
    try:
        load(path.read_bytes())
    except (OSError, signing.UnusableKey):
        return False
    return True
