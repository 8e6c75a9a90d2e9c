from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from notifications.models import Mail, Notice


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ("subject", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state",)
    search_fields = ("subject",)
    exclude = ("message",)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("kind", "customer", "created_at", "read_at", "mail_due_at")
    list_filter = ("kind",)
    list_select_related = ("customer__user",)
    exclude = ("facts",)
