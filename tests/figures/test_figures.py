import numpy as np

from carvis.explain import Heatmap
from carvis.figures import figure_bytes, heatmap_comparison, write_figure
from carvis.images import read_image


def heatmap(raw, status="ok", **facts):
    options = {
        "raw": np.array(raw, np.float32),
        "status": status,
        "target": 0,
        "target_name": "Golf",
        "predicted": 0,
        "predicted_name": "Golf",
        "score": 2.0,
        "score_kind": "logit",
        "probabilities": np.array([0.8, 0.2], np.float32),
        "class_names": ("Golf", "ポロ"),
        "layer": "conv",
        "method": "grad-cam",
        "model_name": "m",
        "fingerprint": "f",
        "preprocessing": "unit",
    }
    return Heatmap(**(options | facts))


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


IMAGE = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)


def test_a_comparison_shows_each_model_with_its_answer():
    wrong = heatmap([[0, 1], [2, 4]], predicted=1, predicted_name="ポロ", probabilities=np.array([0.3, 0.7]))
    figure = heatmap_comparison(IMAGE, {"own": heatmap([[1, 0], [0, 0]]), "transfer": wrong}, "Golf")
    labels = texts(figure)
    assert "Golf 80% ✓" in labels and "ポロ 70% ✗" in labels
    assert "conv · 2x2" in labels and "conv · 2x2 · for Golf" in labels
    own_map = figure.axes[3].images[0].get_array()
    np.testing.assert_array_equal(own_map, [[1, 0], [0, 0]])
    np.testing.assert_array_equal(figure.axes[5].images[0].get_array(), [[0, 0.25], [0.5, 1]])


def test_a_model_of_other_classes_is_neither_right_nor_wrong():
    labels = texts(heatmap_comparison(IMAGE, {"own": heatmap([[1, 0], [0, 0]])}, "Corsa"))
    assert "Golf 80%" in labels


def test_a_map_without_evidence_says_so_and_leaves_the_image():
    figure = heatmap_comparison(IMAGE, {"own": heatmap([[0, 0], [0, 0]], "zero-gradient")})
    labels = texts(figure)
    assert "no evidence" in labels and "choose another layer" in " ".join(" ".join(labels).split())
    np.testing.assert_array_equal(figure.axes[2].images[0].get_array(), IMAGE)


def test_the_same_figure_is_the_same_bytes(tmp_path):
    def draw():
        return heatmap_comparison(IMAGE, {"own": heatmap([[1, 0], [0, 0]])}, colormap="tutorial")

    assert figure_bytes(draw()) == figure_bytes(draw())
    assert read_image(write_figure(tmp_path / "map.png", draw())).shape[1] > 600


def test_a_grey_image_is_drawn():
    figure_bytes(heatmap_comparison(IMAGE[..., :1], {"own": heatmap([[1, 0], [0, 0]])}))
