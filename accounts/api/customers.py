from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import Field

from accounts.access import policy, tokens
from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.models import Customer
from accounts.services import customers

router = Router(tags=["Customers"])

# Not stripped as other texts are: a blank at an end belongs to a password.
Password = Annotated[str, Field(min_length=8, max_length=4096, json_schema_extra={"format": "password"})]
Email = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"format": "email"})]


class CustomerIn(ApiSchema):
    model_config = {**ApiSchema.model_config, "str_strip_whitespace": False}

    email: Email
    password: Password
    full_name: Annotated[str, Field(max_length=200)] | None = None


class CustomerLoginIn(ApiSchema):
    model_config = {**ApiSchema.model_config, "str_strip_whitespace": False}

    email: Email
    password: Password
    otp_code: Annotated[str, Field(max_length=20, description="Where the person has set up a second factor.")] = ""


class CustomerRegisteredOut(ApiSchema):
    customer_id: UUID
    email: str
    full_name: str | None
    created_at: datetime


class CustomerOut(CustomerRegisteredOut):
    kyc_status: Customer.KycStatus


class TokenOut(ApiSchema):
    token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    customer_id: UUID


@operation(router, "customers.register", answer=CustomerRegisteredOut, status=201)
def register(request: ApiRequest, payload: CustomerIn) -> CustomerOut:
    """Register a wallet customer."""
    return _shown(customers.register(actor=request.actor, request=request, given=payload.model_dump()))


@operation(router, "customers.login", answer=TokenOut)
def login(request: ApiRequest, payload: CustomerLoginIn) -> TokenOut:
    """Check a customer's credentials and give out a token for an hour."""
    customer = customers.customer_signing_in(
        request=request, email=payload.email, password=payload.password, code=payload.otp_code
    )
    return TokenOut(
        token=tokens.issue(customer),
        expires_in=int(tokens.LIFETIME.total_seconds()),
        customer_id=customer.public_id,
    )


@operation(router, "customers.get", answer=CustomerOut, path=uuid_path("customers.get", "id"))
def get(request: ApiRequest, id: UUID) -> CustomerOut:  # noqa: A002 - the name in the contract
    """Read one customer: oneself, or with the permission anybody."""
    found = policy.customers_seen_by(request.actor).select_related("user")
    return _shown(get_object_or_404(found, public_id=id))


def _shown(customer: Customer) -> CustomerOut:
    return CustomerOut(
        customer_id=customer.public_id,
        email=customer.user.email,
        full_name=customer.user.display_name or None,
        created_at=customer.created_at,
        kyc_status=Customer.KycStatus(customer.kyc_status),
    )
