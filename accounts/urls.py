from django.urls import path

from accounts.views import audit, preferences, security

app_name = "accounts"

urlpatterns = [
    path("", preferences.preferences, name="preferences"),
    path("activity/", audit.own, name="activity"),
    path("security/", security.security, name="security"),
    path("security/phone/", security.code_phone, name="code_phone"),
    path("security/sessions/<int:number>/end/", security.end_session, name="end_session"),
    path("security/sessions/end/", security.end_other_sessions, name="end_other_sessions"),
]
