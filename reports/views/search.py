"""One box for staff: whatever has an id is found by it."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from reports import searching


@never_cache
@require_safe
@permission_required("Staff.Search")
def search(request: ActorRequest) -> HttpResponseBase:
    """Straight to the page of the only hit; what may not be read is not looked for."""
    asked = searching.read(request.GET.get("q", ""))
    groups = searching.find(request.actor, asked, searching.FINDERS)
    hits = {hit.url for group in groups for hit in group.hits}
    if len(hits) == 1 and "list" not in request.GET:
        return redirect(hits.pop())
    return _page(request, asked, groups)


def _page(request: ActorRequest, asked: searching.Asked, groups: list[searching.Group]) -> HttpResponse:
    return render(request, "reports/search.html", {"asked": asked, "groups": groups})
