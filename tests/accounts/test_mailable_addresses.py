"""An address that no mail server can be asked for is refused where it is typed, not when its mail is written."""

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db

NO_SUCH_DOMAIN = "x@" + "ü" * 70 + ".example"


def test_sign_up_refuses_it(client: Client) -> None:
    form = {"email": NO_SUCH_DOMAIN, "password1": "correct-horse-battery", "display_name": "X"}
    answer = client.post("/account/signup/", form)
    assert answer.status_code == 200
    assert not User.objects.exists()


@pytest.mark.parametrize("path", ["/api/customers/register", "/api/clients/register"])
def test_the_api_refuses_it(client: Client, path: str) -> None:
    body = {
        "email": NO_SUCH_DOMAIN,
        "password": "correct-horse-battery",
        "clientType": "Company",
        "name": "X",
        "contactPerson": "X",
        "phoneNumber": "+23276123456",
        "emailAddress": NO_SUCH_DOMAIN,
    }
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 400
    assert not User.objects.exists()
