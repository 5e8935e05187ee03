"""What a model file declares: its kind, the Keras that wrote it and its architecture, read as plain JSON."""

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from carvis.classifier.files.architecture import MOST_BYTES, json_object, read_architecture
from carvis.classifier.files.damage import damaged
from carvis.classifier.files.foreign_text import foreign_text
from carvis.classifier.files.hdf5_arrays import StoredGroup, open_arrays, start_of_hdf5
from carvis.classifier.files.keras_archive import ZIP_MAGIC, ModelArchive
from carvis.classifier.files.safety import check_architecture
from carvis.classifier.files.scanner import scan
from carvis.errors import FileKindError, ModelError
from carvis.language import Message, message_of
from carvis.workspace import open_regular, os_reason, os_remedy, shown_path

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_LEFT_OUT = ("optimizer", "metrics", "compile_metrics", "_metrics", "loss_tracker", "seed_generator")
_OTHER_FORMATS = {
    ".pb": Message("a TensorFlow graph"),
    ".tflite": Message("a TensorFlow Lite model"),
    ".pkl": Message("a Python pickle"),
    ".pickle": Message("a Python pickle"),
    ".joblib": Message("a Python pickle"),
    ".pt": Message("a PyTorch model"),
    ".pth": Message("a PyTorch model"),
    ".onnx": Message("an ONNX model"),
    ".safetensors": Message("a file of weights alone"),
    ".npz": Message("a file of weights alone"),
    ".ckpt": Message("a TensorFlow checkpoint"),
    ".json": Message("a text file without weights"),
}
_OTHER_MAGICS = {
    b"\xff\xd8\xff": Message("a JPEG image"),
    b"\x89PNG": Message("a PNG image"),
    b"GIF8": Message("a GIF image"),
    b"version https://git-lfs": Message("a Git LFS pointer without its file"),
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
        parameters: how many weights it holds; the optimizer's, the metrics' and states of layers are not counted.
        file_bytes: its size on the disk.
    """

    path: Path
    kind: str
    keras_version: str
    config: dict
    parameters: int
    file_bytes: int

    @property
    def legacy(self) -> bool:
        """Whether Keras 1 or 2 wrote it; TensorFlow's Keras counts as 2 whatever its number (2.4.0, 2.2.4-tf)."""
        major = self.keras_version.partition(".")[0]
        return not major.isdigit() or int(major) < 3

    def weights(self) -> contextlib.AbstractContextManager[StoredGroup]:
        """Open the group that holds the weights."""
        return open_weights(self.path)


def read_model_file(path: str | Path, *, trust: bool = False) -> ModelFile:
    """Read the architecture of a ``.keras``, ``.h5`` or ``.hdf5`` file and refuse what could run code.

    Args:
        path: the file; its content decides, not its ending.
        trust: allow code and foreign classes. What leads out of the file is refused all the same.

    Raises:
        UntrustedModelError: it holds code, foreign classes, or parts that lead out of the file.
        ModelError: missing, damaged, not a Keras model, or weights without an architecture.
    """
    path = Path(path)
    try:
        with _opened(path) as file:
            # The readers of these two formats can crash.
            apart = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC or start_of_hdf5(file) is not None
        facts = scan(path) if apart else None
        model_file = ModelFile(**facts | {"path": path}) if facts else read_in_process(path)
        if not trust:
            check_architecture(model_file.config, path, legacy=model_file.legacy)
    except ModelError:
        raise
    except Exception as error:
        raise damaged(path, error) from error
    return model_file


def read_in_process(path: Path) -> ModelFile:
    """Read the architecture of a model file in this process, without judging whether it could run code.

    Raises:
        ModelError: as ``read_model_file``.
    """
    try:
        with _opened(path) as file:
            start = file.read(64)
            if not start:
                raise ModelError(Message("{path} is empty: get the file again.", path=path))
            if start.startswith(ZIP_MAGIC):
                return _read_archive(file, path)
            if start_of_hdf5(file) is None:
                raise _other(path, start)
            size = os.fstat(file.fileno()).st_size
            with open_arrays(file, path, size) as root:
                return _read_hdf5(root, path, size)
    except ModelError:
        raise
    # Damage shows in many kinds of error: OSError, KeyError, BadZipFile, RecursionError, zlib.error, ...
    except Exception as error:
        raise damaged(path, error) from error


def _opened(path: Path) -> BinaryIO:
    # Unlike a Path's own questions, this is no error where the path is too long.
    if os.path.isdir(path):
        if (path / "saved_model.pb").exists():
            raise ModelError(
                Message(
                    "{path} is a TensorFlow SavedModel folder: save the model from Keras as a .keras file.", path=path
                )
            )
        raise ModelError(Message("{path} is a folder: give a .keras or .h5 file in it.", path=path))
    try:
        return open_regular(path)
    except FileNotFoundError:
        raise ModelError(Message("{path} does not exist: check the path.", path=path)) from None
    except FileKindError as error:
        raise ModelError(message_of(error)) from None
    except OSError as error:
        raise ModelError(
            Message(
                "{path} cannot be read ({reason}): {remedy}.",
                path=shown_path(path),
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
        ) from None


def _other(path: Path, start: bytes) -> ModelError:
    kind = next((kind for magic, kind in _OTHER_MAGICS.items() if start.startswith(magic)), None)
    kind = kind or _OTHER_FORMATS.get(path.suffix.lower())
    if start.startswith(ZIP_MAGIC):
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
            "{path} is not a Keras model file (neither HDF5 nor a .keras archive), or its beginning is"
            " damaged: save the model from Keras as a .keras file, or get the file again.",
            path=path,
        )
    )


