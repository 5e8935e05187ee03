"""Methods of a shared model that are replaced for a while: other threads notice nothing, and nothing stays behind."""

import threading

import keras
import numpy as np

from carvis.classifier.method_patches import patched
from carvis.classifier.model_call import call_model, fed_as_float
from carvis.classifier.ranges.input import first_weights_input


class Thing:
    def name(self):
        return "own"


def test_a_patch_holds_in_its_own_thread_and_is_gone_afterwards():
    thing, heard = Thing(), []
    with patched(thing, "name", lambda own: f"not {own()}"):
        with patched(thing, "name", lambda own: f"{own()} at all"):
            assert thing.name() == "not own at all"
        other = threading.Thread(target=lambda: heard.append(thing.name()))
        other.start()
        other.join()
        assert thing.name() == "not own" and heard == ["own"]
    assert thing.name() == "own" and "name" not in vars(thing)


def test_threads_that_patch_at_once_leave_nothing_behind():
    thing, inside, heard = Thing(), threading.Event(), []

    def second():
        inside.wait(10)
        with patched(thing, "name", lambda own: "second"):
            heard.append(thing.name())

    waiting = threading.Thread(target=second)
    waiting.start()
    with patched(thing, "name", lambda own: "first"):
        inside.set()
        # Long enough for the other one to come in, were it let in.
        waiting.join(0.3)
        assert thing.name() == "first" and not heard
    waiting.join(10)
    assert heard == ["second"] and thing.name() == "own" and "name" not in vars(thing)


def test_looking_at_what_reaches_the_weights_stops_no_other_thread():
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2, name="head")])
    images, heard = np.ones((1, 4, 4, 3), np.float32), []
    own, head = call_model(model, images).numpy(), model.get_layer("head")
    with patched(
        model.layers[0], "call", lambda call, x, **how: (_predicted_elsewhere(model, images, heard), call(x))[1]
    ):
        assert first_weights_input(model, images).shape == (1, 48)
    np.testing.assert_array_equal(heard[0], own)
    assert "call" not in vars(head)


def _predicted_elsewhere(model, images, heard):
    other = threading.Thread(target=lambda: heard.append(call_model(model, images).numpy()))
    other.start()
    other.join(20)


def test_only_the_thread_that_feeds_floats_does():
    image = keras.Input((2, 2, 3), dtype="uint8")
    model = keras.Model(image, keras.layers.Flatten()(keras.ops.cast(image, "float32")))
    images, heard = np.full((1, 2, 2, 3), 0.6, np.float32), []
    with fed_as_float(model):
        assert call_model(model, images).numpy().max() == np.float32(0.6)
        _predicted_elsewhere(model, images, heard)
    assert heard[0].max() == 1.0 == call_model(model, images).numpy().max()
