"""The second proof: set up, asked for, used up, demanded of roles."""

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt, encrypt
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, Customer, User
from accounts.services import second_factor
from notifications.models import Mail
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def app_of(user: User) -> str:
    """Give ``user`` an authenticator app; returns its secret."""
    secret = str(auth.generate_totp_secret())
    auth.TOTP.activate(user, secret)
    return secret


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30 + steps)))


def sign_in(client: Client, user: User) -> Any:
    return client.post("/account/login/", {"login": user.email, "password": PASSWORD})


def is_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def api_login(user: User, **more: Any) -> Any:
    body = {"username": user.email, "password": PASSWORD, **more}
    return Client().post("/api/account/login", json.dumps(body), content_type="application/json")


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app_and_signing_in_with_it(customer: Customer, client_for: Callable[..., Client]) -> None:
    client = client_for(customer)
    page = client.get("/account/2fa/totp/activate/").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = client.session["mfa.totp.secret"]
    assert secret in page
    wrong = client.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert "is-invalid" in wrong.content.decode()
    done = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert done["Location"] == "/account/2fa/recovery-codes/"
    assert not is_in_after_password(customer.user)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["user.mfa_added"]
    assert Mail.objects.filter(subject="Two-factor sign-in is on").count() == 1


def test_the_code_that_proved_the_app_opens_nothing_any_more(
    customer: Customer, client_for: Callable[..., Client]
) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 9, 0, 10, tzinfo=ZoneInfo("UTC")), tick=False):
        client, other = client_for(customer), Client()
        client.get("/account/2fa/totp/activate/")
        secret = client.session["mfa.totp.secret"]
        code = code_of(secret)
        assert client.post("/account/2fa/totp/activate/", {"code": code}).status_code == 302
        sign_in(other, customer.user)
        refused = other.post("/account/2fa/authenticate/", {"code": code})
        assert "was used already" in refused.content.decode()
        other.post("/account/2fa/authenticate/", {"code": code_of(secret, steps=1)})
        assert is_in(other)


def is_in_after_password(user: User) -> bool:
    client = Client()
    answer = sign_in(client, user)
    assert answer["Location"] == "/account/2fa/authenticate/"
    return is_in(client)


def test_a_code_opens_once_and_not_again(customer: Customer) -> None:
    code = code_of(app_of(customer.user))
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, customer.user)
    assert first.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    refused = second.post("/account/2fa/authenticate/", {"code": code})
    assert "was used already" in refused.content.decode()
    assert (is_in(first), is_in(second)) == (True, False)


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_watch_may_be_half_a_minute_wrong(steps: int, good: bool, customer: Customer) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 9, 0, 10, tzinfo=ZoneInfo("UTC")), tick=False):
        secret = app_of(customer.user)
        assert bool(second_factor.use_code(customer.user, code_of(secret, steps=steps))) is good


def test_an_older_code_is_dead_once_a_newer_was_used(customer: Customer) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 9, 0, 10, tzinfo=ZoneInfo("UTC")), tick=False):
        secret = app_of(customer.user)
        assert second_factor.use_code(customer.user, code_of(secret, steps=1))
        assert not second_factor.use_code(customer.user, code_of(secret))


def test_codes_survive_an_empty_cache(customer: Customer) -> None:
    from django.core.cache import cache

    code = code_of(app_of(customer.user))
    assert second_factor.use_code(customer.user, code)
    cache.clear()
    assert not second_factor.use_code(customer.user, code)


@pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "000000", "'; --"])
def test_nonsense_is_no_code(code: str, customer: Customer) -> None:
    app_of(customer.user)
    assert second_factor.use_code(customer.user, code) is None


def test_the_secret_rests_encrypted(customer: Customer, settings: Any) -> None:
    secret = app_of(customer.user)
    stored = json.dumps(Authenticator.objects.get().data)
    assert secret not in stored
    sealed = encrypt(secret)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a newer one"
    assert decrypt(sealed) == secret


