"""The encodings that a text file may be in: all readings of its bytes, the most plausible first."""

from __future__ import annotations

import codecs
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
# People often name the standard encoding, but the files contain its vendor's extensions.
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
_OTHER_LETTERS = re.compile("[^\0-\x7f]")
_OTHER = re.compile(rb"[\x80-\xff]")
# In so many bytes chance makes no valid UTF-8; of longer texts fewer other readings are kept.
_LONG, _MAX_READINGS = 1_000_000, 3
# Bytes of the lines that tell an encoding from another.
_SAMPLE = 200_000
# A share of zeros below which they are damage, not the upper halves of characters.
_FEW_ZEROS = 0.05


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
    zeros = 0 if data.startswith(tuple(mark for mark, _ in _MARKS[1:])) else data.count(0)
    if 0 < zeros < _FEW_ZEROS * len(data):
        # A disk that was full, or a torn download, leaves zeros in a text.
        texts = [reading for reading in readings(data.replace(b"\0", b"\x1a"), name) if reading.encoding == "utf-8"]
        return [_of_zeros(reading, zeros) for reading in texts[:1]] or _none(name)
    if certain := _sure(data):
        texts = [_decode(data, certain) or _repaired(data, certain)]
        if certain == "utf-8" and texts[0].damaged:
            # A program put its mark before bytes that it took over as they were.
            texts = _of_bytes(data.removeprefix(b"\xef\xbb\xbf")) or texts
    elif b"\x1b$" in data or b"\x1b(" in data:
        texts = list(filter(None, (_decode(data, codec) for codec in _ESCAPES)))
    elif data.isascii():
        texts = [Reading("utf-8", data.decode("ascii"))]
    else:
        texts = _of_bytes(data)
    texts = [reading for reading in texts if "\0" not in reading.text]
    return texts or _none(name)


def _none(name: object) -> list[Reading]:
    raise TableError(Message("{path} is not a text table: save it as CSV.", path=name))


def _of_zeros(reading: Reading, zeros: int) -> Reading:
    return Reading(reading.encoding, reading.text.replace("\x1a", _DAMAGE), reading.damaged + zeros)


def text_of(
    data: bytes, name: object, encoding: str | None = None, fits: Callable[[str], float] | None = None
) -> Reading:
    """Return the reading of bytes that fits best, of equal ones the most plausible.

    Args:
        data, name, encoding: as ``readings`` takes them.
        fits: how well a text fits what is known, 0 (not) to 1; it may raise a TableError for a text that makes no
            sense.
    """
    candidates = readings(data, name, encoding)
    if fits is None or len(candidates) == 1:
        return candidates[0]
    best, most = candidates[0], -1.0
    for reading in candidates:
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
    if len(data) > _LONG:
        return _of_long(data)
    decoded = {name: reading for name in ("utf-8", *_USUAL, *_RARE) if (reading := _decode(data, name))}
    if "mac_japanese" in decoded and decoded["mac_japanese"].text == decoded["cp932"].text:
        del decoded["mac_japanese"]
    ordered = [decoded[name] for name in _order(data, {name: reading.text for name, reading in decoded.items()})]
    # A byte of damage (a torn line, two files pasted together) makes no other encoding of a long text.
    damaged = [] if "utf-8" in decoded else [_repaired(data, name) for name in _MULTIBYTE if name not in decoded]
    return _with_damaged(ordered, damaged)


def _of_long(data: bytes) -> list[Reading]:
    """As ``_of_bytes``, but without decoding a long text in twenty encodings."""
    if reading := _decode(data, "utf-8"):
        return [reading]
    if (repaired := _repaired(data, "utf-8")) and _is_sound(repaired):
        return [repaired]
    sample = _telling(data)
    texts = {name: text for name in ("utf-8", *_USUAL, *_RARE) if (text := _prefix(sample, name)) is not None}
    if "mac_japanese" in texts and texts["mac_japanese"] == texts["cp932"]:
        del texts["mac_japanese"]
    decoded: list[Reading] = []
    for name in _order(sample, texts):
        if len(decoded) == _MAX_READINGS:
            break
        if reading := _decode(data, name):
            decoded.append(reading)
    return decoded or _with_damaged([], [_repaired(data, name) for name in _MULTIBYTE[1:]])


