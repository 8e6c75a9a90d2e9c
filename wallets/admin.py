from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from wallets.models import Account, Hold, LedgerCheck, Posting, Transaction


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("code", "currency", "balance", "held", "status", "version")
    list_filter = ("currency", "status")
    search_fields = ("code", "customer__user__email")
    exclude = ("head",)


class PostingInline(admin.TabularInline[Posting, Transaction]):
    model = Posting
    extra = 0
    can_delete = False
    exclude = ("hash",)


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    list_display = ("reference", "kind", "subject", "memo", "created_at")
    list_filter = ("kind",)
    search_fields = ("reference", "subject")
    show_full_result_count = False
    inlines = (PostingInline,)


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("reference", "account", "amount", "captured", "state", "created_at")
    list_select_related = ("account",)
    list_filter = ("state",)
    search_fields = ("reference", "subject")
    show_full_result_count = False


@admin.register(LedgerCheck)
class LedgerCheckAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "seconds", "postings", "__str__")
