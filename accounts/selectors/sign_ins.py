"""What happened to a person's way in, as far as that person should know."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User

_WORDS: dict[str, tuple[str | Promise, str, str]] = {
    "user.signed_in": (_("Signed in"), "arrow-right-end-on-rectangle", "success"),
    "user.sign_in_failed": (_("Wrong password or code"), "exclamation-triangle", "warning"),
    "user.password_changed": (_("Password changed"), "key", "info"),
    "user.mfa_added": (_("Second factor added"), "shield-check", "success"),
    "user.mfa_removed": (_("Second factor removed"), "shield-exclamation", "warning"),
    "user.recovery_codes_made": (_("New recovery codes"), "document-text", "info"),
    "user.sessions_ended": (_("Signed out elsewhere"), "arrow-right-start-on-rectangle", "info"),
    "user.email_changed": (_("Main address changed"), "envelope", "info"),
    "user.email_removed": (_("Address removed"), "envelope", "info"),
}


_KINDS: dict[str, str | Promise] = {"app": _("Authenticator app"), "passkey": _("Passkey")}


@dataclass(frozen=True)
class Event:
    at: datetime
    title: str | Promise
    icon: str
    tone: str
    who: str
    text: str | Promise = ""


def recent(user: User, *, limit: int = 10) -> list[Event]:
    """The latest of ``user``, newest first."""
    rows = AuditEntry.objects.filter(object_type="user", object_id=str(user.pk), action__in=_WORDS)
    return [_event(row) for row in rows.order_by("-id")[:limit]]


def _event(row: AuditEntry) -> Event:
    kind = _KINDS.get(row.after.get("kind", ""), "")
    return Event(row.at, *_WORDS[row.action], who=row.address or "", text=kind)
