"""Reports, for staff and for people of clients."""

from django.urls import path

from reports.views import exports, kept, pages

app_name = "reports"

urlpatterns = [
    path("", pages.index, name="index"),
    path("exports/", exports.listing, name="exports"),
    path("exports/<uuid:public_id>/", exports.export, name="export"),
    path("exports/<uuid:public_id>/file.csv", exports.download, name="download"),
    path("views/<uuid:public_id>/", kept.change, name="view"),
    path("views/<uuid:public_id>/delete/", kept.remove, name="view_delete"),
    path("<slug:slug>/", pages.report, name="report"),
    path("<slug:slug>/file.csv", pages.export, name="file"),
    path("<slug:slug>/prepare/", pages.prepare, name="prepare"),
    path("<slug:slug>/views/", kept.save, name="view_save"),
]
