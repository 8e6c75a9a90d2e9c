"""What the codes of the audit record mean. A test wants words for every action that any code records."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, str | Promise] = {
    "api_user.created": _("created an API user"),
    "api_user.deactivated": _("switched an API user off"),
    "api_user.overridden": _("changed the rights of an API user"),
    "audit.exported": _("exported the audit record"),
    "client.approved": _("approved a client"),
    "client.deactivated": _("deactivated a client"),
    "client.registered": _("registered a client"),
    "client.rejected": _("turned a client down"),
    "customer.registered": _("opened a customer account"),
    "key.changed": _("changed a key"),
    "key.issued": _("made a key"),
    "key.revoked": _("revoked a key"),
    "key.rotated": _("replaced a key"),
    "kyc_case.claimed": _("took up an identity check"),
    "kyc_case.described": _("entered identity details"),
    "kyc_case.number_viewed": _("looked at an identity number"),
    "kyc_case.passed_on": _("passed an identity check on"),
    "kyc_case.rejected": _("closed an identity check: not accepted"),
    "kyc_case.released": _("put an identity check back"),
    "kyc_case.submitted": _("handed documents in"),
    "kyc_case.taken_over": _("took an identity check over"),
    "kyc_case.verified": _("closed an identity check: verified"),
    "kyc_document.judged": _("judged a document"),
    "kyc_document.rejected": _("refused a document"),
    "kyc_document.removed": _("removed a document"),
    "kyc_document.uploaded": _("uploaded a document"),
    "kyc_document.verified": _("accepted a document"),
    "kyc_document.viewed": _("looked at a document"),
    "money.paid": _("paid"),
    "money.sent": _("sent money"),
    "permission.created": _("created a permission"),
    "portal_user.appointed": _("appointed the first administrator"),
    "portal_user.created": _("added a person"),
    "portal_user.deactivated": _("switched a person off"),
    "portal_user.invited": _("sent an invitation again"),
    "portal_user.reactivated": _("let a person in again"),
    "portal_user.roles_changed": _("changed a person's roles"),
    "role.changed": _("changed what a role may do"),
    "role.cloned": _("copied a role"),
    "role.created": _("created a role"),
    "role.deleted": _("deleted a role"),
    "role.renamed": _("renamed a role"),
    "user.password_changed": _("changed the password"),
    "user.sessions_ended": _("ended sessions"),
    "user.sign_in_failed": _("failed to sign in"),
    "user.signed_in": _("signed in"),
}

GROUPS: dict[str, str | Promise] = {
    "api_user": _("API users"),
    "audit": _("Audit"),
    "client": _("Clients"),
    "customer": _("Customers"),
    "key": _("Keys"),
    "kyc_case": _("Identity checks"),
    "kyc_document": _("Documents"),
    "money": _("Money"),
    "permission": _("Permissions"),
    "portal_user": _("People"),
    "role": _("Roles"),
    "user": _("Sign-in"),
}

VIAS: dict[str, str | Promise] = {
    "page": _("page"),
    "api": _("API"),
    "job": _("background job"),
    "command": _("command on the server"),
}

# Names in before and after that are no field of the object.
FIELDS: dict[str, str | Promise] = {
    "added": _("added"),
    "removed": _("removed"),
    "permissions": _("permissions"),
    "roles": _("roles"),
    "status": _("status"),
    "reason": _("reason"),
    "rows": _("rows"),
    "filters": _("filters"),
    "owner": _("owner"),
    "from": _("from"),
}
