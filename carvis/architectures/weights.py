"""Weights from a file, layer by layer: read as data, so that nothing a file holds is ever run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from carvis.classifier.files.damage import reason_of
from carvis.classifier.files.hdf5_arrays import StoredGroup
from carvis.classifier.files.inspection import open_weights
from carvis.classifier.files.scanner import scan
from carvis.errors import FileKindError, ModelError
from carvis.language import Message, message_of


@dataclass(frozen=True)
class LoadedWeights:
    """Which layers got weights from a file, and which stayed as they were."""

    loaded: list[str]
    unchanged: list[str]

    def __str__(self) -> str:
        total = len(self.loaded) + len(self.unchanged)
        if not self.unchanged:
            return f"all {total} layers with weights got theirs"
        some = ", ".join(self.unchanged[:3]) + (", ..." if len(self.unchanged) > 3 else "")
        return f"{len(self.loaded)} of {total} layers got weights; not in the file, or of another shape: {some}"


def read_weights(path: str | Path) -> dict[str, list[np.ndarray]]:
    """Read the weights of every layer of a ``.keras``, ``.weights.h5`` or ``.h5`` file by layer name.

    Returns:
        arrays in the layer's own order; layers in the file's order where it keeps one.

    Raises:
        ModelError: no such file, or none that holds Keras weights.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(
            Message("The weights file {path} does not exist: check the path, or use imagenet or none.", path=path)
        )
    if path.name.endswith(".weights.json"):
        raise ModelError(
            Message(
                "{path} lists weights stored in several files: save them as one file with"
                " model.save_weights('name.weights.h5').",
                path=path,
            )
        )
    try:
        scan(path, weights=True)
        with open_weights(path) as store:
            return _legacy(store) if store.attribute("layer_names") is not None else dict(_keras_3(store))
    except FileKindError as error:
        raise ModelError(message_of(error)) from error
    except ModelError:
        raise
    # Damage shows in many kinds of error: OSError, KeyError, ValueError, BadZipFile, zlib.error, ...
    except Exception as error:
        raise ModelError(
            Message(
                "{path} contains no Keras weights ({error}): give a .keras, .h5 or .weights.h5 file.",
                path=path,
                error=reason_of(error),
            )
        ) from error


def _keras_3(group: StoredGroup) -> Iterator[tuple[str, list[np.ndarray]]]:
    for name, item in group.items():
        if not isinstance(item, StoredGroup):
            continue
        if name == "vars" and group.name.startswith("/layers/") and (keys := sorted(item, key=int)):
            layer = _texts([item.attribute("name") or group.name.rpartition("/")[2]])[0]
            yield layer, [item.array(key).read() for key in keys]
        yield from _keras_3(item)


def _legacy(group: StoredGroup) -> dict[str, list[np.ndarray]]:
    layers: dict[str, list[np.ndarray]] = {}
    for layer_name in dict.fromkeys(_texts(group.attribute("layer_names"))):
        stored = group.group(layer_name)
        names = _texts(stored.attribute("weight_names"))
        # A nested base is one entry here; its layers' names stand in the names of the weights.
        owners = {name: name.split("/")[-2] if "/" in name else layer_name for name in names}
        nested = len(set(owners.values())) > 1
        for name in names:
            owner = owners[name] if nested else layer_name
            layers.setdefault(owner, []).append(stored.array(name).read())
    return layers


def _texts(values: Iterable[object]) -> list[str]:
    return [value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in values]


def take_weights(layers: list[keras.Layer], path: str | Path) -> LoadedWeights:
    """Give layers the weights that a file holds for them: by name, or in order where all shapes agree in order.

    Raises:
        ModelError: the file fits none of the layers.
    """
    stored = read_weights(path)
    with_weights = [layer for layer in layers if layer.weights]
    by_name = {
        layer.name: stored[layer.name]
        for layer in with_weights
        if layer.name in stored and _shapes(stored[layer.name]) == _shapes(layer.weights)
    }
    in_order = [arrays for arrays in stored.values() if arrays]
    if len(by_name) < len(with_weights) and [_shapes(a) for a in in_order] == [
        _shapes(layer.weights) for layer in with_weights
    ]:
        by_name = {layer.name: arrays for layer, arrays in zip(with_weights, in_order, strict=True)}
    if not by_name:
        raise ModelError(
            Message(
                "{path} fits none of the {n} layers: give weights of the same backbone.", path=path, n=len(with_weights)
            )
        )
    for layer in with_weights:
        if layer.name in by_name:
            layer.set_weights(by_name[layer.name])
    return LoadedWeights(list(by_name), [layer.name for layer in with_weights if layer.name not in by_name])


def _shapes(arrays: Iterable[Any]) -> list[tuple[int, ...]]:
    return [tuple(array.shape) for array in arrays]
