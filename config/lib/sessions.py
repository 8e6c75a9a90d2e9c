"""Sessions in the database, read through Redis; while Redis is away whoever is signed in stays so."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cached_db, db
from django.core.cache import caches
from redis.exceptions import RedisError


class SessionStore(cached_db.SessionStore):
    def load(self) -> dict[str, Any]:
        try:
            return super().load()
        except RedisError:
            return db.SessionStore.load(self)

    def exists(self, session_key: str) -> bool:
        try:
            return super().exists(session_key)
        except RedisError:
            return db.SessionStore.exists(self, session_key)

    def delete(self, session_key: str | None = None) -> None:
        # Redis first: were only the row gone, the copy there would be a live session again when Redis is back.
        if key := session_key or self.session_key:
            caches[settings.SESSION_CACHE_ALIAS].delete(self.cache_key_prefix + key)
        db.SessionStore.delete(self, session_key)
