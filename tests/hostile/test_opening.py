"""Models that would take a server down: what is tried first, what is refused, and what is said."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import numpy as np
import psutil
import pytest

from carvis.architectures import build_model
from carvis.classifier import load_classifier
from carvis.classifier.files.sandbox.criteria import sandbox_reason, size_reason
from carvis.classifier.files.sandbox.policy import SandboxNeededError, sandbox_first, stored_verdict
from carvis.classifier.files.sandbox.verdict import Verdict, sandbox_verdict
from carvis.classifier.memory_estimate import TooLargeError, estimate_memory, free_memory
from carvis.cli import main
from carvis.errors import ModelError
from tests.hostile.models import attending, nested, repeated, saved, sequential, with_config

L = keras.layers
ROOT = Path(__file__).parents[2]
# Name, layers, shape of the input, and what must be said before anything is computed.
LARGE = {
    "a resize to 60000": ([L.Resizing(60_000, 60_000)], (16, 16, 3), "GB of memory for one image"),
    "a resize of any size": ([L.Resizing(60_000, 60_000)], (None, None, 3), "GB of memory for one image"),
    "a size that overflows": ([L.Resizing(2**31 - 1, 2**31 - 1)], (16, 16, 3), "GB of memory for one image"),
    "upsampling": ([L.UpSampling2D(1_000), L.UpSampling2D(100)], (16, 16, 3), "GB of memory for one image"),
    "padding": ([L.ZeroPadding2D(100_000)], (16, 16, 3), "GB of memory for one image"),
    "transposed strides": ([L.Conv2DTranspose(3, 3, strides=9_000)], (16, 16, 3), "GB of memory for one image"),
    "filters": ([L.Conv2D(3_000_000, 1)], (128, 128, 3), "GB of memory for one image"),
    "a dense layer on maps": ([L.Dense(3_000_000, name="wide")], (128, 128, 3), "GB of memory for one image"),
}
UNUSUAL = {
    "attention": (lambda: attending(8), "MultiHeadAttention"),
    "a loop": (lambda: keras.Sequential([keras.Input((8, 8, 3)), L.Reshape((64, 3)), L.LSTM(3)]), "LSTM"),
    "a wrapped layer": (lambda: keras.Sequential([keras.Input((8, 8, 3)), L.TimeDistributed(L.Dense(3)),
                                                  L.GlobalAveragePooling2D()]), "TimeDistributed"),
    "calls of calls": (lambda: nested(12), "12,290 layers"),
    "3 GB of memory": (lambda: sequential(L.Resizing(8_000, 4_000), L.Conv2D(4, 3)), "one image needs .* GB of memory"),
    "hours": (lambda: sequential(L.Conv2D(64, 61, padding="same"), L.Conv2D(64, 61, padding="same"),
                                 shape=(256, 256, 3)), "billion multiplications"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
def test_what_no_machine_holds_is_refused_before_it_is_computed(kind, tmp_path):
    layers, shape, said = LARGE[kind]
    path = saved(sequential(*[type(one).from_config(one.get_config()) for one in layers], shape=shape), tmp_path)
    with pytest.raises(TooLargeError, match=said) as error:
        load_classifier(path)
    assert str(path) in str(error.value) and "machine with more memory" in str(error.value)


@pytest.mark.parametrize("kind", UNUSUAL)
def test_what_is_unusual_is_not_opened_unasked(kind, tmp_path):
    make, said = UNUSUAL[kind]
    path = saved(make(), tmp_path)
    with sandbox_first(tmp_path / "kept", requested=False), pytest.raises(SandboxNeededError, match=said):
        load_classifier(path)
    assert stored_verdict(path, tmp_path / "kept") is None


def test_a_graph_of_20000_layers_is_not_opened_unasked(tmp_path):
    path = with_config(saved(sequential(L.Activation("relu")), tmp_path), repeated(20_000))
    assert "20,003 layers" in sandbox_reason(path)


@pytest.mark.parametrize("recipe", ["own", "transfer", "fine-tune"])
def test_what_carvis_trains_is_opened_at_once(recipe, tmp_path):
    model = build_model(recipe, 20, 256, weights=None)
    assert size_reason(estimate_memory(model, (256, 256))) is None
    small = build_model(recipe, 4, 64, weights=None, width=8) if recipe == "own" else None
    if small is not None:
        assert sandbox_reason(saved(small, tmp_path)) is None


@pytest.mark.real
def test_old_files_are_opened_at_once(real_data, tmp_path):
    opened = 0
    for path in sorted((real_data / "legacy_h5").iterdir()):
        try:
            assert sandbox_reason(path) is None, path
        except ModelError:
            continue
        with sandbox_first(tmp_path, requested=False):
            load_classifier(path)
        opened += 1
    assert opened >= 4


def test_needs_on_paper():
    """A map of 16 x 16 x 3 to 14 x 14 x 5: 768 and 980 numbers of 4 bytes, 140 weights at 256 places."""
    needs = estimate_memory(sequential(L.Conv2D(5, 3)), (16, 16))
    assert needs.step == 4 * (16 * 16 * 3 + 14 * 14 * 5)
    assert needs.total == 4 * (16 * 16 * 3 + 14 * 14 * 5 + 5 + 3)
    assert needs.products == 16 * 16 * (3 * 3 * 3 * 5 + 5) + 18


def test_a_batch_too_large_is_refused(tmp_path):
    clf = load_classifier(saved(sequential(L.Resizing(2_000, 2_000)), tmp_path))
    batch = np.broadcast_to(np.zeros((1, 16, 16, 3), np.float32), (10**6, 16, 16, 3))
    with pytest.raises(TooLargeError, match=r"a batch of 1000000 images.*--batch-size"):
        clf.predict_prepared(batch)


@pytest.mark.parametrize("verb", ["summary", "evaluate", "heatmaps"])
def test_the_command_line_says_one_sentence(verb, tmp_path, make_pictures, capsys):
    make_pictures(tmp_path / "data" / "test" / "a", ["1.png", "2.png"])
    path = saved(sequential(L.Resizing(60_000, 60_000)), tmp_path)
    data = tmp_path / "data"
    arguments = {"summary": [], "evaluate": [str(data)], "heatmaps": [str(data / "test" / "a")]}
    assert main([verb, str(path), *arguments[verb]]) == 2
    said = capsys.readouterr().err
    assert "GB of memory for one image" in said and "Traceback" not in said and said.count("\n") == 1


def test_a_model_that_takes_too_much_memory_ends_its_own_process(tmp_path):
    path = saved(attending(160), tmp_path)
    before = psutil.Process().memory_info().rss
    with sandbox_first(tmp_path / "kept", memory=600_000_000):
        for _ in range(2):
            with pytest.raises(ModelError, match=r"needs more than 0\.6 GB of memory") as error:
                load_classifier(path)
            assert str(path) in str(error.value)
    # The second time, what came of the first was read: nothing was tried.
    found = stored_verdict(path, tmp_path / "kept")
    assert found.kind == "memory" and psutil.Process().memory_info().rss - before < 300_000_000
    # More memory is worth another attempt.
    with sandbox_first(tmp_path / "kept", requested=False, memory=2_000_000_000), pytest.raises(SandboxNeededError):
        load_classifier(path)


def test_a_model_that_came_through_is_opened_and_not_tried_again(tmp_path):
    path = saved(attending(8), tmp_path)
    with sandbox_first(tmp_path / "kept"):
        clf = load_classifier(path)
    assert clf.predict([np.zeros((8, 8, 3), np.uint8)]).shape == (1, 3)
    copy = path.with_name("copy.keras")
    copy.write_bytes(path.read_bytes())
    with sandbox_first(tmp_path / "kept", requested=False):
        load_classifier(copy)
    # What is kept may be torn or foreign: then the file is tried again.
    for content in (b"", b"[" * 100_000, b'{"kind": 1}', b"null", b'{"refused": 5, "kind": "x", "memory": "y"}'):
        for kept in (tmp_path / "kept").rglob("*.json"):
            kept.write_bytes(content)
        with sandbox_first(tmp_path / "kept", requested=False), pytest.raises(SandboxNeededError):
            load_classifier(copy)


def test_a_refusal_names_the_file_that_was_asked_for(tmp_path):
    path = saved(attending(8), tmp_path)
    with (
        sandbox_first(tmp_path / "kept", seconds=0.2),
        pytest.raises(ModelError, match=r"model\.keras took longer than 0.2"),
    ):
        load_classifier(path)
    path.rename(tmp_path / "other.keras")
    with (
        sandbox_first(tmp_path / "kept", requested=False),
        pytest.raises(ModelError, match=r"other\.keras took longer"),
    ):
        load_classifier(tmp_path / "other.keras")


@pytest.mark.skipif(os.name == "nt", reason="no signals")
def test_a_process_that_breaks_down_is_told(tmp_path):
    def strike():
        while not (
            found := [one for one in psutil.Process().children() if "sandbox.worker" in " ".join(one.cmdline())]
        ):
            time.sleep(0.02)
        found[0].send_signal(signal.SIGSEGV)

    threading.Thread(target=strike, daemon=True).start()
    found = sandbox_verdict(saved(attending(8), tmp_path))
    assert found.kind == "crash" and "exit code -11" in found.refused and str(tmp_path) in found.refused
    assert Verdict.from_facts(json.loads(json.dumps(found.facts()))) == found


@pytest.mark.skipif(os.name == "nt", reason="no signals")
def test_a_sandbox_ends_with_the_process_that_asked_for_it(tmp_path):
    path = saved(attending(64), tmp_path)
    command = f"from carvis.classifier.files.sandbox.verdict import sandbox_verdict; sandbox_verdict({str(path)!r})"
    parent = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT)
    while not (children := psutil.Process(parent.pid).children()):
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    for child in alive:
        child.kill()
    assert not alive


def test_free_memory_is_that_of_this_machine():
    assert 0 < free_memory() <= psutil.virtual_memory().total