def _is_sound(reading: Reading) -> bool:
    text = reading.text
    return len(text) - len(_OTHER_LETTERS.sub("", text)) >= 11 * reading.damaged


def _with_damaged(intact: list[Reading], damaged: list[Reading]) -> list[Reading]:
    sound = [reading for reading in damaged if _is_sound(reading)]
    trusted = [reading for reading in sound if reading.encoding == "utf-8"]
    return [*trusted, *intact, *(reading for reading in sound if reading not in trusted)]


def _order(data: bytes, texts: dict[str, str]) -> list[str]:
    """Return the encodings that bytes may be in, the most plausible first."""
    first = ["utf-8"] if "utf-8" in texts else _ranked(data, texts)
    likely = [name for name in texts if not _UNLIKELY.search(texts[name])]
    order = [name for name in (*first, *_USUAL, *_RARE) if name in likely]
    return list(dict.fromkeys([*order, *(name for name in texts if name not in likely)]))


def _telling(data: bytes) -> bytes:
    """Return the first lines with a byte above 7F: the others say nothing, and make every encoding look alike."""
    samples, size, place = [], 0, 0
    while size < _SAMPLE and (match := _OTHER.search(data, place)):
        start = data.rfind(b"\n", place, match.start()) + 1 or place
        end = data.find(b"\n", match.start()) + 1 or len(data)
        samples.append(data[start : min(end, start + _SAMPLE)])
        size += len(samples[-1])
        place = end
    return b"".join(samples)[:_SAMPLE]


def _prefix(sample: bytes, name: str) -> str | None:
    """Decode bytes that may end within a character."""
    mac = name == "mac_japanese"
    try:
        text = codecs.getincrementaldecoder("cp932" if mac else name)().decode(sample)
    except UnicodeDecodeError:
        return None
    return text.translate(_OF_MAC) if mac else text


def _ranked(data: bytes, texts: dict[str, str]) -> list[str]:
    from charset_normalizer import from_bytes

    candidates: list[str] = [name for name in ("cp932", "euc_jp", "gb18030", "cp1252", "mac_roman") if name in texts]
    ranked = [match.encoding for match in from_bytes(_telling(data), cp_isolation=candidates)]
    if "mac_japanese" in texts and "cp932" in ranked:
        ranked.insert(ranked.index("cp932") + 1, "mac_japanese")
    return ranked


def _decode(data: bytes, name: str) -> Reading | None:
    mac = name == "mac_japanese"
    try:
        text = data.decode("cp932" if mac else name)
    except (ValueError, LookupError):
        return None
    return Reading(name, (text.translate(_OF_MAC) if mac else text).removeprefix("\ufeff"))


def _repaired(data: bytes, name: str) -> Reading:
    text = data.decode(name, errors="replace").removeprefix("\ufeff")
    return Reading(name, text, text.count(_DAMAGE))


def _named(data: bytes, path: object, encoding: str) -> Reading:
    codec = encoding.strip().lower().replace("_", "-")
    if _MAC_JAPANESE.match(codec):
        codec = "mac_japanese"
    else:
        try:
            codec = codecs.lookup({"macroman": "mac-roman"}.get(codec, codec)).name
            b"    ".decode(codec, errors="ignore")
        # Some of Python's codecs are not for files: "undefined", "idna", names with a NUL.
        except (LookupError, ValueError):
            raise TableError(
                Message(
                    "There is no encoding {encoding}: name one such as utf-8, cp932, euc-jp, gb18030 or cp1252.",
                    encoding=encoding,
                )
            ) from None
    # A mark says which bytes come first, and Python alone would take this machine's order where there is none.
    if codec in ("utf-16", "utf-32"):
        certain = _sure(data)
        codec = certain if certain in _WIDE else f"{codec}-le"
    for name in (codec, *_SUPERSETS.get(codec, ())):
        reading = _decode(data, name)
        if reading and "\0" not in reading.text:
            return reading
    raise TableError(
        Message(
            "{path} is not text in {encoding}: leave the encoding away, or name another.", path=path, encoding=encoding
        )
    )
