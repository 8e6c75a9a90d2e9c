"""The text of OVO Tokenize: known digests, every malformation that Faspay's own samples have, hostile documents."""

import json
import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.providers.faspay_ovo import incoming, repair, schemas, signing
from payments.providers.faspay_ovo.repair import JSON, XML, Unreadable

USER, PASSWORD, PHONE = "bot99999", "p@ssw0rd", "081382826301"
# Written by Faspay; and md5sum piped into sha1sum, by hand.
SAMPLE = "1d4c5f7246a762c4ab61cd3d399efa4c28978bf3"
BILL_2 = "f4b8ab5f0afa73f7ba3da3126698c42f646fd9a5"
NOW = datetime(2026, 11, 21, 2, 3, 4, tzinfo=UTC)


def test_the_signature_of_a_request_is_that_of_the_sample() -> None:
    assert signing.request_signature(USER, PASSWORD, PHONE) == SAMPLE
    assert signing.request_signature(USER, PASSWORD, "6281382826301") != SAMPLE


def test_the_signature_of_a_notification() -> None:
    assert signing.notification_signature(USER, PASSWORD, "123", "2") == BILL_2


def test_signatures_are_the_same_in_capitals_and_in_no_other_way() -> None:
    assert signing.same(f" {SAMPLE.upper()}\n", SAMPLE)
    assert not signing.same(SAMPLE[:-1], SAMPLE)
    assert not signing.same("", SAMPLE)
    assert not signing.same("é\ud800", SAMPLE)


@pytest.mark.parametrize("text", ["081382826301", "+62 813-8282-6301", "6281382826301", " 0813.8282.6301 "])
def test_phone_numbers_are_written_with_a_leading_zero(text: str) -> None:
    assert schemas.phone_of(text) == PHONE


@pytest.mark.parametrize("text", ["", "0212345678", "+16502530000", "08138282630100", "08١٣٨٢٨٢٦٣", "08138282630a"])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(schemas.UnusablePhone):
        schemas.phone_of(text)


def test_thirteen_digits_are_not_cut() -> None:
    assert schemas.phone_of("+62 812 3456 78901") == "0812345678901"


# -- what Faspay's samples get wrong

PAGE = "https://webview.byte-stack.net/cellblockui/partner/activation"


def test_an_entity_that_lacks_its_semicolon_is_an_ampersand_in_xml_and_json() -> None:
    wanted = f"{PAGE}?action=otpLinkage&authType=2FA&client-id=OA&refId=0c&token=eyJ.e.s&theme=theme1"
    broken = f"{PAGE}?action=otpLinkage&ampauthType=2FA&ampclient-id=OA&amprefId=0c&amptoken=eyJ.e.s&amptheme=theme1"
    xml = repair.read_answer(f"<faspay><redirectURL>{broken}</redirectURL></faspay>".encode())
    assert repair.clean_url(xml["redirectURL"]) == wanted
    assert repair.clean_url(repair.read_answer(json.dumps({"u": broken}).encode())["u"]) == wanted
    assert repair.clean_url(broken.replace("&amp", "&amp;")) == wanted


def test_names_that_begin_like_other_entities_stay() -> None:
    url = f"{PAGE}?a=1&notify=2&copy=3&region=4&lt=5"
    assert repair.clean_url(url) == url
    assert repair.clean_url(repair.read_xml(f"<f><url>{url}</url></f>".encode())["url"]) == url


def test_a_raw_ampersand_in_xml_is_itself() -> None:
    body = b"<faspay><url>https://a.example/p?x=1&client-\nid=2&token=3</url><merchant>A & B &lt; C</merchant></faspay>"
    tree = repair.read_answer(body)
    assert repair.clean_url(tree["url"]) == "https://a.example/p?x=1&client-id=2&token=3"
    assert tree["merchant"] == "A & B < C"


@pytest.mark.parametrize(
    "declaration",
    [
        '<?xml version="1.0" encodin0g="UTF-8"?>',
        '<?xml version="1.0" encoding="UTF-8" ?>',
        '\ufeff<?xml version="1.0" encoding="utf-16"?>\r\n',
        '\n <?xml version="9"?>',
        "",
    ],
)
def test_any_declaration_is_dropped(declaration: str) -> None:
    assert repair.read_answer(f"{declaration}<faspay><a>é</a></faspay>".encode()) == {"a": "é"}


def test_bytes_that_are_not_utf_8_are_read_as_latin_1() -> None:
    assert repair.read_xml("<faspay><a>é</a></faspay>".encode("latin-1")) == {"a": "é"}


