from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Customer, User


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Look, search, follow; change nothing. Changes go through services."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "display_name", "is_active", "is_staff", "date_joined")
    search_fields = ("email", "display_name")
    list_filter = ("is_active", "is_staff")
    exclude = ("password",)


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "user", "phone", "created_at")
    list_select_related = ("user",)
    search_fields = ("public_id", "user__email", "phone")
