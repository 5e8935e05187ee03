"""Weights from a file, layer by layer: read as data, so that nothing a file holds is ever run."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np

from carvis.classifier.safety import check_archive, check_hdf5
from carvis.errors import ModelError
from carvis.language import Message


@dataclass(frozen=True)
class Taken:
    """Which layers got weights from a file, and which stayed as they were."""

    taken: list[str]
    left: list[str]

    def __str__(self) -> str:
        total = len(self.taken) + len(self.left)
        if not self.left:
            return f"all {total} layers with weights got theirs"
        some = ", ".join(self.left[:3]) + (", ..." if len(self.left) > 3 else "")
        return f"{len(self.taken)} of {total} layers got weights; not in the file, or of another shape: {some}"


def read_weights(path: str | Path) -> dict[str, list[np.ndarray]]:
    """Read the weights of every layer of a ``.keras``, ``.weights.h5`` or ``.h5`` file by layer name.

    Returns:
        arrays in the layer's own order; layers in the file's order where it keeps one.

    Raises:
        ModelError: no such file, or none that holds Keras weights.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(
            Message("The weights file {path} does not exist: check the path, or use imagenet or none.", path=path)
        )
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                check_archive(archive, path, trust=False)
                with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
                    check_hdf5(file, path)
                    return _keras_3(file)
        with h5py.File(path, "r") as file:
            check_hdf5(file, path)
            group = file.get("model_weights", file)
            return _legacy(group) if "layer_names" in group.attrs else _keras_3(file)
    except (OSError, KeyError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise ModelError(
            Message(
                "{path} holds no Keras weights ({error}): name a .keras, .h5 or .weights.h5 file.",
                path=path,
                error=error,
            )
        ) from error


def _keras_3(file: h5py.File) -> dict[str, list[np.ndarray]]:
    layers: dict[str, list[np.ndarray]] = {}

    def visit(place: str, item) -> None:
        if isinstance(item, h5py.Group) and place.endswith("/vars") and place.startswith("layers/") and len(item):
            name = item.attrs.get("name", place.split("/")[-2])
            layers[str(name)] = [np.asarray(item[key]) for key in sorted(item, key=int)]

    file.visititems(visit)
    return layers


def _legacy(group: h5py.Group) -> dict[str, list[np.ndarray]]:
    layers: dict[str, list[np.ndarray]] = {}
    for layer_name in _texts(group.attrs["layer_names"]):
        names = _texts(group[layer_name].attrs["weight_names"])
        # A nested base is one entry here; its layers' names stand in the names of the weights.
        owners = {name: name.split("/")[-2] if "/" in name else layer_name for name in names}
        nested = len(set(owners.values())) > 1
        for name in names:
            owner = owners[name] if nested else layer_name
            layers.setdefault(owner, []).append(np.asarray(group[layer_name][name]))
    return layers


def _texts(values) -> list[str]:
    return [value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in values]


def take_weights(layers: list[keras.Layer], path: str | Path) -> Taken:
    """Give layers the weights that a file holds for them: by name, or in order where all shapes agree in order.

    Raises:
        ModelError: the file fits none of the layers.
    """
    stored = read_weights(path)
    wanted = [layer for layer in layers if layer.weights]
    by_name = {
        layer.name: stored[layer.name]
        for layer in wanted
        if layer.name in stored and _shapes(stored[layer.name]) == _shapes(layer.weights)
    }
    in_order = [arrays for arrays in stored.values() if arrays]
    if len(by_name) < len(wanted) and [_shapes(a) for a in in_order] == [_shapes(layer.weights) for layer in wanted]:
        by_name = {layer.name: arrays for layer, arrays in zip(wanted, in_order, strict=True)}
    if not by_name:
        raise ModelError(
            Message(
                "{path} fits none of the {n} layers: name the weights of the same backbone.", path=path, n=len(wanted)
            )
        )
    for layer in wanted:
        if layer.name in by_name:
            layer.set_weights(by_name[layer.name])
    return Taken(list(by_name), [layer.name for layer in wanted if layer.name not in by_name])


def _shapes(arrays) -> list[tuple[int, ...]]:
    return [tuple(array.shape) for array in arrays]
