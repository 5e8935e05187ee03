import numpy as np
import pandas as pd

from carvis.figures import figure_bytes, map_differences
from carvis.images import overlay_difference
from tests.figures.test_figures import IMAGE, heatmap, texts


def test_each_pair_has_a_row_and_the_swap_its_figures():
    maps = {"own": heatmap([[0, 1], [2, 4]]), "ポロ": heatmap([[4, 1], [2, 0]]), "blank": heatmap([[1, 1]], "constant")}
    swap = pd.DataFrame([[0.5, 0.25, 0], [0.1, 0.9, 0], [np.nan] * 3], index=list(maps), columns=list(maps))
    figure = map_differences(IMAGE, maps, swap)
    labels = texts(figure)
    assert labels.count("red: more for own") == 2 and "blue: more for ポロ" in labels
    assert "rank correlation -0.80" in " ".join(labels) and labels.count("no evidence to compare") == 2
    assert {"50%", "25%", "90%", "–"} <= set(labels)
    assert figure_bytes(figure) == figure_bytes(map_differences(IMAGE, maps, swap))


def test_a_difference_is_red_here_blue_there_and_the_grey_image_elsewhere():
    image = np.full((2, 4, 3), (90, 120, 150), np.uint8)
    laid = overlay_difference(image, np.array([[2, 2, 0, -2]]), top=2, alpha=1.0)
    red, blue = laid[0, 0].astype(int), laid[0, 3].astype(int)
    assert red[0] > red[2] and blue[2] > blue[0]
    assert laid[0, 2].tolist() == [120, 120, 120]
