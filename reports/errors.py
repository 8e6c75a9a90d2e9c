"""What the reports app refuses."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from config.lib.errors import Conflict, Invalid


class TooManyRows(Invalid):
    """Beyond what one file may hold."""

    code = "too_many_rows"

    def __init__(self, most: int) -> None:
        super().__init__(_("A file holds at most %(most)s rows. Choose fewer days.") % {"most": f"{most:,}"})


class TooManyExports(Conflict):
    code = "too_many_exports"

    def __init__(self, most: int) -> None:
        text = ngettext_lazy(
            "%(most)s file is being prepared for you already. Wait until it is ready.",
            "%(most)s files are being prepared for you already. Wait until one is ready.",
            most,
        )
        super().__init__(text % {"most": most})


class TooManyViews(Conflict):
    code = "too_many_views"

    def __init__(self, most: int) -> None:
        super().__init__(_("You have %(most)s views of this report already. Delete one first.") % {"most": most})


class NameTaken(Conflict):
    code = "name_taken"

    def __init__(self) -> None:
        super().__init__(_("Another view of this report has that name."))