def test_second_factors_outlive_the_key_they_were_sealed_with(customer: Customer, settings: Any) -> None:
    secret = app_of(customer.user)
    RecoveryCodes.activate(customer.user)
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a newer one"
    for expected in ("2 second factors", "0 second factors"):
        call_command("reseal_second_factors", stdout=(said := StringIO()))
        assert said.getvalue().strip() == expected
    settings.SECRET_KEY_FALLBACKS = []
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes() == codes


def test_second_factors_that_no_key_opens_are_named(customer: Customer, settings: Any) -> None:
    app_of(customer.user)
    settings.SECRET_KEY = "another one, and the first is forgotten"
    with pytest.raises(CommandError, match="Keep every fallback"):
        call_command("reseal_second_factors", stdout=StringIO())


def _race(work: Callable[[], bool], count: int) -> int:
    """Let ``count`` threads do it at the same moment; how many succeeded."""
    gate = threading.Barrier(count)

    def one() -> bool:
        try:
            gate.wait(10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return sum(future.result() for future in [pool.submit(one) for _ in range(count)])


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_one_code_would_open_several_doors(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race is real: reading and writing without a lock lets several through."""
    user, secret = customer.user, app_of(customer.user)
    code, row = code_of(secret), Authenticator.objects.get()
    gate = threading.Barrier(4)

    def unlocked() -> bool:
        fresh = Authenticator.objects.get(pk=row.pk)
        gate.wait(10)
        return second_factor._use_app_code(fresh, code)

    assert _race(unlocked, 4) == 4
    assert second_factor.use_code(user, code) is None


@pytest.mark.django_db(transaction=True)
def test_of_eight_that_bring_one_code_one_gets_in(customer: Customer) -> None:
    user, secret = customer.user, app_of(customer.user)
    code = code_of(secret)
    assert _race(lambda: second_factor.use_code(user, code) is not None, 8) == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_that_bring_one_recovery_code_one_gets_in(customer: Customer) -> None:
    app_of(customer.user)
    codes = RecoveryCodes.activate(customer.user).get_unused_codes()
    assert _race(lambda: second_factor.use_code(customer.user, codes[3]) is not None, 8) == 1
    assert Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes() == codes[:3] + codes[4:]


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_many_races_for_one_code(customer: Customer) -> None:
    user, secret = customer.user, app_of(customer.user)
    for number in range(300):
        Authenticator.objects.filter(type="totp").update(data={"secret": encrypt(secret)})
        code = code_of(secret)
        assert _race(lambda code=code: second_factor.use_code(user, code) is not None, 2 + number % 5) == 1  # type: ignore[misc]


def test_guessing_codes_is_locked_as_well(customer: Customer) -> None:
    secret, client = app_of(customer.user), Client()
    sign_in(client, customer.user)
    answers = [client.post("/account/2fa/authenticate/", {"code": f"00000{n}"}) for n in range(6)]
    assert "Too many failed attempts" in answers[-1].content.decode()
    late = client.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert late.status_code == 200
    assert not is_in(client)


def test_programs_send_the_code_along(staff_user: User) -> None:
    secret = app_of(staff_user)
    needed = api_login(staff_user)
    assert (needed.status_code, needed.json()["code"]) == (401, "second_factor_needed")
    assert "gerbang_session" not in needed.cookies
    wrong = api_login(staff_user, otpCode="000000")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    # Only a right password learns that there is a second factor.
    assert api_login(staff_user, password="wrong").json()["code"] == "bad_credentials"
    assert api_login(staff_user, otpCode=code_of(secret)).status_code == 200


def test_programs_may_send_a_recovery_code(staff_user: User) -> None:
    app_of(staff_user)
    code = RecoveryCodes.activate(staff_user).get_unused_codes()[0]
    assert api_login(staff_user, otpCode=code).status_code == 200
    assert api_login(staff_user, otpCode=code).status_code == 401


def test_recovery_codes_are_shown_once_and_made_anew(customer: Customer, client_for: Callable[..., Client]) -> None:
    app_of(customer.user)
    codes = RecoveryCodes.activate(customer.user).get_unused_codes()
    client = client_for(customer)
    page = client.get("/account/2fa/recovery-codes/").content.decode()
    assert all(f"{code[:4]} {code[4:]}" in page for code in codes)
    assert f"data:text/plain;charset=utf-8,Gerbang%0A{codes[0]}" in page
    again = client.get("/account/2fa/recovery-codes/").content.decode()
    assert not any(code[:4] in re.sub(r"<[^>]*>", "", again) for code in codes)
    assert client.get("/account/2fa/recovery-codes/download/").status_code == 403
    assert client.post("/account/2fa/recovery-codes/generate/").status_code == 302
    assert second_factor.use_code(customer.user, codes[0]) is None
    assert second_factor.proofs_of(customer.user).recovery_codes_left == 10


def test_a_role_that_demands_it_opens_nothing_without(
    staff_user: User, client_for: Callable[..., Client], settings: Any
) -> None:
    settings.MFA_REQUIRED_ROLES = ["CompanyAdmin"]
    client = client_for(staff_user)
    for path in ("/", "/staff/", "/settings/", "/admin/"):
        assert client.get(path)["Location"] == "/settings/security/", path
    refused = client.get("/api/roles")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
    page = client.get("/settings/security/").content.decode()
    assert "Your role needs a second factor" in page
    assert client.get("/account/2fa/totp/activate/").status_code == 200
    poll = client.get("/staff/", headers={"HX-Request": "true"})
    assert poll["HX-Redirect"] == "/settings/security/"
    client.post("/account/2fa/totp/activate/", {"code": code_of(client.session["mfa.totp.secret"])})
    assert client.get("/staff/").status_code == 200
    assert client.get("/api/roles").status_code == 200


def test_other_roles_and_customers_are_not_bothered(
    customer: Customer, client_for: Callable[..., Client], settings: Any
) -> None:
    settings.MFA_REQUIRED_ROLES = ["SuperAdmin"]
    assert client_for(customer).get("/settings/").status_code == 200


def test_whoever_must_have_one_cannot_drop_the_last(
    staff_user: User, client_for: Callable[..., Client], settings: Any
) -> None:
    settings.MFA_REQUIRED_ROLES = ["SuperAdmin"]
    app_of(staff_user)
    client = client_for(staff_user)
    assert "Remove the app" not in client.get("/account/2fa/totp/deactivate/").content.decode()
    client.post("/account/2fa/totp/deactivate/")
    assert second_factor.has_any(staff_user)
    settings.MFA_REQUIRED_ROLES = []
    client.post("/account/2fa/totp/deactivate/")
    assert not second_factor.has_any(staff_user)
    assert AuditEntry.objects.filter(action="user.mfa_removed").exists()


def test_a_changed_second_factor_wants_a_fresh_sign_in(customer: Customer) -> None:
    app_of(customer.user)
    client = Client()
    client.force_login(customer.user)
    for path in ("totp/deactivate/", "recovery-codes/generate/", "webauthn/add/"):
        assert "reauthenticate" in client.get(f"/account/2fa/{path}")["Location"]
    assert second_factor.has_any(customer.user)


def test_the_administration_has_no_door_of_its_own(staff_user: User, client: Client) -> None:
    app_of(staff_user)
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/account/login/")
    client.post("/admin/login/", {"username": staff_user.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_the_day_after_the_app_is_asked_again(customer: Customer) -> None:
    secret, client = app_of(customer.user), Client()
    sign_in(client, customer.user)
    client.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    client.post("/account/logout/")
    with time_machine.travel(datetime.now(ZoneInfo("UTC")) + timedelta(days=1)):
        assert sign_in(client, customer.user)["Location"] == "/account/2fa/authenticate/"
