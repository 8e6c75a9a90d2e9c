"""Orders to misbehave: which operation breaks how, and how often."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from flask import Response

from .serving import Cut, Hang, Reset

NOT_ACCEPTED = ("timeout_before_accept", "reset_before_accept")
ACCEPTED = (
    "timeout_after_accept",
    "reset_after_accept",
    "502_after_accept",
    "html",
    "truncated",
    "cut",
    "empty",
    "slow",
)
DEFAULT_SECONDS = {"slow": 3.0}
HTML = "<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"


class BadControl(ValueError):
    """A control call that makes no sense; answered 422 with its text."""


@dataclass
class Rule:
    """One order: `times` < 0 means until it is cleared."""

    operation: str
    mode: str
    times: int = 1
    seconds: float = 120.0
    retry_after: int = 5
    code: str = ""


Refusal = Callable[[Rule], Response]
Edit = Callable[[Rule, Response], Response]


class Misbehaviour:
    """Knows the orders still to be carried out, and breaks answers by them.

    `refusals` answer instead of the operation, `edits` change its answer after it was carried out.
    """

    def __init__(
        self, operations: Iterable[str], refusals: dict[str, Refusal], edits: dict[str, Edit] | None = None
    ) -> None:
        self.operations = tuple(operations)
        self.refusals = refusals
        self.edits = edits or {}
        self.rules: list[Rule] = []
        self.lock = threading.Lock()
        # Modes of what the simulator itself sends, by the operation that sends it.
        self.own_modes: dict[str, tuple[str, ...]] = {}

    def modes(self, operation: str) -> tuple[str, ...]:
        return self.own_modes.get(operation) or (*self.refusals, *self.edits, *NOT_ACCEPTED, *ACCEPTED)

    def add(self, wanted: dict[str, Any]) -> Rule:
        """Note an order. Raises BadControl for an unknown operation, mode or field."""
        operation, mode = str(wanted.get("operation", "*")), str(wanted.get("mode", ""))
        known = (*self.operations, *self.own_modes, "*")
        if operation not in known:
            raise BadControl(f"operation must be one of {', '.join(known)}")
        if mode not in self.modes(operation):
            raise BadControl(f"mode must be one of {', '.join(self.modes(operation))}")
        rule = self.parsed(operation, mode, wanted)
        with self.lock:
            self.rules.append(rule)
        return rule

    def parsed(self, operation: str, mode: str, wanted: dict[str, Any]) -> Rule:
        if unknown := set(wanted) - set(Rule.__dataclass_fields__):
            raise BadControl(f"unknown field {', '.join(sorted(unknown))}")
        try:
            return Rule(
                operation,
                mode,
                int(wanted.get("times", 1)),
                float(wanted.get("seconds", DEFAULT_SECONDS.get(mode, 120.0))),
                int(wanted.get("retry_after", 5)),
                str(wanted.get("code", "")),
            )
        except (TypeError, ValueError):
            raise BadControl("times, seconds and retry_after must be numbers") from None

    def take(self, operation: str) -> Rule | None:
        """The oldest order for this operation, used up by one."""
        with self.lock:
            for rule in self.rules:
                if rule.operation != operation and (rule.operation != "*" or operation in self.own_modes):
                    continue
                rule.times -= 1
                if rule.times == 0:
                    self.rules.remove(rule)
                return rule
        return None

    def pending(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(rule) for rule in self.rules]

    def clear(self) -> None:
        with self.lock:
            self.rules.clear()

    def perform(self, operation: str, view: Callable[[], Response]) -> Response:
        """Carry the operation out, broken by the next order for it if there is one."""
        rule = self.take(operation)
        if rule is None:
            return view()
        if rule.mode in self.refusals:
            return self.refusals[rule.mode](rule)
        if rule.mode == "timeout_before_accept":
            raise Hang(rule.seconds)
        if rule.mode == "reset_before_accept":
            raise Reset("reset before accepting")
        answer = view()
        edit = self.edits.get(rule.mode)
        return edit(rule, answer) if edit else garbled(rule, answer)


def garbled(rule: Rule, answer: Response) -> Response:
    """The answer of an operation that was carried out, as the caller gets it (or never gets it)."""
    body = answer.get_data()
    match rule.mode:
        case "timeout_after_accept":
            raise Hang(rule.seconds)
        case "reset_after_accept":
            raise Reset("reset after accepting")
        case "cut":
            raise Cut(answer.status, list(answer.headers), body)
        case "502_after_accept":
            return bad_gateway(rule)
        case "html":
            return Response(HTML, 200, mimetype="text/html")
        case "slow":
            time.sleep(rule.seconds)
        case "truncated":
            answer.set_data(body[: max(1, len(body) // 2)])
        case "empty":
            answer.set_data(b"")
    return answer


def bad_gateway(rule: Rule) -> Response:
    page = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
    return Response(page, 502, mimetype="text/html")
