"""Folders of evaluations: what is damaged is refused in a sentence, what a person made is kept."""

import io
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from carvis.errors import TableError
from carvis.evaluation import Evaluation, check_folder, load_evaluation, read_misclassified
from carvis.evaluation.metrics import summarise


@pytest.fixture
def evaluation():
    probabilities = np.array([[0.75, 0.25], [0.625, 0.375]], np.float32)
    table = pd.DataFrame(
        {
            "id": ["valid/A, b/1.jpg", "valid/車/2.jpg"],
            "path": ["val/A, b/1.jpg", "val/車/2.jpg"],
            "sha256": ["0" * 64, "1" * 64],
            "label": ["A, b", "車"],
            "predicted": ["A, b", "A, b"],
            "confidence": probabilities.max(axis=1),
            "p:A, b": probabilities[:, 0],
            "p:車": probabilities[:, 1],
        }
    )
    names = ["A, b", "車"]
    setup = {
        "model": {"name": "m", "class_names": names},
        "dataset": {"name": "cars", "fingerprint": "f"},
        "split": "valid",
        "created": "2024-01-01T00:00:00+00:00",
        "notes": [],
    }
    return Evaluation(table, summarise(table, names) | {"unreadable": [], "left_out": {}}, setup)


def test_outside_a_workspace(evaluation, tmp_path):
    evaluation.save(tmp_path / "out")
    reloaded = load_evaluation(tmp_path / "out", root=tmp_path)
    assert reloaded == evaluation and load_evaluation(tmp_path / "out").root is None
    assert reloaded.misclassified()["path"].tolist() == [str(tmp_path / "val" / "車" / "2.jpg")]
    assert load_evaluation(tmp_path / "out").misclassified()["path"].tolist() == ["val/車/2.jpg"]
    assert (tmp_path / "out" / "df2.csv").read_bytes().decode("utf-8-sig") == (
        'PATH,TRUE,PRED,CONFIDENCE,MARGIN,ID\ncars/val/車/2.jpg,車,"A, b",0.625000,0.250000,valid/車/2.jpg\n'
    )


def test_same_evaluation_same_bytes(evaluation, tmp_path):
    for name in ("a", "b"):
        evaluation.save(tmp_path / name)
    for file in ("predictions.parquet", "metrics.json", "df2.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet"])
def test_missing_or_cut_files(evaluation, tmp_path, name):
    folder = evaluation.save(tmp_path / "out")
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TableError, match="evaluate the model") as error:
        load_evaluation(folder)
    assert str(folder) in str(error.value)
    path.unlink()
    with pytest.raises(TableError, match=f"holds no {name}"):
        load_evaluation(folder)


@pytest.mark.parametrize("document", ["[]", "{}", '{"format": 9, "setup": {}, "files": {}}', "null", "\xff"])
def test_foreign_metrics(evaluation, tmp_path, document):
    folder = evaluation.save(tmp_path / "out")
    (folder / "metrics.json").write_bytes(document.encode("latin-1"))
    with pytest.raises(TableError):
        load_evaluation(folder)


def test_files_of_two_evaluations(evaluation, tmp_path):
    """A crash between two files leaves a new table beside old metrics."""
    folder = evaluation.save(tmp_path / "out")
    table = io.BytesIO()
    evaluation.predictions.iloc[:1].to_parquet(table)
    (folder / "predictions.parquet").write_bytes(table.getvalue())
    with pytest.raises(TableError, match="only in part"):
        load_evaluation(folder)
    evaluation.save(folder)
    assert load_evaluation(folder) == evaluation


def test_a_persons_table_is_never_overwritten(evaluation, tmp_path):
    (tmp_path / "df2.csv").write_text("PATH\nmine.jpg\n")
    with pytest.raises(TableError, match="is not part of an evaluation"):
        evaluation.save(tmp_path)
    assert (tmp_path / "df2.csv").read_text() == "PATH\nmine.jpg\n"


def test_a_recorded_path_cannot_lead_out(evaluation, tmp_path):
    folder = tmp_path / "data" / "evaluations" / "cars" / "valid" / "m"
    (tmp_path / "data" / "cars").mkdir(parents=True)
    Evaluation(evaluation.predictions, evaluation.metrics, evaluation.setup, tmp_path / "data" / "cars").save(folder)
    assert load_evaluation(folder).root == tmp_path / "data" / "cars"
    document = json.loads((folder / "metrics.json").read_text("utf-8"))
    for lead in ("..", "/", "data/gone"):
        document["setup"]["dataset"]["path"] = lead
        (folder / "metrics.json").write_text(json.dumps(document))
        assert load_evaluation(folder).root is None
    shutil.rmtree(tmp_path / "data" / "cars")


