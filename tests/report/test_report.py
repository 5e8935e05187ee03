"""The report holds everything itself, says what it could not have, and shows names as names."""

import re

import keras
import numpy as np
import pytest

from carvis import Dataset, evaluate
from carvis.classifier import Classifier, ModelCard, save_classifier
from carvis.cli import main
from carvis.errors import CarvisError, StoppedError, TableError
from carvis.images import write_image
from carvis.report import ReportSettings, report_html, write_report
from carvis.report.context import Context
from carvis.report.sections.heatmaps import choose
from tests.evaluation.small_evaluations import evaluation

L = keras.layers
CLASSES = ["red", "<b>green", "blue"]
A, B = [0.9, 0.1], [0.2, 0.8]


def colour_model(place, order):
    """Answers by colour, with the classes that ``order`` gives the channels."""
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(3, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(3, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), 5 * np.eye(3, dtype=np.float32)[:, order]])
    clf = Classifier(model, CLASSES, preprocessing="unit", name=place.stem, card=ModelCard())
    save_classifier(clf, place)
    return clf


@pytest.fixture
def material(tmp_path):
    """Two models, of which one mistakes green and blue, evaluated on six images."""
    for name, rgb in zip(CLASSES, ((220, 20, 20), (20, 220, 20), (20, 20, 220))):
        folder = tmp_path / "data" / "mini" / "test" / name
        for i in range(2):
            image = np.full((40, 48, 3), 30, np.uint8)
            image[4 + i : 24 + i, 6:30] = rgb
            write_image(folder / f"{i}.png", image)
    data = Dataset(tmp_path / "data" / "mini")
    files = {name: tmp_path / "models" / f"{name}.keras" for name in ("good", "poor")}
    evaluation = [
        evaluate(colour_model(files["good"], [0, 1, 2]), data),
        evaluate(colour_model(files["poor"], [0, 2, 1]), data),
    ]
    return tmp_path, data, files, evaluation


def outside(page: str) -> list[str]:
    """Addresses in a page that lead out of it."""
    return [item for item in re.findall(r"(?:src|href)=\"([^\"]+)\"", page) if not item.startswith(("data:", "#"))]


def test_the_report_speaks_japanese(material):
    root, data, files, result = material
    pages = {
        language: report_html(
            result, ReportSettings(language=language), data=data, files=files, cache_dir=root / "cache"
        )
        for language in ("en", "ja")
    }
    assert '<html lang="ja">' in pages["ja"] and '<html lang="en">' in pages["en"]
    headings = {language: re.findall(r"<h2 id[^>]*>(.*?)</h2>", page) for language, page in pages.items()}
    assert headings["en"] == ["Scoreboard", "Heatmaps", "Errors", "Slices", "Data", "How it was made"]
    assert headings["ja"] == ["成績表", "ヒートマップ", "誤り", "スライス", "データ", "作成方法"]
    assert "good ですが、poor との差は偶然かもしれません" in pages["ja"] and "could be chance" not in pages["ja"]
    # The same numbers and images either way.
    for pattern in (r"<td>([\d.,% –]+)</td>", r"<img src"):
        assert len(re.findall(pattern, pages["en"])) == len(re.findall(pattern, pages["ja"])) > 0
    with pytest.raises(CarvisError, match="no translation for fr"):
        report_html(result, ReportSettings(language="fr"))


def test_everything_is_in_the_one_file(material):
    root, data, files, result = material
    page = report_html(result, data=data, files=files, cache_dir=root / "cache")
    assert outside(page) == [] and "<script" not in page and "url(" not in page
    assert "Only good is right" in page and page.count("<img") > 8
    # Four images that only the good model gets right, each with two heatmaps; the first stands on the first page, too.
    first, rest = page.split("<main>")
    assert len(re.findall(r"Heatmap of (good|poor)", first)) == 2
    assert len(re.findall(r"Heatmap of (good|poor)", rest)) == 8
    assert "grad-cam on the logit at conv, preprocessing unit" in page
    assert "<b>green" not in page and "&lt;b&gt;green" in page


