"""The table of routes that need a permission, and who holds it at first: the source of the permissions in the database.

``OPERATIONS`` are the calls of the gateway API (TeraPay contract, terapay.yaml); ``PAGES`` are rights that only pages
ask for. A page that does what an operation does asks for that operation's permission.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import Role

SUPER, COMPANY, APPROVER = Role.SUPER_ADMIN, Role.COMPANY_ADMIN, Role.APPROVER
SUPPORT, AUDITOR, PORTAL, API = Role.SUPPORT, Role.AUDITOR, Role.PORTAL_ADMIN, Role.API_USER
MAKER, CHECKER = Role.PAYOUT_MAKER, Role.PAYOUT_APPROVER

SYSTEM_ROLES = {
    SUPER: Role.Audience.STAFF,
    COMPANY: Role.Audience.STAFF,
    APPROVER: Role.Audience.STAFF,
    SUPPORT: Role.Audience.STAFF,
    AUDITOR: Role.Audience.STAFF,
    PORTAL: Role.Audience.CLIENT,
    API: Role.Audience.API,
    MAKER: Role.Audience.CLIENT,
    CHECKER: Role.Audience.CLIENT,
}


@dataclass(frozen=True)
class Right:
    """A permission as we ship it: its name, the route it opens, and the roles that hold it beside SuperAdmin."""

    name: str
    method: str
    route: str
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One call of the API. ``doors`` are the credentials it takes; ``only`` names a role the caller must have too;
    ``step_up`` wants a session that signed in a short while ago."""

    id: str
    method: str
    path: str
    doors: frozenset[str]
    permission: str = ""
    holders: tuple[str, ...] = ()
    only: str = ""
    step_up: bool = False


_OPEN = frozenset[str]()
_SESSION = frozenset({"session"})
_CUSTOMER = frozenset({"customer"})
_ANY = frozenset({"session", "customer", "api_key"})
_KEY = frozenset({"api_key"})
_DESK = frozenset({"session", "api_key"})

