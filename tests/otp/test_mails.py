"""Mails: what is read of them, and that no sender and no pattern can hold us up."""

import time

import pytest

from otp import mails
from otp.mails.codes import code_in
from otp.mails.text import MOST_TEXT
from otp.providers.types import Message

OPENAI = """<!DOCTYPE html><html><head><title>Your code</title><style>.a{color:#202123}</style></head><body>
<div style="display: none; max-height:0">Preview 999999 &zwnj;&zwnj;</div>
<table><tr><td><h1>Verify your email</h1></td></tr><tr><td><p>Enter this temporary verification code to continue:</p>
<p style="font-size:24px">482&#8203;913</p><p>It expires in 10 minutes. &copy; 2026 OpenAI, 3180 18th Street</p>
<a href="https://help.openai.com/unsubscribe?u=123456">Unsubscribe</a></td></tr></table>
<img src="https://track.example/p.gif?id=77"><script>alert(123456)</script></body></html>"""

CODES = {
    "openai": (OPENAI, "Your temporary OpenAI code", "482913"),
    "own line": ("Hello Ayu,\n\nUse this code to sign in:\n\n0417\n\nIt is valid for 15 minutes.", "", "0417"),
    "before the words": ("654321 is your Telegram code. Do not share it.", "", "654321"),
    "google": ("G-482913 is your Google verification code.", "", "482913"),
    "two groups": ("Your Instagram code is 123 456", "", "123456"),
    "hyphen": ("Kode WhatsApp Anda: 739-204\nJangan bagikan kode ini.", "", "739204"),
    "boxes": ("<table><tr><td>4</td><td>8</td><td>2</td><td>9</td></tr></table><p>Enter this code</p>", "", "4829"),
    "subject only": ("<p>Welcome back.</p>", "123987 is your Discord verification code", "123987"),
    "subject and body": ("Order 445566 shipped. Your code: 778899", "778899 - login code", "778899"),
    "indonesian": ("Kode OTP Anda adalah 904512. Berlaku 5 menit. Total tagihan Rp 250000.", "", "904512"),
    "mixed": ("Here is the Steam Guard code you need to login:\n\nF3K7P\n\nThis email", "", "F3K7P"),
    "slack": ("Your confirmation code is below.\n\nABC-DEF\n\nQuestions? Call 02129500000", "", "ABC-DEF"),
    "small letters": ("Your token is: a8f3kq", "", "a8f3kq"),
    "eight digits": ("Security code: 12345678", "", "12345678"),
    "zeros in front": ("Your code is 000042", "", "000042"),
    "words in the subject only": ("Hello.\n\n739204\n\nBye", "Your verification", "739204"),
    "a year beside": ("© 2026 Shop. Your PIN is 2025.", "", "2025"),
}
WITHOUT = {
    "newsletter": "News of 2026: 24 hours of sale, 50000 users, Rp 250000 off. Call 0215550199.",
    "receipt": "Order 1234567 of 21-11-2026, total Rp150000, invoice #998877.",
    "link only": "Confirm here: https://example.com/verify/123456",
    "address": "Write to 123456@example.com",
    "empty": "",
    "time": "Your appointment is at 10:30 on 2026-11-21.",
    "shouting": "WELCOME TO THE WORLD OF CODE",
}


def message(text: str, **more: str) -> Message:
    return Message(more.pop("code", None), text, None, **more)


@pytest.mark.parametrize("name", CODES)
def test_the_code_is_found(name: str) -> None:
    body, subject, code = CODES[name]
    assert mails.read(message(body, subject=subject)).code == code


@pytest.mark.parametrize("name", WITHOUT)
def test_figures_that_are_no_code_are_left_alone(name: str) -> None:
    assert mails.read(message(WITHOUT[name])).code is None


def test_markup_becomes_the_text_a_person_reads() -> None:
    assert mails.plain(OPENAI) == (
        "Verify your email\n\nEnter this temporary verification code to continue:\n\n482913\n\n"
        "It expires in 10 minutes. © 2026 OpenAI, 3180 18th Street\n\n"
        "Unsubscribe <https://help.openai.com/unsubscribe?u=123456>"
    )


@pytest.mark.parametrize(
    "body",
    [
        "<p>a<script>steal()</script></p>",
        "<p>a</p><style>p{background:url(//evil.test)}</style>",
        '<p onclick="steal()">a</p>',
        '<p>a<img src="https://evil.test/p.gif"></p>',
        '<p>a</p><iframe src="//evil.test">steal</iframe>',
        '<p>a</p><svg><script>steal()</script><text onload="x">steal</text></svg>',
        "<p>a</p><template>steal</template><noscript><p>steal</p></noscript>",
        '<p>a</p><div style="dis/**/play:none;display:none">steal</div>',
        "<p>a</p><div hidden>steal</div>",
        "<p>a</p><!-- steal -->",
        "<p>a</p><!--[if mso]><p>steal</p><![endif]-->",
    ],
)
def test_nothing_that_acts_or_hides_survives(body: str) -> None:
    assert mails.plain(body) == "a"