def test_line_breaks_inside_addresses_go() -> None:
    url = b"https://webview.byte-\nstack.net/p?client-\n  id=OA&amptoken=ab\r\n\tcd"
    xml = b"<faspay><redirectURL>" + url + b"</redirectURL></faspay>"
    wanted = "https://webview.byte-stack.net/p?client-id=OA&token=abcd"
    assert repair.clean_url(repair.read_answer(xml)["redirectURL"]) == wanted


def test_the_parameters_of_an_address_are_not_interpreted() -> None:
    assert repair.clean_url(f"{PAGE}?refId=0&amptoke=eyJ.e.s") == f"{PAGE}?refId=0&toke=eyJ.e.s"


def test_a_last_brace_that_is_missing_is_put_there() -> None:
    whole = {"phone_no": PHONE, "detail": {"cash": {"balance": "1"}}, "response_code": "00"}
    text = json.dumps(whole, indent=2).encode()
    assert repair.read_answer(text.removesuffix(b"}")) == whole
    for cut in (b'{"response_code":"00","amount":10', b'{"response_code":"0', b'{"detail":{"cash":{"balance":"1"'):
        with pytest.raises(Unreadable):
            repair.read_answer(cut)
    with pytest.raises(Unreadable):
        repair.read_json(text.removesuffix(b"}"))


@pytest.mark.parametrize(
    ("given", "code"),
    [("0", "00"), ("00", "00"), (" 1 ", "01"), ("02", "02"), ("7", "07"), ("", ""), ("000", ""), ("OK", ""), ("²", "")],
)
def test_codes_are_two_digits(given: str, code: str) -> None:
    assert repair.code_of(given) == code


def test_a_code_that_is_a_json_number_counts() -> None:
    assert repair.code_of(repair.read_answer(b'{"response_code":0}')["response_code"]) == "00"
    assert repair.code_of(None) == repair.code_of(["00"]) == ""


ROW = {"trx_id": "1", "amount_detail": {"type": "CASH", "amt": "1"}}


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ("", []),
        ([], []),
        ({}, []),
        (None, []),
        ("\n\t", []),
        (ROW, [ROW]),
        ([ROW, ROW], [ROW, ROW]),
        ({"transaction_1": ROW}, [ROW]),
        ({"transaction_1": ROW, "transaction_2": ""}, [ROW]),
        ({"transaction": [ROW, ROW]}, [ROW, ROW]),
        (["", None, 3, ROW], [ROW]),
    ],
)
def test_lists_come_in_every_shape(value: object, rows: list[Any]) -> None:
    assert repair.items_of(value) == rows


def test_numbered_names_are_sorted_as_numbers() -> None:
    rows = {f"transaction_{number}": {"trx_id": str(number)} for number in (10, 2, 1, 11)}
    assert [row["trx_id"] for row in repair.items_of(rows)] == ["1", "2", "10", "11"]


def test_xml_names_that_stand_several_times_are_a_list() -> None:
    tree = repair.read_xml(b"<f><l><t><a>1</a></t><t><a>2</a></t><t><a>3</a></t></l><list_refund/></f>")
    assert repair.items_of(tree["l"]) == [{"a": "1"}, {"a": "2"}, {"a": "3"}]
    assert repair.items_of(tree["list_refund"]) == []


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100", "100"),
        ("100.00", "100"),
        ("100,5", "100.5"),
        ("1,000", None),
        ("-1", None),
        ("1e3", None),
        ("NaN", None),
    ],
)
def test_amounts(text: str, amount: str | None) -> None:
    assert schemas.read_amount(text) == (None if amount is None else Decimal(amount))


def test_times_are_jakarta() -> None:
    assert schemas.read_time("2021-11-11 11:26:42") == datetime(2021, 11, 11, 4, 26, 42, tzinfo=UTC)
    for text in ("", "yesterday", "9999-12-31 23:59:59", "0001-01-01 00:00:00", None, 3):
        assert schemas.read_time(text) is None


# -- where a browser may be sent

