"""The desk of a client's people."""

from django.urls import include, path

from accounts.views import access, audit, company, people, profiles
from cards.views import company as cards
from checkout.views import desk as checkouts
from config import company_views
from notifications.views import senders, sms
from payouts.views import balance, transfers

app_name = "company"

urlpatterns = [
    path("", company_views.overview, name="overview"),
    path("profile/", company.profile, name="profile"),
    path("profile/change/", profiles.own, name="profile_change"),
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
    path("sms/", sms.listing, name="sms"),
    path("sms/new/", sms.new, name="sms_new"),
    path("sms/count/", sms.count, name="sms_count"),
    path("sms/senders/", senders.own, name="sms_senders"),
    path("sms/senders/<uuid:sender_id>/withdraw/", senders.withdraw, name="sms_sender_withdraw"),
    path("sms/<uuid:public_id>/", sms.message, name="sms_message"),
    path("webhook/", include("notifications.client_webhook_urls", "webhook"), {"is_sandbox": False}),
    path(
        "webhook/sandbox/",
        include("notifications.client_webhook_urls", "sandbox_webhook"),
        {"is_sandbox": True},
    ),
    path("checkout/", checkouts.listing, name="checkouts"),
    path("checkout/new/", checkouts.new, name="checkout_new"),
    path("checkout/settings/", checkouts.settings, name="checkout_settings"),
    path("checkout/<uuid:public_id>/", checkouts.session, name="checkout"),
    path("checkout/<uuid:public_id>/code.png", checkouts.qr_image, name="checkout_qr"),
    path("checkout/<uuid:public_id>/cancel/", checkouts.cancel, name="checkout_cancel"),
    path("transfers/", transfers.listing, name="transfers"),
    path("transfers/export/", transfers.export, name="transfers_export"),
    path("transfers/new/", transfers.new, name="transfer_new"),
    path("transfers/new/look/", transfers.look, name="transfer_look"),
    path("transfers/<uuid:public_id>/", transfers.transfer, name="transfer"),
    path("transfers/<uuid:public_id>/authorise/", transfers.authorise, name="transfer_authorise"),
    path("transfers/<uuid:public_id>/resend/", transfers.resend, name="transfer_resend"),
    path("transfers/<uuid:public_id>/cancel/", transfers.cancel, name="transfer_cancel"),
    path("transfers/<uuid:public_id>/proof.pdf", transfers.proof, name="transfer_proof"),
    path("", include("payouts.batch_urls")),
    path("balance/", balance.balance, name="balance"),
    path("balance/statement.csv", balance.statement_csv, name="balance_csv"),
    path("balance/play-money/", balance.play, name="play_money"),
    path("balance/top-up/", balance.top_up, name="top_up"),
    path("balance/top-up/<uuid:public_id>/", balance.funding, name="funding"),
    path("balance/top-up/<uuid:public_id>/call-off/", balance.call_off, name="funding_call_off"),
    path("cards/", cards.listing, name="cards"),
    path("cards/export/", cards.export, name="cards_export"),
    path("cards/<uuid:public_id>/", cards.payment, name="card"),
    path("cards/<uuid:public_id>/capture/", cards.capture, name="card_capture"),
    path("cards/<uuid:public_id>/release/", cards.release, name="card_release"),
    path("cards/<uuid:public_id>/refund/", cards.refund, name="card_refund"),
]
