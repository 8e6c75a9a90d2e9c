from django.urls import path

from accounts.views import access, audit, clients, customers_staff, people, roles
from config import staff_views
from payments.views import staff_exchanges

app_name = "staff"

urlpatterns = [
    path("", staff_views.overview, name="overview"),
    path("roles/", roles.roles, name="roles"),
    path("roles/new/", roles.new, name="role_new"),
    path("roles/matrix/", roles.matrix, name="role_matrix"),
    path("roles/compare/", roles.compare, name="role_compare"),
    path("roles/<uuid:public_id>/", roles.role, name="role"),
    path("roles/<uuid:public_id>/clone/", roles.clone, name="role_clone"),
    path("roles/<uuid:public_id>/rename/", roles.rename, name="role_rename"),
    path("roles/<uuid:public_id>/delete/", roles.delete, name="role_delete"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new, name="person_new"),
    path("people/<uuid:public_id>/", people.person, name="person"),
    path("people/<uuid:public_id>/roles/", people.roles, name="person_roles"),
    path("people/<uuid:public_id>/deactivate/", people.deactivate, name="person_deactivate"),
    path("people/<uuid:public_id>/reactivate/", people.reactivate, name="person_reactivate"),
    path("people/<uuid:public_id>/invite/", people.invite, name="person_invite"),
    path("access/", access.access, name="access"),
    path("api-users/<uuid:api_user_id>/rights/", access.rights, name="api_user_rights"),
    path("clients/", clients.listing, name="clients"),
    path("clients/pending/", clients.pending, name="pending_clients"),
    path("clients/<uuid:client_id>/", clients.client, name="client"),
    path("clients/<uuid:client_id>/approve/", clients.approve, name="approve_client"),
    path("clients/<uuid:client_id>/reject/", clients.reject, name="reject_client"),
    path("clients/<uuid:client_id>/deactivate/", clients.deactivate, name="deactivate_client"),
    path("clients/<uuid:client_id>/key/", clients.send_key_again, name="send_key_again"),
    path("clients/<uuid:client_id>/<slug:tab>/", clients.client, name="client"),
    path("customers/", customers_staff.listing, name="customers"),
    path("customers/<uuid:customer_id>/", staff_views.customer, name="customer"),
    path("exchanges/", staff_exchanges.exchanges, name="exchanges"),
    path("exchanges/out/<int:exchange_id>/", staff_exchanges.exchange, name="exchange"),
    path("exchanges/in/<int:message_id>/", staff_exchanges.message, name="message"),
    path("exchanges/in/<int:message_id>/reapply/", staff_exchanges.apply_again, name="message_reapply"),
    path("exchanges/in/<int:message_id>/check/", staff_exchanges.check_signature, name="message_check"),
    path("exchanges/in/<int:message_id>/take-in/", staff_exchanges.take_in, name="message_take_in"),
    path("audit/", audit.everything, name="audit"),
    path("audit/export/", audit.export, name="audit_export"),
]
