"""Reading df2.csv: the tutorial's, Excel's, and damaged ones."""

import os
import sys

import pandas as pd
import pytest

from carvis.errors import TableError
from carvis.evaluation import read_misclassified

IMAGES = (
    "mini_pictures/test/Audi-a3/Audi-a3_5ee6ce7e5db6_11.jpg",
    "mini_pictures/test/BMW-x3/BMW-x3_0a1b2c3d4e5f_2.jpg",
    "mini_pictures/test/日産 ノート/表紙ソ_1.jpg",
)


@pytest.fixture
def work(tmp_path):
    for name in IMAGES:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    (tmp_path / "incorrect").mkdir()
    return tmp_path


def write(work, text, encoding="utf-8"):
    path = work / "incorrect" / "df2.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def read(work, text, encoding="utf-8"):
    return read_misclassified(write(work, text, encoding), [work / "data"])


def test_the_tutorials_own_table(work):
    # As pandas on Japanese Windows writes it: an unnamed index, cp932, in which 表 and ソ end in a backslash.
    text = (
        ",PATH,TRUE,PRED\r\n"
        "3,mini_pictures\\test\\Audi-a3\\Audi-a3_5ee6ce7e5db6_11.jpg,Audi-a3,BMW-x3\r\n"
        "17,mini_pictures\\test\\日産 ノート\\表紙ソ_1.jpg,日産 ノート,Audi-a3\r\n"
        "21,mini_pictures\\test\\BMW-x3\\gone.jpg,BMW-x3,Audi-a3\r\n"
    )
    table = read(work, text, "cp932")
    assert table.columns.tolist() == [
        "id", "path", "label", "predicted", "confidence", "status", "Unnamed: 0", "PATH", "TRUE", "PRED",
    ]  # fmt: skip
    assert table["status"].tolist() == ["found", "found", "missing"]
    assert table["id"].tolist() == [
        "test/Audi-a3/Audi-a3_5ee6ce7e5db6_11.jpg", "test/日産 ノート/表紙ソ_1.jpg", "test/BMW-x3/gone.jpg",
    ]  # fmt: skip
    assert table["path"][0] == str(work / "data" / IMAGES[0])
    assert table["path"][1] == str(work / "data" / IMAGES[2])
    assert pd.isna(table["path"][2])
    assert table["label"].tolist() == ["Audi-a3", "日産 ノート", "BMW-x3"]
    assert table["predicted"].tolist() == ["BMW-x3", "Audi-a3", "Audi-a3"]
    assert table["confidence"].isna().all()
    assert table["Unnamed: 0"].tolist() == [3, 17, 21]
    assert table.attrs["problems"] == []


