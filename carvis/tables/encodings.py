"""The encodings that a text file may be in: all readings of its bytes, the most plausible first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from carvis.errors import TableError
from carvis.language import Message

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_ESCAPES = ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004", "iso2022_kr")
# charset-normalizer ranks the first row; of all encodings that Python knows it would choose rare ones for short texts.
_USUAL = ("cp932", "mac_japanese", "euc_jp", "gb18030", "cp1252", "mac_roman")
_RARE = ("euc_jis_2004", "shift_jis_2004", "big5hkscs", "cp949", "cp1250", "cp1251", "cp850", "cp437", "mac_latin2")
_MULTIBYTE = ("utf-8", "cp932", "euc_jp", "gb18030")
# What people call an encoding is often the standard; the files hold its vendor's additions.
_SUPERSETS = {
    "shift_jis": ("cp932", "mac_japanese", "shift_jis_2004"),
    "cp932": ("mac_japanese",),
    "euc_jp": ("euc_jis_2004",),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "big5": ("big5hkscs",),
    "euc_kr": ("cp949",),
    "iso8859-1": ("cp1252",),
    "iso2022_jp": ("iso2022_jp_ext", "iso2022_jp_2004"),
}
_MAC_JAPANESE = re.compile(r"^(x-?)?mac-?japan(ese)?$")
# Where Mac Japanese differs from cp932: what Python's cp932 makes of the bytes 80, A0, FD, FE, FF.
_OF_MAC = str.maketrans({"\x80": "\\", "\uf8f0": "\xa0", "\uf8f1": "©", "\uf8f2": "™", "\uf8f3": "…"})
# Characters for private use and controls are what bytes become in an encoding that they are not in.
_UNLIKELY = re.compile("[\x7f-\x9f\ue000-\uf8ff]")
_DAMAGE = "\ufffd"


@dataclass(frozen=True)
class Reading:
    """A file's text in one encoding; ``damaged`` counts the places whose bytes mean nothing there."""

    encoding: str
    text: str
    damaged: int = 0


def readings(data: bytes, name: object, encoding: str | None = None) -> list[Reading]:
    """Return the texts that bytes can mean, the most plausible first; one alone where there is no doubt.

    A mark at the start, zero bytes (UTF-16 without its mark) or escapes (ISO-2022-JP) leave no doubt. Short texts are
    beyond any statistics: who can, chooses by what the text is about, for example by the files that it names.

    Args:
        data: the whole file.
        name: the file, for errors.
        encoding: the encoding where it is known, by any of its names.

    Raises:
        TableError: no such encoding, or the bytes are no text in it, or no text at all.
    """
    if encoding:
        return [_named(data, name, encoding)]
    if sure := _sure(data):
        found = [_decode(data, sure) or _repaired(data, sure)]
        if sure == "utf-8" and found[0].damaged:
            # A program put its mark before bytes that it took over as they were.
            found = _of_bytes(data.removeprefix(b"\xef\xbb\xbf")) or found
    elif b"\x1b$" in data or b"\x1b(" in data:
        found = list(filter(None, (_decode(data, one) for one in _ESCAPES)))
    elif data.isascii():
        found = [Reading("utf-8", data.decode("ascii"))]
    else:
        found = _of_bytes(data)
    found = [reading for reading in found if "\0" not in reading.text]
    if not found:
        raise TableError(Message("{path} is not a text table: save it as CSV.", path=name))
    return found


def text_of(
    data: bytes, name: object, encoding: str | None = None, fits: Callable[[str], float] | None = None
) -> Reading:
    """Return the reading of bytes that fits best, of equal ones the most plausible.

    Args:
        data, name, encoding: as ``readings`` takes them.
        fits: how well a text fits what is known, 0 (not) to 1; it may raise a TableError for a text that makes no
            sense.
    """
    found = readings(data, name, encoding)
    if fits is None or len(found) == 1:
        return found[0]
    best, most = found[0], -1.0
    for reading in found:
        try:
            share = fits(reading.text)
        except TableError:
            continue
        if share > most:
            best, most = reading, share
        if most >= 1:
            break
    return best


