from notifications.models.inbox import BalanceWatch, Notice, Preference
from notifications.models.mail import Mail
from notifications.models.sms import ClaimedSms, Sms, SmsDay, SmsSender
from notifications.models.webhooks import (
    ALL_EVENTS,
    CLIENT_EVENTS,
    EVENTS,
    TEST_EVENT,
    Claimed,
    Owner,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

__all__ = [
    "ALL_EVENTS",
    "CLIENT_EVENTS",
    "EVENTS",
    "TEST_EVENT",
    "BalanceWatch",
    "Claimed",
    "ClaimedSms",
    "Mail",
    "Notice",
    "Owner",
    "Preference",
    "Sms",
    "SmsDay",
    "SmsSender",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
