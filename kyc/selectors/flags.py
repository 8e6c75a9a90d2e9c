"""What a reviewer should look at twice, and the risk that follows from it: computed here and nowhere else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import clock
from kyc.files import identity
from kyc.models import KycCase, KycDocument
from kyc.selectors import nik

_ADULT = 17
_MANY_ATTEMPTS = 4
_SHOWN = 5
# Same identity alone calls for a second reviewer with the usual setting (50); no other flag does so by itself.
_WEIGHTS = {
    "same_identity": 60,
    "same_file": 30,
    "number_unsound": 30,
    "birth_differs": 30,
    "underage": 20,
    "many_attempts": 10,
    "region_differs": 5,
}


@dataclass(frozen=True)
class Flag:
    """``cases`` are those of other accounts that the flag is about."""

    code: str
    text: str | Promise
    cases: Sequence[KycCase] = ()

    @property
    def weight(self) -> int:
        return _WEIGHTS[self.code]


def flags_of(case: KycCase, number: str) -> list[Flag]:
    """Everything that speaks against ``case`` at first sight; ``number`` is its identity number in clear ("" if none).

    Two queries, whatever is found.
    """
    today = clock.now().astimezone(clock.JAKARTA).date()
    return [*_elsewhere(case, number), *_from_number(case, nik.read(number, today=today)), *_from_form(case, today)]


def risk_of(flags: Iterable[Flag]) -> int:
    """0 (nothing) to 100."""
    return min(100, sum(flag.weight for flag in flags))


def needs_second_reviewer(case: KycCase, risk: int) -> bool:
    """Whether two people must agree on ``case``: its risk reaches KYC_SECOND_REVIEW_RISK, or it belongs to the
    KYC_SECOND_REVIEW_PERCENT drawn at random. Nobody can tell beforehand which ones are drawn."""
    if risk >= settings.KYC_SECOND_REVIEW_RISK:
        return True
    drawn = int(salted_hmac("kyc.second-review", str(case.public_id), algorithm="sha256").hexdigest()[:8], 16)
    return bool(drawn / 2**32 * 100 < settings.KYC_SECOND_REVIEW_PERCENT)


def _elsewhere(case: KycCase, number: str) -> list[Flag]:
    user = case.customer.user_id
    mode = case.customer.is_sandbox
    others = KycCase.objects.exclude(customer__user=user).filter(customer__is_sandbox=mode)
    hashes = {case.identity_hash, *identity.hashes_of(number)} - {""}
    same_number = others.filter(identity_hash__in=hashes) if hashes else others.none()
    files = KycDocument.objects.filter(case=case).values("sha256")
    same_file = others.filter(documents__sha256__in=files).distinct()
    found = [
        ("same_identity", _("The identity number is used by another account."), same_number),
        ("same_file", _("A file is the same as one of another account."), same_file),
    ]
    rows = [
        (code, text, list(cases.select_related("customer__user").order_by("-id")[:_SHOWN]))
        for code, text, cases in found
    ]
    return [Flag(code, text, cases) for code, text, cases in rows if cases]


def _from_number(case: KycCase, read: nik.Nik | None) -> list[Flag]:
    if read is None:
        return []
    flags = []
    if not read.is_sound:
        flags.append(Flag("number_unsound", gettext_lazy("The identity number cannot be right: no such place or day.")))
    if case.birth_date and read.born and case.birth_date != read.born:
        flags.append(Flag("birth_differs", gettext_lazy("The identity number says another date of birth.")))
    if other := nik.other_province(case.address, read.province):
        text = _("The number was given out in %(place)s, the address names %(other)s.")
        flags.append(Flag("region_differs", text % {"place": read.province, "other": other}))
    return flags


def _from_form(case: KycCase, today: date) -> list[Flag]:
    flags = []
    if case.birth_date and _years(case.birth_date, today) < _ADULT:
        flags.append(Flag("underage", gettext_lazy("By the date of birth this person is younger than 17.")))
    if case.attempt >= _MANY_ATTEMPTS:
        flags.append(Flag("many_attempts", _("This is attempt number %(count)d.") % {"count": case.attempt}))
    return flags


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
