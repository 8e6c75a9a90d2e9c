"""Names and addresses shown to people who should recognise them, not learn them."""


def masked(name: str) -> str:
    """``Ayu Lestari`` -> ``A** L******``; the part of an address before the @ is treated the same way."""
    name, at, host = name.partition("@")
    words = " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())
    return f"{words}@{host[:1]}{'*' * (len(host) - 1)}" if at else words
