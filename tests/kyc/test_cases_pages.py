"""The list of identity cases: by when they were sent or decided, and why documents were not accepted."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Role
from config.lib import clock
from kyc.models import KycCase, KycDocument
from tests.accounts.cast import browser_of, person
from tests.kyc import reviewing

pytestmark = pytest.mark.django_db
LIST = "/review/cases/"


@pytest.fixture
def dian() -> Browser:
    return browser_of(person("dian", Role.APPROVER))


def refused(reason: str, days: int = 0) -> KycCase:
    """A case that was decided some days ago, because its first document was not accepted."""
    case, moment = reviewing.case(), clock.now() - timedelta(days=days)
    document = case.documents.all()[0]
    KycDocument.objects.filter(pk=document.pk).update(
        status=KycDocument.Status.REJECTED, reason_code=reason, reviewed_at=moment
    )
    KycCase.objects.filter(pk=case.pk).update(state=KycCase.State.REJECTED, decided_at=moment)
    return case


def test_days_and_reasons_of_the_overview_lead_to_their_cases(dian: Browser) -> None:
    refused("blurred")
    refused("blurred", days=3)
    refused("glare")
    reviewing.case()
    page = dian.get("/review/overview/")
    today = page.context["flow"].rows[-1].cells
    assert [cell.text for cell in today] == ["4", "2"]
    assert [len(dian.get(cell.url).context["page"].items) for cell in today] == [4, 2]
    for reason, url in page.context["reasons"]:
        assert len(dian.get(url).context["page"].items) == reason.count == {"blurred": 2, "glare": 1}[reason.code]
    assert len(dian.get(page.context["decided_url"]).context["page"].items) == 3
    assert len(dian.get(page.context["today_url"]).context["page"].items) == 2


def test_the_list_says_what_it_is_narrowed_to(dian: Browser) -> None:
    assert "No cases yet" in dian.get(LIST).content.decode()
    case = refused("blurred")
    today = timezone.localdate().isoformat()
    page = dian.get(f"{LIST}?by=decided&reason=blurred&first={today}&last={today}").content.decode()
    assert "The picture is blurred, so the text cannot be read." in page
    assert f"/review/{case.public_id}/" in page
    assert "Nothing found" in dian.get(f"{LIST}?reason=glare").content.decode()
    assert dian.get(f"{LIST}?by=x&reason=y&first=z&last=0001-01-01&cursor=n9").status_code == 200


def test_an_unsent_case_is_nobodys_business(dian: Browser) -> None:
    case = reviewing.case()
    KycCase.objects.filter(pk=case.pk).update(submitted_at=None)
    assert dian.get(LIST).context["page"].items == []
    assert browser_of(person("sari", Role.SUPPORT)).get(LIST).status_code == 404
