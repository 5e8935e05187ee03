"""``top_images``: the images of a split with the largest activations of each filter of a layer, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from typing_extensions import TypedDict

from carvis.classifier import Classifier
from carvis.classifier.geometry.frame import Frame
from carvis.dataset import Dataset, Unreadable
from carvis.errors import DatasetError
from carvis.explain.input_frame import turn_for, upright_maps
from carvis.explain.keras.layer_outputs import layer_outputs
from carvis.images import place_upright
from carvis.language import Message
from carvis.progress import Progress, no_progress
from carvis.workspace import Cache, CacheFormat, content_hash, json_text, load_or_make, modified, read_json
from carvis.workspace.json_schema import Count, Listed, Number, Positive, Sentence, Share, Texts

_MAX_BYTES = 100_000_000


class _Rows(TypedDict):
    filter: Listed[Count]
    rank: Listed[Positive]
    id: Texts
    value: Listed[Number]
    x: Listed[Share]
    y: Listed[Share]


class _Stored(TypedDict):
    rows: _Rows
    skipped: dict[str, Sentence]
    pictures: Count


_COLUMNS = ("filter", "rank", "id", "value", "x", "y")


@dataclass(frozen=True, eq=False)
class TopImages:
    """The images of a split with the largest activations of each filter of a layer.

    Attributes:
        table: columns filter, rank (1 has the largest activation), id, path, label, value (the largest activation), x
            and y (the centre of its cell as a share of the upright image's width and height). A filter that no image
            activates has no row.
        skipped: why an image was skipped, by its id.
        n_images: how many were searched.
        layer, model_name, fingerprint, data, split: what was searched.
    """

    table: pd.DataFrame
    skipped: dict[str, str]
    n_images: int
    layer: str
    model_name: str
    fingerprint: str
    data: str
    split: str

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import top_images_html

        return top_images_html(self)

    def of(self, index: int) -> pd.DataFrame:
        """Return the rows of one filter, the image with the largest activation first."""
        return self.table[self.table["filter"] == index]


@dataclass(frozen=True)
class _Search:
    """What a search gave: rows by column, reasons for skipped images by id, and how many were searched."""

    rows: dict[str, Sequence]
    skipped: dict[str, str]
    n_images: int
    complete: bool = True


def _encode(search: _Search) -> bytes:
    return json_text({"rows": search.rows, "skipped": search.skipped, "pictures": search.n_images}).encode()


def _decode(path: Path) -> _Search:
    stored = read_json(path, _Stored, max_bytes=_MAX_BYTES)
    return _Search(stored["rows"], stored["skipped"], stored["pictures"])


_FORMAT = CacheFormat(".json", _encode, _decode)


def top_images(
    clf: Classifier,
    data: Dataset,
    split: str,
    layer: str,
    *,
    most: int = 6,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> TopImages:
    """Find, in one pass over a split, the images with the largest activations of each filter of a layer.

    An image's value for a filter is the largest activation of its channel (Zhou et al., "Object Detectors Emerge in
    Deep Scene CNNs", 2015); of equal ones, as an activation with an upper bound gives, that with the higher mean, then
    the first by id.

    Args:
        layer: path of a layer with a map as output.
        most: how many images a filter.
        cache: keeps the result under the hash of the model, the layer and the images.
        progress: called with the number of images done and to do, first with none done, unless the result was cached;
            returns True to stop, and the result is then that of the images searched, and is not cached.

    Raises:
        ModelError: no such layer, or one without a map.
        DatasetError: no such split, or no image in it that can be read.
    """
    clf.map_layer(layer)
    samples = data.samples(split)
    # Under the name that it had when the first results were kept: they are still found.
    key = content_hash("exciting pictures 3", clf.fingerprint, layer, most, _stamps(samples))
    search = load_or_make(
        cache,
        key,
        _FORMAT,
        lambda: _searched(clf, samples, str(data.folder(split)), layer, most, progress),
        complete=lambda search: search.complete,
    )
    table = pd.DataFrame(search.rows).astype({"id": str})
    # The paths belong to this machine.
    by_id = samples.set_index("id")[["path", "label"]]
    table = table.join(by_id, on="id")[["filter", "rank", "id", "path", "label", "value", "x", "y"]]
    return TopImages(table, dict(search.skipped), search.n_images, layer, clf.name, clf.fingerprint, data.name, split)


def _searched(
    clf: Classifier, samples: pd.DataFrame, folder: str, layer: str, most: int, progress: Progress
) -> _Search:
    unreadable, best = Unreadable(), None
    paths = samples["path"].tolist()
    if stopped := bool(progress(0, len(paths))):
        return _Search(dict.fromkeys(_COLUMNS, ()), {}, 0, complete=False)
    for places, (output,) in layer_outputs(clf, paths, [layer], unreadable=unreadable):
        best = _better(best, places, output, most)
        if stopped := bool(progress(int(places[-1]) + 1, len(paths))):
            break
    if best is None:
        reason = f" ({next(iter(unreadable.reasons.values()))})" if unreadable.reasons else ""
        raise DatasetError(
            Message("None of the {n} images in {folder} can be read{why}", n=len(samples), folder=folder, why=reason)
        )
    ids = samples["id"].tolist()
    skipped = {ids[place]: reason for place, reason in sorted(unreadable.reasons.items())}
    n_images = best.n_images if stopped else len(paths) - len(skipped)
    return _Search(_rows(clf, best, samples, layer), skipped, n_images, complete=not stopped)


def activation_maps(clf: Classifier, paths: Sequence[str], layer: str, index: int) -> list[NDArray[np.float32]]:
    """Return the activations of a filter in each upright image: float32 (h, w) each, negative ones as 0.

    Raises:
        ImageError: an image cannot be read.
    """
    for path in paths:
        clf.read_image(path)
    batches = layer_outputs(clf, paths, [layer], unreadable=Unreadable())
    maps = [np.maximum(values[..., index], 0) for _, (output,) in batches for values in output]
    return [
        upright_maps([_frame(clf, path, layer).onto_image(values[None])[0]], turn_for(clf, path))[0]
        for path, values in zip(paths, maps, strict=True)
    ]


def _frame(clf: Classifier, path: str, layer: str) -> Frame:
    """Return how a layer's map lies on an image."""
    return clf.layer_frame(layer, clf.fit(clf.read_image(path)).shape[:2] if clf.native_size else clf.input_size)


@dataclass
class _Best:
    """The largest values of each channel so far, (c, most), the means of their maps, where, and of how many images."""

    values: NDArray[np.float32]
    means: NDArray[np.float32]
    places: NDArray[np.int64]
    cells: NDArray[np.int64]
    shape: tuple[int, int]
    n_images: int


def _better(best: _Best | None, places: NDArray[np.int64], output: NDArray[np.float32], most: int) -> _Best:
    count, height, width, depth = output.shape
    flat = output.reshape(count, height * width, depth)
    cells = flat.argmax(axis=1)
    values = np.take_along_axis(flat, cells[:, None], axis=1)[:, 0]
    parts = [values.T, flat.mean(axis=1).T, np.broadcast_to(places, (depth, count)), cells.T]
    if best is not None:
        before = [best.values, best.means, best.places, best.cells]
        parts = [np.concatenate([stored, new], axis=1) for stored, new in zip(before, parts, strict=True)]
    # NaN activates nothing. Images come in the order of their ids, which a stable sort keeps.
    order = np.lexsort([-np.nan_to_num(part, nan=-np.inf) for part in (parts[1], parts[0])], axis=1)[:, :most]
    top_values, top_means, top_places, top_cells = (np.take_along_axis(part, order, axis=1) for part in parts)
    n_images = count + (best.n_images if best else 0)
    return _Best(top_values, top_means, top_places, top_cells, (height, width), n_images)


def _rows(clf: Classifier, best: _Best, samples: pd.DataFrame, layer: str) -> dict[str, Sequence]:
    channel, rank = np.nonzero(np.isfinite(best.values) & (best.values > 0))
    cells = best.cells[channel, rank]
    height, width = best.shape
    rows = best.places[channel, rank]
    paths = {row: samples["path"].iloc[row] for row in set(rows.tolist())}
    frames = {row: _frame(clf, path, layer) for row, path in paths.items()}
    turns = {row: turn_for(clf, path) for row, path in paths.items()}
    positions = []
    for row, x, y in zip(rows.tolist(), (cells % width + 0.5) / width, (cells // width + 0.5) / height, strict=True):
        down, across = frames[row].point(y, x)
        positions.append(place_upright(float(across), float(down), turns[row]))
    return {
        "filter": channel.tolist(),
        "rank": (rank + 1).tolist(),
        "id": samples["id"].to_numpy()[rows].tolist(),
        "value": best.values[channel, rank].astype(float).tolist(),
        "x": [float(x) for x, _ in positions],
        "y": [float(y) for _, y in positions],
    }


def _stamps(samples: pd.DataFrame) -> list:
    """Describe the images so that one that was replaced is noticed."""
    columns = (samples[name].tolist() for name in ("id", "size", "path"))
    return [[sample, int(size), modified(path)] for sample, size, path in zip(*columns, strict=True)]
