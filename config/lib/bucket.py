"""Private files in a bucket that speaks S3's language. Whatever goes wrong there is an `OSError` here, as on a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage


@contextmanager
def _as_on_a_disk(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            raise FileNotFoundError(name) from error
        raise OSError(f"{name}: {error.response.get('Error', {}).get('Code', '')}") from error
    except BotoCoreError as error:
        raise OSError(f"{name}: {type(error).__name__}") from error


class Bucket(S3Storage):  # type: ignore[misc]
    """Files come whole when they are opened: they are small, and half a file is none."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        with _as_on_a_disk(name):
            found = super()._open(name, mode)
            found.seek(0)
            return found

    def _save(self, name: str, content: Any) -> str:
        with _as_on_a_disk(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _as_on_a_disk(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _as_on_a_disk(name):
            return bool(super().exists(name))

    def listdir(self, name: str) -> Any:
        with _as_on_a_disk(name):
            return super().listdir(name)

    def get_modified_time(self, name: str) -> datetime:
        with _as_on_a_disk(name):
            found: datetime = super().get_modified_time(name)
            return found
