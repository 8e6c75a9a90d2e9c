"""Private files in a bucket: everything that is done with the folder, done with a server that speaks S3."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from cryptography.fernet import Fernet
from django.conf import settings as portal
from django.core.files.storage import storages
from django.test import override_settings
from moto.server import ThreadedMotoServer

from config.lib import clock, sealed_files
from config.lib.bucket import Bucket
from kyc.files import store

OWNER = uuid.UUID("0b5f3c1e-7e0f-4d1a-9d53-2f6a0c0f7b11")
CREDENTIALS = {"access_key": "an-id", "secret_key": "a-key", "region_name": "ap-southeast-3"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(address: str) -> Iterator[Bucket]:
    """A bucket of one's own that stands where the folder stands."""
    name = f"papers-{uuid.uuid4().hex}"
    place = {"CreateBucketConfiguration": {"LocationConstraint": CREDENTIALS["region_name"]}}
    boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id="an-id",
        aws_secret_access_key="a-key",
        region_name=CREDENTIALS["region_name"],
    ).create_bucket(Bucket=name, **place)
    options = {"bucket_name": name, "endpoint_url": address, "location": "private", "file_overwrite": False}
    private = {"BACKEND": "config.lib.bucket.Bucket", "OPTIONS": {**options, **CREDENTIALS}}
    keys = [Fernet.generate_key().decode()]
    with override_settings(STORAGES={**portal.STORAGES, "private": private}, FILE_ENCRYPTION_KEYS=keys):
        yield storages["private"]  # type: ignore[misc]


def test_a_document_is_kept_sealed_listed_and_removed(bucket: Bucket) -> None:
    name = store.put(b"a picture of a card", OWNER)

    assert store.get(name, OWNER) == b"a picture of a card"
    assert b"a picture" not in bucket.open(name).read()
    assert list(store.names()) == [name]
    kept_at = store.kept_at(name)
    assert kept_at is not None
    assert abs(kept_at - clock.now()) < timedelta(minutes=5)
    store.remove(name)
    assert list(store.names()) == []


def test_what_is_not_there_is_lost(bucket: Bucket) -> None:
    with pytest.raises(store.Lost):
        store.get("ab/" + "ab" * 20, OWNER)
    assert store.kept_at("ab/" + "ab" * 20) is None
    store.remove("ab/" + "ab" * 20)


def test_an_upload_in_pieces_comes_back_whole(bucket: Bucket) -> None:
    pieces = [b"x" * 300_000, b"y" * 5]
    sealed_files.put("batches", OWNER, pieces)

    assert sealed_files.get("batches", OWNER) == b"".join(pieces)
    sealed_files.remove("batches", OWNER)
    with pytest.raises(sealed_files.Lost):
        sealed_files.get("batches", OWNER)


def test_a_bucket_that_is_away_is_a_disk_that_fails(bucket: Bucket) -> None:
    away = Bucket(bucket_name="nowhere", endpoint_url="http://127.0.0.1:9", location="private", **CREDENTIALS)
    with pytest.raises(OSError, match="EndpointConnectionError"):
        away.listdir("")