def _read_hdf5(root: StoredGroup, path: Path, size: int) -> ModelFile:
    text = root.attribute("model_config")
    holder = _holder(root)
    named = any(root.attribute(key) is not None for key in ("layer_names", "layer_names0"))
    # An architecture that was put into a file of bare weights stands beside them.
    if text is None or not (named or holder.name):
        if named or holder.name or "layers" in root:
            raise ModelError(
                Message(
                    "{path} contains weights without an architecture: save the whole model from Keras with"
                    " model.save('name.keras').",
                    path=path,
                )
            )
        raise ModelError(
            Message(
                "{path} contains no Keras model: save the whole model from Keras with model.save('name.keras').",
                path=path,
            )
        )
    versions = (root.attribute("keras_version"), holder.attribute("keras_version"), "1")
    version = next(version for version in versions if version is not None)
    config = read_architecture(_text(text), path)
    return ModelFile(path, "hdf5", _version(version), config, count_weights(holder), size)


def _holder(root: StoredGroup) -> StoredGroup:
    """Return the group of an HDF5 file that holds the weights."""
    return root.get("model_weights") or root


def _text(value: Any) -> str:
    # Some tools write a text as an array of one.
    value = value.flat[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _version(value: Any) -> str:
    return foreign_text(_text(value), 30)


def _read_archive(file: BinaryIO, path: Path) -> ModelFile:
    archive = ModelArchive(file, path)
    missing = [name for name in (CONFIG, WEIGHTS) if name not in archive.names]
    if len(missing) == 1:
        raise damaged(path, ValueError(f"it lacks {missing[0]}"))
    if missing:
        raise _other(path, ZIP_MAGIC)
    text = archive.read(CONFIG, MOST_BYTES)
    config = read_architecture(text, path)
    metadata = json_object(archive.read(METADATA, MOST_BYTES), path) if METADATA in archive.names else {}
    # Every Keras writes its version. Where a file lost it, its inputs tell: Keras 3 calls their shape batch_shape.
    version = metadata.get("keras_version") or ("2" if b'"batch_input_shape"' in text else "3")
    with _weights_of(archive, checked=False) as root:
        return ModelFile(path, "keras", _version(version), config, count_weights(root), archive.file_bytes)


@contextlib.contextmanager
def _weights_of(archive: ModelArchive, *, checked: bool) -> Iterator[StoredGroup]:
    with (
        archive.seekable(WEIGHTS, checked=checked) as member,
        open_arrays(member, archive.path, archive.file_bytes, archive.unpacked) as root,
    ):
        yield root


@contextlib.contextmanager
def open_weights(path: Path) -> Iterator[StoredGroup]:
    """Open the group that holds the weights of a ``.keras``, ``.h5`` or ``.weights.h5`` file.

    Raises:
        UntrustedModelError: an array or a link that leads out of the file.
        ModelError: it would grow too far when it is read.
        OSError, ValueError, KeyError, BadZipFile: it is none of these, or damaged.
    """
    with open_regular(path) as file:
        if file.read(len(ZIP_MAGIC)) == ZIP_MAGIC:
            # Members are read at random, so the checksum of all bytes would otherwise not be compared.
            with _weights_of(ModelArchive(file, path), checked=True) as root:
                yield root
        else:
            with open_arrays(file, path, os.fstat(file.fileno()).st_size) as root:
                yield _holder(root)


def count_weights(group: StoredGroup) -> int:
    """Count the weights below a group, from their shapes alone, without the optimizer's, the metrics', and states."""
    total = 0
    for name, item in group.items():
        if not name.startswith(_LEFT_OUT) and name not in ("count:0", "StateVar:0"):
            total += count_weights(item) if isinstance(item, StoredGroup) else math.prod(item.shape)
    return total
