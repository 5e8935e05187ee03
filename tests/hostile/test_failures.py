"""What TensorFlow, Keras and numpy raise while a model computes: one sentence, with the file and the remedy."""

import ast
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import carvis
from carvis.classifier import load_classifier
from carvis.classifier.model_call import traced
from carvis.classifier.runtime_errors import model_failures, sentence_of
from carvis.cli import _run
from carvis.errors import ModelError
from carvis.language import Message, localised, speaking
from tests.hostile.models import saved, sequential

L = keras.layers
ROOT = Path(__file__).parents[2]
NARROW = keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(3)])
FAILURES = {
    "numpy's memory": (lambda: np.zeros(10**14), "out of memory"),
    "Python's memory": (lambda: bytearray(10**14), "out of memory"),
    "TensorFlow's memory": (lambda: tf.zeros((10**7, 10**7)), "out of memory"),
    "shapes of a product": (lambda: tf.matmul(tf.zeros((2, 3)), tf.zeros((2, 3))), "Matrix size-incompatible"),
    "shapes of a sum": (lambda: keras.ops.add(np.zeros((2, 3)), np.zeros((4, 5))), "Incompatible shapes"),
    "another size": (lambda: NARROW(tf.zeros((1, 9, 9, 3))), "to have value 192"),
    "another size, traced": (lambda: tf.function(NARROW)(tf.zeros((1, 9, 9, 3))), "to have value 192"),
    "another rank": (lambda: NARROW(tf.zeros((1, 8, 8))), "cannot process this input"),
    "too small": (lambda: L.Conv2D(1, 3)(tf.zeros((1, 1, 1, 3))), "output size would be"),
    "not implemented": (lambda: tf.raw_ops.Cast(x=tf.constant("a"), DstT=tf.float32), "Cast string to float"),
    "internal": (lambda: (_ for _ in ()).throw(tf.errors.InternalError(None, None, "Blas GEMM failed")), "GEMM failed"),
    "a GPU's memory": (
        lambda: (_ for _ in ()).throw(tf.errors.InternalError(None, None, "failed to allocate 3 GB")),
        "out of memory",
    ),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_one_sentence_with_the_file_and_the_remedy(kind):
    fail, said = FAILURES[kind]
    with pytest.raises(ModelError, match=said) as error, model_failures("models/a.keras"):
        fail()
    sentence = error.value.args[0]
    assert isinstance(sentence, Message) and str(sentence).startswith("models/a.keras") and "\n" not in sentence
    assert "--batch-size" in sentence or "--input-size" in sentence or "save" in sentence
    assert "Traceback" not in sentence and "{{" not in sentence and len(sentence) < 500
    with speaking("ja"):
        assert localised(sentence) != str(sentence)


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyError("x"), ValueError("no such method"), OSError("x")])
def test_faults_of_the_program_stay_what_they_are(error):
    assert sentence_of(error) is None


@pytest.fixture
def clf(tmp_path):
    """A model whose input is open, though only images of 8 x 8 fit: that shows when it computes."""
    model = sequential(L.Conv2D(2, 1, name="conv"), L.Reshape((8, 8, 2), name="reshape"), shape=(None, None, 3))
    return load_classifier(saved(model, tmp_path), input_size=16)


IMAGES = np.zeros((1, 16, 16, 3), np.uint8)
CALLS = {
    "predict": lambda clf: clf.predict(IMAGES),
    "grad-cam": lambda clf: carvis.heatmaps(clf, IMAGES),
    "occlusion": lambda clf: carvis.heatmaps(clf, IMAGES, method="occlusion"),
    "smoothgrad": lambda clf: carvis.heatmaps(clf, IMAGES, method="smoothgrad"),
    "activations": lambda clf: carvis.activations(clf, IMAGES[0]),
    "filters": lambda clf: carvis.filter_patterns(clf, "reshape", filters=[0], size=16, steps=1),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_of_a_model_tells_its_file(clf, call):
    with pytest.raises(ModelError) as error:
        CALLS[call](clf)
    assert str(clf.path) in str(error.value) and "--input-size" in str(error.value)


def test_nobody_traces_or_calls_a_model_past_the_sentences():
    """Outside training, whose runs tell what broke them off, only ``model_call.py`` may use ``tf.function``."""
    for path in (ROOT / "carvis").rglob("*.py"):
        if path.parent.name == "training" or path.name == "model_call.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            function = isinstance(node, ast.Attribute) and node.attr == "function"
            assert not (function and getattr(node.value, "id", "") == "tf"), f"{path} traces past model_call.traced"
            called = isinstance(node, ast.Call) and ast.unparse(node.func) in ("clf.model", "self.clf.model", "model")
            assert not called, f"{path} calls a model past call_model"


@pytest.mark.parametrize("kind", ["numpy's memory", "another size", "not implemented"])
def test_the_command_line_ends_with_2(kind, capsys):
    fail, said = FAILURES[kind]

    class Arguments:
        @staticmethod
        def run(args):
            fail()

    assert _run(Arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.startswith("carvis: ") and "Traceback" not in error


def test_what_fails_while_tensorflow_traces_is_one_line():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])

    def forward(images):
        with model_failures("m.keras"):
            raise ValueError("Exception encountered when calling x: it cannot")
        return images

    signature = [tf.TensorSpec([None, 8, 8, 3], tf.float32)]
    with pytest.raises(ModelError, match=r"^m\.keras cannot process") as caught:
        traced(model, forward, signature)(np.zeros((1, 8, 8, 3), np.float32))
    assert "\n" not in str(caught.value)
