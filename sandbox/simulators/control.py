"""The part of the control API that both simulators have: health, settings, misbehaviour, request log."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

from flask import Flask, Response, request

from .misbehave import BadControl, Misbehaviour
from .state import RequestLog

View = Callable[[dict[str, Any]], Any]


class Settings(Protocol):
    """A dataclass of numbers and words that can be changed while running."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def json_response(data: Any, status: int = 200) -> Response:
    """An answer of compact, ASCII-only JSON."""
    return Response(json.dumps(data, separators=(",", ":")), status, mimetype="application/json")


def control_view(view: View) -> Callable[[], Response]:
    """Hand the JSON object of the request to a view; a control call that makes no sense is 422."""

    def answer() -> Response:
        try:
            wanted = json.loads(request.get_data() or b"{}")
            if not isinstance(wanted, dict):
                raise BadControl("the body must be a JSON object")
            return json_response(view(wanted))
        except BadControl as error:
            return json_response({"error": str(error)}, 422)
        except UnicodeDecodeError:
            return json_response({"error": "the body must be UTF-8"}, 422)
        except json.JSONDecodeError:
            return json_response({"error": "the body must be JSON"}, 422)

    return answer


def limit_of(default: int) -> int:
    text = request.args.get("limit", str(default))
    if not text.isdecimal():
        raise BadControl("limit must be a number")
    return int(text)


def change_settings(settings: Settings, wanted: dict[str, Any]) -> dict[str, Any]:
    """Set named fields, each of the type it has now. Raises BadControl before anything is changed."""
    checked: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in settings.__dataclass_fields__:
            raise BadControl(f"unknown setting {name}")
        checked[name] = of_type(type(getattr(settings, name)), name, value)
    for name, value in checked.items():
        setattr(settings, name, value)
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def of_type(kind: type, name: str, value: Any) -> Any:
    try:
        fitting = kind(value)
    except (TypeError, ValueError):
        raise BadControl(f"{name} must be {kind.__name__}") from None
    if isinstance(fitting, int | float) and fitting < 0:
        raise BadControl(f"{name} must not be negative")
    return fitting


def add_common_control(app: Flask, faults: Misbehaviour, log: RequestLog, reset: Callable[[], None]) -> None:
    """Routes for health, misbehaviour, request log and reset."""

    def misbehave(wanted: dict[str, Any]) -> Any:
        return asdict(faults.add(wanted))

    def behave(wanted: dict[str, Any]) -> Any:
        faults.clear()
        return {"pending": []}

    def start_over(wanted: dict[str, Any]) -> Any:
        faults.clear()
        log.clear()
        reset()
        return {"reset": True}

    add_control(app, "GET", "health", lambda wanted: {"status": "ok"})
    add_control(app, "POST", "misbehave", misbehave)
    add_control(app, "GET", "misbehave", lambda wanted: {"pending": faults.pending()})
    add_control(app, "DELETE", "misbehave", behave)
    add_control(app, "GET", "requests", lambda wanted: log.as_json(limit_of(500)))
    add_control(app, "POST", "reset", start_over)


def add_control(app: Flask, method: str, name: str, view: View) -> None:
    endpoint = f"control:{method}:{name}"
    app.add_url_rule(f"/_control/{name}", endpoint, control_view(view), methods=[method])
