"""What a model file says of itself: its kind, the Keras that wrote it and its architecture, read as plain JSON."""

import contextlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from carvis.classifier.safety import check_architecture, check_archive, check_hdf5
from carvis.classifier.stored_member import StoredMember
from carvis.errors import ModelError
from carvis.language import Message

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAX_JSON = 200_000_000
_ZIP_MAGIC = b"PK\x03\x04"
_OTHER_FORMATS = {
    ".pb": Message("a TensorFlow graph"),
    ".tflite": Message("a TensorFlow Lite model"),
    ".pkl": Message("a Python pickle"),
    ".pickle": Message("a Python pickle"),
    ".joblib": Message("a Python pickle"),
    ".pt": Message("a PyTorch model"),
    ".pth": Message("a PyTorch model"),
    ".onnx": Message("an ONNX model"),
    ".safetensors": Message("a file of bare weights"),
    ".npz": Message("a file of bare weights"),
    ".ckpt": Message("a TensorFlow checkpoint"),
    ".json": Message("a text file without weights"),
}
_OTHER_MAGICS = {
    b"\xff\xd8\xff": Message("a JPEG image"),
    b"\x89PNG": Message("a PNG image"),
    b"GIF8": Message("a GIF image"),
    b"version https://git-lfs": Message("a pointer of Git LFS without the file it points to"),
    b"<!DOCTY": Message("a web page"),
    b"<html": Message("a web page"),
    b"\x1f\x8b": Message("a gzip archive"),
}


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
                yield file.get("model_weights", file)
        else:
            with zipfile.ZipFile(self.path) as archive, _weights_member(archive) as file:
                # Places are read at random, so nothing else compares the sum of all bytes.
                with archive.open(WEIGHTS) as member:
                    while member.read(1 << 20):
                        pass
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
            raise _other(path, start)
        if not trust:
            check_architecture(file.config, path, legacy=file.legacy)
    except ModelError:
        raise
    # Damage shows in many kinds of error: OSError, KeyError, BadZipFile, RecursionError, zlib.error, ...
    except Exception as error:
        raise damaged(path, error) from error
    return file


def damaged(path: Path, error: BaseException) -> ModelError:
    """Return the error for a file that is not whole, with the reason in one line."""
    return ModelError(
        Message(
            "{path} is damaged ({reason}): get the file again, or save the model from Keras as a .keras file.",
            path=path,
            reason=reason_of(error),
        )
    )


def reason_of(error: BaseException) -> str:
    """Return what an error says, in one short line."""
    # Keras wraps what happened in advice and whole configs, and colours it.
    text = re.sub(r"\x1b\[\d*m", "", str(error)).rpartition("Exception encountered: ")[2]
    return " ".join(text.split())[:200].rstrip(".:") or type(error).__name__


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        if (path / "saved_model.pb").exists():
            raise ModelError(
                Message(
                    "{path} is a TensorFlow SavedModel folder: save the model from Keras as a .keras file.", path=path
                )
            )
        raise ModelError(Message("{path} is a folder: name a .keras or .h5 file in it.", path=path))
    try:
        with open(path, "rb") as file:
            start = file.read(64)
    except FileNotFoundError:
        raise ModelError(Message("{path} does not exist: check the path.", path=path)) from None
    except OSError as error:
        raise ModelError(
            Message("{path} may not be read ({reason}): check its permissions.", path=path, reason=error.strerror)
        ) from None
    if not start:
        raise ModelError(Message("{path} is empty: get the file again.", path=path))
    return start


def _other(path: Path, start: bytes) -> ModelError:
    kind = next((kind for magic, kind in _OTHER_MAGICS.items() if start.startswith(magic)), None)
    kind = kind or _OTHER_FORMATS.get(path.suffix.lower())
    if start.startswith(_ZIP_MAGIC):
        kind = kind or Message("a zip without a Keras model in it")
    if kind:
        return ModelError(
            Message(
                "{path} is {kind}, not a Keras model: save the model from Keras as a .keras file.",
                path=path,
                kind=kind,
            )
        )
    return ModelError(
        Message(
            "{path} is no Keras model file (neither HDF5 nor a .keras archive), or its beginning is damaged: save the"
            " model from Keras as a .keras file, or get the file again.",
            path=path,
        )
    )


