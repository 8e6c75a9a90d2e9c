"""A short way in for providers: their calls need no session, no language, no page around them."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, get_urlconf, resolve, reverse


class DoorMiddleware:
    """Hands a request for one of the addresses in ``settings.DOORS``, or below one of ``settings.DOORS_BELOW``, to its
    view at once.

    What stands before it in ``MIDDLEWARE`` works for them too, what comes after it does not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        urlconf = get_urlconf() or settings.ROOT_URLCONF
        door = _doors(urlconf).get(request.path_info) or _door_below(request.path_info, urlconf)
        if door is None:
            return self.get_response(request)
        request.resolver_match = door
        answer: HttpResponse = door.func(request, *door.args, **door.kwargs)
        return answer


def _door_below(path: str, urlconf: str) -> ResolverMatch | None:
    if not path.startswith(settings.DOORS_BELOW):
        return None
    try:
        return resolve(path, urlconf)
    except Resolver404:
        return None


@lru_cache(maxsize=8)
def _doors(urlconf: str) -> dict[str, ResolverMatch]:
    found = {}
    for name in settings.DOORS:
        try:
            path = reverse(name, urlconf)
        except NoReverseMatch:
            continue
        found[path] = resolve(path, urlconf)
    return found
