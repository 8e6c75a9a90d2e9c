from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from notifications.models import Mail


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ("subject", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state",)
    search_fields = ("subject",)
    exclude = ("message",)