def _sure(data: bytes) -> str | None:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if b"\0" not in data:
        return None
    # ASCII, of which a table's commas and lines are, has its zeros on one side.
    head = data[:65536]
    zeros = [head[i::4].count(0) for i in range(4)]
    if min(zeros[1:]) > len(head) // 8:
        return "utf-32-le"
    if min(zeros[:3]) > len(head) // 8:
        return "utf-32-be"
    return "utf-16-le" if zeros[1] + zeros[3] > zeros[0] + zeros[2] else "utf-16-be"


def _of_bytes(data: bytes) -> list[Reading]:
    whole = {name: reading for name in ("utf-8", *_USUAL, *_RARE) if (reading := _decode(data, name))}
    if "mac_japanese" in whole and whole["mac_japanese"].text == whole["cp932"].text:
        del whole["mac_japanese"]
    first = ["utf-8"] if "utf-8" in whole else _ranked(data, whole)
    likely = [name for name in whole if not _UNLIKELY.search(whole[name].text)]
    order = [name for name in (*first, *_USUAL, *_RARE) if name in likely]
    order += [name for name in whole if name not in likely]
    found = [whole[name] for name in dict.fromkeys(order)]
    # A byte of damage (a torn line, two files pasted together) makes no other encoding of a long text.
    damaged = [] if "utf-8" in whole else [_repaired(data, name) for name in _MULTIBYTE if name not in whole]
    sound = [one for one in damaged if sum(c > "\x7f" and c != _DAMAGE for c in one.text) >= 10 * one.damaged]
    trusted = [one for one in sound if one.encoding == "utf-8"]
    return [*trusted, *found, *(one for one in sound if one not in trusted)]


def _ranked(data: bytes, whole: dict[str, Reading]) -> list[str]:
    from charset_normalizer import from_bytes

    known = [name for name in ("cp932", "euc_jp", "gb18030", "cp1252", "mac_roman") if name in whole]
    # Lines without a byte above 7F say nothing, and diluted by them every encoding looks alike.
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:200_000]
    ranked = [match.encoding for match in from_bytes(telling, cp_isolation=known)]
    if "mac_japanese" in whole and "cp932" in ranked:
        ranked.insert(ranked.index("cp932") + 1, "mac_japanese")
    return ranked


def _decode(data: bytes, name: str) -> Reading | None:
    mac = name == "mac_japanese"
    try:
        text = data.decode("cp932" if mac else name)
    except (UnicodeDecodeError, LookupError):
        return None
    return Reading(name, (text.translate(_OF_MAC) if mac else text).removeprefix("\ufeff"))


def _repaired(data: bytes, name: str) -> Reading:
    text = data.decode(name, errors="replace").removeprefix("\ufeff")
    return Reading(name, text, text.count(_DAMAGE))


def _named(data: bytes, path: object, encoding: str) -> Reading:
    import codecs

    wanted = encoding.strip().lower().replace("_", "-")
    if _MAC_JAPANESE.match(wanted):
        wanted = "mac_japanese"
    else:
        try:
            wanted = codecs.lookup({"macroman": "mac-roman"}.get(wanted, wanted)).name
            b"    ".decode(wanted, errors="ignore")
        except LookupError:
            raise TableError(
                Message(
                    "There is no encoding {encoding}: name one such as utf-8, cp932, euc-jp, gb18030 or cp1252.",
                    encoding=encoding,
                )
            ) from None
    # A mark says which bytes come first, and Python alone would take this machine's order where there is none.
    if wanted in ("utf-16", "utf-32"):
        sure = _sure(data)
        wanted = sure if sure in _WIDE else f"{wanted}-le"
    for name in (wanted, *_SUPERSETS.get(wanted, ())):
        reading = _decode(data, name)
        if reading and "\0" not in reading.text:
            return reading
    raise TableError(
        Message(
            "{path} is not text in {encoding}: leave the encoding away, or name another.", path=path, encoding=encoding
        )
    )
