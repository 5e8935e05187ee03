"""Text from a stranger's file, made safe to show in a sentence: short, in one line, without control characters."""


def foreign_text(text: object, most: int = 80) -> str:
    """Return a name or value of a file as people may be shown it.

    Args:
        text: what the file holds; bytes are read as UTF-8.
        most: characters that are kept.
    """
    text = text[: 4 * most].decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    printable = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:most])
    return printable if len(text) <= most else f"{printable[:-3]}..."
