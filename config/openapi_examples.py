"""Values for the examples in both OpenAPI documents: what a person might have chosen, and what fits together."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from config.lib.problems import type_of

Json = dict[str, Any]

_ID = "0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10"
_FORMATS = {
    "uuid": _ID,
    "date-time": "2026-11-21T02:15:00Z",
    "date": "2026-11-21",
    "email": "ayu@example.id",
    "password": "a long pass phrase",
    "uri": "https://example.id/",
    "binary": "(file)",
}
_ITEMS = {"count": 2, "amount": 50000}
_NOTHING = {"count": 0, "amount": 0}
# By schema and field, else by field. None where nothing is to be said in the case that is shown.
_GIVEN: dict[str, Any] = {
    "acsUrl": None,
    "address": "Jalan Sudirman 12",
    "apiKeyPrefix": "tp_test_k7m2p9qx",
    "apiSecret": "9f2c…",
    "approvedBy": "citra@example.id",
    "attemptedBy": "Ayu Lestari",
    "audience": "client",
    "available": 20000,
    "averageResponseMs": 84,
    "balance": 25000,
    "bank": "702",
    "bankName": "BCA",
    "batchName": "Wages for November",
    "batchReference": None,
    "callCount": 1204,
    "clientName": "Toko Maju",
    "clientType": "Company",
    "completedCount": 1,
    "contactPerson": "Ayu Lestari",
    "contentType": "image/jpeg",
    "cost": 0.4,
    "counterparty": "Budi Santoso",
    "csrfToken": "Q2hvb3NlIHlvdXIgb3du…",
    "declineMessage": None,
    "declineReason": None,
    "description": "Order 1042",
    "destination": "003001014892010184",
    "difference": 0,
    "durationMs": 92,
    "effectivePermissions": ["Payments.Initiate", "Payments.Read"],
    "encoding": "GSM-7",
    "error": None,
    "errorRate": 0.012,
    "expiresIn": 3600,
    "externalReference": "order-8841",
    "failureReason": None,
    "fee": 2.5,
    "fees": 5,
    "fileName": "identity.jpg",
    "held": 5000,
    "httpMethod": "GET",
    "isFlagged": False,
    "isRevoked": False,
    "kind": "identity",
    "keyPrefix": "tp_test_k7m2p9qx",
    "mayRetry": None,
    "message": "Your order 1042 is on its way.",
    "methods": ["card", "va", "qris"],
    "mustChangePassword": False,
    "newPassword": "another long pass phrase",
    "p95ResponseMs": 210,
    "paReq": None,
    "pageSize": 50,
    "pageUrl": "https://portal.example/topup/deposits/0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10/",
    "password": "a long pass phrase",
    "paymentReference": None,
    "permissionName": "Payments.Initiate",
    "portalUserName": "ayu@example.id",
    "problems": [],
    "reason": None,
    "receiverName": "Aminata Sesay",
    "reference": "TB202611214F8ZD0WN6C",
    "referenceNumber": "TP20261121K7M2P9QXA3",
    "rejected": 0,
    "rejectionReason": None,
    "requestId": "01M7YBKRDX9SFSKTBA9PFGERJP",
    "requires3DS": False,
    "resendsLeft": 2,
    "returnUrl": "https://shop.example/thanks?order=1042",
    "reviewedBy": "Citra Dewi",
    "revokedAt": None,
    "roleName": "ApiUser",
    "roles": ["PortalAdmin"],
    "routePattern": "/api/payment/{id}",
    "sandboxOtp": "482913",
    "senderId": "TokoMaju",
    "serverErrorRate": 0.001,
    "sessionUrl": "https://portal.example/pay/0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10",
    "size": 48213,
    "state": "pending",
    "status": "Active",
    "timeZone": "Asia/Jakarta",
    "topUpUrl": "https://portal.example/topup/",
    "totalCredits": 25000,
    "totalDebits": 0,
    "totalFees": 5,
    "userName": "ayu@example.id",
    "userId": _ID,
    "clientId": _ID,
    "username": "ayu@example.id",
    "virtualAccountNumber": "8808081255501234",
    "AuthorizedOut.status": "Completed",
    "BatchItemsOut.state": "validated",
    "BatchReportOut.failedCount": 0,
    "BatchReportOut.finishedAt": None,
    "BatchReportOut.itemCount": 1,
    "BatchReportOut.pendingCount": 1,
    "BatchReportOut.processedCount": 0,
    "BatchReportOut.startedAt": None,
    "BatchReportOut.state": "validated",
    "BatchReportOut.totalAmount": 25000,
    "BatchReportOut.totalFees": 2.5,
    "BatchSummaryOut.failedCount": 0,
    "BatchSummaryOut.finishedAt": None,
    "BatchSummaryOut.itemCount": 2,
    "BatchSummaryOut.pendingCount": 2,
    "BatchSummaryOut.processedCount": 0,
    "BatchSummaryOut.startedAt": None,
    "BatchSummaryOut.state": "validated",
    "BatchSummaryOut.totalAmount": 50000,
    "CapturedOut.status": "Captured",
    "CardPaymentReportOut.capturedAmount": 0,
    "CardPaymentReportOut.capturedAt": None,
    "CardPaymentReportOut.fee": 0,
    "CardPaymentReportOut.refundedAmount": 0,
    "CardCurrencyOut.capturedAmount": 0,
    "CardSummaryOut.totalAuthorized": 25000,
    "CardSummaryOut.totalCaptured": 0,
    "CheckoutReportOut.completedAt": None,
    "CheckoutSummaryOut.completedAmount": 0,
    "CheckoutSummaryOut.from": "2026-11-01T00:00:00Z",
    "ClientFiguresOut.active": 2,
    "ClientFiguresOut.total": 3,
    "ClientRegisteredOut.isActive": False,
    "ClientRegisteredOut.message": "Thank you. We look at it and write to you.",
    "ClientRegisteredOut.name": "Toko Maju",
    "ClientRegisteredOut.status": "Pending",
    "DeactivatedOut.status": "Deactivated",
    "EffectiveOut.effectivePermissions": ["Payments.Initiate"],
    "EntryOut.reference": "TRF-01M7YBKRDX9SFSKTBA9PFGERJP",
    "FailedItemOut.failureReason": "The account or number does not exist.",
    "FailedItemOut.retryCount": 0,
    "ItemOut.completedAt": None,
    "ItemOut.retryCount": 0,
    "ItemOut.transactionId": None,
    "ItemIn.narration": "Wages for November",
    "KycStatus": "None",
    "ListedClientOut.name": "Toko Maju",
    "MessageOut.message": "Done.",
    "MismatchOut.field": "amount",
    "MobileEntryOut.index": 0,
    "NotRetriedOut.reason": "It did not fail.",
    "NotTakenOut.reason": "It is wrong.",
    "OneClientOut.name": "Toko Maju",
    "OneClientOut.state": "DKI Jakarta",
    "OverridesIn.overrides": {_ID: True},
    "PaidEntryOut.index": 0,
    "PayIn.description": "Invoice 1042",
    "PendingDocument.status": "Pending",
    "PortalUserOut.id": _ID,
    "PortalUserCreatedOut.id": _ID,
    "PermissionIn.name": "Payments.Read",
    "PermissionOut.name": "Payments.Read",
    "ProcessedOut.state": "processing",
    "ProcessedOut.status": "Processing",
    "ProductsOut.limit": 100,
    "ProgramTransactionOut.reason": None,
    "ReconciledItemOut.completedAt": "2026-11-21T02:15:00Z",
    "ReconciledItemOut.status": "Processed",
    "ReconciliationOut.failed": _NOTHING,
    "ReconciliationOut.leftOut": _NOTHING,
    "ReconciliationOut.mismatches": [],
    "ReconciliationOut.pending": _NOTHING,
    "ReconciliationOut.processed": {"count": 1, "amount": 25000},
    "ReconciliationOut.fees": 2.5,
    "ReconciliationOut.status": "Completed",
    "RegisterIn.name": "Toko Maju",
    "RegisterIn.state": "DKI Jakarta",
    "RejectedOut.isActive": False,
    "RejectedOut.status": "Rejected",
    "RejectedOut.reason": "The company could not be found.",
    "Review.reason": None,
    "Reviewed.status": "Verified",
    "RoleIn.name": "Bookkeeper",
    "RoleIn.audience": "client",
    "RoleOut.isSystem": False,
    "RoleOut.name": "Bookkeeper",
    "SessionOut.completedAt": None,
    "SessionOut.currency": "SLE",
    "SessionOut.expiresAt": "2026-11-21T03:15:00Z",
    "SessionOut.reference": "CO20261121K7M2P9QXA3",
    "SkippedOut.name": "Payments.Initiate",
    "SkippedOut.reason": "It exists already.",
    "SmsBulkOut.failed": 0,
    "SmsOut.phoneNumber": "+23276123456",
    "ResultOut.phoneNumber": "+23276123456",
    "SmsOut.state": "queued",
    "StateOut.isActive": False,
    "StateOut.status": "Deactivated",
    "StatementOut.closingBalance": 25000,
    "StatementOut.openingBalance": 0,
    "StatementOut.startDate": "2026-10-22",
    "StatusClassesOut.2xx": 988,
    "StatusClassesOut.4xx": 11,
    "StatusClassesOut.5xx": 1,
    "StatusOut.reviewedAt": None,
    "StatusOut.status": "Pending",
    "SubmittedOut.itemCount": 1,
    "SubmittedOut.state": "awaiting_approval",
    "SubmittedOut.totalAmount": 25000,
    "SubmittedOut.totalFees": 2.5,
    "TakenOut.amount": 25000,
    "TransactionOut.completedAt": None,
    "TransactionOut.state": "sending",
    "ProgramTransactionOut.state": "sending",
    "ProgramTransactionOut.completedAt": None,
    "MetricsOut.totalRequests": 48210,
    "MetricsOut.requestsLast24h": 1000,
    "MetricsOut.apiUsers": 4,
    "TopEndpointOut.count": 412,
    "UploadedOut.status": "Pending",
    "VerifiedOut.verified": True,
    "VolumeOut.completedAmount": 25000,
}
# By a word in the name, where nothing else is known.
_NAMED = {
    "phone": "+6281255501234",
    "currency": "IDR",
    "name": "Ayu Lestari",
    "city": "Jakarta",
    "country": "Indonesia",
    "email": "ayu@example.id",
    "apikey": "tp_test_k7m2p9qx_9f2c…",
    "token": "eyJhbGciOi…",
}
_DEEPEST = 6
# Codes by which each status is said most often.
_CODES = {400: "invalid", 422: "insufficient_funds", 429: "too_many_requests", 503: "try_again"}
_DETAILS = {
    400: "Some fields are not right.",
    401: "Sign in, or send a valid key.",
    403: "You may not do this.",
    404: "There is no such thing here.",
    409: "That is not possible any more.",
    415: "Send this as application/json.",
    422: "The balance does not cover it.",
    429: "Too many calls. Wait a moment.",
    503: "We cannot serve this right now. Try again in a moment.",
}


def example(schema: Json, found: Json, name: str = "", depth: int = 0, owner: str = "") -> Any:
    """A value that fits ``schema``, as a person might have chosen it; ``owner`` is the schema that ``name`` is of."""
    said, value = _given(schema, name, owner)
    if said:
        return value
    schema = resolved(schema, found)
    for word in ("example", "const"):
        if word in schema:
            return schema[word]
    for choices in ("examples", "enum"):
        if schema.get(choices):
            return schema[choices][0]
    kind = schema.get("type", "object")
    if kind == "array":
        return [example(schema.get("items", {}), found, name, depth + 1)] if depth < _DEEPEST else []
    if kind == "object":
        parts = schema.get("properties", {}) if depth < _DEEPEST else {}
        owner = schema.get("title", "")
        return {part: example(inner, found, part, depth + 1, owner) for part, inner in parts.items()}
    return _plain(kind, schema, name)


def _given(schema: Json, name: str, owner: str) -> tuple[bool, Any]:
    """Whether something is given for this place, and what. Nothing is given against what a schema itself says."""
    own = f"{owner}.{name}"
    if own in _GIVEN:
        return True, _GIVEN[own]
    if not owner or name not in _GIVEN or _speaks(schema):
        return False, None
    value = _GIVEN[name]
    return _kind_of(value) in set(_kinds(schema)), value


def _speaks(schema: Json) -> bool:
    return any({"example", "examples", "const", "enum"} & set(one) for one in (schema, *schema.get("anyOf", [])))


def _kinds(schema: Json) -> Iterator[str]:
    for one in schema.get("anyOf", [schema]):
        yield from {"number": ("number", "integer"), "integer": ("integer",)}.get(
            one.get("type", ""), (one.get("type", ""),)
        )


def _kind_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _plain(kind: str, schema: Json, name: str) -> Any:
    if schema.get("default") is not None:
        return schema["default"]
    if kind == "boolean":
        return True
    if kind in {"number", "integer"}:
        return 25000 if "amount" in name.lower() or "balance" in name.lower() else max(1, schema.get("minimum", 1))
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return next((value for word, value in _NAMED.items() if word in name.lower()), "text")


def refusal(status: int) -> Json:
    """How the gateway API says no with ``status``."""
    code = _CODES.get(status, HTTPStatus(status).name.lower())
    return {
        "type": type_of(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _DETAILS.get(status, HTTPStatus(status).phrase),
        "code": code,
        "traceId": _GIVEN["requestId"],
        "errors": {"amount": ["This is missing."]} if status == 400 else {},
    }


def resolved(schema: Json, found: Json) -> Json:
    """``schema`` without its outer reference and without the "or null" around it."""
    while True:
        if "$ref" in schema:
            schema = {**found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], **_beside(schema)}
        elif "anyOf" in schema:
            real = [one for one in schema["anyOf"] if one.get("type") != "null"]
            schema = {**real[0], **_beside(schema)} if real else {}
        elif len(schema.get("allOf", [])) == 1:
            schema = {**schema["allOf"][0], **_beside(schema)}
        else:
            return schema


def _beside(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if name not in {"$ref", "anyOf", "allOf"}}
