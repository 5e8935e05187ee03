"""Embeddings that ``evaluate`` takes along: from the same passes, and found again without TensorFlow."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import carvis
from carvis.classifier import load_classifier, save_classifier
from carvis.cli import main
from carvis.dataset import Dataset
from carvis.evaluation import evaluate, evaluation_folder, load_evaluation
from carvis.feature_space import model_pass, split_content, stored_embeddings
from carvis.workspace import Workspace, sha256_of_file
from tests.feature_space.small_models import SCORES, VECTORS, classifier, half, make_images


@pytest.fixture
def workspace(tmp_path):
    make_images(tmp_path / "data" / "colours", splits=("train", "test"))
    save_classifier(classifier(), tmp_path / "models" / "tiny.keras")
    return Workspace(tmp_path)


def opened(workspace):
    return load_classifier(workspace.models_dir / "tiny.keras")


def evaluated(workspace, **options):
    evaluation = evaluate(opened(workspace), workspace.data_dir / "colours", leakage=False, **options)
    evaluation.save(evaluation_folder(workspace, "colours", "test", "tiny"))
    return evaluation


NAMES = ("colours", "test", "tiny")


def test_one_pass_gives_predictions_and_embeddings(workspace, monkeypatch):
    calls = []
    own = model_pass._make_pass

    def counting(clf, layer):
        run = own(clf, layer)
        return lambda images: calls.append(len(images)) or run(images)

    monkeypatch.setattr(model_pass, "_make_pass", counting)
    monkeypatch.setattr("carvis.classifier.Classifier.predict_prepared", lambda *args: pytest.fail("a second pass"))
    evaluation = evaluated(workspace, batch_size=4)
    assert calls == [4, 2]
    found = stored_embeddings(workspace, NAMES)
    assert found.ids.tolist() == evaluation.predictions["id"].tolist()
    np.testing.assert_array_equal(found.vectors, half([VECTORS[name] for name in found.labels]))
    assert (found.model, found.dataset, found.split, found.layer) == ("tiny", "colours", "test", "scores")
    assert found.fingerprint == opened(workspace).fingerprint
    for other in (
        stored_embeddings(workspace, evaluation),
        stored_embeddings(str(workspace.root), load_evaluation(evaluation_folder(workspace, *NAMES))),
        carvis.embeddings(opened(workspace), workspace.data_dir / "colours"),
    ):
        assert other.vectors.tobytes() == found.vectors.tobytes()
        assert other.ids.tolist() == found.ids.tolist() and other.labels.tolist() == found.labels.tolist()
    # The last one found what the evaluation had kept.
    assert calls == [4, 2]


def test_the_predictions_are_those_without_bit_for_bit(workspace):
    with_them, without = evaluated(workspace), evaluated(workspace, embeddings=False)
    assert with_them.predictions.equals(without.predictions)
    for name in with_them.predictions.filter(like="p:"):
        assert with_them.predictions[name].to_numpy().tobytes() == without.predictions[name].to_numpy().tobytes()
    assert with_them.metrics == without.metrics
    assert stored_embeddings(workspace, with_them) is not None
    assert "embeddings" not in without.setup and stored_embeddings(workspace, NAMES) is None


def test_they_are_read_without_tensorflow(workspace):
    evaluated(workspace)
    script = (
        "import sys; from carvis.feature_space import stored_embeddings\n"
        f"found = stored_embeddings({str(workspace.root)!r}, {NAMES!r})\n"
        "print(found.vectors.shape, found.words, {'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().startswith("(6, 4) ") and done.stdout.strip().endswith("set()")


def test_those_of_an_earlier_model_are_not_given(workspace):
    evaluation = evaluated(workspace)
    clf = classifier()
    clf.model.get_layer("scores").set_weights([SCORES + 1])
    save_classifier(clf, workspace.models_dir / "tiny.keras", overwrite=True)
    assert stored_embeddings(workspace, NAMES) is None and stored_embeddings(workspace, evaluation) is None
    (workspace.models_dir / "tiny.keras").unlink()
    assert stored_embeddings(workspace, NAMES) is not None


def replace_image(workspace, sample):
    """Make an image another one of the same size and time; only its content differs."""
    path = workspace.data_dir / "colours" / sample
    times = path.stat()
    content = bytearray(path.read_bytes())
    # Within the checksum of the last chunk, which no reader looks at.
    content[-1] ^= 255
    path.write_bytes(content)
    return path, times


def test_an_image_replaced_since_has_no_vector_and_is_named(workspace):
    evaluation = evaluated(workspace)
    path, _times = replace_image(workspace, "test/blue/0.png")
    os.utime(path, ns=(1, 1))
    for found in (stored_embeddings(workspace, NAMES), stored_embeddings(workspace, evaluation)):
        assert found.changed == ("test/blue/0.png",) and len(found) == 5
        assert found.ids.tolist() == evaluation.predictions["id"].tolist()[1:]
        np.testing.assert_array_equal(found.vectors, half([VECTORS[name] for name in found.labels]))
        assert found.changed_note == (
            "1 image of colours was replaced after tiny was evaluated on it and is ignored: evaluate the model again "
            "with --split test."
        )
    # Evaluated again it has one.
    evaluated(workspace)
    assert stored_embeddings(workspace, NAMES).changed == () and len(stored_embeddings(workspace, NAMES)) == 6


def test_only_files_with_another_size_or_time_are_read(workspace, monkeypatch):
    evaluated(workspace)
    reads = []
    monkeypatch.setattr(split_content, "sha256_of_file", lambda path: reads.append(path) or sha256_of_file(path))
    assert stored_embeddings(workspace, NAMES).changed == () and reads == []
    touched = workspace.data_dir / "colours" / "test" / "blue" / "0.png"
    touched.touch()
    assert stored_embeddings(workspace, NAMES).changed == () and reads == [str(touched)]
    # What was read once is known.
    assert stored_embeddings(workspace, NAMES).changed == () and len(reads) == 1


def test_without_what_is_remembered_all_files_are_read_once(workspace, monkeypatch):
    """As in a workspace copied from another machine; a replaced file is found all the same."""
    from carvis.feature_space import write_shipped

    evaluation = evaluated(workspace)
    folder = evaluation_folder(workspace, *NAMES)
    write_shipped(stored_embeddings(workspace, NAMES), opened(workspace).sha256, folder)
    shutil.rmtree(workspace.cache_dir)
    path, times = replace_image(workspace, "test/red/1.png")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    reads = []
    monkeypatch.setattr(split_content, "sha256_of_file", lambda path: reads.append(path) or sha256_of_file(path))
    for _ in range(2):
        assert stored_embeddings(workspace, evaluation).changed == ("test/red/1.png",)
        assert len(reads) == 6


def test_images_that_are_not_there_keep_their_vectors(workspace):
    evaluated(workspace)
    shutil.rmtree(workspace.data_dir / "colours" / "test" / "blue")
    assert len(stored_embeddings(workspace, NAMES)) == 6
    shutil.rmtree(workspace.data_dir / "colours")
    assert len(stored_embeddings(workspace, NAMES)) == 6


def test_a_model_that_knows_fewer_classes_forgets_no_hashes(workspace, monkeypatch):
    data = Dataset(workspace.data_dir / "colours").samples("test")
    assert None not in split_content.SplitContent(data, workspace).hashes()
    split_content.SplitContent(data.iloc[:4], workspace).hashes()
    monkeypatch.setattr(split_content, "sha256_of_file", lambda path: pytest.fail("read again"))
    assert None not in split_content.SplitContent(data, workspace).hashes()


@pytest.mark.parametrize("key", ["../../../etc", "", None, "0" * 64, 7, ["a"]])
def test_a_file_that_names_something_else_gives_none(workspace, key):
    evaluated(workspace)
    file = evaluation_folder(workspace, *NAMES) / "metrics.json"
    document = json.loads(file.read_text())
    document["setup"]["embeddings"] = key
    file.write_text(json.dumps(document))
    assert stored_embeddings(workspace, NAMES) is None


@pytest.mark.parametrize("names", [("colours", "test", "other"), ("..", "..", ".."), ("../../..", "x", "y")])
def test_what_is_not_there_gives_none(workspace, names):
    assert stored_embeddings(workspace, names) is None


def test_an_image_that_cannot_be_read_is_ignored(workspace):
    (workspace.data_dir / "colours" / "test" / "blue" / "0.png").write_bytes(b"\x89PNG no image")
    evaluation = evaluated(workspace)
    found = stored_embeddings(workspace, NAMES)
    assert found.ids.tolist() == evaluation.predictions["id"].tolist() and len(found) == 5
    again = carvis.embeddings(opened(workspace), workspace.data_dir / "colours")
    assert again.ids.tolist() == found.ids.tolist()


def test_an_image_that_is_removed_meanwhile_costs_the_embeddings_only(workspace, monkeypatch):
    gone = workspace.data_dir / "colours" / "test" / "blue" / "0.png"

    def hash_after_removal(path):
        gone.unlink(missing_ok=True)
        return sha256_of_file(path)

    monkeypatch.setattr("carvis.feature_space.split_content.sha256_of_file", hash_after_removal)
    evaluation = evaluated(workspace)
    assert len(evaluation.predictions) == 5 and "embeddings" not in evaluation.setup


def test_a_cache_that_cannot_be_written_costs_the_embeddings_only(workspace):
    workspace.cache_dir.write_text("in the way")
    evaluation = evaluated(workspace)
    assert len(evaluation.predictions) == 6 and "embeddings" not in evaluation.setup


def test_the_command_line_keeps_them_unless_told_not_to(workspace, capsys):
    arguments = ["evaluate", str(workspace.models_dir / "tiny.keras"), str(workspace.data_dir / "colours")]
    arguments += ["--no-leakage", "--workspace", str(workspace.root)]
    assert main([*arguments, "--no-embeddings"]) == 0
    assert stored_embeddings(workspace, NAMES) is None
    assert main(arguments) == 0
    assert len(stored_embeddings(workspace, NAMES)) == 6
    capsys.readouterr()
