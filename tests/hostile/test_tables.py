"""Tables, lists, annotations and logs that people bring, as they should not be: each with what must be said."""

import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from carvis.classifier.files.label_file import read_class_names
from carvis.dataset import Dataset
from carvis.dataset.parts import read_parts
from carvis.errors import CarvisError, ModelError, TableError
from carvis.evaluation import read_misclassified, read_super_classes
from carvis.language import localised, speaking
from carvis.tags.csv_exchange import import_tags, tags_csv
from carvis.tags.tags import Tags
from carvis.training.histories import read_history

SHA = "0" * 64


@pytest.fixture(scope="module")
def cars(tmp_path_factory):
    """A data set of two images of 8 x 6 pixels, and one whose name is a formula."""
    root = tmp_path_factory.mktemp("hostile") / "cars"
    for name in ("test/Golf/1.png", "test/-x/=1.png", "test/-x/'=2.png", "train/Golf/3.png"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(path)
    return Dataset(root)


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode("utf-8")


def misclassified(cars, content, tmp_path):
    path = tmp_path / "df2.csv"
    path.write_bytes(as_bytes(content))
    return read_misclassified(path, cars.root)


def said(cars, kind, content, tmp_path):
    """Read a file of a kind; return how many rows came out, and all that was said."""
    suffix = {"coco": "json", "super-json": "json", "labels-json": "json", "history-json": "json", "labels": "txt"}
    path = tmp_path / f"bad.{suffix.get(kind, 'csv')}"
    path.write_bytes(as_bytes(content))
    try:
        if kind == "df2":
            table = read_misclassified(path, cars.root)
            return len(table), table.attrs["problems"]
        if kind in ("coco", "boxes"):
            parts = read_parts(path, cars)
            return sum(len(draw.func.__self__.shapes) for draw in parts.drawn.values()), list(parts.notes)
        if kind == "voc":
            folder = tmp_path / "voc"
            folder.mkdir()
            path.rename(folder / "bad.xml")
            parts = read_parts(folder, cars)
            return sum(len(draw.func.__self__.shapes) for draw in parts.drawn.values()), list(parts.notes)
        if kind.startswith("super"):
            return len(read_super_classes(path)), []
        if kind.startswith("labels"):
            return len(read_class_names(path)), []
        if kind.startswith("history"):
            table = read_history(path)
            return len(table), list(table.attrs["notes"])
        result = import_tags(Tags(tmp_path / "tags.sqlite"), path)
        return result.tags + result.notes, result.problems
    except CarvisError as error:
        sentence = error.args[0]
        assert isinstance(error, TableError | ModelError) and "\n" not in str(sentence) and len(str(sentence)) < 1000
        assert "bad." in str(sentence) or "voc" in str(sentence)
        return 0, [sentence]


def coco(rows, images=None, categories=None):
    one = [{"id": 1, "file_name": "test/Golf/1.png", "width": 8, "height": 6}]
    lamp = [{"id": 1, "name": "lamp"}]
    good = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}
    rows = [good, *({"image_id": 1, "category_id": 1, **row} if isinstance(row, dict) else row for row in rows)]
    return json.dumps({"images": images or one, "categories": categories or lamp, "annotations": rows})


def voc(objects, size="<size><width>8</width><height>6</height></size>"):
    good = "<object><name>lamp</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></object>"
    return f"<annotation><filename>test/Golf/1.png</filename>{size}{good}{objects}</annotation>"


def thing(name, *corners):
    names = ("xmin", "ymin", "xmax", "ymax")
    box = "".join(f"<{one}>{value}</{one}>" for one, value in zip(names, corners))
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


