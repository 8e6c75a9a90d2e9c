"""Opens files that strangers sent, in a process of its own that may use little memory and time and write nothing.

It is started by kyc.files.confined with a line of JSON and the file on its input, and answers with a line of JSON and
the results. It knows no settings, no database and no keys.
"""

import json
import resource
import sys
from typing import Any

from kyc.files.bounds import CPU_SECONDS, MEMORY_BYTES, Refused


def main() -> None:
    _confine()
    job = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    try:
        answer, parts = _do(job, content)
    except Refused as refusal:
        answer, parts = {"refused": refusal.code}, []
    except MemoryError:
        answer, parts = {"refused": "too_many_pixels" if job["do"] == "picture" else "too_complex"}, []
    out = sys.stdout.buffer
    out.write(json.dumps({**answer, "parts": [len(part) for part in parts]}).encode() + b"\n")
    for part in parts:
        out.write(part)


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _do(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    # Each library costs a start of its own: only what this file needs is loaded.
    if job["do"] == "picture":
        from kyc.files import pictures

        written, thumbnail, form = pictures.clean(content, job["form"])
        return {"form": form, "pages": 1}, [written, thumbnail]
    from kyc.files import papers

    if job["do"] == "paper":
        written, thumbnail, pages = papers.clean(content)
        return {"form": "PDF", "pages": pages}, [written, thumbnail]
    return {}, [papers.picture(content, job["page"], job["side"])]


if __name__ == "__main__":
    main()
