from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.access.credentials import actor_of
from accounts.services import audit
from otp.models import Order, OrderCode, PriceRule


class ReadOnly:
    def has_add_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False


class NeedsAttention(admin.SimpleListFilter):
    title = _("needs attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("overdue", _("past its time")), ("stuck", _("no answer from the supplier"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        late = {"overdue": Order.objects.overdue, "stuck": Order.objects.stuck}.get(self.value() or "")
        return queryset.filter(pk__in=late().values("pk")) if late else queryset


class Arrivals(ReadOnly, admin.TabularInline[OrderCode, Order]):
    """When messages came, not what they say: codes are the customer's alone."""

    model = OrderCode
    fields = ("position", "received_at")
    readonly_fields = fields
    extra = 0


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin[Order]):
    list_display = ("reference", "state", "service_name", "country_name", "phone_number", "price", "created_at")
    list_filter = (NeedsAttention, "state", "created_at")
    search_fields = ("=reference", "=provider_order_id", "phone_number", "=customer__user__email")
    list_select_related = ("customer__user",)
    show_full_result_count = False
    ordering = ("-id",)
    inlines = (Arrivals,)


@admin.register(PriceRule)
class PriceRuleAdmin(admin.ModelAdmin[PriceRule]):
    list_display = ("__str__", "server", "service_id", "percent", "fixed", "step")
    search_fields = ("service_name",)
    ordering = ("server", "service_id")

    # Adding, changing and deleting one are transactions of the administration's own, so the entry stands with them.
    def save_model(self, request: HttpRequest, obj: PriceRule, form: Any, change: bool) -> None:
        before = _facts(PriceRule.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        action = "price_rule.changed" if change else "price_rule.created"
        audit.record(actor_of(request), action, target=obj, before=before, after=_facts(obj))

    def delete_model(self, request: HttpRequest, obj: PriceRule) -> None:
        audit.record(actor_of(request), "price_rule.deleted", target=obj, before=_facts(obj))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PriceRule]) -> None:
        for rule in queryset:
            self.delete_model(request, rule)


def _facts(rule: PriceRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in ("server", "service_id", "percent", "fixed", "step")}