HOSTS = ["webview.byte-stack.net", "http://127.0.0.1:8102"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://webview.byte-stack.net/a?b=c", True),
        ("https://WEBVIEW.byte-stack.net:443/", True),
        ("http://127.0.0.1:8102/page", True),
        ("http://webview.byte-stack.net/a", False),
        ("https://webview.byte-stack.net:8443/", False),
        ("https://webview.byte-stack.net.evil.example/", False),
        ("https://evil.example/webview.byte-stack.net", False),
        ("https://webview.byte-stack.net@evil.example/", False),
        ("https://127.0.0.1:8102/", False),
        ("http://127.0.0.1:8103/", False),
        ("//webview.byte-stack.net/", False),
        ("javascript:alert(1)", False),
        ("https://webview.byte-stack.net:x/", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_redirects_go_to_listed_https_hosts_only(url: str, allowed: bool) -> None:
    assert schemas.may_be_opened(url, HOSTS) is allowed


@pytest.mark.parametrize(
    "url", ["https://a.example/\\@b", "https://a.example/<x>", "https://a.exämple/", "x" * 4001, 7]
)
def test_addresses_with_odd_characters_are_none(url: object) -> None:
    assert repair.clean_url(url) == ""


# -- hostile documents

BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE f [<!ENTITY l0 "lol">{BOMB}]><f><a>&l9;</a></f>'.encode(),
        b'<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><f><a>&x;</a></f>',
        b'<!DOCTYPE f SYSTEM "http://127.0.0.1:9/x.dtd"><f><a>1</a></f>',
        b'<?xml version="1.0"?><!DOCTYPE f [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><f/>',
        b"<f>" * 100_000,
        b"<f>" * 5_000 + b"</f>" * 5_000,
        b"<f>" + b"<a/>" * 100_000 + b"</f>",
        b"<f><a>1</a>",
        b"<f>text alone</f>",
        b"<f><a>&#0;</a></f>",
        b"<f><a>\x00</a></f>",
        b"<f/><g/>",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"[1]",
        b"null",
        b"\xff\xfe",
        b"",
    ],
)
def test_hostile_documents_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        repair.read_answer(body)


def test_an_entity_without_a_document_type_is_only_text() -> None:
    assert repair.read_xml(b"<f><a>&xxe;</a></f>") == {"a": "&xxe;"}


_json_text = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(lambda value: json.dumps(value).encode())
_fragments = st.lists(
    st.sampled_from(
        ["<faspay>", "</faspay>", "<a>", "</a>", "<b/>", "&", "&amp", "&amp;", "<![CDATA[", "]]>", "<?xml ", "?>"]
    )
    | st.sampled_from(
        ["<!DOCTYPE x [", "<!ENTITY a 'b'>", "]>", "&a;", "00", '"', "{", "}", "\ud800", "\x00", "<!--", "-->"]
    )
    | st.text(max_size=5)
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))


@given(st.binary() | _json_text | _fragments | _fragments.map(lambda inner: b"<faspay>" + inner + b"</faspay>"))
def test_no_document_breaks_a_reader(body: bytes) -> None:
    for read in (repair.read_answer, incoming.read_notification, lambda text: incoming.read_link_callback({}, text)):
        try:
            found: Any = read(body)
        except Unreadable:
            continue
        if isinstance(found, dict):
            for value in found.values():
                repair.items_of(value)
                repair.clean_url(value)
                schemas.read_amount(value)
                schemas.read_time(value)
    assert incoming.is_legacy(body) in (True, False)
    assert incoming.unreadable(body, now=NOW).body


@given(
    st.dictionaries(st.sampled_from(["phone_number", "phone_no", "response_code"]), st.text()), st.binary(max_size=40)
)
def test_no_query_breaks_the_callback(query: dict[str, str], body: bytes) -> None:
    try:
        hint = incoming.read_link_callback(query, body)
    except Unreadable:
        return
    assert schemas.phone_of(hint.phone) == hint.phone


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30))
def test_rows_are_rows(value: object) -> None:
    assert all(isinstance(row, dict) for row in repair.items_of(value))


def test_rows_deep_inside_do_not_exhaust_the_stack() -> None:
    deep: object = ROW
    for _level in range(100_000):
        deep = [deep]
    assert repair.items_of(deep) == []


# -- the activation callback


def test_the_callback_by_query_comes_before_any_body() -> None:
    query = {"phone_number": "081234567891", "response_code": "0", "response_desc": "success"}
    hint = incoming.read_link_callback(query, b'{"phone_number":"081200000000","response_code":"01"}')
    assert (hint.phone, hint.code, hint.success) == ("081234567891", "00", True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"response":"Account Activation OVO OpenAPI","phone_number":"+6281234567891","response_code":"1"}',
        b'<?xml version="1.0" encoding="UTF-8" ?>\n<faspay><phone_number>081234567891</phone_number>'
        b"<response_code> 01 </response_code></faspay>",
        b"<faspay><phone_no>6281234567891</phone_no><response_code>1</response_code></faspay>",
    ],
)
def test_the_callback_by_body(body: bytes) -> None:
    hint = incoming.read_link_callback({"token": "x"}, body)
    assert (hint.phone, hint.code, hint.success) == ("081234567891", "01", False)
    assert "081234567891" not in repr(hint)


@pytest.mark.parametrize("body", [b"", b"{}", b"<f><phone_number>12</phone_number></f>", b" " * 70_000])
def test_a_callback_without_a_number_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        incoming.read_link_callback({}, body)


# -- the legacy notification

