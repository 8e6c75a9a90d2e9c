"""PostgreSQL and Redis for one folder: the ones given by URL, or private ones started here."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.stack.folder import Folder
from sandbox.stack.postgres import Postgres
from sandbox.stack.processes import rotate
from sandbox.stack.redis_server import Redis


class LocalServices:
    """A private PostgreSQL and Redis that keep their data in `folder`.

    Use as a context manager. Start it from the main thread: the servers are told to stop when the
    thread that started them ends. With `database_url` or `redis_url` given, that server is used
    and none is started. `durable=False` is for data that is thrown away.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | Folder,
        *,
        database_url: str = "",
        redis_url: str = "",
        durable: bool = True,
    ) -> None:
        self.folder = folder if isinstance(folder, Folder) else Folder(Path(folder))
        self._locked_here = not isinstance(folder, Folder)
        self._given = (database_url, redis_url)
        self._durable = durable
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else self._given[0]

    @property
    def redis_url(self) -> str:
        return self.redis.url if self.redis else self._given[1]

    @property
    def servers(self) -> Sequence[Postgres | Redis]:
        """Those started here, in the order in which they start."""
        return [server for server in (self.postgres, self.redis) if server is not None]

    def start(self) -> Self:
        """Start what was not given; raises StackError with a message for a person."""
        if self._locked_here:
            self.folder.lock()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        root = self.folder.path
        for name in ("postgres", "redis"):
            rotate(self.folder.log(name))
        if not self._given[0]:
            self.postgres = Postgres(root, self.folder.log("postgres"), durable=self._durable)
            self.postgres.start()
        if not self._given[1]:
            self.redis = Redis(root / "redis", self.folder.log("redis"))
            self.redis.start()

    def stop(self) -> None:
        """End the servers started here and let the folder go; quiet when there are none."""
        for server in reversed(self.servers):
            server.stop()
        if self._locked_here:
            self.folder.unlock()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
