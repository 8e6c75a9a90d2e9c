"""The limit for accepted notifications: a Django view that reads the body and inserts one row. No middleware."""

from django.db import connection
from django.http import HttpRequest, HttpResponse

TABLE = """
CREATE TABLE IF NOT EXISTS limits.messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  external_id text NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
)
"""


def accept(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO limits.messages (external_id, body) VALUES (%s, %s)",
            [request.headers["X-External-Id"], request.body],
        )
    return HttpResponse('{"responseCode":"2002500"}', content_type="application/json")
