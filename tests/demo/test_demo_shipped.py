"""What the repository ships: complete, small, and of the order that training gives."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from carvis.classifier import describe_model_file, load_classifier, read_card
from carvis.dataset import Dataset
from carvis.demo import PARTS, plan_split, shipped_thumbnail
from carvis.demo.dataset import write_images
from carvis.demo.regeneration import MODELS
from carvis.evaluation import evaluate, evaluation_folder, load_evaluation, read_misclassified
from carvis.feature_space import SHIPPED, stored_embeddings
from carvis.images import read_image
from carvis.training import Run
from carvis.workspace import Workspace

ROOT = Path(__file__).parents[2]


def size_of(*folders: Path) -> int:
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def test_the_test_images_are_shipped_with_their_masks():
    data = Dataset(ROOT / "data" / "demo")
    samples = data.samples("test")
    assert len(samples) == 300 and len(data.class_names) == 20
    for sample in samples.itertuples():
        assert (ROOT / "data" / "demo" / "masks" / sample.id).with_suffix(".png").is_file()
    assert json.loads((data.root / "masks" / "parts.json").read_text()) == PARTS
    assert size_of(data.root / "test", data.root / "masks") < 6_000_000


def test_three_models_with_cards_runs_and_evaluations_are_shipped():
    workspace = Workspace(ROOT)
    files = [workspace.models_dir / f"{name}.keras" for name in MODELS]
    assert sum(file.stat().st_size for file in files) < 15_000_000
    for name, file in zip(MODELS, files, strict=True):
        assert describe_model_file(file)["refused"] is None
        assert read_card(file).class_names == Dataset(ROOT / "data" / "demo").class_names
        run = Run(workspace.runs_dir / name, workspace)
        assert run.state == "finished" and len(run.history) >= 5
        assert run.model_path == file


def test_fine_tuning_beats_transfer_beats_the_own_model():
    evaluations = [load_evaluation(ROOT / "data" / "evaluations" / "demo" / "test" / name) for name in MODELS]
    own, transfer, fine = (evaluation.accuracy for evaluation in evaluations)
    assert own < transfer < fine < 0.97
    table = read_misclassified(ROOT / "data" / "incorrect" / "df2.csv", roots=[ROOT / "data"])
    assert (table["status"] == "found").all()
    assert len(table) == len(evaluations[2].misclassified()) >= 10


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_evaluation_is_what_the_shipped_model_says(name, tmp_path):
    # Processors round differently, so a near tie may fall the other way.
    workspace = Workspace(ROOT)
    saved = load_evaluation(workspace.evaluations_dir / "demo" / "test" / name)
    clf = load_classifier(workspace.models_dir / f"{name}.keras")
    now = evaluate(clf, ROOT / "data" / "demo", workspace=tmp_path)
    assert now.accuracy == pytest.approx(saved.accuracy, abs=0.01)
    shipped, fresh = stored_embeddings(workspace, saved), stored_embeddings(tmp_path, now)
    assert shipped.ids.tolist() == fresh.ids.tolist() and shipped.layer == fresh.layer
    # The shipped ones have seven binary digits.
    np.testing.assert_allclose(shipped.vectors, fresh.vectors, rtol=2**-7, atol=1e-3 * fresh.vectors.max())


@pytest.mark.parametrize("split", ["train", "valid"])
def test_evaluations_of_images_that_are_not_shipped_are_what_the_model_says(split, tmp_path):
    workspace, items = Workspace(ROOT), plan_split(split)
    drawn = items[:: len(items) // 5]
    write_images(tmp_path, drawn, True, None, 1)
    for name in MODELS:
        saved = load_evaluation(workspace.evaluations_dir / "demo" / split / name)
        assert sorted(saved.predictions["id"]) == sorted(item.id for item in items)
    clf = load_classifier(workspace.models_dir / "demo_fine-tune.keras")
    assert saved.setup["model"]["fingerprint"] == clf.fingerprint
    predicted = clf.predict([read_image(tmp_path / item.id) for item in drawn])
    rows = saved.predictions.set_index("id").loc[[item.id for item in drawn]]
    np.testing.assert_allclose(rows.filter(like="p:"), predicted, atol=0.02)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_embeddings_of_all_images_are_shipped_and_thumbnails_of_those_that_are_not(split):
    workspace = Workspace(ROOT)
    planned = plan_split(split)
    for name in MODELS:
        found = stored_embeddings(workspace, ("demo", split, name))
        assert sorted(found.ids) == sorted(item.id for item in planned)
        assert (found.source, found.model, found.split) == ("score-input", name, split)
        assert [sample.split("/")[1] for sample in found.ids] == found.labels.tolist()
    for item in planned[::40]:
        image = shipped_thumbnail(ROOT / "data" / "demo", item.id)
        assert (image is None) if split == "test" else image.shape == (64, 64, 3) and image.std() > 10


def test_what_is_shipped_of_them_is_small():
    files = [evaluation_folder(Workspace(ROOT), "demo", split, name) / SHIPPED
             for split in ("train", "valid", "test") for name in MODELS]  # fmt: skip
    assert sum(file.stat().st_size for file in files) < 3_000_000
    assert (ROOT / "data" / "demo" / "thumbnails.zip").stat().st_size < 2_000_000
    evaluations = Workspace(ROOT).evaluations_dir / "demo"
    shipped = [path for name in ("metrics.json", "predictions.parquet", "df2.csv") for path in evaluations.rglob(name)]
    assert sum(path.stat().st_size for path in shipped) < 2_000_000


@pytest.mark.parametrize("damage", ["packed", "cut", "no archive"])
def test_a_damaged_file_of_thumbnails_shows_none(tmp_path, damage):
    how = zipfile.ZIP_DEFLATED if damage == "packed" else zipfile.ZIP_STORED
    with zipfile.ZipFile(tmp_path / "thumbnails.zip", "w", how) as archive:
        archive.writestr("train/a/1.webp", b"0" * 500)
    content = bytearray((tmp_path / "thumbnails.zip").read_bytes())
    # Within the member's content, behind its header.
    content[46:50] = b"\xff\xff\xff\xff"
    kept = {"packed": content, "cut": content[:60], "no archive": b"GIF89a"}[damage]
    (tmp_path / "thumbnails.zip").write_bytes(kept)
    assert shipped_thumbnail(tmp_path, "train/a/1.jpg") is None


def test_thumbnails_that_claim_more_than_they_may_are_not_read(tmp_path, monkeypatch):
    """Two members of a few bytes whose directory says that they hold 60 MB each: together above the bound of 100 MB."""
    path = tmp_path / "thumbnails.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("1", "2"):
            archive.writestr(f"train/a/{name}.webp", b"0" * 500)
    content = path.read_bytes()
    assert content.count((500).to_bytes(4, "little") * 2) == 4
    path.write_bytes(content.replace((500).to_bytes(4, "little") * 2, (60_000_000).to_bytes(4, "little") * 2))
    reads = []
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, member: reads.append(member) or b"")
    assert shipped_thumbnail(tmp_path, "train/a/1.jpg") is None and not reads