FIELDS = {
    "request": "Payment Notification",
    "trx_id": "9999982980212147",
    "merchant_id": "99999",
    "merchant": "Toko & Anak",
    "bill_no": "123",
    "payment_reff": "null",
    "payment_date": "2021-11-11 11:27:34",
    "payment_status_code": "2",
    "payment_status_desc": "Payment Sukses",
    "bill_total": "100",
    "payment_total": "100",
    "payment_channel_uid": "720",
    "payment_channel": "OVO OpenAPI",
    "signature": BILL_2,
}


def as_xml(fields: dict[str, str]) -> bytes:
    """As it comes: ampersands are not written as entities."""
    inner = "\n  ".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<faspay>\n  {inner}\n</faspay>\n'.encode()


@pytest.mark.parametrize("body", [json.dumps(FIELDS).encode(), as_xml(FIELDS)], ids=[JSON, XML])
def test_a_notification_is_read_and_its_signature_fits(body: bytes) -> None:
    notice = incoming.read_notification(body)
    assert incoming.is_legacy(body)
    assert (notice.bill_no, notice.status, notice.reference) == ("123", incoming.Status.SUCCESS, "")
    assert (notice.bill_total, notice.payment_total) == (Decimal(100), Decimal(100))
    assert notice.paid_at == datetime(2021, 11, 11, 4, 27, 34, tzinfo=UTC)
    assert (notice.merchant_id, notice.trx_id, notice.channel) == ("99999", "9999982980212147", "720")
    assert incoming.is_signed(notice, user_id=USER, password=PASSWORD)
    assert BILL_2 not in repr(notice)


@pytest.mark.parametrize("changed", [{"bill_no": "124"}, {"payment_status_code": "3"}, {"signature": SAMPLE}])
def test_a_notification_of_something_else_is_not_signed(changed: dict[str, str]) -> None:
    notice = incoming.read_notification(json.dumps({**FIELDS, **changed}).encode())
    assert not incoming.is_signed(notice, user_id=USER, password=PASSWORD)


def test_without_a_password_nothing_is_signed() -> None:
    empty = signing.notification_signature("", "", "123", "2")
    notice = incoming.read_notification(json.dumps({**FIELDS, "signature": empty}).encode())
    assert not incoming.is_signed(notice, user_id="", password="")


def test_the_older_form_names_one_amount() -> None:
    older = {name: value for name, value in FIELDS.items() if not name.endswith("_total")}
    notice = incoming.read_notification(json.dumps({**older, "amount": "60000,00"}).encode())
    assert (notice.bill_total, notice.payment_total) == (Decimal(60000), Decimal(60000))


@pytest.mark.parametrize("code", ["6", "a", "²"])
def test_a_status_that_nobody_knows_is_unknown(code: str) -> None:
    notice = incoming.read_notification(json.dumps({**FIELDS, "payment_status_code": code}).encode())
    assert (notice.status, notice.raw_status) == (incoming.Status.UNKNOWN, code)


@pytest.mark.parametrize("name", ["bill_no", "payment_status_code", "signature"])
@pytest.mark.parametrize("value", [None, "", ["123"], "x" * 41, "1\n2"])
def test_a_notification_without_what_it_is_about_is_unreadable(name: str, value: object) -> None:
    with pytest.raises(Unreadable):
        incoming.read_notification(json.dumps({**FIELDS, name: value}).encode())


def test_a_field_that_stands_twice_is_not_taken() -> None:
    twice = as_xml(FIELDS).replace(b"<bill_no>", b"<bill_no>124</bill_no><bill_no>")
    with pytest.raises(Unreadable):
        incoming.read_notification(twice)


def test_answers_are_in_the_format_of_the_question() -> None:
    as_json = incoming.accepted(incoming.read_notification(json.dumps(FIELDS).encode()), now=NOW)
    as_text = incoming.accepted(incoming.read_notification(as_xml(FIELDS)), now=NOW)
    wanted = {
        "response": "Payment Notification",
        "trx_id": "9999982980212147",
        "merchant_id": "99999",
        "bill_no": "123",
        "response_code": "00",
        "response_desc": "Success",
        "response_date": "2026-11-21 09:03:04",
    }
    assert json.loads(as_json.body) == repair.read_xml(as_text.body) == wanted
    assert (as_json.content_type, as_text.content_type) == ("application/json", "application/xml")


def test_a_refusal_has_code_01_and_echoes_nothing_unread() -> None:
    refused = incoming.refused(incoming.read_notification(as_xml(FIELDS)), now=NOW)
    assert repair.read_xml(refused.body)["response_code"] == "01"
    lost = incoming.unreadable(b"<faspay><bill_no>&evil;<", now=NOW)
    assert repair.read_xml(lost.body)["bill_no"] == ""
    assert json.loads(incoming.unreadable(b"", now=NOW).body)["response_code"] == "01"


def test_nothing_here_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        incoming.is_signed(incoming.read_notification(as_xml(FIELDS)), user_id=USER, password="other")
    assert caplog.text == ""