def test_a_mail_that_is_all_hidden_is_read_after_all() -> None:
    assert mails.plain('<div style="display:none">Your code is 123456</div>') == "Your code is 123456"


def test_invisible_characters_are_dropped() -> None:
    read = mails.read(
        message("Co\u200bde:\x00 12\u202e34\ud800", sender="A\u202eB\r\nBcc: x", subject="\ufeffHi\n there")
    )
    assert (read.text, read.sender, read.subject) == ("Code: 1234", "AB Bcc: x", "Hi there")


def test_text_without_markup_keeps_its_angles() -> None:
    assert mails.plain("if a < b and c > d: <x@example.com>") == "if a < b and c > d: <x@example.com>"


def test_an_encoded_subject_is_decoded() -> None:
    read = mails.read(message("x", subject="=?UTF-8?B?S29kZSBBbmRhIDEyMzQ1Ng==?=", sender="=?nonsense?Q?a?= <a@b>"))
    assert read.subject == "Kode Anda 123456"
    assert read.sender == "=?nonsense?Q?a?= <a@b>"


def test_text_has_an_end() -> None:
    text = mails.plain("<p>word</p>" * 30_000)
    assert len(text) <= MOST_TEXT


# --- the supplier's word ---------------------------------------------------------------------------------------


def test_the_suppliers_code_counts_when_it_stands_in_the_mail() -> None:
    assert mails.read(message("Use 1111 or 482913 as your code", code="1111")).code == "1111"


def test_the_suppliers_code_counts_when_we_find_none() -> None:
    assert mails.read(message("", code="ab12")).code == "ab12"


def test_a_headline_in_place_of_a_code_is_no_code() -> None:
    assert mails.read(message("Hello", code="Confirm your address please")).code is None


# --- links -----------------------------------------------------------------------------------------------------

LINKS = {
    "button": (
        '<p>Hi</p><a href="https://app.example/v/abc">Verify my email</a><a href="https://example/help">Help</a>',
        "https://app.example/v/abc",
    ),
    "picture": ('<a href="https://a.example/x1"><img src="//cdn/x.png" alt="Confirm"></a>', "https://a.example/x1"),
    "plain": ("Confirm: https://a.example/confirm?t=1&u=2. Thanks", "https://a.example/confirm?t=1&u=2"),
    "only one": ('<a href="https://a.example/path/1">Open</a>', "https://a.example/path/1"),
    "small print": ('<a href="https://a.example/unsubscribe">here</a>', ""),
    "front page": ('<a href="https://a.example/">a.example</a>', ""),
    "several, none meant": ("https://a.example/1 https://a.example/2", ""),
    "script": ('<a href="javascript:alert(1)">Verify</a>', ""),
    "relative": ('<a href="/verify">Verify</a>', ""),
    "data": ('<a href="data:text/html,x">Verify</a>', ""),
    "too long": (f'<a href="https://a.example/verify/{"x" * 2000}">Verify</a>', ""),
    "not me": (
        '<a href="https://a.example/login/1">Sign in</a> <a href="https://a.example/login/no">This was not me</a>',
        "https://a.example/login/1",
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_the_link_to_follow_is_found(name: str) -> None:
    body, link = LINKS[name]
    assert mails.read(message(body)).link == link


def test_addresses_are_parts_with_their_host() -> None:
    found = mails.parts("Sign in <https://tm.example.com/a?b=1> or see https://b.example/x.\nBye")
    assert [(part.text, part.host) for part in found] == [
        ("Sign in ", ""),
        ("https://tm.example.com/a?b=1", "tm.example.com"),
        (" or see ", ""),
        ("https://b.example/x", "b.example"),
        (".\nBye", ""),
    ]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://google.com@evil.test/login", "evil.test"),
        ("https://аpple.com/", "xn--pple-43d.com"),
        ("https://[::1", ""),
        ("javascript:alert(1)", ""),
        ("https://a..b/", ""),
        ("https:///x", ""),
        ("HTTPS://EXAMPLE.com/", "example.com"),
        ("https://evil.test\\@google.com/", ""),
        ("https://evil.test\\.google.com/", ""),
        ("https://stra\u00dfe.de/", "xn--strae-oqa.de"),
        ("https://a_b.example/", "a_b.example"),
    ],
    ids=[
        *("userinfo", "look-alike", "broken", "script", "empty label", "no host", "capitals"),
        *("backslash", "backslash in the name", "sharp s", "underscore"),
    ],
)
def test_the_host_is_where_the_link_really_leads(url: str, host: str) -> None:
    assert mails.host_of(url) == host


