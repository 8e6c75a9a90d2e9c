"""Addresses that must never be sent to, each with a name that is the same in every process."""

import ipaddress
from collections.abc import Iterator

SPECIAL_V4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
]
SPECIAL_V6 = [
    *("::/128", "::1/128", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32"),
    *("2001:1::1/128", "2001:2::/48", "2001:3::/32", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16"),
    *("2620:4f:8000::/48", "3fff::/20", "3ffe::/16", "5f00::/16", "fc00::/7", "fd00::/8", "fe80::/10", "fec0::/10"),
    *("ff00::/8", "ff02::1/128", "4000::/3", "8000::/1"),
]
_INSIDE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "100.100.100.200"]  # noqa: S104


def corners(network: str) -> list[str]:
    """The first, the last and one in the middle."""
    found = ipaddress.ip_network(network)
    picked = [found[0], found[found.num_addresses // 2], found[-1]]
    return list(dict.fromkeys(str(one) for one in picked))


def addresses() -> list[str]:
    """Addresses that are not public, IPv4 ones also inside IPv6 ones in every known way."""
    v4 = [one for network in SPECIAL_V4 for one in corners(network)]
    v6 = [one for network in SPECIAL_V6 for one in corners(network)]
    return list(dict.fromkeys([*v4, *v6, *(one for text in v4[::2] for one in _wrapped(text))]))


def _wrapped(text: str) -> Iterator[str]:
    number = int(ipaddress.IPv4Address(text))
    for start in ("::ffff:0:0", "64:ff9b::", "::"):
        yield str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(start)) + number))
    yield str(ipaddress.IPv6Address((0x2002 << 112) + (number << 80)))
    # Teredo carries the address of its client with every bit turned.
    yield str(ipaddress.IPv6Address((0x20010000 << 96) + (number ^ 0xFFFFFFFF)))


def spellings() -> Iterator[str]:
    """One address in the ways that some programs read it: decimal, octal, hexadecimal, short, padded, other digits."""
    for text in _INSIDE:
        parts = [int(part) for part in text.split(".")]
        number = int(ipaddress.IPv4Address(text))
        yield str(number)
        yield hex(number)
        yield f"0{number:o}"
        yield ".".join(f"0{part:o}" for part in parts)
        yield ".".join(f"000{part:o}" for part in parts)
        yield ".".join(hex(part) for part in parts)
        yield f"{parts[0]}.{number & 0xFFFFFF}"
        yield f"{parts[0]}.{parts[1]}.{number & 0xFFFF}"
        yield f"{parts[0]}.{hex(parts[1])}.{parts[2]}.{parts[3]}"
        yield f"{text}."
        yield text.replace(".", "\u3002")
        yield "".join(chr(0xFF10 + int(digit)) if digit.isdigit() else digit for digit in text)
        yield f"[::ffff:{text}]"
        yield f"[::{text}]"
    yield from ("127.1", "127.0.1", "10.1", "0", "0x0", "1", "\u2460\u2461\u2466.0.0.1", "\u0967\u0968\u096d.0.0.1")


def urls() -> list[str]:
    """Whole addresses that are wrong by themselves."""
    places = [
        *("localhost", "LOCALHOST", "localhost.", "a", "..", ".", "-a.com", "a-.com", "a..com", "a.com.", "a_b.com"),
        *("user@example.com", "user:pw@example.com", ":@example.com", "example.com@127.0.0.1", "127.0.0.1@example.com"),
        *("example.com:22", "example.com:25", "example.com:80", "example.com:8080", "example.com:5432"),
        *("example.com:6379", "example.com:0", "example.com:65536", "example.com:99999", "example.com:443443"),
        *("example.com:", "example.com:44a", "example.com:-1", "example.com: 443", "example.com:\uff14\uff14\uff13"),
        *("[::1]", "[::1]:443", "[::1", "::1", "[fe80::1%eth0]", "[fe80::1%25eth0]", "[v1.fe80]", "[]", "[1.2.3.4]"),
        *("exa mple.com", "exam\tple.com", "exam\nple.com", "exam\rple.com", "exam\x00ple.com", "example.com\\"),
        *("example.com\\@127.0.0.1", "127.0.0.1\\.example.com", "example.com%2f@127.0.0.1", "%31%32%37.0.0.1"),
        *("example%00.com", "example.com%0d%0aHost:127.0.0.1", "\u202eexample.com", "exam\u200bple.com/\u200b"),
        *("a" * 64 + ".com", ".".join(["a" * 60] * 5) + ".com", "example.123", "example.0x7f", "1e3.0.0.1"),
        *("127.0.0.1:443", "127.0.0.1:8443", "10.0.0.1:443", "169.254.169.254:443", "", "@", ":443", "[::]:443"),
    ]
    schemes = [
        *("http", "ftp", "file", "gopher", "dict", "ws", "wss", "ldap", "javascript", "data", "https+unix", "unix"),
        *("tftp", "sftp", "jar", "netdoc", "view-source", "blob", "ssh", "smb", "redis", "HTTP"),
    ]
    paths = [
        *(
            "/a b",
            "/a\tb",
            "/a\nb",
            "/a\r\nHost: 127.0.0.1",
            "/a\x00",
            "/\x7f",
            "/a\\b",
            "/\u00e9",
            "/?q=\u00e9",
            "/?a b",
        ),
        *("/a#b", "#", "/?a=1#x", "/\u2028"),
    ]
    whole = [
        *("", " ", "https://", "https:/example.com", "https:example.com", "//example.com", "/hook", "example.com"),
        *("example.com/hook", "https//example.com", "://example.com", "https://\n", " https://example.com/x y"),
        *("https:///example.com", "https:////127.0.0.1", "https:\\\\127.0.0.1", "https://?a", "https://#a"),
        *("https://example.com/" + "a" * 500, "h\u0442tps://example.com", "https\uff1a//example.com"),
    ]
    return [
        *(f"https://{place}/hook" for place in places),
        *(f"{scheme}://example.com/hook" for scheme in schemes),
        *(f"https://example.com{path}" for path in paths),
        *whole,
    ]


def literal(address: str) -> str:
    return f"https://[{address}]/hook" if ":" in address else f"https://{address}/hook"
