"""TensorFlow starts in silence, and speaks where it fails: tried in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from carvis.startup import module_process

ROOT = Path(__file__).parents[1]


def run(*command, **more):
    env = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    env |= {"PYTHONPATH": str(ROOT), "CARVIS_LANGUAGE": "en"} | more
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env=env, check=False, timeout=300)


def test_summary_says_nothing_on_standard_error(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.save(tmp_path / "tiny.keras")
    result = run("-m", "carvis", "summary", str(tmp_path / "tiny.keras"))
    assert result.returncode == 0 and "dense" in result.stdout
    assert result.stderr == ""


FAKE = {
    "fine": "config = Config(); say('note of another thread')",
    "broken": "say('a reason'); raise ImportError('no such instruction')",
}


@pytest.mark.parametrize("kind", FAKE)
def test_lines_are_held_back_unless_the_import_fails(tmp_path, kind):
    """A stand-in that writes what TensorFlow writes, straight to the descriptor, and then starts or fails."""
    (tmp_path / "tensorflow.py").write_text(
        "import os\n"
        "def say(text): os.write(2, text.encode() + b'\\n')\n"
        "class Config:\n"
        "    def list_physical_devices(self, kind):\n"
        "        say('E0000 00:00:1795657097.540501   26567 cuda.cc:52] failed cuInit'); return [kind]\n"
        "say('WARNING: All log messages before absl::InitializeLog() is called are written to STDERR')\n"
        "say('I0000 00:00:1795657079.046658   26567 port.cc:153] oneDNN custom operations are on.')\n"
        "say('2024-05-01 10:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.')\n"
        "say('To enable the following instructions: AVX2, in other operations, rebuild')\n" + FAKE[kind]
    )
    code = "from carvis.startup import quiet_tensorflow as q; q(); q(); import tensorflow; tensorflow.say('later')"
    result = run("-c", code, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    if kind == "fine":
        assert result.returncode == 0 and result.stderr == "note of another thread\nlater\n"
    else:
        assert result.returncode == 1 and "no such instruction" in result.stderr
        assert result.stderr.startswith("WARNING: All log messages") and "a reason" in result.stderr


def test_a_script_hears_nothing_of_tensorflow_either():
    file = ROOT / "models" / "demo_own.keras"
    result = run("-c", f"import carvis; print(carvis.load_classifier({str(file)!r}).name)")
    assert result.stdout.strip() == "demo_own" and result.stderr == ""


def test_keras_begins_only_when_tensorflow_is_whole(tmp_path):
    """With stand-ins, and in two threads: both at once leave each other with halves of TensorFlow, now and then."""
    files = {
        "tensorflow.py": "import time; time.sleep(0.5)\n"
        "class config: list_physical_devices = staticmethod(lambda kind: [kind])\n"
        "whole = True\n",
        "keras.py": "import sys\nassert getattr(sys.modules.get('tensorflow'), 'whole', False), 'Keras began first'\n",
        "rooms/uses_keras.py": "import keras\n",
        "rooms/uses_tensorflow.py": "import tensorflow\n",
    }
    (tmp_path / "rooms").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code = f"""
import importlib, threading, carvis
from carvis.startup import quiet_tensorflow
quiet_tensorflow()
carvis.__path__.append({str(tmp_path / "rooms")!r})
loaded = []
def load(name):
    importlib.import_module(name)
    loaded.append(name)
threads = [threading.Thread(target=load, args=(f"carvis.uses_{{name}}",)) for name in ("keras", "tensorflow")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
assert len(loaded) == 2, loaded
"""
    result = run("-c", code, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert result.returncode == 0, result.stderr


def test_a_process_of_carvis_imports_nothing_from_the_folder_it_is_started_in(tmp_path, monkeypatch):
    (tmp_path / "argparse.py").write_text("open('run', 'w')")
    monkeypatch.setenv("PYTHONPATH", ".")
    command, environment = module_process("carvis", "--help")
    result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "evaluate" in result.stdout
    assert not (tmp_path / "run").exists()