# --- the customer's filters ------------------------------------------------------------------------------------


def test_a_pattern_takes_its_first_group() -> None:
    read = mails.read(message("Ref 111222, ticket T-9045.", code="111222"), pattern=r"ticket (T-\d+)")
    assert (read.code, read.wanted) == ("T-9045", True)


def test_a_pattern_without_a_group_takes_all_it_matches() -> None:
    assert mails.read(message("abc 77-88 def"), pattern=r"\d\d-\d\d").code == "77-88"


def test_a_pattern_may_take_a_link() -> None:
    read = mails.read(message('<a href="https://a.example/go/1">x</a> 5555'), pattern=r"https://\S+")
    assert (read.link, read.code) == ("https://a.example/go/1", None)


def test_a_pattern_sees_the_subject() -> None:
    assert mails.read(message("Body", subject="Key 1234X"), pattern=r"Key (\w+)").code == "1234X"


def test_a_mail_that_the_pattern_leaves_out_is_read_but_not_wanted() -> None:
    read = mails.read(message("Your code is 123456"), pattern="never")
    assert (read.wanted, read.code) == (False, "123456")


def test_a_match_too_long_for_a_code_is_wanted_and_read_by_us() -> None:
    read = mails.read(message("Your code is 123456 " + "x" * 80), pattern=".*")
    assert (read.wanted, read.code) == (True, "123456")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("", True), ("openai CODE", True), ("other", False), ("  code  ", True)],
    ids=["none", "capitals", "other words", "blanks"],
)
def test_subject_words(words: str, *, wanted: bool) -> None:
    assert mails.read(message("x", subject="Your OpenAI  code"), subject=words).wanted is wanted


@pytest.mark.parametrize("pattern", [r"(\d{6})", r"code: (\w+)", "", "  \\d+ ", "ü+", r"(a+)+$"])
def test_good_patterns_are_kept(pattern: str) -> None:
    assert mails.check_pattern(pattern) == pattern.strip()


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", r"(?=a)b", r"(a)\1", "x" * 256, "a\nb", "a\x00b", "((a{100}){100}){100}", "a\ud800", "[z-a]", "*"),
        *("(a?){1000}" * 4, "(.?){1000}", r"(\pL{0,90}x?){2}"),
    ],
    ids=[
        *("open", "look-ahead", "back reference", "long", "two lines", "nul", "huge", "half a pair", "range", "star"),
        *("thousands", "a thousand", "every letter"),
    ],
)
def test_bad_patterns_are_refused_before_money_moves(pattern: str) -> None:
    with pytest.raises(mails.BadPattern) as refused:
        mails.check_pattern(pattern)
    assert refused.value.fields["regex"]


def test_subjects_are_checked() -> None:
    assert mails.check_subject("  Your\n code\u200b ") == "Your code"
    with pytest.raises(mails.BadSubject):
        mails.check_subject("x" * 256)


# --- nobody holds us up ----------------------------------------------------------------------------------------

HOSTILE = {
    "nested": "<div>" * 60_000 + "1",
    "formatting": "<b><i><u>" * 30_000,
    "unclosed": "<a href='" * 30_000,
    "comment": "<p><!--" + "-" * 300_000,
    "entities": "<p>" + "&amp;" * 60_000,
    "letters": "a" * 300_000,
    "addresses": "https://" * 40_000,
    "angles": "<https://a" * 30_000,
    "mail addresses": "a." * 150_000 + "@",
    "digits": "1 " * 150_000,
    "code words": "code is " * 40_000,
    "capitals": "A1-" * 100_000,
    "blanks": "<p>" + " \t" * 150_000 + "x",
    "encoded": "=?UTF-8?Q?" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("pattern", ["", r"(a+)+$", r"(.*)(.*)(.*)(.*)x1y"], ids=["none", "nested", "greedy"])
def test_no_sender_and_no_pattern_takes_long(name: str, pattern: str) -> None:
    body = HOSTILE[name]
    start = time.process_time()
    mails.read(message(body, subject=body, sender=body, code=body), pattern=pattern)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "pattern", ["(a?){1000}" * 20 + "!", "(a?){498}!", "(?s).{0,240}x"], ids=["refused", "largest", "any letter"]
)
def test_a_pattern_that_is_taken_reads_the_longest_mail_in_no_time(pattern: str) -> None:
    start = time.process_time()
    assert not mails.read(message("a" * 20_000), pattern=pattern).wanted
    assert time.process_time() - start < 2


def test_reading_never_raises_on_odd_text() -> None:
    for odd in ("\ud800<p>\udc00", "<p>&#0;&#xD800;&#x110000;</p>", "<a href='https://[::1'>x</a>", "<" * 100):
        assert "\ud800" not in mails.read(message(odd, subject=odd, sender=odd), pattern="x").text
    assert code_in("") is None
