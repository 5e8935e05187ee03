"""How the tokens of a transformer are laid on a grid, and which layer of it is explained."""

import keras
import numpy as np
import pytest
from keras import ops

from carvis.classifier import load_classifier, read_card, save_classifier
from carvis.classifier.card import read_grid
from carvis.classifier.geometry.token_grid import GivenTokens, TokenGrid, grids_of
from carvis.classifier.layer_graph import LayerGraph
from carvis.errors import ModelError, UntrustedModelError
from carvis.explain import heatmaps
from tests.transformers import L, PatchesAndClass, block, classifier, noise, of_own_classes, swin, vit


@pytest.mark.parametrize(
    ("count", "sides", "expected"),
    [
        (196, (224, 224), ["14x14"]),  # ViT-B/16 without a class token
        (197, (224, 224), ["14x14 + 1"]),  # ViT-B/16
        (198, (224, 224), ["14x14 + 2"]),  # DeiT with its distillation token
        (577, (384, 384), ["24x24 + 1"]),
        (1374, (518, 518), ["37x37 + 5"]),  # DINOv2 ViT-/14: class token and four registers
        (3136, (224, 224), ["56x56"]),  # Swin, first stage
        (49, (224, 224), ["7x7"]),
        (33, (64, 128), ["4x8 + 1"]),
        (128, (128, 256), ["8x16"]),
        (9, (48, 48), ["3x3", "2x2 + 5"]),  # ambiguous
        (17, (48, 48), ["4x4 + 1"]),
        (7, (224, 224), ["2x2 + 3"]),
        (50, (100, 70), []),
        (1, (32, 32), []),
    ],
)
def test_grids_that_a_number_of_tokens_allows(count, sides, expected):
    assert list(map(str, grids_of(count, sides))) == expected
    assert all(grid.count == count and grid.after == 0 for grid in grids_of(count, sides))


def test_laying_by_hand():
    grid = TokenGrid(2, 3, before=2, after=1)
    laid = grid.lay(np.arange(9)[None])
    assert laid.tolist() == [[[2, 3, 4], [5, 6, 7]]]
    assert grid.on_grid().tolist() == [False] * 2 + [True] * 6 + [False]
    assert grid.lay(ops.ones((4, 9, 5))).shape == (4, 2, 3, 5)


def test_what_is_given():
    grids = grids_of(9, (48, 48))
    assert GivenTokens((3, 3)).of(9, grids) == TokenGrid(3, 3, 0, origin="given")
    assert GivenTokens((2, 2), 5).of(9, grids) == GivenTokens(None, 5).of(9, grids) == TokenGrid(2, 2, 5, 0, "given")
    assert GivenTokens((2, 2), 4).of(9, grids) is None and GivenTokens((4, 4)).of(9, grids) is None
    assert GivenTokens().of(9, grids) is None
    assert read_grid("14") == (14, 14) and read_grid("7x14") == (7, 14) and read_grid("") is None
    with pytest.raises(ModelError, match="twelve is not a grid of tokens"):
        read_grid("twelve")


def grid_of(clf, path):
    return clf.layer_graph.by_path[path].tokens


def test_a_head_of_the_class_token_is_explained_before_the_last_attention():
    """Behind the last attention each token goes its own way, and only the class token is read.

    What enters that attention is explained, not the sum before its normalisation: the grid's tokens pass that alone.
    """
    clf = classifier(vit())
    assert clf.default_layer == "b1_norm1" and clf.layer_graph.passes_all("b1_norm1")
    assert grid_of(clf, "b0_out") == TokenGrid(4, 4, before=1)
    used = clf.layer_graph.tokens_used
    assert used(clf.layer_graph.by_path["norm"]).tolist() == [True] + [False] * 16
    assert used(clf.layer_graph.by_path["b1_mid"]).tolist() == [True] + [False] * 16
    assert used(clf.layer_graph.by_path["b0_out"]).all()
    notes = clf.layer_graph.notes("b0_out")
    assert notes[0] == "The 17 tokens of b0_out lie on a grid of 4x4: read from the model's graph."
    assert notes[1] == "1 extra token of b0_out (class or register token) is ignored."
    assert any(
        "explain b1_norm1, the last layer whose grid reaches it" in note for note in clf.layer_graph.notes("norm")
    )
    assert clf.completed_layers == [
        "patches", "with_extra", "placed", "b0_mid", "b0_out", "b1_norm1", "b1_attention", "b1_mid", "b1_out", "norm",
    ]  # fmt: skip
    assert clf.conv_layers == ["patches"]
    table = clf.layer_table().set_index("name")
    assert table.loc["b0_out", "explainable"] and table.loc["b0_out", "output_shape"] == "17 x 8"


@pytest.mark.parametrize(("registers", "extra"), [(0, 0), (2, 2)])
def test_a_head_of_the_mean_is_explained_at_its_end(registers, extra):
    clf = classifier(vit(head="mean", registers=registers))
    assert clf.default_layer == "norm" and grid_of(clf, "norm") == TokenGrid(4, 4, before=extra)


def picked(tokens):
    return L.GlobalAveragePooling1D()(tokens[:, 1:])


def cropped(tokens):
    return L.GlobalAveragePooling1D()(L.Cropping1D((1, 0))(tokens))


def as_a_map(tokens):
    return L.GlobalAveragePooling2D()(L.Reshape((4, 4, 8), name="map")(tokens[:, 1:]))


