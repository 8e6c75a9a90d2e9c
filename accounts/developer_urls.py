from django.urls import path

from accounts.views import developers

app_name = "developers"

urlpatterns = [
    path("keys/", developers.keys, name="keys"),
    path("keys/new/", developers.new_key, name="new_key"),
    path("keys/<uuid:public_id>/", developers.key, name="key"),
    path("keys/<uuid:public_id>/change/", developers.change, name="change_key"),
    path("keys/<uuid:public_id>/rotate/", developers.rotate, name="rotate_key"),
    path("keys/<uuid:public_id>/revoke/", developers.revoke, name="revoke_key"),
    path("requests/", developers.calls, name="calls"),
]
