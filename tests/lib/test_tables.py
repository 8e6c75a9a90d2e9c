"""The encoding of a text and the sign between its cells, by what stands in it."""

import pytest

from config.lib.tables import delimiter_of, encoding_of


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"a,b", "utf-8"),
        ("é,b".encode(), "utf-8"),
        ("é,b".encode("cp1252"), "cp1252"),
        (b"\xef\xbb\xbfa", "utf-8-sig"),
        ("a,b".encode("utf-16"), "utf-16"),
        ("account,amount".encode("utf-16-le"), "utf-16-le"),
        ("account,amount".encode("utf-16-be"), "utf-16-be"),
        (b"", "utf-8"),
        (b"\x81\x8d\x8f", None),
        (b"\xff\xfe\x00\xd8", None),
        ("a".encode("utf-32"), None),
    ],
    ids=lambda value: str(value),
)
def test_the_encoding_of_a_text(content: bytes, encoding: str | None) -> None:
    assert encoding_of(content) == encoding


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        (["a;b;c", "1;2,5;3"], ";"),
        (["a,b,c", "1,2,3", "Smith; Jones,5,6"], ","),
        (["a\tb", "1\t2,5"], "\t"),
        (["a|b|c"], "|"),
        (["sep=|", "a;b", "c;d"], "|"),
        (["Report of November, all branches", "a;b;c", "1;2;3"], ";"),
        ([], "\t"),
    ],
    ids=["semicolons", "commas", "tabs", "bars", "told", "title", "nothing"],
)
def test_the_sign_between_cells(lines: list[str], sign: str) -> None:
    assert delimiter_of(lines) == sign
