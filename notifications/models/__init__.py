from notifications.models.inbox import BalanceWatch, Notice, Preference
from notifications.models.mail import Mail
from notifications.models.sms import ClaimedSms, Sms, SmsDay, SmsSender
from notifications.models.webhooks import (
    ALL_EVENTS,
    EVENTS,
    TEST_EVENT,
    Claimed,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

__all__ = [
    "ALL_EVENTS",
    "EVENTS",
    "TEST_EVENT",
    "BalanceWatch",
    "Claimed",
    "ClaimedSms",
    "Mail",
    "Notice",
    "Preference",
    "Sms",
    "SmsDay",
    "SmsSender",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
