"""While Redis is away: what cannot be done without it is answered in words."""

from django.http import HttpRequest, HttpResponse
from django.template import loader
from redis.exceptions import RedisError

from config.lib import problems


def is_outage(error: BaseException | None) -> bool:
    return isinstance(error, RedisError)


def answer(request: HttpRequest) -> HttpResponse:
    """503, drawn without context processors: they may ask what is away."""
    if problems.is_api(request):
        return problems.problem(request, 503)
    context = {"request_id": getattr(request, "request_id", "")}
    return HttpResponse(loader.render_to_string("503.html", context), status=503)
