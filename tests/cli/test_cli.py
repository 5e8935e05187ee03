"""The command line as a person uses it: exit codes, sentences, files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier, ModelCard, save_classifier
from carvis.cli import main
from carvis.explain import Heatmap, request
from carvis.images import read_image

L = keras.layers


@pytest.fixture
def workspace(tmp_path, make_pictures, monkeypatch):
    """Red, green and blue images, two models that tell them apart, and a table with Windows paths."""
    for name, rgb in (("red", (220, 20, 20)), ("green", (20, 220, 20)), ("blue", (20, 20, 220))):
        make_pictures(tmp_path / "data" / "mini" / "test" / name, [f"{name}_{i}.png" for i in range(2)], rgb)
    for name in ("one", "two"):
        image = keras.Input((8, 8, 3))
        x = L.Conv2D(3, 1, use_bias=False, name="conv")(image)
        model = keras.Model(image, L.Dense(3, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D()(x)))
        model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), 5 * np.eye(3, dtype=np.float32)])
        clf = Classifier(model, ["red", "green", "blue"], preprocessing="unit", name=name, card=ModelCard())
        save_classifier(clf, tmp_path / "models" / f"{name}.keras")
    rows = [r"mini\test\red\red_0.png", r"mini\test\blue\blue_1.png", r"mini\test\blue\gone.png"]
    (tmp_path / "df2.csv").write_text("\n".join([",PATH", *(f"{i},{row}" for i, row in enumerate(rows))]), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


def test_summary_shows_layers_and_what_can_be_explained(workspace, capsys):
    assert main(["summary", "models/one.keras"]) == 0
    output = capsys.readouterr().out
    assert "conv" in output and "default" in output
    assert "18 parameters, 18 trainable, 0 frozen" in output
    assert "3 classes: red, green, blue" in output


def test_heatmaps_of_a_table_are_written_for_each_model(workspace, capsys):
    assert main(["heatmaps", "models/one.keras", "models/two.keras", "df2.csv", "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert "2 of 2 images, 2 models" in captured.out
    assert "gone.png" in captured.err and "missing" in captured.err
    written = sorted(path.name for path in Path("out").iterdir())
    stems = ("test_blue_blue_1", "test_red_red_0")
    endings = ("--one.jpg", "--one.npz", "--two.jpg", "--two.npz", "--heatmaps.png")
    assert written == sorted(f"{stem}{ending}" for stem in stems for ending in endings)
    heatmap = Heatmap.load("out/test_red_red_0--one.npz")
    assert (heatmap.predicted_name, heatmap.layer, heatmap.raw.shape) == ("red", "conv", (8, 8))
    overlay = read_image("out/test_red_red_0--one.jpg")
    assert overlay.shape == read_image("data/mini/test/red/red_0.png").shape


def test_the_tutorial_look_and_a_target_by_name(workspace):
    image = "data/mini/test/red/red_0.png"
    arguments = ["--out", "out", "--target", "blue", "--colormap", "tutorial", "--scale", "density"]
    assert main(["heatmaps", "models/one.keras", image, *arguments]) == 0
    assert Heatmap.load("out/red_0--one.npz").target_name == "blue"


def test_a_contrast_by_another_method(workspace, capsys):
    image = "data/mini/test/red/red_0.png"
    arguments = ["--out", "out", "--target", "red", "--against", "2", "--gamma", "0.5", "--method", "layercam"]
    assert main(["heatmaps", "models/one.keras", image, *arguments]) == 0
    heatmap = Heatmap.load("out/red_0--one.npz")
    assert (heatmap.target_name, heatmap.method) == ("red rather than 0.5 x blue", "layercam")
    assert main(["heatmaps", "models/one.keras", image, "--against", "pink", "--out", "more"]) == 2
    assert "pink is not a class" in capsys.readouterr().err


def test_fast_maps_where_the_processor_has_the_units_and_a_sentence_where_not(workspace, capsys, monkeypatch):
    command = ["heatmaps", "models/one.keras", "data/mini/test/red/red_0.png", "--precision", "fast", "--out", "out"]
    monkeypatch.setattr(request, "has_bfloat16", lambda: False)
    assert main(command) == 2 and "no bfloat16 units" in capsys.readouterr().err and not Path("out").exists()
    monkeypatch.setattr(request, "has_bfloat16", lambda: True)
    assert main(command) == 0
    assert Heatmap.load("out/red_0--one.npz").precision == "fast"


def test_nothing_that_is_there_is_overwritten_unasked(workspace, capsys):
    source = Path("data/mini/test/red/red_0.png")
    before = source.read_bytes()
    command = ["heatmaps", "models/one.keras", str(source), "--out", str(source.parent)]
    assert main(command) == 0 and source.read_bytes() == before
    assert main(command) == 2 and "already exists" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    # An overlay of an earlier run as the image: not even with leave.
    overlay = source.parent / "red_0--one.jpg"
    overlay.rename(source.parent / "red--one.jpg")
    shutil.copy(source.parent / "red--one.jpg", source.parent / "red.jpg")
    both = [str(source.parent / name) for name in ("red.jpg", "red--one.jpg")]
    assert main(["heatmaps", "models/one.keras", *both, "--out", str(source.parent), "--overwrite"]) == 2


def test_two_maps_never_share_a_file(workspace, capsys):
    for name in ("y--z", "z"):
        shutil.copy("models/one.keras", f"models/{name}.keras")
    for name in ("x", "x--y"):
        shutil.copy("data/mini/test/red/red_0.png", f"{name}.png")
    command = ["heatmaps", "models/y--z.keras", "models/z.keras", "x.png", "x--y.png", "--out", "out"]
    assert main(command) == 2 and "rename one of the images or models" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_class_whose_name_is_a_number_is_meant_by_its_name(workspace):
    image = "data/mini/test/red/red_0.png"
    names = ["--classes", "2,1,0", "--out", "out"]
    assert main(["heatmaps", "models/one.keras", image, "--target", "2", *names]) == 0
    assert Heatmap.load("out/red_0--one.npz").target == 0
    assert main(["heatmaps", "models/one.keras", image, "--target", "²", "--out", "more"]) == 2


def test_class_names_from_a_long_list_or_an_old_file(workspace, capsys):
    long = ",".join(letter * 150 for letter in "abc")
    assert main(["summary", "models/one.keras", "--classes", long]) == 0
    Path("names.txt").write_bytes("赤\n緑\n青".encode("cp932"))
    assert main(["summary", "models/one.keras", "--classes", "names.txt"]) == 0
    assert "赤, 緑, 青" in capsys.readouterr().out


def test_the_encoding_of_lists_and_tables_is_found_or_named(workspace, capsys):
    Path("names.txt").write_bytes("Citroën\nb\nc".encode("mac_roman"))
    assert main(["summary", "models/one.keras", "--classes", "names.txt", "--encoding", "mac_roman"]) == 0
    assert "Citroën, b, c" in capsys.readouterr().out
    shutil.copytree("data/mini/test/red", "data/mini/test/ドア")
    Path("jp.csv").write_bytes("PATH\nmini\\test\\ドア\\red_0.png\n".encode("euc_jp"))
    assert main(["heatmaps", "models/one.keras", "jp.csv", "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert "1 of 1 image, 1 model" in captured.out and "jp.csv was read as euc_jp" in captured.out
    for encoding, problem in (("utf-8", "not text in utf-8"), ("klingon", "no encoding klingon")):
        assert main(["heatmaps", "models/one.keras", "jp.csv", "--out", "more", "--encoding", encoding]) == 2
        assert problem in capsys.readouterr().err


def test_folders_and_patterns_wherever_a_file_works(workspace, capsys):
    Path("data/mini/test/red/notes.heic").write_bytes(b"x")
    shutil.copy("data/mini/test/red/red_0.png", "data/mini/test/green/red_0.PNG")
    images = ["data/mini/test/red", r"data\mini\*\green\*.png", "df2.csv"]
    assert main(["heatmaps", r"models\o*.keras", *images, "--out", "out"]) == 0
    captured = capsys.readouterr()
    # red_0 is named by the folder and by the table, and counts once.
    assert "6 of 6 images, 1 model: written to" in captured.out
    assert "1 file of data/mini/test/red is no image that can be read: notes.heic (HEIC" in captured.err
    names = sorted(path.name.removesuffix("--one.npz") for path in Path("out").glob("*.npz"))
    assert names == ["green_0", "green_1", "green_red_0", "red_1", "red_red_0", "test_blue_blue_1"]
    assert Heatmap.load("out/green_red_0--one.npz").predicted_name == "red"
    assert main(["activations", "models/one.keras", "data/mini", "--out", "acts"]) == 0
    assert len(list(Path("acts").glob("*.npz"))) == 7
    assert main(["summary", "models/one.*"]) == 0


def test_what_cannot_be_done_does_not_stop_the_rest(workspace, capsys):
    """A label that the model was not taught, a half-written model, an empty folder, a missing table."""
    Path("models/half.keras").write_bytes(Path("models/one.keras").read_bytes()[:900])
    folder = Path("data/mini/test/a$_{x$")
    folder.mkdir()
    shutil.copy("data/mini/test/red/red_0.png", folder / "odd.png")
    Path("empty").mkdir()
    images = ["empty", "none.csv", str(folder / "odd.png"), "data/mini/test/red/red_0.png"]
    assert main(["heatmaps", "models/half.keras", "models/one.keras", *images, "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert "2 of 2 images, 1 model: written to" in captured.out
    assert all(name in captured.err for name in ("half.keras", "none.csv", "empty holds no image"))
    assert main(["heatmaps", "models/one.keras", *images[2:], "--target", "true", "--out", "more"]) == 0
    assert "a$_{x$" in capsys.readouterr().err


def test_one_broken_image_does_not_stop_the_rest(workspace, capsys):
    Path("bad.png").write_bytes(b"x")
    assert main(["heatmaps", "models/one.keras", "bad.png", "data/mini/test/red/red_0.png", "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert "bad.png" in captured.err and "1 of 2 images" in captured.out
    assert main(["heatmaps", "models/one.keras", "bad.png", "--out", "out"]) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["summary", "models/none.keras"], "none.keras"),
        (["summary", "df2.csv"], "df2.csv"),
        (["summary", "models"], "models"),
        (["heatmaps", "df2.csv"], "No model given"),
        (["heatmaps", "models/one.keras"], "No image given"),
        (["heatmaps", "models/one.keras", "models"], "No image given"),
        (["heatmaps", "models/one.keras", "data/mini/*/magic/*.png"], "Nothing matches data/mini/*/magic/*.png"),
        (["heatmaps", "models/magic*.keras", "data/mini"], "Nothing matches models/magic*.keras"),
        (["summary", "models/*.keras"], "models/*.keras matches 2 models"),
        (["heatmaps", "models/one.keras", "none.csv"], "none.csv"),
        (["heatmaps", "models/one.keras", "df2.csv", "--colormap", "magic"], "viridis"),
        (["heatmaps", "models/one.keras", "df2.csv", "--alpha", "7"], "0 and 1"),
        (["heatmaps", "models/one.keras", "df2.csv", "--layer", "magic"], "magic"),
        (["heatmaps", "models/one.keras", "df2.csv", "--target", "magic"], "magic"),
        (["summary", "models/one.keras", "--classes", "a,b"], "3 classes"),
        (["summary", "models/one.keras", "--roots", "none"], "unrecognized"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(workspace, arguments, says, capsys):
    try:
        code = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    output = capsys.readouterr().err
    assert code == 2
    assert says in output
    assert "usage:" in output or sum(line.startswith("carvis: ") for line in output.splitlines()) == 1


def test_the_command_itself_ends_with_2_and_no_traceback(workspace):
    # The child runs in the workspace, so the library is found by its folder whether or not it is installed.
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "carvis", "summary", "models/none.keras"]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, check=False)
    assert result.returncode == 2
    assert "none.keras" in result.stderr and "Traceback" not in result.stderr


def test_evaluate_draws_the_confusion_matrix_into_a_new_file(workspace, capsys):
    Path("makes.csv").write_text("class,make\nred,x\ngreen,y\nblue,x\n", "utf-8")
    command = ["evaluate", "models/one.keras", "data/mini", "--out", "ev", "--figure", "confusion.png"]
    assert main([*command, "--cells", "row", "--order", "super", "--super-classes", "makes.csv", "--log"]) == 0
    assert "Written to confusion.png" in capsys.readouterr().out
    assert read_image("confusion.png").shape[0] > 300
    for more, problem in (
        ([], "confusion.png already exists"),
        (["--figure", "confusion.txt"], "it must end in .png"),
        (["--figure", "new.png", "--super-classes", "gone.csv"], "gone.csv"),
    ):
        assert main([*command, *more]) == 2
        assert problem in capsys.readouterr().err
    assert not Path("new.png").exists()


def test_alpha_names_a_reading_and_for_overlays_a_strength(capsys):
    import argparse

    from carvis.cli import evaluate, heatmaps

    def parsed(verb, *arguments):
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        return parser.parse_args([*arguments])

    args = parsed(heatmaps, "m.keras", "a.png", "--alpha", "0.3", "--alpha", "drop-alpha", "--orientation", "as-stored")
    assert (args.strength, args.alpha, args.orientation) == (0.3, "drop-alpha", "as-stored")
    assert parsed(heatmaps, "m.keras", "a.png").strength == 0.5
    assert parsed(evaluate, "m.keras", "data", "--alpha", "on-black").alpha == "on-black"
    for verb, value in ((evaluate, "0.3"), (heatmaps, "on-pink"), (evaluate, "on-pink")):
        with pytest.raises(SystemExit):
            parsed(verb, "m.keras", "data", "--alpha", value)
        assert "drop-alpha, on-white or on-black" in capsys.readouterr().err
