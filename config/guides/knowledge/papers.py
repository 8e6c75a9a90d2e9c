"""Refusals about documents and files, webhooks and SMS."""

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import (
    ALLOWED,
    BANK,
    CHANGED,
    FILE,
    FIX,
    LATER,
    LOOKED,
    NO,
    NOBODY,
    OURS,
    PAUSE,
    READ,
    WAIT,
    YOURS,
    Group,
)
from config.guides.knowledge.words import Refusal as R
from kyc.files.check import WORDS
from payouts.files import TROUBLES

_OWN = (
    R(
        "files",
        _("Some of the files cannot be taken, so none was kept; errors names each."),
        YOURS,
        CHANGED,
        FILE,
        (400, 413, 415),
    ),
    R("wrong_kind", _("Neither PDF nor PNG nor JPEG, by its content."), YOURS, CHANGED, FILE, (415,)),
    R("heic", _("A HEIC picture, as telephones make them."), YOURS, CHANGED, _("Save it as JPEG."), (415,)),
    R("too_large", _("The file is too large."), YOURS, CHANGED, FILE, (413,)),
    R("same_file", _("The same file was sent before."), YOURS, NO, READ, (400,)),
    R("count", _("No file, or more than one call takes."), YOURS, CHANGED, FIX, (400,)),
)
# too_much is said of cards too, and has its row there.
_NAMED = {"too_much", *(row.code for row in _OWN)}
# What the readers of files say, in their own words.
_READERS = {**TROUBLES, **WORDS}

FILES = Group(
    "files",
    _("Files"),
    (
        *_OWN,
        *(R(code, words, YOURS, CHANGED, FILE, (400,)) for code, words in _READERS.items() if code not in _NAMED),
    ),
)

IDENTITY = Group(
    "identity",
    _("Identity documents"),
    (
        R("too_many", _("Many files in a short time."), YOURS, WAIT, PAUSE, (429,)),
        R("too_many_today", _("As many files as one day allows."), YOURS, WAIT, PAUSE, (429,)),
        R("busy", _("Many files are being checked right now."), OURS, WAIT, PAUSE, (429,)),
        R("no_space", _("All files together are too large."), YOURS, NO, _("Write to us.")),
        R("under_review", _("The documents are being decided right now."), NOBODY, LATER, _("Wait for the decision.")),
        R("final", _("The documents were refused for good."), YOURS, NO, _("Write to us.")),
        R("incomplete", _("Details or documents are missing; errors names them."), YOURS, CHANGED, FIX),
    ),
)

MESSAGES = Group(
    "messages",
    _("Webhooks and SMS"),
    (
        R(
            "no_webhook",
            _("No address is set, or the webhook is paused."),
            YOURS,
            CHANGED,
            _("Set an address, or go on with it."),
        ),
        R("sms_quota", _("More messages than may be sent today; tomorrow begins at midnight UTC."), YOURS, WAIT, PAUSE),
        R(
            "no_gateway",
            _("There is nobody to hand messages to just now. Nothing was charged."),
            OURS,
            LATER,
            _("Try in some minutes."),
        ),
        R(
            "gateway_refused",
            _("The gateway refused the message; its price was given back."),
            BANK,
            CHANGED,
            _("Read detail."),
        ),
        R(
            "sender_not_allowed",
            _("The sender name is not allowed for this client yet."),
            YOURS,
            ALLOWED,
            _("Ask for the name on the SMS page."),
        ),
        R("already_decided", _("This was decided meanwhile."), NOBODY, NO, READ),
    ),
)

REPORTS = Group(
    "reports",
    _("Reports"),
    (
        R("too_many_rows", _("More rows than one export takes."), YOURS, CHANGED, _("Choose a shorter time.")),
        R("too_many_exports", _("As many exports are being prepared as may."), YOURS, LATER, _("Wait for one to end.")),
        R("too_many_views", _("As many views are saved as may."), YOURS, LOOKED, _("Delete one.")),
        R("name_taken", _("Another saved view has this name."), YOURS, CHANGED, FIX),
    ),
)
