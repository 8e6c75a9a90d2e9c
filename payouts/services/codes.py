"""The code that lets a transfer go: made, sent, compared (TeraPay contract 8).

Six digits, kept as a keyed hash over the payout, its amount and its receiver: a code of one is worth nothing for
another. Everything here runs in the caller's transaction, under the lock of the payout's row.
"""

import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import PortalUser
from config.lib.clock import now
from config.lib.errors import ServiceError
from config.lib.masking import masked, masked_phone
from config.lib.money import format_money
from notifications.services.sms import send_code
from payouts.errors import CodeExpired, CodeTooSoon, NoResendsLeft, TriesUsedUp, WrongCode
from payouts.models import Payout, TransferCode
from payouts.routing import Routes
from payouts.selectors.transfers import BETWEEN_CODES, MOST_RESENDS, MOST_TRIES

# Play money needs no secret: a program can be tried without anybody reading mails.
SANDBOX_CODE = "123456"


@sensitive_variables("digits")
def send_first(payout: Payout) -> TransferCode:
    """Make the code of a payout and send it to whoever asked for the payout."""
    digits = _new_digits(payout)
    code = TransferCode(payout=payout, sent_to=_send(payout, digits))
    return _keep(code, payout, digits)


@sensitive_variables("digits")
def send_again(payout: Payout) -> TransferCode:
    """Send a new code, which is the only one from now on. Wrong tries stay counted, so that asking again buys none.

    Raises `CodeTooSoon`, `NoResendsLeft`.
    """
    code = TransferCode.objects.select_for_update().filter(payout=payout).first()
    if code is None:
        return send_first(payout)
    if code.resends >= MOST_RESENDS:
        raise NoResendsLeft
    wait = (code.sent_at + BETWEEN_CODES - now()).total_seconds()
    if wait > 0:
        raise CodeTooSoon(wait)
    digits = _new_digits(payout)
    code.resends += 1
    code.sent_to = _send(payout, digits)
    return _keep(code, payout, digits)


@sensitive_variables("given")
def use(payout: Payout, given: str) -> ServiceError | None:
    """Use the code up if ``given`` is it; else why not, with the wrong try counted: the caller raises it once that is
    stored. `TriesUsedUp` means that the payment is over."""
    code = TransferCode.objects.select_for_update().filter(payout=payout, used_at=None).first()
    if code is None or code.expires_at <= now():
        return CodeExpired()
    if hmac.compare_digest(_digest(payout, given), code.digest):
        code.used_at = now()
        code.save(update_fields=["used_at"])
        return None
    code.wrong_tries += 1
    code.save(update_fields=["wrong_tries"])
    left = MOST_TRIES - code.wrong_tries
    return WrongCode(left) if left > 0 else TriesUsedUp()


def _new_digits(payout: Payout) -> str:
    return SANDBOX_CODE if payout.is_sandbox else f"{secrets.randbelow(10**6):06d}"


@sensitive_variables("digits", "bound")
def _digest(payout: Payout, digits: str) -> str:
    bound = f"{payout.public_id}|{payout.receiver}|{payout.amount:.2f}|{payout.currency}|{digits}"
    return salted_hmac("payouts.code", bound, algorithm="sha256").hexdigest()


@sensitive_variables("digits")
def _keep(code: TransferCode, payout: Payout, digits: str) -> TransferCode:
    code.sent_at = now()
    code.expires_at = code.sent_at + timedelta(seconds=settings.PAYOUT_CODE_SECONDS)
    if payout.expires_at is not None:
        code.expires_at = min(code.expires_at, payout.expires_at)
    code.digest = _digest(payout, digits)
    code.save()
    return code


@sensitive_variables("digits")
def _send(payout: Payout, digits: str) -> list[dict[str, str]]:
    """To whoever asked for the payout, also when a colleague asks again: a code is never turned elsewhere. Returns
    where it went, masked."""
    email, phone, language = _owner(payout)
    sent: list[dict[str, str]] = []
    with translation.override(language):
        if phone:
            subject = f"payout:{payout.public_id}"
            send_code(to=phone, text=_text(payout, digits), subject=subject, is_sandbox=payout.is_sandbox)
            sent.append({"by": "sms", "to": masked_phone(phone)})
        # Play money writes to nobody; the answer to the call has the code.
        if email and not payout.is_sandbox:
            _mail(payout, digits, email)
            sent.append({"by": "mail", "to": masked(email)})
    return sent


def _owner(payout: Payout) -> tuple[str, str, str]:
    """Address, phone number and language of whoever asked for it."""
    if payout.api_user is not None:
        return payout.api_user.developer_email, payout.api_user.developer_phone_number, "en"
    if payout.created_by is None:
        return "", "", "en"
    portal = PortalUser.objects.filter(user=payout.created_by).first()
    return payout.created_by.email, portal.phone_number if portal else "", payout.created_by.language


@sensitive_variables("digits")
def _text(payout: Payout, digits: str) -> str:
    """One part of plain letters, the code first: what a phone shows without being opened."""
    return _("%(code)s is your code to pay %(amount)s to the account ending in %(end)s. Never tell it to anybody.") % {
        "code": digits,
        "amount": format_money(payout.amount, payout.currency),
        "end": payout.receiver[-4:],
    }


@sensitive_variables("digits", "context", "text", "body")
def _mail(payout: Payout, digits: str, address: str) -> None:
    context = {
        "payout": payout,
        "code": digits,
        "amount": format_money(payout.amount, payout.currency),
        "receiver_of": Routes().name_of(payout.receiver_code),
        "minutes": settings.PAYOUT_CODE_SECONDS // 60,
    }
    text = render_to_string("payouts/mail/code.txt", context)
    subject, _newline, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[address]).send()
