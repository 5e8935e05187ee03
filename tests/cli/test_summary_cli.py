"""``summary``: names stay whole, lines fit the terminal, the totals are Keras' own."""

import keras
import numpy as np
import pytest

from carvis.cli import main
from carvis.cli.layer_lines import LayerLines
from carvis.images import write_image

L = keras.layers


@pytest.fixture
def nested(tmp_path, monkeypatch):
    inner = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            L.Conv2D(4, 3, name="a_convolution_with_a_name_that_goes_on_and_on_for_fifty"),
            L.BatchNormalization(name="batch"),
            L.GlobalAveragePooling2D(name="pool"),
        ],
        name="a_backbone_within_a_model_that_is_named_at_length",
    )
    inner.trainable = False
    model = keras.Sequential([keras.Input((32, 32, 3)), inner, L.Dropout(0.5), L.Dense(2, activation="softmax")])
    model.save(tmp_path / "nested.keras")
    monkeypatch.chdir(tmp_path)
    return model


@pytest.mark.parametrize("columns", [80, 200])
def test_names_are_whole_and_lines_fit(nested, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    names = ",".join(f"a class with a long name {i}" for i in range(2))
    assert main(["summary", "nested.keras", "--classes", names]) == 0
    lines = capsys.readouterr().out.splitlines()
    path = "a_backbone_within_a_model_that_is_named_at_length/a_convolution_with_a_name_that_goes_on_and_on_for_fifty"
    table = lines[lines.index("nested") : -3]
    assert all(len(line) <= columns for line in table)
    assert path in ("".join(line.strip() for line in table) if columns < len(path) else "\n".join(table))
    # 3 * 3 * 3 * 4 + 4 of the convolution, 4 * 4 of the normalisation, 4 * 2 + 2 of the head that learns.
    assert "5 layers, 138 parameters, 10 trainable, 128 frozen" in lines
    assert sum(line.rstrip().endswith("frozen") or " frozen " in line for line in table) == 2


def test_totals_count_shared_layers_once():
    from carvis.classifier.layers import totals

    image = keras.Input((8, 8, 3))
    shared = L.Conv2D(3, 1)
    result = totals(keras.Model(image, L.Add()([shared(image), shared(shared(image))])))
    assert result == (2, 12, 12) and result.frozen == 0


def test_rows_on_paper():
    table = LayerLines(["layer", "type", "n"], {2}, 20)
    table.add_row("conv", "Conv2D", "1,792")
    table.add_row("a_long_name", "Conv2D", "3")
    assert table.lines() == [
        "layer    type      n",
        "conv   Conv2D  1,792",
        "a_long_name",
        "       Conv2D      3",
    ]
    assert np.all([len(line) <= 20 for line in table.lines()])


def test_names_come_from_the_data_set_of_a_workspace_that_is_named(nested, tmp_path, capsys):
    for label in ("boat", "car"):
        write_image(tmp_path / "mini_pictures" / "test" / label / "one.png", np.zeros((8, 8, 3), np.uint8))
    for arguments, names in (([], "class 0, class 1"), (["--workspace", str(tmp_path)], "boat, car")):
        assert main(["summary", "nested.keras", *arguments]) == 0
        assert f"2 classes: {names}" in capsys.readouterr().out
