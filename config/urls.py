from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from config import views
from config.api import api

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.page_not_found"
handler500 = "config.views.server_error"

admin.site.site_header = admin.site.site_title = "Gerbang"
admin.site.index_title = _("Administration")

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("account/", include("allauth.account.urls")),
    path("api/", api.urls),
    path("settings/", include("accounts.urls")),
    path("favicon.ico", views.favicon),
    path("language", views.set_language, name="set_language"),
    path("wallet/", include("wallets.urls")),
    path("numbers/", include("otp.urls")),
    path("topup/", include("payments.urls")),
    path("", include("payments.callback_urls")),
    path("developers/", include("accounts.developer_urls")),
    path("join/", include("accounts.join_urls")),
    path("identity/", include("kyc.identity_urls")),
    path("review/", include("kyc.review_urls")),
    path("company/", include("config.company_urls")),
    path("staff/", include("config.staff_urls")),
    path("admin/", admin.site.urls),
]

if settings.SANDBOX_ENABLED:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))
