"""What any call can meet: its form, the credential, the rights, the limits, our own faults."""

from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import (
    AGAIN_SOON,
    ALLOWED,
    ASK_RIGHT,
    CHANGED,
    FIX,
    LATER,
    LOOKED,
    NO,
    NOBODY,
    OURS,
    PAUSE,
    PERSON,
    READ,
    SAME_KEY,
    TELL_US,
    WAIT,
    YOURS,
    Group,
)
from config.guides.knowledge.words import Refusal as R

_LOOK_UP = _("Look the address up in the reference.")
_KIND = _("Send application/json, or multipart/form-data where the reference says so.")

FORM = Group(
    "form",
    _("The form of a call"),
    (
        R("invalid", _("A field is missing or wrong."), YOURS, CHANGED, FIX),
        R("validation_error", _("A field is missing or wrong."), YOURS, CHANGED, FIX),
        R("bad_request", _("The call cannot be read at all: no JSON, too many parts."), YOURS, CHANGED, FIX, (400,)),
        R("refused", _("Refused for the reason in detail."), YOURS, CHANGED, _("Read detail."), (400,)),
        R(
            "not_found",
            _("Not there, or not yours: the answer is the same."),
            YOURS,
            NO,
            _("Check the id, and whether a sandbox key asks for something live."),
        ),
        R("method_not_allowed", _("The address is right, the method is not."), YOURS, CHANGED, _LOOK_UP, (405,)),
        R(
            "request_entity_too_large",
            _("The body is larger than we take."),
            YOURS,
            CHANGED,
            _("Send less at a time."),
            (413,),
        ),
        R(
            "unsupported_media_type",
            _("The body is of another kind than the call takes."),
            YOURS,
            CHANGED,
            _KIND,
            (415,),
        ),
        R("unprocessable_entity", _("Understood, but it cannot be done."), YOURS, CHANGED, _("Read detail."), (422,)),
        R("conflict", _("Against the state in which things are now."), YOURS, LOOKED, READ, (409,)),
        R(
            "idempotency_key_reused",
            _("The Idempotency-Key came before, with another body."),
            YOURS,
            CHANGED,
            _("Take one key for one intention: a new purchase, a new key."),
        ),
        R(
            "still_running",
            _("The first call with this Idempotency-Key has not ended yet."),
            NOBODY,
            SAME_KEY,
            _("Wait a second and send the same again: you get the answer of the first call."),
        ),
    ),
)

CREDENTIALS = Group(
    "credentials",
    _("Who is calling"),
    (
        R(
            "unauthorized",
            _("No credential, or one that does not work: revoked, ended, or sent from an address it is not bound to."),
            YOURS,
            CHANGED,
            _("Check the header and the key's page."),
            (401,),
        ),
        R(
            "bad_credentials",
            _("Address or password is wrong, or there is no such account."),
            YOURS,
            CHANGED,
            _("Ask the person to type it again."),
        ),
        R(
            "second_factor_needed",
            _("The password was right; a second factor is asked for."),
            YOURS,
            CHANGED,
            _("Send the code of the authenticator app too."),
        ),
        R("second_factor_required", _("The role demands a second factor and none is set up."), YOURS, ALLOWED, PERSON),
        R("password_change_required", _("The password was given by somebody else."), YOURS, ALLOWED, PERSON),
        R(
            "sign_in_again",
            _("The session is too old for something this sensitive."),
            YOURS,
            ALLOWED,
            _("Sign in again, then repeat the call."),
        ),
        R("locked", _("Too many wrong passwords."), YOURS, WAIT, PAUSE, (429,)),
        R(
            "bad_token",
            _("The link to set a new password was used, or is too old."),
            YOURS,
            NO,
            _("Ask for a new link."),
            (400,),
        ),
        R(
            "csrf",
            _("A session without its token against forged requests."),
            YOURS,
            CHANGED,
            _("Send the csrfToken of the login as X-CSRFToken."),
            (403,),
        ),
        R(
            "email_not_confirmed",
            _("The address of the account is not confirmed yet."),
            YOURS,
            ALLOWED,
            _("Follow the link in the mail; then it works."),
        ),
        R("sign_in_unavailable", _("Tries cannot be counted just now, so nobody is let in."), OURS, LATER, AGAIN_SOON),
    ),
)

RIGHTS = Group(
    "rights",
    _("What you may do"),
    (
        R("forbidden", _("Known, but not allowed."), YOURS, ALLOWED, ASK_RIGHT, (403,)),
        R("not_allowed", _("The permission or the role for this is missing."), YOURS, ALLOWED, ASK_RIGHT),
        R(
            "beyond_your_rights",
            _("It would hand out rights that the caller does not hold."),
            YOURS,
            CHANGED,
            _("Leave those rights out, or have somebody do it who holds them."),
        ),
        R(
            "role_not_assignable",
            _("This role is not for API users, or holds more than the caller."),
            YOURS,
            CHANGED,
            _("Choose another role."),
        ),
        R(
            "client_inactive",
            _("The client waits for approval, or was rejected or deactivated."),
            YOURS,
            ALLOWED,
            _("Wait for the approval, or write to us."),
        ),
        R(
            "no_client",
            _("The caller belongs to no client, and this is done for one."),
            YOURS,
            NO,
            _("Use a key of an API user of a client."),
        ),
        R(
            "last_super_admin",
            _("Nobody would be left to appoint another one."),
            YOURS,
            NO,
            _("Appoint another one first."),
        ),
        R("own_case", _("These are documents of one's own account."), YOURS, NO, PERSON),
    ),
)

LIMITS = Group(
    "limits",
    _("How often"),
    (
        R(
            "too_many_requests",
            _("More calls than the key may make in a minute, or too many with keys that do not work."),
            YOURS,
            WAIT,
            PAUSE,
            (429,),
        ),
        R("throttled", _("Too many registrations from one place."), YOURS, WAIT, PAUSE, (429,)),
        R("too_many_recipients", _("Too many people were looked up who are not there."), YOURS, WAIT, PAUSE, (429,)),
        R("too_many_keys", _("As many keys work as may."), YOURS, LOOKED, _("Revoke one that is not used.")),
        R(
            "already_made",
            _("The same form came twice; the key exists and its secret was shown then."),
            YOURS,
            NO,
            _("If nobody saved it, revoke that key and make another."),
        ),
    ),
)

STATES = Group(
    "states",
    _("States that do not fit"),
    (
        R("wrong_state", _("What was asked for does not fit the state the object is in."), YOURS, LOOKED, READ),
        R("changed_meanwhile", _("Somebody else changed the same thing since it was read."), NOBODY, LOOKED, READ),
        R("taken", _("A name or an address that must be unique is in use."), YOURS, CHANGED, FIX),
        R(
            "one_api_user",
            _("An individual has exactly one API user."),
            YOURS,
            NO,
            _("Make another key for the one there is."),
            (409,),
        ),
    ),
)

FAULTS = Group(
    "faults",
    _("Our own faults"),
    (
        R("internal_server_error", _("Something broke on our side."), OURS, SAME_KEY, TELL_US, (500,)),
        R("bad_gateway", _("Somebody we asked did not answer properly."), OURS, SAME_KEY, AGAIN_SOON, (502,)),
        R("service_unavailable", _("We cannot serve any call right now."), OURS, LATER, AGAIN_SOON, (503,)),
        R("try_again", _("Calls cannot be counted just now, so none is let in."), OURS, LATER, AGAIN_SOON),
    ),
)