def test_figures_are_those_of_the_evaluations(material):
    _root, data, _files, result = material
    page = report_html(result, data=data)
    assert "100.0%" in page and "33.3%" in page
    # Four images only one model gets right: p = 0.125.
    assert "good has the highest accuracy, but its lead over poor could be chance." in page
    assert "Only good is right on 4 images; only poor on 0 (McNemar p = 0.12)." in page
    assert "Heatmap of good" not in page
    single = report_html(result[:1], data=data)
    assert "How good is good?" in single and "good makes no error." in single


def test_a_model_that_cannot_be_opened_is_told_and_the_rest_is_there(material):
    _root, data, files, result = material
    files["poor"].write_bytes(b"broken")
    page = report_html(result, data=data, files=files)
    assert "poor.keras" in page.split('id="making"')[1]
    assert "Heatmap of good" in page and "Heatmap of poor" not in page


def test_maps_are_tested_where_it_is_asked_for(material):
    root, data, files, result = material
    material = {"data": data, "files": files, "cache_dir": root / "cache"}
    assert "heatmap tested" not in report_html(result, ReportSettings(images=1), **material)
    page = report_html(result, ReportSettings(images=1, measure=True), **material)
    assert page.split("<main>")[1].count("heatmap tested: ") == 2
    # What was tested once is told from then on.
    assert report_html(result, ReportSettings(images=1), **material).split("<main>")[1].count("heatmap tested: ") == 2


def test_the_images_chosen_tell_the_models_apart():
    first = evaluation("one", ["a", "b"], [("1", "a", A), ("2", "a", B), ("3", "b", A), ("4", "b", [0.6, 0.4])])
    second = evaluation("two", ["a", "b"], [("1", "a", B), ("2", "a", B), ("3", "b", [0.7, 0.3]), ("4", "b", B)])
    chosen = choose(Context({"one": first, "two": second}, None, {}), 4)
    # Alone right: 1 (the other is sure, 0.8) before 4 (0.6); then the best model's mistakes, the surest first.
    assert chosen["id"].tolist() == ["1", "4", "3", "2"]
    assert chosen["why"].tolist()[:3] == ["Only one is right", "Only two is right", "confident errors of one"]


def test_refusals(tmp_path):
    single = evaluation("one", ["a", "b"], [("1", "a", A)])
    other = evaluation("two", ["a", "b"], [("1", "a", A)], split="valid")
    with pytest.raises(TableError, match="cars test and cars valid"):
        report_html([single, other])
    with pytest.raises(TableError, match="evaluate a model first"):
        report_html([])
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(CarvisError, match="already exists"):
        write_report(tmp_path / "report.html", [single])
    assert (tmp_path / "report.html").read_text() == "mine"


def test_the_verb(material, monkeypatch, capsys):
    root, data, files, _evaluations = material
    monkeypatch.chdir(root)
    monkeypatch.setenv("CARVIS_WORKSPACE", str(root))
    for file in files.values():
        assert main(["evaluate", str(file), str(data.root)]) == 0
    assert main(["report", "good", "poor"]) == 0
    page = (root / "data" / "results" / "report.html").read_text("utf-8")
    assert "Heatmap of poor" in page
    assert main(["report", "good", "poor"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["report", "nothing"]) == 2
    assert main(["report", "good", "--method", "foo", "--out", "foo.html"]) == 2
    assert main(["report", "good", "--pictures", "-3", "--out", "foo.html"]) == 2
    assert not (root / "foo.html").exists()


def test_progress_and_broken_files_are_told_in_japanese(material):
    _root, data, files, result = material
    (data.root / "test" / "blue" / "page.png").write_text("<html>404</html>")
    messages = []
    settings = ReportSettings(images=1, language="ja")
    page = report_html(result, settings, data=Dataset(data.root), files=files, log=messages.append)
    assert "page.png を読み込めません：画像ではなく Web ページです" in page and "cannot be read" not in page
    assert messages and not [text for text in messages if text.isascii()]


def test_a_report_counts_its_steps_and_stops_when_asked_to(material):
    _root, data, files, result = material
    calls = []
    report_html(result, ReportSettings(images=1), data=data, files=files, progress=lambda *step: calls.append(step))
    assert calls == sorted(calls) and all(done <= total for done, total in calls)
    with pytest.raises(StoppedError):
        report_html(result, data=data, files=files, progress=lambda done, total: done >= 2)