BOXES = "id,part,x1,y1,x2,y2\ntest/Golf/1.png,lamp,1,1,3,3\n"
DF2 = "PATH,TRUE,CONFIDENCE\ntest/Golf/1.png,Golf,0.5\n"
TAGS = f"data,id,sha256,tags,note,time\ncars,test/Golf/1.png,{SHA},blurred,fine,\n"
LOG = "epoch,loss\n0,1\n1,0.5\n"
# kind, content, rows that are kept, what must be said (None: nothing at all)
CASES = [
    ("df2", "", 0, "is empty"),
    ("df2", "\n\n\r\n", 0, "is empty"),
    ("df2", b"\0" * 100, 0, "not a text table"),
    ("df2", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 0, "bad.csv"),
    ("df2", b"PK\x03\x04" + b"x" * 50, 0, "Excel workbook"),
    ("df2", "\x1b$\x1b(", 0, "bad.csv"),
    ("df2", "FILE,TRUE\na,b\n", 0, "no column PATH"),
    ("df2", "PATH," + "c," * 10_001 + "\n", 0, "more than 10,000 columns"),
    ("df2", "PATH," + "c" * 100_001 + "\n", 0, "characters in one heading"),
    ("df2", "PATH,PATH,PATH\na,b,c\n", 1, None),
    ("df2", DF2 + "a,b,0.5,too,many\n", 1, "Line 3 was skipped: it has 5 cells"),
    ("df2", DF2 + "only\n", 2, None),
    ("df2", DF2 + 'a,"open,0.5\nb,c,0.5\n', 2, "Line 3 was skipped: its quotation"),
    ("df2", DF2 + 'a,"b"c,0.5\nb,c,0.5\n', 2, "Line 3 was skipped"),
    ("df2", DF2 + f"{'a' * 100_001},b,0.5\nb,c,0.5\n", 2, "Line 3 was skipped: a cell in it holds more"),
    ("df2", DF2 + f"{'a' * 1_000_000},b,0.5\nb,c,0.5\n", 2, "Line 3 was skipped: a cell in it holds more"),
    ("df2", DF2 + 'x,"' + "y\n" * 500_000 + '",0.5\nb,c,0.5\n', 2, "Lines 3 to 500003 were skipped"),
    ("df2", DF2 + "a,b,nan\nc,d,-3\n", 3, "2 confidences are not between 0 and 1 (first in line 3)"),
    ("df2", DF2 + "a,b,1e999\n", 2, "1 confidence is not"),
    ("df2", DF2.replace("\n", "\r") + "a,b,0.5\r\nc,d,0.5\n", 3, None),
    ("df2", as_bytes(DF2) + b"te\0st/Golf/2.png,Golf,0.5\n", 2, "means nothing in utf-8"),
    ("df2", DF2.encode("utf-16"), 1, None),
    ("df2", DF2.encode("utf-16-le"), 1, None),
    ("df2", DF2 + "\x01\x02,\x1b[31m,0.5\n", 2, None),
    ("df2", DF2 + "a/" * 20_000 + "1.png,b,0.5\n", 2, None),
    ("df2", DF2 + "../" * 20_000 + "1.png,b,0.5\n", 2, None),
    ("df2", DF2 + "\n" * 100_000, 1, None),
    ("df2", DF2 + '"a"b\n' * 50, 1, "30 more rows were skipped"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,nan,1,2,2\n", 1, "not a number or beyond"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,inf,1,2,2\n", 1, "line 3"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,left,1,2,2\n", 1, "line 3"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,,,,\n", 1, "line 3"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,5,1,2,2\n", 1, "left < right"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,-9,-9,-1,-1\n", 1, "outside its image"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,1e300,1,1e301,2\n", 1, "line 3"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,-5,-5,2,2\n", 2, None),
    ("boxes", BOXES + "gone.png,lamp,1,1,2,2\n", 1, "names no image"),
    ("boxes", BOXES + "test/Golf/1.png,7,1,1,2,2\n", 2, None),
    ("boxes", BOXES + "test/Golf/1.png,lamp,1,1,2\n", 1, "line 3"),
    ("boxes", BOXES + "test/Golf/1.png,lamp,1,1,2,2\n" * 10_001, 10_000, "that an image may have"),
    ("coco", "", 0, "bad.json"),
    ("coco", "[" * 200_000, 0, "made of brackets"),
    ("coco", "[" * 900 + "1" * 100, 0, "nested deeper"),
    ("coco", '{"images": [' + "[]," * 2_000 + "1]}", 0, "made of brackets"),
    ("coco", "null", 0, "no list images"),
    ("coco", '{"images": {}, "annotations": [], "categories": []}', 0, "no list images"),
    ("coco", coco([], categories=[{"id": i, "name": str(i)} for i in range(50_001)]), 0, "more than 50,000 categories"),
    ("coco", coco([], categories=[{"id": 1, "name": ["lamp"]}, {"id": 2, "name": "x"}]), 0, "without id or name"),
    ("coco", coco([], categories=[{"id": 1, "name": 7}, "x", None, {}]), 1, "3 entries"),
    ("coco", coco([], images=[{"file_name": "test/Golf/1.png"}, 5]), 0, "without id or file_name"),
    ("coco", coco([{"bbox": [1, 1, float("nan"), 1]}]), 1, "not a number or beyond"),
    ("coco", coco([{"bbox": [1, 1, float("inf"), 1]}]), 1, "number 2 of its list"),
    ("coco", coco([{"bbox": [1, 1, -3, 1]}]), 1, "left < right"),
    ("coco", coco([{"bbox": ["1", "x", 1, 1]}]), 1, "not a number"),
    ("coco", coco([{"bbox": [1, 1, 1]}, {"bbox": 5}, {"bbox": None}, {}]), 1, "is incomplete"),
    ("coco", coco([{"bbox": [100, 100, 5, 5]}, {"bbox": [-9, -9, 2, 2]}]), 1, "2 entries"),
    ("coco", coco([{"bbox": [1, 1, 10**400, 1]}]), 0, "digits"),
    ("coco", coco([{"category_id": [1], "bbox": [1, 1, 1, 1]}]), 1, "not listed"),
    ("coco", coco([{"image_id": None, "bbox": [1, 1, 1, 1]}]), 1, "names no image"),
    ("coco", coco([5, None, []]), 1, "3 entries"),
    ("coco", coco([{"segmentation": [[1, 2, 3, 4]]}]), 1, "three points"),
    ("coco", coco([{"segmentation": [5]}, {"segmentation": ["abcdef"]}]), 1, "of its list"),
    ("coco", coco([{"segmentation": {"counts": [48, True], "size": [6, 8]}}]), 1, "impossible size"),
    ("coco", coco([{"segmentation": {"counts": [1e308], "size": [6, 8]}}]), 1, "impossible size"),
    ("coco", coco([{"segmentation": {"counts": [1], "size": [6, 8]}}]), 1, "do not fill"),
    ("voc", voc(thing("lamp", "nan", 1, 2, 2)), 1, "no box"),
    ("voc", voc(thing("lamp", 3, 1, 1, 1)), 1, "no box"),
    ("voc", voc(thing("lamp", 30, 30, 40, 40)), 1, "outside its image"),
    ("voc", voc(thing("", 1, 1, 2, 2)), 1, "without a name"),
    ("voc", voc("<object/>"), 1, "without a name"),
    ("voc", voc("", "<size><width>-1</width><height>x</height></size>"), 1, None),
    ("voc", voc(thing("lamp", 1, 1, 2, 2) * 10_001), 0, "that an image may have"),
    ("voc", "<annotation>" * 100, 0, "nested too deeply"),
    ("voc", '<!DOCTYPE a [<!ENTITY e "x">]><annotation/>', 0, "document type"),
    ("voc", "<annotation>\0</annotation>", 0, "well-formed"),
    ("voc", "", 0, "well-formed"),
    ("super", "class,super_class\nGolf,VW\nGolf,VW\n", 1, None),
    ("super", "class\nGolf\n", 0, "no column for"),
    ("super", "class,super_class\n" + "".join(f"{i},a\n" for i in range(50_001)), 0, "more than 50,000 classes"),
    ("super-json", '{"Golf": null}', 0, "not a list of super-classes"),
    ("super-json", '{"Golf": ["VW"]}', 0, "not a list of super-classes"),
    ("super-json", "{", 0, 'write {"class"'),
    ("super-json", '{"a":' * 100_000, 0, "nested deeper"),
    ("labels", "", 0, "bad.txt"),
    ("labels", "\n".join(map(str, range(50_001))), 0, "more than 50,000 classes"),
    ("labels", "x" + "\t" * 1990 + "y\n", 1, None),
    ("labels-json", "[" * 100_000, 0, "nested deeper"),
    ("labels-json", '{"Golf": 0, "Polo": 7}', 0, "from 0"),
    ("labels-json", '{"Golf": null}', 0, "from 0"),
    ("history", "epoch,loss\n", 0, "has no epoch"),
    ("history", "loss\n1\n" * 1_100, 0, "more than 1,000 trainings"),
    ("history", LOG + "x" * 100_001, 0, "characters in a line"),
    ("history", LOG + "2,0.25,9,9,9,9\n", 2, "1 line of"),
    ("history", LOG + "nan,1\ninf,1\n-5,1\n", 2, None),
    ("history-json", '{"loss": [1, [2], {"a": 3}, true, null]}', 1, None),
    ("history-json", '{"loss": [NaN, 1]}', 1, None),
    ("history-json", '{"history": {"loss": 5}}', 0, "no column loss"),
    ("history-json", "[1, null, []]", 0, "no column loss"),
    ("history-json", json.dumps({"loss": [1] * 30_000, **{f"k{i}": [] for i in range(1000)}}), 0, "empty cells"),
    ("tags", TAGS + f"cars,,{SHA},x,,\n", 2, "without data set, id or sha256"),
    ("tags", TAGS + f"cars,test/\x07,{SHA},x,,\n", 2, "Line 3"),
    ("tags", TAGS + f"cars,{'a' * 5000},{SHA},x,,\n", 2, "Line 3"),
    ("tags", TAGS + f"cars,a.png,{SHA},,{'n' * 10_001},\n", 2, "longer than 10,000"),
    ("tags", TAGS + f"cars,a.png,{SHA},{'t' * 50},,\n", 2, "cannot be a tag"),
    ("tags", TAGS + f"cars,a.png,{SHA},x,,yesterday\n", 3, None),
    ("tags", TAGS + f"cars,,{SHA},x,,\n" * 40, 2, "20 more rows"),
]


