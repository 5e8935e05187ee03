"""Which encoding a text is in, where the bytes say so and where only the contents can."""

import pytest

from carvis.errors import TableError
from carvis.tables import readings, text_of

NAMES = {
    "japanese": ["日産 ノート", "トヨタ", "ドア", "車"],
    "kanji": ["軽自動車", "普通車"],
    "chinese": ["大众", "比亚迪"],
    "european": ["Citroën-C3", "Käfer"],
}

ENCODINGS = (
    "utf-8", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp", "gb18030", "cp1252", "mac_roman", "utf-16", "utf-16-le",
    "utf-16-be", "utf-32", "big5", "euc_kr",
)  # fmt: skip


def table(names, n=1):
    return "PATH,TRUE,PRED\n" + "".join(f"mini\\test\\{c}\\{c}_{i}.jpg,{c},Audi-a3\n" for i in range(n) for c in names)


def holds(encoding, names):
    try:
        return bool("".join(names).encode(encoding))
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize("encoding, names", [(e, n) for e in ENCODINGS for n in NAMES if holds(e, NAMES[n])])
def test_the_right_reading_is_among_those_offered(names, encoding, n):
    text = table(NAMES[names], n)
    data = text.encode(encoding)
    assert text in [reading.text for reading in readings(data, "x.csv")]


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize(
    "names, encoding",
    [
        *(("japanese", one) for one in ("cp932", "euc_jp", "iso2022_jp", "gb18030")),
        *(("kanji", one) for one in ("cp932", "euc_jp", "iso2022_jp", "gb18030")),
        ("chinese", "gb18030"),
        ("european", "cp1252"),
    ],
)
def test_the_first_reading_of_usual_texts_is_right(names, encoding, n):
    text = table(NAMES[names], n)
    assert readings(text.encode(encoding), "x.csv")[0].text == text


def test_what_only_the_contents_tell():
    data = "PATH\ntest/Citroën/1.jpg\n".encode("mac_roman")
    assert readings(data, "x.csv")[0].encoding == "cp1252"
    reading = text_of(data, "x.csv", fits=lambda text: float("Citroën" in text))
    assert (reading.encoding, reading.text) == ("mac_roman", "PATH\ntest/Citroën/1.jpg\n")


def test_mac_japanese_whose_backslash_is_a_byte_of_its_own():
    # In Mac OS, 5C is the yen sign and 80 the backslash; FD to FF are signs that Windows lacks.
    data = "PATH\nテスト".encode("cp932") + b"\x80" + "ドア".encode("cp932") + b"\xfd.jpg\n"
    reading = readings(data, "x.csv")[0]
    assert (reading.encoding, reading.text) == ("mac_japanese", "PATH\nテスト\\ドア©.jpg\n")
    assert readings(data, "x.csv", "mac-japanese") == [reading] == readings(data, "x.csv", "x-mac-japanese")


def test_an_encoding_that_is_named_is_taken():
    data = "ドア①".encode("cp932")
    assert readings(data, "x", "Shift_JIS")[0].text == "ドア①"  # the vendor's additions come with the standard's name
    assert readings("①".encode("euc_jis_2004"), "x", "EUC-JP")[0].text == "①"
    assert readings("é".encode("mac_roman"), "x", "macroman")[0].text == "é"
    assert readings("a,ü".encode("utf-16-be"), "x", "utf-16")[0].text == "a,ü"
    with pytest.raises(TableError, match="no encoding klingon"):
        readings(data, "x", "klingon")
    with pytest.raises(TableError, match="not text in utf-8"):
        readings(data, "x", "utf-8")
    with pytest.raises(TableError, match="no encoding base64"):
        readings(data, "x", "base64")
    # Python has them under the names of encodings, and they raise errors of other kinds.
    for name in ("undefined", "idna", "a\0b", "punycode"):
        with pytest.raises(TableError):
            readings(data, "x", name)


def test_a_torn_byte_makes_no_other_encoding_of_a_long_text():
    data = (table(NAMES["japanese"], 5)).encode()[:-3] + "車".encode()[:2]
    reading = readings(data, "x")[0]
    assert (reading.encoding, reading.damaged) == ("utf-8", 1) and "日産 ノート" in reading.text
    data = table(NAMES["japanese"], 5).encode("euc_jp") + b"\xc6"
    reading = text_of(data, "x", fits=lambda text: text.count("日産") / 15)
    assert reading.encoding == "euc_jp" and reading.damaged == 1


def test_zeros_are_no_text():
    with pytest.raises(TableError, match="not a text table"):
        readings(b"PATH\n" + b"\0" * 40, "x")


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_a_mark_of_utf_8_before_bytes_that_are_not(encoding):
    text = table(NAMES["japanese"], 3)
    assert readings(b"\xef\xbb\xbf" + text.encode(encoding), "x.csv")[0] == readings(text.encode(encoding), "x.csv")[0]
    torn = b"\xef\xbb\xbf" + table(NAMES["japanese"], 5).encode()[:-3] + "車".encode()[:2]
    assert readings(torn, "x.csv")[0].encoding == "utf-8"
