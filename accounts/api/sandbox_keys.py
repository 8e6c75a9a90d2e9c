"""Sandbox keys of the signed-in person (TeraPay contract, section SandboxApiKeys)."""

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from ninja import Router
from pydantic import Field

from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.errors import NotFound
from accounts.models import ApiKey, User
from accounts.selectors import keys as selectors
from accounts.services import keys

router = Router(tags=["SandboxApiKeys"])


class KeyIn(ApiSchema):
    description: (
        Annotated[str, Field(max_length=200, description="Comes back in the answer and is not stored.")] | None
    ) = None


class KeyOut(ApiSchema):
    id: UUID
    key_prefix: Annotated[str, Field(description="What may be shown of the key.", examples=["tp_test_k7m2p9qx"])]
    created_at: datetime
    last_used_at: datetime | None
    is_revoked: bool
    revoked_at: datetime | None
    expires_at: datetime | None
    name: str

    @staticmethod
    def of(key: ApiKey) -> "KeyOut":
        return KeyOut(
            id=key.public_id,
            key_prefix=key.prefix,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            is_revoked=key.revoked_at is not None,
            revoked_at=key.revoked_at,
            expires_at=key.expires_at,
            name=key.name,
        )


class NewKeyOut(ApiSchema):
    id: UUID
    api_key: Annotated[str, Field(description="The whole key, this once.")]
    key_prefix: str
    description: str | None
    created_at: datetime


def _me(request: ApiRequest) -> User:
    return cast(User, request.actor.user)  # the door takes sessions only


@operation(router, "sandbox-api-keys.list", answer=list[KeyOut])
def list_keys(request: ApiRequest) -> list[KeyOut]:
    """List the caller's sandbox keys, newest first, never with their secrets."""
    return [KeyOut.of(key) for key in selectors.sandbox_keys_of(_me(request))]


@operation(router, "sandbox-api-keys.create", answer=NewKeyOut, status=201)
def create_key(request: ApiRequest, body: KeyIn) -> NewKeyOut:
    """Make a sandbox key and show it once. At most five work at a time."""
    issued = keys.issue(actor=request.actor, user=_me(request), is_sandbox=True)
    return NewKeyOut(
        id=issued.key.public_id,
        api_key=issued.raw,
        key_prefix=issued.key.prefix,
        description=body.description,
        created_at=issued.key.created_at,
    )


@operation(
    router,
    "sandbox-api-keys.revoke",
    answer=None,
    status=204,
    path=uuid_path("sandbox-api-keys.revoke", "id"),
)
def revoke_key(request: ApiRequest, id: UUID) -> None:  # noqa: A002 - the contract's name
    """Revoke a sandbox key of one's own. Revoking it again is no error."""
    key = selectors.sandbox_keys_of(_me(request)).filter(public_id=id).first()
    if key is None:
        raise NotFound
    keys.revoke(actor=request.actor, key=key)