def test_an_image_path_cannot_lead_out(evaluation, tmp_path):
    table = evaluation.predictions.assign(path=["../../a.jpg", "../../b.jpg"])
    wrong = Evaluation(table, evaluation.metrics, evaluation.setup, tmp_path).misclassified()
    assert wrong["path"].isna().all()


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own")
def test_a_link_to_an_image_elsewhere_is_not_followed(evaluation, tmp_path):
    root, other = tmp_path / "cars", tmp_path / "private.jpg"
    other.write_bytes(b"")
    for folder in ("plain", "linked"):
        (root / folder).mkdir(parents=True)
        (root / folder / "a.jpg").write_bytes(b"")
    (root / "linked" / "inside.jpg").symlink_to(root / "plain" / "a.jpg")
    (root / "linked" / "outside.jpg").symlink_to(other)
    (root / "away").symlink_to(tmp_path, target_is_directory=True)
    facts = ["plain/a.jpg", "linked/a.jpg", "linked/inside.jpg", "linked/outside.jpg", "away/private.jpg", "plain/.."]
    single = evaluation.predictions[evaluation.predictions["label"] != evaluation.predictions["predicted"]].iloc[:1]
    table = pd.concat([single] * len(facts), ignore_index=True).assign(path=facts)
    paths = Evaluation(table, evaluation.metrics, evaluation.setup, root).misclassified()["path"]
    assert paths.iloc[:3].tolist() == [str(root / path) for path in facts[:3]]
    assert paths.iloc[3:5].isna().all()
    up = Evaluation(table.assign(path="plain/../.."), evaluation.metrics, evaluation.setup, root).misclassified()
    assert up["path"].isna().all()


def test_files_of_somebody_else_are_not_overwritten(tmp_path):
    (tmp_path / "metrics.json").write_text('{"mine": 1}')
    with pytest.raises(TableError, match=r"metrics\.json is not part of an evaluation"):
        check_folder(tmp_path)
    (tmp_path / "metrics.json").unlink()
    check_folder(tmp_path)
    (tmp_path / "predictions.parquet").write_bytes(b"x")
    with pytest.raises(TableError, match="predictions"):
        check_folder(tmp_path)


def test_an_evaluation_of_an_earlier_version_opens_its_model_as_it_was_read_then(evaluation, tmp_path):
    facts = load_evaluation(evaluation.save(tmp_path / "out")).model_facts
    assert (facts["alpha"], facts["orientation"]) == ("on-white", "upright")
    evaluation.setup["model"] |= {"alpha": "drop-alpha", "orientation": "as-stored"}
    facts = load_evaluation(evaluation.save(tmp_path / "out")).model_facts
    assert (facts["alpha"], facts["orientation"]) == ("drop-alpha", "as-stored")


def test_class_names_that_are_a_path_are_damage(evaluation, tmp_path):
    folder = evaluation.save(tmp_path / "out")
    document = json.loads((folder / "metrics.json").read_text("utf-8"))
    document["setup"]["model"]["class_names"] = "labels.txt"
    (folder / "metrics.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(TableError, match=r"setup\.model\.class_names must be a list, and is a text"):
        load_evaluation(folder)


def test_a_check_of_another_version_is_none(evaluation, tmp_path):
    evaluation.setup["assumption_check"] = {"model": "m", "table": [], "splits": [], "novel": 1}
    assert load_evaluation(evaluation.save(tmp_path / "out")).assumption_check is None


def test_classes_and_files_named_as_formulas_go_out_as_texts_and_come_back(evaluation, tmp_path):
    """At the root of a data set whose name begins with a sign, a path begins with it, too."""
    names = ["=A", "@B"]
    table = evaluation.predictions.assign(
        id=["valid/=A/1.jpg", "valid/@B/;=2.jpg"],
        path=["val/=A/1.jpg", "val/@B/;=2.jpg"],
        label=names,
        predicted=["=A", "=A"],
    ).rename(columns={"p:A, b": "p:=A", "p:車": "p:@B"})
    setup = evaluation.setup | {
        "model": {"name": "m", "class_names": names},
        "dataset": {"name": "-cars", "fingerprint": "f"},
    }
    metrics = summarise(table, names) | {"unreadable": [], "left_out": {}}
    folder = Evaluation(table, metrics, setup).save(tmp_path / "out")
    text = (folder / "df2.csv").read_bytes().decode("utf-8-sig")
    assert text.splitlines()[1:] == ["'-cars/val/@B/;'=2.jpg,'@B,'=A,0.625000,0.250000,valid/@B/;'=2.jpg"]
    image = tmp_path / "-cars" / "val" / "@B" / ";=2.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"image")
    result = read_misclassified(folder / "df2.csv", tmp_path / "-cars")
    assert result[["id", "path", "label", "predicted", "status"]].to_numpy().tolist() == [
        ["valid/@B/;=2.jpg", str(image), "@B", "=A", "found"]
    ]
    assert load_evaluation(folder).class_names == names


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_place_of_the_table_is_replaced_and_not_copied(evaluation, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    folder = evaluation.save(tmp_path / "out")
    (folder / "df2.csv").unlink()
    (folder / "df2.csv").symlink_to(secret)
    evaluation.save(folder)
    assert secret.read_text() == "secret" and not (folder / "df2.csv").is_symlink()
    assert sorted(os.listdir(folder)) == ["df2.csv", "metrics.json", "predictions.parquet"]