@pytest.mark.parametrize(
    ("kind", "content", "kept", "words"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)]
)
def test_what_is_wrong_is_said_and_the_rest_is_read(cars, kind, content, kept, words, tmp_path):
    rows, sentences = said(cars, kind, content, tmp_path)
    told = "\n".join(map(str, sentences))
    if words is None:
        assert not told
    else:
        assert words in told
    assert rows == kept and len(sentences) <= 25
    with speaking("ja"):
        # Every sentence is said in Japanese, too.
        assert all(any("\u3040" <= letter <= "\u30ff" for letter in localised(one)) for one in sentences)


def test_a_name_that_is_a_formula_goes_out_and_comes_back(cars, tmp_path):
    """What carvis wrote comes back exact; of another's table an apostrophe stays where a file has it."""
    table = misclassified(cars, "PATH,TRUE,PRED\n\"'=2.png\",'-x,'=y\n'=1.png,-x,y\n=1.png,-x,y\n", tmp_path)
    assert table["id"].tolist() == ["test/-x/'=2.png", "test/-x/=1.png", "test/-x/=1.png"]
    assert table["label"].tolist() == ["-x"] * 3 and table["predicted"].tolist() == ["=y", "y", "y"]
    tags = Tags(tmp_path / "a.sqlite")
    tags.tag("=cars", "test/-x/=1.png", SHA, "=sum")
    tags.note("=cars", "test/-x/=1.png", SHA, "'=note; -x\n@y")
    (tmp_path / "tags.csv").write_bytes(tags_csv(tags))
    other = Tags(tmp_path / "b.sqlite")
    import_tags(other, tmp_path / "tags.csv")
    assert tags_csv(other) == tags_csv(tags) and other.records()["note"].tolist() == ["'=note; -x\n@y"]
    (tmp_path / "super.csv").write_text("class,super_class\n'=a,'@b\n")
    assert read_super_classes(tmp_path / "super.csv") == {"=a": "@b"}
    assert read_super_classes(tmp_path / "super.csv", class_names=["'=a"]) == {"'=a": "@b"}


