"""What a text file of rows is written in: its encoding, and the sign between its cells."""

# The first of two that are as frequent counts: commas stand in amounts too.
DELIMITERS = "\t;|,"
# So many lines are looked at: a table may begin with titles.
HEAD_LINES = 25
_MARKS = ((b"\xff\xfe\x00\x00", ""), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def encoding_of(content: bytes) -> str | None:
    """The encoding of ``content``, by its mark, else by what fits: UTF-8, UTF-16 without a mark, Windows-1252. None
    for what is no text in any of them."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding if encoding and _fits(content, encoding) else None
    head = content[:2000]
    # Latin letters in UTF-16 are every other byte nought.
    for encoding, noughts in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) > 3 and noughts.count(0) > len(noughts) * 0.8:
            return encoding if _fits(content, encoding) else None
    return next((encoding for encoding in ("utf-8", "cp1252") if _fits(content, encoding)), None)


def delimiter_of(lines: list[str]) -> str:
    """Whichever sign splits these first lines most often; a line that says ``sep=;`` is believed."""
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in tuple(DELIMITERS):
        return lines[0][4:5]
    return max(DELIMITERS, key=lambda sign: _frequency(lines, sign))


def _frequency(lines: list[str], sign: str) -> tuple[int, int]:
    """In a usual line, and in all of them."""
    counts = sorted(line.count(sign) for line in lines)
    return (counts[len(counts) // 2], sum(counts)) if counts else (0, 0)


def _fits(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
