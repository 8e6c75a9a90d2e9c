"""The same call in four languages, as the documentation shows it; and how a receiver of webhooks verifies one.

The key comes from the environment as KEY. The page may put the reader's own in its place, in the browser only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

# A key for "once" is a name of the caller's own: the same for every repetition.
_ONCE = "order-8841"
_INDENT = "    "


@dataclass(frozen=True)
class Sample:
    """One call; ``body`` is None where none is sent."""

    method: str
    url: str
    query: Mapping[str, Any]
    body: Any = None
    takes_key: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Those beside the key of the API."""
        found = {"Content-Type": "application/json"} if self.body is not None else {}
        return found | ({"Idempotency-Key": _ONCE} if self.takes_key else {})

    @property
    def address(self) -> str:
        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url


def languages(sample: Sample) -> list[tuple[str, str]]:
    """(name of the language, code) of each."""
    return [
        ("curl", _curl(sample)),
        ("Python", _python(sample)),
        ("PHP", _php(sample)),
        ("JavaScript", _javascript(sample)),
    ]


def _curl(sample: Sample) -> str:
    method = "" if sample.method == "GET" else f"-X {sample.method} "
    lines = [f'curl {method}"{sample.address}"', '-H "Authorization: Bearer $KEY"']
    lines += [f'-H "{name}: {value}"' for name, value in sample.headers.items()]
    if sample.body is not None:
        lines.append(f"-d '{json.dumps(sample.body, ensure_ascii=False)}'")
    return " \\\n  ".join(lines)


def _python(sample: Sample) -> str:
    headers = "".join(f', "{name}": "{value}"' for name, value in sample.headers.items() if name != "Content-Type")
    parts = [f'"{sample.url}"', f'headers={{"Authorization": f"Bearer {{KEY}}"{headers}}}']
    if sample.query:
        parts.append(f"params={_python_value(dict(sample.query))}")
    if sample.body is not None:
        parts.append(f"json={_python_value(sample.body)}")
    lines = ",\n".join(_INDENT + part for part in [*parts, "timeout=30"])
    start = 'import os\n\nimport requests\n\nKEY = os.environ["KEY"]'
    return f"{start}\n\nanswer = requests.{sample.method.lower()}(\n{lines},\n)\nprint(answer.json())"


def _python_value(value: Any) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    text = json.dumps(value, ensure_ascii=False)
    for word, ours in words.items():
        text = text.replace(f": {word}", f": {ours}")
    return text


def _php(sample: Sample) -> str:
    headers = ["'Authorization: Bearer ' . $key"]
    headers += [f"'{name}: {value}'" for name, value in sample.headers.items()]
    options = ["CURLOPT_RETURNTRANSFER => true"]
    if sample.method != "GET":
        options.append(f"CURLOPT_CUSTOMREQUEST => '{sample.method}'")
    options.append(f"CURLOPT_HTTPHEADER => [{', '.join(headers)}]")
    if sample.body is not None:
        options.append(f"CURLOPT_POSTFIELDS => json_encode({_php_value(sample.body)})")
    lines = ",\n".join(_INDENT + option for option in options)
    start = f"<?php\n$key = getenv('KEY');\n$call = curl_init('{sample.address}');"
    return f"{start}\ncurl_setopt_array($call, [\n{lines},\n]);\n$answer = json_decode(curl_exec($call), true);"


def _javascript(sample: Sample) -> str:
    headers = ["Authorization: `Bearer ${process.env.KEY}`"]
    headers += [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sample.headers.items()]
    parts = [f"method: {json.dumps(sample.method)}"] if sample.method != "GET" else []
    parts.append(f"headers: {{ {', '.join(headers)} }}")
    if sample.body is not None:
        parts.append(f"body: JSON.stringify({json.dumps(sample.body, ensure_ascii=False)})")
    lines = ",\n".join(_INDENT + part for part in parts)
    call = f"const answer = await fetch({json.dumps(sample.address)}, {{\n{lines},\n}});"
    return f"{call}\nconsole.log(await answer.json());"


def _php_value(value: Any) -> str:
    if isinstance(value, dict):
        return f"[{', '.join(f'{_php_value(name)} => {_php_value(part)}' for name, part in value.items())}]"
    if isinstance(value, list):
        return f"[{', '.join(_php_value(part) for part in value)}]"
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{quoted}'"
    return json.dumps(value)


VERIFICATION = [
    (
        "Python",
        """import base64, hashlib, hmac, time

def is_genuine(secret: str, headers: dict, body: bytes) -> bool:
    sent_at = headers["webhook-timestamp"]
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(mac).decode()
    given = headers["webhook-signature"].split()
    is_fresh = abs(time.time() - int(sent_at)) < 300
    return is_fresh and any(hmac.compare_digest(wanted, one) for one in given)""",
    ),
    (
        "PHP",
        """<?php
function is_genuine(string $secret, array $headers, string $body): bool {
    $sent_at = $headers['webhook-timestamp'];
    $signed = $headers['webhook-id'] . '.' . $sent_at . '.' . $body;
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $secret, true));
    foreach (explode(' ', $headers['webhook-signature']) as $given) {
        if (hash_equals($wanted, $given)) {
            return abs(time() - (int) $sent_at) < 300;
        }
    }
    return false;
}""",
    ),
    (
        "JavaScript",
        """import { createHmac, timingSafeEqual } from "node:crypto";

// body is a Buffer with the bytes as they came: express.raw({ type: "application/json" }).
export function isGenuine(secret, headers, body) {
    const sentAt = headers["webhook-timestamp"];
    const mac = createHmac("sha256", secret).update(`${headers["webhook-id"]}.${sentAt}.`).update(body);
    const wanted = Buffer.from("v1," + mac.digest("base64"));
    const isFresh = Math.abs(Date.now() / 1000 - Number(sentAt)) < 300;
    return isFresh && headers["webhook-signature"].split(" ").some((one) => {
        const given = Buffer.from(one);
        return given.length === wanted.length && timingSafeEqual(given, wanted);
    });
}""",
    ),
    (
        "curl, openssl",
        """# The plain header knows neither time nor id, so it cannot stop a repetition.
printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET"
# X-Webhook-Signature: sha256=<the same digits>""",
    ),
]
