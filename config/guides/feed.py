"""The changelog as an Atom feed (RFC 4287)."""

from datetime import UTC, datetime, time

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from config.guides.changes import changes


def written(language: str) -> str:
    """Every change as an entry with its address, in ``language``."""
    page = f"{settings.BASE_URL}{reverse('guides:changelog')}"
    own = f"{settings.BASE_URL}{reverse('guides:changelog_feed')}?lang={language}"
    with translation.override(language):
        feed = Atom1Feed(_("Changelog for developers"), page, _("What changed for programs."), language, feed_url=own)
        for release, change in changes():
            day = datetime.combine(release.day, time(), UTC)
            feed.add_item(
                f"{release.version} · {change.kind.title}: {change.title}",
                f"{page}#{change.slug}",
                str(change.text),
                unique_id=f"{page}#{change.slug}",
                pubdate=day,
                updateddate=day,
                categories=[change.kind.slug, *change.sections],
            )
        return str(feed.writeString("utf-8"))