ANY = st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
LIKE = st.lists(st.sampled_from(["PATH", "class", "loss", "epoch", "id", *",;\t\n\r\"'=1xé\0"]), max_size=40).map(
    lambda parts: "".join(parts).encode()
)


@given(content=ANY | LIKE, kind=st.sampled_from(["df2", "boxes", "super", "super-json", "labels", "history", "coco"]))
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_a_table_or_one_sentence(cars, tmp_path_factory, content, kind):
    said(cars, kind, content, tmp_path_factory.mktemp("any"))


N = 1500
GROWING = {
    "equal columns": ("df2", lambda n: "PATH," + "a," * min(4 * n, 9999) + "\nx,y\n"),
    "nearly equal columns": ("df2", lambda n: "PATH," + "".join(f"a.{i},a," for i in range(min(n, 4000))) + "\nx\n"),
    "rows": ("df2", lambda n: "PATH\n" + "".join(f"{i}.png\n" for i in range(n))),
    "equal rows": ("df2", lambda n: "PATH\n" + "a/b.png\n" * n),
    "open quotes": ("df2", lambda n: "PATH,x\n" + 'a,"b\n' * n),
    "even open quotes": ("df2", lambda n: "PATH,x,y\n" + 'a"b,"c,d\n' * n + '"\n'),
    "quoted lines": ("df2", lambda n: 'PATH,x\na,"' + "y\n" * n + '"\n'),
    "quotes": ("df2", lambda n: 'PATH,x\n"' + '""' * n + '",1\n'),
    "separators": ("df2", lambda n: "PATH\n" + ";" * n + "\n"),
    "deep paths": ("df2", lambda n: "PATH\n" + "a/" * n + "\n"),
    "upward paths": ("df2", lambda n: "PATH\n" + "a/../" * n + "b\n"),
    "apostrophes": ("df2", lambda n: "PATH,x\na," + "'" * n + "\n" + "a,;" + ";'" * n + "\n"),
    "blanks before no sign": ("df2", lambda n: "PATH,x\na,'" + "\u200b" * n + "x\n"),
    "categories": ("coco", lambda n: coco([], categories=[{"id": i, "name": f"c{i}"} for i in range(n)])),
    "annotations": ("coco", lambda n: coco([{"bbox": [1, 1, 2, 2]}] * n)),
    "unknown images": ("coco", lambda n: coco([{"image_id": f"x{i}", "bbox": [1, 1, 2, 2]} for i in range(n)])),
    "reasons": ("coco", lambda n: coco([{"bbox": [f"x{i}", 1, 2, 2]} for i in range(n)])),
    "boxes": ("boxes", lambda n: BOXES + "".join(f"test/Golf/1.png,p{i},1,1,2,2\n" for i in range(n))),
    "objects": ("voc", lambda n: voc(thing("lamp", 1, 1, 2, 2) * n)),
    "classes": ("super", lambda n: "class,super_class\n" + "".join(f"c{i},s\n" for i in range(n))),
    "quotes in JSON": ("super-json", lambda n: '{"a": "' + '\\"' * n + 'é"'),
    "labels": ("labels", lambda n: "".join(f"{i} name {i}\n" for i in range(n))),
    "tabs in labels": ("labels", lambda n: ("x" + "\t" * 900 + "y\n") * (n // 30)),
    "epochs": ("history", lambda n: "epoch,loss\n" + "".join(f"{i},1\n" for i in range(n))),
    "columns of a log": ("history", lambda n: "loss," + "a," * n + "\n1\n"),
    "lists of a history": ("history-json", lambda n: json.dumps({"loss": [1], **{f"k{i}": [1] for i in range(n)}})),
    "tags": ("tags", lambda n: TAGS + f"cars,a.png,{SHA}," + ";".join(f"t{i}" for i in range(n)) + ",,\n"),
}


@pytest.mark.parametrize("name", GROWING)
def test_the_work_grows_as_the_file_does(cars, name, tmp_path):
    """Eight times as much takes about eight times as long; at twenty-four times something is quadratic (64)."""
    kind, make = GROWING[name]
    spent = []
    for number, n in enumerate((N, 8 * N)):
        content, best = make(n), float("inf")
        for again in range(3):
            folder = tmp_path / f"{number}-{again}"
            folder.mkdir()
            began = time.process_time()
            said(cars, kind, content, folder)
            best = min(best, time.process_time() - began)
            if best < 0.02:
                break
        spent.append(best)
    assert spent[1] < 24 * max(spent[0], 0.01), spent


def test_of_thousands_of_parts_an_image_costs_those_that_it_shows(cars, tmp_path):
    path = tmp_path / "bad.json"
    names = [{"id": i, "name": f"c{i}"} for i in range(5000)]
    path.write_text(coco([{"category_id": 7, "bbox": [0, 0, 1, 1]}], categories=names))
    parts = read_parts(path, cars)
    present = parts.present("test/Golf/1.png", (6, 8))
    assert len(parts.names) == 5001 and list(present) == ["c1", "c7", "rest"]
    assert [int(mask.sum()) for mask in present.values()] == [4, 1, 43]
    many = [{"category_id": i, "bbox": [0, 0, 1, 1]} for i in range(501)]
    path.write_text(coco(many, categories=names))
    with pytest.raises(TableError, match="marks 501 different parts of one image"):
        read_parts(path, cars).masks("test/Golf/1.png")


def test_outlines_cost_their_own_size_not_that_of_the_image(cars, tmp_path):
    """The same 1,000 outlines on two thousand times the pixels: each drawn over the whole image would take as much."""
    path, spent = tmp_path / "bad.json", []
    rows = [{"segmentation": [[x % 90, 10, x % 90 + 4, 10, x % 90 + 4, 14, x % 90, 14]]} for x in range(1000)]
    for size in ((16, 100), (1600, 2000)):
        image = {"id": 1, "file_name": "test/Golf/1.png", "width": size[1], "height": size[0]}
        path.write_text(coco(rows, images=[image]))
        parts = read_parts(path, cars)
        began = time.process_time()
        mask = parts.masks("test/Golf/1.png", size)["lamp"]
        spent.append(time.process_time() - began)
        assert mask[10:14].sum() == 4 * 93
    assert spent[1] < 24 * max(spent[0], 0.01), spent