def test_only_path_is_needed(work):
    table = read(work, "PATH\nmini_pictures\\test\\Audi-a3\\Audi-a3_5ee6ce7e5db6_11.jpg\nnowhere.jpg\n")
    assert table["label"][0] == "Audi-a3" and pd.isna(table["label"][1])
    assert table["predicted"].isna().all()
    assert table["status"].tolist() == ["found", "missing"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_separators_and_encodings(work, separator, encoding):
    rows = [["note", " path "], ["良い", "test/日産 ノート/表紙ソ_1.jpg"]]
    table = read(work, "\n".join(separator.join(row) for row in rows), encoding)
    assert table["status"].tolist() == ["found"]
    assert table["note"].tolist() == ["良い"]
    assert table["path (file)"].tolist() == ["test/日産 ノート/表紙ソ_1.jpg"]


def test_a_named_encoding_and_excels_first_line(work):
    path = write(work, "sep=;\nPATH;note\nBMW-x3/x.jpg;schön\n", "latin-1")
    assert read_misclassified(path, work / "data", encoding="latin-1")["note"].tolist() == ["schön"]
    assert read_misclassified(path, work / "data")["note"].tolist() == ["schön"]
    with pytest.raises(TableError, match="not text in utf-8"):
        read_misclassified(path, work / "data", encoding="utf-8")


@pytest.mark.parametrize(
    "header, label, predicted",
    [
        ("PATH,label,predicted", "a", "b"),
        ("PATH,y_true,y_pred", "a", "b"),
        ("PATH,正解,予測", "a", "b"),
        ("PATH,TRUE,label", "a", None),
        ("PATH,label,actual", "Audi-a3", None),  # which is the truth? neither is taken
    ],
)
def test_common_other_names(work, header, label, predicted):
    table = read(work, f"{header}\ntest/Audi-a3/x.jpg,a,b\n")
    assert table["label"][0] == label
    assert (table["predicted"][0] if predicted else None) == predicted


def test_confidence_as_people_write_it(work):
    table = read(work, "PATH;CONFIDENCE\na.jpg;0,75\na.jpg;93%\na.jpg;\na.jpg;sure\na.jpg;7\n")
    assert table["confidence"].tolist()[:2] == [0.75, 0.93]
    assert table["confidence"].isna().tolist() == [False, False, True, True, True]


def test_own_columns_keep_what_they_say(work):
    table = read(work, "id,PATH,n,code,status\n5,a.jpg,1,007,new\n6,b.jpg,,008,old\n")
    assert table["id (file)"].tolist() == [5, 6]
    assert table["n"][0] == 1 and pd.isna(table["n"][1])
    assert table["code"].tolist() == ["007", "008"]
    assert table["status (file)"].tolist() == ["new", "old"]
    assert table["status"].tolist() == ["missing", "missing"]


def test_rows_that_lead_elsewhere_or_to_several(work):
    (work / "secret.jpg").write_bytes(b"private")
    twin = work / "data" / "copy" / "test" / "BMW-x3" / "BMW-x3_0a1b2c3d4e5f_2.jpg"
    twin.parent.mkdir(parents=True)
    twin.write_bytes(b"picture")
    paths = ["..\\..\\secret.jpg", "../secret.jpg", "C:\\Windows\\win.ini", "/etc/passwd",
             "test/BMW-x3/BMW-x3_0a1b2c3d4e5f_2.jpg", "copy/test/BMW-x3/BMW-x3_0a1b2c3d4e5f_2.jpg"]  # fmt: skip
    table = read(work, "PATH\n" + "\n".join(paths))
    assert table["status"].tolist() == ["outside"] * 4 + ["ambiguous", "found"]
    assert table["path"].isna().tolist() == [True] * 5 + [False]


def test_damaged_lines_are_skipped_and_named(work):
    text = (
        'PATH,note\ntest/Audi-a3/1.jpg,ok\ntest/Audi-a3/2.jpg,"open\ntest/Audi-a3/3.jpg,a,b,c\n\ntest/Audi-a3/4.jpg\n'
    )
    table = read(work, text)
    assert table["id"].tolist() == ["test/Audi-a3/1.jpg", "test/Audi-a3/4.jpg"]
    assert [problem[:18] for problem in table.attrs["problems"]] == ["Line 3 was skipped", "Line 4 was skipped"]


def test_a_quoted_cell_may_span_lines(work):
    table = read(work, 'PATH,note\n"test/Audi-a3/1, 2.jpg","two\nlines"\ntest/Audi-a3/3.jpg,a,b\n')
    assert table["note"].tolist() == ["two\nlines"]
    assert table.attrs["problems"] == ["Line 4 was skipped: it has 3 cells where the header has 2."]


def test_a_table_without_rows_and_a_root_that_is_not_there(work):
    path = write(work, "PATH,TRUE\n")
    table = read_misclassified(path, work / "nowhere")
    assert len(table) == 0 and table.columns.tolist()[:6] == [
        "id",
        "path",
        "label",
        "predicted",
        "confidence",
        "status",
    ]
    assert table.attrs["problems"] == [f"There is no folder {work / 'nowhere'}."]


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n\n", "is empty"),
        (b"FILE,TRUE\na.jpg,b\n", "no column PATH"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not"),
        (b'PATH,note\n"a.jpg,b\n', "no readable row"),
    ],
)
def test_what_is_no_table(work, content, says):
    with pytest.raises(TableError, match=says) as error:
        read(work, content)
    assert "df2.csv" in str(error.value) and "\n" not in str(error.value)


def test_folders_and_missing_files(work):
    with pytest.raises(TableError, match="is a folder"):
        read_misclassified(work, [work])
    with pytest.raises(TableError, match="cannot be read"):
        read_misclassified(work / "no.csv", [work])


def test_matching_does_not_slow_down_with_equal_file_names(tmp_path):
    """A car1.jpg in each of many folders, named ten times: twice as many are twice the work, not four times."""

    def work(folders: int) -> tuple[int, pd.DataFrame]:
        root = tmp_path / str(folders)
        for i in range(folders):
            folder = root / "data" / "test" / f"class {i}"
            folder.mkdir(parents=True)
            (folder / "car1.jpg").write_bytes(b"")
        lines = "\n".join(f"test\\class {i % folders}\\car1.jpg" for i in range(10 * folders))
        (root / "df2.csv").write_text("PATH\n" + lines)
        calls = 0

        def count(frame, event, argument):
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            table = read_misclassified(root / "df2.csv", [root / "data"])
        finally:
            sys.setprofile(None)
        return calls, table

    few, _ = work(500)
    many, table = work(1000)
    assert 1.5 * few < many < 2.5 * few
    assert (table["status"] == "found").all()
    assert table["path"][1] == os.path.join(tmp_path, "1000", "data", "test", "class 1", "car1.jpg")
    assert table.attrs["problems"] == ["9000 rows repeat the image of an earlier row."]


@pytest.mark.parametrize(
    "folder, encoding",
    [
        ("日産 ノート", "euc_jp"),
        ("日産 ノート", "iso2022_jp"),
        ("日産 ノート", "utf-16-le"),
        ("ドア", "cp932"),
        ("Citroën", "cp1252"),
        ("Citroën", "mac_roman"),
        ("Škoda", "cp1250"),
        ("Käfer", "gb18030"),
        ("大众", "gb18030"),
        ("現代", "big5"),
        ("현대", "euc_kr"),
        ("Лада", "cp1251"),
    ],
)
def test_the_encoding_is_the_one_in_which_the_images_are_found(tmp_path, folder, encoding):
    image = tmp_path / "data" / "cars" / "test" / folder / "1.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"picture")
    (tmp_path / "df2.csv").write_bytes(f"PATH,TRUE\ncars\\test\\{folder}\\1.jpg,{folder}\n".encode(encoding))
    table = read_misclassified(tmp_path / "df2.csv", [tmp_path / "data"])
    assert (table["status"][0], table["label"][0], table["path"][0]) == ("found", folder, str(image))
    assert f"{folder}".encode(table.attrs["encoding"]) == f"{folder}".encode(encoding)
