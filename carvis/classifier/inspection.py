"""What a model file says of itself: its kind, the Keras that wrote it and its architecture, read as plain JSON."""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py

from carvis.classifier.safety import check_architecture, check_archive, check_hdf5
from carvis.errors import ModelError

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAX_JSON = 200_000_000
_ZIP_MAGIC = b"PK\x03\x04"
_SAVE_AGAIN = "save the model from Keras as a .keras file"
_OTHER_FORMATS = {
    ".pb": "a TensorFlow graph",
    ".tflite": "a TensorFlow Lite model",
    ".pkl": "a Python pickle",
    ".pickle": "a Python pickle",
    ".joblib": "a Python pickle",
    ".pt": "a PyTorch model",
    ".pth": "a PyTorch model",
    ".onnx": "an ONNX model",
    ".safetensors": "a file of bare weights",
    ".npz": "a file of bare weights",
    ".ckpt": "a TensorFlow checkpoint",
    ".json": "a text file without weights",
}
_OTHER_MAGICS = {b"\xff\xd8\xff": "a JPEG picture", b"\x89PNG": "a PNG picture", b"GIF8": "a GIF picture"}


@dataclass(frozen=True)
class ModelFile:
    """A model file whose architecture was read, and nothing of it run.

    Args:
        path: where it lies.
        kind: ``hdf5`` or ``keras`` (a zip).
        keras_version: of the Keras that wrote it, as far as it says.
        config: the architecture, ``{"class_name": ..., "config": ...}``.
    """

    path: Path
    kind: str
    keras_version: str
    config: dict

    @property
    def legacy(self) -> bool:
        """Whether Keras 1 or 2 wrote it; TensorFlow's Keras counts as 2 whatever its number (2.4.0, 2.2.4-tf)."""
        major = self.keras_version.partition(".")[0]
        return not major.isdigit() or int(major) < 3

    @contextlib.contextmanager
    def weights(self) -> Iterator[h5py.Group]:
        """Open the HDF5 group that holds the weights."""
        if self.kind == "hdf5":
            with h5py.File(self.path, "r") as file:
                yield file["model_weights"]
        else:
            with zipfile.ZipFile(self.path) as archive, _weights_member(archive) as file:
                yield file


def read_model_file(path: str | Path, *, trust: bool = False) -> ModelFile:
    """Read the architecture of a ``.keras``, ``.h5`` or ``.hdf5`` file and refuse what could run code.

    Args:
        path: the file; its content decides, not its ending.
        trust: leave out the refusals.

    Raises:
        UntrustedModelError: it holds code, foreign classes, or parts that point outside the file.
        ModelError: missing, damaged, not a Keras model, or weights without an architecture.
    """
    path = Path(path)
    start = _first_bytes(path)
    try:
        if start.startswith(_ZIP_MAGIC):
            file = _read_archive(path, trust)
        elif h5py.is_hdf5(path):
            file = _read_hdf5(path, trust)
        else:
            raise ModelError(f"{path} is {_guess(path, start)}: {_SAVE_AGAIN}.")
        if not trust:
            check_architecture(file.config, path, legacy=file.legacy)
    except ModelError:
        raise
    # Damage shows in many kinds of error: OSError, KeyError, BadZipFile, RecursionError, zlib.error, ...
    except Exception as error:
        raise damaged(path, error) from error
    return file


def damaged(path: Path, error: BaseException) -> ModelError:
    """Return the error for a file that breaks while it is opened, with the reason in one line."""
    reason = " ".join(str(error).split())[:200].rstrip(".:") or type(error).__name__
    return ModelError(f"{path} cannot be opened ({reason}): get the file again, or {_SAVE_AGAIN}.")


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        if (path / "saved_model.pb").exists():
            raise ModelError(f"{path} is a TensorFlow SavedModel folder: {_SAVE_AGAIN}.")
        raise ModelError(f"{path} is a folder: name a .keras or .h5 file in it.")
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist: check the path.") from None
    except OSError as error:
        raise ModelError(f"{path} may not be read ({error.strerror}): check its permissions.") from None
    if not start:
        raise ModelError(f"{path} is empty: get the file again.")
    return start


def _guess(path: Path, start: bytes) -> str:
    for magic, kind in _OTHER_MAGICS.items():
        if start.startswith(magic):
            return f"{kind}, not a Keras model"
    kind = _OTHER_FORMATS.get(path.suffix.lower())
    return f"{kind}, which carvis does not open" if kind else "not a Keras model, or it is damaged"


def _json(text: str | bytes) -> dict:
    if len(text) > _MAX_JSON:
        raise ValueError("its architecture is too long")
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("its architecture is no JSON object")
    return value


def _architecture(text: str | bytes) -> dict:
    config = _json(text)
    if not isinstance(config.get("class_name"), str) or not isinstance(config.get("config"), (dict, list)):
        raise ValueError("its architecture names no model")
    return config


def _read_hdf5(path: Path, trust: bool) -> ModelFile:
    with h5py.File(path, "r") as file:
        check_hdf5(file, path, trust=trust)
        attributes = file.attrs
        if "model_config" not in attributes or "model_weights" not in file:
            bare = "layer_names" in attributes or "layer_names0" in attributes or "layers" in file
            inside = "weights without an architecture" if bare else "no Keras model"
            raise ModelError(f"{path} holds {inside}: save the whole model from Keras with model.save('name.keras').")
        version = attributes.get("keras_version", file["model_weights"].attrs.get("keras_version", "1"))
        return ModelFile(path, "hdf5", _text(version), _architecture(_text(attributes["model_config"])))


def _text(value) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _read_archive(path: Path, trust: bool) -> ModelFile:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if CONFIG not in names or WEIGHTS not in names:
            kind = _OTHER_FORMATS.get(path.suffix.lower(), "a zip without a Keras model in it")
            raise ModelError(f"{path} is {kind}: {_SAVE_AGAIN}.")
        check_archive(archive, path, trust=trust)
        config = _architecture(archive.read(CONFIG))
        metadata = _json(archive.read(METADATA)) if METADATA in names else {}
        with _weights_member(archive) as file:
            check_hdf5(file, path, trust=trust)
        # Every Keras writes its version; a file that lost it was most likely written by Keras 3.
        return ModelFile(path, "keras", str(metadata.get("keras_version", "3")), config)


@contextlib.contextmanager
def _weights_member(archive: zipfile.ZipFile) -> Iterator[h5py.File]:
    # Keras stores the member uncompressed, so that it can be read in place; else it has to be unpacked first.
    stored = archive.getinfo(WEIGHTS).compress_type == zipfile.ZIP_STORED
    with contextlib.ExitStack() as stack:
        member = stack.enter_context(archive.open(WEIGHTS)) if stored else io.BytesIO(archive.read(WEIGHTS))
        yield stack.enter_context(h5py.File(member, "r"))
