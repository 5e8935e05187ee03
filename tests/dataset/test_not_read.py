"""Files that carvis does not read as images are counted and named, wherever a data set is used."""

import shutil

import numpy as np
import pytest

from carvis.classifier import load_classifier
from carvis.cli import main
from carvis.dataset import Dataset
from carvis.errors import DatasetError
from carvis.evaluation import evaluate, load_evaluation
from carvis.images import IMAGE_SUFFIXES, write_image
from carvis.language import localised, speaking
from tests.classifier.test_reader import tiny

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def folder(tmp_path):
    for label, value in (("dark", 0), ("light", 255)):
        for split in ("train", "test"):
            for number in range(4):
                image = np.full((8, 8, 3), abs(value - number), np.uint8)
                write_image(tmp_path / "data" / "set" / split / label / f"{number}.png", image)
    place = tmp_path / "data" / "set" / "test" / "dark"
    (place / "a.heic").write_bytes(HEIC)
    (place / "b.jp2").write_bytes(b"\0\0\0\x0cjP  ")
    (place / "c.psd").write_bytes(b"8BPS")
    shutil.copy(place / "0.png", place / "bare")
    shutil.copy(place / "0.png", place / "d.dat")
    (place / "notes.txt").write_text("hello")
    (tmp_path / "models").mkdir()
    tiny().save(tmp_path / "models" / "tiny.keras")
    return tmp_path


def test_each_is_named_with_its_reason_and_remedy(folder):
    data = Dataset(folder / "data" / "set")
    reasons = {row["path"].rsplit("/", 1)[1]: row["reason"] for row in data.not_read("test")}
    assert reasons["b.jp2"] == ".jp2 is a format that carvis does not read: save it as JPEG or PNG"
    assert reasons["bare"] == "a PNG image without a suffix, which Keras ignores, too: add .png to its name"
    assert reasons["d.dat"] == "a PNG image named .dat, which Keras ignores, too: let its name end in .png"
    assert reasons["notes.txt"] == "not an image file"
    if ".heic" not in IMAGE_SUFFIXES:
        assert "pi-heif or pillow-heif" in reasons["a.heic"]
        assert len(reasons) == 6
    assert data.not_read("train") == []


def test_an_evaluation_counts_and_names_them(folder):
    clf = load_classifier(folder / "models" / "tiny.keras", ["dark", "light"])
    evaluation = evaluate(clf, folder / "data" / "set")
    evaluation.save(folder / "out")
    stored = load_evaluation(folder / "out")
    assert {row["path"] for row in stored.metrics["not_read"]} >= {"test/dark/b.jp2", "test/dark/bare"}
    [note] = [note for note in stored.setup["notes"] if "not read as images" in note]
    assert note.startswith("6 files") and "b.jp2" in note


def test_a_split_of_nothing_else_says_what_lies_there(folder):
    for path in (folder / "data" / "set" / "test").rglob("*.png"):
        path.unlink()
    clf = load_classifier(folder / "models" / "tiny.keras", ["dark", "light"])
    with pytest.raises(DatasetError, match=r"holds no images.*b\.jp2"):
        evaluate(clf, folder / "data" / "set")


def test_the_command_line_names_them(folder, capsys):
    model, data = str(folder / "models" / "tiny.keras"), str(folder / "data" / "set")
    assert main(["evaluate", model, data, "--classes", "dark,light", "--workspace", str(folder)]) == 0
    assert "6 files of this split are not read as images" in capsys.readouterr().out
    assert main(["check", data, "--workspace", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "Not images: 6" in out and "b.jp2" in out
    jp2 = str(folder / "data" / "set" / "test" / "dark" / "b.jp2")
    options = ["--method", "occlusion", "--classes", "dark,light", "--workspace", str(folder)]
    assert main(["heatmaps", model, jp2, *options]) == 2
    assert "save it as JPEG or PNG" in capsys.readouterr().err
    (folder / "df2.csv").write_text("PATH\ntest/dark/0.png\ntest/dark/b.jp2\n")
    out = ["--out", str(folder / "maps"), "--roots", data]
    assert main(["heatmaps", model, str(folder / "df2.csv"), *options, *out]) == 0
    assert "b.jp2" in (printed := capsys.readouterr().err) and "save it as JPEG or PNG" in printed


def test_training_warns_of_them(folder, caplog):
    place = folder / "data" / "set" / "train" / "dark"
    (place / "b.jp2").write_bytes(b"\0\0\0\x0cjP  ")
    with caplog.at_level("WARNING", "carvis"):
        arguments = ["train", "own", str(folder / "data" / "set"), "--epochs", "1", "--input-size", "32"]
        main([*arguments, "--width", "2", "--head-units", "4", "--workspace", str(folder)])
    assert any("1 file of this split" in record.message and "b.jp2" in record.message for record in caplog.records)
    [card] = (folder / "models").glob("set_own*.json")
    assert '"alpha": "on-white"' in card.read_text() and '"orientation": "upright"' in card.read_text()


def test_reasons_are_told_in_the_reader_s_language(folder, capsys):
    place = folder / "data" / "set" / "test" / "dark"
    (place / "page.png").write_text("<html>404</html>")
    (place / "void.png").write_bytes(b"")
    arguments = [str(folder / "data" / "set"), "--workspace", str(folder), "--language", "ja"]
    # The second time what was found comes from the cache.
    for _again in range(2):
        assert main(["check", *arguments]) == 0
        assert "page.png を読み込めません：画像ではなく Web ページです" in capsys.readouterr().out
    model = ["evaluate", str(folder / "models" / "tiny.keras"), *arguments, "--classes", "dark,light"]
    assert main(model) == 0
    printed = capsys.readouterr().out
    assert "test/dark/page.png を読み込めません" in printed and "test/dark/void.png は空のファイルです" in printed
    [stored] = (folder / "data" / "evaluations").rglob("metrics.json")
    evaluation = load_evaluation(stored.parent)
    with speaking("ja"):
        reasons = [localised(row["reason"]) for name in ("unreadable", "not_read") for row in evaluation.metrics[name]]
    assert len(reasons) >= 7 and not [reason for reason in reasons if reason.isascii()]


@pytest.mark.parametrize("left", [0, 1])
def test_training_that_lacks_images_names_those_that_it_cannot_read(folder, left, capsys):
    for label in ("dark", "light"):
        place = folder / "data" / "set" / "train" / label
        for path in sorted(place.glob("*.png"))[left:]:
            path.rename(path.with_suffix(".jp2"))
    arguments = ["train", "own", str(folder / "data" / "set"), "--workspace", str(folder)]
    assert main(arguments) == 2
    assert f"{8 - 2 * left} files of this split are not read as images" in capsys.readouterr().err
    assert main([*arguments, "--language", "ja"]) == 2
    assert "JPEG か PNG で保存してください" in capsys.readouterr().err
