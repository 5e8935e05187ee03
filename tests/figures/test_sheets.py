import numpy as np

from carvis.figures import figure_bytes, image_sheet


def test_each_image_has_its_words_and_each_row_its_title():
    image = np.full((8, 8, 3), 90, np.uint8)
    rows = [("before", [image, image], ["filter 1", "$x$"]), ("後", [image[..., :1], image], ["", ""])]
    figure = image_sheet(rows, title="conv")
    assert [axes.get_xlabel() for axes in figure.axes] == ["filter 1", "$x$", "", ""]
    assert [axes.get_title("left") for axes in figure.axes] == ["before", "", "後", ""]
    assert figure_bytes(figure).startswith(b"\x89PNG")