def both(tokens):
    return L.Concatenate()([tokens[:, 0], L.GlobalAveragePooling1D()(tokens[:, 1:])])


@pytest.mark.parametrize("head", [picked, cropped, as_a_map, both])
def test_heads_that_read_the_tokens_of_the_grid(head):
    image = keras.Input((16, 16, 3))
    x = L.ZeroPadding1D((1, 0), name="padded")(L.Reshape((16, 8))(L.Conv2D(8, 4, 4)(image)))
    x = L.LayerNormalization(name="norm")(block(x, "b0", 8, 2))
    clf = classifier(keras.Model(image, L.Dense(3, activation="softmax")(head(x))))
    assert clf.default_layer == "norm" and grid_of(clf, "norm") == TokenGrid(4, 4, before=1)
    assert clf.layer_graph.tokens_used(clf.layer_graph.by_path["norm"])[1:].all()


def test_windows_and_merged_patches():
    clf = classifier(swin())
    assert grid_of(clf, "w1_out") == TokenGrid(8, 8) and grid_of(clf, "norm") == TokenGrid(4, 4)
    assert clf.default_layer == "norm"


def test_tokens_of_an_oblong_image():
    image = keras.Input((16, 32, 3))
    x = block(L.Reshape((-1, 8))(L.Conv2D(8, 4, 4)(image)), "b0", 8, 2)
    clf = classifier(keras.Model(image, L.Dense(3)(L.GlobalAveragePooling1D()(x))))
    assert grid_of(clf, clf.default_layer) == TokenGrid(4, 8)


@pytest.mark.parametrize(("last", "grid"), [(False, TokenGrid(4, 4, 1, 0)), (True, TokenGrid(4, 4, 0, 1))])
def test_layers_of_a_persons_own_are_measured(last, grid):
    clf = classifier(of_own_classes(class_last=last))
    assert (str(grid_of(clf, "embedding")), grid_of(clf, "embedding").before) == (str(grid), grid.before)
    assert grid_of(clf, "norm").origin == "measured"
    # The second block mixes; behind it the head reads the class token alone.
    assert clf.default_layer == "block0"
    assert "measured by changing parts of the image" in clf.layer_graph.notes("block0")[0]


def test_tokens_in_another_order_are_not_taken_for_a_grid():
    clf = classifier(of_own_classes(columns_first=True))
    assert clf.default_layer is None
    with pytest.raises(ModelError, match="does not output a feature map"):
        clf.map_calls("block0")


def mixed(side):
    image = keras.Input((side, side, 3))
    x = PatchesAndClass(16, mixing=True, name="embedding")(image)
    return keras.Model(image, L.Dense(3, activation="softmax")(L.GlobalAveragePooling1D()(x)))


def test_tokens_that_are_mixed_at_once_are_counted():
    clf = classifier(mixed(64))
    assert clf.default_layer == "embedding" and grid_of(clf, "embedding") == TokenGrid(4, 4, origin="counted")
    assert "lie on a grid of 4x4: assumed from their number" in clf.layer_graph.notes("embedding")[0]


def test_an_ambiguous_number_of_tokens_names_the_grids(tmp_path):
    clf = classifier(mixed(48))
    assert clf.default_layer is None
    with pytest.raises(ModelError, match=r"9 tokens of net fit more than one grid: 3x3, 2x2 \+ 5 "):
        heatmaps(clf, noise(1, 48))
    with pytest.raises(ModelError, match="fit more than one grid"):
        heatmaps(clf, noise(1, 48), layer="embedding")
    given = clf.replace(token_grid=(3, 3))
    assert heatmaps(given, noise(1, 48))[0].raw.shape == (3, 3) and given.fingerprint != clf.fingerprint
    assert "as given" in given.layer_graph.notes("embedding")[0]
    # The card keeps it.
    path = save_classifier(given, tmp_path / "net.keras")
    assert read_card(path).token_grid == [3, 3] and read_card(path).extra_tokens is None
    with pytest.raises(UntrustedModelError, match="PatchesAndClass"):
        load_classifier(path)
    loaded = load_classifier(path, trust=True)
    assert loaded.default_layer == "embedding" and loaded.fingerprint == given.fingerprint
    other = load_classifier(path, trust=True, token_grid=2)
    assert grid_of(other, "embedding") == TokenGrid(2, 2, 5, origin="given")
    wrong = load_classifier(path, trust=True, token_grid=(5, 5))
    assert any("No layer of net has tokens with the grid 5x5" in sentence for sentence in wrong.assumptions)


def test_saving_and_loading_plain_layers_needs_no_trust(tmp_path):
    path = save_classifier(classifier(vit()), tmp_path / "vit.keras")
    clf = load_classifier(path)
    assert clf.default_layer == "b1_norm1" and grid_of(clf, "b1_norm1") == TokenGrid(4, 4, before=1)


def test_other_layers_of_three_axes_are_no_tokens():
    """Rows of pixels as a series, as recurrent networks take them."""
    image = keras.Input((16, 16, 3))
    x = L.LSTM(4, return_sequences=True, name="rows")(L.Reshape((16, 48))(image))
    graph = LayerGraph(keras.Model(image, L.Dense(3)(L.Flatten()(x))), "net")
    assert graph.by_path["rows"].tokens is None and graph.default is None
