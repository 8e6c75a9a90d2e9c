from django.urls import path

from config.guides import views

app_name = "guides"

urlpatterns = [
    path("", views.home, name="home"),
    path("quickstart/", views.first_calls, name="quickstart"),
    path("states/", views.states, name="states"),
    path("errors/", views.errors, name="errors"),
    path("errors.json", views.errors_json, name="errors_json"),
    path("webhooks/", views.webhooks, name="webhooks"),
    path("changelog/", views.changelog, name="changelog"),
    path("changelog.atom", views.changelog_feed, name="changelog_feed"),
]
