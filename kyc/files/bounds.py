"""How large a picture or a PDF may be, beyond its bytes. The process that opens hostile files reads this: no Django."""

# Every allocation of the process together; its code and libraries come on top (some 30 MiB).
MEMORY_BYTES = 250 * 1024 * 1024
CPU_SECONDS = 10
WALL_SECONDS = 25

MAX_PIXELS = 40_000_000
MAX_SIDE = 16_000
# What is kept of a picture: enough to read the smallest print of an A4 page.
KEPT_SIDE = 4200
THUMBNAIL_SIDE = 480

MAX_PAGES = 20
MAX_OBJECTS = 20_000
MAX_ITEMS = 400_000
MAX_DEPTH = 40
# A rewritten PDF that unpacked to more than this was made to do so.
MAX_PDF_BYTES = 20 * 1024 * 1024


class Refused(Exception):
    """The file is not taken; ``code`` is a key of kyc.files.check.WORDS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