_ROWS = (
    Operation("account.login", "POST", "/api/account/login", _OPEN),
    Operation("account.logout", "POST", "/api/account/logout", _SESSION),
    Operation("account.forgot-password", "POST", "/api/account/forgot-password", _OPEN),
    Operation("account.reset-password", "POST", "/api/account/reset-password", _OPEN),
    Operation(
        "api-user-permissions.apply",
        "PUT",
        "/api/api-user-permissions/{apiUserId}",
        _SESSION,
        "ApiUserPermissions.Update",
        (PORTAL,),
        step_up=True,
    ),
    Operation(
        "api-user-permissions.get",
        "GET",
        "/api/api-user-permissions/{apiUserId}",
        _SESSION,
        "ApiUserPermissions.ReadOne",
        (COMPANY, SUPPORT, AUDITOR, PORTAL),
    ),
    Operation(
        "api-user-permissions.list",
        "GET",
        "/api/api-user-permissions",
        _SESSION,
        "ApiUserPermissions.Read",
        (COMPANY, SUPPORT, AUDITOR, PORTAL),
    ),
    Operation("api-users.create", "POST", "/api/api-users", _SESSION, "ApiUsers.Create", (PORTAL,), step_up=True),
    Operation(
        "api-users.list", "GET", "/api/api-users", _SESSION, "ApiUsers.Read", (COMPANY, SUPPORT, AUDITOR, PORTAL)
    ),
    Operation(
        "api-users.get",
        "GET",
        "/api/api-users/{apiUserId}",
        _SESSION,
        "ApiUsers.ReadOne",
        (COMPANY, SUPPORT, AUDITOR, PORTAL),
    ),
    Operation("clients.register", "POST", "/api/clients/register", _OPEN),
    Operation("clients.list", "GET", "/api/clients", _SESSION, "Clients.Read", (COMPANY, SUPPORT, AUDITOR, PORTAL)),
    Operation(
        "clients.pending",
        "GET",
        "/api/clients/pending",
        _SESSION,
        "Clients.ReadPending",
        (COMPANY, AUDITOR),
        only=COMPANY,
    ),
    Operation(
        "clients.approve",
        "POST",
        "/api/clients/{id}/approve",
        _SESSION,
        "Clients.Approve",
        (COMPANY,),
        only=COMPANY,
        step_up=True,
    ),
    Operation(
        "clients.deactivate",
        "POST",
        "/api/clients/{id}/deactivate",
        _SESSION,
        "Clients.Deactivate",
        (COMPANY,),
        only=COMPANY,
        step_up=True,
    ),
    Operation(
        "clients.reject", "POST", "/api/clients/{id}/reject", _SESSION, "Clients.Reject", (COMPANY,), only=COMPANY
    ),
    Operation(
        "clients.api-user-count",
        "GET",
        "/api/clients/{id}/api-users/count",
        _SESSION,
        "Clients.ReadApiUserCount",
        (COMPANY, SUPPORT, AUDITOR, PORTAL),
    ),
    Operation(
        "clients.api-user-total",
        "GET",
        "/api/clients/api-users/count",
        _SESSION,
        "Clients.ReadApiUserTotal",
        (COMPANY, SUPPORT, AUDITOR),
    ),
    Operation(
        "clients.get",
        "GET",
        "/api/clients/{id}",
        _SESSION,
        "Clients.ReadOne",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, MAKER, CHECKER),
    ),
    Operation("customers.register", "POST", "/api/customers/register", _OPEN),
    Operation(
        "customers.get",
        "GET",
        "/api/customers/{id}",
        _ANY,
        "Customers.ReadOne",
        (COMPANY, APPROVER, SUPPORT, AUDITOR, API),
    ),
    Operation("customers.login", "POST", "/api/customers/login", _OPEN),
    Operation("customer-wallet.balance", "GET", "/api/customer-wallet/balance", _CUSTOMER),
    Operation("customer-wallet.top-up", "POST", "/api/customer-wallet/top-up", _CUSTOMER),
    Operation("customer-wallet.transfer", "POST", "/api/customer-wallet/transfer", _CUSTOMER),
    Operation("customer-wallet.pay", "POST", "/api/customer-wallet/pay", _CUSTOMER),
    Operation("customer-wallet.statement", "GET", "/api/customer-wallet/statement", _CUSTOMER),
    Operation("kyc.upload", "POST", "/api/kyc/upload", _CUSTOMER),
    Operation("kyc.status", "GET", "/api/kyc/{id}/status", _CUSTOMER),
    Operation("kyc.upload-multiple", "POST", "/api/kyc/upload-multiple", _CUSTOMER),
    Operation(
        "kyc-admin.pending",
        "GET",
        "/api/kyc-admin/pending",
        _SESSION,
        "KycAdmin.ReadPending",
        (COMPANY, APPROVER, AUDITOR),
    ),
    Operation(
        "kyc-admin.review",
        "PUT",
        "/api/kyc-admin/{id}/status",
        _SESSION,
        "KycAdmin.Review",
        (COMPANY, APPROVER),
    ),
    Operation("permissions.list", "GET", "/api/permissions", _SESSION, "Permissions.Read", (COMPANY, AUDITOR)),
    Operation("permissions.create", "POST", "/api/permissions", _SESSION, "Permissions.Create", step_up=True),
    Operation("permissions.get", "GET", "/api/permissions/{id}", _SESSION, "Permissions.ReadOne", (COMPANY, AUDITOR)),
    Operation(
        "permissions.create-bulk", "POST", "/api/permissions/bulk", _SESSION, "Permissions.CreateBulk", step_up=True
    ),
    Operation(
        "portal-users.create",
        "POST",
        "/api/portal-users",
        _SESSION,
        "PortalUsers.Create",
        (COMPANY, PORTAL),
        step_up=True,
    ),
    Operation(
        "portal-users.list",
        "GET",
        "/api/portal-users",
        _SESSION,
        "PortalUsers.Read",
        (COMPANY, SUPPORT, AUDITOR, PORTAL),
    ),
    Operation(
        "portal-users.delete",
        "DELETE",
        "/api/portal-users/{id}",
        _SESSION,
        "PortalUsers.Delete",
        (COMPANY, PORTAL),
        step_up=True,
    ),
    Operation(
        "role-permissions.replace",
        "PUT",
        "/api/role-permissions/{roleId}",
        _SESSION,
        "RolePermissions.Update",
        step_up=True,
    ),
    Operation("roles.list", "GET", "/api/roles", _SESSION, "Roles.Read", (COMPANY, AUDITOR, PORTAL)),
    Operation("roles.create", "POST", "/api/roles", _SESSION, "Roles.Create", step_up=True),
    Operation(
        "roles.add-permission", "POST", "/api/roles/{roleId}/permissions", _SESSION, "Roles.AddPermission", step_up=True
    ),
    Operation(
        "roles.remove-permission",
        "DELETE",
        "/api/roles/{roleId}/permissions/{permissionId}",
        _SESSION,
        "Roles.RemovePermission",
        step_up=True,
    ),
    Operation(
        "sandbox-api-keys.list",
        "GET",
        "/api/sandbox-api-keys",
        _SESSION,
        "SandboxApiKeys.Read",
        (COMPANY, PORTAL),
    ),
    Operation(
        "sandbox-api-keys.create",
        "POST",
        "/api/sandbox-api-keys",
        _SESSION,
        "SandboxApiKeys.Create",
        (COMPANY, PORTAL),
        step_up=True,
    ),
    Operation(
        "sandbox-api-keys.revoke",
        "DELETE",
        "/api/sandbox-api-keys/{id}",
        _SESSION,
        "SandboxApiKeys.Revoke",
        (COMPANY, PORTAL),
        step_up=True,
    ),
    Operation(
        "banks.list",
        "GET",
        "/api/banks",
        _DESK,
        "Banks.Read",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "banks.get",
        "GET",
        "/api/banks/{code}",
        _DESK,
        "Banks.ReadOne",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "bulk-disbursement.submit",
        "POST",
        "/api/bulk-disbursement",
        _DESK,
        "BulkDisbursement.Create",
        (PORTAL, API, MAKER),
    ),
    Operation(
        "bulk-disbursement.process",
        "POST",
        "/api/bulk-disbursement/{batchId}/process",
        _DESK,
        "BulkDisbursement.Process",
        (PORTAL, API, CHECKER),
        step_up=True,
    ),
    Operation(
        "bulk-disbursement.status",
        "GET",
        "/api/bulk-disbursement/{batchId}/status",
        _DESK,
        "BulkDisbursement.ReadStatus",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "bulk-disbursement.retry",
        "POST",
        "/api/bulk-disbursement/{batchId}/retry",
        _DESK,
        "BulkDisbursement.Retry",
        (PORTAL, API, MAKER),
    ),
    Operation("payment.initiate", "POST", "/api/payment/initiate", _KEY, "Payment.Initiate", (PORTAL, API, MAKER)),
    Operation("payment.authorize", "POST", "/api/payment/authorize", _KEY, "Payment.Authorize", (PORTAL, API, MAKER)),
    Operation("payment.resend-otp", "POST", "/api/payment/resend-otp", _KEY, "Payment.ResendOtp", (PORTAL, API, MAKER)),
    Operation(
        "payment.pending",
        "GET",
        "/api/payment/pending",
        _DESK,
        "Payment.ReadPending",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "payment.completed",
        "GET",
        "/api/payment/completed",
        _DESK,
        "Payment.ReadCompleted",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "payment.get",
        "GET",
        "/api/payment/{id}",
        _DESK,
        "Payment.ReadOne",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "payment.range",
        "GET",
        "/api/payment/range",
        _DESK,
        "Payment.ReadRange",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    # No code guards these three: nobody has them who was not given them (TeraPay contract 9).
    Operation("payment.bulk-mobile", "POST", "/api/payment/bulk-mobile", _KEY, "Payment.BulkMobile", (PORTAL,)),
    Operation(
        "payment.bulk-client-transfer",
        "POST",
        "/api/payment/bulk-client-transfer",
        _KEY,
        "Payment.BulkClientTransfer",
        (PORTAL,),
    ),
    Operation(
        "payment.bulk-client-mobile-transfer",
        "POST",
        "/api/payment/bulk-client-mobile-transfer",
        _KEY,
        "Payment.BulkClientMobileTransfer",
        (PORTAL,),
    ),
    Operation(
        "reports.batches",
        "GET",
        "/api/reports/disbursements",
        _DESK,
        "Reports.ReadBatches",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "reports.batch",
        "GET",
        "/api/reports/disbursements/{batchId}",
        _DESK,
        "Reports.ReadBatch",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "reports.retries",
        "GET",
        "/api/reports/disbursements/retries",
        _DESK,
        "Reports.ReadRetries",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "reports.failed-items",
        "GET",
        "/api/reports/disbursements/failed",
        _DESK,
        "Reports.ReadFailedItems",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "reports.reconciliation",
        "GET",
        "/api/reports/disbursements/{batchId}/reconciliation",
        _DESK,
        "Reports.ReadReconciliation",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API, MAKER, CHECKER),
    ),
    Operation(
        "card-payments.tokenize", "POST", "/api/card-payments/tokenize", _KEY, "CardPayments.Tokenize", (PORTAL, API)
    ),
    Operation(
        "card-payments.authorize", "POST", "/api/card-payments/authorize", _KEY, "CardPayments.Authorize", (PORTAL, API)
    ),
    Operation(
        "card-payments.capture", "POST", "/api/card-payments/capture", _KEY, "CardPayments.Capture", (PORTAL, API)
    ),
    Operation(
        "card-payments.verify-3ds",
        "POST",
        "/api/card-payments/verify-3ds",
        _KEY,
        "CardPayments.Verify3ds",
        (PORTAL, API),
    ),
    Operation("checkout.create", "POST", "/api/checkout/sessions", _KEY, "Checkout.Create", (PORTAL, API)),
    Operation(
        "checkout.get",
        "GET",
        "/api/checkout/sessions/{sessionId}",
        _DESK,
        "Checkout.ReadOne",
        (COMPANY, SUPPORT, AUDITOR, PORTAL, API),
    ),
    Operation("metrics.get", "GET", "/api/metrics", _DESK, "Metrics.Read", (COMPANY, SUPPORT, AUDITOR, PORTAL, API)),
    *(
        Operation(
            f"reports.{name}",
            "GET",
            f"/api/reports/{path}",
            _DESK,
            f"Reports.{permission}",
            (COMPANY, SUPPORT, AUDITOR, PORTAL, API),
        )
        for name, path, permission in (
            ("client-transactions", "clients/{clientId}/transactions", "ReadClientTransactions"),
            ("client-volume", "clients/{clientId}/volume", "ReadClientVolume"),
            ("client-api-calls", "clients/{clientId}/api-calls", "ReadClientApiCalls"),
            ("client-audit-log", "clients/{clientId}/audit-log", "ReadClientAuditLog"),
            ("client-transaction-details", "clients/{clientId}/transaction-details", "ReadClientTransactionDetails"),
            ("cards", "cards", "ReadCardTransactions"),
            ("cards-range", "cards/range", "ReadCardTransactionsByDate"),
            ("cards-summary", "cards/summary", "ReadCardSummary"),
            ("checkout-sessions", "checkout/sessions", "ReadCheckoutSessions"),
            ("checkout-summary", "checkout/summary", "ReadCheckoutSummary"),
        )
    ),
    Operation("sms.send", "POST", "/api/sms/send", _DESK, "Sms.Send", (PORTAL, API)),
    Operation("sms.send-bulk", "POST", "/api/sms/send-bulk", _DESK, "Sms.SendBulk", (PORTAL, API)),
    Operation("sms.send-custom", "POST", "/api/sms/send-custom", _DESK, "Sms.SendCustom", (PORTAL, API)),
)
OPERATIONS = {operation.id: operation for operation in _ROWS}