def _json(text: str | bytes) -> dict:
    if len(text) > _MAX_JSON:
        raise ValueError("its architecture is too long")
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("its architecture is no JSON object")
    return value


def _is_layer(entry) -> bool:
    """Tell whether a config, and all layers in it, name a class and its settings."""
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        return False
    settings = entry.get("config")
    if isinstance(settings, list):
        return all(_is_layer(inner) for inner in settings)
    if not isinstance(settings, dict):
        return False
    model = entry["class_name"] in ("Sequential", "Functional", "Model")
    layers = settings.get("layers") if model else []
    needed = ("input_layers", "output_layers") if model and entry["class_name"] != "Sequential" else ()
    return isinstance(layers, list) and all(key in settings for key in needed) and all(map(_is_layer, layers))


def _architecture(text: str | bytes, path: Path) -> dict:
    config = _json(text)
    if not _is_layer(config):
        raise ModelError(
            Message(
                "{path} holds an architecture that is not of Keras 1, 2 or 3: save the model anew with one of them.",
                path=path,
            )
        )
    return config


def _read_hdf5(path: Path, trust: bool) -> ModelFile:
    with h5py.File(path, "r") as file:
        check_hdf5(file, path, trust=trust)
        attributes = file.attrs
        named = "layer_names" in attributes or "layer_names0" in attributes
        # An architecture that was put into a file of bare weights stands beside them.
        if "model_config" not in attributes or not (named or "model_weights" in file):
            bare = named or "layers" in file
            if bare or "model_weights" in file:
                raise ModelError(
                    Message(
                        "{path} holds weights without an architecture: save the whole model from Keras with"
                        " model.save('name.keras').",
                        path=path,
                    )
                )
            raise ModelError(
                Message(
                    "{path} holds no Keras model: save the whole model from Keras with model.save('name.keras').",
                    path=path,
                )
            )
        holder = file.get("model_weights", file)
        version = attributes.get("keras_version", holder.attrs.get("keras_version", "1"))
        return ModelFile(path, "hdf5", _text(version), _architecture(_text(attributes["model_config"]), path))


def _text(value) -> str:
    # Some tools write a text as an array of one.
    value = value.flat[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _read_archive(path: Path, trust: bool) -> ModelFile:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        missing = [name for name in (CONFIG, WEIGHTS) if name not in names]
        if len(missing) == 1:
            raise damaged(path, ValueError(f"it lacks {missing[0]}"))
        if missing:
            raise _other(path, _ZIP_MAGIC)
        check_archive(archive, path, trust=trust)
        config = _architecture(archive.read(CONFIG), path)
        metadata = _json(archive.read(METADATA)) if METADATA in names else {}
        with _weights_member(archive) as file:
            check_hdf5(file, path, trust=trust)
        # Every Keras writes its version. Where a file lost it, its inputs tell: Keras 3 calls their shape batch_shape.
        lost = "2" if '"batch_input_shape"' in json.dumps(config) else "3"
        return ModelFile(path, "keras", str(metadata.get("keras_version") or lost), config)


@contextlib.contextmanager
def _weights_member(archive: zipfile.ZipFile) -> Iterator[h5py.File]:
    # Keras stores the member uncompressed, so that it can be read in place; else it has to be unpacked first.
    stored = archive.getinfo(WEIGHTS).compress_type == zipfile.ZIP_STORED
    with contextlib.ExitStack() as stack:
        if stored:
            file = stack.enter_context(open(archive.filename, "rb"))
            member = StoredMember(file, archive.getinfo(WEIGHTS))
        else:
            member = io.BytesIO(archive.read(WEIGHTS))
        yield stack.enter_context(h5py.File(member, "r"))
