from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from payments.exchanges import without_secrets
from payments.models import Deposit, PaymentAttempt, ProviderMessage


class PaymentAttemptInline(admin.TabularInline[PaymentAttempt, Deposit]):
    model = PaymentAttempt
    fields = ("trx_id", "number", "state", "provider_trx_id", "last_code", "questions", "next_check_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Deposit | None = None) -> bool:
        return False


@admin.register(Deposit)
class DepositAdmin(ReadOnlyAdmin):
    list_display = (
        "public_id",
        "customer",
        "bank_name",
        "amount",
        "received_amount",
        "state",
        "outcome",
        "attention",
        "created_at",
    )
    list_filter = ("state", "outcome", "attention", "bank")
    list_select_related = ("customer__user",)
    search_fields = (
        "public_id",
        "customer__user__email",
        "attempts__number",
        "attempts__trx_id",
        "attempts__provider_trx_id",
        "ledger_reference",
    )
    date_hierarchy = "created_at"
    inlines = (PaymentAttemptInline,)
    show_full_result_count = False


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ReadOnlyAdmin):
    list_display = ("trx_id", "number", "deposit", "state", "last_code", "questions", "next_check_at", "created_at")
    list_filter = ("state",)
    list_select_related = ("deposit",)
    search_fields = ("trx_id", "number", "provider_trx_id", "deposit__public_id", "deposit__customer__user__email")
    show_full_result_count = False


@admin.register(ProviderMessage)
class ProviderMessageAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "received_at",
        "kind",
        "verified",
        "decision",
        "note",
        "answer_code",
        "attempt",
        "times_received",
    )
    list_filter = ("decision", "verified", "kind")
    list_select_related = ("attempt",)
    search_fields = ("external_id", "attempt__number", "attempt__trx_id", "body_sha256")
    readonly_fields = ("body_text",)
    exclude = ("body",)
    date_hierarchy = "received_at"
    show_full_result_count = False

    @admin.display(description=_("body"))
    def body_text(self, row: ProviderMessage) -> str:
        return without_secrets(bytes(row.body))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderMessage]:
        return super().get_queryset(request).defer("body", "answer_body")