PAGES = (
    Right("Staff.Overview", "GET", "/staff/", (COMPANY, APPROVER, SUPPORT, AUDITOR)),
    Right("Administration.Read", "GET", "/admin/", (SUPPORT, AUDITOR)),
    Right("Administration.Update", "POST", "/admin/"),
    Right("Customers.Read", "GET", "/staff/customers/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Roles.Compare", "GET", "/staff/roles/compare/", (COMPANY, AUDITOR)),
    Right("Access.Explain", "GET", "/staff/access/", (COMPANY, AUDITOR)),
    Right("Roles.Update", "POST", "/staff/roles/{id}/"),
    Right("Roles.Delete", "POST", "/staff/roles/{id}/delete/"),
    Right("PortalUsers.Update", "POST", "/staff/people/{id}/", (COMPANY, PORTAL)),
    Right("Clients.Update", "POST", "/company/profile/change/", (COMPANY, PORTAL)),
    Right("Clients.SendKeyAgain", "POST", "/staff/clients/{id}/key/", (COMPANY,)),
    Right("ApiUsers.Deactivate", "POST", "/company/api-users/{id}/deactivate/", (PORTAL,)),
    Right("ApiKeys.Read", "GET", "/company/keys/", (COMPANY, SUPPORT, AUDITOR, PORTAL)),
    Right("ApiKeys.Create", "POST", "/company/keys/", (PORTAL,)),
    Right("ApiKeys.Update", "POST", "/company/keys/{id}/", (PORTAL,)),
    Right("ApiCalls.Read", "GET", "/company/keys/{id}/calls/", (COMPANY, SUPPORT, AUDITOR, PORTAL)),
    Right("KycAdmin.ReadFile", "GET", "/review/files/{id}/", (COMPANY, APPROVER)),
    Right("KycAdmin.TakeOver", "POST", "/review/{id}/take-over/", (COMPANY,)),
    Right("KycAdmin.Overview", "GET", "/review/overview/", (COMPANY, APPROVER, AUDITOR)),
    Right("Deposits.Read", "GET", "/staff/deposits/", (COMPANY, SUPPORT, AUDITOR)),
    Right("PaymentCases.Read", "GET", "/staff/cases/", (COMPANY, SUPPORT, AUDITOR)),
    Right("PaymentCases.Propose", "POST", "/staff/cases/{id}/propose/", (COMPANY, SUPPORT)),
    Right("PaymentCases.Approve", "POST", "/staff/cases/{id}/approve/", (COMPANY,)),
    Right("Exchanges.Read", "GET", "/staff/exchanges/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Exchanges.Reapply", "POST", "/staff/exchanges/in/{id}/reapply/", (COMPANY, SUPPORT)),
    Right("Reconciliation.Read", "GET", "/staff/reconciliation/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Reconciliation.Run", "POST", "/staff/reconciliation/", (COMPANY,)),
    Right("Supplier.Read", "GET", "/staff/otpzap/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Supplier.Manage", "POST", "/staff/otpzap/topups/", (COMPANY,)),
    Right("Orders.Read", "GET", "/staff/orders/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Orders.Settle", "POST", "/staff/orders/{id}/settle/", (COMPANY,)),
    Right("BlockedServices.Read", "GET", "/staff/blocked-services/", (COMPANY, SUPPORT, AUDITOR)),
    Right("BlockedServices.Update", "POST", "/staff/blocked-services/", (COMPANY,)),
    Right("Balance.Read", "GET", "/company/balance/", (COMPANY, SUPPORT, AUDITOR, PORTAL, MAKER, CHECKER)),
    Right("Balance.TopUp", "POST", "/company/balance/top-up/", (PORTAL,)),
    Right("Batches.Approve", "POST", "/company/batches/{id}/approve/", (PORTAL, CHECKER)),
    Right("Batches.Steer", "POST", "/company/batches/{id}/pause/", (PORTAL, MAKER, CHECKER)),
    Right("Payouts.Read", "GET", "/staff/payouts/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Payouts.Settle", "POST", "/staff/payouts/{id}/settle/", (COMPANY,)),
    Right("Fundings.Read", "GET", "/staff/fundings/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Fundings.Find", "POST", "/staff/fundings/{id}/find/", (COMPANY, SUPPORT)),
    Right("Fundings.Confirm", "POST", "/staff/fundings/{id}/confirm/", (COMPANY,)),
    Right("PayoutRules.Read", "GET", "/staff/payout-rules/", (COMPANY, SUPPORT, AUDITOR)),
    Right("PayoutRules.Update", "POST", "/staff/payout-rules/", (COMPANY,)),
    Right("Sms.Read", "GET", "/company/sms/", (COMPANY, SUPPORT, AUDITOR, PORTAL)),
    Right("SenderIds.Request", "POST", "/company/sms/senders/", (PORTAL,)),
    Right("SenderIds.Decide", "POST", "/staff/sms/senders/{id}/", (COMPANY,)),
    Right("CardPayments.Void", "POST", "/company/cards/{id}/release/", (PORTAL,)),
    Right("CardPayments.Refund", "POST", "/company/cards/{id}/refund/", (PORTAL,)),
    Right("Cards.Read", "GET", "/staff/cards/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Cards.Propose", "POST", "/staff/cards/{id}/propose/", (COMPANY, SUPPORT)),
    Right("Cards.Settle", "POST", "/staff/cards/{id}/settle/", (COMPANY,)),
    Right("Checkout.Cancel", "POST", "/company/checkout/{id}/cancel/", (PORTAL,)),
    Right("Checkout.Configure", "POST", "/company/checkout/settings/", (PORTAL,)),
    Right("Webhooks.Read", "GET", "/company/webhook/", (PORTAL,)),
    Right("Webhooks.Update", "POST", "/company/webhook/", (PORTAL,)),
    Right("Staff.Search", "GET", "/staff/search/", (COMPANY, SUPPORT, AUDITOR)),
    Right("Customers.Pardon", "POST", "/staff/customers/{id}/fresh-start/", (COMPANY, SUPPORT)),
    Right("Audit.Read", "GET", "/staff/audit/", (AUDITOR,)),
    Right("Audit.Export", "GET", "/staff/audit/export/", (AUDITOR,)),
    Right("Audit.ReadClient", "GET", "/company/audit/", (COMPANY, AUDITOR, PORTAL)),
)


def rights() -> Iterator[Right]:
    """Every permission we ship."""
    for row in _ROWS:
        if row.permission:
            yield Right(row.permission, row.method, row.path, row.holders)
    yield from PAGES


def _for_clients() -> Iterator[str]:
    for row in _ROWS:
        if row.permission and ({PORTAL, API} & set(row.holders) or row.doors - _SESSION):
            yield row.permission
    yield from (right.name for right in PAGES if {PORTAL, API} & set(right.holders))


# Rights over the gateway as a whole. Whatever roles say, nobody who belongs to a client ever has one of them.
GATEWAY_ONLY = frozenset(right.name for right in rights()) - frozenset(_for_clients())
# Rights that no key can use, whoever holds them: pages, and operations that take a session only.
PEOPLE_ONLY = frozenset(row.permission for row in _ROWS if row.permission and "api_key" not in row.doors) | frozenset(
    right.name for right in PAGES
)
# Operations that ask for a role besides the permission.
ROLE_BESIDES = {row.permission: row.only for row in _ROWS if row.only}
