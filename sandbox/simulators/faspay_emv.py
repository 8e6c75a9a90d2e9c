"""The text inside a QR code as QRIS has it: EMVCo merchant-presented mode, tags of two digits, CRC-16 at the end."""

from decimal import Decimal

RUPIAH, DOLLAR = "360", "840"


def tlv(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE over the text, the tag and length of the checksum itself included."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return f"{crc:04X}"


def closed(text: str) -> str:
    """The text with its checksum."""
    text += "6304"
    return text + crc16(text)


def amount_text(amount: str) -> str:
    """Whole rupiah without decimals, as issuers write them."""
    value = Decimal(amount)
    return f"{value:.0f}" if value == value.to_integral_value() else f"{value:.2f}"


def write(*, amount: str, reference: str, merchant: str, currency: str = RUPIAH) -> str:
    """A dynamic QRIS code (tag 01 is 12) for one amount, to a merchant in Jakarta."""
    account = tlv("00", "ID.CO.SIMULATOR.WWW") + tlv("01", f"9360091500000{merchant}") + tlv("02", merchant)
    national = tlv("00", "ID.CO.QRIS.WWW") + tlv("02", f"ID10200{merchant}000"[:15]) + tlv("03", "UME")
    rows = [
        ("00", "01"),
        ("01", "12"),
        ("26", account + tlv("03", "UME")),
        ("51", national),
        ("52", "6540"),
        ("53", currency),
        ("54", amount_text(amount)),
        ("58", "ID"),
        ("59", "GERBANG"),
        ("60", "JAKARTA"),
        ("61", "10110"),
        ("62", tlv("01", reference[:25])),
    ]
    return closed("".join(tlv(tag, value) for tag, value in rows))


def read(text: str) -> dict[str, str]:
    """Tag to value of the outer level."""
    found, at = {}, 0
    while at < len(text):
        length = int(text[at + 2 : at + 4])
        found[text[at : at + 2]] = text[at + 4 : at + 4 + length]
        at += 4 + length
    return found


def changed(text: str, **values: str) -> str:
    """The same code with other values, its checksum right again; `t54` names tag 54."""
    rows = read(text) | {name[1:]: value for name, value in values.items()}
    return closed("".join(tlv(tag, value) for tag, value in rows.items() if tag != "63"))
