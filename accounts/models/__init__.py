from accounts.models.access import (
    ApiCall,
    ApiKey,
    ApiUser,
    Client,
    IdempotencyRecord,
    Permission,
    PermissionOverride,
    PortalUser,
    Role,
    RoleQuerySet,
)
from accounts.models.audit import AuditCheck, AuditEntry, AuditHead, AuditSeal
from accounts.models.people import Customer, User, UserManager, validate_timezone

__all__ = [
    "ApiCall",
    "ApiKey",
    "ApiUser",
    "AuditCheck",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "Client",
    "Customer",
    "IdempotencyRecord",
    "Permission",
    "PermissionOverride",
    "PortalUser",
    "Role",
    "RoleQuerySet",
    "User",
    "UserManager",
    "validate_timezone",
]
