"""The desk of a client's people."""

from django.urls import include, path

from accounts.views import access, audit, company, people
from payouts.views import balance

app_name = "company"

urlpatterns = [
    path("", company.overview, name="overview"),
    path("profile/", company.profile, name="profile"),
    path("api-users/", company.listing, name="api_users"),
    path("api-users/new/", company.new, name="api_user_new"),
    path("api-users/<uuid:api_user_id>/", company.api_user, name="api_user"),
    path("api-users/<uuid:api_user_id>/deactivate/", company.deactivate, name="api_user_deactivate"),
    path("api-users/<uuid:api_user_id>/rights/", access.rights, name="api_user_rights"),
    path("team/", people.people, name="team"),
    path("team/new/", people.new, name="person_new"),
    path("team/<uuid:public_id>/", people.person, name="person"),
    path("team/<uuid:public_id>/roles/", people.roles, name="person_roles"),
    path("team/<uuid:public_id>/deactivate/", people.deactivate, name="person_deactivate"),
    path("team/<uuid:public_id>/reactivate/", people.reactivate, name="person_reactivate"),
    path("team/<uuid:public_id>/invite/", people.invite, name="person_invite"),
    path("audit/", audit.of_client, name="audit"),
    path("", include("payouts.batch_urls")),
    path("balance/", balance.balance, name="balance"),
    path("balance/statement.csv", balance.statement_csv, name="balance_csv"),
    path("balance/play-money/", balance.play, name="play_money"),
    path("balance/top-up/", balance.top_up, name="top_up"),
    path("balance/top-up/<uuid:public_id>/", balance.funding, name="funding"),
    path("balance/top-up/<uuid:public_id>/call-off/", balance.call_off, name="funding_call_off"),
]
