from django.urls import path

from kyc.views import identity

app_name = "identity"

urlpatterns = [
    path("", identity.status, name="status"),
    path("upload/", identity.upload, name="upload"),
    path("documents/", identity.add, name="add"),
    path("documents/<uuid:public_id>/", identity.download, name="download"),
    path("documents/<uuid:public_id>/thumbnail/", identity.thumbnail, name="thumbnail"),
    path("documents/<uuid:public_id>/remove/", identity.remove, name="remove"),
]
