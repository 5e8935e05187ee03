"""Embeddings on disk: what is kept equals what is computed, whatever happens to the files."""

import os
import tracemalloc

import numpy as np
import pytest

import carvis
from carvis.feature_space import cache as cache_module
from carvis.feature_space import model_pass
from carvis.feature_space.cache import EmbeddingCache
from carvis.images import write_image
from carvis.workspace import ArrayCache, Workspace, content_hash
from tests.feature_space.small_models import SCORES, classifier, make_images


@pytest.fixture
def data(tmp_path):
    return make_images(tmp_path / "data" / "colours")


@pytest.fixture
def passes(monkeypatch):
    """Count the passes through a model."""
    count = []
    own = model_pass._make_pass

    def counting(clf, layer):
        run = own(clf, layer)
        return lambda images: count.append(len(images)) or run(images)

    monkeypatch.setattr(model_pass, "_make_pass", counting)
    return count


def entries(data):
    return sorted((data.root.parent / "cache" / "embeddings").glob("[!.]*"))


def test_kept_ones_equal_fresh_ones_and_are_not_computed_again(data, passes):
    clf = classifier()
    first = carvis.embeddings(clf, data)
    assert passes == [6] and len(entries(data)) == 1
    # Another object of the same model, built another way round.
    again = carvis.embeddings(classifier(), carvis.Dataset(data.root))
    assert passes == [6]
    fresh = carvis.embeddings(classifier(), make_images(data.root.parents[1] / "elsewhere" / "colours"))
    for other in (again, fresh):
        assert other.vectors.tobytes() == first.vectors.tobytes()
        assert other.ids.tolist() == first.ids.tolist() and other.labels.tolist() == first.labels.tolist()
    for kept in (first, again):
        assert isinstance(kept.vectors, np.memmap) and not kept.vectors.flags.writeable


def test_the_name_tells_models_and_images_apart(data, passes):
    clf = classifier()
    carvis.embeddings(clf, data)
    carvis.embeddings(clf.replace(resize="bilinear"), data)
    other = classifier()
    other.model.get_layer("scores").set_weights([SCORES * 2])
    carvis.embeddings(other, data)
    assert len(passes) == 3 and len(entries(data)) == 3
    # The same name and size, and even the same time: the content decides.
    file = data.root / "test" / "blue" / "0.png"
    before = file.stat()
    write_image(file, np.full((6, 6, 3), (0, 0, 254), np.uint8))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    carvis.embeddings(clf, carvis.Dataset(data.root))
    assert len(passes) == 4 and len(entries(data)) == 4


def test_files_are_read_once_for_their_name(data, passes, monkeypatch):
    carvis.embeddings(classifier(), data)
    monkeypatch.setattr("carvis.feature_space.split_content.sha256_of_file", lambda path: pytest.fail(path))
    carvis.embeddings(classifier(), data)
    assert len(passes) == 1


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def swap(file, old, new):
    file.write_text(file.read_text().replace(old, new))


DAMAGES = {
    "a bit": lambda entry: flip(entry / "features"),
    "its end": lambda entry: (entry / "features").write_bytes((entry / "features").read_bytes()[:-4]),
    "its sums": lambda entry: (entry / "sums.json").write_text("[1]"),
    "its table": lambda entry: flip(entry / "images.parquet"),
    "no table": lambda entry: (entry / "images.parquet").unlink(),
    "no facts": lambda entry: (entry / "embeddings.json").write_bytes(b""),
    "other facts": lambda entry: swap(entry / "embeddings.json", '"width": 4', '"width": 2'),
    "an unknown source": lambda entry: swap(entry / "embeddings.json", "score-input", "elsewhere"),
    "a later format": lambda entry: swap(entry / "embeddings.json", '"format": 2', '"format": 3'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_ones_are_computed_again(data, passes, damage):
    first = np.array(carvis.embeddings(classifier(), data).vectors)
    [entry] = entries(data)
    damage(entry)
    again = carvis.embeddings(classifier(), data)
    np.testing.assert_array_equal(again.vectors, first)
    assert len(passes) == 2
    carvis.embeddings(classifier(), data)
    assert len(passes) == 2


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_a_link_in_the_place_of_an_entry_is_not_followed(data, passes):
    carvis.embeddings(classifier(), data)
    [entry] = entries(data)
    moved = entry.rename(data.root.parents[1] / "moved")
    entry.symlink_to(moved)
    carvis.embeddings(classifier(), data)
    assert len(passes) == 2


def test_those_unused_for_longest_make_room(data, monkeypatch):
    """The bound holds two entries, but not three: 4,700 bytes are reckoned for the next one."""
    clf = classifier()
    carvis.embeddings(clf, data)
    size = sum(file.stat().st_size for file in entries(data)[0].iterdir())
    monkeypatch.setattr(EmbeddingCache.__init__, "__defaults__", (int(1.5 * size) + 4800,))
    for resize in ("bilinear", "bicubic", "area"):
        os.utime(entries(data)[0])
        carvis.embeddings(clf.replace(resize=resize), data)
    assert len(entries(data)) == 2
    monkeypatch.setattr(EmbeddingCache.__init__, "__defaults__", (10,))
    found = carvis.embeddings(clf.replace(preprocessing="tf"), data)
    assert not isinstance(found.vectors, np.memmap) and len(entries(data)) == 2


def test_where_the_cache_cannot_be_written_they_are_given_all_the_same(data, passes):
    (data.root.parent / "cache").write_text("in the way")
    found = carvis.embeddings(classifier(), data)
    assert len(found) == 6 and passes == [6]


def test_memory_stays_flat_for_many_images(tmp_path):
    """80 MB of vectors are written and read in less than a third of it, most of which is a buffer of fixed size."""
    rows, width, batch = 40_000, 512, 500
    arrays = ArrayCache(tmp_path / "arrays", 10**9)
    values = np.ones((batch, width), np.float32)
    tracemalloc.start()
    with arrays.writing() as writer:
        for _ in range(rows // batch):
            writer.append(values)
        writer.keep("a", (rows, width), "float32")
    opened = arrays.get("a", (rows, width), "float32")
    assert cache_module._finite(opened)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < rows * width * 4 / 3 and opened.shape == (rows, width)


def test_a_workspace_can_be_named(data, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    carvis.embeddings(classifier(), data, workspace=other)
    assert (other / "data" / "cache" / "embeddings").is_dir() and not (data.root.parent / "cache").exists()
    assert Workspace(other).clear_leftovers() == 0


def test_what_was_kept_before_normalisations_behind_the_scores_were_looked_through_is_made_again(
    data, passes, monkeypatch
):
    """In format 1 the scores themselves were kept where a normalisation stands behind them."""
    with monkeypatch.context() as earlier:
        earlier.setattr(cache_module, "FORMAT", 1)
        carvis.embeddings(classifier(), data)
    [old] = entries(data)
    assert cache_module.embedding_key("model", "images") != content_hash("embeddings", 1, "model", "images")
    carvis.embeddings(classifier(), data)
    assert passes == [6, 6]
    assert EmbeddingCache(Workspace(data.root.parents[1])).open(old.name) is None
