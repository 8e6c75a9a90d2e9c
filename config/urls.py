from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from accounts.access import policy
from accounts.access.credentials import actor_of
from accounts.views import security
from config import openapi, prometheus, reference, reference_v1, views
from config.api import api
from config.api_v1 import api as api_v1
from config.guides import views as guides

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.page_not_found"
handler500 = "config.views.server_error"

admin.site.site_header = admin.site.site_title = "Gerbang"
admin.site.index_title = _("Administration")


def _may_look_in(request: HttpRequest) -> bool:
    """Whether the administration is there at all for somebody: being staff is not enough."""
    return policy.allows(actor_of(request), "Administration.Read")


admin.site.has_permission = _may_look_in  # type: ignore[method-assign]
# One door for everybody: the administration's own sign-in counts no guesses and knows no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("metrics", prometheus.metrics, name="metrics"),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", RedirectView.as_view(pattern_name="accounts:security"), name="mfa_index"),
    path("account/2fa/totp/activate/", security.AddApp.as_view(), name="mfa_activate_totp"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("api", views.no_such_thing),
    path("api/docs", reference.overview, name="api_docs"),
    path("api/docs/<slug:slug>", reference.section, name="api_docs_section"),
    path("api/openapi.json", openapi.openapi_json, name="openapi"),
    path("api/v1", views.no_such_thing),
    path("api/v1/docs", reference_v1.overview, name="api_v1_docs"),
    path("api/v1/docs/<slug:slug>", reference_v1.section, name="api_v1_docs_section"),
    path("api/v1/openapi.json", reference_v1.openapi_json, name="openapi_v1"),
    path("api/v1/", api_v1.urls),
    path("api/", api.urls),
    path("settings/", include("accounts.urls")),
    path("favicon.ico", views.favicon),
    path("language", views.set_language, name="set_language"),
    path("wallet/", include("wallets.urls")),
    path("numbers/", include("otp.urls")),
    path("", include("otp.callback_urls")),
    path("topup/", include("payments.urls")),
    path("pay/", include("checkout.pay_urls")),
    path("pay/", include("payments.pay_urls")),
    path("", include("payments.callback_urls")),
    path("developers/", include("config.guides.urls")),
    path("developers/", include("accounts.developer_urls")),
    path("llms.txt", guides.llms_txt, name="llms"),
    path("inbox/", include("notifications.inbox_urls")),
    path("sms/", include("notifications.callback_urls")),
    path("developers/webhook/", include("notifications.webhook_urls")),
    path("join/", include("accounts.join_urls")),
    path("identity/", include("kyc.identity_urls")),
    path("review/", include("kyc.review_urls")),
    path("reports/", include("reports.urls")),
    path("company/", include("config.company_urls")),
    path("staff/", include("config.staff_urls")),
    path("admin/password_change/", login_required(RedirectView.as_view(pattern_name="account_change_password"))),
    path("admin/", admin.site.urls),
]

if settings.SANDBOX_ENABLED:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))
